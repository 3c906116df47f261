//! The thread that pushes batches to Loki, and repeats a push where that may help.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::blocking::Client;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use secrecy::ExposeSecret;

use super::wire;
use crate::error;
use crate::telemetry::collector;
use crate::telemetry::metrics::ExportMetrics;
use crate::telemetry::outage::Outage;
use crate::telemetry::queue::{Batches, Line};
use crate::telemetry::settings::LokiTarget;

const PUSH_TIMEOUT: Duration = Duration::from_secs(10);

/// Pushes batches until the queue ends.
pub(super) struct Pusher {
    client: Client,
    target: LokiTarget,
    application: String,
    batches: Batches,
    /// Ends a pause between two attempts.
    woken: Receiver<()>,
    outage: Outage,
    metrics: Arc<ExportMetrics>,
}

/// What became of a push.
enum Pushed {
    Taken,
    /// Loki will not take these lines later either.
    Refused(String),
    /// Another attempt may succeed.
    Failed(String),
}

impl Pusher {
    /// A pusher of these batches, with `application` as their label.
    ///
    /// # Errors
    ///
    /// If the HTTP client cannot be built.
    pub(super) fn new(
        target: LokiTarget,
        application: String,
        batches: Batches,
        woken: Receiver<()>,
        metrics: Arc<ExportMetrics>,
    ) -> reqwest::Result<Self> {
        let client = collector::client(&target.address, PUSH_TIMEOUT)
            .user_agent(&application)
            .build()?;
        Ok(Self {
            client,
            target,
            application,
            batches,
            woken,
            outage: Outage::new("loki"),
            metrics,
        })
    }

    /// Pushes until the last batch, or until one is given up while the process ends.
    pub(super) fn run(self) {
        loop {
            let (batch, is_last) = self.batches.next();
            let settled = self.deliver(&batch);
            if is_last || (!settled && self.batches.are_stopping()) {
                break;
            }
        }
        let lost = self.batches.count_rest();
        self.metrics.loki_dropped.inc_by(lost as u64);
    }

    /// Pushes a batch until it is taken, refused, or the process ends. False if it was given up.
    fn deliver(&self, batch: &[Line]) -> bool {
        if batch.is_empty() {
            return true;
        }
        let lines = batch.len() as u64;
        let body = match wire::body(&self.application, batch) {
            Ok(body) => body,
            Err(error) => {
                self.outage.failed(&error);
                self.metrics.loki_dropped.inc_by(lines);
                return true;
            }
        };
        loop {
            match self.push(body.clone()) {
                Pushed::Taken => {
                    self.outage.succeeded();
                    self.metrics.loki_pushed.inc_by(lines);
                    return true;
                }
                Pushed::Refused(reason) => {
                    self.outage.failed(&reason);
                    self.metrics.loki_dropped.inc_by(lines);
                    return true;
                }
                Pushed::Failed(reason) => self.outage.failed(&reason),
            }
            if self.batches.are_stopping() || self.woken.recv_timeout(self.outage.pause()).is_ok() {
                self.metrics.loki_dropped.inc_by(lines);
                return false;
            }
        }
    }

    fn push(&self, body: Vec<u8>) -> Pushed {
        let mut request = self
            .client
            .post(self.target.address.as_str())
            .header(CONTENT_TYPE, "application/json")
            .header(CONTENT_ENCODING, "gzip")
            .body(body);
        if let Some((user, password)) = &self.target.user {
            request = request.basic_auth(user, Some(password.expose_secret()));
        }
        match request.send() {
            Ok(response) if response.status().is_success() => Pushed::Taken,
            Ok(response) => {
                let status = response.status();
                let reason = format!("Loki answered {status}");
                // Too many requests and a server's own errors pass; others are about these lines.
                if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
                    Pushed::Failed(reason)
                } else {
                    Pushed::Refused(reason)
                }
            }
            Err(error) => Pushed::Failed(error::chain(error.without_url())),
        }
    }
}
