//! The tickets of all cells in order, and the walk from a pivot outwards.
//!
//! A **lane** holds the tickets of one size in one cell, so that a walk can leave out sizes.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::matching::alliance::criteria::distance::{Reach, Window};
use crate::matching::alliance::criteria::region::Regions;
use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::alliance::search::Spare;

/// Closed entries that a walker passes over in one step, so that no lane is searched to its end while
/// another has somebody near.
const LOOK_AHEAD: u32 = 32;

/// The number of a lane.
pub(in crate::matching::alliance) type Lane = u32;

/// Tickets by lane, then place on the axis, then age.
#[derive(Debug)]
pub(in crate::matching::alliance) struct Plane {
    ids: Vec<Id>,
    places: Vec<f64>,
    gates: Vec<Gate>,
    /// For an entry whose ticket is taken: where the next one to the right may wait.
    right: Vec<u32>,
    /// The same to the left: one more than the entry to look at.
    left: Vec<u32>,
    /// Where the entries of the same lane and place begin.
    runs: Vec<u32>,
    /// Where the entries of each lane begin; one more at the end.
    starts: Vec<u32>,
    fronts: BinaryHeap<Reverse<Front>>,
    /// Fronts of sizes that are closed.
    parked: Vec<Front>,
    walkers: Vec<Walker>,
    walks: Vec<Walk>,
    passed: Passed,
}

/// What an entry's ticket asks of pivots, beside the entry so that most of those who fail cost no
/// look elsewhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gate {
    /// How far it looks on the axis.
    pub(super) reach: Reach,
    /// The regions that are open to it as bits; all of them where they are not known as bits.
    pub(super) open: u64,
}

/// Players of the entries that a walk passed over.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::matching::alliance) struct Passed {
    /// Too far by their own reference.
    pub(in crate::matching::alliance) distance: u64,
    /// The pivot's region is not open to them.
    pub(in crate::matching::alliance) region: u64,
    /// How many entries.
    pub(in crate::matching::alliance) entries: u64,
}

/// A lane to walk.
#[derive(Debug, Clone, Copy)]
pub(in crate::matching::alliance) struct Walk {
    pub(in crate::matching::alliance) lane: Lane,
    /// Players of each of its tickets.
    pub(in crate::matching::alliance) size: u32,
    /// Candidates in it that wait and were not yet met.
    pub(in crate::matching::alliance) unmet: u32,
    /// Whether the walk has come to an end in one direction.
    pub(in crate::matching::alliance) half: bool,
}

/// How a pivot steps through a plane.
#[derive(Debug, Clone, Copy)]
pub(in crate::matching::alliance) struct Steps<'c> {
    pub(super) pivot: Id,
    pub(super) view: View<'c>,
    /// The pivot's region as a bit; 0 if entries are not asked for theirs.
    pub(super) region: u64,
}

/// How a pivot looks along the axis.
#[derive(Debug, Clone, Copy)]
pub(super) enum View<'c> {
    Distance(Window<'c>),
    Latency(&'c Regions),
    Age,
}

/// A score, or a bound of scores, with the age that breaks ties.
#[derive(Debug, Clone, Copy)]
pub(in crate::matching::alliance) struct Rank {
    pub(in crate::matching::alliance) score: f64,
    pub(in crate::matching::alliance) id: Id,
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = self.score.total_cmp(&other.score);
        by_score.then(self.id.cmp(&other.id))
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

/// The next entry of a walker, and the least that it can score.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Front {
    rank: Rank,
    walker: u32,
}

/// One direction in one lane.
#[derive(Debug, Clone, Copy)]
struct Walker {
    /// Which of the walks.
    walk: u32,
    /// The entry to look at next.
    next: u32,
    /// One more than the last entry to look at before turning to the next run.
    end: u32,
    /// Leftwards: where the lane begins and the current run, whose entries still go from old to
    /// young, so to the right.
    leftwards: Option<Leftwards>,
}

#[derive(Debug, Clone, Copy)]
struct Leftwards {
    lane: u32,
    run: u32,
}

impl View<'_> {
    fn center(&self) -> f64 {
        match self {
            Self::Distance(window) => window.center(),
            Self::Latency(_) | Self::Age => 0.0,
        }
    }

    /// Whether the pivot accepts a place, and whether a ticket there accepts the pivot.
    fn accepts(&self, place: f64) -> bool {
        match self {
            Self::Distance(window) => window.accepts(place),
            Self::Latency(_) | Self::Age => true,
        }
    }

    fn is_accepted(&self, back: Reach, place: f64) -> bool {
        match self {
            Self::Distance(window) => window.is_accepted(back, place),
            Self::Latency(_) | Self::Age => true,
        }
    }

    /// The least that a candidate at this place scores.
    fn least(&self, place: f64) -> f64 {
        match self {
            Self::Distance(window) => window.cost(place),
            Self::Latency(regions) => regions.cost(place as i64),
            Self::Age => 0.0,
        }
    }
}

