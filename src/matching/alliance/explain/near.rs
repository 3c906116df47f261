//! The smallest changes that give a ticket a match.

use std::cell::Cell;
use std::collections::BTreeSet;

use super::funnel::{Asked, Test};
use super::tried::role_names;
use super::waits;
use super::{Play, Plays, served};
use crate::matching::Text;
use crate::matching::alliance::AllianceRules;
use crate::matching::explain::{Change, Miss, Scene};

/// Steps of the whole ticks that are played to find and to verify changes, and how many ticks these are at
/// least and at most.
const STEPS: u64 = 15_000_000;
const PLAYS: (u64, u64) = (2, 60);

/// Whole ticks without which no number of players is sought: it would not be found.
const PLAYS_OF_COUNTS: u64 = 4;

/// Whole ticks that verify pairs of changes, at least.
const PLAYS_OF_PAIRS: u64 = 2;

/// Changes that are told at most.
const MAX_TOLD: usize = 6;

/// More players than that are not tried.
const MAX_PLAYERS: u32 = 1 << 10;

/// Pairs of changes that are tried at most.
const MAX_PAIRS: usize = 60;

/// The changes that give the ticket of that place a match, the smallest first. `asked` is the tick at its
/// turn; `None` if it has no turn, or sessions are filled.
pub(super) fn misses(
    rules: &AllianceRules,
    scene: &Scene,
    place: usize,
    asked: Option<&Asked<'_>>,
    plays: Plays,
) -> Vec<Miss> {
    let plays = plays.within(STEPS, PLAYS.0, PLAYS.1);
    let seek = Seek::new(rules, scene, place, asked, plays);
    let mut found = seek.singles();
    found.sort_by(|a, b| a.size().total_cmp(&b.size()));
    found.truncate(MAX_TOLD);
    if found.is_empty() {
        return seek.pairs();
    }
    let miss = |change| Miss {
        changes: vec![change],
    };
    found.into_iter().map(miss).collect()
}

/// A search for changes for one ticket.
pub(super) struct Seek<'s> {
    pub(super) rules: &'s AllianceRules,
    pub(super) scene: &'s Scene,
    pub(super) place: usize,
    asked: Option<&'s Asked<'s>>,
    /// The places of the tickets that wait at its turn, itself among them.
    pub(super) waiting: BTreeSet<usize>,
    /// How many whole ticks may still be played.
    plays: Cell<u64>,
}

impl<'s> Seek<'s> {
    pub(super) fn new(
        rules: &'s AllianceRules,
        scene: &'s Scene,
        place: usize,
        asked: Option<&'s Asked<'s>>,
        plays: u64,
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
            plays: Cell::new(plays),
        }
    }

    /// Rows that are read to try the changes of [`Seek::of_itself`].
    pub(super) fn rows(&self) -> usize {
        self.waiting.len() * self.plain().len()
    }

    /// Whether the ticket finds a match at its turn with these changes, older tickets having had theirs
    /// without them. Quick, and mostly right.
    pub(super) fn finds_match_with(&self, changes: &[Change]) -> bool {
        if !self.scene.sessions.is_empty() {
            return self.is_matched_with(changes) == Some(true);
        }
        let scene = self
            .scene
            .with_some(changes, |place| self.waiting.contains(&place));
        let Ok(parsed) = AllianceRules::parse(scene.rules) else {
            return false;
        };
        let extra = self.scene.tickets.len();
        let waits = |place: usize| self.waiting.contains(&place) || place >= extra;
        let tickets = scene.tickets.into_iter().enumerate();
        let waiting = tickets
            .filter(|(place, _)| waits(*place))
            .map(|(_, ticket)| ticket);
        let play = Play::begin(&parsed.rules, scene.context, waiting.collect());
        play.finds_match(self.scene.tickets[self.place].arrival)
    }

    /// Whether the ticket is matched when the whole tick is played with these changes; `None` if no more
    /// ticks may be played.
    pub(super) fn is_matched_with(&self, changes: &[Change]) -> Option<bool> {
        self.plays.set(self.plays.get().checked_sub(1)?);
        let served = served(self.scene.with(changes), Some(self.place));
        Some(served.is_some_and(|served| served[self.place]))
    }

    /// Whether a change gives the ticket a match at its turn, and in the whole tick too.
    fn helps(&self, changes: &[Change]) -> bool {
        let is_found = self.finds_match_with(changes);
        // Sessions are filled in whole ticks only.
        let is_verified = !self.scene.sessions.is_empty();
        is_found && (is_verified || self.is_matched_with(changes) == Some(true))
    }

    /// Every single change of the ticket alone that gives it a match at its turn: then it has one in the
    /// whole tick, too. What older tickets do depends on it only if they take it.
    pub(super) fn of_itself(&self) -> Vec<Change> {
        let own = self.plain().into_iter().filter(|change| match change {
            Change::Latency { .. } | Change::AnyRole { .. } | Change::Mode { .. } => true,
            Change::Unblock { ticket, .. } => *ticket == self.place,
            _ => false,
        });
        own.filter(|change| self.finds_match_with(std::slice::from_ref(change)))
            .collect()
    }

    /// Every single change that gives it a match in the whole tick, as far as the plays reach: what could
    /// not be verified is not sought either.
    fn singles(&self) -> Vec<Change> {
        let may_play = || self.plays.get() > 0;
        let mut found = self.plain();
        found.retain(|change| may_play() && self.helps(std::slice::from_ref(change)));
        for rule in 0..self.rules.distances.len() {
            found.extend(may_play().then(|| self.reference(rule)).flatten());
        }
        let wait = may_play().then(|| waits::shortest(self)).flatten();
        found.extend(wait.map(|seconds| Change::Wait { seconds }));
        found.extend(may_play().then(|| self.players()).flatten());
        found
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
        let wider = steps[high..].iter().step_by(steps.len() / 4 + 1).skip(1);
        let mut all = std::iter::once(least).chain(wider.filter_map(|to| change(*to)));
        all.find(|change| self.is_matched_with(std::slice::from_ref(change)) == Some(true))
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

    /// A few multiples of a rule's reference.
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
        for role in role_names(self.rules) {
            let one = [players(1, Some(&role))];
            if self.helps(&one) {
                return one.into_iter().next();
            }
        }
        // Older tickets may take the new ones first, so whole ticks are played: twice as many each time, then
        // as few as do.
        if self.plays.get() < PLAYS_OF_COUNTS {
            return None;
        }
        let helps = |count: u32| self.is_matched_with(&[players(count, None)]);
        let mut high = 1;
        while !helps(high)? {
            high = (high * 2 <= MAX_PLAYERS).then_some(high * 2)?;
        }
        let mut low = high / 2;
        while high - low > 1 {
            let middle = u32::midpoint(low, high);
            match helps(middle) {
                Some(true) => high = middle,
                Some(false) => low = middle,
                None => break,
            }
        }
        Some(players(high, None))
    }

    /// Two changes that give it a match together, where no single one does.
    fn pairs(&self) -> Vec<Miss> {
        let mut changes = self.plain();
        for rule in 0..self.rules.distances.len() {
            let times = self
                .reference_multiples(rule)
                .into_iter()
                .skip(2)
                .step_by(2);
            let all = times.chain(self.widest(rule));
            changes.extend(all.filter_map(|to| self.reference_change(rule, to)));
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
        self.plays.set(self.plays.get().max(PLAYS_OF_PAIRS));
        let mut helps = tried.filter(|pair| self.helps(pair));
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
