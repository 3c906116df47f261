//! Registers metrics: every area has its own beside what it measures, and gets a [`Registrar`].

use prometheus::core::Collector;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    Result,
};

use super::prefix::MetricPrefix;

/// A registry, and the prefix that names get in it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Registrar {
    registry: Registry,
    /// Empty, or with a `_` at its end.
    prefix: String,
}

impl Registrar {
    /// Registers in `registry`, under this prefix.
    pub fn new(registry: Registry, prefix: &MetricPrefix) -> Self {
        Self {
            registry,
            prefix: format!("{prefix}_"),
        }
    }

    /// Registers in a registry that is never exported, for what counts outside a server.
    pub fn detached() -> Self {
        Self {
            registry: Registry::new(),
            prefix: String::new(),
        }
    }

    /// Registers in the same registry without the prefix: names that shared dashboards know.
    pub fn without_prefix(&self) -> Self {
        Self {
            registry: self.registry.clone(),
            prefix: String::new(),
        }
    }

    /// The name with the prefix.
    pub fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// A counter.
    ///
    /// # Errors
    ///
    /// If the name is taken, or is not the name of a metric.
    pub fn counter(&self, name: &str, help: &str) -> Result<IntCounter> {
        self.register(IntCounter::new(self.name(name), help)?)
    }

    /// Counters by labels.
    ///
    /// # Errors
    ///
    /// If the name is taken, or is not the name of a metric.
    pub fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec> {
        self.register(IntCounterVec::new(
            Opts::new(self.name(name), help),
            labels,
        )?)
    }

    /// A gauge.
    ///
    /// # Errors
    ///
    /// If the name is taken, or is not the name of a metric.
    pub fn gauge(&self, name: &str, help: &str) -> Result<IntGauge> {
        self.register(IntGauge::new(self.name(name), help)?)
    }

    /// A histogram with these upper bounds of its buckets, ascending.
    ///
    /// # Errors
    ///
    /// If the name is taken or is not the name of a metric, or if the bounds do not ascend.
    pub fn histogram(&self, name: &str, help: &str, bounds: &[f64]) -> Result<Histogram> {
        let options = HistogramOpts::new(self.name(name), help).buckets(bounds.to_vec());
        self.register(Histogram::with_opts(options)?)
    }

    /// Histograms by labels.
    ///
    /// # Errors
    ///
    /// If the name is taken or is not the name of a metric, or if the bounds do not ascend.
    pub fn histograms(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        bounds: &[f64],
    ) -> Result<HistogramVec> {
        let options = HistogramOpts::new(self.name(name), help).buckets(bounds.to_vec());
        self.register(HistogramVec::new(options, labels)?)
    }

    /// Registers what another crate or area has made, under its own name.
    ///
    /// # Errors
    ///
    /// If the name is taken.
    pub fn register<C: Collector + Clone + 'static>(&self, collector: C) -> Result<C> {
        self.registry.register(Box::new(collector.clone()))?;
        Ok(collector)
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }
}
