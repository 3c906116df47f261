//! Metrics of connections.

use prometheus::{IntCounter, IntCounterVec, IntGauge, Result};

use super::activity::Limit;
use crate::telemetry::metrics::Registrar;

/// The series of connections. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ConnectionMetrics {
    open: IntGauge,
    closed: IntCounterVec,
    accept_errors: IntCounter,
}

/// Labels of connections that the server closed.
const REFUSED: &str = "refused";
const REPLACED: &str = "replaced";
const HANDSHAKE: &str = "handshake";
const IDLE: &str = "idle";
const STALLED: &str = "stalled";

impl ConnectionMetrics {
    /// Registers the series.
    ///
    /// # Errors
    ///
    /// If a name is taken.
    pub fn register(metrics: &Registrar) -> Result<Self> {
        let closed = metrics.counters(
            "connections_closed_total",
            "Connections that the server closed, by cause: refused or replaced at MAX_CONNECTIONS, \
             handshake or headers not complete in 10 s, idle, answers not taken.",
            &["cause"],
        )?;
        for cause in [REFUSED, REPLACED, HANDSHAKE, IDLE, STALLED] {
            closed.with_label_values(&[cause]);
        }
        Ok(Self {
            open: metrics.gauge("connections_open", "Connections to the gRPC port.")?,
            closed,
            accept_errors: metrics.counter(
                "connections_accept_errors_total",
                "Connections that could not be accepted, for example for lack of files.",
            )?,
        })
    }

    /// A connection is open as long as what is returned.
    pub(super) fn opened(&self) -> Open {
        self.open.inc();
        Open(self.open.clone())
    }

    /// A new connection was closed: there are as many as are allowed, and all have calls.
    pub(super) fn refused(&self) {
        self.closed.with_label_values(&[REFUSED]).inc();
    }

    /// A connection without calls was closed for a new one.
    pub(super) fn replaced(&self) {
        self.closed.with_label_values(&[REPLACED]).inc();
    }

    /// A connection reached a limit of time.
    pub(super) fn timed_out(&self, limit: Limit) {
        let cause = match limit {
            Limit::Handshake => HANDSHAKE,
            Limit::Idle => IDLE,
            Limit::Stalled => STALLED,
        };
        self.closed.with_label_values(&[cause]).inc();
    }

    /// A connection could not be accepted.
    pub(super) fn not_accepted(&self) {
        self.accept_errors.inc();
    }
}

/// Counts an open connection.
#[derive(Debug)]
pub(super) struct Open(IntGauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}
