//! The match of a pivot: candidates best first, until the match is full or none is left.
//!
//! The match is the first one in the order of candidates (ruleset contract A3): each is taken if
//! those taken before it and it can still become a valid match with later ones. To know that exactly
//! one would have to look at all later ones first. So the search believes at first that whoever
//! waits in the pivot's cells can be used, and takes or leaves candidates as they come. Where that
//! belief held, what it found is the first match; where it did not, [`exact`] looks at all.

mod exact;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use hashbrown::HashMap;

use super::chosen::Chosen;
use super::index::{Cell, Index, Rank};
use super::pair::Pivot;
use super::pool::{Id, Pool, Region};
use super::teams::Packer;
use super::{AllianceRules, TeamBounds};
use crate::matching::Reason;
pub(super) use exact::Exact;

/// Steps of exact searches that a tick may take in all, so that no pool can hold up a tick.
const EXACT_STEPS: u64 = 20_000_000;

/// What a tick searches with.
#[derive(Debug)]
pub(super) struct Search<'r> {
    rules: &'r AllianceRules,
    index: Index,
    packers: HashMap<TeamBounds, Packer>,
    supply: Supply,
    exact: Exact,
    scratch: Scratch,
    /// Tickets looked at, in all pivots.
    steps: u64,
}

/// Players that wait, to see at once that there are too few.
#[derive(Debug)]
struct Supply {
    all: u64,
    /// In each must-match group.
    groups: Vec<u64>,
    /// Who report each region below the cap.
    regions: Vec<u64>,
    /// Who fit any region.
    anywhere: u64,
}

#[derive(Debug, Default)]
struct Scratch {
    cells: Vec<Cell>,
    spare: Vec<u32>,
    /// Candidates that were tested, and wait for all better ones.
    pending: BinaryHeap<Reverse<Rank>>,
    /// Candidates in their order, as far as the search has come.
    ranked: Vec<Id>,
    /// For each ticket, the last walk that met it.
    seen: Vec<u32>,
    walk: u32,
}

/// Players that one walk met, and lost to each test.
#[derive(Debug, Default)]
struct Losses {
    met: u64,
    by: [u64; Reason::ALL.len()],
}

/// A match that was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    /// Its teams' bounds.
    pub(super) bounds: TeamBounds,
    /// Its region, if anybody knows one.
    pub(super) region: Option<Region>,
    /// Whether the pivot ignored the steps of others.
    pub(super) one_way: bool,
}

impl<'r> Search<'r> {
    /// A search over these tickets. O(n log n).
    pub(super) fn new(rules: &'r AllianceRules, pool: &Pool) -> Search<'r> {
        Search {
            rules,
            index: Index::new(rules, pool),
            packers: HashMap::new(),
            supply: Supply::new(pool),
            exact: Exact::new(EXACT_STEPS),
            scratch: Scratch {
                seen: vec![0; pool.sizes.len()],
                ..Scratch::default()
            },
            steps: 0,
        }
    }

    /// Tickets looked at so far.
    pub(super) fn steps(&self) -> u64 {
        self.steps + self.exact.steps()
    }

    /// Notes that a ticket is taken out of the pool. To be called before [`Pool::take`].
    pub(super) fn remove(&mut self, pool: &Pool, id: Id) {
        self.index.remove(pool, id);
        self.supply.remove(pool, id);
    }

    /// Finds the pivot's match among the waiting tickets; its tickets are then in `chosen`.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub(super) fn find(
        &mut self,
        pool: &mut Pool,
        chosen: &mut Chosen,
        pivot: Id,
    ) -> Result<Found, Reason> {
        let mut pivot = Pivot::new(self.rules, pool, pivot);
        let bounds = pivot.bounds;
        if pool.sizes[pivot.id as usize] > bounds.players_max {
            return Err(Reason::TeamSizes);
        }
        let twice = self.supply.check(pool, pivot.id, bounds).map(|()| {
            let cells = &mut self.scratch.cells;
            self.index.cells_of(pool, pivot.id, cells)
        })?;
        let (cells, spare) = (&self.scratch.cells, &mut self.scratch.spare);
        self.index.sizes(cells, bounds.players_max, spare);
        if let Some(own) = spare.get_mut(pool.sizes[pivot.id as usize] as usize) {
            *own = own.saturating_sub(1);
        }
        if self.believed_players(pool, pivot.id) < bounds.fewest_players() {
            return Err(Reason::Option);
        }
        chosen.begin(pool, pivot.id);
        let packer = self
            .packers
            .entry(bounds)
            .or_insert_with(|| Packer::new(bounds));
        if !packer.can_complete(chosen.sizes(), chosen.foes(), &self.scratch.spare) {
            return Err(Reason::TeamSizes);
        }
        let mut first = None;
        for region in pool.regions.of_pivot(pivot.id) {
            pivot.region = region;
            let failed = match self.in_region(pool, chosen, &pivot, twice) {
                Ok(()) => {
                    return Ok(Found {
                        bounds,
                        region,
                        one_way: pivot.one_way,
                    });
                }
                Err(reason) => reason,
            };
            first.get_or_insert(failed);
        }
        Err(first.unwrap_or(Reason::Region))
    }

    fn believed_players(&self, pool: &Pool, pivot: Id) -> u64 {
        let players = |(size, count): (usize, &u32)| size as u64 * u64::from(*count);
        let others: u64 = self.scratch.spare.iter().enumerate().map(players).sum();
        others + u64::from(pool.sizes[pivot as usize])
    }

