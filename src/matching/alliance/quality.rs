//! Better matches: what a ruleset with `quality` asks for beside AGS's way (docs/quality.md).
//!
//! Each ticket has its turn as always, but what it finds is a **draft**: its tickets are taken, and
//! nothing is made of it yet. A draft that is expected to become better is put off by
//! [`worths`]. When all turns are over, [`drafts`] are improved together: left tickets are brought into
//! matches ([`rescue`], [`repack`]), and tickets of two drafts change places ([`trades`]). Then each draft
//! becomes a match. [`fair`] says which splits into teams are taken at all.

mod drafts;
mod fair;
mod repack;
mod rescue;
mod trades;
mod uncertain;
mod worths;

use super::pool::Id;
use super::rules::{Hold, Quality};
use super::tick::{Made, Turns};
use crate::matching::explain::{Count, PutOff};
use crate::matching::{Flow, MatchOut, Reason};
use drafts::{Draft, Drafts};
pub(super) use fair::Fair;
use worths::Worths;

/// What a tick did for the quality of its matches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QualityCounts {
    /// Matches that could have been made and were put off.
    pub held: u64,
    /// Matches made of tickets that were left otherwise.
    pub rescued: u64,
    /// Exchanges of tickets between two matches.
    pub trades: u64,
}

/// A tick that is decided: its matches, and why the others are left.
pub(super) struct Decided {
    drafts: Vec<Draft>,
    /// For each ticket, why it is left if it is.
    reasons: Vec<Reason>,
    counts: QualityCounts,
}

/// Gives each ticket its turn, and decides on the matches of the tick.
pub(super) fn decide(turns: &mut Turns<'_>, quality: &Quality, flow: &dyn Fn() -> Flow) -> Decided {
    let worths = quality.hold.as_ref().map(|hold| Worths::of(turns, hold));
    let mut reasons = vec![Reason::Budget; turns.pool.sizes.len()];
    let mut drafts = Vec::new();
    let mut counts = QualityCounts::default();
    for pivot in 0..turns.pool.len() {
        if !turns.pool.waits(pivot) {
            continue;
        }
        let found = turns.find(pivot, flow).and_then(|pivot| {
            let ids = turns.found().to_vec();
            let is_worth_it = |worths: &Worths| worths.gain(turns, &pivot, &ids) >= 0.0;
            if worths.as_ref().is_none_or(is_worth_it) {
                return Ok((pivot, ids));
            }
            counts.held += 1;
            Err(Reason::Held)
        });
        match found {
            Ok((pivot, ids)) => {
                turns.reserve(&pivot, &ids);
                drafts.push((pivot, ids));
            }
            Err(Reason::Budget) => break,
            Err(reason) => reasons[pivot as usize] = reason,
        }
    }
    let mut drafts = Drafts::new(turns, quality, drafts, worths.as_ref(), &mut reasons, flow);
    if quality.improve {
        drafts.improve();
    }
    counts.rescued = drafts.rescued;
    counts.trades = drafts.trades;
    Decided {
        drafts: drafts.finish(),
        reasons,
        counts,
    }
}

/// Plays the tick; for each ticket, why it is left if it is.
pub(super) fn play(
    turns: &mut Turns<'_>,
    quality: &Quality,
    out: &mut dyn MatchOut,
) -> Vec<Reason> {
    let decided = decide(turns, quality, &|| out.flow());
    out.quality(decided.counts);
    decided.make(turns, |made| {
        out.goodness(&made.goodness);
        // What was found is handed out, even if the time is over: making it costs little beside.
        let _ = out.offer(made.made);
    })
}

/// The match of a ticket that waits, and what is put off by it.
pub(super) fn put_off(turns: &mut Turns<'_>, hold: &Hold, id: Id) -> Option<PutOff> {
    let pivot = turns.find(id, &|| Flow::Go).ok()?;
    let ids = turns.found().to_vec();
    let worths = Worths::of(turns, hold);
    let (worth, cost) = worths.of_match(turns, &pivot, &ids);
    let mut size = Count::default();
    for id in &ids {
        size.add(turns.pool.sizes[*id as usize]);
    }
    let ages = ids.iter().map(|id| turns.pool.ages[*id as usize]);
    let missing_ms = (hold.until_ms - ages.max()?).max(0);
    Some(PutOff {
        size,
        cost,
        worth,
        wait_s: (missing_ms + 999) / 1000,
    })
}

impl Decided {
    /// Makes the matches. Returns for each ticket why it is left if it is.
    pub(super) fn make<'r>(
        self,
        turns: &mut Turns<'r>,
        mut each: impl FnMut(Made<'r>),
    ) -> Vec<Reason> {
        let mut reasons = self.reasons;
        for draft in self.drafts {
            match turns.make(draft.pivot, &draft.ids) {
                Some(made) => each(made),
                None => {
                    for id in draft.ids {
                        reasons[id as usize] = Reason::TeamSizes;
                    }
                }
            }
        }
        reasons
    }
}
