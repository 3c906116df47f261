//! How many players wait, to see at once that there are too few.

use crate::matching::Reason;
use crate::matching::alliance::TeamBounds;
use crate::matching::alliance::criteria::Criteria;
use crate::matching::alliance::criteria::region::Region;
use crate::matching::alliance::pool::{Id, Pool};

/// Players that wait, to see at once that there are too few.
#[derive(Debug)]
pub(super) struct Supply {
    all: u64,
    /// In each must-match group.
    groups: Vec<u64>,
    /// Those that report each region, which they do only below the cap.
    regions: Vec<u64>,
    /// Those that fit any region.
    anywhere: u64,
}

impl Supply {
    pub(super) fn new(pool: &Pool, criteria: &Criteria<'_>) -> Self {
        let mut supply = Self {
            all: 0,
            groups: vec![0; criteria.must_match.len()],
            regions: vec![0; criteria.regions.len() as usize],
            anywhere: 0,
        };
        for id in 0..pool.len() {
            supply.change(pool, criteria, id, |players, n| *players += n);
        }
        supply
    }

    pub(super) fn remove(&mut self, pool: &Pool, criteria: &Criteria<'_>, id: Id) {
        self.change(pool, criteria, id, |players, n| *players -= n);
    }

    fn change(
        &mut self,
        pool: &Pool,
        criteria: &Criteria<'_>,
        id: Id,
        change: impl Fn(&mut u64, u64),
    ) {
        let players = u64::from(pool.sizes[id as usize]);
        let group = criteria.must_match.group(id);
        change(&mut self.all, players);
        change(&mut self.groups[group as usize], players);
        if criteria.regions.fits_any(id) {
            change(&mut self.anywhere, players);
        }
        for region in criteria.regions.reported(id) {
            change(&mut self.regions[*region as usize], players);
        }
    }

    /// Whether enough players wait at all, and with the pivot's attributes.
    pub(super) fn check(
        &self,
        criteria: &mut Criteria<'_>,
        pivot: Id,
        bounds: TeamBounds,
    ) -> Result<(), Reason> {
        if self.all < bounds.min_players() {
            return Err(Reason::NotEnoughPlayers);
        }
        let group = criteria.must_match.group(pivot);
        let mut players = 0;
        for group in criteria.must_match.compatible(group).iter() {
            players += self.groups[*group as usize];
            if players >= bounds.min_players() {
                return Ok(());
            }
        }
        Err(Reason::Attribute)
    }

    /// Whether so many players can play in a region.
    pub(super) fn reaches(&self, region: Option<Region>, players: u64) -> bool {
        region.is_none_or(|region| self.regions[region as usize] + self.anywhere >= players)
    }
}
