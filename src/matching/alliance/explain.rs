//! Why a ticket was matched as it was, or waits (docs/explain.md).
//!
//! The tick is played turn by turn, by the code that serves. Where the ticket's turn comes, [`funnel`]
//! counts who passes each test with it, and [`near`] seeks the changes that give it a match: it tries them
//! at that turn alone, which is quick, and has each that it tells verified by a whole tick.

mod funnel;
mod near;
mod table;
mod tried;
mod waits;

use std::collections::HashSet;

use super::AllianceBackfill;
use super::AllianceRules;
use super::pair::Pivot;
use super::pool::{Id, Pool};
use super::quality;
use super::rules::Quality;
use super::tick::{Made, Turns};
use crate::matching::explain::{
    Count, Explanation, Fate, Left, Matched, PutOff, Scene, Term, copy,
};
use crate::matching::{Flow, Match, MatchOut, PlayedBackfill, Reason, Text, TickContext, Ticket};
use funnel::Asked;

impl AllianceRules {
    /// What became of the ticket of that place in a scene under these rules, and why.
    pub(in crate::matching) fn explain(&self, scene: &Scene, place: usize) -> Explanation {
        if !scene.sessions.is_empty() {
            return self.explain_backfill(scene, place);
        }
        let mut explanation = Explanation::of(Fate::Left(Reason::Budget));
        let mut play = Play::of(self, scene);
        let end = play.until_decided(scene.tickets[place].arrival);
        let plays = Plays::of(&play);
        match end {
            End::Unfit(reason) => {
                explanation.fate = Fate::Left(reason);
                explanation.misses = near::misses(self, scene, place, None, plays);
            }
            End::Matched { number, made, id } => {
                let before = match self.quality {
                    None => Play::of(self, scene).up_to(made.pivot.id),
                    // What it is beside all others: who has a turn before whom does not decide.
                    Some(_) => Play::of(self, scene),
                };
                explanation.fate = Fate::Matched(matched(&before, number, &made, id, self));
                let is_pivot = made.pivot.id == id;
                explanation.funnel = is_pivot.then(|| Asked::new(self, &before, id).funnel());
            }
            End::Left { reason, at_turn } => {
                // As the tick was before its turn: who had been matched by then is not there.
                let waiting = |ticket: &&Ticket| at_turn.contains(&ticket.arrival);
                let waiting = scene.tickets.iter().filter(waiting).map(copy);
                let before = Play::begin(self, scene.context, waiting.collect());
                explanation.fate = Fate::Left(reason);
                let Some(id) = before.id_of(scene.tickets[place].arrival) else {
                    return explanation;
                };
                let asked = Asked::new(self, &before, id);
                explanation.funnel = Some(asked.funnel());
                explanation.closest = asked.closest();
                if reason == Reason::Held {
                    let again = Play::of(self, scene);
                    explanation.put_off = again.put_off(scene.tickets[place].arrival);
                }
                explanation.misses = near::misses(self, scene, place, Some(&asked), plays);
            }
        }
        explanation
    }

    /// The tickets that a tick leaves, oldest first.
    pub(in crate::matching) fn left(
        &self,
        scene: &Scene,
        progress: &dyn Fn(u64, u64),
    ) -> Vec<Left> {
        table::left(self, scene, progress)
    }

    fn explain_backfill(&self, scene: &Scene, place: usize) -> Explanation {
        let played = backfill(self, scene);
        let fate = Fate::in_backfill(&played, scene.tickets[place].arrival);
        let misses = match fate {
            Fate::Left(_) => near::misses(self, scene, place, None, Plays::of_sessions(scene)),
            _ => Vec::new(),
        };
        Explanation {
            misses,
            ..Explanation::of(fate)
        }
    }
}

/// Plays a scene by the rules that stand in it; says which tickets are matched or join a session. With
/// `until`, only whether that one is. `None` if the rules are refused.
fn served(scene: Scene, until: Option<usize>) -> Option<Vec<bool>> {
    let rules = AllianceRules::parse(scene.rules.clone()).ok()?.rules;
    let context = scene.context;
    Some(match scene.sessions.is_empty() {
        true => scene.matched_by(rules.open(context), until),
        false => {
            let tick = Box::new(AllianceBackfill::new(rules, context));
            scene.joined_by(tick, until)
        }
    })
}

/// Plays the sessions of a scene.
fn backfill(rules: &AllianceRules, scene: &Scene) -> PlayedBackfill {
    scene.played_backfill(Box::new(AllianceBackfill::new(
        rules.clone(),
        scene.context,
    )))
}

/// How often a whole tick may be played to explain one ticket, or all: the dearer it is, the less often.
#[derive(Debug, Clone, Copy)]
struct Plays {
    /// What one costs: its steps, and what it takes to read its tickets.
    cost: u64,
}

/// Steps that reading a ticket costs.
const STEPS_TO_READ: u64 = 20;

impl Plays {
    /// From a tick that was played to its end.
    fn of(play: &Play<'_>) -> Self {
        let tickets = u64::from(play.turns.pool.rows());
        Self {
            cost: play.turns.steps() + STEPS_TO_READ * tickets,
        }
    }

