//! Metrics of calls: the family that gRPC servers of every language export, so that shared
//! dashboards work, and two of the application's own.

use std::sync::Arc;
use std::time::Duration;

use prometheus::{Histogram, IntCounter, IntGauge, Result};
use tonic::Code;

use super::classify::CODES;
use crate::telemetry::method::{Method, MethodId, MethodTable};
use crate::telemetry::metrics::Registrar;

/// From a stat-code call (well below 1 ms) to a tick at Envoy's limit of 15 s.
const SECONDS: [f64; 16] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0,
    30.0,
];

/// The series of every method, made once: recording is an index and an atomic addition. Cheap to
/// clone.
#[derive(Clone, Debug)]
pub struct RpcMetrics(Arc<Series>);

#[derive(Debug)]
struct Series {
    methods: MethodTable,
    /// By [`MethodId::index`].
    by_method: Vec<MethodSeries>,
    calls: IntCounter,
    in_flight: IntGauge,
    panics: IntCounter,
}

#[derive(Debug)]
struct MethodSeries {
    started: IntCounter,
    received: IntCounter,
    sent: IntCounter,
    handled: [IntCounter; CODES.len()],
    seconds: Histogram,
}

impl RpcMetrics {
    /// Registers the series of these methods.
    ///
    /// # Errors
    ///
    /// If a name is taken.
    pub fn register(metrics: &Registrar, methods: MethodTable) -> Result<Self> {
        let family = metrics.without_prefix();
        let labels = ["grpc_type", "grpc_service", "grpc_method"];
        let started = family.counters(
            "grpc_server_started_total",
            "Calls started on the server.",
            &labels,
        )?;
        let received = family.counters(
            "grpc_server_msg_received_total",
            "Messages received from clients.",
            &labels,
        )?;
        let sent = family.counters(
            "grpc_server_msg_sent_total",
            "Messages sent to clients.",
            &labels,
        )?;
        let handled = family.counters(
            "grpc_server_handled_total",
            "Calls ended on the server, whatever the outcome.",
            &["grpc_type", "grpc_service", "grpc_method", "grpc_code"],
        )?;
        let seconds = family.histograms(
            "grpc_server_handling_seconds",
            "Time from a call's headers to its end, in seconds.",
            &labels,
            &SECONDS,
        )?;
        let calls = family.counters(
            "grpc_server_calls_count_total",
            "Calls received, whatever the method.",
            &["os"],
        )?;
        let mut by_method = Vec::with_capacity(methods.iter().len());
        for id in methods.iter() {
            let Method {
                call_type,
                service,
                name,
                ..
            } = id.method();
            let call_type = call_type.as_str();
            let values = [call_type, service, name];
            by_method.push(MethodSeries {
                started: started.with_label_values(&values),
                received: received.with_label_values(&values),
                sent: sent.with_label_values(&values),
                handled: CODES
                    .map(|code| handled.with_label_values(&[call_type, service, name, code])),
                seconds: seconds.with_label_values(&values),
            });
        }
        Ok(Self(Arc::new(Series {
            methods,
            by_method,
            calls: calls.with_label_values(&[std::env::consts::OS]),
            in_flight: metrics.gauge("rpcs_in_flight", "Calls that have begun and not ended.")?,
            panics: metrics.counter(
                "rpc_panics_total",
                "Calls answered INTERNAL because their handler panicked.",
            )?,
        })))
    }

    /// The methods that have series.
    pub fn methods(&self) -> &MethodTable {
        &self.0.methods
    }

    /// A call began.
    pub fn started(&self, method: MethodId) {
        self.0.calls.inc();
        self.0.in_flight.inc();
        self.of(method).started.inc();
    }

    /// A call ended with this status.
    pub fn handled(&self, method: MethodId, code: Code, elapsed: Duration) {
        let series = self.of(method);
        series.handled[code as usize].inc();
        series.seconds.observe(elapsed.as_secs_f64());
        self.0.in_flight.dec();
    }

    /// The counter of messages from clients.
    pub fn received(&self, method: MethodId) -> &IntCounter {
        &self.of(method).received
    }

    /// The counter of messages to clients.
    pub fn sent(&self, method: MethodId) -> &IntCounter {
        &self.of(method).sent
    }

    /// A handler panicked.
    pub fn panicked(&self) {
        self.0.panics.inc();
    }

    fn of(&self, method: MethodId) -> &MethodSeries {
        &self.0.by_method[method.index()]
    }
}

#[cfg(test)]
mod tests;
