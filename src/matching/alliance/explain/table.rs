//! All tickets that a tick leaves, each with a change that gives it a match: changes are tried for all
//! of them at once.

use std::collections::BTreeMap;

use super::funnel::Asked;
use super::near::Seek;
use super::{Play, Plays, served, waits};
use crate::matching::alliance::{AllianceRules, OptionKind};
use crate::matching::explain::{Change, Left, Miss, Scene};
use crate::matching::{Flow, Reason};

/// Ticks that are played at most to find out waits to the second.
const MAX_WAITS: u64 = 96;

/// By how much references are raised for all.
const TIMES: [f64; 5] = [1.1, 1.25, 1.5, 2.0, 4.0];

/// Matching rules, and options, that are looked at.
const MAX_EACH: usize = 4;

/// Rows of tickets that are read again at most, to try changes of single tickets.
const MAX_LOOKED_AT: usize = 4_000_000;

/// So many of the oldest tickets are looked at one by one, where no change for all helps.
const MAX_SINGLE: u64 = 20;

/// Steps of the whole ticks that are played to find out waits, and again for single tickets.
const STEPS: u64 = 80_000_000;

/// The tickets that are left, by age, oldest first.
pub(in crate::matching::alliance) fn left(
    rules: &AllianceRules,
    scene: &Scene,
    progress: &dyn Fn(u64, u64),
) -> Vec<Left> {
    let (mut left, plays) = reasons(rules, scene);
    let waits = usize::try_from(plays.within(STEPS, 4, MAX_WAITS)).unwrap_or(0);
    let single = usize::try_from(plays.within(STEPS / 20, 1, MAX_SINGLE)).unwrap_or(0);
    let each = rules.distances.len().min(MAX_EACH) * TIMES.len();
    let all = each + rules.options.len().min(MAX_EACH) + waits + single;
    let mut table = Table {
        progress,
        played: 0,
        all: all as u64,
        scene,
        left: &mut left,
    };
    for (place, rule) in rules.distances.iter().enumerate().take(MAX_EACH) {
        for times in TIMES {
            // Those of one age have one reference; a change says the ticket's own.
            table.try_all(|ticket_age_ms| {
                let from = rule.reference_at(ticket_age_ms)?;
                let base = rule.reference.filter(|base| *base > 0.0)?;
                let to = (base * times).ceil();
                (to > from).then(|| Change::Reference {
                    rule: place,
                    attribute: rule.attribute.clone(),
                    from,
                    to,
                })
            });
        }
    }
    let options = rules.options.iter();
    let tested = options.filter(|option| option.kind != OptionKind::Disable);
    for option in tested.take(MAX_EACH) {
        let name = option.name.clone();
        table.try_all(|_| Some(Change::OptionOff { name: name.clone() }));
    }
    if let Some(horizon) = waits::horizon(rules, scene) {
        table.waits(horizon, waits);
    }
    let mut played = table.played;
    // Where matches are improved or put off, a turn alone does not decide.
    if scene.sessions.is_empty() && rules.quality.is_none() {
        of_itself(rules, scene, &mut left);
    }
    let without = left.iter_mut().filter(|one| one.miss.is_none());
    for one in without.take(single) {
        played += 1;
        progress(played, all as u64);
        one.miss = first_of(rules, scene, one.place);
    }
    left
}

/// Changes of each ticket alone, for those that have none yet, in one play of the tick.
fn of_itself(rules: &AllianceRules, scene: &Scene, left: &mut [Left]) {
    let arrivals = left
        .iter()
        .enumerate()
        .filter(|(_, one)| one.miss.is_none());
    let arrivals = arrivals.map(|(at, one)| (scene.tickets[one.place].arrival, at));
    let arrivals: BTreeMap<u32, usize> = arrivals.collect();
    let mut looked_at = 0;
    let mut play = Play::of(rules, scene);
    for pivot in 0..play.turns.pool.len() {
        if !play.turns.pool.waits(pivot) {
            continue;
        }
        let arrival = play.turns.pool.ticket(pivot).arrival;
        if let Some(at) = arrivals.get(&arrival)
            && looked_at < MAX_LOOKED_AT
        {
            let asked = Asked::new(rules, &play, pivot);
            let one = &mut left[*at];
            let seek = Seek::new(rules, scene, one.place, Some(&asked), 0);
            looked_at += seek.rows();
            for change in seek.of_itself() {
                note(one, change);
            }
        }
        if play.turns.take(pivot, &|| Flow::Go).err() == Some(Reason::Budget) {
            break;
        }
    }
}

