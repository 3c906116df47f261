//! The match of a pivot: candidates best first, until the match is full or none is left.
//!
//! The match is the first one in the order of candidates (ruleset contract A3): each is taken if
//! those taken before it and it can still become a valid match with later ones. To know that exactly
//! one would have to look at all later ones first. So the search believes at first that whoever
//! waits in the pivot's cells can be used ([`spare`]), and takes or leaves candidates as they come.
//! Where that belief held, what it found is the first match; where it did not, [`exact`] looks at
//! all.

mod exact;
mod spare;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use hashbrown::HashMap;

use super::chosen::Chosen;
use super::index::{Cell, Index, Plane, Rank, Steps, Walk};
use super::pair::Pivot;
use super::pool::{Id, Pool, Region};
use super::teams::Packer;
use super::{AllianceRules, TeamBounds};
use crate::matching::Reason;
pub(super) use exact::Exact;
pub(super) use spare::Spare;

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
    walks: Vec<Walk>,
    spare: Spare,
    /// Candidates that were tested, and wait for all better ones.
    pending: BinaryHeap<Reverse<Rank>>,
    /// Candidates whose turn has come.
    ranked: Vec<Rank>,
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
        let Scratch { cells, walks, .. } = &mut self.scratch;
        self.index
            .walks(pool, pivot.id, cells, bounds.players_max, walks);
        self.scratch.believe(bounds);
        let own = u64::from(pool.sizes[pivot.id as usize]);
        if own + self.scratch.spare.players() < bounds.fewest_players() {
            return Err(Reason::Option);
        }
        chosen.begin(pool, pivot.id);
        let packer = self
            .packers
            .entry(bounds)
            .or_insert_with(|| Packer::new(bounds));
        if !packer.can_complete(chosen.sizes(), chosen.foes(), self.scratch.spare.counts()) {
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
        let packer = self.packers.get_mut(&pivot.bounds).expect("made by find");
        let scratch = &mut self.scratch;
        scratch.begin(pivot.bounds);
        let mut walk = Candidates {
            pool,
            pivot,
            twice,
            how: self.index.steps(pool, pivot),
            plane: self.index.plane(pool, pivot),
            scratch,
            losses: Losses::default(),
            steps: 0,
        };
        walk.begin();
        walk.take(chosen, packer);
        let mut found = packer.can_complete(chosen.sizes(), chosen.foes(), &[]);
        let believed = chosen.tickets().len() > 1;
        if !found && believed {
            // The belief did not hold: whoever is not yet admitted may be so beside others.
            chosen.back_to_pivot(pool);
            found = self.exact.find(pool, chosen, packer, &walk.all());
        }
        let passed = walk.plane.passed();
        self.steps += walk.steps + passed.entries;
        walk.losses.met += passed.distance + passed.region;
        walk.losses.by[Reason::Distance as usize] += passed.distance;
        walk.losses.by[Reason::Region as usize] += passed.region;
        let own = u64::from(pool.sizes[pivot.id as usize]);
        match found {
            true => Ok(()),
            false => Err(walk.losses.reason(own, fewest, walk.plane.is_over())),
        }
    }
}

/// The candidates of a pivot, as its walk meets them.
#[derive(Debug)]
struct Candidates<'s> {
    pool: &'s Pool,
    pivot: &'s Pivot<'s>,
    /// Whether the walk can meet a ticket more than once.
    twice: bool,
    how: Steps<'s>,
    plane: &'s mut Plane,
    scratch: &'s mut Scratch,
    losses: Losses,
    steps: u64,
}

