//! From a pivot outwards through waiting tickets, nearest first.
//!
//! A pivot that looks for its match and a session that looks for players walk alike. The words:
//!
//! - a **lane** holds the tickets of one kind of party in one cell, so that a walk can leave out kinds;
//! - a ticket's **place** in its lane is its value on the axis of the [index](super::index);
//! - a **run** is the entries of a lane at one place;
//! - a **section** is all that stands in order together: every ticket, or those of one region;
//! - the **plane** is the data, all sections that were asked for so far;
//! - a **cursor** goes through a lane in one direction, and its **front** is its next entry.
//!
//! The walk merges the fronts of all cursors by the least rank that each can still meet. It may do so
//! because neither direction of a lane ever comes back to a lower score.

mod links;
mod plane;
mod view;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::kinds::PartyKind;
use super::pool::{Id, Pool};
pub(super) use plane::{Cost, Demand, Lane, Plane, Section};
use view::Refusal;
pub(super) use view::{Measure, Rank, View};

/// Tickets that refuse the pivot, and that a cursor passes over in one step; so no lane is searched to
/// its end while another has one near that may join.
const LOOK_AHEAD: u32 = 32;

/// A lane to walk.
#[derive(Debug, Clone, Copy)]
pub(super) struct LaneToWalk {
    pub(super) lane: Lane,
    pub(super) kind: PartyKind,
    /// Players of each of its tickets.
    pub(super) players: u32,
    /// Candidates in it that wait.
    pub(super) waiting: u32,
}

/// Where a walk is. It can be used for one walk after the other.
#[derive(Debug, Default)]
pub(super) struct Walk {
    fronts: BinaryHeap<Reverse<Front>>,
    /// Fronts of kinds that are closed.
    parked: Vec<Front>,
    cursors: Vec<Cursor>,
    lanes: Vec<LaneInWalk>,
    passed: Passed,
}

/// What a step of a walk came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) ticket: Id,
    /// How many tickets of the same kind the walk now knows that it will not meet.
    pub(super) passed: u32,
}

/// Players of the tickets that a walk passed over.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Passed {
    /// Too far by their own reference.
    pub(super) distance: u64,
    /// The pivot's region is not open to them.
    pub(super) region: u64,
    /// How many tickets.
    pub(super) tickets: u64,
}

#[derive(Debug, Clone, Copy)]
struct LaneInWalk {
    kind: PartyKind,
    players: u32,
    /// Tickets that may still be met.
    unmet: u32,
    /// Cursors that have not come to their end.
    cursors: u32,
}

/// The next entry of a cursor, as the least rank that the cursor can still meet.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Front {
    rank: Rank,
    cursor: u32,
}

#[derive(Debug, Clone, Copy)]
struct Cursor {
    /// Which of the lanes of this walk.
    lane: u32,
    /// The entry to look at next; once there is a front, one more than the front's.
    next: u32,
    /// One more than the last entry to look at before turning to the next run.
    end: u32,
    course: Course,
}

#[derive(Debug, Clone, Copy)]
enum Course {
    /// To the end of the lane.
    Right,
    /// To the beginning of the lane, run by run: within one it still goes from the first entry to the
    /// last.
    Left { lane_start: u32, run_start: u32 },
    /// To the end of a run.
    Run,
}

impl Walk {
    /// Begins a walk without lanes.
    pub(super) fn begin(&mut self) {
        self.fronts.clear();
        self.parked.clear();
        self.cursors.clear();
        self.lanes.clear();
        self.passed = Passed::default();
    }

    /// Adds a lane. Returns how many of its tickets the walk knows that it will not meet.
    pub(super) fn enter(
        &mut self,
        plane: &mut Plane,
        pool: &Pool,
        view: &View<'_>,
        section: Section,
        lane: LaneToWalk,
    ) -> u32 {
        let entries = plane.lane(section, lane.lane);
        let middle = plane.middle(&entries, view.center());
        let number = self.lanes.len() as u32;
        self.lanes.push(LaneInWalk {
            kind: lane.kind,
            players: lane.players,
            unmet: lane.waiting,
            cursors: 0,
        });
        let right = Cursor {
            lane: number,
            next: middle,
            end: entries.end,
            course: Course::Right,
        };
        let left = Cursor {
            end: middle,
            course: Course::Left {
                lane_start: entries.start,
                run_start: middle,
            },
            ..right
        };
        self.lanes[number as usize].cursors = 2;
        self.cursors.extend([right, left]);
        let first = self.cursors.len() as u32 - 2;
        self.advance(plane, pool, view, first) + self.advance(plane, pool, view, first + 1)
    }

    /// The least rank of all tickets of open kinds that are still ahead.
    pub(super) fn ahead(&mut self, is_open: impl Fn(PartyKind) -> bool) -> Option<Rank> {
        while let Some(Reverse(front)) = self.fronts.peek() {
            let lane = self.cursors[front.cursor as usize].lane;
            if is_open(self.lanes[lane as usize].kind) {
                return Some(front.rank);
            }
            let front = self.fronts.pop().map(|Reverse(front)| front);
            self.parked.extend(front);
        }
        None
    }

