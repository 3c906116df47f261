//! Why a ticket was matched as it was, or waits (docs/explain.md).
//!
//! The tick is played turn by turn, by the code that serves. Where the ticket's turn comes, [`funnel`]
//! counts who passes each test with it, and [`near`] seeks the changes that give it a match: it tries them
//! at that turn alone, which is quick, and has each that it tells verified by a whole tick.

mod ages;
mod funnel;
mod near;
mod play;
mod table;
mod tried;
mod waits;

use super::AllianceBackfill;
use super::AllianceRules;
use super::pair::Pivot;
use super::pool::Id;
use super::tick::{Made, Turns};
use crate::matching::explain::{Count, Explanation, Fate, Left, Matched, Scene, Term, copy};
use crate::matching::{PlayedBackfill, Reason, Text, Ticket};
use funnel::Asked;
use play::{End, Play};

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

/// A number for people: with two places, or three digits where those would say little.
fn short(number: f64) -> String {
    let size = number.abs();
    if size >= 1.0 || size == 0.0 {
        return ((number * 100.0).round() / 100.0).to_string();
    }
    let digits = format!("{number:.2e}");
    match digits.parse::<f64>() {
        Ok(rounded) if size >= 1e-6 => rounded.to_string(),
        _ => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_never_nothing() {
        for (number, text) in [
            (0.0, "0"),
            (12.3456, "12.35"),
            (-7.0, "-7"),
            (0.5, "0.5"),
            (0.0001, "0.0001"),
            (0.012345, "0.0123"),
            (-0.99999, "-1"),
            (1e-9, "1.00e-9"),
        ] {
            assert_eq!(short(number), text);
        }
    }
}
