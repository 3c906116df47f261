//! A collector that cannot be reached: one warning when that begins, one line when it ends, and
//! longer and longer pauses between the attempts.

use std::fmt::Display;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::facts::bounded;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Maximum length of an error in a log line, in bytes.
const MAX_ERROR: usize = 300;

/// Whether a collector can be reached, as far as is known. Shared between the thread that sends and
/// those that only ask.
#[derive(Debug)]
pub(super) struct Outage {
    collector: &'static str,
    start: Instant,
    /// Milliseconds after `start` until which nothing is sent; 0 while it can be reached.
    until_ms: AtomicU64,
    failures: AtomicU32,
}

impl Outage {
    pub(super) fn new(collector: &'static str) -> Self {
        Self {
            collector,
            start: Instant::now(),
            until_ms: AtomicU64::new(0),
            failures: AtomicU32::new(0),
        }
    }

    /// How long to wait before the next attempt; zero while it can be reached.
    pub(super) fn pause(&self) -> Duration {
        match self.until_ms.load(Relaxed) {
            0 => Duration::ZERO,
            until => Duration::from_millis(until).saturating_sub(self.start.elapsed()),
        }
    }

    /// An attempt failed. The first of several in a row is logged.
    pub(super) fn failed(&self, error: &dyn Display) {
        let failures = self.failures.fetch_add(1, Relaxed);
        let pause = FIRST_PAUSE
            .saturating_mul(1 << failures.min(10))
            .min(MAX_PAUSE);
        let until = self.start.elapsed() + pause;
        let until = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
        self.until_ms.store(until.max(1), Relaxed);
        if failures == 0 {
            let error = error.to_string();
            tracing::warn!(
                collector = self.collector,
                error = bounded(&error, MAX_ERROR),
                "the collector cannot be reached; the server works on without it, and losses are counted in the metrics"
            );
        }
    }

    /// An attempt succeeded.
    pub(super) fn succeeded(&self) {
        self.until_ms.store(0, Relaxed);
        let failures = self.failures.swap(0, Relaxed);
        if failures > 0 {
            tracing::info!(
                collector = self.collector,
                failed_attempts = failures,
                "the collector can be reached again"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_with_success() {
        let outage = Outage::new("test");
        assert_eq!(outage.pause(), Duration::ZERO);
        let mut last = Duration::ZERO;
        for _ in 0..6 {
            outage.failed(&"refused");
            assert!(outage.pause() > last);
            last = outage.pause();
        }
        for _ in 0..100 {
            outage.failed(&"refused");
        }
        assert!(outage.pause() <= MAX_PAUSE);
        outage.succeeded();
        assert_eq!(outage.pause(), Duration::ZERO);
    }
}
