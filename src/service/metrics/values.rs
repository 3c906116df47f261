//! Values of a histogram that belong to one tick.

use prometheus::Histogram;
use prometheus::local::LocalHistogram;

/// Values of one tick. They reach the histogram together, at its end; those of a thread
/// whose client has left never do, as its matches are not counted either.
#[derive(Debug)]
pub(super) struct Values(LocalHistogram);

impl Values {
    /// None yet, for this histogram.
    pub(super) fn of(histogram: &Histogram) -> Self {
        Self(histogram.local())
    }

    pub(super) fn add(&self, value: f64) {
        self.0.observe(value);
    }

    pub(super) fn flush(&self) {
        self.0.flush();
    }
}

impl Clone for Values {
    /// For the same histogram, without values.
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Drop for Values {
    fn drop(&mut self) {
        // A local histogram would flush itself.
        self.0.clear();
    }
}
