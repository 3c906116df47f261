//! Calls: the family that gRPC servers of every language export, so that shared dashboards work.

use std::time::Duration;

use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
};

use super::register;
use crate::telemetry::method::{MethodId, MethodTable};

/// Names of the status codes, by number; `grpc_code` has these values.
pub const CODES: [&str; 17] = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];

/// From a stat-code call (well below 1 ms) to a tick at Envoy's limit of 15 s.
const SECONDS: [f64; 16] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0,
    30.0,
];

/// Handles for every series, made once: recording is an index and an atomic addition.
#[derive(Debug)]
pub struct RpcMetrics {
    methods: Vec<MethodSeries>,
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
    pub(super) fn new(
        registry: &Registry,
        prefix: &str,
        methods: &MethodTable,
    ) -> Result<Self, prometheus::Error> {
        let labels = ["grpc_type", "grpc_service", "grpc_method"];
        let counter = |name: &str, help: &str, labels: &[&str]| {
            register(registry, IntCounterVec::new(Opts::new(name, help), labels)?)
        };
        let started = counter(
            "grpc_server_started_total",
            "Calls started on the server.",
            &labels,
        )?;
        let received = counter(
            "grpc_server_msg_received_total",
            "Messages received from clients.",
            &labels,
        )?;
        let sent = counter(
            "grpc_server_msg_sent_total",
            "Messages sent to clients.",
            &labels,
        )?;
        let handled = counter(
            "grpc_server_handled_total",
            "Calls ended on the server, whatever the outcome.",
            &["grpc_type", "grpc_service", "grpc_method", "grpc_code"],
        )?;
        let seconds = register(
            registry,
            HistogramVec::new(
                HistogramOpts::new(
                    "grpc_server_handling_seconds",
                    "Time from a call's headers to its end, in seconds.",
                )
                .buckets(SECONDS.to_vec()),
                &labels,
            )?,
        )?;
        let calls = counter(
            "grpc_server_calls_count_total",
            "Calls received, whatever the method.",
            &["os"],
        )?;
        let gauge = |name: &str, help: &str| {
            register(registry, IntGauge::new(format!("{prefix}_{name}"), help)?)
        };
        let series = |id: MethodId| {
            let method = id.method();
            let values = [method.call_type.as_str(), method.service, method.name];
            MethodSeries {
                started: started.with_label_values(&values),
                received: received.with_label_values(&values),
                sent: sent.with_label_values(&values),
                handled: CODES.map(|code| {
                    handled.with_label_values(&[values[0], values[1], values[2], code])
                }),
                seconds: seconds.with_label_values(&values),
            }
        };
        Ok(Self {
            methods: methods.iter().map(series).collect(),
            calls: calls.with_label_values(&[std::env::consts::OS]),
            in_flight: gauge("rpcs_in_flight", "Calls that have begun and not ended.")?,
            panics: register(
                registry,
                IntCounter::new(
                    format!("{prefix}_rpc_panics_total"),
                    "Calls answered INTERNAL because their handler panicked.",
                )?,
            )?,
        })
    }

    /// A call began.
    pub fn started(&self, method: MethodId) {
        self.calls.inc();
        self.in_flight.inc();
        self.methods[method.index()].started.inc();
    }

    /// A call ended with status `code`, 0 to 16; any other number counts as unknown.
    pub fn handled(&self, method: MethodId, code: usize, elapsed: Duration) {
        const UNKNOWN: usize = 2;
        let series = &self.methods[method.index()];
        let code = if code < CODES.len() { code } else { UNKNOWN };
        series.handled[code].inc();
        series.seconds.observe(elapsed.as_secs_f64());
        self.in_flight.dec();
    }

    /// The counter of messages from clients.
    pub fn received(&self, method: MethodId) -> &IntCounter {
        &self.methods[method.index()].received
    }

    /// The counter of messages to clients.
    pub fn sent(&self, method: MethodId) -> &IntCounter {
        &self.methods[method.index()].sent
    }

    /// A handler panicked.
    pub fn panicked(&self) {
        self.panics.inc();
    }
}
