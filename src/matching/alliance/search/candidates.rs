//! The candidates of a pivot in their order, and which of them make its match.
//!
//! This is a depth-first search over "take it" before "leave it", which meets candidates only when it
//! needs them. What cannot be completed with those that may still come is not entered; what was
//! entered and could not be completed is not entered again in another guise.
//!
//! Why the first set that it completes is the first in order: a candidate is left for only two reasons,
//! that no set with it and those before it can be completed, or that all such sets were tried. Why it
//! ends: each time it goes back, the candidate that was taken last becomes one that is left, and those
//! before it stay as they are; so no state comes twice, and there are finitely many.

use std::cmp::Reverse;

use super::losses::Losses;
use super::scratch::Scratch;
use crate::matching::Reason;
use crate::matching::alliance::chosen::Chosen;
use crate::matching::alliance::criteria::Criteria;
use crate::matching::alliance::index::Sections;
use crate::matching::alliance::pair::Pivot;
use crate::matching::alliance::pool::Pool;
use crate::matching::alliance::teams::Packer;
use crate::matching::alliance::walk::{Plane, Rank, View};
use crate::matching::alliance::watch::Watch;

/// Steps that one search may take after it went back, beside [`MAX_ROUNDS`] of all candidates. Far
/// more than any pool that is not made to be hard needs; a search that spends them finds nothing.
const MAX_BACKTRACKS: u64 = 200_000;

/// How often a search may look at all candidates: once for each ticket of a large match.
const MAX_ROUNDS: u64 = 64;

/// Matches that one search makes and refuses for how they would be split, at most.
const MAX_REFUSALS: u32 = 64;

/// The candidates of a pivot, as its walk meets them.
pub(super) struct Candidates<'s> {
    pub(super) pool: &'s Pool,
    pub(super) criteria: &'s Criteria<'s>,
    pub(super) pivot: &'s Pivot,
    /// Whether the walk can meet a ticket more than once.
    pub(super) may_repeat: bool,
    pub(super) view: View<'s>,
    pub(super) sections: Sections,
    pub(super) plane: &'s mut Plane,
    pub(super) scratch: &'s mut Scratch,
    pub(super) losses: Losses,
    /// Why the last match that was refused could not be split, and how many were.
    pub(super) refusal: Option<(Reason, u32)>,
    /// Steps since the search went back for the first time.
    pub(super) backtracks: u64,
    /// How many of them there may be.
    pub(super) backtrack_budget: u64,
    pub(super) watch: Watch<'s>,
}

/// What a step of a search came to.
#[derive(Debug)]
enum Turn {
    /// The turn of this candidate.
    Of(Rank),
    /// One ticket more that waits for its turn, or one less.
    Step,
    /// No candidate is left.
    End,
}

