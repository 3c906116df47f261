//! How good matches are, by match pool: the series, and the values of one tick.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::{HistogramVec, IntCounter, Result};

use super::values::Values;
use crate::matching::{Goodness, QualityCounts, Text};
use crate::telemetry::metrics::Registrar;

/// Match pools that have series of their own; all others share [`OTHERS`]. Clients choose the names.
const MAX_POOLS: usize = 50;

/// Bytes of a name that is a label.
const MAX_NAME: usize = 128;

/// Attributes of one tick that have series of their own; all others share [`OTHERS`].
const MAX_ATTRIBUTES: usize = 8;

/// The pool of those beyond [`MAX_POOLS`], and the attribute of those beyond [`MAX_ATTRIBUTES`].
const OTHERS: &str = "other";

/// Upper bounds of differences beside the largest reference of their rule. Two parties may each be a
/// reference away from the pivot, on either side.
const SHARES: [f64; 10] = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0];

/// Upper bounds of a latency, in ms.
const LATENCY_MS: [f64; 10] = [
    20.0, 40.0, 60.0, 80.0, 100.0, 125.0, 150.0, 200.0, 250.0, 400.0,
];

/// Upper bounds of a ticket's age when it was placed, in s.
const WAIT_SECONDS: [f64; 10] = [
    2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0,
];

/// Upper bounds of how full a match is.
const FILL: [f64; 6] = [0.25, 0.5, 0.7, 0.8, 0.9, 1.0];

/// The series.
#[derive(Debug, Clone)]
pub(super) struct QualitySeries {
    held: IntCounter,
    rescued: IntCounter,
    trades: IntCounter,
    spread: HistogramVec,
    gap: HistogramVec,
    latency: HistogramVec,
    wait: HistogramVec,
    fill: HistogramVec,
    pools: Arc<Mutex<BTreeSet<Text>>>,
}

impl QualitySeries {
    pub(super) fn register(metrics: &Registrar) -> Result<Self> {
        let by_pool =
            |name, help, bounds: &[f64]| metrics.histograms(name, help, &["match_pool"], bounds);
        let by_attribute =
            |name, help| metrics.histograms(name, help, &["match_pool", "attribute"], &SHARES);
        let series = Self {
            held: metrics.counter(
                "matches_held_total",
                "Matches that could have been made and were put off by `quality.hold`.",
            )?,
            rescued: metrics.counter(
                "matches_rescued_total",
                "Matches that `quality.improve` made of tickets that were left otherwise.",
            )?,
            trades: metrics.counter(
                "match_trades_total",
                "Exchanges of tickets between matches by `quality.improve`.",
            )?,
            spread: by_attribute(
                "match_spread_ratio",
                "Largest difference between two parties of a match, beside the rule's largest reference.",
            )?,
            gap: by_attribute(
                "match_team_gap_ratio",
                "Largest difference between team means of a match, beside the rule's largest reference.",
            )?,
            latency: by_pool(
                "match_latency_ms",
                "Worst latency of a ticket in the region of its match, in ms.",
                &LATENCY_MS,
            )?,
            wait: by_pool(
                "match_wait_seconds",
                "Age of a ticket when it was placed in a match, in seconds, by match pool.",
                &WAIT_SECONDS,
            )?,
            fill: by_pool(
                "match_fill_ratio",
                "Players of a match beside those that it can have.",
                &FILL,
            )?,
            pools: Arc::default(),
        };
        // One of each is there from the start, so that they are known before the first match.
        for by_pool in [&series.latency, &series.wait, &series.fill] {
            by_pool.with_label_values(&[OTHERS]);
        }
        for by_attribute in [&series.spread, &series.gap] {
            by_attribute.with_label_values(&[OTHERS, OTHERS]);
        }
        Ok(series)
    }

    /// The label of a pool.
    fn label<'p>(&self, pool: &'p Text) -> &'p str {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = pools.contains(pool);
        if !is_known && (pools.len() >= MAX_POOLS || pool.len() > MAX_NAME) {
            return OTHERS;
        }
        if !is_known {
            // Of its own: a slice of a received message would keep all of that.
            pools.insert(Text::from(&**pool));
        }
        pool
    }
}

/// How good the matches of one tick are. It is found out which series they go to when the first one is
/// made: the pool is known by then.
#[derive(Debug)]
pub(super) struct QualityRecord {
    series: QualitySeries,
    pub(super) counts: QualityCounts,
    of_pool: Option<OfPool>,
}

#[derive(Debug)]
struct OfPool {
    label: String,
    attributes: Vec<(Text, Values, Values)>,
    latency: Values,
    wait: Values,
    fill: Values,
}

impl OfPool {
    fn new(series: &QualitySeries, pool: &Text) -> Self {
        let label = series.label(pool);
        let of = |series: &HistogramVec| Values::of(&series.with_label_values(&[label]));
        Self {
            attributes: Vec::new(),
            latency: of(&series.latency),
            wait: of(&series.wait),
            fill: of(&series.fill),
            label: label.to_owned(),
        }
    }
}

impl QualityRecord {
    pub(super) fn new(series: &QualitySeries) -> Self {
        Self {
            series: series.clone(),
            counts: QualityCounts::default(),
            of_pool: None,
        }
    }

    /// A record for another thread, without values.
    pub(super) fn fork(&self) -> Self {
        Self {
            series: self.series.clone(),
            counts: self.counts,
            of_pool: None,
        }
    }

    /// The next match of the tick is that good.
    pub(super) fn goodness(&mut self, pool: &Text, goodness: &Goodness<'_>) {
        let series = &self.series;
        let of_pool = self
            .of_pool
            .get_or_insert_with(|| OfPool::new(series, pool));
        of_pool.fill.add(goodness.fill);
        if let Some(latency_ms) = goodness.latency_ms {
            of_pool.latency.add(latency_ms as f64);
        }
        for measure in &goodness.measures {
            let mut known = of_pool.attributes.iter();
            let known = known.position(|(attribute, ..)| attribute == measure.attribute);
            let at = known.unwrap_or_else(|| {
                let attribute = match of_pool.attributes.len() < MAX_ATTRIBUTES {
                    true => measure.attribute.clone(),
                    false => Text::from_static(OTHERS),
                };
                let labels = [&of_pool.label, &*attribute];
                let of = |series: &HistogramVec| Values::of(&series.with_label_values(&labels));
                of_pool.attributes.push((
                    measure.attribute.clone(),
                    of(&series.spread),
                    of(&series.gap),
                ));
                of_pool.attributes.len() - 1
            });
            let (_, spread, gap) = &of_pool.attributes[at];
            spread.add(measure.spread);
            gap.add(measure.gap);
        }
    }

    /// A ticket was placed in a match.
    pub(super) fn waited(&mut self, pool: &Text, seconds: f64) {
        let series = &self.series;
        let of_pool = self
            .of_pool
            .get_or_insert_with(|| OfPool::new(series, pool));
        of_pool.wait.add(seconds);
    }

    /// Hands the values over.
    pub(super) fn flush(&self) {
        let Some(of_pool) = &self.of_pool else {
            return;
        };
        for (_, spread, gap) in &of_pool.attributes {
            spread.flush();
            gap.flush();
        }
        of_pool.latency.flush();
        of_pool.wait.flush();
        of_pool.fill.flush();
    }

    /// Counts what was done, once.
    pub(super) fn count(&self) {
        self.series.held.inc_by(self.counts.held);
        self.series.rescued.inc_by(self.counts.rescued);
        self.series.trades.inc_by(self.counts.trades);
    }
}
