//! Waiting tickets in the order in which a session takes them.
//!
//! Where a ticket that makes a match looks for the nearest in a cell of the [`Index`], a session also
//! wants no larger party than its seats, and of equal scores the lower latency in its region. So
//! tickets stand on **shelves**: one for each region, with those to whom it is open; one with those
//! who fit any region; and one with all, for sessions without a region. A shelf has a **bin** for
//! each cell and party size. In a bin, tickets of one place on the axis form a **run**, best first.

mod bins;

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::ops::Range;

use hashbrown::HashMap;

use crate::matching::alliance::criteria::Criteria;
use crate::matching::alliance::criteria::region::Region;
use crate::matching::alliance::index::{Cell, Index};
use crate::matching::alliance::pair::Pivot;
use crate::matching::alliance::pool::{Id, Pool};
use bins::{Bin, Entry, Shelf};

/// The order in which tickets join: by score, lower latency in the region, age.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rank {
    pub(super) score: f64,
    /// In ms; the largest number for a ticket that does not report the region.
    pub(super) latency: i64,
    pub(super) id: Id,
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = self.score.total_cmp(&other.score);
        by_score.then((self.latency, self.id).cmp(&(other.latency, other.id)))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Rank {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Rank {}

/// The latency of a ticket as it counts in the order.
pub(super) fn latency(criteria: &Criteria<'_>, id: Id, region: Option<Region>) -> i64 {
    let known = region.and_then(|region| criteria.regions.latency(id, region));
    known.unwrap_or(i64::MAX)
}

/// Who stands on a shelf, and whether by place on the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Label {
    who: Who,
    placed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Who {
    Everyone,
    Anywhere,
    Region(Region),
}

/// All shelves of a tick, each made when a session first asks for it.
#[derive(Debug)]
pub(super) struct Shelves {
    anywhere: Vec<Id>,
    regions: Vec<Vec<Id>>,
    labels: HashMap<Label, u32>,
    shelves: Vec<Shelf>,
    /// The walk under way.
    fronts: BinaryHeap<Reverse<Front>>,
}

/// What a session looks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'v> {
    pub(super) pivot: &'v Pivot,
    /// The rule on whose axis tickets stand.
    pub(super) rule: Option<usize>,
    /// The cells in which its tickets are.
    pub(super) cells: &'v [Cell],
    /// The largest party that it has room for.
    pub(super) most: u32,
}

/// Where a walk is in one bin, and the least rank that it can still meet there.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Front {
    rank: Rank,
    shelf: u32,
    ahead: Ahead,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ahead {
    /// A run that was not looked into yet; those behind it up to `end`.
    Right { run: u32, end: u32 },
    /// A run that was not looked into yet; those before it down to `end`.
    Left { run: u32, end: u32 },
    /// An entry whose ticket waits; those behind it in its run.
    Entry { at: u32, run: u32 },
}

impl Shelves {
    /// Sorts out who may play where. O(n r) for r regions reported by a ticket.
    pub(super) fn new(pool: &Pool, criteria: &Criteria<'_>) -> Self {
        let mut anywhere = Vec::new();
        let mut regions = vec![Vec::new(); criteria.regions.len() as usize];
        for id in 0..pool.len() {
            if criteria.regions.fits_any(id) {
                anywhere.push(id);
            }
            for region in criteria.regions.reported(id) {
                if criteria.regions.is_open(id, *region, false) {
                    regions[*region as usize].push(id);
                }
            }
        }
        Self {
            anywhere,
            regions,
            labels: HashMap::new(),
            shelves: Vec::new(),
            fronts: BinaryHeap::new(),
        }
    }

    /// Begins a walk from the session's mean outwards.
    pub(super) fn begin(
        &mut self,
        pool: &Pool,
        criteria: &Criteria<'_>,
        index: &Index,
        view: &View<'_>,
    ) {
        self.fronts.clear();
        let placed = view.pivot.measured && view.rule.is_some();
        let who = match view.pivot.region {
            Some(region) => [Some(Who::Anywhere), Some(Who::Region(region))],
            None => [Some(Who::Everyone), None],
        };
        for who in who.into_iter().flatten() {
            let number = self.shelf(pool, criteria, index, view, Label { who, placed });
            for cell in view.cells {
                let shelf = &self.shelves[number as usize];
                let Some(bins) = shelf.cells.get(cell) else {
                    continue;
                };
                for bin in bins.clone() {
                    let Bin { size, runs } = &self.shelves[number as usize].bins[bin as usize];
                    if *size > view.most {
                        break;
                    }
                    let Range { start, end } = runs.clone();
                    let places =
                        &self.shelves[number as usize].places[start as usize..end as usize];
                    let center = center(criteria, view);
                    let middle = start + places.partition_point(|place| *place < center) as u32;
                    self.open_right(pool, criteria, view, number, middle, end);
                    self.open_left(pool, criteria, view, number, middle, start);
                }
            }
        }
    }

    /// The least rank of all tickets that are still ahead.
    pub(super) fn ahead(&self) -> Option<Rank> {
        self.fronts.peek().map(|Reverse(front)| front.rank)
    }