impl Candidates<'_> {
    /// Adds candidates to the pivot in `chosen`: of all subsets that make a valid match, the first in
    /// their order, where taking a candidate comes before leaving it. Whether there is one.
    ///
    /// # Errors
    ///
    /// [`Reason::Budget`] if the tick has to end before that is known.
    pub(super) fn find(
        &mut self,
        chosen: &mut Chosen,
        packer: &mut Packer,
        is_fair: &dyn Fn(&Chosen) -> Result<(), Reason>,
    ) -> Result<bool, Reason> {
        self.begin()?;
        let mut open = self.review(packer, chosen)?;
        loop {
            self.watch.step(1)?;
            if self.scratch.spare.is_fewer() {
                open = self.review(packer, chosen)?;
            }
            // With no group open, each candidate that may still come would be left: the end, unseen.
            let turn = if open {
                self.turn(chosen, packer)
            } else {
                Turn::End
            };
            // Else nothing was searched for since the last review.
            if self.scratch.spare.is_lazy() {
                self.watch.step(packer.take_steps())?;
            }
            match turn {
                Turn::Step => {}
                Turn::Of(rank) => {
                    if self.take(rank, chosen, packer)? {
                        open = self.review(packer, chosen)?;
                    }
                }
                Turn::End => {
                    if packer.can_complete(chosen.kinds(), chosen.apart(), &[]) {
                        match is_fair(chosen) {
                            Ok(()) => return Ok(true),
                            Err(reason) => self.refuse(reason),
                        }
                    }
                    if self.is_refused_too_often() || !self.go_back(chosen)? {
                        return Ok(false);
                    }
                    open = self.review(packer, chosen)?;
                }
            }
        }
    }

    fn review(&mut self, packer: &mut Packer, chosen: &Chosen) -> Result<bool, Reason> {
        self.scratch.spare.review(packer, chosen, self.watch)
    }

    fn begin(&mut self) -> Result<(), Reason> {
        self.scratch.walk.begin();
        for number in 0..self.scratch.lanes.len() {
            self.watch.step(1)?;
            let Scratch { lanes, walk, .. } = &mut *self.scratch;
            let lane = lanes[number];
            let passed = walk.enter(self.plane, self.pool, &self.view, &self.sections, lane);
            self.scratch.pass(number, passed);
        }
        Ok(())
    }

    /// One step: a candidate's turn comes when no ticket ahead can be better.
    fn turn(&mut self, chosen: &Chosen, packer: &mut Packer) -> Turn {
        let (pool, scratch) = (self.pool, &mut *self.scratch);
        let Scratch { walk, spare, .. } = scratch;
        let ahead = walk.ahead(|group| spare.is_open(group, packer, chosen));
        let best = scratch.pending.peek().map(|Reverse(best)| *best);
        // What the walk has ahead is a bound: no ticket that it has not met ranks below it.
        if let Some(best) = best
            && ahead.is_none_or(|ahead| best <= ahead)
        {
            scratch.pending.pop();
            return Turn::Of(best);
        }
        let Some(step) = walk.step(self.plane, pool, &self.view) else {
            return Turn::End;
        };
        let id = step.ticket;
        let (size, kind) = (pool.sizes[id as usize], pool.kinds[id as usize]);
        scratch.meet(step.lane as usize, kind);
        scratch.pass(step.lane as usize, step.passed);
        if self.may_repeat && scratch.met(id) {
            scratch.spare.lose(kind, 1);
            return Turn::Step;
        }
        self.losses.met += u64::from(size);
        // Tests cost more than this. Should the match become smaller again, they are made then.
        if scratch.spare.is_lazy() && !scratch.spare.takes(kind, packer, chosen) {
            scratch.skipped.push(id);
            return Turn::Step;
        }
        match self.pivot.score(pool, self.criteria, id) {
            Ok(score) => {
                debug_assert!(
                    ahead.is_none_or(|ahead| score >= ahead.score),
                    "the bound was above the score"
                );
                let rank = Rank { score, tie: 0, id };
                scratch.pending.push(Reverse(rank));
            }
            Err(reason) => {
                scratch.spare.lose(kind, 1);
                self.losses.add(reason, size);
            }
        }
        Turn::Step
    }

    /// Takes a candidate if it and those before it may become a match.
    fn take(
        &mut self,
        rank: Rank,
        chosen: &mut Chosen,
        packer: &mut Packer,
    ) -> Result<bool, Reason> {
        let (pool, scratch) = (self.pool, &mut *self.scratch);
        let (size, kind) = (pool.sizes[rank.id as usize], pool.kinds[rank.id as usize]);
        debug_assert!(
            scratch.taken.len() + 1 == chosen.tickets().len(),
            "all but the pivot were taken here"
        );
        scratch.ranked.push(rank);
        if !scratch.spare.still_takes(kind, packer, chosen) {
            return Ok(false);
        }
        scratch.spare.lose(kind, 1);
        if let Err(reason) = chosen.admits(self.criteria, rank.id) {
            if self.backtracks == 0 {
                self.losses.add(reason, size);
            }
            return Ok(false);
        }
        chosen.push(pool, self.criteria, rank.id);
        let apart = chosen.apart();
        // An open kind says that one of it can join; only blocks between tickets can still keep this one
        // out.
        let cannot_be_completed = !apart.is_empty()
            && !packer.can_complete(chosen.kinds(), apart, scratch.spare.counts());
        self.watch.step(packer.take_steps())?;
        if cannot_be_completed || self.is_exhausted(chosen) {
            chosen.pop(pool, self.criteria);
            return Ok(false);
        }
        self.scratch.taken.push(self.scratch.ranked.len());
        Ok(true)
    }

    /// Notes that a match was refused for how it would be split.
    fn refuse(&mut self, reason: Reason) {
        let (_, times) = self.refusal.unwrap_or((reason, 0));
        self.refusal = Some((reason, times + 1));
    }

    fn is_refused_too_often(&self) -> bool {
        self.refusal.is_some_and(|(_, times)| times >= MAX_REFUSALS)
    }

    /// Whether tickets of the same key were taken before and could not be completed.
    ///
    /// Nothing is lost by leaving these. Where the two groups first differ, the earlier one took a
    /// candidate that this one left. If this one could be completed, it could be with that candidate in
    /// the place of one of the same kind, as it has all values that the key names; but every set with
    /// that candidate was tried before.
    fn is_exhausted(&mut self, chosen: &Chosen) -> bool {
        let Scratch { exhausted, key, .. } = &mut *self.scratch;
        !exhausted.is_empty() && chosen.key(key) && exhausted.contains(&key[..])
    }

    /// Leaves the candidate that was taken last; those after it have their turns again. `false` if
    /// only the pivot is left, or too many steps were taken.
    fn go_back(&mut self, chosen: &mut Chosen) -> Result<bool, Reason> {
        let (pool, scratch) = (self.pool, &mut *self.scratch);
        let Some(taken) = scratch.taken.pop() else {
            return Ok(false);
        };
        // What was refused could be completed: others of the same key may be taken.
        if self.refusal.is_none() && chosen.key(&mut scratch.key) {
            scratch.exhausted.insert(scratch.key.as_slice().into());
        }
        chosen.pop(pool, self.criteria);
        // Those before it keep their places in `ranked`: they were taken or left in an order that what
        // comes later does not change.
        let after = scratch.ranked.drain(taken..).map(Reverse);
        scratch.pending.extend(after);
        let backtracks = 1 + scratch.pending.len() as u64;
        self.backtracks += backtracks;
        self.watch.step(backtracks)?;
        let budget = MAX_BACKTRACKS + MAX_ROUNDS.saturating_mul(self.losses.met);
        if self.backtracks > budget.min(self.backtrack_budget) {
            return Ok(false);
        }
        // Groups were closed for a match with the candidate; without it they may join again.
        scratch.walk.reopen();
        for id in scratch.skipped.drain(..) {
            match self.pivot.score(pool, self.criteria, id) {
                Ok(score) => {
                    let rank = Rank { score, tie: 0, id };
                    scratch.pending.push(Reverse(rank));
                }
                Err(reason) => self.losses.add(reason, pool.sizes[id as usize]),
            }
        }
        scratch.count_again(pool);
        Ok(true)
    }

    /// What was lost, the tickets that the walk passed over included.
    pub(super) fn losses(&self) -> Losses {
        let mut losses = self.losses;
        let passed = self.scratch.walk.passed();
        losses.met += passed.distance + passed.region;
        losses.by[Reason::Distance as usize] += passed.distance;
        losses.by[Reason::Region as usize] += passed.region;
        losses
    }

    /// Players that the walk may not have met yet.
    pub(super) fn ahead(&self) -> u64 {
        let players = |(players, unmet)| u64::from(players) * u64::from(unmet);
        self.scratch.walk.unmet().map(players).sum()
    }
}
