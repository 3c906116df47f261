//! Whether a measured figure grows.

/// The line that fits a series best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Trend {
    /// Its rise over an hour.
    pub(crate) per_hour: f64,
    /// Its rise over the time of the series.
    pub(crate) rise: f64,
    /// Twice the standard deviation of the values from the line.
    pub(crate) noise: f64,
}

impl Trend {
    /// The trend of values at seconds. `None` for fewer than three.
    pub(crate) fn of(series: &[(f64, f64)]) -> Option<Self> {
        let (first, last) = (series.first()?, series.last()?);
        if series.len() < 3 || last.0 <= first.0 {
            return None;
        }
        let n = series.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| series.iter().map(of).sum::<f64>() / n;
        let (mean_x, mean_y) = (mean(|one| one.0), mean(|one| one.1));
        let by_x = |(x, y): &(f64, f64)| (x - mean_x) * (y - mean_y);
        let squares = series.iter().map(|(x, _)| (x - mean_x) * (x - mean_x));
        let slope = series.iter().map(by_x).sum::<f64>() / squares.sum::<f64>();
        let off = |(x, y): &(f64, f64)| y - mean_y - slope * (x - mean_x);
        let variance = series.iter().map(|one| off(one) * off(one)).sum::<f64>() / n;
        Some(Self {
            per_hour: slope * 3600.0,
            rise: slope * (last.0 - first.0),
            noise: 2.0 * variance.sqrt(),
        })
    }

    /// Whether it rises by more than its noise and what is always allowed.
    pub(crate) fn grows(&self, allowed: f64) -> bool {
        self.rise > self.noise + allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value each ten seconds for an hour.
    fn hour(value: impl Fn(f64) -> f64) -> Trend {
        let series: Vec<_> = (0..360)
            .map(|at| f64::from(at) * 10.0)
            .map(|second| (second, value(second)))
            .collect();
        Trend::of(&series).expect("enough values")
    }

    #[test]
    fn what_goes_up_and_down_does_not_grow() {
        let trend = hour(|second| 100.0 + if second % 20.0 == 0.0 { 30.0 } else { 0.0 });
        assert!(trend.noise > 25.0, "{trend:?}");
        assert!(trend.per_hour.abs() < 1.0, "{trend:?}");
        assert!(!trend.grows(4.0));
        assert!(!hour(|_| 100.0).grows(0.0));
    }

    #[test]
    fn a_slow_leak_is_seen() {
        let trend = hour(|second| 100.0 + second / 360.0 + (second % 20.0) / 10.0);
        assert!((trend.per_hour - 10.0).abs() < 0.1, "{trend:?}");
        assert!(trend.grows(4.0));
    }

    #[test]
    fn few_values_have_no_trend() {
        assert_eq!(Trend::of(&[]), None);
        assert_eq!(Trend::of(&[(0.0, 1.0), (1.0, 2.0)]), None);
        assert_eq!(Trend::of(&[(5.0, 1.0); 9]), None);
    }
}