    /// The next ticket, never the pivot. One that is in several lanes may come more than once.
    pub(super) fn step(&mut self, plane: &mut Plane, pool: &Pool, view: &View<'_>) -> Option<Step> {
        loop {
            let Reverse(front) = self.fronts.pop()?;
            let cursor = self.cursors[front.cursor as usize];
            if plane.has_costs() && !matches!(cursor.course, Course::Run) {
                self.enter_run(plane, pool, view, front.cursor);
                continue;
            }
            self.lanes[cursor.lane as usize].unmet -= 1;
            let passed = self.advance(plane, pool, view, front.cursor);
            let next = self.fronts.peek().map(|Reverse(next)| next.rank.score);
            debug_assert!(
                next.is_none_or(|score| score >= front.rank.score),
                "a cursor came back to a lower score: tickets would be met out of order"
            );
            let ticket = front.rank.id;
            return Some(Step { ticket, passed });
        }
    }

    /// Walks on where kinds were closed.
    pub(super) fn reopen(&mut self) {
        self.fronts.extend(self.parked.drain(..).map(Reverse));
    }

    /// For each lane, the kind of its tickets, the players of each, and how many may still be met.
    pub(super) fn unmet(&self) -> impl Iterator<Item = (PartyKind, u32, u32)> {
        let lanes = self.lanes.iter();
        lanes.map(|lane| (lane.kind, lane.players, lane.unmet))
    }

    /// What the walk passed over so far.
    pub(super) fn passed(&self) -> Passed {
        self.passed
    }

    /// Gives the run of a cursor's front a cursor of its own; the other goes on behind it. Where the
    /// tickets of a run cost differently, those of the next run may come before its last.
    fn enter_run(&mut self, plane: &mut Plane, pool: &Pool, view: &View<'_>, number: u32) {
        let cursor = &mut self.cursors[number as usize];
        let first = cursor.next - 1;
        let end = plane.run(first).end;
        let run = Cursor {
            next: first,
            end,
            course: Course::Run,
            ..*cursor
        };
        cursor.next = end;
        self.lanes[cursor.lane as usize].cursors += 1;
        self.cursors.push(run);
        self.advance(plane, pool, view, self.cursors.len() as u32 - 1);
        self.advance(plane, pool, view, number);
    }

    /// Puts the next entry of a cursor to the fronts. Returns how many tickets of its lane it now knows
    /// that it will not meet.
    fn advance(&mut self, plane: &mut Plane, pool: &Pool, view: &View<'_>, number: u32) -> u32 {
        let passed_before = self.passed.tickets;
        let goes_on = self.go_on(plane, pool, view, number);
        let lane = &mut self.lanes[self.cursors[number as usize].lane as usize];
        let passed = (self.passed.tickets - passed_before) as u32;
        lane.unmet -= passed;
        if goes_on {
            return passed;
        }
        lane.cursors -= 1;
        if lane.cursors > 0 {
            return passed;
        }
        // Those that are left are out of the pivot's reach, or not in this section.
        passed + std::mem::take(&mut lane.unmet)
    }

    /// Whether there was a next entry in reach.
    fn go_on(&mut self, plane: &mut Plane, pool: &Pool, view: &View<'_>, number: u32) -> bool {
        let mut cursor = self.cursors[number as usize];
        let players = u64::from(self.lanes[cursor.lane as usize].players);
        let last = self.passed.tickets + u64::from(LOOK_AHEAD);
        let (at, place) = loop {
            let Some(at) = plane.next_from(pool, cursor.next, cursor.end) else {
                let Course::Left {
                    lane_start,
                    run_start,
                } = cursor.course
                else {
                    return false;
                };
                let Some(last) = plane.last_before(pool, run_start, lane_start) else {
                    return false;
                };
                let run_start = plane.run(last).start;
                cursor.next = run_start;
                cursor.end = last + 1;
                cursor.course = Course::Left {
                    lane_start,
                    run_start,
                };
                continue;
            };
            cursor.next = at + 1;
            if plane.id(at) == view.pivot {
                continue;
            }
            let place = plane.place(at);
            if !view.accepts(place) {
                // The others of this direction are not nearer.
                return false;
            }
            let refusal = plane
                .demand(at)
                .and_then(|demand| view.refusal(demand, place));
            let lost = match refusal {
                Some(_) if self.passed.tickets == last => break (at, place),
                Some(Refusal::Distance) => &mut self.passed.distance,
                Some(Refusal::Region) => &mut self.passed.region,
                None => break (at, place),
            };
            // Passing it over is right: the test of the pair would fail for the same reason.
            *lost += players;
            self.passed.tickets += 1;
        };
        self.cursors[number as usize] = cursor;
        let mut rank = Rank {
            score: view.least(place),
            tie: 0,
            id: plane.id(at),
        };
        if let Some(cost) = plane.cost(at) {
            rank = match cursor.course {
                Course::Run => Rank {
                    score: rank.score + cost.score,
                    tie: cost.tie,
                    ..rank
                },
                // Below all tickets of the run, so that it is entered before any of them is due.
                Course::Right | Course::Left { .. } => Rank {
                    tie: i64::MIN,
                    id: 0,
                    ..rank
                },
            };
        }
        self.fronts.push(Reverse(Front {
            rank,
            cursor: number,
        }));
        true
    }
}
