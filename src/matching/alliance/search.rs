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
mod supply;

use smallvec::SmallVec;

use super::AllianceRules;
use super::assemble::split;
use super::chosen::Chosen;
use super::criteria::Criteria;
use super::forms::Forms;
use super::index::Index;
use super::pair::Pivot;
use super::pool::{Id, Pool};
use super::quality::Fair;
use super::watch::Watch;
use crate::matching::Reason;
use candidates::Candidates;
use losses::Losses;
use scratch::Scratch;
use supply::Supply;

/// Steps that all searches of a tick may take after they went back, so that no pool can hold up a
/// tick.
const MAX_BACKTRACKS: u64 = 20_000_000;

/// What a tick searches with.
#[derive(Debug)]
pub(super) struct Search<'r> {
    rules: &'r AllianceRules,
    index: Index,
    pub(super) forms: Forms<'r>,
    /// Which splits into teams are taken; `None` if any is.
    fair: Option<Fair<'r>>,
    supply: Supply,
    tick_id: u64,
    /// Steps that searches of this tick may still take after they went back.
    backtracks_left: u64,
    scratch: Scratch,
}

impl<'r> Search<'r> {
    /// A search over these tickets. O(n log n).
    pub(super) fn new(
        rules: &'r AllianceRules,
        pool: &Pool,
        criteria: &Criteria<'_>,
        tick_id: u64,
    ) -> Self {
        Search {
            tick_id,
            rules,
            index: Index::new(pool, criteria),
            forms: Forms::new(rules.layouts(), pool),
            fair: Fair::of(rules, pool),
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

    /// Whether the match in the making can be split as the ruleset wants it.
    ///
    /// # Errors
    ///
    /// Why not.
    pub(super) fn is_fair(
        &mut self,
        pool: &Pool,
        criteria: &Criteria<'_>,
        chosen: &Chosen,
        pivot: &Pivot,
    ) -> Result<(), Reason> {
        let Some(fair) = &self.fair else {
            return Ok(());
        };
        let staff = self.forms.staff(pivot.form);
        let (rules, staff) = (self.rules, staff.as_ref());
        split(rules, pool, criteria, chosen, pivot, staff, Some(fair)).map(drop)
    }

    /// What making a match needs.
    pub(super) fn forms_and_fair(&mut self) -> (&mut Forms<'r>, Option<&Fair<'r>>) {
        (&mut self.forms, self.fair.as_ref())
    }

    /// The rule that tells tickets apart best, if one does.
    pub(super) fn axis_rule(&self) -> Option<usize> {
        self.index.rule()
    }

    /// Finds the pivot's match among the waiting tickets; its tickets are then in `chosen`. Returns the
    /// pivot as it was in the region and the mode of the match.
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
        let tries = self.tries(pool, criteria, pivot);
        let found = self.find_in(pool, criteria, chosen, &tries, watch);
        let has_roles = tries.iter().any(|pivot| pivot.form.has_roles());
        if found.err() != Some(Reason::TeamSizes) || !has_roles {
            return found;
        }
        // Roles are the reason where there is a match without them.
        let plain = tries.iter().map(|pivot| Pivot {
            form: pivot.form.without_roles(),
            ..*pivot
        });
        let plain: Tries = plain.collect();
        match self.find_in(pool, criteria, chosen, &plain, watch) {
            Ok(_) => Err(Reason::Role),
            Err(Reason::Budget) => Err(Reason::Budget),
            Err(_) => Err(Reason::TeamSizes),
        }
    }

    /// The pivot as it is in each of its modes, in the order in which they are tried.
    pub(super) fn tries(&self, pool: &Pool, criteria: &Criteria<'_>, pivot: Id) -> Tries {
        let modes = criteria.modes.order(pool, self.tick_id, pivot);
        if modes.is_empty() {
            return std::iter::once(Pivot::new(self.rules, pool, criteria, None, pivot)).collect();
        }
        let modes = modes.into_iter();
        modes
            .map(|mode| Pivot::new(self.rules, pool, criteria, Some(mode), pivot))
            .collect()
    }

    fn find_in(
        &mut self,
        pool: &Pool,
        criteria: &mut Criteria<'_>,
        chosen: &mut Chosen,
        tries: &Tries,
        watch: Watch<'_>,
    ) -> Result<Pivot, Reason> {
        let mut failures = Failures::default();
        let mut open: SmallVec<[(&Pivot, bool); 4]> = SmallVec::new();
        for pivot in tries {
            watch.step(1)?;
            match self.prepare(pool, criteria, chosen, pivot) {
                Ok(may_repeat) => open.push((pivot, may_repeat)),
                Err(failure) => failures.add(failure),
            }
        }
        let is_only = tries.len() == 1;
        let Some((first, _)) = open.first() else {
            return Err(failures.reason());
        };
        // A match in a better region comes before any in a later one, whatever their scores; and a pivot
        // that finds none is told what it lacked in its best region.
        let mut is_best = true;
        for region in criteria.regions.of_pivot(first.id) {
            for (pivot, may_repeat) in &open {
                let mut pivot = **pivot;
                pivot.region = region;
                if !is_only {
                    self.find_lanes(pool, criteria, &pivot);
                }
                match self.in_region(pool, criteria, chosen, &pivot, *may_repeat, watch) {
                    Ok(()) => return Ok(pivot),
                    Err(Failure {
                        reason: Reason::Budget,
                        ..
                    }) => return Err(Reason::Budget),
                    Err(failure) if is_best => failures.add(failure),
                    Err(_) => {}
                }
            }
            is_best = false;
        }
        Err(if is_best {
            Reason::Region
        } else {
            failures.reason()
        })
    }

    /// Whether a match can come of all that waits in the pivot's cells, and if so, whether its walk may
    /// meet a ticket twice.
    fn prepare(
        &mut self,
        pool: &Pool,
        criteria: &mut Criteria<'_>,
        chosen: &mut Chosen,
        pivot: &Pivot,
    ) -> Result<bool, Failure> {
        let form = pivot.form;
        let bounds = form.bounds;
        let nobody = |reason| Failure { reason, left: 0 };
        if pool.sizes[pivot.id as usize] > bounds.players_max {
            return Err(nobody(Reason::TeamSizes));
        }
        self.supply
            .check(criteria, pivot.id, bounds)
            .map_err(nobody)?;
        let may_repeat = self.find_lanes(pool, criteria, pivot);
        self.scratch.assume_all_usable(form);
        let own = u64::from(pool.sizes[pivot.id as usize]);
        let left = self.scratch.spare.players();
        let failure = |reason| Failure { reason, left };
        if own + left < bounds.min_players() {
            // Players without the must-match attributes were counted above: what keeps others out of the
            // pivot's cells are options and modes.
            let are_modes = pivot.mode.is_some() && {
                let cells = &mut self.scratch.cells;
                self.index.cells_of(criteria, pivot.id, None, cells);
                own + self.index.players_in(pool, cells) >= bounds.min_players()
                    || self.rules.options.is_empty()
            };
            return Err(failure(match are_modes {
                true => Reason::SubGameMode,
                false => Reason::Option,
            }));
        }
        chosen.begin(pool, criteria, pivot.id);
        let counts = self.scratch.spare.counts();
        let (kinds, apart) = (chosen.kinds(), chosen.apart());
        if !self.forms.packer(form).can_complete(kinds, apart, counts) {
            let plain = form.without_roles();
            let lacks_roles =
                form.has_roles() && self.forms.packer(plain).can_complete(kinds, apart, counts);
            return Err(failure(match lacks_roles {
                true => Reason::Role,
                false => Reason::TeamSizes,
            }));
        }
        Ok(may_repeat)
    }

    /// Finds the lanes that the pivot walks; whether they may have a ticket twice.
    fn find_lanes(&mut self, pool: &Pool, criteria: &mut Criteria<'_>, pivot: &Pivot) -> bool {
        let cells = &mut self.scratch.cells;
        let may_repeat = self.index.cells_of(criteria, pivot.id, pivot.mode, cells);
        let players_max = pivot.form.bounds.players_max;
        self.scratch
            .find_lanes(&self.index, pool, pivot.id, players_max);
        may_repeat
    }

    fn in_region(
        &mut self,
        pool: &Pool,
        criteria: &mut Criteria<'_>,
        chosen: &mut Chosen,
        pivot: &Pivot,
        may_repeat: bool,
        watch: Watch<'_>,
    ) -> Result<(), Failure> {
        watch.step(1).map_err(Failure::of)?;
        let bounds = pivot.form.bounds;
        let min_players = bounds.min_players();
        if !self.supply.reaches(pivot.region, min_players) {
            return Err(Failure::of(Reason::Region));
        }
        chosen.begin(pool, criteria, pivot.id);
        let staff = match &self.fair {
            Some(_) => self.forms.staff(pivot.form),
            None => None,
        };
        let rules = self.rules;
        let is_fair = |fair: &Fair<'_>, chosen: &Chosen| {
            let staff = staff.as_ref();
            split(rules, pool, criteria, chosen, pivot, staff, Some(fair)).map(drop)
        };
        let packer = self.forms.packer(pivot.form);
        let scratch = &mut self.scratch;
        scratch.begin(pivot.form);
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
            refusal: None,
            backtracks: 0,
            backtrack_budget: self.backtracks_left,
            watch,
        };
        let fair = self.fair.as_ref();
        let is_fair = |chosen: &Chosen| fair.map_or(Ok(()), |fair| is_fair(fair, chosen));
        let found = candidates
            .find(chosen, packer, &is_fair)
            .map_err(Failure::of)?;
        self.backtracks_left -= candidates.backtracks.min(self.backtracks_left);
        let (losses, ahead) = (candidates.losses(), candidates.ahead());
        let refusal = candidates.refusal.map(|(reason, _)| reason);
        let own = u64::from(pool.sizes[pivot.id as usize]);
        match found {
            true => Ok(()),
            false => Err(Failure {
                reason: refusal.unwrap_or_else(|| losses.reason(own, ahead, min_players)),
                left: losses.left(ahead),
            }),
        }
    }
}

/// A pivot in each of its modes; once if the ruleset has none.
pub(super) type Tries = SmallVec<[Pivot; 1]>;

/// Why a pivot found no match in a mode.
#[derive(Debug, Clone, Copy)]
struct Failure {
    reason: Reason,
    /// Players of candidates that were left by all tests.
    left: u64,
}

impl Failure {
    fn of(reason: Reason) -> Self {
        Self { reason, left: 0 }
    }
}

/// Why a pivot found no match in any mode: the reason of the one that left most candidates, the first
/// of equals.
#[derive(Debug, Default)]
struct Failures(Option<Failure>);

impl Failures {
    fn add(&mut self, failure: Failure) {
        if self.0.is_none_or(|known| failure.left > known.left) {
            self.0 = Some(failure);
        }
    }

    fn reason(&self) -> Reason {
        self.0.map_or(Reason::TeamSizes, |failure| failure.reason)
    }
}
