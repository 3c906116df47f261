//! Tickets that have left the stream, to be filled again.

use super::known::MAX_LEN;
use super::latencies::MAX_KEPT;
use crate::matching::{Text, Ticket};

/// Tickets whose match was encoded. A new one that is read into an old one needs no memory for its
/// lists, and finds the pool and the regions, which tickets repeat, in place.
///
/// A ticket in here holds nothing of what was received.
#[derive(Debug, Default)]
pub(in crate::service) struct Spare(Vec<Ticket>);

/// Tickets kept: those of some matches. More of them would only push each other out of the cache.
const MAX_SPARE: usize = 32;

/// Longest list of players whose memory is kept.
const MAX_PLAYERS: usize = 16;

impl Spare {
    /// A ticket to read another one into.
    #[inline]
    pub(in crate::service) fn take(&mut self) -> Ticket {
        self.0.pop().unwrap_or_default()
    }

    /// Keeps a ticket that nobody needs any more.
    #[inline]
    pub(in crate::service) fn keep(&mut self, mut ticket: Ticket) {
        if self.0.len() == MAX_SPARE
            || ticket.players.capacity() > MAX_PLAYERS
            || ticket.latencies.capacity() > MAX_KEPT
            || !is_copy(&ticket.pool)
            || !ticket.latencies.iter().all(|(region, _)| is_copy(region))
        {
            return;
        }
        ticket.players.clear();
        self.0.push(Ticket {
            players: ticket.players,
            pool: ticket.pool,
            latencies: ticket.latencies,
            ..Ticket::default()
        });
    }
}

/// Whether a text of [`Known`](super::Known) has its own memory.
fn is_copy(text: &Text) -> bool {
    text.len() <= MAX_LEN
}
