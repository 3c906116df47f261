//! How a pivot looks at a plane.

use super::plane::Entry;
use crate::matching::alliance::criteria::distance::Window;
use crate::matching::alliance::criteria::region::Regions;
use crate::matching::alliance::pool::Id;

/// What a walk is told of its pivot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'c> {
    pub(crate) pivot: Id,
    pub(crate) scale: Scale<'c>,
    /// The pivot's region as a bit; 0 if tickets are not asked for theirs.
    pub(crate) region: u64,
}

/// What the pivot makes of places on the axis.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scale<'c> {
    /// They are values of a rule.
    Distance(Window<'c>),
    /// They are milliseconds over the best region.
    Latency(&'c Regions),
    /// All are equal.
    Flat,
}

/// Why a ticket is passed over unseen: it does not accept the pivot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Distance,
    Region,
}

impl View<'_> {
    pub(super) fn center(&self) -> f64 {
        match &self.scale {
            Scale::Distance(window) => window.center(),
            Scale::Latency(_) | Scale::Flat => 0.0,
        }
    }

    /// Whether the pivot accepts a place. Once it does not, it accepts none that is farther on the same
    /// side.
    #[inline]
    pub(super) fn accepts(&self, place: f64) -> bool {
        match &self.scale {
            Scale::Distance(window) => window.accepts(place),
            Scale::Latency(_) | Scale::Flat => true,
        }
    }

    /// Why an entry's ticket does not accept the pivot.
    #[inline]
    pub(super) fn refusal(&self, entry: &Entry) -> Option<Refusal> {
        if let Scale::Distance(window) = &self.scale
            && !window.is_accepted(entry.demand.reach, entry.place)
        {
            return Some(Refusal::Distance);
        }
        (self.region & entry.demand.open != self.region).then_some(Refusal::Region)
    }

    /// The least that a ticket at this place scores. It does not fall with the distance from the
    /// center.
    #[inline]
    pub(super) fn least(&self, place: f64) -> f64 {
        match &self.scale {
            Scale::Distance(window) => window.cost(place),
            Scale::Latency(regions) => regions.cost(place as i64),
            Scale::Flat => 0.0,
        }
    }
}
