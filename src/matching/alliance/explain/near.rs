//! The smallest changes that give a ticket a match.

use std::collections::BTreeSet;

use super::funnel::{Asked, Test};
use super::waits;
use super::{Play, served};
use crate::matching::Text;
use crate::matching::alliance::criteria::blocks::blocked_by;
use crate::matching::alliance::criteria::must_match;
use crate::matching::alliance::{AllianceRules, OptionKind};
use crate::matching::explain::{Change, Miss, Scene};

/// Changes of one kind that are tried at most, where there is one for each name or player.
const MAX_NAMES: usize = 8;

/// Changes that are told at most.
const MAX_TOLD: usize = 6;

/// Pairs of changes that are tried at most.
const MAX_PAIRS: usize = 60;

/// The changes that give the ticket of that place a match, the smallest first. `asked` is the tick at its
/// turn; `None` if it has no turn, or sessions are filled.
pub(super) fn misses(
    rules: &AllianceRules,
    scene: &Scene,
    place: usize,
    asked: Option<&Asked<'_>>,
) -> Vec<Miss> {
    let seek = Seek::new(rules, scene, place, asked);
    let mut found = seek.singles();
    if let Some(seconds) = waits::shortest(rules, scene, place) {
        found.push(Change::Wait { seconds });
    }
    found.sort_by(|a, b| a.size().total_cmp(&b.size()));
    let is_verified = |change: &Change| seek.is_matched_with(std::slice::from_ref(change));
    let singles: Vec<Miss> = found
        .into_iter()
        // A wait was found by whole ticks.
        .filter(|change| matches!(change, Change::Wait { .. }) || is_verified(change))
        .take(MAX_TOLD)
        .map(|change| Miss {
            changes: vec![change],
        })
        .collect();
    match singles.is_empty() {
        true => seek.pairs(),
        false => singles,
    }
}

/// A search for changes for one ticket.
struct Seek<'s> {
    rules: &'s AllianceRules,
    scene: &'s Scene,
    place: usize,
    asked: Option<&'s Asked<'s>>,
    /// The places of the tickets that wait at its turn, itself among them.
    waiting: BTreeSet<usize>,
}

impl<'s> Seek<'s> {
    fn new(
        rules: &'s AllianceRules,
        scene: &'s Scene,
        place: usize,
        asked: Option<&'s Asked<'s>>,
    ) -> Self {
        let waiting = match asked {
            None => (0..scene.tickets.len()).collect(),
            Some(asked) => {
                let pool = &asked.play.turns.pool;
                let waiting = asked.play.waiting().map(|id| pool.ticket(id).arrival);
                let arrivals: BTreeSet<u32> = waiting.collect();
                let places = scene.tickets.iter().enumerate();
                let places = places.filter(|(_, ticket)| arrivals.contains(&ticket.arrival));
                places.map(|(place, _)| place).collect()
            }
        };
        Self {
            rules,
            scene,
            place,
            asked,
            waiting,
        }
    }

    /// Whether the ticket finds a match at its turn with these changes, older tickets having had theirs
    /// without them. Quick, and mostly right.
    fn finds_match_with(&self, changes: &[Change]) -> bool {
        if !self.scene.sessions.is_empty() {
            return self.is_matched_with(changes);
        }
        let scene = self.scene.with(changes);
        let Ok(parsed) = AllianceRules::parse(scene.rules.clone()) else {
            return false;
        };
        let extra = self.scene.tickets.len();
        let waits = |place: usize| self.waiting.contains(&place) || place >= extra;
        let play = Play::of(&parsed.rules, &scene.of_tickets(waits));
        play.finds_match(self.scene.tickets[self.place].arrival)
    }

    /// Whether the ticket is matched when the whole tick is played with these changes.
    fn is_matched_with(&self, changes: &[Change]) -> bool {
        let scene = self.scene.with(changes);
        let served = served(&scene, Some(self.place));
        served.is_some_and(|served| served[self.place])
    }

    /// Every single change that gives it a match at its turn.
    fn singles(&self) -> Vec<Change> {
        let mut found: Vec<Change> = self
            .plain()
            .into_iter()
            .filter(|change| self.finds_match_with(std::slice::from_ref(change)))
            .collect();
        for rule in 0..self.rules.distances.len() {
            found.extend(self.reference(rule));
        }
        found.extend(self.players());
        found
    }

