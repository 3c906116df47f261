//! Where to look for candidates: waiting tickets in cells, each in order of nearness.
//!
//! A **cell** holds the tickets that agree in everything that has to be equal: the must-match group
//! and the value of each indexed option. A ticket with several values of an `any` option is in a
//! cell for each. Within a cell tickets are sorted by the **axis**: the matching rule that tells most
//! of them apart. So a pivot asks a few cells, nearest tickets first.

mod plane;

use std::ops::Range;

use hashbrown::HashMap;

use super::criteria::Criteria;
use super::criteria::distance::Reach;
use super::criteria::region::Region;
use super::intern::Lists;
use super::pair::Pivot;
use super::pool::{Id, Pool};

use plane::Gate;
use plane::View;
pub(super) use plane::{Plane, Rank, Steps, Walk};

/// The number of a cell.
pub(super) type Cell = u32;

/// Cells that one pivot asks; beyond that, walking all tickets costs less.
const MOST_CELLS: usize = 256;

/// The cell of all tickets.
const EVERYTHING: Cell = 0;

/// Cells for each ticket on average, beyond which an option is not indexed.
const SPREAD: usize = 4;

/// What tickets are sorted by within a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    /// The means of a matching rule, by its place in the ruleset.
    Distance(usize),
    /// Milliseconds over the best region; a plane for each region.
    Latency,
    /// Nothing but age: the score of all is the same.
    Age,
}

/// All waiting tickets, by cell.
#[derive(Debug)]
pub(super) struct Index {
    axis: Axis,
    /// The options that are part of a cell's key, by their place in the ruleset.
    options: Vec<usize>,
    /// Group, then a value for each indexed option.
    keys: HashMap<Box<[u32]>, Cell>,
    /// The cells of each ticket.
    cells: Lists,
    /// For each lane, how many tickets wait.
    waiting: Vec<u32>,
    /// The lanes of each cell: one for each size from 0 to its largest.
    lanes: Vec<Range<u32>>,
    /// Whether cell 0 holds every ticket, for pivots that would ask more than [`MOST_CELLS`].
    has_everything: bool,
    /// The tickets of each cell in order; one for each region asked for on the axis of latency.
    planes: HashMap<Option<Region>, Plane>,
    scratch: Keys,
}

impl Index {
    /// Sorts the tickets of a pool. O(n log n).
    pub(super) fn new(pool: &Pool, criteria: &Criteria<'_>) -> Self {
        let mut index = Self {
            axis: axis(pool, criteria),
            options: indexed_options(pool, criteria),
            keys: HashMap::new(),
            cells: Lists::default(),
            waiting: Vec::new(),
            lanes: Vec::new(),
            has_everything: false,
            planes: HashMap::new(),
            scratch: Keys::default(),
        };
        let keys_of = |id| {
            let parts = |at: &usize| criteria.options.key_parts(*at, id).len();
            let parts = index.options.iter().map(parts);
            parts.fold(1, usize::saturating_mul)
        };
        let most = (0..pool.rows()).map(keys_of).max().unwrap_or(0);
        index.has_everything = most.saturating_mul(criteria.must_match.len()) > MOST_CELLS;
        let mut largest = vec![0; 1];
        let mut found = Vec::new();
        let mut scratch = Keys::default();
        for id in 0..pool.len() {
            found.clear();
            if index.has_everything {
                found.push(EVERYTHING);
            }
            let (options, keys) = (&index.options, &mut index.keys);
            scratch.each(
                criteria,
                options,
                id,
                criteria.must_match.group(id),
                |key| {
                    let cell = match keys.get(key) {
                        Some(cell) => *cell,
                        None => {
                            let cell = u32::try_from(keys.len() + 1).expect("bounded by SPREAD");
                            keys.insert(key.into(), cell);
                            largest.push(0);
                            cell
                        }
                    };
                    found.push(cell);
                },
            );
            for cell in &found {
                let largest: &mut u32 = &mut largest[*cell as usize];
                *largest = (*largest).max(pool.sizes[id as usize]);
            }
            index.cells.push(found.iter().copied());
        }
        let mut end = 0;
        for largest in largest {
            let start = end;
            end += largest + 1;
            index.lanes.push(start..end);
        }
        index.waiting = vec![0; end as usize];
        for id in 0..pool.len() {
            index.count(pool, id, |count| *count += 1);
        }
        index
    }

