//! What telemetry itself loses: all that is left of it while a collector cannot be reached.

use prometheus::{IntCounter, Result};

use super::registrar::Registrar;

/// Counters of the log and span exporters.
#[derive(Debug)]
pub struct ExportMetrics {
    /// Log lines that did not reach standard output.
    pub stdout_dropped: IntCounter,
    /// Log lines that did not reach Loki.
    pub loki_dropped: IntCounter,
    /// Log lines that Loki took.
    pub loki_pushed: IntCounter,
    /// Spans dropped because the queue was full or the collector could not be reached.
    pub spans_dropped_queue: IntCounter,
    /// Spans dropped because sending their batch failed.
    pub spans_dropped_export: IntCounter,
    /// Spans that the collector took.
    pub spans_exported: IntCounter,
}

impl ExportMetrics {
    pub(super) fn register(metrics: &Registrar) -> Result<Self> {
        let lines = metrics.counters(
            "log_lines_dropped_total",
            "Log lines that did not reach their sink.",
            &["sink"],
        )?;
        let spans = metrics.counters(
            "spans_dropped_total",
            "Spans that were not exported, by cause.",
            &["cause"],
        )?;
        Ok(Self {
            stdout_dropped: lines.with_label_values(&["stdout"]),
            loki_dropped: lines.with_label_values(&["loki"]),
            loki_pushed: metrics.counter("loki_lines_pushed_total", "Log lines that Loki took.")?,
            spans_dropped_queue: spans.with_label_values(&["queue"]),
            spans_dropped_export: spans.with_label_values(&["export"]),
            spans_exported: metrics
                .counter("spans_exported_total", "Spans that the collector took.")?,
        })
    }
}
