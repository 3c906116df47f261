//! What a single ticket or session may cost: values, depth and memory.

use super::bound::Bound;
use super::fault::{DecodeFault, Decoded};
use crate::service::limits::Limits;

/// Bytes of memory that the lists of a ticket or a session may take for each byte of its message. An
/// entry can be much shorter in the message than in memory: `null` in a list has 2 bytes there. So
/// with its message, one takes at most four times as much, and what is spare.
pub(super) const MEMORY_PER_BYTE: usize = 3;

/// Bytes that the lists of a ticket may take beside that: for hundreds of short values.
pub(super) const SPARE_OF_TICKET: usize = 16 << 10;

/// The same for each player with an id: for short ids, and statistics with short names.
pub(super) const SPARE_OF_PLAYER: usize = 64;

/// The same for a session: for the tickets and teams of some hundred players with short ids.
pub(super) const SPARE_OF_SESSION: usize = 64 << 10;

/// What more a message may have. Each entry is charged before it is read further.
#[derive(Debug)]
pub(super) struct Budget<'l> {
    limits: &'l Limits,
    values: u32,
    memory: usize,
}

impl<'l> Budget<'l> {
    /// Of a ticket whose message has so many bytes.
    pub(super) fn of_ticket(limits: &'l Limits, bytes: usize) -> Self {
        Self {
            limits,
            values: limits.max_attributes_per_ticket,
            memory: MEMORY_PER_BYTE * bytes + SPARE_OF_TICKET,
        }
    }

    /// Of a session whose message has so many bytes. Its attributes have a bound for their number as
    /// those of a ticket do.
    pub(super) fn of_session(limits: &'l Limits, bytes: usize) -> Self {
        Self {
            limits,
            values: limits.max_attributes_per_ticket,
            memory: MEMORY_PER_BYTE * bytes + SPARE_OF_SESSION,
        }
    }

    pub(super) fn limits(&self) -> &'l Limits {
        self.limits
    }

    /// Reads a ticket of a session: it may have values of its own, and shares the session's memory.
    pub(super) fn inner<T>(&mut self, read: impl FnOnce(&mut Self) -> Decoded<T>) -> Decoded<T> {
        let values = std::mem::replace(&mut self.values, self.limits.max_attributes_per_ticket);
        let read = read(self);
        self.values = values;
        read
    }

    /// An attribute, or a value in a list or an object, which takes the memory of a `T`.
    #[inline]
    pub(super) fn value<T>(&mut self) -> Decoded<()> {
        let left = self.values.checked_sub(1);
        self.values = left.ok_or_else(|| exceeds(Bound::Attributes))?;
        self.entry::<T>()
    }

    /// A value inside this many lists and objects that is a list or an object itself.
    pub(super) fn depth(&self, depth: u32) -> Decoded<()> {
        if depth > self.limits.max_attribute_depth {
            return Err(exceeds(Bound::AttributeDepth));
        }
        Ok(())
    }

    /// An entry of another list, which takes the memory of a `T`.
    #[inline]
    pub(super) fn entry<T>(&mut self) -> Decoded<()> {
        let left = self.memory.checked_sub(size_of::<T>());
        self.memory = left.ok_or_else(|| exceeds(Bound::Memory))?;
        Ok(())
    }

    /// There is one more player with an id.
    #[inline]
    pub(super) fn grant_player(&mut self) {
        self.memory += SPARE_OF_PLAYER;
    }
}

#[cold]
pub(super) fn exceeds(bound: Bound) -> Box<DecodeFault> {
    Box::new(DecodeFault::Exceeds(bound))
}