    /// Each ticket beside each session, at the worst.
    fn of_sessions(scene: &Scene) -> Self {
        let (tickets, sessions) = (scene.tickets.len() as u64, scene.sessions.len() as u64);
        Self {
            cost: STEPS_TO_READ * (tickets + sessions) + tickets * sessions / 10,
        }
    }

    /// How many cost so many steps together, within bounds.
    fn within(self, steps: u64, least: u64, most: u64) -> u64 {
        (steps / self.cost.max(1)).clamp(least, most)
    }
}

/// A tick that is played turn by turn.
pub(super) struct Play<'r> {
    turns: Turns<'r>,
    unfit: Vec<(u32, Reason)>,
}

/// What became of a ticket, and at which turn.
enum End<'r> {
    /// It has no turn.
    Unfit(Reason),
    /// Its own turn came, and there was no match; and it was in none of a younger pivot.
    Left {
        reason: Reason,
        /// The arrivals of those that waited then, itself among them.
        at_turn: HashSet<u32>,
    },
    /// It is in the match of that number, from 1.
    Matched {
        number: usize,
        made: Box<Made<'r>>,
        id: Id,
    },
}

/// Keeps why tickets have no turn.
#[derive(Default)]
struct Unfit(Vec<(u32, Reason)>);

impl MatchOut for Unfit {
    fn offer(&mut self, _made: Match) -> Flow {
        Flow::Go
    }

    fn leave(&mut self, ticket: Ticket, reason: Reason) {
        self.0.push((ticket.arrival, reason));
    }

    fn flow(&self) -> Flow {
        Flow::Go
    }
}

impl<'r> Play<'r> {
    pub(super) fn of(rules: &'r AllianceRules, scene: &Scene) -> Self {
        Self::begin(
            rules,
            scene.context,
            scene.tickets.iter().map(copy).collect(),
        )
    }

    /// A tick of these tickets.
    fn begin(rules: &'r AllianceRules, context: TickContext, tickets: Vec<Ticket>) -> Self {
        let mut unfit = Unfit::default();
        let turns = Turns::begin(rules, context, tickets, &mut unfit);
        let unfit = unfit.0;
        Self { turns, unfit }
    }

    /// The ticket that arrived at that place, if it has a turn.
    fn id_of(&self, arrival: u32) -> Option<Id> {
        let waiting = self.waiting();
        let mut waiting = waiting.filter(|id| self.turns.pool.ticket(*id).arrival == arrival);
        waiting.next()
    }

    /// The tickets that wait, oldest first.
    fn waiting(&self) -> impl Iterator<Item = Id> {
        let pool = &self.turns.pool;
        (0..pool.len()).filter(|id| pool.waits(*id))
    }

