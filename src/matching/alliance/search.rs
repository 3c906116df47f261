//! The match of a pivot: candidates best first, until the match is full or none is left.
//!
//! The match is the first one in the order of candidates (docs/semantics.md, "Candidates"): each is
//! taken if those taken before it and it can still become a valid match with later ones. To know
//! that exactly one would have to look at all later ones first. So the search assumes at first that
//! every ticket in the pivot's cells can be used ([`spare`]), and takes or leaves candidates as
//! they come. Where the assumption held, what it found is the first match; where it did not,
//! [`candidates`] goes back to the last one taken, leaves it, and goes on from there.

mod candidates;
mod losses;
mod scratch;
mod spare;

use super::chosen::Chosen;
use super::criteria::Criteria;
use super::criteria::region::Region;
use super::forms::Forms;
use super::index::Index;
use super::pair::Pivot;
use super::pool::{Id, Pool};
use super::watch::Watch;
use super::{AllianceRules, TeamBounds};
use crate::matching::Reason;
use candidates::Candidates;
use losses::Losses;
use scratch::Scratch;

/// Steps that all searches of a tick may take after they went back, so that no pool can hold up a
/// tick.
const MAX_BACKTRACKS: u64 = 20_000_000;

/// What a tick searches with.
#[derive(Debug)]
pub(super) struct Search<'r> {
    rules: &'r AllianceRules,
    index: Index,
    pub(super) forms: Forms<'r>,
    supply: Supply,
    /// Steps that searches of this tick may still take after they went back.
    backtracks_left: u64,
    scratch: Scratch,
}

/// Players that wait, to see at once that there are too few.
#[derive(Debug)]
struct Supply {
    all: u64,
    /// In each must-match group.
    groups: Vec<u64>,
    /// Those that report each region, which they do only below the cap.
    regions: Vec<u64>,
    /// Those that fit any region.
    anywhere: u64,
}

impl<'r> Search<'r> {
    /// A search over these tickets. O(n log n).
    pub(super) fn new(rules: &'r AllianceRules, pool: &Pool, criteria: &Criteria<'_>) -> Self {
        Search {
            rules,
            index: Index::new(pool, criteria),
            forms: Forms::new(rules.layouts(), pool),
            supply: Supply::new(pool, criteria),
            backtracks_left: MAX_BACKTRACKS,
            scratch: Scratch::new(pool),
        }
    }

    /// Notes that a ticket is taken out of the pool. To be called before [`Pool::take`].
    pub(super) fn remove(&mut self, pool: &Pool, criteria: &Criteria<'_>, id: Id) {
        self.index.remove(pool, id);
        self.supply.remove(pool, criteria, id);
    }

    /// Finds the pivot's match among the waiting tickets; its tickets are then in `chosen`. Returns the
    /// pivot as it was in the region of the match.
    ///
    /// # Errors
    ///
    /// Why there is none; [`Reason::Budget`] if the tick has to end.
    pub(super) fn find(
        &mut self,
        pool: &Pool,
        criteria: &mut Criteria<'_>,
        chosen: &mut Chosen,
        pivot: Id,
        watch: Watch<'_>,
    ) -> Result<Pivot, Reason> {
        let pivot = Pivot::new(self.rules, pool, pivot);
        let found = self.find_in(pool, criteria, chosen, pivot, watch);
        if found.err() != Some(Reason::TeamSizes) || !pivot.form.has_roles() {
            return found;
        }
        // Roles are the reason where there is a match without them.
        let plain = Pivot {
            form: pivot.form.without_roles(),
            ..pivot
        };
        match self.find_in(pool, criteria, chosen, plain, watch) {
            Ok(_) => Err(Reason::Role),
            Err(Reason::Budget) => Err(Reason::Budget),
            Err(_) => Err(Reason::TeamSizes),
        }
    }

