//! What searches use one after the other.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use hashbrown::HashSet;

use super::spare::Spare;
use crate::matching::alliance::forms::Form;
use crate::matching::alliance::index::{Cell, Index};
use crate::matching::alliance::kinds::PartyKind;
use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::alliance::walk::{LaneToWalk, Rank, Walk};

/// The memory of a search. It is kept, so that searches allocate once.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) cells: Vec<Cell>,
    pub(super) lanes: Vec<LaneToWalk>,
    /// The kinds in lanes that have several, with how many candidates of each there are, and how many of
    /// them the walk may still meet.
    shares: Vec<(PartyKind, u32, u32)>,
    /// Where those of each lane are; nothing for lanes of one kind. Empty if all are.
    shares_of: Vec<Range<usize>>,
    pub(super) walk: Walk,
    pub(super) spare: Spare,
    /// Candidates that were tested, and wait for all better ones.
    pub(super) pending: BinaryHeap<Reverse<Rank>>,
    /// Tickets that were not tested, as no match of their kind could come of it.
    pub(super) skipped: Vec<Id>,
    /// Candidates whose turn has come.
    pub(super) ranked: Vec<Rank>,
    /// For each candidate taken, how many had their turn up to its own.
    pub(super) taken: Vec<usize>,
    /// What was taken and could not be completed, by [`Chosen::key`](crate::matching::alliance::chosen::Chosen::key).
    pub(super) exhausted: HashSet<Box<[u32]>>,
    /// Such a key that is looked for.
    pub(super) key: Vec<u32>,
    /// For each ticket, the last search that met it.
    pub(super) met_by: Vec<u32>,
    /// The number of the search.
    pub(super) number: u32,
}

impl Scratch {
    pub(super) fn new(pool: &Pool) -> Self {
        Self {
            cells: Vec::new(),
            lanes: Vec::new(),
            shares: Vec::new(),
            shares_of: Vec::new(),
            walk: Walk::default(),
            spare: Spare::new(&pool.party_kinds),
            pending: BinaryHeap::new(),
            skipped: Vec::new(),
            ranked: Vec::new(),
            taken: Vec::new(),
            exhausted: HashSet::new(),
            key: Vec::new(),
            met_by: vec![0; pool.len() as usize],
            number: 0,
        }
    }

    /// Finds the lanes of a pivot in its cells, and which kinds are in them.
    pub(super) fn find_lanes(&mut self, index: &Index, pool: &Pool, pivot: Id, max_players: u32) {
        let lanes = &mut self.lanes;
        index.lanes_to_walk(pool, pivot, &self.cells, max_players, lanes);
        self.shares.clear();
        self.shares_of.clear();
        if !index.has_shares() {
            return;
        }
        let own = index.lanes_of(pivot);
        for lane in lanes {
            let start = self.shares.len();
            let shares = index.shares(lane.lane).iter();
            self.shares.extend(shares.map(|(kind, waiting)| {
                let is_own = *kind == pool.kinds[pivot as usize] && own.contains(&lane.lane);
                let others = waiting - u32::from(is_own);
                (*kind, others, others)
            }));
            self.shares_of.push(start..self.shares.len());
        }
    }

    /// Every ticket of the pivot's lanes may be a candidate.
    pub(super) fn assume_all_usable(&mut self, form: Form) {
        self.spare
            .begin(form.bounds.max_players(), form.has_roles());
        for (number, lane) in self.lanes.iter().enumerate() {
            if self.shares_of.get(number).is_none_or(Range::is_empty) {
                self.spare.add_of(lane.group, lane.waiting);
            }
        }
        for (kind, all, unmet) in &mut self.shares {
            *unmet = *all;
            self.spare.add(*kind, *all);
        }
    }

    /// Notes that the walk met a ticket of that kind in a lane.
    #[inline]
    pub(super) fn meet(&mut self, lane: usize, kind: PartyKind) {
        if self.shares.is_empty() {
            return;
        }
        let shares = &mut self.shares[self.shares_of[lane].clone()];
        if let Ok(at) = shares.binary_search_by_key(&kind, |(kind, ..)| *kind) {
            shares[at].2 -= 1;
        }
    }

    /// Notes that the walk will not meet so many tickets of a lane. Which kinds they are of is known
    /// only once it meets no more of them.
    #[inline]
    pub(super) fn pass(&mut self, lane: usize, passed: u32) {
        if passed == 0 && self.shares.is_empty() {
            return;
        }
        let range = self.shares_of.get(lane).cloned().unwrap_or_default();
        if range.is_empty() {
            self.spare.lose_of(self.lanes[lane].group, passed);
        } else if self.walk.unmet_in(lane) == 0 {
            for (kind, _, unmet) in &mut self.shares[range] {
                self.spare.lose(*kind, std::mem::take(unmet));
            }
        }
    }

    /// Counts what the walk may still meet, and what waits for its turn, from the beginning.
    pub(super) fn count_again(&mut self, pool: &Pool) {
        self.spare.begin_again();
        for (lane, (_, unmet)) in self.walk.unmet().enumerate() {
            let range = self.shares_of.get(lane).cloned().unwrap_or_default();
            let shares = &self.shares[range];
            if shares.is_empty() {
                self.spare.add_of(self.lanes[lane].group, unmet);
            }
            for (kind, _, unmet) in shares {
                self.spare.add(*kind, *unmet);
            }
        }
        for Reverse(Rank { id, .. }) in &self.pending {
            self.spare.add(pool.kinds[*id as usize], 1);
        }
    }

    /// Forgets the last search.
    pub(super) fn begin(&mut self, form: Form) {
        self.assume_all_usable(form);
        self.pending.clear();
        self.skipped.clear();
        self.ranked.clear();
        self.taken.clear();
        self.exhausted.clear();
        self.number += 1;
    }

    /// Whether this search met the ticket before.
    pub(super) fn met(&mut self, id: Id) -> bool {
        std::mem::replace(&mut self.met_by[id as usize], self.number) == self.number
    }
}
