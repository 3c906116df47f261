//! Values that were measured: their number, mean, percentiles.

use hdrhistogram::Histogram;

/// Significant digits of a percentile.
const DIGITS: u8 = 3;

/// The greatest value that percentiles tell from others, in units. It bounds the memory.
const MAX_UNITS: u64 = 1 << 32;

/// Values that are not negative. Percentiles are nearest rank, to three digits; the memory does not grow
/// with their number.
#[derive(Debug, Clone)]
pub struct Quantity {
    /// The smallest difference that matters.
    unit: f64,
    values: Histogram<u32>,
    sum: f64,
    largest: f64,
}

impl Quantity {
    /// No values yet; differences below `unit` do not matter.
    ///
    /// # Panics
    ///
    /// If the number of digits is beyond what a histogram can have.
    pub fn new(unit: f64) -> Self {
        Self {
            unit,
            values: Histogram::new(DIGITS).expect("the number of digits is allowed"),
            sum: 0.0,
            largest: 0.0,
        }
    }

    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        let value = value.max(0.0);
        self.sum += value;
        self.largest = self.largest.max(value);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative; what is too large saturates"
        )]
        let units = (value / self.unit).round() as u64;
        // The histogram grows as needed, which fails only beyond what a u64 can count.
        let _ = self.values.record(units.min(MAX_UNITS));
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.values.len()
    }

    /// Their mean; 0 without values.
    pub fn mean(&self) -> f64 {
        match self.count() {
            0 => 0.0,
            count => self.sum / count as f64,
        }
    }

    /// The value that this share of the values does not exceed; 0 without values.
    pub fn at(&self, share: f64) -> f64 {
        if self.count() == 0 {
            return 0.0;
        }
        let value = self.values.value_at_quantile(share) as f64 * self.unit;
        value.min(self.largest)
    }

    /// The largest value.
    pub fn largest(&self) -> f64 {
        self.largest
    }

    /// The share of values up to that one.
    pub fn share_up_to(&self, value: f64) -> f64 {
        if self.count() == 0 {
            return 0.0;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative; what is too large saturates"
        )]
        let units = (value.max(0.0) / self.unit).round() as u64;
        self.values.percentile_below(units) / 100.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_rank() {
        let mut waits = Quantity::new(0.001);
        assert_eq!((waits.mean(), waits.at(0.5), waits.count()), (0.0, 0.0, 0));
        for second in 1..=100 {
            waits.add(f64::from(second));
        }
        assert_eq!(waits.mean(), 50.5);
        for (share, second) in [(0.5, 50.0), (0.9, 90.0), (0.95, 95.0), (0.99, 99.0)] {
            let at = waits.at(share);
            assert!((at / second - 1.0).abs() < 0.001, "{share}: {at}");
        }
        assert_eq!((waits.at(1.0), waits.largest()), (100.0, 100.0));
        let half = waits.share_up_to(50.0);
        assert!((half - 0.5).abs() < 0.001, "{half}");
    }
}
