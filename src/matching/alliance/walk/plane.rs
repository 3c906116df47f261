//! The tickets of all lanes in order: what a [`Walk`](super::Walk) goes over.

use std::ops::Range;

use hashbrown::HashMap;

use super::links::Links;
use crate::matching::alliance::criteria::distance::Reach;
use crate::matching::alliance::pool::{Id, Pool};

/// The number of a lane: tickets of one kind of party in one cell.
pub(crate) type Lane = u32;

/// The number of a section: tickets that are in order together.
pub(crate) type Section = u32;

/// Tickets by section, lane, then place on the axis.
#[derive(Debug, Default)]
pub(crate) struct Plane {
    ids: Vec<Id>,
    /// Beside the entries and not in a table of runs: a walk looks at them all the time.
    places: Vec<f64>,
    /// The run of each entry.
    runs: Vec<Run>,
    links: Links,
    /// What each ticket asks of pivots; empty if all of them are to be met.
    demands: Vec<Demand>,
    /// What each ticket costs beside its place; empty if nothing but age tells those of a run apart.
    costs: Vec<Cost>,
    /// The entries of each lane of each section, if it has any.
    lanes: HashMap<(Section, Lane), Range<u32>>,
    sections: Section,
}

/// Neighbours in one lane at one place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) start: u32,
    pub(super) end: u32,
}

/// What a ticket asks of pivots. It stands beside the entry, so that most of those that do not accept a
/// pivot cost no look elsewhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demand {
    /// How far it looks on the axis.
    pub(crate) reach: Reach,
    /// The regions that are open to it as bits; all of them where they are not known as bits.
    pub(crate) open: u64,
}

/// What a ticket costs beside its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) score: f64,
    /// Of tickets of one score, the one with the lower tie comes first.
    pub(crate) tie: i64,
}

impl Plane {
    /// Adds a section for pivots: its entries as lane, place and ticket, those of a lane from old to
    /// young. O(n log n).
    pub(crate) fn add_for_pivots(
        &mut self,
        entries: Vec<(Lane, f64, Id)>,
        demand: impl Fn(Id) -> Demand,
    ) -> Section {
        let start = self.ids.len();
        let section = self.add(entries);
        self.demands
            .extend(self.ids[start..].iter().map(|id| demand(*id)));
        section
    }

    /// Adds a section for sessions: its entries as lane, place and ticket, those of a lane from low to
    /// high cost, then from old to young. O(n log n).
    pub(crate) fn add_for_sessions(
        &mut self,
        entries: Vec<(Lane, f64, Id)>,
        cost: impl Fn(Id) -> Cost,
    ) -> Section {
        let start = self.ids.len();
        let section = self.add(entries);
        self.costs
            .extend(self.ids[start..].iter().map(|id| cost(*id)));
        section
    }

    fn add(&mut self, mut entries: Vec<(Lane, f64, Id)>) -> Section {
        let section = self.sections;
        self.sections += 1;
        // The sort is stable: within a run, entries keep the order in which they came.
        entries.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut end = self.ids.len() as u32;
        for lane in entries.chunk_by(|a, b| a.0 == b.0) {
            let start = end;
            for run in lane.chunk_by(|a, b| a.1 == b.1) {
                let start = end;
                end += u32::try_from(run.len()).expect("bounded by the index");
                self.runs.extend(run.iter().map(|_| Run { start, end }));
            }
            self.lanes.insert((section, lane[0].0), start..end);
        }
        self.ids.extend(entries.iter().map(|entry| entry.2));
        self.places.extend(entries.iter().map(|entry| entry.1));
        self.links.grow(end);
        section
    }

    /// The entries of a lane.
    pub(super) fn lane(&self, section: Section, lane: Lane) -> Range<u32> {
        self.lanes.get(&(section, lane)).cloned().unwrap_or(0..0)
    }

    /// The first of these entries, which are in order, that is not before the center.
    pub(super) fn middle(&self, entries: &Range<u32>, center: f64) -> u32 {
        let places = &self.places[entries.start as usize..entries.end as usize];
        entries.start + places.partition_point(|place| *place < center) as u32
    }

    pub(super) fn id(&self, at: u32) -> Id {
        self.ids[at as usize]
    }

    pub(super) fn place(&self, at: u32) -> f64 {
        self.places[at as usize]
    }

    pub(super) fn run(&self, at: u32) -> Run {
        self.runs[at as usize]
    }

    pub(super) fn demand(&self, at: u32) -> Option<&Demand> {
        self.demands.get(at as usize)
    }

    pub(super) fn cost(&self, at: u32) -> Option<&Cost> {
        self.costs.get(at as usize)
    }

    /// Whether the tickets of a run cost differently.
    pub(super) fn has_costs(&self) -> bool {
        !self.costs.is_empty()
    }

    /// The first entry from `from` on, before `end`, whose ticket waits.
    pub(super) fn next_from(&mut self, pool: &Pool, from: u32, end: u32) -> Option<u32> {
        let ids = &self.ids;
        self.links
            .next_from(from, end, |at| pool.waits(ids[at as usize]))
    }

    /// The last entry before `end`, not before `start`, whose ticket waits.
    pub(super) fn last_before(&mut self, pool: &Pool, end: u32, start: u32) -> Option<u32> {
        let ids = &self.ids;
        self.links
            .last_before(end, start, |at| pool.waits(ids[at as usize]))
    }
}
