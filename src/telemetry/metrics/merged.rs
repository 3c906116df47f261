//! A histogram that takes counted values: one addition per bucket and stream, not per value.
//!
//! The `prometheus` crate's own can only be given values one by one.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use prometheus::core::{Collector, Desc};
use prometheus::proto::{Bucket, Histogram, Metric, MetricFamily, MetricType};

use super::tick::Spread;

/// The histogram. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct MergedHistogram(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    desc: Desc,
    bounds: &'static [u64],
    /// What one unit of the values is in the unit of the metric.
    scale: f64,
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

impl MergedHistogram {
    pub(super) fn new(
        name: &str,
        help: &str,
        bounds: &'static [u64],
        scale: f64,
    ) -> Result<Self, prometheus::Error> {
        if !bounds.is_sorted_by(|a, b| a < b) {
            let text = format!("the bounds of {name} do not ascend");
            return Err(prometheus::Error::Msg(text));
        }
        let desc = Desc::new(name.to_owned(), help.to_owned(), vec![], HashMap::new())?;
        Ok(Self(Arc::new(Inner {
            desc,
            bounds,
            scale,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        })))
    }

    /// Adds a stream's values. Counts beyond the last bucket are ignored.
    pub(super) fn merge(&self, spread: Spread<'_>) {
        for (count, more) in self.0.counts.iter().zip(spread.counts) {
            if *more > 0 {
                count.fetch_add(*more, Relaxed);
            }
        }
        self.0.sum.fetch_add(spread.sum, Relaxed);
    }
}

impl Collector for MergedHistogram {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.0.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let inner = &self.0;
        let mut total = 0;
        let mut buckets = Vec::with_capacity(inner.bounds.len());
        for (count, bound) in inner.counts.iter().zip(inner.bounds) {
            total += count.load(Relaxed);
            let mut bucket = Bucket::default();
            bucket.set_upper_bound(*bound as f64 * inner.scale);
            bucket.set_cumulative_count(total);
            buckets.push(bucket);
        }
        total += inner.counts[inner.bounds.len()].load(Relaxed);
        let mut histogram = Histogram::default();
        histogram.set_bucket(buckets);
        histogram.set_sample_count(total);
        histogram.set_sample_sum(inner.sum.load(Relaxed) as f64 * inner.scale);
        let mut metric = Metric::default();
        metric.set_histogram(histogram);
        let mut family = MetricFamily::default();
        family.set_name(inner.desc.fq_name.clone());
        family.set_help(inner.desc.help.clone());
        family.set_field_type(MetricType::HISTOGRAM);
        family.set_metric(vec![metric]);
        vec![family]
    }
}
