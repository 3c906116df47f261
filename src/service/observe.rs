//! What a stream reports about itself, once, when it ends.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::matching::{Reason, Text};

/// Told about every tick when its stream ends, however it ends. To be put into the request's
/// extensions as [`Observer`] by whoever wants to count or log.
pub trait TickObserver: Send + Sync {
    /// The tick is over.
    fn tick_ended(&self, summary: &TickSummary);
}

/// The observer of a request, in its extensions.
#[derive(Clone)]
pub struct Observer(pub Arc<dyn TickObserver>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// A tick in numbers.
#[derive(Debug, Clone, Default)]
pub struct TickSummary {
    /// AGS's number of the tick.
    pub tick_id: u64,
    /// AGS's trace id; empty if it sent none.
    pub ab_trace_id: String,
    /// The match pool; empty if no ticket came.
    pub match_pool: Text,
    /// Tickets received, those seen before included.
    pub tickets: u64,
    /// Sessions received.
    pub sessions: u64,
    /// Matches made, or proposals in a backfill tick.
    pub answers: u64,
    /// Tickets in them.
    pub tickets_matched: u64,
    /// Players in them.
    pub players_matched: u64,
    /// Tickets left over and sessions kept open, by reason.
    pub refusals: Refusals,
    /// How long matching took after the half-close.
    pub finish: Duration,
}

/// Counts by [`Reason`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refusals([u64; Reason::ALL.len()]);

impl Refusals {
    /// Counts one more.
    pub fn add(&mut self, reason: Reason) {
        self.0[reason as usize] += 1;
    }

    /// Every reason with its count.
    pub fn iter(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL.iter().copied().zip(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_own_count() {
        let mut refusals = Refusals::default();
        for (at, reason) in Reason::ALL.iter().enumerate() {
            (0..=at).for_each(|_| refusals.add(*reason));
        }
        for (at, (reason, count)) in refusals.iter().enumerate() {
            assert_eq!(count, at as u64 + 1, "{reason}");
        }
    }
}
