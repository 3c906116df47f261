//! One shelf: tickets by cell and party size, then place, then how good they are.

use std::ops::Range;

use hashbrown::HashMap;

use crate::matching::alliance::index::{Cell, Index};
use crate::matching::alliance::pool::{Id, Pool};

#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) ids: Vec<Id>,
    /// For each entry the least that its latency scores, and the latency, ms.
    pub(super) costs: Vec<(f64, i64)>,
    /// For an entry whose ticket is taken: where the next one that waits may be.
    next: Vec<u32>,
    /// Where each run begins; one more at the end.
    pub(super) runs: Vec<u32>,
    /// The place of each run on the axis.
    pub(super) places: Vec<f64>,
    /// For an emptied run: where the next one to the right with tickets may be.
    right: Vec<u32>,
    /// The same to the left: one more than the run to look at.
    left: Vec<u32>,
    pub(super) bins: Vec<Bin>,
    /// The bins of each cell, smallest parties first.
    pub(super) cells: HashMap<Cell, Range<u32>>,
}

#[derive(Debug)]
pub(super) struct Bin {
    pub(super) size: u32,
    pub(super) runs: Range<u32>,
}

/// A ticket that is to stand on a shelf.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) id: Id,
    pub(super) size: u32,
    pub(super) place: f64,
    pub(super) cost: f64,
    pub(super) latency: i64,
}

impl Shelf {
    /// Sorts the tickets that wait. O(n log n).
    pub(super) fn new(pool: &Pool, index: &Index, entries: impl Iterator<Item = Entry>) -> Self {
        let waiting = entries.filter(|entry| pool.waits(entry.id));
        let in_cells = waiting.flat_map(|entry| {
            let cells = index.cells(entry.id).iter();
            cells.map(move |cell| (*cell, entry))
        });
        let mut sorted: Vec<(Cell, Entry)> = in_cells.collect();
        sorted.sort_unstable_by(|(cell, a), (other, b)| {
            (cell, a.size)
                .cmp(&(other, b.size))
                .then(a.place.total_cmp(&b.place))
                .then(a.cost.total_cmp(&b.cost))
                .then((a.latency, a.id).cmp(&(b.latency, b.id)))
        });
        let len = u32::try_from(sorted.len()).expect("bounded by the index");
        let mut shelf = Self {
            ids: sorted.iter().map(|(_, entry)| entry.id).collect(),
            costs: sorted
                .iter()
                .map(|(_, entry)| (entry.cost, entry.latency))
                .collect(),
            next: (1..=len).collect(),
            runs: Vec::new(),
            places: Vec::new(),
            right: Vec::new(),
            left: Vec::new(),
            bins: Vec::new(),
            cells: HashMap::new(),
        };
        let mut start = 0;
        let same_bin = |(a, x): &(Cell, Entry), (b, y): &(Cell, Entry)| (a, x.size) == (b, y.size);
        for bin in sorted.chunk_by(same_bin) {
            let first = shelf.places.len() as u32;
            for run in bin.chunk_by(|(_, a), (_, b)| a.place == b.place) {
                shelf.runs.push(start);
                shelf.places.push(run[0].1.place);
                start += run.len() as u32;
            }
            let number = shelf.bins.len() as u32;
            shelf.bins.push(Bin {
                size: bin[0].1.size,
                runs: first..shelf.places.len() as u32,
            });
            let bins = shelf.cells.entry(bin[0].0).or_insert(number..number);
            bins.end = number + 1;
        }
        shelf.runs.push(start);
        let runs = shelf.places.len() as u32;
        shelf.right = (1..=runs).collect();
        shelf.left = (0..runs).collect();
        shelf
    }

    /// The first entry from `from` on, before `end`, whose ticket waits. Those passed over are passed
    /// in one step the next time.
    pub(super) fn entry_from(&mut self, pool: &Pool, from: u32, end: u32) -> Option<u32> {
        let mut found = from;
        while found < end && !pool.waits(self.ids[found as usize]) {
            found = self.next[found as usize];
        }
        let mut passed = from;
        while passed < found.min(end) {
            passed = std::mem::replace(&mut self.next[passed as usize], found);
        }
        (found < end).then_some(found)
    }

    /// Whether a ticket of the run waits.
    fn has_tickets(&mut self, pool: &Pool, run: u32) -> bool {
        let (start, end) = (self.runs[run as usize], self.runs[run as usize + 1]);
        self.entry_from(pool, start, end).is_some()
    }

    /// The first run from `from` on, before `end`, that has tickets.
    pub(super) fn run_from(&mut self, pool: &Pool, from: u32, end: u32) -> Option<u32> {
        let mut found = from;
        while found < end && !self.has_tickets(pool, found) {
            found = self.right[found as usize];
        }
        let mut passed = from;
        while passed < found.min(end) {
            passed = std::mem::replace(&mut self.right[passed as usize], found);
        }
        (found < end).then_some(found)
    }

    /// The last run before `before`, not before `start`, that has tickets.
    pub(super) fn run_before(&mut self, pool: &Pool, before: u32, start: u32) -> Option<u32> {
        let mut found = before;
        while found > start && !self.has_tickets(pool, found - 1) {
            found = self.left[found as usize - 1];
        }
        let mut passed = before;
        while passed > found.max(start) {
            passed = std::mem::replace(&mut self.left[passed as usize - 1], found);
        }
        (found > start).then(|| found - 1)
    }
}
