//! Where to look for candidates: waiting tickets in cells, each in order of nearness.
//!
//! A **cell** holds the tickets that agree in everything that has to be equal: the must-match group
//! and the value of each indexed option. A ticket with several values of an `any` option is in a
//! cell for each. Within a cell tickets are sorted by the **axis**: the matching rule that tells most
//! of them apart. So a pivot asks a few cells, nearest tickets first.

mod plane;

use std::ops::Range;

use hashbrown::HashMap;

use super::intern::Lists;
use super::pair::Pivot;
use super::pool::{Id, Pool, Region};
use super::{AllianceRules, OptionKind};

use plane::Gate;
pub(super) use plane::{Plane, Rank, Steps, Walk};

/// The number of a cell.
pub(super) type Cell = u32;

/// Cells that one pivot asks; beyond that, walking all tickets costs less.
const MOST_CELLS: usize = 256;

/// The cell of all tickets.
const EVERYTHING: Cell = 0;

/// Cells for each ticket on average, beyond which an option is not indexed.
const SPREAD: usize = 4;

/// The value of an option that a ticket does not have.
const ABSENT: u32 = u32::MAX;

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
    pub(super) fn new(rules: &AllianceRules, pool: &Pool) -> Self {
        let mut index = Self {
            axis: axis(rules, pool),
            options: indexed_options(pool),
            keys: HashMap::new(),
            cells: Lists::default(),
            waiting: Vec::new(),
            lanes: Vec::new(),
            has_everything: false,
            planes: HashMap::new(),
            scratch: Keys::default(),
        };
        let keys_of = |id| {
            let many = |at: &usize| pool.options[*at].values(id).len().max(1);
            index
                .options
                .iter()
                .map(many)
                .fold(1, usize::saturating_mul)
        };
        let most = (0..pool.rows()).map(keys_of).max().unwrap_or(0);
        index.has_everything = most.saturating_mul(pool.groups.len()) > MOST_CELLS;
        let mut largest = vec![0; 1];
        let mut found = Vec::new();
        let mut scratch = Keys::default();
        for id in 0..pool.len() {
            found.clear();
            if index.has_everything {
                found.push(EVERYTHING);
            }
            let (options, keys) = (&index.options, &mut index.keys);
            scratch.each(pool, options, id, pool.groups.group(id), |key| {
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
            });
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
    pub(super) fn cells_of(&mut self, pool: &mut Pool, pivot: Id, found: &mut Vec<Cell>) -> bool {
        found.clear();
        let groups = pool.groups.compatible(pool.groups.group(pivot));
        let mut keys = 0;
        let (cells, scratch) = (&self.keys, &mut self.scratch);
        if groups.len() <= MOST_CELLS {
            for group in groups.iter() {
                scratch.each(pool, &self.options, pivot, *group, |key| {
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
    pub(super) fn plane(&mut self, pool: &Pool, pivot: &Pivot<'_>) -> &mut Plane {
        let region = match self.axis {
            Axis::Latency => pivot.region,
            Axis::Distance(_) | Axis::Age => None,
        };
        let (axis, cells, lanes) = (self.axis, &self.cells, &self.lanes);
        self.planes.entry(region).or_insert_with(|| {
            let place = |id| match (axis, region) {
                (Axis::Distance(rule), _) => Some(pool.means(id)[rule]),
                (Axis::Latency, Some(region)) => {
                    let known =
                        pool.regions.fits_any(id) || pool.regions.latency(id, region).is_some();
                    known.then(|| pool.regions.excess(id, region) as f64)
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
                    Axis::Distance(rule) => pool.references(id)[rule],
                    Axis::Latency | Axis::Age => f64::INFINITY,
                },
                open: pool.regions.open(id),
            };
            Plane::new(pool, lanes_of, self.waiting.len(), place, gate)
        })
    }

    /// How a pivot steps through a plane.
    pub(super) fn steps<'p>(&self, pool: &Pool, pivot: &'p Pivot<'_>) -> Steps<'p> {
        let (center, reach) = match self.axis {
            Axis::Distance(rule) => (pool.means(pivot.id)[rule], pool.references(pivot.id)[rule]),
            Axis::Latency | Axis::Age => (0.0, f64::INFINITY),
        };
        Steps {
            pivot,
            axis: self.axis,
            center,
            reach,
            region: match pivot.region {
                Some(region) if !pivot.one_way => pool.regions.bit(region),
                _ => 0,
            },
        }
    }
}

/// The axis that lets a search end soonest: of the rules that count in the score, the one whose
/// typical reference is smallest beside the spread of its values. A rule that measures nothing at
/// some age would order the candidates of pivots of that age by what does not count.
fn axis(rules: &AllianceRules, pool: &Pool) -> Axis {
    let weighs = |at: &usize| {
        let rule = &rules.distances[*at];
        let flexed = rule.flexing.iter().map(|flex| flex.reference);
        let mut references = flexed.chain([rule.reference]);
        rule.weight > 0.0 && references.all(|reference| reference.is_some())
    };
    let selective = (0..rules.distances.len())
        .filter(weighs)
        .min_by(|a, b| share(pool, *a).total_cmp(&share(pool, *b)));
    match selective {
        Some(rule) => Axis::Distance(rule),
        None if rules.regions.weight > 0.0 && rules.regions.max_ms.is_some() => Axis::Latency,
        None => Axis::Age,
    }
}

/// The mean reference of a rule beside the mean deviation of its values.
fn share(pool: &Pool, rule: usize) -> f64 {
    let count = f64::from(pool.len().max(1));
    let ids = || 0..pool.len();
    let mean = ids().map(|id| pool.means(id)[rule]).sum::<f64>() / count;
    let spread = ids()
        .map(|id| (pool.means(id)[rule] - mean).abs())
        .sum::<f64>()
        / count;
    let reach = ids()
        .map(|id| pool.references(id)[rule].min(1e12))
        .sum::<f64>()
        / count;
    reach / (spread + f64::MIN_POSITIVE)
}

/// The options to index: those that keep the number of cells of all tickets together in bounds.
fn indexed_options(pool: &Pool) -> Vec<usize> {
    let most = pool.sizes.len().saturating_mul(SPREAD).saturating_add(1024);
    let mut cells = vec![1_usize; pool.sizes.len()];
    let mut indexed = Vec::new();
    for (at, column) in pool.options.iter().enumerate() {
        match column.kind {
            _ if column.is_unused() => {}
            OptionKind::All => indexed.push(at),
            OptionKind::Any => {
                let with = |id: usize| {
                    let values = column.values(id as u32).len().max(1);
                    cells[id].saturating_mul(values)
                };
                let next: Vec<usize> = (0..cells.len()).map(with).collect();
                if next.iter().fold(0_usize, |sum, n| sum.saturating_add(*n)) <= most {
                    cells = next;
                    indexed.push(at);
                }
            }
            OptionKind::Unique | OptionKind::Disable => {}
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
        pool: &Pool,
        options: &[usize],
        id: Id,
        group: u32,
        mut with: impl FnMut(&[u32]),
    ) {
        let choices = |at: usize| {
            let column = &pool.options[options[at]];
            match column.kind {
                OptionKind::Any => column.values(id),
                _ => &[],
            }
        };
        let Self { key, turns } = self;
        key.clear();
        key.push(group);
        for (at, option) in options.iter().enumerate() {
            key.push(match pool.options[*option].kind {
                OptionKind::All => pool.options[*option].set(id),
                _ => choices(at).first().copied().unwrap_or(ABSENT),
            });
        }
        turns.clear();
        turns.resize(options.len(), 0);
        loop {
            with(key);
            // The next combination, like counting.
            let Some(at) = (0..options.len()).find(|at| turns[*at] + 1 < choices(*at).len()) else {
                return;
            };
            for (at, turn) in turns.iter_mut().enumerate().take(at) {
                *turn = 0;
                if let Some(first) = choices(at).first() {
                    key[at + 1] = *first;
                }
            }
            turns[at] += 1;
            key[at + 1] = choices(at)[turns[at]];
        }
    }
}
