//! What telemetry itself loses: the only trace of a collector that is away.

use std::fmt;
use std::sync::OnceLock;

use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

use super::register;

/// A count that is kept elsewhere.
struct Losses(Box<dyn Fn() -> u64 + Send + Sync>);

impl fmt::Debug for Losses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Losses")
    }
}

/// Counters of the log and span exporters.
#[derive(Debug)]
pub struct ExportMetrics {
    /// Log lines that did not reach standard output.
    stdout_dropped: IntCounter,
    stdout_losses: OnceLock<Losses>,
    /// Log lines that did not reach Loki.
    pub loki_dropped: IntCounter,
    /// Log lines that Loki took.
    pub loki_pushed: IntCounter,
    /// Spans dropped because the queue was full or the collector is known to be away.
    pub spans_dropped_queue: IntCounter,
    /// Spans dropped because sending their batch failed.
    pub spans_dropped_export: IntCounter,
    /// Spans that the collector took.
    pub spans_exported: IntCounter,
}

impl ExportMetrics {
    pub(super) fn new(registry: &Registry, prefix: &str) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str| {
            let options = Opts::new(format!("{prefix}_{name}"), help);
            register(registry, IntCounter::with_opts(options)?)
        };
        let vector = |name: &str, help: &str, label: &str| {
            let options = Opts::new(format!("{prefix}_{name}"), help);
            register(registry, IntCounterVec::new(options, &[label])?)
        };
        let lines = vector(
            "log_lines_dropped_total",
            "Log lines that did not reach their sink.",
            "sink",
        )?;
        let spans = vector(
            "spans_dropped_total",
            "Spans that were not exported, by cause.",
            "cause",
        )?;
        Ok(Self {
            stdout_losses: OnceLock::new(),
            stdout_dropped: lines.with_label_values(&["stdout"]),
            loki_dropped: lines.with_label_values(&["loki"]),
            loki_pushed: counter("loki_lines_pushed_total", "Log lines that Loki took.")?,
            spans_dropped_queue: spans.with_label_values(&["queue"]),
            spans_dropped_export: spans.with_label_values(&["export"]),
            spans_exported: counter("spans_exported_total", "Spans that the collector took.")?,
        })
    }

    /// Where to read how many lines standard output lost.
    pub(in crate::telemetry) fn watch_stdout(
        &self,
        read: impl Fn() -> u64 + Send + Sync + 'static,
    ) {
        let _ = self.stdout_losses.set(Losses(Box::new(read)));
    }

    /// Brings the counters up to date that are kept elsewhere.
    pub(super) fn refresh(&self) {
        if let Some(losses) = self.stdout_losses.get() {
            let known = self.stdout_dropped.get();
            self.stdout_dropped
                .inc_by((losses.0)().saturating_sub(known));
        }
    }
}
