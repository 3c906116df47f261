//! The tickets of a stream that matching does not hold: those that were just read, and blank ones
//! to read into.

use bytes::Bytes;

use super::known::Known;
use super::latencies::MAX_KEPT;
use crate::matching::{Attributes, Text, Ticket};

/// Tickets that were read and not yet given to the tick, and behind them blank ones. A ticket
/// becomes blank once its match has been encoded: the next ticket that is read into it uses the
/// memory of its lists, and finds the pool and the regions, which tickets repeat, in place.
///
/// A blank ticket holds nothing of what was received.
#[derive(Debug, Default)]
pub(in crate::service) struct Batch {
    tickets: Vec<Ticket>,
    read: usize,
}

/// Tickets of a full batch: enough to gain from looking them up together, and few enough to stay in
/// the fastest cache of the CPU.
const FULL: usize = 16;

/// Maximum length of a list of players whose memory is kept.
const MAX_PLAYERS: usize = 16;

impl Batch {
    /// A blank ticket to read into.
    #[inline]
    pub(in crate::service) fn blank(&mut self) -> &mut Ticket {
        if self.read == self.tickets.len() {
            self.tickets.push(Ticket::default());
        }
        &mut self.tickets[self.read]
    }

    /// A ticket was read into the blank one.
    #[inline]
    pub(in crate::service) fn push(&mut self) {
        self.read += 1;
    }

    /// Drops the blank ticket: it could not be read into.
    pub(in crate::service) fn spoil(&mut self) {
        self.tickets.truncate(self.read);
    }

    pub(in crate::service) fn is_empty(&self) -> bool {
        self.read == 0
    }

    pub(in crate::service) fn is_full(&self) -> bool {
        self.read >= FULL
    }

    /// The tickets that were read.
    pub(in crate::service) fn tickets(&self) -> &[Ticket] {
        &self.tickets[..self.read]
    }

    /// The same, to note something in them.
    pub(in crate::service) fn tickets_mut(&mut self) -> &mut [Ticket] {
        &mut self.tickets[..self.read]
    }

    /// Takes out the tickets that were read.
    pub(in crate::service) fn drain(&mut self) -> std::vec::Drain<'_, Ticket> {
        let read = std::mem::take(&mut self.read);
        self.tickets.drain(..read)
    }

    /// Keeps a ticket that is not needed any more, as a blank one. Its texts were read with `known`.
    #[inline]
    pub(in crate::service) fn keep(&mut self, mut ticket: Ticket, known: &Known) {
        if self.tickets.len() >= self.read + FULL
            || ticket.players.capacity() > MAX_PLAYERS
            || ticket.latencies.capacity() > MAX_KEPT
            || !known.is_copy(&ticket.pool)
            || !ticket
                .latencies
                .iter()
                .all(|(region, _)| known.is_copy(region))
        {
            return;
        }
        ticket.players.clear();
        ticket.id = Text::new();
        ticket.created_at_ms = None;
        ticket.party_session_id = Text::new();
        ticket.excluded_sessions = Vec::new();
        ticket.attributes = Attributes::new();
        ticket.body = Bytes::new();
        self.tickets.push(ticket);
    }
}
