//! The order in which tickets are taken.

use std::cmp::Ordering;

use crate::matching::alliance::pool::Id;

/// A score, or a bound of scores, with what breaks ties: the lower is taken first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rank {
    pub(crate) score: f64,
    /// Comes before age. Sessions: the latency in their region, ms; the largest number for a ticket
    /// that does not report it. Matches: 0.
    pub(crate) tie: i64,
    pub(crate) id: Id,
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
