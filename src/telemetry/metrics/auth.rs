//! What the authorizer counts for itself, read when Prometheus asks.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{GaugeVec, IntCounterVec, Opts, Registry};

/// The authorizer's numbers since start. The label values must be closed sets, and the same at
/// every reading.
#[derive(Clone, Debug, Default)]
pub struct AuthReading {
    /// Verdict (`ok`, `unauthenticated`, `permission_denied`, `unavailable`), reason, calls.
    pub verdicts: Vec<(&'static str, &'static str, u64)>,
    /// Endpoint of AGS, requests sent to it.
    pub iam_requests: Vec<(&'static str, u64)>,
    /// Endpoint of AGS, requests that gave nothing usable.
    pub iam_failures: Vec<(&'static str, u64)>,
    /// Document (key set, revocation list), seconds since it was fetched; `None` before the first.
    pub iam_ages: Vec<(&'static str, Option<f64>)>,
}

type Read = Box<dyn Fn() -> AuthReading + Send + Sync>;

/// Series that take their values from a reading.
struct AuthCollector {
    read: Read,
    /// Two scrapes at once must not mix their readings.
    refresh: Mutex<()>,
    verdicts: IntCounterVec,
    requests: IntCounterVec,
    failures: IntCounterVec,
    ages: GaugeVec,
}

impl fmt::Debug for AuthCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthCollector").finish_non_exhaustive()
    }
}

pub(super) fn register(
    registry: &Registry,
    prefix: &str,
    read: Read,
) -> Result<(), prometheus::Error> {
    let options = |name: &str, help: &str| Opts::new(format!("{prefix}_{name}"), help);
    registry.register(Box::new(AuthCollector {
        read,
        refresh: Mutex::new(()),
        verdicts: IntCounterVec::new(
            options(
                "auth_verdicts_total",
                "Calls judged, by verdict and reason.",
            ),
            &["verdict", "reason"],
        )?,
        requests: IntCounterVec::new(
            options("iam_requests_total", "Requests sent to AGS, by endpoint."),
            &["endpoint"],
        )?,
        failures: IntCounterVec::new(
            options(
                "iam_request_failures_total",
                "Requests to AGS that gave nothing usable, by endpoint.",
            ),
            &["endpoint"],
        )?,
        ages: GaugeVec::new(
            options(
                "iam_document_age_seconds",
                "Time since a document of IAM was fetched, in seconds; +Inf before the first.",
            ),
            &["document"],
        )?,
    }))
}

impl Collector for AuthCollector {
    fn desc(&self) -> Vec<&Desc> {
        [&self.verdicts, &self.requests, &self.failures]
            .into_iter()
            .flat_map(Collector::desc)
            .chain(self.ages.desc())
            .collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let _one_at_a_time = self.refresh.lock().unwrap_or_else(PoisonError::into_inner);
        let reading = (self.read)();
        let set = |counters: &IntCounterVec, labels: &[&str], value| {
            let counter = counters.with_label_values(labels);
            counter.reset();
            counter.inc_by(value);
        };
        for (verdict, reason, calls) in reading.verdicts {
            set(&self.verdicts, &[verdict, reason], calls);
        }
        for (endpoint, requests) in reading.iam_requests {
            set(&self.requests, &[endpoint], requests);
        }
        for (endpoint, failures) in reading.iam_failures {
            set(&self.failures, &[endpoint], failures);
        }
        for (document, age) in reading.iam_ages {
            let age = age.unwrap_or(f64::INFINITY);
            self.ages.with_label_values(&[document]).set(age);
        }
        [&self.verdicts, &self.requests, &self.failures]
            .into_iter()
            .flat_map(Collector::collect)
            .chain(self.ages.collect())
            .collect()
    }
}