    /// Notes that a ticket was taken.
    pub(super) fn remove(&mut self, pool: &Pool, id: Id) {
        self.count(pool, id, |count| *count -= 1);
    }

    fn count(&mut self, pool: &Pool, id: Id, change: impl Fn(&mut u32)) {
        let size = pool.sizes[id as usize];
        for cell in self.cells.get(id) {
            let start = self.lanes[*cell as usize].start;
            change(&mut self.waiting[(start + size) as usize]);
        }
    }

    /// The rule that tickets are sorted by within a cell, if it is a rule.
    pub(super) fn rule(&self) -> Option<usize> {
        match self.axis {
            Axis::Distance(rule) => Some(rule),
            Axis::Latency | Axis::Age => None,
        }
    }

    /// The cells of a ticket, each once.
    pub(super) fn cells(&self, id: Id) -> &[Cell] {
        self.cells.get(id)
    }

    /// The cells in which a pivot's candidates are, each once; and whether a ticket can be in more
    /// than one of them.
    pub(super) fn cells_of(
        &mut self,
        criteria: &mut Criteria<'_>,
        pivot: Id,
        found: &mut Vec<Cell>,
    ) -> bool {
        found.clear();
        let group = criteria.must_match.group(pivot);
        let groups = criteria.must_match.compatible(group);
        let mut keys = 0;
        let (cells, scratch) = (&self.keys, &mut self.scratch);
        if groups.len() <= MOST_CELLS {
            for group in groups.iter() {
                scratch.each(criteria, &self.options, pivot, *group, |key| {
                    keys += 1;
                    if keys <= MOST_CELLS {
                        found.extend(cells.get(key));
                    }
                });
            }
        }
        if groups.len() > MOST_CELLS || keys > MOST_CELLS {
            found.clear();
            found.push(EVERYTHING);
            return false;
        }
        // Groups differ from cell to cell, so only values of options can lead to one ticket twice.
        keys > groups.len()
    }

    /// Waiting tickets of these cells by size, up to `most` players.
    pub(super) fn sizes(&self, cells: &[Cell], most: u32, counts: &mut Vec<u32>) {
        counts.clear();
        for cell in cells {
            for (size, lane) in (0..=most as usize).zip(self.lanes[*cell as usize].clone()) {
                if counts.len() <= size {
                    counts.resize(size + 1, 0);
                }
                counts[size] = counts[size].saturating_add(self.waiting[lane as usize]);
            }
        }
    }

    /// The lanes of these cells in which candidates of a pivot wait, of up to `most` players.
    pub(super) fn walks(
        &self,
        pool: &Pool,
        pivot: Id,
        cells: &[Cell],
        most: u32,
        walks: &mut Vec<Walk>,
    ) {
        walks.clear();
        let own = pool.sizes[pivot as usize];
        for cell in cells {
            let lanes = self.lanes[*cell as usize].clone();
            let is_own = self.cells.get(pivot).contains(cell);
            for (size, lane) in (0..=most).zip(lanes) {
                let unmet = self.waiting[lane as usize] - u32::from(is_own && size == own);
                if unmet > 0 {
                    walks.push(Walk {
                        lane,
                        size,
                        unmet,
                        half: false,
                    });
                }
            }
        }
    }