    fn in_region(
        &mut self,
        pool: &Pool,
        chosen: &mut Chosen,
        pivot: &Pivot<'_>,
        twice: bool,
    ) -> Result<(), Reason> {
        let fewest = pivot.bounds.fewest_players();
        if !self.supply.reaches(pivot.region, fewest) {
            return Err(Reason::Region);
        }
        chosen.begin(pool, pivot.id);
        let scratch = &mut self.scratch;
        scratch.pending.clear();
        scratch.ranked.clear();
        scratch.walk += 1;
        let packer = self.packers.get_mut(&pivot.bounds).expect("made by find");
        let plane_steps = self.index.steps(pool, pivot);
        let plane = self.index.plane(pool, pivot);
        plane.begin(pool, &scratch.cells, &plane_steps);
        let mut losses = Losses::default();
        loop {
            // A candidate's turn comes when no ticket ahead can be better.
            let ahead = plane.ahead();
            let ready = match (scratch.pending.peek(), ahead) {
                (Some(Reverse(best)), Some(ahead)) => *best <= ahead,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => break,
            };
            if ready {
                let Some(Reverse(Rank { id, .. })) = scratch.pending.pop() else {
                    break;
                };
                scratch.ranked.push(id);
                if let Err(reason) = chosen.admits(pool, id) {
                    losses.add(reason, pool.sizes[id as usize]);
                    continue;
                }
                chosen.push(pool, id);
                if !packer.can_complete(chosen.sizes(), chosen.foes(), &scratch.spare) {
                    chosen.pop(pool);
                } else if is_full(packer, chosen, &scratch.spare) {
                    break;
                }
                continue;
            }
            let Some(id) = plane.step(pool, &plane_steps) else {
                break;
            };
            self.steps += 1;
            if id == pivot.id || (twice && scratch.met(id)) {
                continue;
            }
            losses.met += u64::from(pool.sizes[id as usize]);
            match pivot.score(pool, id) {
                Ok(score) => scratch.pending.push(Reverse(Rank { score, id })),
                Err(reason) => losses.add(reason, pool.sizes[id as usize]),
            }
        }
        if packer.can_complete(chosen.sizes(), chosen.foes(), &[]) {
            return Ok(());
        }
        // The belief did not hold. All candidates are in `ranked` now: whoever is not yet admitted
        // may be so beside others.
        chosen.back_to_pivot(pool);
        if self.exact.find(pool, chosen, packer, &scratch.ranked) {
            return Ok(());
        }
        let own = u64::from(pool.sizes[pivot.id as usize]);
        Err(losses.reason(own, fewest))
    }
}

/// Whether nobody who waits can still join.
fn is_full(packer: &mut Packer, chosen: &Chosen, spare: &[u32]) -> bool {
    let mut sizes = chosen.sizes().to_vec();
    !(1..spare.len() as u32).any(|size| {
        if spare[size as usize] == 0 {
            return false;
        }
        sizes.push(size);
        let joins = packer.can_complete(&sizes, chosen.foes(), spare);
        sizes.pop();
        joins
    })
}

impl Scratch {
    /// Whether this walk met the ticket before.
    fn met(&mut self, id: Id) -> bool {
        std::mem::replace(&mut self.seen[id as usize], self.walk) == self.walk
    }
}

impl Supply {
    fn new(pool: &Pool) -> Supply {
        let mut supply = Supply {
            all: 0,
            groups: vec![0; pool.groups.len()],
            regions: vec![0; pool.regions.len() as usize],
            anywhere: 0,
        };
        (0..pool.len()).for_each(|id| supply.change(pool, id, |players, n| *players += n));
        supply
    }

    fn remove(&mut self, pool: &Pool, id: Id) {
        self.change(pool, id, |players, n| *players -= n);
    }

    fn change(&mut self, pool: &Pool, id: Id, change: impl Fn(&mut u64, u64)) {
        let players = u64::from(pool.sizes[id as usize]);
        change(&mut self.all, players);
        change(&mut self.groups[pool.groups.group(id) as usize], players);
        if pool.regions.fits_any(id) {
            change(&mut self.anywhere, players);
        }
        for region in pool.regions.reported(id) {
            change(&mut self.regions[*region as usize], players);
        }
    }

    /// Whether enough players wait at all, and with the pivot's attributes.
    fn check(&self, pool: &mut Pool, pivot: Id, bounds: TeamBounds) -> Result<(), Reason> {
        if self.all < bounds.fewest_players() {
            return Err(Reason::NotEnoughPlayers);
        }
        let groups = pool.groups.compatible(pool.groups.group(pivot));
        let mut players = 0;
        for group in groups.iter() {
            players += self.groups[*group as usize];
            if players >= bounds.fewest_players() {
                return Ok(());
            }
        }
        Err(Reason::Attribute)
    }

    /// Whether so many players can play in a region.
    fn reaches(&self, region: Option<Region>, players: u64) -> bool {
        region.is_none_or(|region| self.regions[region as usize] + self.anywhere >= players)
    }
}

impl Losses {
    fn add(&mut self, reason: Reason, players: u32) {
        self.by[reason as usize] += u64::from(players);
    }

    /// The first test after which too few players were left.
    fn reason(&self, own: u64, fewest: u64) -> Reason {
        let tests = [
            Reason::Attribute,
            Reason::Option,
            Reason::CrossPlay,
            Reason::Distance,
            Reason::Region,
            Reason::SharedPlayer,
            Reason::Blocked,
        ];
        if own + self.met < fewest {
            return Reason::Distance;
        }
        let mut left = own + self.met;
        let short = tests.into_iter().find(|test| {
            left = left.saturating_sub(self.by[*test as usize]);
            left < fewest
        });
        short.unwrap_or(Reason::TeamSizes)
    }
}