fn first_of(rules: &AllianceRules, scene: &Scene, place: usize) -> Option<Miss> {
    rules.explain(scene, place).misses.into_iter().next()
}

/// Each ticket that is left, and why.
fn reasons(rules: &AllianceRules, scene: &Scene) -> (Vec<Left>, Plays) {
    let (mut reasons, plays) = match scene.sessions.is_empty() {
        true => Play::of(rules, scene).play_out(),
        false => {
            let played = super::backfill(rules, scene);
            let left = played.left.iter();
            let left = left.map(|(ticket, reason)| (ticket.arrival, *reason));
            (left.collect(), Plays::of_sessions(scene))
        }
    };
    reasons.sort_unstable_by_key(|(arrival, _)| *arrival);
    let now_ms = scene.context.now_ms;
    let places = scene.tickets.iter().enumerate();
    let mut left: Vec<Left> = places
        .filter_map(|(place, ticket)| {
            let by_arrival = reasons.binary_search_by_key(&ticket.arrival, |(of, _)| *of);
            let (_, reason) = reasons[by_arrival.ok()?];
            Some(Left {
                place,
                reason,
                miss: None,
            })
        })
        .collect();
    left.sort_by_key(|one| -scene.tickets[one.place].age_ms(now_ms));
    (left, plays)
}

struct Table<'t> {
    progress: &'t dyn Fn(u64, u64),
    /// Ticks that were played, of `all`.
    played: u64,
    all: u64,
    scene: &'t Scene,
    left: &'t mut Vec<Left>,
}

impl Table<'_> {
    /// Plays the tick with a change of the ruleset; it is noted for each ticket that it gives a match and
    /// that has no smaller one. `change` is told the ticket's age, in ms.
    fn try_all(&mut self, change: impl Fn(i64) -> Option<Change>) {
        let now_ms = self.scene.context.now_ms;
        let of = |place: usize| change(self.scene.tickets[place].age_ms(now_ms));
        let Some(some) = self.left.iter().find_map(|one| of(one.place)) else {
            return;
        };
        self.played += 1;
        (self.progress)(self.played, self.all);
        let Some(served) = served(self.scene.with(&[some]), None) else {
            return;
        };
        for one in self.left.iter_mut().filter(|one| served[one.place]) {
            if let Some(change) = of(one.place) {
                note(one, change);
            }
        }
    }

    /// Finds for as many tickets as it can after how many seconds they are matched, and not a second
    /// earlier.
    fn waits(&mut self, horizon: u32, most: usize) {
        let mut ticks = 0;
        let all: Vec<usize> = (0..self.left.len()).collect();
        let at_end = self.matched_after(horizon, &all, &mut ticks);
        // Each with tickets that are not matched after `low` seconds and are after `high`.
        let mut open = vec![(0, horizon, at_end)];
        while let Some((low, high, some)) = open.pop() {
            if some.is_empty() {
                continue;
            }
            if high - low == 1 {
                for at in some {
                    note(&mut self.left[at], Change::Wait { seconds: high });
                }
                continue;
            }
            if ticks == most {
                continue;
            }
            let middle = u32::midpoint(low, high);
            let early = self.matched_after(middle, &some, &mut ticks);
            let late = some.into_iter().filter(|at| !early.contains(at)).collect();
            // Early ones first: a short wait is the better news.
            open.push((middle, high, late));
            open.push((low, middle, early));
        }
    }

    /// Which of some tickets are matched so many seconds later.
    fn matched_after(&mut self, seconds: u32, some: &[usize], waits: &mut usize) -> Vec<usize> {
        *waits += 1;
        self.played += 1;
        (self.progress)(self.played, self.all);
        let later = self.scene.with(&[Change::Wait { seconds }]);
        let Some(served) = served(later, None) else {
            return Vec::new();
        };
        let matched = some.iter().copied();
        matched.filter(|at| served[self.left[*at].place]).collect()
    }
}

/// Notes a change unless a smaller one is known.
fn note(left: &mut Left, change: Change) {
    let known = left.miss.as_ref().map(|miss| miss.changes[0].size());
    if known.is_none_or(|known| change.size() < known) {
        left.miss = Some(Miss {
            changes: vec![change],
        });
    }
}