    /// Changes that have no size to be found out.
    fn plain(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        let ticket = &self.scene.tickets[self.place];
        changes.extend(self.latencies());
        for option in &self.rules.options {
            if option.kind != OptionKind::Disable {
                let name = option.name.clone();
                changes.push(Change::OptionOff { name });
            }
        }
        changes.extend(self.attributes());
        changes.extend(self.blocks());
        let place = self.place;
        if self.rules.have_roles() {
            changes.push(Change::AnyRole { ticket: place });
        }
        for mode in self.rules.modes.iter().take(MAX_NAMES) {
            let name = mode.name.clone();
            changes.push(Change::Mode {
                ticket: place,
                name,
            });
        }
        let is_bound = ticket.wants_new_session() || !ticket.excluded_sessions.is_empty();
        if !self.scene.sessions.is_empty() && is_bound {
            changes.push(Change::AnySession { ticket: place });
        }
        changes
    }

    /// Each region that is closed to the ticket, opened.
    fn latencies(&self) -> Vec<Change> {
        let ticket = &self.scene.tickets[self.place];
        let measured: Vec<(&Text, i64)> = ticket.measured().collect();
        let Some(best_ms) = measured.iter().map(|(_, ms)| *ms).min() else {
            return Vec::new();
        };
        let age_ms = ticket.age_ms(self.scene.context.now_ms);
        let limit = |best_ms| self.rules.regions.limit_ms(best_ms, age_ms);
        let closed = measured.into_iter().filter(|(_, ms)| *ms > limit(best_ms));
        closed
            .take(MAX_NAMES)
            .map(|(region, from_ms)| Change::Latency {
                ticket: self.place,
                region: region.clone(),
                from_ms,
                // The best one stays the best, or is the cap itself.
                to_ms: limit(best_ms),
            })
            .collect()
    }

    /// The must-match attributes that some of the others have otherwise.
    fn attributes(&self) -> Vec<Change> {
        let own = &self.scene.tickets[self.place];
        let mut names: BTreeSet<&Text> = BTreeSet::new();
        for place in &self.waiting {
            let other = &self.scene.tickets[*place];
            for ticket in [own, other] {
                let asked = must_match::must_match(self.rules, ticket);
                let differs = asked
                    .filter(|(name, _)| own.attributes.get(name) != other.attributes.get(name));
                names.extend(differs.map(|(name, _)| name));
            }
            if names.len() >= MAX_NAMES {
                break;
            }
        }
        let names = names.into_iter().take(MAX_NAMES).cloned();
        names.map(|name| Change::AttributeOff { name }).collect()
    }

    /// Each block between the ticket and another, lifted.
    fn blocks(&self) -> Vec<Change> {
        let own = &self.scene.tickets[self.place];
        let lift = |ticket: usize, player: &Text| Change::Unblock {
            ticket,
            id: self.scene.tickets[ticket].id.clone(),
            player: player.clone(),
        };
        let own_blocks = blocked_by(&own.attributes);
        let mut changes: Vec<Change> = own_blocks
            .take(MAX_NAMES)
            .map(|player| lift(self.place, player))
            .collect();
        for place in &self.waiting {
            let blocked = blocked_by(&self.scene.tickets[*place].attributes);
            let mut own_players = blocked.filter(|id| own.player_ids().any(|own| own == *id));
            if let Some(player) = own_players.next()
                && *place != self.place
            {
                changes.push(lift(*place, player));
            }
            if changes.len() >= 2 * MAX_NAMES {
                break;
            }
        }
        changes
    }

