//! How a pivot looks at a plane, and in which order it takes what it sees.

use std::cmp::Ordering;

use super::plane::Demand;
use crate::matching::alliance::criteria::distance::Window;
use crate::matching::alliance::criteria::region::Regions;
use crate::matching::alliance::pool::Id;

/// What a walk is told of its pivot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'c> {
    pub(crate) pivot: Id,
    pub(crate) measure: Measure<'c>,
    /// The pivot's region as a bit; 0 if tickets are not asked for theirs.
    pub(crate) region: u64,
}

/// What the pivot makes of places on the axis.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Measure<'c> {
    /// They are values of a rule.
    Distance(Window<'c>),
    /// They are milliseconds over the best region.
    Latency(&'c Regions),
    /// All are equal.
    Nothing,
}

/// Why a ticket is passed over unseen: it does not accept the pivot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Distance,
    Region,
}

/// A score, or a bound of scores, with what breaks ties: the lower is taken first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rank {
    pub(crate) score: f64,
    /// Comes before age. Sessions: the latency in their region, ms; the largest number for a ticket
    /// that does not report it. Matches: 0.
    pub(crate) tie: i64,
    pub(crate) id: Id,
}

impl View<'_> {
    pub(super) fn center(&self) -> f64 {
        match &self.measure {
            Measure::Distance(window) => window.center(),
            Measure::Latency(_) | Measure::Nothing => 0.0,
        }
    }

    /// Whether the pivot accepts a place. Once it does not, it accepts none that is farther on the same
    /// side.
    #[inline]
    pub(super) fn accepts(&self, place: f64) -> bool {
        match &self.measure {
            Measure::Distance(window) => window.accepts(place),
            Measure::Latency(_) | Measure::Nothing => true,
        }
    }

    /// Why a ticket at this place does not accept the pivot.
    #[inline]
    pub(super) fn refusal(&self, demand: &Demand, place: f64) -> Option<Refusal> {
        if let Measure::Distance(window) = &self.measure
            && !window.is_accepted(demand.reach, place)
        {
            return Some(Refusal::Distance);
        }
        (self.region & demand.open != self.region).then_some(Refusal::Region)
    }

    /// The least that a ticket at this place scores. It does not fall with the distance from the
    /// center.
    #[inline]
    pub(super) fn least(&self, place: f64) -> f64 {
        match &self.measure {
            Measure::Distance(window) => window.cost(place),
            Measure::Latency(regions) => regions.cost(place as i64),
            Measure::Nothing => 0.0,
        }
    }
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = self.score.total_cmp(&other.score);
        by_score.then_with(|| (self.tie, self.id).cmp(&(other.tie, other.id)))
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