    fn find_in(
        &mut self,
        pool: &Pool,
        criteria: &mut Criteria<'_>,
        chosen: &mut Chosen,
        mut pivot: Pivot,
        watch: Watch<'_>,
    ) -> Result<Pivot, Reason> {
        watch.step(1)?;
        let form = pivot.form;
        let bounds = form.bounds;
        if pool.sizes[pivot.id as usize] > bounds.players_max {
            return Err(Reason::TeamSizes);
        }
        let may_repeat = self.supply.check(criteria, pivot.id, bounds).map(|()| {
            let cells = &mut self.scratch.cells;
            self.index.cells_of(criteria, pivot.id, cells)
        })?;
        self.scratch
            .find_lanes(&self.index, pool, pivot.id, bounds.players_max);
        self.scratch.assume_all_usable(bounds);
        let own = u64::from(pool.sizes[pivot.id as usize]);
        // Players without the must-match attributes were counted above: what keeps others out of the
        // pivot's cells are options.
        if own + self.scratch.spare.players() < bounds.min_players() {
            return Err(Reason::Option);
        }
        chosen.begin(pool, criteria, pivot.id);
        let counts = self.scratch.spare.counts();
        let (kinds, apart) = (chosen.kinds(), chosen.apart());
        if !self.forms.packer(form).can_complete(kinds, apart, counts) {
            let plain = form.without_roles();
            let lacks_roles =
                form.has_roles() && self.forms.packer(plain).can_complete(kinds, apart, counts);
            return Err(if lacks_roles {
                Reason::Role
            } else {
                Reason::TeamSizes
            });
        }
        // A match in a better region comes before any in a later one, whatever their scores; and a pivot
        // that finds none is told what it lacked in its best region.
        let mut first = None;
        for region in criteria.regions.of_pivot(pivot.id) {
            pivot.region = region;
            let failed = match self.in_region(pool, criteria, chosen, &pivot, may_repeat, watch) {
                Ok(()) => return Ok(pivot),
                Err(Reason::Budget) => return Err(Reason::Budget),
                Err(reason) => reason,
            };
            first.get_or_insert(failed);
        }
        Err(first.unwrap_or(Reason::Region))
    }

    fn in_region(
        &mut self,
        pool: &Pool,
        criteria: &mut Criteria<'_>,
        chosen: &mut Chosen,
        pivot: &Pivot,
        may_repeat: bool,
        watch: Watch<'_>,
    ) -> Result<(), Reason> {
        watch.step(1)?;
        let bounds = pivot.form.bounds;
        let min_players = bounds.min_players();
        if !self.supply.reaches(pivot.region, min_players) {
            return Err(Reason::Region);
        }
        chosen.begin(pool, criteria, pivot.id);
        let packer = self.forms.packer(pivot.form);
        let scratch = &mut self.scratch;
        scratch.begin(bounds);
        let mut candidates = Candidates {
            pool,
            criteria,
            pivot,
            may_repeat,
            view: self.index.view(criteria, pivot),
            sections: self.index.sections(pool, criteria, pivot),
            plane: &mut self.index.plane,
            scratch,
            losses: Losses::default(),
            backtracks: 0,
            backtrack_budget: self.backtracks_left,
            watch,
        };
        let found = candidates.find(chosen, packer)?;
        self.backtracks_left -= candidates.backtracks.min(self.backtracks_left);
        let (losses, ahead) = (candidates.losses(), candidates.ahead());
        let own = u64::from(pool.sizes[pivot.id as usize]);
        match found {
            true => Ok(()),
            false => Err(losses.reason(own, ahead, min_players)),
        }
    }
}

impl Supply {
    fn new(pool: &Pool, criteria: &Criteria<'_>) -> Self {
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

    fn remove(&mut self, pool: &Pool, criteria: &Criteria<'_>, id: Id) {
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
    fn check(
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
    fn reaches(&self, region: Option<Region>, players: u64) -> bool {
        region.is_none_or(|region| self.regions[region as usize] + self.anywhere >= players)
    }
}
