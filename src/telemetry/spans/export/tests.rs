use std::sync::atomic::AtomicBool;

use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::error::OTelSdkError;

use super::*;
use crate::telemetry::spans::tracer;
use crate::telemetry::testing::{self, Collector, unused_address};

const PATH: &str = "/api/v2/spans";

fn call(telemetry: &crate::telemetry::Telemetry) -> String {
    let context = telemetry.handles().tracer.start("a.B/C", None);
    let id = context.span().span_context().trace_id().to_string();
    context.span().end();
    id
}

fn spans_reach_zipkin() {
    let zipkin = Collector::start(&[202]);
    let (_, telemetry, _) = testing::telemetry(&[
        "--enable-zipkin=yes",
        "--app-name=my-app",
        &format!("--otel-exporter-zipkin-endpoint={}", zipkin.url(PATH)),
    ]);
    let id = call(&telemetry);
    let exported = telemetry.handles().metrics.export.spans_exported.clone();
    telemetry.shutdown();
    let got = zipkin.next();
    assert!(got.head.starts_with("POST /api/v2/spans "), "{}", got.head);
    let span = &got.json()[0];
    assert_eq!(span["traceId"], id);
    assert_eq!(span["name"], "a.B/C");
    assert_eq!(span["kind"], "SERVER");
    assert_eq!(span["localEndpoint"]["serviceName"], "my-app");
    assert_eq!(exported.get(), 1);
}

#[test]
fn spans_reach_zipkin_from_outside_a_runtime() {
    spans_reach_zipkin();
}

#[tokio::test]
async fn spans_reach_zipkin_from_inside_a_runtime() {
    spans_reach_zipkin();
}

#[test]
fn spans_reach_an_otlp_receiver() {
    let receiver = Collector::start(&[200]);
    let (_, telemetry, _) = testing::telemetry(&[
        "--otel-traces-exporter=otlp",
        "--otel-service-name=my-otel-app",
        &format!("--otel-exporter-otlp-endpoint={}/", receiver.url("")),
    ]);
    call(&telemetry);
    let exported = telemetry.handles().metrics.export.spans_exported.clone();
    telemetry.shutdown();
    let got = receiver.next();
    assert!(got.head.starts_with("POST /v1/traces "), "{}", got.head);
    assert!(
        got.head
            .to_lowercase()
            .contains("content-type: application/x-protobuf")
    );
    for text in ["my-otel-app", "a.B/C"] {
        assert!(
            memchr::memmem::find(&got.body, text.as_bytes()).is_some(),
            "{text}"
        );
    }
    assert_eq!(exported.get(), 1);
}

#[test]
fn without_zipkin_spans_are_dropped_and_counted() {
    let (_, telemetry, _) = testing::telemetry(&[
        "--enable-zipkin=yes",
        &format!("--otel-exporter-zipkin-endpoint={}", unused_address(PATH)),
    ]);
    for _ in 0..3 * QUEUE {
        call(&telemetry);
    }
    let export = Arc::clone(&telemetry.handles().metrics.export);
    telemetry.shutdown();
    let dropped = export.spans_dropped_queue.get() + export.spans_dropped_export.get();
    assert_eq!(dropped, 3 * QUEUE as u64);
    assert_eq!(export.spans_exported.get(), 0);
}

/// Fails until it is repaired.
#[derive(Debug, Default)]
struct Broken {
    works: Arc<AtomicBool>,
}

impl SpanExporter for Broken {
    async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
        match self.works.load(Relaxed) {
            true => Ok(()),
            false => Err(OTelSdkError::InternalFailure("refused".into())),
        }
    }
}

#[tokio::test]
async fn an_outage_pauses_the_attempts_and_ends() {
    let metrics = Arc::clone(&testing::telemetry(&[]).1.handles().metrics.export);
    let works = Arc::new(AtomicBool::new(false));
    let shared = Arc::new(Shared {
        outage: Outage::new("test"),
        waiting: AtomicUsize::new(0),
        queue: 1,
        metrics: Arc::clone(&metrics),
    });
    let watched = Watched {
        exporter: Broken {
            works: Arc::clone(&works),
        },
        shared,
    };
    watched
        .export(Vec::new())
        .await
        .expect("reported by the outage only");
    let first_pause = watched.shared.outage.pause();
    assert!(!first_pause.is_zero());
    works.store(true, Relaxed);
    while !watched.shared.outage.pause().is_zero() {
        std::thread::sleep(Duration::from_millis(20));
    }
    watched.export(Vec::new()).await.expect("works");
    assert!(watched.shared.outage.pause().is_zero());
}

#[test]
fn while_the_collector_is_away_calls_have_ids_and_no_record() {
    let metrics = Arc::clone(&testing::telemetry(&[]).1.handles().metrics.export);
    let processor = bounded("test", Broken::default(), Arc::clone(&metrics), QUEUE);
    let outage = Arc::clone(&processor.shared);
    let sampler = processor.sampler(Sampler::AlwaysOn);
    let (tracer, _flush) = tracer("app", sampler, Sampler::AlwaysOn, Some(processor));
    let recording = || {
        let context = tracer.start("a.B/C", None);
        let span = context.span();
        assert!(span.span_context().is_valid());
        span.is_recording()
    };
    assert!(recording());
    for _ in 0..10 {
        outage.outage.failed(&"refused");
    }
    assert!(!recording());
    assert_eq!(metrics.spans_dropped_queue.get(), 1);
    outage.outage.succeeded();
    assert!(recording());
}