    /// The next ticket of the walk. One with several values of an option may come more than once.
    pub(super) fn step(
        &mut self,
        pool: &Pool,
        criteria: &Criteria<'_>,
        view: &View<'_>,
    ) -> Option<Id> {
        loop {
            let Reverse(Front { rank, shelf, ahead }) = self.fronts.pop()?;
            match ahead {
                Ahead::Right { run, end } => {
                    self.look_into(pool, criteria, view, shelf, run);
                    self.open_right(pool, criteria, view, shelf, run + 1, end);
                }
                Ahead::Left { run, end } => {
                    self.look_into(pool, criteria, view, shelf, run);
                    self.open_left(pool, criteria, view, shelf, run, end);
                }
                Ahead::Entry { at, run } => {
                    self.enter(pool, criteria, view, shelf, at + 1, run);
                    return Some(rank.id);
                }
            }
        }
    }

    /// The number of a shelf. O(n log n) the first time.
    fn shelf(
        &mut self,
        pool: &Pool,
        criteria: &Criteria<'_>,
        index: &Index,
        view: &View<'_>,
        label: Label,
    ) -> u32 {
        if let Some(number) = self.labels.get(&label) {
            return *number;
        }
        let region = match label.who {
            Who::Region(region) => Some(region),
            Who::Everyone | Who::Anywhere => None,
        };
        let rule = view.rule.filter(|_| label.placed);
        let entry = |id: Id| {
            let excess = region.map_or(0, |region| criteria.regions.excess(id, region));
            Entry {
                id,
                size: pool.sizes[id as usize],
                // Adding zero makes -0 into 0: they are one place.
                place: rule.map_or(0.0, |rule| criteria.distances.value(id, rule) + 0.0),
                cost: criteria.regions.cost(excess),
                latency: latency(criteria, id, region),
            }
        };
        let shelf = match label.who {
            Who::Everyone => Shelf::new(pool, index, (0..pool.len()).map(entry)),
            Who::Anywhere => Shelf::new(pool, index, self.anywhere.iter().copied().map(entry)),
            Who::Region(region) => {
                let ids = self.regions[region as usize].iter().copied();
                Shelf::new(pool, index, ids.map(entry))
            }
        };
        let number = self.shelves.len() as u32;
        self.shelves.push(shelf);
        self.labels.insert(label, number);
        number
    }

    /// Puts the first run from `from` on, before `end`, to the fronts.
    fn open_right(
        &mut self,
        pool: &Pool,
        criteria: &Criteria<'_>,
        view: &View<'_>,
        shelf: u32,
        from: u32,
        end: u32,
    ) {
        if let Some(run) = self.shelves[shelf as usize].run_from(pool, from, end) {
            self.open(pool, criteria, view, shelf, run, Ahead::Right { run, end });
        }
    }

    /// Puts the last run before `before`, from `end` on, to the fronts.
    fn open_left(
        &mut self,
        pool: &Pool,
        criteria: &Criteria<'_>,
        view: &View<'_>,
        shelf: u32,
        before: u32,
        end: u32,
    ) {
        if let Some(run) = self.shelves[shelf as usize].run_before(pool, before, end) {
            self.open(pool, criteria, view, shelf, run, Ahead::Left { run, end });
        }
    }

    fn open(
        &mut self,
        pool: &Pool,
        criteria: &Criteria<'_>,
        view: &View<'_>,
        shelf: u32,
        run: u32,
        ahead: Ahead,
    ) {
        if let Some(score) = self.score(criteria, view, shelf, run) {
            let rank = Rank {
                score,
                latency: i64::MIN,
                id: 0,
            };
            self.fronts.push(Reverse(Front { rank, shelf, ahead }));
        }
    }

    /// What the place of a run scores; `None` if it is out of reach.
    fn score(&self, criteria: &Criteria<'_>, view: &View<'_>, shelf: u32, run: u32) -> Option<f64> {
        let Some(rule) = view.rule.filter(|_| view.pivot.measured) else {
            return Some(0.0);
        };
        let place = self.shelves[shelf as usize].places[run as usize];
        let window = criteria.distances.window(view.pivot.id, rule);
        window.accepts(place).then(|| window.cost(place))
    }

    /// Puts the first ticket of a run to the fronts.
    fn look_into(
        &mut self,
        pool: &Pool,
        criteria: &Criteria<'_>,
        view: &View<'_>,
        shelf: u32,
        run: u32,
    ) {
        let at = self.shelves[shelf as usize].runs[run as usize];
        self.enter(pool, criteria, view, shelf, at, run);
    }

    /// Puts the first ticket of a run, from an entry on, to the fronts.
    fn enter(
        &mut self,
        pool: &Pool,
        criteria: &Criteria<'_>,
        view: &View<'_>,
        number: u32,
        from: u32,
        run: u32,
    ) {
        let shelf = &mut self.shelves[number as usize];
        let end = shelf.runs[run as usize + 1];
        let Some(at) = shelf.entry_from(pool, from, end) else {
            return;
        };
        let (cost, latency) = shelf.costs[at as usize];
        let id = shelf.ids[at as usize];
        if let Some(score) = self.score(criteria, view, number, run) {
            let rank = Rank {
                score: score + cost,
                latency,
                id,
            };
            let ahead = Ahead::Entry { at, run };
            self.fronts.push(Reverse(Front {
                rank,
                shelf: number,
                ahead,
            }));
        }
    }
}

/// The session's own place on the axis.
fn center(criteria: &Criteria<'_>, view: &View<'_>) -> f64 {
    let rule = view.rule.filter(|_| view.pivot.measured);
    rule.map_or(0.0, |rule| criteria.distances.value(view.pivot.id, rule))
}
