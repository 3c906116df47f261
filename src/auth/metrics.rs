//! Metrics of the auth module: verdicts, requests to AGS, and the age of what came from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{GaugeVec, IntCounter, Opts, Result};
use tokio::time::Instant;

use super::endpoint::Endpoint;
use super::refusal::Refusal;
use crate::telemetry::metrics::Registrar;

/// The series of the auth module. Counting takes no lock.
#[derive(Debug)]
pub struct AuthMetrics {
    /// Calls let through because their token had been verified before.
    pub permits_cached: IntCounter,
    /// Calls let through after a full verification.
    pub permits_verified: IntCounter,
    refusals: [IntCounter; Refusal::ALL.len()],
    requests: [IntCounter; Endpoint::ALL.len()],
    failures: [IntCounter; Endpoint::ALL.len()],
    ages: DocumentAges,
}

impl AuthMetrics {
    /// Registers the series.
    ///
    /// # Errors
    ///
    /// If a name is taken.
    pub fn register(metrics: &Registrar) -> Result<Self> {
        let verdicts = metrics.counters(
            "auth_verdicts_total",
            "Calls judged, by verdict and reason.",
            &["verdict", "reason"],
        )?;
        let requests = metrics.counters(
            "iam_requests_total",
            "Requests sent to AGS, by endpoint.",
            &["endpoint"],
        )?;
        let failures = metrics.counters(
            "iam_request_failures_total",
            "Requests to AGS that gave nothing usable, by endpoint.",
            &["endpoint"],
        )?;
        let ages = GaugeVec::new(
            Opts::new(
                metrics.name("iam_document_age_seconds"),
                "Time since a document of IAM was fetched, in seconds; +Inf before the first.",
            ),
            &["document"],
        )?;
        Ok(Self {
            permits_cached: verdicts.with_label_values(&["ok", "cached"]),
            permits_verified: verdicts.with_label_values(&["ok", "verified"]),
            refusals: Refusal::ALL.map(|refusal| {
                verdicts.with_label_values(&[refusal.class().name(), refusal.reason()])
            }),
            requests: Endpoint::ALL.map(|endpoint| requests.with_label_values(&[endpoint.name()])),
            failures: Endpoint::ALL.map(|endpoint| failures.with_label_values(&[endpoint.name()])),
            ages: metrics.register(DocumentAges::new(ages))?,
        })
    }

    /// Calls refused for this reason.
    pub fn refusals(&self, refusal: Refusal) -> &IntCounter {
        &self.refusals[refusal as usize]
    }

    /// Requests to AGS, failed ones included.
    pub fn requests(&self, endpoint: Endpoint) -> &IntCounter {
        &self.requests[endpoint as usize]
    }

    /// Requests to AGS that gave nothing usable: no answer, an error status, an unusable body.
    pub fn failures(&self, endpoint: Endpoint) -> &IntCounter {
        &self.failures[endpoint as usize]
    }

    /// Seconds since the document was fetched; `None` before the first.
    pub fn age_s(&self, document: Document) -> Option<f64> {
        self.ages.age_s(document)
    }

    /// The document was fetched just now.
    pub(super) fn fetched(&self, document: Document) {
        self.ages.restart(document);
    }
}

impl Default for AuthMetrics {
    /// Series that are not exported.
    fn default() -> Self {
        Self::register(&Registrar::detached()).expect("the names are valid and free")
    }
}

/// A document of IAM that judging needs and that is fetched again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Document {
    /// The keys that sign tokens.
    KeySet,
    /// The tokens and users that are revoked.
    RevocationList,
}

impl Document {
    const ALL: [Self; 2] = [Self::KeySet, Self::RevocationList];

    const fn name(self) -> &'static str {
        match self {
            Self::KeySet => "jwks",
            Self::RevocationList => "revocation_list",
        }
    }
}

/// Gauges that are set when Prometheus asks: an age changes by itself.
#[derive(Debug, Clone)]
struct DocumentAges {
    start: Instant,
    /// Milliseconds after `start`, plus one; 0 if it was never fetched.
    fetched: Arc<[AtomicU64; Document::ALL.len()]>,
    gauges: GaugeVec,
}

impl DocumentAges {
    fn new(gauges: GaugeVec) -> Self {
        Self {
            start: Instant::now(),
            fetched: Arc::default(),
            gauges,
        }
    }

    fn restart(&self, document: Document) {
        let elapsed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.fetched[document as usize].store(elapsed + 1, Relaxed);
    }

    fn age_s(&self, document: Document) -> Option<f64> {
        let fetched = self.fetched[document as usize].load(Relaxed);
        let fetched_ms = fetched.checked_sub(1)?;
        Some((self.start.elapsed().as_secs_f64() - fetched_ms as f64 / 1e3).max(0.0))
    }
}

impl Collector for DocumentAges {
    fn desc(&self) -> Vec<&Desc> {
        self.gauges.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        for document in Document::ALL {
            let gauge = self.gauges.with_label_values(&[document.name()]);
            gauge.set(self.age_s(document).unwrap_or(f64::INFINITY));
        }
        self.gauges.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;
    use crate::telemetry::testing::{metrics, value};

    #[test]
    fn every_series_is_there_from_the_start() {
        let metrics = metrics();
        let auth = AuthMetrics::register(metrics.registrar()).expect("registers");
        auth.permits_cached.inc_by(3);
        auth.requests(Endpoint::Jwks).inc_by(2);
        auth.failures(Endpoint::Jwks).inc();
        auth.refusals(Refusal::TokenRevoked).inc();
        for (series, expected) in [
            (
                r#"t_auth_verdicts_total{reason="cached",verdict="ok"}"#,
                3.0,
            ),
            (
                r#"t_auth_verdicts_total{reason="verified",verdict="ok"}"#,
                0.0,
            ),
            (
                r#"t_auth_verdicts_total{reason="token_revoked",verdict="permission_denied"}"#,
                1.0,
            ),
            (
                r#"t_auth_verdicts_total{reason="iam_unavailable",verdict="unavailable"}"#,
                0.0,
            ),
            (r#"t_iam_requests_total{endpoint="jwks"}"#, 2.0),
            (r#"t_iam_requests_total{endpoint="namespace_context"}"#, 0.0),
            (r#"t_iam_request_failures_total{endpoint="jwks"}"#, 1.0),
        ] {
            assert_eq!(value(&metrics, series), expected, "{series}");
        }
        assert!(AuthMetrics::register(metrics.registrar()).is_err(), "taken");
    }

    #[tokio::test(start_paused = true)]
    async fn a_scrape_reads_the_ages_anew() {
        let metrics = metrics();
        let auth = AuthMetrics::register(metrics.registrar()).expect("registers");
        let age = |document| {
            value(
                &metrics,
                &format!(r#"t_iam_document_age_seconds{{document="{document}"}}"#),
            )
        };
        assert_eq!(age("jwks"), f64::INFINITY);
        auth.fetched(Document::KeySet);
        advance(Duration::from_millis(1500)).await;
        assert_eq!(age("jwks"), 1.5);
        advance(Duration::from_secs(1)).await;
        assert_eq!(age("jwks"), 2.5);
        auth.fetched(Document::KeySet);
        assert_eq!(age("jwks"), 0.0);
        assert_eq!(age("revocation_list"), f64::INFINITY);
    }
}
