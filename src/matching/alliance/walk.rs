//! From a pivot outwards through waiting tickets, nearest first.
//!
//! A pivot that looks for its match and a session that looks for players walk alike. The words:
//!
//! - a **lane** holds the tickets of one group of kinds of party in one cell, so that a walk can leave out
//!   groups;
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
mod rank;
#[cfg(test)]
mod tests;
mod view;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use super::kinds::KindGroup;
use super::pool::{Id, Pool};
pub(super) use plane::{Demand, Lane, Plane, Section};
pub(super) use rank::Rank;
use view::Refusal;
pub(super) use view::{Scale, View};

/// Tickets that refuse the pivot, and that a cursor passes over in one step; so no lane is searched to
/// its end while another has one near that may join.
const LOOK_AHEAD: u32 = 32;

/// A lane to walk.
#[derive(Debug, Clone, Copy)]
pub(super) struct LaneToWalk {
    pub(super) lane: Lane,
    pub(super) group: KindGroup,
    /// Players of each of its tickets.
    pub(super) players: u32,
    /// Candidates in it that wait.
    pub(super) waiting: u32,
}

/// Where a walk is. It can be used for one walk after the other.
#[derive(Debug, Default)]
pub(super) struct Walk {
    fronts: BinaryHeap<Reverse<Front>>,
    /// Fronts of groups that are closed.
    parked: Vec<Front>,
    cursors: Vec<Cursor>,
    lanes: Vec<LaneInWalk>,
    passed: Passed,
}

/// What a step of a walk came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) ticket: Id,
    /// Which of the lanes that were entered it is in.
    pub(super) lane: u32,
    /// How many tickets of the lane the walk now knows that it will not meet.
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
    group: KindGroup,
    players: u32,
    /// Tickets that may still be met.
    unmet: u32,
    /// Cursors that have not come to their end.
    cursors: u32,
}

/// The next entry of a cursor, as the least rank that the cursor can still meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Front {
    rank: Rank,
    cursor: u32,
}

#[derive(Debug, Clone, Copy)]
struct Cursor {
    /// Which of the lanes of this walk.
    lane: u32,
    /// The entry to look at next: one more than that of the front, once there is one.
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

    /// Adds a lane, in all of its sections. Returns how many of its tickets the walk knows that it will
    /// not meet.
    pub(super) fn enter(
        &mut self,
        plane: &mut Plane,
        pool: &Pool,
        view: &View<'_>,
        sections: &[Section],
        lane: LaneToWalk,
    ) -> u32 {
        let number = self.lanes.len();
        self.lanes.push(LaneInWalk {
            group: lane.group,
            players: lane.players,
            unmet: lane.waiting,
            cursors: 0,
        });
        let passed_before = self.passed.tickets;
        for section in sections {
            self.enter_section(plane, pool, view, *section, lane);
        }
        let passed = self.passed.tickets - passed_before;
        self.lanes[number].lose(passed as u32)
    }

