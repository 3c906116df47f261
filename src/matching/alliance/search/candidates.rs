//! The candidates of a pivot in their order, and which of them make its match.
//!
//! This is a depth-first search over "take it" before "leave it", which meets candidates only when it
//! needs them. What cannot be completed with those that may still come is not entered; what was
//! entered in vain is not entered again in another guise.

use std::cmp::Reverse;

use super::losses::Losses;
use super::{Rank, Scratch};
use crate::matching::Reason;
use crate::matching::alliance::chosen::Chosen;
use crate::matching::alliance::criteria::Criteria;
use crate::matching::alliance::index::{Plane, Steps};
use crate::matching::alliance::pair::Pivot;
use crate::matching::alliance::pool::Pool;
use crate::matching::alliance::teams::Packer;

/// Steps that one search may take after it went back, beside [`ROUNDS`] of all candidates. Far more
/// than any pool that is not made to be hard needs; a search that spends them finds nothing.
const STEPS: u64 = 200_000;

/// How often a search may look at all candidates: once for each ticket of a large match.
const ROUNDS: u64 = 64;

/// The candidates of a pivot, as its walk meets them.
#[derive(Debug)]
pub(super) struct Candidates<'s> {
    pub(super) pool: &'s Pool,
    pub(super) criteria: &'s Criteria<'s>,
    pub(super) pivot: &'s Pivot,
    /// Whether the walk can meet a ticket more than once.
    pub(super) twice: bool,
    pub(super) how: Steps<'s>,
    pub(super) plane: &'s mut Plane,
    pub(super) scratch: &'s mut Scratch,
    pub(super) losses: Losses,
    /// Tickets looked at, beside those that the walk passed over.
    pub(super) steps: u64,
    /// Those since the search went back for the first time.
    pub(super) again: u64,
    /// How many of them there may be.
    pub(super) most_again: u64,
}

/// What a step of a walk led to.
#[derive(Debug)]
enum Turn {
    /// The turn of this candidate.
    Of(Rank),
    /// One ticket more that waits for its turn, or one less.
    Step,
    /// The end.
    Nobody,
}

impl Candidates<'_> {
    /// Adds candidates to the pivot in `chosen`: of all subsets that make a valid match, the first in
    /// their order, where taking a candidate comes before leaving it. Whether there is one.
    pub(super) fn find(&mut self, chosen: &mut Chosen, packer: &mut Packer) -> bool {
        let Scratch { walks, spare, .. } = &mut *self.scratch;
        self.steps += walks.len() as u64;
        self.plane.begin(self.pool, walks, &self.how, spare);
        let mut open = self.scratch.spare.review(packer, chosen);
        loop {
            if self.scratch.spare.is_fewer() {
                open = self.scratch.spare.review(packer, chosen);
            }
            let turn = match open {
                true => self.turn(),
                false => Turn::Nobody,
            };
            match turn {
                Turn::Step => {}
                Turn::Of(rank) => {
                    if self.take(rank, chosen, packer) {
                        open = self.scratch.spare.review(packer, chosen);
                    }
                }
                Turn::Nobody => {
                    if packer.can_complete(chosen.sizes(), chosen.apart(), &[]) {
                        return true;
                    }
                    if !self.go_back(chosen) {
                        return false;
                    }
                    open = self.scratch.spare.review(packer, chosen);
                }
            }
        }
    }

    /// One step: a candidate's turn comes when no ticket ahead can be better.
    fn turn(&mut self) -> Turn {
        let (pool, scratch) = (self.pool, &mut *self.scratch);
        let ahead = self.plane.ahead(&scratch.spare);
        let best = scratch.pending.peek().map(|Reverse(best)| *best);
        if let Some(best) = best
            && ahead.is_none_or(|ahead| best <= ahead)
        {
            scratch.pending.pop();
            return Turn::Of(best);
        }
        let Some(id) = self.plane.step(pool, &self.how, &mut scratch.spare) else {
            return Turn::Nobody;
        };
        self.steps += 1;
        let size = pool.sizes[id as usize];
        if self.twice && scratch.met(id) {
            scratch.spare.lose(size, 1);
            return Turn::Step;
        }
        self.losses.met += u64::from(size);
        match self.pivot.score(pool, self.criteria, id) {
            Ok(score) => scratch.pending.push(Reverse(Rank { score, id })),
            Err(reason) => {
                scratch.spare.lose(size, 1);
                self.losses.add(reason, size);
            }
        }
        Turn::Step
    }

    /// Takes a candidate if it and those before it may become a match.
    fn take(&mut self, rank: Rank, chosen: &mut Chosen, packer: &mut Packer) -> bool {
        let (pool, scratch) = (self.pool, &mut *self.scratch);
        let size = pool.sizes[rank.id as usize];
        scratch.ranked.push(rank);
        if !scratch.spare.is_open(size) {
            return false;
        }
        scratch.spare.lose(size, 1);
        if let Err(reason) = chosen.admits(self.criteria, rank.id) {
            if self.again == 0 {
                self.losses.add(reason, size);
            }
            return false;
        }
        chosen.push(pool, self.criteria, rank.id);
        let apart = chosen.apart();
        let hopeless = (!apart.is_empty()
            && !packer.can_complete(chosen.sizes(), apart, scratch.spare.counts()))
            || (!scratch.vain.is_empty()
                && chosen
                    .key()
                    .is_some_and(|key| scratch.vain.contains(&key[..])));
        if hopeless {
            chosen.pop(pool, self.criteria);
            return false;
        }
        scratch.taken.push(scratch.ranked.len());
        true
    }

    /// Leaves the candidate that was taken last; those after it have their turns again. `false` if
    /// only the pivot is left, or too many steps were taken.
    fn go_back(&mut self, chosen: &mut Chosen) -> bool {
        let (pool, scratch) = (self.pool, &mut *self.scratch);
        let Some(taken) = scratch.taken.pop() else {
            return false;
        };
        scratch.vain.extend(chosen.key().map(Vec::into_boxed_slice));
        chosen.pop(pool, self.criteria);
        let after = scratch.ranked.drain(taken..).map(Reverse);
        scratch.pending.extend(after);
        let again = 1 + scratch.pending.len() as u64;
        self.again += again;
        self.steps += again;
        let most = STEPS + ROUNDS.saturating_mul(self.losses.met);
        if self.again > most.min(self.most_again) {
            return false;
        }
        self.plane.resume();
        scratch.spare.begin_again();
        for (size, unmet) in self.plane.unmet() {
            scratch.spare.add(size, unmet);
        }
        for Reverse(Rank { id, .. }) in &scratch.pending {
            scratch.spare.add(pool.sizes[*id as usize], 1);
        }
        true
    }

    /// Tickets looked at.
    pub(super) fn steps(&self) -> u64 {
        self.steps + self.plane.passed().entries
    }

    /// What was lost, the tickets that the walk passed over included.
    pub(super) fn losses(&self) -> Losses {
        let mut losses = self.losses;
        let passed = self.plane.passed();
        losses.met += passed.distance + passed.region;
        losses.by[Reason::Distance as usize] += passed.distance;
        losses.by[Reason::Region as usize] += passed.region;
        losses
    }

    /// Players whom the walk may not have met yet.
    pub(super) fn ahead(&self) -> u64 {
        let players = |(size, unmet)| u64::from(size) * u64::from(unmet);
        self.plane.unmet().map(players).sum()
    }
}