impl Candidates<'_> {
    fn begin(&mut self) {
        let Scratch { walks, spare, .. } = &mut *self.scratch;
        self.steps += walks.len() as u64;
        self.plane.begin(self.pool, walks, &self.how, spare);
    }

    /// Takes candidates in their order, as long as those that may still come can complete the match.
    fn take(&mut self, chosen: &mut Chosen, packer: &mut Packer) {
        let pool = self.pool;
        if !self.scratch.spare.review(packer, chosen) {
            return;
        }
        loop {
            if self.scratch.spare.is_fewer() && !self.scratch.spare.review(packer, chosen) {
                return;
            }
            let rank = match self.turn() {
                Turn::Of(rank) => rank,
                Turn::Step => continue,
                Turn::Nobody => return,
            };
            self.scratch.ranked.push(rank);
            let size = pool.sizes[rank.id as usize];
            if !self.scratch.spare.is_open(size) {
                continue;
            }
            self.scratch.spare.lose(size, 1);
            if let Err(reason) = chosen.admits(pool, rank.id) {
                self.losses.add(reason, size);
                continue;
            }
            chosen.push(pool, rank.id);
            if !packer.can_complete(chosen.sizes(), chosen.foes(), self.scratch.spare.counts()) {
                chosen.pop(pool);
            } else if !self.scratch.spare.review(packer, chosen) {
                return;
            }
        }
    }

    /// One step: a candidate's turn comes when no ticket ahead can be better.
    fn turn(&mut self) -> Turn {
        let (pool, scratch) = (self.pool, &mut *self.scratch);
        let ahead = self.plane.ahead(&scratch.spare);
        let best = scratch.pending.peek().map(|Reverse(best)| *best);
        if let Some(best) = best
            && ahead.is_none_or(|ahead| best <= ahead)
        {
            scratch.pending.pop();
            return Turn::Of(best);
        }
        let Some(id) = self.plane.step(pool, &self.how, &mut scratch.spare) else {
            return Turn::Nobody;
        };
        self.steps += 1;
        let size = pool.sizes[id as usize];
        if self.twice && scratch.met(id) {
            scratch.spare.lose(size, 1);
            return Turn::Step;
        }
        self.losses.met += u64::from(size);
        match self.pivot.score(pool, id) {
            Ok(score) => scratch.pending.push(Reverse(Rank { score, id })),
            Err(reason) => {
                scratch.spare.lose(size, 1);
                self.losses.add(reason, size);
            }
        }
        Turn::Step
    }

    /// All candidates, in their order. To be called after [`Candidates::take`].
    fn all(&mut self) -> Vec<Id> {
        self.scratch.spare.open_all();
        self.plane.resume();
        loop {
            match self.turn() {
                Turn::Of(rank) => self.scratch.ranked.push(rank),
                Turn::Step => {}
                Turn::Nobody => break,
            }
        }
        self.scratch.ranked.sort_unstable();
        self.scratch.ranked.iter().map(|rank| rank.id).collect()
    }
}

/// What a step of a walk led to.
#[derive(Debug)]
enum Turn {
    /// The turn of this candidate.
    Of(Rank),
    /// One ticket more, or less.
    Step,
    /// The end.
    Nobody,
}

impl Scratch {
    /// All of the pivot's cells may be candidates.
    fn believe(&mut self, bounds: TeamBounds) {
        self.spare.begin(bounds.players_max, bounds.most_players());
        for Walk { size, unmet, .. } in &self.walks {
            self.spare.add(*size, *unmet);
        }
    }

    /// Nothing of another walk.
    fn begin(&mut self, bounds: TeamBounds) {
        self.believe(bounds);
        self.pending.clear();
        self.ranked.clear();
        self.walk += 1;
    }

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

    /// The first test after which too few players were left. Where the walk did not need to meet
    /// everybody in reach (`is_all` is false), it is the sizes that do not fit.
    fn reason(&self, own: u64, fewest: u64, is_all: bool) -> Reason {
        let tests = [
            Reason::Attribute,
            Reason::Option,
            Reason::CrossPlay,
            Reason::Distance,
            Reason::Region,
            Reason::SharedPlayer,
            Reason::Blocked,
        ];
        if !is_all {
            return Reason::TeamSizes;
        }
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
