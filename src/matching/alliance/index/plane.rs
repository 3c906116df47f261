//! The tickets of all cells in order, and the walk from a pivot outwards.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::{Axis, Cell};
use crate::matching::alliance::intern::Lists;
use crate::matching::alliance::pair::Pivot;
use crate::matching::alliance::pool::{Id, Pool};

/// Tickets by cell, then place on the axis, then age.
#[derive(Debug)]
pub(in crate::matching::alliance) struct Plane {
    ids: Vec<Id>,
    places: Vec<f64>,
    /// For an entry whose ticket is taken: where the next one to the right may wait.
    right: Vec<u32>,
    /// The same to the left: one more than the entry to look at.
    left: Vec<u32>,
    /// Where the entries of the same cell and place begin.
    runs: Vec<u32>,
    /// Where the entries of each cell begin; one more at the end.
    starts: Vec<u32>,
    fronts: BinaryHeap<Reverse<Front>>,
    walkers: Vec<Walker>,
}

/// How a pivot steps through a plane.
#[derive(Debug, Clone, Copy)]
pub(in crate::matching::alliance) struct Steps<'p> {
    pub(super) pivot: &'p Pivot<'p>,
    pub(super) axis: Axis,
    /// The pivot's place.
    pub(super) center: f64,
    /// How far from there candidates can be.
    pub(super) reach: f64,
}

/// A score, or a bound of scores, with the age that breaks ties.
#[derive(Debug, Clone, Copy)]
pub(in crate::matching::alliance) struct Rank {
    pub(in crate::matching::alliance) score: f64,
    pub(in crate::matching::alliance) id: Id,
}

impl Ord for Rank {
    fn cmp(&self, other: &Rank) -> Ordering {
        let by_score = self.score.total_cmp(&other.score);
        by_score.then(self.id.cmp(&other.id))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Rank) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Rank {
    fn eq(&self, other: &Rank) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Rank {}

/// The next entry of a walker, and the least that it can score.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Front {
    rank: Rank,
    walker: u32,
}

/// One direction in one cell.
#[derive(Debug, Clone, Copy)]
struct Walker {
    /// The entry to look at next.
    next: u32,
    /// One more than the last entry to look at before turning to the next run.
    end: u32,
    /// Leftwards: where the cell begins and the current run, whose entries still go from old to
    /// young, so to the right.
    leftwards: Option<Leftwards>,
}

#[derive(Debug, Clone, Copy)]
struct Leftwards {
    cell: u32,
    run: u32,
}

impl Steps<'_> {
    /// The least that a candidate at this distance scores.
    fn least(&self, distance: f64) -> f64 {
        match self.axis {
            Axis::Distance(rule) => self.pivot.rules.distances[rule].cost(distance),
            Axis::Latency => self.pivot.latency_cost(distance as i64),
            Axis::Age => 0.0,
        }
    }
}

impl Plane {
    /// Sorts tickets by `place`; those that have none are left out.
    pub(super) fn new(
        pool: &Pool,
        cells: &Lists,
        count: usize,
        place: impl Fn(Id) -> Option<f64>,
    ) -> Plane {
        let mut entries: Vec<(Cell, f64, Id)> = Vec::with_capacity(pool.sizes.len() * 2);
        for id in (0..pool.len()).filter(|id| pool.waits(*id)) {
            if let Some(place) = place(id) {
                // Adding zero makes -0 into 0: they are one place.
                entries.extend(cells.get(id).iter().map(|cell| (*cell, place + 0.0, id)));
            }
        }
        entries
            .sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
        let len = u32::try_from(entries.len()).expect("bounded by SPREAD");
        let mut plane = Plane {
            ids: entries.iter().map(|entry| entry.2).collect(),
            places: entries.iter().map(|entry| entry.1).collect(),
            right: (1..=len).collect(),
            left: (0..len).collect(),
            runs: Vec::with_capacity(entries.len()),
            starts: Vec::with_capacity(count + 1),
            fronts: BinaryHeap::new(),
            walkers: Vec::new(),
        };
        for (at, entry) in entries.iter().enumerate() {
            let run = match at.checked_sub(1) {
                Some(before) if (entries[before].0, entries[before].1) == (entry.0, entry.1) => {
                    plane.runs[before]
                }
                _ => at as u32,
            };
            plane.runs.push(run);
        }
        let mut at = 0;
        for cell in 0..count {
            plane.starts.push(at as u32);
            while entries
                .get(at)
                .is_some_and(|entry| entry.0 as usize == cell)
            {
                at += 1;
            }
        }
        plane.starts.push(len);
        plane
    }

