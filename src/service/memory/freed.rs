//! Freed memory goes back to the system.
//!
//! mimalloc gives pages back a second after they were freed, but only while it is called: a server
//! that rests after a burst would keep all of them. So the allocator is called once more.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::Notify;

/// Bytes that have to be freed for it to be worth a call.
const WORTH: u64 = 8 << 20;

/// A little more than mimalloc's own delay.
const DELAY: Duration = Duration::from_millis(1200);

/// Calls after a burst. What is freed behind the first one is given back by the second one.
const CALLS: u32 = 2;

/// Size of a block that mimalloc takes from the system and gives back by itself, in bytes. It is
/// never written to, so it costs no memory.
const BLOCK: usize = 32 << 20;

/// Memory that calls gave back.
#[derive(Debug, Default)]
pub(super) struct Freed {
    bytes: AtomicU64,
    burst: Notify,
}

impl Freed {
    /// So many bytes more are free.
    pub(super) fn add(&self, bytes: u64) {
        if self.bytes.fetch_add(bytes, Relaxed) + bytes >= WORTH {
            self.burst.notify_one();
        }
    }

    /// Calls the allocator behind every burst, for as long as it is polled.
    pub(super) async fn goes_back(&self, call: impl Fn()) {
        loop {
            self.burst.notified().await;
            self.bytes.store(0, Relaxed);
            for _ in 0..CALLS {
                tokio::time::sleep(DELAY).await;
                call();
            }
        }
    }
}

/// Makes the allocator give freed pages back.
pub(super) fn call_allocator() {
    drop(black_box(Vec::<u8>::with_capacity(BLOCK)));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicU32;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_allocator_is_called_behind_a_burst_and_not_at_rest() {
        let freed = Arc::new(Freed::default());
        let calls = Arc::new(AtomicU32::new(0));
        let task = tokio::spawn({
            let (freed, calls) = (Arc::clone(&freed), Arc::clone(&calls));
            async move {
                let call = || {
                    calls.fetch_add(1, Relaxed);
                };
                freed.goes_back(call).await;
            }
        });
        let calls_in = async |seconds| {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            calls.swap(0, Relaxed)
        };
        freed.add(WORTH - 1);
        assert_eq!(calls_in(60).await, 0, "not worth it");
        freed.add(1);
        assert_eq!(calls_in(3).await, CALLS);
        assert_eq!(calls_in(60).await, 0);
        freed.add(3 * WORTH);
        tokio::time::sleep(DELAY).await;
        freed.add(WORTH);
        assert_eq!(
            calls_in(6).await,
            2 * CALLS,
            "a second burst behind the first"
        );
        task.abort();
    }
}