impl Plane {
    /// Sorts tickets by lane and `place`; those that have none are left out.
    pub(super) fn new<'l, L>(
        pool: &Pool,
        lanes: impl Fn(Id) -> L,
        count: usize,
        place: impl Fn(Id) -> Option<f64>,
        gate: impl Fn(Id) -> Gate,
    ) -> Self
    where
        L: Iterator<Item = Lane> + 'l,
    {
        let mut entries: Vec<(Lane, f64, Id)> = Vec::with_capacity(pool.sizes.len() * 2);
        for id in (0..pool.len()).filter(|id| pool.waits(*id)) {
            if let Some(place) = place(id) {
                // Adding zero makes -0 into 0: they are one place.
                entries.extend(lanes(id).map(|lane| (lane, place + 0.0, id)));
            }
        }
        entries
            .sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
        let len = u32::try_from(entries.len()).expect("bounded by SPREAD");
        let mut plane = Self {
            ids: entries.iter().map(|entry| entry.2).collect(),
            places: entries.iter().map(|entry| entry.1).collect(),
            gates: entries.iter().map(|entry| gate(entry.2)).collect(),
            right: (1..=len).collect(),
            left: (0..len).collect(),
            runs: Vec::with_capacity(entries.len()),
            starts: Vec::with_capacity(count + 1),
            fronts: BinaryHeap::new(),
            parked: Vec::new(),
            walkers: Vec::new(),
            walks: Vec::new(),
            passed: Passed::default(),
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
        for lane in 0..count {
            plane.starts.push(at as u32);
            while entries
                .get(at)
                .is_some_and(|entry| entry.0 as usize == lane)
            {
                at += 1;
            }
        }
        plane.starts.push(len);
        plane
    }

    /// Begins a walk through these lanes. Who is out of reach is lost to `spare` as soon as the walk
    /// knows.
    pub(in crate::matching::alliance) fn begin(
        &mut self,
        pool: &Pool,
        walks: &[Walk],
        steps: &Steps<'_>,
        spare: &mut Spare,
    ) {
        self.fronts.clear();
        self.parked.clear();
        self.walkers.clear();
        self.walks.clear();
        self.walks.extend(walks);
        self.passed = Passed::default();
        let center = steps.view.center();
        for (walk, Walk { lane, .. }) in (0..).zip(walks) {
            let start = self.starts[*lane as usize];
            let end = self.starts[*lane as usize + 1];
            let places = &self.places[start as usize..end as usize];
            let middle = start + places.partition_point(|place| *place < center) as u32;
            let rightwards = Walker {
                walk,
                next: middle,
                end,
                leftwards: None,
            };
            let leftwards = Walker {
                end: middle,
                leftwards: Some(Leftwards {
                    lane: start,
                    run: middle,
                }),
                ..rightwards
            };
            for walker in [rightwards, leftwards] {
                self.walkers.push(walker);
                self.advance(pool, steps, spare, self.walkers.len() as u32 - 1);
            }
        }
    }

    /// The least rank of all tickets of open sizes that are still ahead.
    pub(in crate::matching::alliance) fn ahead(&mut self, spare: &Spare) -> Option<Rank> {
        while let Some(Reverse(front)) = self.fronts.peek() {
            let walk = self.walkers[front.walker as usize].walk;
            if spare.is_open(self.walks[walk as usize].size) {
                return Some(front.rank);
            }
            let front = self.fronts.pop().map(|Reverse(front)| front);
            self.parked.extend(front);
        }
        None
    }

    /// The next ticket of the walk, never the pivot: the one [`ahead`](Plane::ahead).
    pub(in crate::matching::alliance) fn step(
        &mut self,
        pool: &Pool,
        steps: &Steps<'_>,
        spare: &mut Spare,
    ) -> Option<Id> {
        let Reverse(front) = self.fronts.pop()?;
        let walk = self.walkers[front.walker as usize].walk;
        self.walks[walk as usize].unmet -= 1;
        self.advance(pool, steps, spare, front.walker);
        Some(front.rank.id)
    }

    /// Walks on where sizes were closed.
    pub(in crate::matching::alliance) fn resume(&mut self) {
        self.fronts.extend(self.parked.drain(..).map(Reverse));
    }

    /// For each lane, the size of its tickets and how many may still be met.
    pub(in crate::matching::alliance) fn unmet(&self) -> impl Iterator<Item = (u32, u32)> {
        self.walks.iter().map(|walk| (walk.size, walk.unmet))
    }

    /// What the walk passed over so far.
    pub(in crate::matching::alliance) fn passed(&self) -> Passed {
        self.passed
    }

    /// Puts the next entry of a walker to the others.
    fn advance(&mut self, pool: &Pool, steps: &Steps<'_>, spare: &mut Spare, number: u32) {
        let (number_of_walk, passed) = (self.walkers[number as usize].walk, self.passed.entries);
        let goes_on = self.go_on(pool, steps, number);
        let walk = &mut self.walks[number_of_walk as usize];
        let passed = (self.passed.entries - passed) as u32;
        if passed > 0 {
            walk.unmet -= passed;
            spare.lose(walk.size, passed);
        }
        if !goes_on {
            if walk.half {
                spare.lose(walk.size, walk.unmet);
                walk.unmet = 0;
            }
            walk.half = true;
        }
    }

    /// Whether there was a next entry in reach.
    fn go_on(&mut self, pool: &Pool, steps: &Steps<'_>, number: u32) -> bool {
        let mut walker = self.walkers[number as usize];
        let size = u64::from(self.walks[walker.walk as usize].size);
        let most = self.passed.entries + u64::from(LOOK_AHEAD);
        let (at, place) = loop {
            match self.waiting_right(pool, walker.next, walker.end) {
                Some(at) if self.ids[at as usize] == steps.pivot => walker.next = at + 1,
                Some(at) => {
                    let place = self.places[at as usize];
                    if !steps.view.accepts(place) {
                        return false;
                    }
                    let gate = self.gates[at as usize];
                    let lost = if !steps.view.is_accepted(gate.reach, place) {
                        &mut self.passed.distance
                    } else if steps.region & gate.open != steps.region {
                        &mut self.passed.region
                    } else {
                        break (at, place);
                    };
                    if self.passed.entries == most {
                        break (at, place);
                    }
                    *lost += size;
                    self.passed.entries += 1;
                    walker.next = at + 1;
                }
                None => {
                    let Some(Leftwards { lane, run }) = walker.leftwards else {
                        return false;
                    };
                    let Some(last) = self.waiting_left(pool, run, lane) else {
                        return false;
                    };
                    let run = self.runs[last as usize];
                    walker.next = run;
                    walker.end = last + 1;
                    walker.leftwards = Some(Leftwards { lane, run });
                }
            }
        };
        walker.next = at + 1;
        self.walkers[number as usize] = walker;
        let rank = Rank {
            score: steps.view.least(place),
            id: self.ids[at as usize],
        };
        self.fronts.push(Reverse(Front {
            rank,
            walker: number,
        }));
        true
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
