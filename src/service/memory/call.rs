//! What one call is charged with.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};

use super::budget::{MemoryBudget, Meter, NoRoom};

/// Bytes that a call takes from the budget and gives back at a time. An open call holds one grain at
/// least: its buffers and its state.
const GRAIN: u64 = 16 << 10;

/// The memory of one call. Clones are of the same call; the last one gives all back. Only the task
/// of the call charges it, so that its numbers need no lock.
#[derive(Debug, Clone)]
pub(in crate::service) struct CallMemory(Arc<Call>);

#[derive(Debug)]
struct Call {
    budget: MemoryBudget,
    meter: Arc<Meter>,
    /// Bytes received of messages that are not complete.
    received: AtomicU64,
    /// Bytes that the service holds.
    held: AtomicU64,
    /// Whether received bytes are counted by the service once their message is complete.
    is_stream: AtomicBool,
    /// What a received byte may become before the service sees it.
    inflation: u64,
    /// Maximum of that in all.
    most: u64,
}

impl CallMemory {
    pub(super) fn new(budget: MemoryBudget, meter: Arc<Meter>, inflation: u64, most: u64) -> Self {
        let call = Call {
            budget,
            meter,
            received: AtomicU64::new(0),
            held: AtomicU64::new(0),
            is_stream: AtomicBool::new(false),
            inflation,
            most,
        };
        call.settle();
        Self(Arc::new(call))
    }

    /// The call is a stream: a message is charged by [`CallMemory::hold`] once it is complete.
    pub(super) fn is_of_a_stream(&self) {
        self.0.is_stream.store(true, Relaxed);
        self.0.settle();
    }

    pub(super) fn is_stream(&self) -> bool {
        self.0.is_stream.load(Relaxed)
    }

    /// Whether its messages are compressed.
    pub(super) fn is_compressed(&self) -> bool {
        self.0.inflation > 1
    }

    /// So many bytes came.
    pub(super) fn receive(&self, bytes: usize) {
        let call = &*self.0;
        let received = call.received.load(Relaxed) + bytes as u64;
        call.received.store(received, Relaxed);
        if received >= GRAIN || !self.is_stream() {
            call.settle();
        }
    }

    /// A message of the stream is complete.
    pub(super) fn message(&self) {
        self.0.received.store(0, Relaxed);
    }

    /// The service holds so many bytes for the call.
    pub(super) fn hold(&self, bytes: u64) {
        self.0.held.store(bytes, Relaxed);
        self.0.settle();
    }

    /// Whether the call may be read from; else its task is woken when it may.
    ///
    /// # Errors
    ///
    /// If the call is refused, since there is no memory for it.
    pub(in crate::service) fn poll_room(&self, cx: &Context<'_>) -> Poll<Result<(), NoRoom>> {
        self.0.budget.poll_room(&self.0.meter, cx)
    }

    /// The call waits for its client: an error if it is refused meanwhile. Small calls never are.
    pub(super) fn poll_refused(&self, cx: &Context<'_>) -> Poll<Result<(), NoRoom>> {
        if self.0.budget.is_large(&self.0.meter) {
            self.0.budget.poll_refused(&self.0.meter, cx)
        } else {
            Poll::Pending
        }
    }

    /// Nothing more is read.
    pub(super) fn is_read(&self) {
        self.0.budget.leave(&self.0.meter);
    }

    /// The numbers if the call is held back now.
    pub(super) fn held_back(&self) -> Option<NoRoom> {
        let call = &*self.0;
        call.meter.waits().then(|| call.budget.no_room(&call.meter))
    }
}

impl Call {
    /// Takes or gives back grains, so that what is taken covers what is held. Gives back when two
    /// grains are left over: a call that takes and gives a few bytes leaves the budget alone.
    fn settle(&self) {
        let received = self.received.load(Relaxed);
        let coming = if self.is_stream.load(Relaxed) {
            received
        } else {
            received.saturating_mul(self.inflation).min(self.most)
        };
        let needed = GRAIN + self.held.load(Relaxed) + coming;
        let taken = self.meter.taken();
        if needed > taken {
            let more = (needed - taken).next_multiple_of(GRAIN);
            self.budget.take(&self.meter, more);
        } else if taken - needed >= 2 * GRAIN {
            let less = (taken - needed) / GRAIN * GRAIN;
            self.budget.give_back(&self.meter, less);
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.budget.give_back(&self.meter, self.meter.taken());
        self.budget.leave(&self.meter);
    }
}