    /// Gives each ticket its turn until it is known what becomes of one.
    fn until_decided(&mut self, arrival: u32) -> End<'r> {
        let Some(id) = self.id_of(arrival) else {
            let mut unfit = self.unfit.iter();
            let reason = unfit.find(|(of, _)| *of == arrival);
            return End::Unfit(reason.map_or(Reason::InvalidTicket, |(_, reason)| *reason));
        };
        if let Some(quality) = &self.turns.rules.quality {
            return self.decided(quality, id);
        }
        let (mut reason, mut number, mut found) = (Reason::Budget, 0, None);
        let mut at_turn = HashSet::new();
        self.play_to(self.turns.pool.len(), |pool, pivot, taken| {
            match taken {
                Ok(made) => {
                    number += 1;
                    if made.ids.contains(&id) {
                        found = Some(Box::new(made));
                        return Flow::Stop;
                    }
                }
                Err(why) if pivot == id => {
                    reason = why;
                    at_turn = arrivals(pool).collect();
                }
                Err(_) => {}
            }
            Flow::Go
        });
        match found {
            Some(made) => End::Matched { number, made, id },
            None => End::Left { reason, at_turn },
        }
    }

    /// What becomes of a ticket where matches are improved or put off.
    fn decided(&mut self, quality: &'r Quality, id: Id) -> End<'r> {
        let at_turn = arrivals(&self.turns.pool).collect();
        let decided = quality::decide(&mut self.turns, quality, &|| Flow::Go);
        let (mut number, mut found) = (0, None);
        let reasons = decided.make(&mut self.turns, |made| {
            number += 1;
            if made.ids.contains(&id) {
                found = Some((number, Box::new(made)));
            }
        });
        match found {
            Some((number, made)) => End::Matched { number, made, id },
            None => End::Left {
                reason: reasons[id as usize],
                at_turn,
            },
        }
    }

    /// The match that a ticket would make beside all others, and why it is put off.
    fn put_off(mut self, arrival: u32) -> Option<PutOff> {
        let hold = self.turns.rules.quality.as_ref()?.hold.as_ref()?;
        let id = self.id_of(arrival)?;
        quality::put_off(&mut self.turns, hold, id)
    }

    /// Gives each ticket before that one its turn, as long as `each` says to go on.
    fn play_to(
        &mut self,
        end: Id,
        mut each: impl FnMut(&Pool, Id, Result<Made<'r>, Reason>) -> Flow,
    ) {
        for pivot in 0..end {
            if !self.turns.pool.waits(pivot) {
                continue;
            }
            let taken = self.turns.take(pivot, &|| Flow::Go);
            let is_over = matches!(taken, Err(Reason::Budget));
            if each(&self.turns.pool, pivot, taken) == Flow::Stop || is_over {
                return;
            }
        }
    }

    /// Plays the tick to its end: the arrival of each ticket that is left, and why.
    fn play_out(mut self) -> (Vec<(u32, Reason)>, Plays) {
        let mut at_turn = vec![Reason::Budget; self.turns.pool.len() as usize];
        if let Some(quality) = &self.turns.rules.quality {
            let decided = quality::decide(&mut self.turns, quality, &|| Flow::Go);
            at_turn = decided.make(&mut self.turns, |_| {});
        } else {
            self.play_to(self.turns.pool.len(), |_, pivot, taken| {
                if let Err(reason) = taken {
                    at_turn[pivot as usize] = reason;
                }
                Flow::Go
            });
        }
        let pool = &self.turns.pool;
        let left = self
            .waiting()
            .map(|id| (pool.ticket(id).arrival, at_turn[id as usize]));
        let left = left.chain(self.unfit.iter().copied()).collect();
        (left, Plays::of(&self))
    }

    /// The tick as it is before the turn of a ticket.
    fn up_to(mut self, id: Id) -> Self {
        self.play_to(id, |_, _, _| Flow::Go);
        self
    }

    /// Whether the ticket that arrived at that place finds a match at its turn, all others waiting.
    fn finds_match(mut self, arrival: u32) -> bool {
        let id = self.id_of(arrival);
        id.is_some_and(|id| self.turns.take(id, &|| Flow::Go).is_ok())
    }
}

/// The arrivals of the tickets that wait.
fn arrivals(pool: &Pool) -> impl Iterator<Item = u32> {
    let waiting = (0..pool.len()).filter(|id| pool.waits(*id));
    waiting.map(|id| pool.ticket(id).arrival)
}

/// A match from the side of a ticket. `before` is the tick before the turn of the match's pivot.
fn matched(
    before: &Play<'_>,
    number: usize,
    made: &Made<'_>,
    id: Id,
    rules: &AllianceRules,
) -> Matched {
    let Turns { pool, criteria, .. } = &before.turns;
    let pivot = &made.pivot;
    let mut size = Count::default();
    for id in &made.ids {
        size.add(pool.sizes[*id as usize]);
    }
    let mut found = Matched::of(number, size);
    (found.region, found.mode) = names(before, pivot);
    if pivot.id == id {
        return found;
    }
    found.pivot = Some(pool.ticket(pivot.id).id.clone());
    found.terms = terms(before, pivot, id, rules);
    if let Ok(own) = pivot.score(pool, criteria, id) {
        let others = before.waiting().filter(|other| *other != pivot.id);
        let scores =
            others.filter_map(|other| Some((pivot.score(pool, criteria, other).ok()?, other)));
        let (mut ahead, mut all) = (0, 0);
        for (score, other) in scores {
            all += 1;
            ahead += usize::from((score, other) < (own, id));
        }
        found.place = Some((ahead + 1, all));
    }
    found
}

/// The names of the region and of the mode that a pivot tries.
fn names(play: &Play<'_>, pivot: &Pivot) -> (Option<Text>, Option<Text>) {
    let criteria = &play.turns.criteria;
    let region = pivot.region.map(|region| criteria.regions.name(region));
    let mode = pivot.mode.map(|mode| criteria.modes.name(mode));
    (region.cloned(), mode.cloned())
}

/// What a candidate's score is made of.
fn terms(before: &Play<'_>, pivot: &Pivot, id: Id, rules: &AllianceRules) -> Vec<Term> {
    let criteria = &before.turns.criteria;
    let mut terms = Vec::new();
    for (place, rule) in rules.distances.iter().enumerate() {
        let distance =
            (criteria.distances.value(pivot.id, place) - criteria.distances.value(id, place)).abs();
        let window = criteria.distances.window(pivot.id, place);
        let cost = window.cost(criteria.distances.value(id, place));
        let what = format!("`{}` is {} away", rule.attribute, short(distance));
        terms.push(Term { what, cost });
    }
    if let Some(region) = pivot.region {
        let excess = criteria.regions.excess(id, region);
        let name = criteria.regions.name(region);
        let what = format!("{name} is {excess} ms above its best region");
        let cost = criteria.regions.cost(excess);
        terms.push(Term { what, cost });
    }
    if let Ok(cost) = criteria.modes.test(pivot.required, pivot.modes, id)
        && pivot.mode.is_some()
    {
        let what = "modes of the pivot that it does not accept".to_owned();
        terms.push(Term { what, cost });
    }
    terms
}

/// A number for people: with as many digits as say something.
fn short(number: f64) -> String {
    let rounded = (number * 100.0).round() / 100.0;
    rounded.to_string()
}
