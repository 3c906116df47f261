//! The tickets of all lanes in order: what a [`Walk`](super::Walk) goes over.

use std::ops::Range;

use super::links::Links;
use super::rank::Rank;
use crate::matching::alliance::criteria::distance::Reach;
use crate::matching::alliance::pool::{Id, Pool};

/// The number of a lane: tickets of one group of kinds of party in one cell.
pub(crate) type Lane = u32;

/// The number of a section: tickets that are in order together.
pub(crate) type Section = u32;

/// Tickets by section, lane, then place on the axis.
#[derive(Debug, Default)]
pub(crate) struct Plane {
    entries: Vec<Entry>,
    /// The run of each entry.
    runs: Vec<Run>,
    links: Links,
    /// What each ticket costs beside its place; empty if nothing but age tells those of a run apart.
    costs: Vec<Rank>,
    /// For each section its lanes, ascending, with where each begins; and where the last one ends. Lanes
    /// without entries are left out: there can be many sections of few tickets.
    sections: Vec<Vec<(Lane, u32)>>,
}

/// A ticket in a lane, with all that a walk looks at to pass over it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) place: f64,
    pub(super) demand: Demand,
    pub(super) id: Id,
}

/// What a ticket asks of pivots.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demand {
    /// How far it looks on the axis.
    pub(crate) reach: Reach,
    /// The regions that are open to it as bits; all of them where they are not known as bits.
    pub(crate) open: u64,
}

impl Demand {
    /// That of a ticket which no walk is to pass over.
    const NOTHING: Self = Self {
        reach: Reach::EVERYWHERE,
        open: u64::MAX,
    };
}

/// Neighbours in one lane at one place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Plane {
    /// Adds a section for pivots: its entries as lane, place and ticket, those of a lane from old to
    /// young. O(n log n).
    pub(crate) fn add_for_pivots(
        &mut self,
        mut entries: Vec<(Lane, f64, Id)>,
        demand: impl Fn(Id) -> Demand,
    ) -> Section {
        self.add(&mut entries, |id| (*id, demand(*id)))
    }

    /// Adds a section for sessions, of tickets whose costs beside their places are given from low to
    /// high: its entries as lane, place and which of these costs, ascending by the last. O(n log n).
    pub(crate) fn add_for_sessions(
        &mut self,
        mut entries: Vec<(Lane, f64, u32)>,
        costs: &[Rank],
    ) -> Section {
        let section = self.add(&mut entries, |cost| {
            (costs[*cost as usize].id, Demand::NOTHING)
        });
        let in_order = entries.iter().map(|entry| costs[entry.2 as usize]);
        self.costs.extend(in_order);
        section
    }

    fn add<T>(
        &mut self,
        entries: &mut [(Lane, f64, T)],
        ticket: impl Fn(&T) -> (Id, Demand),
    ) -> Section {
        // The sort is stable: within a run, entries keep the order in which they came.
        entries.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut lanes = Vec::new();
        let mut end = self.entries.len() as u32;
        for lane in entries.chunk_by(|a, b| a.0 == b.0) {
            lanes.push((lane[0].0, end));
            for run in lane.chunk_by(|a, b| a.1 == b.1) {
                let start = end;
                end += u32::try_from(run.len()).expect("bounded by the index");
                self.runs.extend(run.iter().map(|_| Run { start, end }));
            }
        }
        lanes.push((Lane::MAX, end));
        self.entries.extend(entries.iter().map(|(_, place, of)| {
            let (id, demand) = ticket(of);
            Entry {
                place: *place,
                demand,
                id,
            }
        }));
        self.links.grow(end);
        self.sections.push(lanes);
        self.sections.len() as Section - 1
    }

    /// The entries of a lane. O(1) if the section has all lanes, else O(log lanes).
    #[inline]
    pub(super) fn lane(&self, section: Section, lane: Lane) -> Range<u32> {
        let lanes = &self.sections[section as usize];
        // A section of all tickets has every lane, so each stands at its own number.
        let at = match lanes.get(lane as usize) {
            Some((here, _)) if *here == lane => lane as usize,
            _ => lanes.partition_point(|(other, _)| *other < lane),
        };
        let (found, start) = lanes[at];
        if found == lane {
            start..lanes[at + 1].1
        } else {
            start..start
        }
    }

    /// The first of these entries, which are in order, that is not before the center.
    pub(super) fn middle(&self, range: &Range<u32>, center: f64) -> u32 {
        let entries = &self.entries[range.start as usize..range.end as usize];
        range.start + entries.partition_point(|entry| entry.place < center) as u32
    }

    #[inline]
    pub(super) fn entry(&self, at: u32) -> &Entry {
        &self.entries[at as usize]
    }

    pub(super) fn run(&self, at: u32) -> Run {
        self.runs[at as usize]
    }

    pub(super) fn cost(&self, at: u32) -> Option<&Rank> {
        self.costs.get(at as usize)
    }

    /// Whether the tickets of a run cost differently.
    pub(super) fn has_costs(&self) -> bool {
        !self.costs.is_empty()
    }

    /// The first entry from `from` on, before `end`, whose ticket waits.
    pub(super) fn next_from(&mut self, pool: &Pool, from: u32, end: u32) -> Option<u32> {
        let entries = &self.entries;
        self.links
            .next_from(from, end, |at| pool.waits(entries[at as usize].id))
    }

    /// The last entry before `end`, not before `start`, whose ticket waits.
    pub(super) fn last_before(&mut self, pool: &Pool, end: u32, start: u32) -> Option<u32> {
        let entries = &self.entries;
        self.links
            .last_before(end, start, |at| pool.waits(entries[at as usize].id))
    }
}
