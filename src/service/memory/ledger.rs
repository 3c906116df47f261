//! What a stream holds, ticket by ticket.

use std::task::{Context, Poll};

use bytes::Bytes;

use super::budget::NoRoom;
use super::call::CallMemory;
use crate::matching::{Session, Ticket};
use crate::proto::Opaque;

/// Bytes that matching holds for a ticket beside it, measured with alliance rules: its places in lists
/// and indices.
const INDEX: u64 = 640;

/// Bytes that are received together, and therefore freed together; also of the buffer in which
/// answers are collected.
const BUFFER: u64 = 64 << 10;

/// Bytes of answers that may stay charged after they were sent, until the next look. Each look that
/// changes anything is felt by the other calls, so one for each answer would cost more than it tells.
const SENT: u64 = 64 << 10;

/// Bytes of rules for a byte of the ruleset that they are read from.
const RULES: u64 = 4;

/// The tickets and sessions that a stream holds, in bytes. They are counted as they go to the tick,
/// and until the answer with them is sent; the rest until the stream ends.
#[derive(Debug)]
pub(in crate::service) struct Ledger {
    memory: CallMemory,
    /// Bytes of what is held.
    held: u64,
    /// Tickets among it.
    tickets: u64,
    /// Bytes of ids that are remembered.
    ids: u64,
    /// Bytes of messages whose tickets are not held any more.
    freed: u64,
    /// Bytes of the largest message.
    largest: u64,
    /// Bytes of the answers that are being sent.
    leaving: u64,
    /// Bytes of the buffer for answers, once there is one.
    buffer: u64,
}

impl Ledger {
    /// Counts for the stream with this memory.
    pub(in crate::service) fn new(memory: CallMemory) -> Self {
        memory.is_of_a_stream();
        Self {
            memory,
            held: 0,
            tickets: 0,
            ids: 0,
            freed: 0,
            largest: 0,
            leaving: 0,
            buffer: 0,
        }
    }

    /// A handle that keeps what was counted charged until it is dropped.
    pub(in crate::service) fn memory(&self) -> CallMemory {
        self.memory.clone()
    }

    /// See [`CallMemory::poll_room`].
    pub(in crate::service) fn poll_room(&self, cx: &Context<'_>) -> Poll<Result<(), NoRoom>> {
        self.memory.poll_room(cx)
    }

    /// See [`CallMemory::held_back`].
    pub(in crate::service) fn held_back(&self) -> Option<NoRoom> {
        self.memory.held_back()
    }

    /// Nothing more is read.
    pub(in crate::service) fn is_read(&self) {
        self.memory.is_read();
    }

    /// A message came. One that was compressed lies in a buffer that may be many times larger, so it
    /// gets memory of its own.
    pub(in crate::service) fn message(&mut self, request: Opaque) -> Opaque {
        self.memory.message();
        self.largest = self.largest.max(request.fields().len() as u64);
        if self.memory.is_compressed() {
            Bytes::copy_from_slice(request.fields()).into()
        } else {
            request
        }
    }

    /// The rules were read from a message of so many bytes.
    pub(in crate::service) fn rules(&mut self, message: usize) {
        self.held += RULES * message as u64;
        self.settle();
    }

    /// These tickets, and this session that came in a message of so many bytes, go to the tick. The
    /// ids that were seen take `ids` bytes in all.
    pub(in crate::service) fn take(
        &mut self,
        tickets: &mut [Ticket],
        session: Option<(&Session, usize)>,
        ids: usize,
    ) {
        self.tickets += tickets.len() as u64;
        for ticket in tickets {
            // A message is far smaller than 4 GiB, and what it becomes is at most 4 times as large.
            ticket.counted_bytes = u32::try_from(ticket.held_bytes()).unwrap_or(u32::MAX);
            self.held += bytes_of(ticket);
        }
        if let Some((session, message)) = session {
            self.held += INDEX + (session.held_bytes() + message) as u64;
        }
        self.ids = ids as u64;
        self.settle();
    }

    /// An answer with these tickets was encoded: its bytes are sent now.
    pub(in crate::service) fn send(&mut self, ticket: &Ticket) {
        let bytes = bytes_of(ticket);
        self.held = self.held.saturating_sub(bytes);
        self.tickets = self.tickets.saturating_sub(1);
        self.freed += ticket.body.len() as u64;
        self.leaving += bytes;
        self.buffer = BUFFER;
    }

    /// The next answer is asked for, so those before it are on their way.
    pub(in crate::service) fn is_sent(&mut self) {
        if self.leaving >= SENT {
            self.leaving = 0;
            self.settle();
        }
    }

    fn settle(&self) {
        // A ticket keeps the whole buffer that it was received in, with what else was in it.
        let kept = self.tickets.saturating_mul(BUFFER + self.largest);
        let held = self.held + self.ids + self.leaving + self.buffer;
        let bytes = held + self.freed.min(kept);
        self.memory.hold(bytes);
    }
}

fn bytes_of(ticket: &Ticket) -> u64 {
    INDEX + u64::from(ticket.counted_bytes)
}