    /// Adds cursors in both directions of the lane that was added last.
    fn enter_section(
        &mut self,
        plane: &mut Plane,
        pool: &Pool,
        view: &View<'_>,
        section: Section,
        lane: LaneToWalk,
    ) {
        let entries = plane.lane(section, lane.lane);
        let middle = plane.middle(&entries, view.center());
        let right = Cursor {
            lane: self.lanes.len() as u32 - 1,
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
        // Where the nearest place of a direction is not accepted, none of it is, whether tickets wait
        // there or not.
        let accepts = |at: u32| view.accepts(plane.entry(at).place);
        let goes_right = middle < entries.end && accepts(middle);
        let goes_left = middle > entries.start && accepts(middle - 1);
        for (goes, mut cursor) in [(goes_right, right), (goes_left, left)] {
            if goes
                && let Some(rank) = cursor.go_on(plane, pool, view, lane.players, &mut self.passed)
            {
                self.add(cursor, rank);
            }
        }
    }

    /// The least rank of all tickets of open groups that are still ahead.
    pub(super) fn ahead(&mut self, mut is_open: impl FnMut(KindGroup) -> bool) -> Option<Rank> {
        while let Some(Reverse(front)) = self.fronts.peek() {
            let lane = self.cursors[front.cursor as usize].lane;
            if is_open(self.lanes[lane as usize].group) {
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
            let mut front = self.fronts.peek_mut()?;
            let Reverse(Front { rank, cursor }) = *front;
            let cursor = &mut self.cursors[cursor as usize];
            let number = cursor.lane;
            let lane = &mut self.lanes[number as usize];
            // Where the tickets of a run cost differently, those of the next run may come before its
            // last: then the run goes on as a cursor of its own, and this one behind it.
            let mut run = None;
            if plane.has_costs() && !matches!(cursor.course, Course::Run) {
                let first = cursor.next - 1;
                let end = plane.run(first).end;
                let course = Course::Run;
                run = Some((
                    Cursor {
                        end,
                        course,
                        ..*cursor
                    },
                    course.rank(plane, view, first),
                ));
                cursor.next = end;
            } else {
                lane.unmet -= 1;
            }
            let passed_before = self.passed.tickets;
            match cursor.go_on(plane, pool, view, lane.players, &mut self.passed) {
                Some(next) => {
                    debug_assert!(
                        next.score >= rank.score,
                        "a cursor came back to a lower score: tickets would be met out of order"
                    );
                    front.0.rank = next;
                    drop(front);
                }
                None => {
                    PeekMut::pop(front);
                    lane.cursors -= 1;
                }
            }
            let Some((cursor, first)) = run else {
                let passed = (self.passed.tickets - passed_before) as u32;
                return Some(Step {
                    ticket: rank.id,
                    lane: number,
                    passed: lane.lose(passed),
                });
            };
            self.add(cursor, first);
        }
    }

    /// Walks on where groups were closed.
    pub(super) fn reopen(&mut self) {
        self.fronts.extend(self.parked.drain(..).map(Reverse));
    }

    /// For each lane that was entered, in that order, the players of each of its tickets, and how many
    /// may still be met.
    pub(super) fn unmet(&self) -> impl Iterator<Item = (u32, u32)> {
        let lanes = self.lanes.iter();
        lanes.map(|lane| (lane.players, lane.unmet))
    }

    /// How many tickets of a lane may still be met; lanes are numbered as they were entered.
    pub(super) fn unmet_in(&self, lane: usize) -> u32 {
        self.lanes[lane].unmet
    }

    /// What the walk passed over so far.
    pub(super) fn passed(&self) -> Passed {
        self.passed
    }

    fn add(&mut self, cursor: Cursor, rank: Rank) {
        self.lanes[cursor.lane as usize].cursors += 1;
        self.fronts.push(Reverse(Front {
            rank,
            cursor: self.cursors.len() as u32,
        }));
        self.cursors.push(cursor);
    }
}

impl LaneInWalk {
    /// Notes that so many tickets were passed over. Returns how many more the walk now knows that it
    /// will not meet: these, and once no cursor is left, all.
    fn lose(&mut self, passed: u32) -> u32 {
        self.unmet -= passed;
        match self.cursors {
            // What is left is out of the pivot's reach, or not in this section.
            0 => passed + std::mem::take(&mut self.unmet),
            _ => passed,
        }
    }
}

impl Cursor {
    /// Goes to the next entry in reach. Returns its rank.
    fn go_on(
        &mut self,
        plane: &mut Plane,
        pool: &Pool,
        view: &View<'_>,
        players: u32,
        passed: &mut Passed,
    ) -> Option<Rank> {
        let last = passed.tickets + u64::from(LOOK_AHEAD);
        loop {
            let Some(at) = plane.next_from(pool, self.next, self.end) else {
                if self.turn(plane, pool) {
                    continue;
                }
                return None;
            };
            self.next = at + 1;
            let entry = plane.entry(at);
            if entry.id == view.pivot {
                continue;
            }
            if !view.accepts(entry.place) {
                // The others of this direction are not nearer.
                return None;
            }
            let lost = match view.refusal(entry) {
                Some(Refusal::Distance) if passed.tickets < last => &mut passed.distance,
                Some(Refusal::Region) if passed.tickets < last => &mut passed.region,
                _ => return Some(self.course.rank(plane, view, at)),
            };
            // Passing it over is right: what it asks on the axis and of the region, the test of the pair
            // would ask as well.
            *lost += u64::from(players);
            passed.tickets += 1;
        }
    }

    /// Turns to the next run on the left. Whether there is one with a ticket that waits.
    // Not inlined, like the loops of the links.
    #[inline(never)]
    fn turn(&mut self, plane: &mut Plane, pool: &Pool) -> bool {
        let Course::Left {
            lane_start,
            run_start,
        } = self.course
        else {
            return false;
        };
        let Some(last) = plane.last_before(pool, run_start, lane_start) else {
            return false;
        };
        let run_start = plane.run(last).start;
        self.next = run_start;
        self.end = last + 1;
        self.course = Course::Left {
            lane_start,
            run_start,
        };
        true
    }
}

impl Course {
    /// The least rank that a cursor of this course meets from an entry on.
    fn rank(self, plane: &Plane, view: &View<'_>, at: u32) -> Rank {
        let entry = plane.entry(at);
        let score = view.least(entry.place);
        match (plane.cost(at), self) {
            (None, _) => Rank {
                score,
                tie: 0,
                id: entry.id,
            },
            (Some(cost), Self::Run) => Rank {
                score: score + cost.score,
                ..*cost
            },
            // Below all tickets of the run, so that it is entered before any of them is due.
            (Some(_), Self::Right | Self::Left { .. }) => Rank {
                score,
                tie: i64::MIN,
                id: 0,
            },
        }
    }
}
