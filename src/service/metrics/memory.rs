//! What the memory budget says of itself.

use prometheus::{IntCounter, IntGauge, Result};

use crate::telemetry::metrics::Registrar;

/// The series of the memory budget. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::service) struct MemoryMetrics {
    used: IntGauge,
    limit: IntGauge,
    held_back: IntCounter,
    refused: IntCounter,
}

impl MemoryMetrics {
    pub(super) fn register(metrics: &Registrar) -> Result<Self> {
        Ok(Self {
            used: metrics.gauge(
                "memory_used_bytes",
                "Bytes that all open calls hold, as the memory budget counts them.",
            )?,
            limit: metrics.gauge(
                "memory_limit_bytes",
                "Bytes that all open calls may hold together (MAX_MEMORY_BYTES).",
            )?,
            held_back: metrics.counter(
                "memory_held_back_total",
                "Times that a call was not read from since the memory budget was nearly used.",
            )?,
            refused: metrics.counter(
                "memory_refused_total",
                "Calls refused since the memory budget was used.",
            )?,
        })
    }

    /// The budget has so many bytes.
    pub(in crate::service) fn set_limit(&self, bytes: u64) {
        self.limit.set(bytes.cast_signed());
    }

    /// A call takes so many bytes.
    pub(in crate::service) fn taken(&self, bytes: u64) {
        self.used.add(bytes.cast_signed());
    }

    /// A call gives back so many bytes.
    pub(in crate::service) fn given_back(&self, bytes: u64) {
        self.used.sub(bytes.cast_signed());
    }

    /// A call is held back.
    pub(in crate::service) fn held_back(&self) {
        self.held_back.inc();
    }

    /// A call is refused.
    pub(in crate::service) fn refused(&self) {
        self.refused.inc();
    }
}
