//! What searches use one after the other.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use hashbrown::HashSet;

use super::spare::Spare;
use crate::matching::alliance::TeamBounds;
use crate::matching::alliance::index::Cell;
use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::alliance::walk::{LaneToWalk, Rank, Walk};

/// The memory of a search. It is kept, so that searches allocate once.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) cells: Vec<Cell>,
    pub(super) lanes: Vec<LaneToWalk>,
    pub(super) walk: Walk,
    pub(super) spare: Spare,
    /// Candidates that were tested, and wait for all better ones.
    pub(super) pending: BinaryHeap<Reverse<Rank>>,
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
            walk: Walk::default(),
            spare: Spare::new(pool.party_kinds.clone()),
            pending: BinaryHeap::new(),
            ranked: Vec::new(),
            taken: Vec::new(),
            exhausted: HashSet::new(),
            key: Vec::new(),
            met_by: vec![0; pool.len() as usize],
            number: 0,
        }
    }

    /// Every ticket of the pivot's lanes may be a candidate.
    pub(super) fn assume_all_usable(&mut self, bounds: TeamBounds) {
        self.spare.begin(bounds.max_players());
        for lane in &self.lanes {
            self.spare.add(lane.kind, lane.waiting);
        }
    }

    /// Forgets the last search.
    pub(super) fn begin(&mut self, bounds: TeamBounds) {
        self.assume_all_usable(bounds);
        self.pending.clear();
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