    /// The smallest reference of a rule that gives the ticket a match at its turn.
    fn reference(&self, rule: usize) -> Option<Change> {
        let steps = self.reference_steps(rule);
        let change = |to: f64| self.reference_change(rule, to);
        let (mut low, mut high) = (0, steps.len().checked_sub(1)?);
        if !self.finds_match_with(&[change(steps[high])?]) {
            return None;
        }
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.finds_match_with(&[change(steps[middle])?]) {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        let least = change(steps[high])?;
        // Others have that reference, too, and may take what it needs: then a wider one may do.
        let wider = steps[high..].iter().step_by(steps.len() / 4 + 1);
        let mut all = std::iter::once(least).chain(wider.filter_map(|to| change(*to)));
        all.find(|change| self.is_matched_with(std::slice::from_ref(change)))
    }

    fn reference_change(&self, rule: usize, to: f64) -> Option<Change> {
        let of = &self.rules.distances[rule];
        let age_ms = self.scene.tickets[self.place].age_ms(self.scene.context.now_ms);
        let from = of.reference_at(age_ms)?;
        (to > from).then(|| Change::Reference {
            rule,
            attribute: of.attribute.clone(),
            from,
            to,
        })
    }

    /// The distances of those that fail nothing but a rule, ascending: the references that may do.
    fn reference_steps(&self, rule: usize) -> Vec<f64> {
        let Some(asked) = self.asked else {
            return self.reference_multiples(rule);
        };
        let distances = &asked.play.turns.criteria.distances;
        let own = distances.value(asked.id, rule);
        let by_rule = [Test::Within(rule), Test::ReachOfOther(rule)];
        let mut steps: Vec<f64> = asked
            .others()
            .filter(|id| {
                let mut failed = asked.failed(*id).peekable();
                failed.peek().is_some() && failed.all(|(test, _)| by_rule.contains(&test))
            })
            .map(|id| (own - distances.value(id, rule)).abs())
            // A whole number is easier to remember, and a little more does no harm.
            .map(|distance| {
                if distance > 10.0 {
                    distance.ceil()
                } else {
                    distance
                }
            })
            .collect();
        steps.sort_by(f64::total_cmp);
        steps.dedup();
        steps
    }

    /// Where sessions are filled, their means are not at hand: a few multiples.
    fn reference_multiples(&self, rule: usize) -> Vec<f64> {
        let age_ms = self.scene.tickets[self.place].age_ms(self.scene.context.now_ms);
        let from = self.rules.distances[rule].reference_at(age_ms);
        let multiples = [1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0];
        let from = from.filter(|from| *from > 0.0);
        from.map_or_else(Vec::new, |from| {
            multiples.map(|times| from * times).to_vec()
        })
    }

    /// The fewest more players that give the ticket a match: of a role, if one more of it is enough.
    fn players(&self) -> Option<Change> {
        if !self.scene.sessions.is_empty() {
            return None;
        }
        let players = |count: u32, role: Option<&Text>| Change::Players {
            like: self.place,
            count,
            role: role.cloned(),
        };
        for role in roles::names(self.rules) {
            let one = players(1, Some(&role));
            if self.finds_match_with(std::slice::from_ref(&one)) {
                return Some(one);
            }
        }
        let needed = self.rules.stages().map(|stage| stage.teams.min_players());
        let needed = u32::try_from(needed.max()?).ok()?.min(1000);
        let (mut low, mut high) = (1, needed);
        if !self.finds_match_with(&[players(high, None)]) {
            return None;
        }
        while low < high {
            let middle = u32::midpoint(low, high);
            match self.finds_match_with(&[players(middle, None)]) {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        Some(players(high, None))
    }

    /// Two changes that give it a match together, where no single one does.
    fn pairs(&self) -> Vec<Miss> {
        let mut changes = self.plain();
        for rule in 0..self.rules.distances.len() {
            let widest = self.widest(rule);
            changes.extend(widest.and_then(|to| self.reference_change(rule, to)));
        }
        let needed = self.rules.stages().map(|stage| stage.teams.min_players());
        let needed = needed.min().and_then(|needed| u32::try_from(needed).ok());
        if let Some(count) = needed.filter(|count| *count <= 1000)
            && self.scene.sessions.is_empty()
        {
            changes.push(Change::Players {
                like: self.place,
                count,
                role: None,
            });
        }
        changes.sort_by(|a, b| a.size().total_cmp(&b.size()));
        let pairs = changes.iter().enumerate().flat_map(|(at, first)| {
            let later = &changes[at + 1..];
            later.iter().map(move |second| [first, second])
        });
        let mut pairs: Vec<[Change; 2]> = pairs.map(|pair| pair.map(Clone::clone)).collect();
        let size = |[a, b]: &[Change; 2]| a.size() + b.size();
        pairs.sort_by(|a, b| size(a).total_cmp(&size(b)));
        let tried = pairs.into_iter().take(MAX_PAIRS);
        let mut helps =
            tried.filter(|pair| self.finds_match_with(pair) && self.is_matched_with(pair));
        helps.next().map_or_else(Vec::new, |pair| {
            vec![Miss {
                changes: pair.to_vec(),
            }]
        })
    }

    /// A reference that no two tickets exceed.
    fn widest(&self, rule: usize) -> Option<f64> {
        use crate::matching::alliance::criteria::distance::mean;
        let attribute = &self.rules.distances[rule].attribute;
        let own = mean(&self.scene.tickets[self.place], attribute);
        let tickets = self.scene.tickets.iter();
        let distances = tickets.map(|ticket| (mean(ticket, attribute) - own).abs());
        let widest = distances.filter(|distance| distance.is_finite());
        widest.max_by(f64::total_cmp).map(f64::ceil)
    }
}

mod roles {
    //! The names of roles, for changes.

    use super::{AllianceRules, MAX_NAMES, Text};

    /// Every role that a ruleset knows, each once, in its order.
    pub(super) fn names(rules: &AllianceRules) -> Vec<Text> {
        let mut names: Vec<Text> = Vec::new();
        let lists = rules.stages().flat_map(|stage| stage.roles.lists());
        for role in lists.flat_map(|list| &list.0) {
            if !names.contains(&role.name) && names.len() < MAX_NAMES {
                names.push(role.name.clone());
            }
        }
        names
    }
}