    /// The plane to walk for a pivot in its region, with the pivot's place on it, how far it looks,
    /// and what a distance costs at least.
    pub(super) fn plane(
        &mut self,
        pool: &Pool,
        criteria: &Criteria<'_>,
        pivot: &Pivot,
    ) -> &mut Plane {
        let region = match self.axis {
            Axis::Latency => pivot.region,
            Axis::Distance(_) | Axis::Age => None,
        };
        let (axis, cells, lanes) = (self.axis, &self.cells, &self.lanes);
        let regions = &criteria.regions;
        self.planes.entry(region).or_insert_with(|| {
            let place = |id| match (axis, region) {
                (Axis::Distance(rule), _) => Some(criteria.distances.value(id, rule)),
                (Axis::Latency, Some(region)) => {
                    let known = regions.fits_any(id) || regions.latency(id, region).is_some();
                    known.then(|| regions.excess(id, region) as f64)
                }
                (Axis::Latency, None) | (Axis::Age, _) => Some(0.0),
            };
            let lanes_of = |id: Id| {
                let size = pool.sizes[id as usize];
                let lane = move |cell: &Cell| lanes[*cell as usize].start + size;
                cells.get(id).iter().map(lane)
            };
            let gate = |id| Gate {
                reach: match axis {
                    Axis::Distance(rule) => criteria.distances.reach(id, rule),
                    Axis::Latency | Axis::Age => Reach::EVERYWHERE,
                },
                open: regions.open(id),
            };
            Plane::new(pool, lanes_of, self.waiting.len(), place, gate)
        })
    }

    /// How a pivot steps through a plane.
    pub(super) fn steps<'c>(&self, criteria: &'c Criteria<'c>, pivot: &Pivot) -> Steps<'c> {
        Steps {
            pivot: pivot.id,
            view: match self.axis {
                Axis::Distance(rule) => View::Distance(criteria.distances.window(pivot.id, rule)),
                Axis::Latency => View::Latency(&criteria.regions),
                Axis::Age => View::Age,
            },
            region: match pivot.region {
                Some(region) if !pivot.one_way => criteria.regions.bit(region),
                _ => 0,
            },
        }
    }
}

/// The axis that lets a search end soonest.
fn axis(pool: &Pool, criteria: &Criteria<'_>) -> Axis {
    match criteria.distances.most_selective(pool.len()) {
        Some(rule) => Axis::Distance(rule),
        None if criteria.regions.counts() => Axis::Latency,
        None => Axis::Age,
    }
}

/// The options to index: those that keep the number of cells of all tickets together in bounds.
fn indexed_options(pool: &Pool, criteria: &Criteria<'_>) -> Vec<usize> {
    let rows = pool.rows();
    let most = (rows as usize).saturating_mul(SPREAD).saturating_add(1024);
    let mut cells = vec![1_usize; rows as usize];
    let mut indexed = Vec::new();
    for option in criteria.options.keyed() {
        let with = |id: u32| {
            let parts = criteria.options.key_parts(option, id).len();
            cells[id as usize].saturating_mul(parts)
        };
        let next: Vec<usize> = (0..rows).map(with).collect();
        if next.iter().fold(0_usize, |sum, n| sum.saturating_add(*n)) <= most {
            cells = next;
            indexed.push(option);
        }
    }
    indexed
}

/// The keys of one ticket after another.
#[derive(Debug, Default)]
struct Keys {
    key: Vec<u32>,
    /// Which of its values each option is at.
    turns: Vec<usize>,
}

impl Keys {
    /// Calls back with every key that a ticket has if its group is `group`.
    fn each(
        &mut self,
        criteria: &Criteria<'_>,
        options: &[usize],
        id: Id,
        group: u32,
        mut with: impl FnMut(&[u32]),
    ) {
        let parts = |at: usize| criteria.options.key_parts(options[at], id);
        let Self { key, turns } = self;
        key.clear();
        key.push(group);
        key.extend((0..options.len()).map(|at| parts(at)[0]));
        turns.clear();
        turns.resize(options.len(), 0);
        loop {
            with(key);
            // The next combination, like counting.
            let Some(at) = (0..options.len()).find(|at| turns[*at] + 1 < parts(*at).len()) else {
                return;
            };
            for (at, turn) in turns.iter_mut().enumerate().take(at) {
                *turn = 0;
                key[at + 1] = parts(at)[0];
            }
            turns[at] += 1;
            key[at + 1] = parts(at)[turns[at]];
        }
    }
}
