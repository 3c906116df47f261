//! Distance rules: how far the means of two parties may be apart (docs/semantics.md, "Candidates").

use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::alliance::{AllianceRules, DistanceRule};
use crate::matching::{Reason, Text, Ticket, Value};

/// What every row has for each rule.
#[derive(Debug)]
pub(crate) struct Distances<'r> {
    rules: &'r [DistanceRule],
    /// Means over the party's players, rule after rule, row after row.
    means: Vec<f64>,
    /// How far each row looks at its own age, in the same order.
    reaches: Vec<Reach>,
    /// The rules that measure something, the first of each attribute, with their largest references.
    measuring: Vec<(usize, f64)>,
    /// For each rule, values of the tickets' players that are not numbers, and so count as 0.
    wrong_types: Vec<u64>,
}

/// How far a ticket looks from its own value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach(f64);

impl Reach {
    /// Of a ticket for which the rule has no effect.
    pub(crate) const EVERYWHERE: Self = Self(f64::INFINITY);

    /// Whether a ticket of the value `from` accepts one of the value `to`. Once a value is not
    /// accepted, none that is farther on the same side is.
    pub(crate) fn accepts(self, from: f64, to: f64) -> bool {
        (from - to).abs() <= self.0
    }

    /// The largest distance that it accepts; infinite for one that accepts all.
    pub(crate) fn limit(self) -> f64 {
        self.0
    }

    /// Whether distances count in the score.
    fn counts(self) -> bool {
        self.0.is_finite()
    }
}

/// What a pivot accepts by one rule: a walk along the values of that rule asks it where to begin,
/// when to end, and what is the least that candidates cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window<'r> {
    rule: &'r DistanceRule,
    from: f64,
    reach: Reach,
}

impl Window<'_> {
    /// The value that costs least; values on either side of it cost the more the farther they are.
    pub(crate) fn center(&self) -> f64 {
        self.from
    }

    /// Whether the pivot accepts a value.
    pub(crate) fn accepts(&self, to: f64) -> bool {
        self.reach.accepts(self.from, to)
    }

    /// Whether a ticket of the value `to` and the reach `back` accepts the pivot.
    pub(crate) fn is_accepted(&self, back: Reach, to: f64) -> bool {
        back.accepts(to, self.from)
    }

    /// What a value costs.
    pub(crate) fn cost(&self, to: f64) -> f64 {
        if self.reach.counts() {
            self.rule.cost((self.from - to).abs())
        } else {
            0.0
        }
    }
}

impl<'r> Distances<'r> {
    pub(super) fn of(rules: &'r [DistanceRule], pool: &Pool) -> Self {
        let mut means = Vec::with_capacity(pool.rows() as usize * rules.len());
        let mut reaches = Vec::with_capacity(means.capacity());
        let mut wrong_types = vec![0; rules.len()];
        for (ticket, age_ms) in pool.all().zip(&pool.ages) {
            for (rule, wrong_types) in rules.iter().zip(&mut wrong_types) {
                means.push(measured(ticket, &rule.attribute, wrong_types));
                let reference = rule.reference_at(*age_ms);
                reaches.push(reference.map_or(Reach::EVERYWHERE, Reach));
            }
        }
        let mut measuring: Vec<(usize, f64)> = Vec::new();
        for (place, rule) in rules.iter().enumerate() {
            let largest = rule.references().flatten().fold(0.0, f64::max);
            let is_same = |known: &(usize, f64)| rules[known.0].attribute == rule.attribute;
            if largest > 0.0 && !measuring.iter().any(is_same) {
                measuring.push((place, largest));
            }
        }
        Self {
            rules,
            means,
            reaches,
            measuring,
            wrong_types,
        }
    }

    /// The measured attributes that hold something else than numbers, each once, and how many such
    /// values there are.
    pub(crate) fn wrong_types(&self) -> impl Iterator<Item = (&'r Text, u64)> {
        let rules = self.rules;
        let counted = rules.iter().zip(&self.wrong_types).enumerate();
        counted.filter_map(move |(place, (rule, values))| {
            let mut before = rules[..place].iter();
            let again = before.any(|other| other.attribute == rule.attribute);
            (*values > 0 && !again).then_some((&rule.attribute, *values))
        })
    }

    /// The rules that measure something, by their places, the first of each attribute; with the largest
    /// reference of each.
    pub(crate) fn measuring(&self) -> &[(usize, f64)] {
        &self.measuring
    }

    /// The cost of a candidate, or that one of the two looks less far than the other is away.
    pub(crate) fn test(&self, pivot: Id, candidate: Id) -> Result<f64, Reason> {
        let means = self.means(pivot).iter().zip(self.means(candidate));
        let reaches = self.reaches(pivot).iter().zip(self.reaches(candidate));
        let mut cost = 0.0;
        for ((rule, (own, other)), (reach, back)) in self.rules.iter().zip(means).zip(reaches) {
            if !(reach.accepts(*own, *other) && back.accepts(*other, *own)) {
                return Err(Reason::Distance);
            }
            if reach.counts() {
                cost += rule.cost((own - other).abs());
            }
        }
        Ok(cost)
    }