    /// Begins a walk through these cells.
    pub(in crate::matching::alliance) fn begin(
        &mut self,
        pool: &Pool,
        cells: &[Cell],
        steps: &Steps<'_>,
    ) {
        self.fronts.clear();
        self.walkers.clear();
        for cell in cells {
            let start = self.starts[*cell as usize];
            let end = self.starts[*cell as usize + 1];
            let places = &self.places[start as usize..end as usize];
            let middle = start + places.partition_point(|place| *place < steps.center) as u32;
            self.start(
                pool,
                steps,
                Walker {
                    next: middle,
                    end,
                    leftwards: None,
                },
            );
            let leftwards = Some(Leftwards {
                cell: start,
                run: middle,
            });
            self.start(
                pool,
                steps,
                Walker {
                    next: middle,
                    end: middle,
                    leftwards,
                },
            );
        }
    }

    fn start(&mut self, pool: &Pool, steps: &Steps<'_>, walker: Walker) {
        self.walkers.push(walker);
        self.advance(pool, steps, self.walkers.len() as u32 - 1);
    }

    /// The least rank of all tickets that are still ahead.
    pub(in crate::matching::alliance) fn ahead(&self) -> Option<Rank> {
        self.fronts.peek().map(|Reverse(front)| front.rank)
    }

    /// The next ticket of the walk.
    pub(in crate::matching::alliance) fn step(
        &mut self,
        pool: &Pool,
        steps: &Steps<'_>,
    ) -> Option<Id> {
        let Reverse(front) = self.fronts.pop()?;
        self.advance(pool, steps, front.walker);
        Some(front.rank.id)
    }

    /// Puts the next entry of a walker to the others.
    fn advance(&mut self, pool: &Pool, steps: &Steps<'_>, number: u32) {
        let mut walker = self.walkers[number as usize];
        let at = loop {
            match self.waiting_right(pool, walker.next, walker.end) {
                Some(at) => break at,
                None => {
                    let Some(Leftwards { cell, run }) = walker.leftwards else {
                        return;
                    };
                    let Some(last) = self.waiting_left(pool, run, cell) else {
                        return;
                    };
                    let run = self.runs[last as usize];
                    walker.next = run;
                    walker.end = last + 1;
                    walker.leftwards = Some(Leftwards { cell, run });
                }
            }
        };
        let distance = (self.places[at as usize] - steps.center).abs();
        if distance <= steps.reach {
            walker.next = at + 1;
            self.walkers[number as usize] = walker;
            let rank = Rank {
                score: steps.least(distance),
                id: self.ids[at as usize],
            };
            self.fronts.push(Reverse(Front {
                rank,
                walker: number,
            }));
        }
    }

    /// The first entry from `at` on, before `end`, whose ticket waits. Entries passed over are passed
    /// in one step the next time.
    fn waiting_right(&mut self, pool: &Pool, at: u32, end: u32) -> Option<u32> {
        let mut found = at;
        while found < end && !pool.waits(self.ids[found as usize]) {
            found = self.right[found as usize];
        }
        let mut passed = at;
        while passed < found.min(end) {
            let next = self.right[passed as usize];
            self.right[passed as usize] = found;
            passed = next;
        }
        (found < end).then_some(found)
    }

    /// The last entry before `end`, not before `start`, whose ticket waits.
    fn waiting_left(&mut self, pool: &Pool, end: u32, start: u32) -> Option<u32> {
        let mut found = end;
        while found > start && !pool.waits(self.ids[found as usize - 1]) {
            found = self.left[found as usize - 1];
        }
        let mut passed = end;
        while passed > found.max(start) {
            let next = self.left[passed as usize - 1];
            self.left[passed as usize - 1] = found;
            passed = next;
        }
        (found > start).then(|| found - 1)
    }
}
