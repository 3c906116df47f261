//! Exporters of spans: Zipkin and OTLP behind one bounded queue and one outage.
//!
//! Both use reqwest's blocking client on the batch processor's own thread: since opentelemetry
//! 0.28 that thread drives no runtime, so an async client would wait forever. The blocking client
//! in turn may not be built inside a runtime, so [`processor`] builds it on a short-lived thread.

mod zipkin;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use opentelemetry::trace::{Link, SpanKind, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SamplingDecision, SamplingResult,
    ShouldSample, Span, SpanData, SpanExporter, SpanProcessor,
};
use reqwest::blocking::Client;

use crate::telemetry::collector::{self, Address};
use crate::telemetry::metrics::ExportMetrics;
use crate::telemetry::outage::Outage;
use crate::telemetry::settings::SpansTarget;
use zipkin::Zipkin;

/// Maximum number of spans that wait; OpenTelemetry's default. About 2 MB at worst.
const QUEUE: usize = 2048;

/// Builds the processor for this target; `service_name` is put on the spans.
pub(super) fn processor(
    target: SpansTarget,
    service_name: &str,
    metrics: &Arc<ExportMetrics>,
) -> Result<Bounded<BatchSpanProcessor>, String> {
    let service_name = service_name.to_owned();
    let metrics = Arc::clone(metrics);
    thread::Builder::new()
        .name("trace-setup".into())
        .spawn(move || match target {
            SpansTarget::Zipkin(address, timeout) => {
                let client = client(&address, timeout)?;
                let exporter = Zipkin::new(client, address, service_name);
                Ok(bounded("zipkin", exporter, metrics, QUEUE))
            }
            SpansTarget::Otlp(address, timeout) => {
                let exporter = otlp(client(&address, timeout)?, &address, timeout)?;
                Ok(bounded("otlp", exporter, metrics, QUEUE))
            }
        })
        .map_err(|error| format!("cannot start a thread for the span exporter: {error}"))?
        .join()
        .map_err(|_| "the span exporter cannot be built: its HTTP client panicked".to_owned())?
}

fn client(address: &Address, timeout: Duration) -> Result<Client, String> {
    collector::client(address, timeout)
        .build()
        .map_err(|error| format!("the span exporter's HTTP client cannot be built: {error}"))
}

fn otlp(
    client: Client,
    address: &Address,
    timeout: Duration,
) -> Result<opentelemetry_otlp::SpanExporter, String> {
    opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(timeout)
        .with_endpoint(address.as_str())
        .build()
        .map_err(|error| format!("the OTLP endpoint cannot be used: {error}"))
}

/// Puts an exporter behind a queue for `queue` spans.
pub(super) fn bounded<E: SpanExporter + 'static>(
    collector: &'static str,
    exporter: E,
    metrics: Arc<ExportMetrics>,
    queue: usize,
) -> Bounded<BatchSpanProcessor> {
    let shared = Arc::new(Shared {
        outage: Outage::new(collector),
        waiting: AtomicUsize::new(0),
        queue,
        metrics,
    });
    let watched = Watched {
        exporter,
        shared: Arc::clone(&shared),
    };
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(queue)
        .build();
    let inner = BatchSpanProcessor::builder(watched)
        .with_batch_config(config)
        .build();
    Bounded { inner, shared }
}

impl<P> Bounded<P> {
    /// A sampler that records nothing while the collector cannot be reached: such a span would be
    /// dropped at its end, and to make it costs more than the rest of a call's tracing. Calls still
    /// get ids.
    pub(super) fn sampler(&self, sampler: Sampler) -> WhileReachable {
        WhileReachable {
            sampler,
            shared: Arc::clone(&self.shared),
        }
    }
}

/// See [`Bounded::sampler`].
#[derive(Clone, Debug)]
pub(super) struct WhileReachable {
    sampler: Sampler,
    shared: Arc<Shared>,
}

impl ShouldSample for WhileReachable {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let Self { sampler, shared } = self;
        let mut result = sampler.should_sample(parent, trace, name, kind, attributes, links);
        let wanted = result.decision != SamplingDecision::Drop;
        if wanted && !shared.outage.pause().is_zero() {
            result.decision = SamplingDecision::Drop;
            shared.metrics.spans_dropped_queue.inc();
        }
        result
    }
}

#[derive(Debug)]
struct Shared {
    outage: Outage,
    /// Spans given to the batch processor and not yet taken by the exporter.
    waiting: AtomicUsize,
    queue: usize,
    metrics: Arc<ExportMetrics>,
}

/// Drops and counts the spans that the queue cannot take, and all of them while the collector
/// cannot be reached.
#[derive(Debug)]
pub(super) struct Bounded<P> {
    inner: P,
    shared: Arc<Shared>,
}

impl<P: SpanProcessor> SpanProcessor for Bounded<P> {
    fn on_start(&self, span: &mut Span, cx: &Context) {
        self.inner.on_start(span, cx);
    }

    fn on_end(&self, span: SpanData) {
        let shared = &self.shared;
        let full = shared.waiting.fetch_add(1, Relaxed) >= shared.queue;
        if full || !shared.outage.pause().is_zero() {
            shared.waiting.fetch_sub(1, Relaxed);
            shared.metrics.spans_dropped_queue.inc();
        } else {
            self.inner.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// Counts what is sent and what is lost, and reports an outage once.
#[derive(Debug)]
struct Watched<E> {
    exporter: E,
    shared: Arc<Shared>,
}

impl<E: SpanExporter> SpanExporter for Watched<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let shared = &self.shared;
        let spans = batch.len();
        shared.waiting.fetch_sub(spans, Relaxed);
        if !shared.outage.pause().is_zero() {
            shared.metrics.spans_dropped_queue.inc_by(spans as u64);
            return Ok(());
        }
        match self.exporter.export(batch).await {
            Ok(()) => {
                shared.outage.succeeded();
                shared.metrics.spans_exported.inc_by(spans as u64);
            }
            Err(error) => {
                shared.outage.failed(&error);
                shared.metrics.spans_dropped_export.inc_by(spans as u64);
            }
        }
        // The SDK would log each failed batch; the outage has logged the first one.
        Ok(())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests;