    /// What a row accepts by one rule, and at what cost.
    pub(crate) fn window(&self, id: Id, rule: usize) -> Window<'r> {
        Window {
            rule: &self.rules[rule],
            from: self.value(id, rule),
            reach: self.reach(id, rule),
        }
    }

    /// The mean of a row's players for a rule.
    pub(crate) fn value(&self, id: Id, rule: usize) -> f64 {
        self.means[id as usize * self.rules.len() + rule]
    }

    /// How far a row looks by a rule.
    pub(crate) fn reach(&self, id: Id, rule: usize) -> Reach {
        self.reaches[id as usize * self.rules.len() + rule]
    }

    /// The means of a row, one for each rule.
    pub(crate) fn means(&self, id: Id) -> &[f64] {
        let start = id as usize * self.rules.len();
        &self.means[start..start + self.rules.len()]
    }

    /// Sets the means of a session.
    pub(crate) fn set_means(&mut self, id: Id, means: impl Iterator<Item = f64>) {
        let start = id as usize * self.rules.len();
        let own = &mut self.means[start..start + self.rules.len()];
        own.iter_mut()
            .zip(means)
            .for_each(|(own, mean)| *own = mean);
    }

    /// Whether a ticket is in reach of a session whose means are somewhere between the lowest and the
    /// highest, given for each rule.
    pub(crate) fn test_spans(
        &self,
        session: Id,
        ticket: Id,
        spans: impl Iterator<Item = (f64, f64)>,
    ) -> Result<(), Reason> {
        let reaches = self.reaches(session).iter().zip(self.reaches(ticket));
        for (((low, high), value), (reach, back)) in spans.zip(self.means(ticket)).zip(reaches) {
            for mean in [low, high] {
                if !(reach.accepts(mean, *value) && back.accepts(*value, mean)) {
                    return Err(Reason::Distance);
                }
            }
        }
        Ok(())
    }

    fn reaches(&self, id: Id) -> &[Reach] {
        let start = id as usize * self.rules.len();
        &self.reaches[start..start + self.rules.len()]
    }

    /// The rule that tells most tickets apart: of those that count in the score at every age, the
    /// one whose typical reach is smallest beside the spread of its values. `None` if none counts.
    pub(crate) fn most_selective(&self, tickets: u32) -> Option<usize> {
        // A rule that measures nothing at some age would order the candidates of pivots of that age
        // by what does not count, and no walk could stop early.
        let counts_always = |rule: &DistanceRule| {
            rule.weight > 0.0 && rule.references().all(|reference| reference.is_some())
        };
        (0..self.rules.len())
            .filter(|rule| counts_always(&self.rules[*rule]))
            .min_by(|a, b| self.share(*a, tickets).total_cmp(&self.share(*b, tickets)))
    }

    /// The mean reach of a rule beside the mean deviation of its values.
    fn share(&self, rule: usize, tickets: u32) -> f64 {
        let count = f64::from(tickets.max(1));
        let values = || (0..tickets).map(|id| self.value(id, rule));
        let mean = values().sum::<f64>() / count;
        let spread = values().map(|value| (value - mean).abs()).sum::<f64>() / count;
        let reaches = (0..tickets).map(|id| self.reach(id, rule).0.min(1e12));
        reaches.sum::<f64>() / count / (spread + f64::MIN_POSITIVE)
    }
}

/// The mean of an attribute over a party's players; a missing one, or one that is not a number,
/// counts as 0.
pub(crate) fn mean(ticket: &Ticket, attribute: &str) -> f64 {
    measured(ticket, attribute, &mut 0)
}

/// The same; values that are not numbers are counted.
fn measured(ticket: &Ticket, attribute: &str, wrong_types: &mut u64) -> f64 {
    let values = ticket
        .players
        .iter()
        .map(|player| match player.attributes.get(attribute) {
            Some(Value::Number(number)) => *number,
            None | Some(Value::Null) => 0.0,
            Some(_) => {
                *wrong_types += 1;
                0.0
            }
        });
    values.sum::<f64>() / ticket.players.len() as f64
}

/// The balancing value of a party, summed over its players (docs/semantics.md, "Rebalance").
/// `means` gives its mean for the rule of that place.
pub(crate) fn balancing_value(
    rules: &AllianceRules,
    players: u32,
    means: impl Fn(usize, &DistanceRule) -> f64,
) -> f64 {
    rules
        .balancing()
        .map(|(place, rule)| {
            let sum = means(place, rule) * f64::from(players);
            if rule.normalization > 0.0 {
                sum / rule.normalization
            } else {
                sum
            }
        })
        .sum()
}
