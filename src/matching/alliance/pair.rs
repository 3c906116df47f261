//! A pivot and one candidate: may they play together, and how well (docs/semantics.md, "Candidates"
//! and "Score").

use super::AllianceRules;
use super::criteria::Criteria;
use super::criteria::modes::{ANY_MODE, Mode, ModeSet, set_of};
use super::criteria::region::Region;
use super::forms::Form;
use super::pool::{Id, Pool};
use crate::matching::Reason;

/// The ticket whose turn it is, and what it asks of others in one region.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pivot {
    pub(super) id: Id,
    /// Teams, flexed by the pivot's age.
    pub(super) form: Form,
    /// The sub game mode that is tried; `None` if the ruleset has none, and for sessions.
    pub(super) mode: Option<Mode>,
    /// The sub game modes that it accepts.
    pub(super) modes: ModeSet,
    /// Those of which a candidate has to accept one; [`ANY_MODE`] if the ruleset has none.
    pub(super) required: ModeSet,
    /// The region that is tried; `None` where no ticket reports one.
    pub(super) region: Option<Region>,
    /// Whether the pivot is old enough to ignore the steps of others.
    pub(super) one_way: bool,
    /// Tickets with a lower number are older, and keep what they asked for: they are asked back. None
    /// is where the pivot stands for a session.
    pub(super) asked_back: Id,
    /// Whether its means are known; those of a session without tickets are not.
    pub(super) measured: bool,
}

impl Pivot {
    pub(super) fn new(
        rules: &AllianceRules,
        pool: &Pool,
        criteria: &Criteria<'_>,
        mode: Option<Mode>,
        id: Id,
    ) -> Self {
        let age_ms = pool.ages[id as usize];
        let one_way_after_ms = rules.regions.one_way_after_ms;
        Self {
            id,
            form: Form::of(rules, mode, age_ms),
            mode,
            modes: criteria.modes.set(id),
            required: mode.map_or(ANY_MODE, |mode| set_of(&[mode])),
            region: None,
            one_way: one_way_after_ms.is_some_and(|after_ms| age_ms > after_ms),
            asked_back: id.min(pool.len()),
            measured: true,
        }
    }

    /// The score of a candidate, lower is better; or the first test that it fails. What a candidate
    /// has to be for the other tickets of a match is not tested here.
    #[inline]
    pub(super) fn score(
        &self,
        pool: &Pool,
        criteria: &Criteria<'_>,
        id: Id,
    ) -> Result<f64, Reason> {
        let mut score = 0.0;
        if self.measured {
            score += criteria.distances.test(self.id, id)?;
        }
        if let Some(region) = self.region {
            score += criteria.regions.test(region, id, self.one_way)?;
        }
        let back = id < self.asked_back;
        criteria.must_match.test(self.id, id, back)?;
        criteria.options.test(self.id, id, back)?;
        score += criteria.modes.test(self.required, self.modes, id)?;
        criteria.platforms.test(self.id, id, back)?;
        if pool.sizes[id as usize] > self.form.bounds.players_max {
            return Err(Reason::TeamSizes);
        }
        Ok(score)
    }
}
