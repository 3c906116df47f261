//! What calls report about themselves: a stream once, when it ends; a refusal when it is made.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tonic::Request;

use crate::matching::{Reason, Text};

/// Told about every tick when its stream ends, however it ends. To be put into the request's
/// extensions as [`Observer`] by whoever wants to count or log.
pub trait TickObserver: Send + Sync {
    /// The parameters came: who asks, and for which tick, is known from now on.
    fn tick_opened(&self, summary: &TickSummary);

    /// The tick is over.
    fn tick_ended(&self, summary: &TickSummary);

    /// A ticket or a ruleset was refused outside the matching of a tick. The reason is one of
    /// [`REASONS`].
    fn refused(&self, reason: &'static str);
}

/// A ruleset that cannot be used.
pub const RULESET_REFUSED: &str = "ruleset";

/// A ticket or a session that cannot be read.
pub const MESSAGE_REFUSED: &str = "message";

/// Every reason that is reported: those of [`Reason`], those of
/// [`TicketFault`](crate::matching::TicketFault), and the two above.
pub const REASONS: &[&str] = &[
    "duplicate_ticket",
    "not_enough_tickets",
    "no_session",
    "session_full",
    "new_session_only",
    "session_excluded",
    "player_in_session",
    "server_name",
    "client_version",
    "invalid_ticket",
    "not_enough_players",
    "attribute",
    "option",
    "cross_play",
    "distance",
    "region",
    "blocked",
    "shared_player",
    "team_sizes",
    "budget",
    "backfill_off",
    "no_player",
    "empty_player_id",
    "player_twice",
    "not_finite",
    "too_many_players",
    "no_region_under_cap",
    "unfit",
    RULESET_REFUSED,
    MESSAGE_REFUSED,
];

/// Upper bounds of the ages that [`TickSummary::waits`] counts, in milliseconds: from a quick game
/// to a queue for a raid.
pub const WAIT_BOUNDS_MS: [u64; SPREAD - 1] = [
    500, 1_000, 2_000, 5_000, 10_000, 15_000, 20_000, 30_000, 45_000, 60_000, 120_000, 300_000,
    600_000, 1_800_000, 3_600_000,
];

/// Upper bounds of the numbers of players that [`TickSummary::sizes`] counts.
pub const SIZE_BOUNDS: [u64; SPREAD - 1] = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 64, 100, 200];

const SPREAD: usize = 16;

/// Values counted between bounds: what a histogram is made of, kept by one stream for itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spread {
    /// How many values are up to each bound and above the one before; last, those above all.
    pub counts: [u64; SPREAD],
    /// The sum of the values.
    pub sum: u64,
}

impl Spread {
    /// Counts one value. O(bounds), which ascend.
    pub fn add(&mut self, bounds: &[u64; SPREAD - 1], value: u64) {
        let at = bounds.iter().take_while(|bound| **bound < value).count();
        self.counts[at] += 1;
        self.sum = self.sum.saturating_add(value);
    }
}

/// The observer of a request, in its extensions.
#[derive(Clone)]
pub struct Observer(pub Arc<dyn TickObserver>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

impl Observer {
    /// The observer of this request, if there is one.
    pub(super) fn of<T>(request: &Request<T>) -> Option<Self> {
        request.extensions().get().cloned()
    }
}

/// Tells the observer of a refusal, if there is one.
pub(super) fn refused(observer: Option<&Observer>, reason: &'static str) {
    if let Some(Observer(observer)) = observer {
        observer.refused(reason);
    }
}

/// A tick in numbers.
#[derive(Debug, Clone, Default)]
pub struct TickSummary {
    /// Whether it fills sessions instead of making matches.
    pub backfill: bool,
    /// Whether it reached its end: false if the client left, a deadline passed, or it failed.
    pub finished: bool,
    /// The tick's time, Unix milliseconds.
    pub now_ms: i64,
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
    /// Why the stream was refused, if it was.
    pub refused: Option<&'static str>,
    /// Tickets left over and sessions kept open, by reason.
    pub refusals: Refusals,
    /// Ages of the tickets in them, in milliseconds, by [`WAIT_BOUNDS_MS`].
    pub waits: Spread,
    /// Players in each of them, by [`SIZE_BOUNDS`].
    pub sizes: Spread,
    /// From the parameters to the end.
    pub duration: Duration,
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
    use crate::matching::TicketFault;

    #[test]
    fn the_table_has_every_reason_once() {
        let faults = [
            TicketFault::NoPlayer,
            TicketFault::EmptyPlayerId,
            TicketFault::PlayerTwice,
            TicketFault::NotFinite(String::new()),
            TicketFault::TooManyPlayers {
                players: 3,
                allowed: 2,
            },
            TicketFault::NoRegionUnderCap {
                best_ms: 300,
                cap_ms: 200,
            },
            TicketFault::Unfit("-"),
        ];
        let names: Vec<_> = Reason::ALL
            .iter()
            .map(|reason| reason.as_str())
            .chain(faults.iter().map(TicketFault::as_str))
            .chain([RULESET_REFUSED, MESSAGE_REFUSED])
            .collect();
        assert_eq!(names, REASONS);
    }

    #[test]
    fn a_value_is_counted_up_to_its_bound() {
        let mut spread = Spread::default();
        for value in [0, 1, 2, 200, 201] {
            spread.add(&SIZE_BOUNDS, value);
        }
        assert_eq!(spread.counts[..2], [2, 1]);
        assert_eq!(spread.counts[14..], [1, 1]);
        assert_eq!(spread.sum, 404);
        assert!(WAIT_BOUNDS_MS.is_sorted() && SIZE_BOUNDS.is_sorted());
    }

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
