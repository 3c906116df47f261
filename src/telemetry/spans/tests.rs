use opentelemetry::trace::{SpanId, TraceId};

use super::*;
use crate::telemetry::testing::{settings, spans};

const TRACE: TraceId = TraceId::from_bytes([7; 16]);
const SPAN: SpanId = SpanId::from_bytes([3; 8]);

fn remote(ids: bool, sampled: Option<bool>) -> Option<Remote> {
    Some(Remote {
        ids: ids.then_some((TRACE, SPAN)),
        sampled,
        state: TraceState::NONE,
    })
}

/// Whether a call with this caller is sampled, and whether it is in the caller's trace.
fn start(tracer: &Tracer, remote: Option<Remote>) -> (bool, bool) {
    let context = tracer.start("a.B/C", remote);
    let span = context.span();
    let ids = span.span_context();
    assert!(ids.is_valid() && ids.span_id() != SPAN);
    (ids.is_sampled(), ids.trace_id() == TRACE)
}

#[test]
fn the_callers_decision_is_respected() {
    let traced = spans(&[]).0;
    assert_eq!(start(&traced, None), (true, false));
    assert_eq!(start(&traced, remote(true, Some(true))), (true, true));
    assert_eq!(start(&traced, remote(true, Some(false))), (false, true));
    assert_eq!(start(&traced, remote(true, None)), (true, true));
    assert_eq!(start(&traced, remote(false, Some(false))), (false, false));
    assert_eq!(start(&traced, remote(false, Some(true))), (true, false));
}

#[test]
fn samplers_by_their_standard_names() {
    let off = spans(&["--otel-traces-sampler=parentbased_always_off"]).0;
    assert_eq!(start(&off, None), (false, false));
    assert_eq!(start(&off, remote(true, Some(true))), (true, true));
    assert_eq!(start(&off, remote(true, None)), (false, true));
    let never = spans(&["--otel-traces-sampler=always_off"]).0;
    assert_eq!(start(&never, remote(true, Some(true))), (false, true));
    let ratio = [
        "--otel-traces-sampler=traceidratio",
        "--otel-traces-sampler-arg=0",
    ];
    assert_eq!(start(&spans(&ratio).0, None), (false, false));
}

#[test]
fn without_an_exporter_nothing_is_recorded_but_ids_go_on() {
    let metrics = crate::telemetry::testing::telemetry(&[])
        .1
        .handles()
        .metrics
        .export
        .clone();
    let (tracer, _) = build(&settings(&[]), &metrics).expect("no exporter to build");
    let context = tracer.start("a.B/C", None);
    assert!(context.span().span_context().is_valid());
    assert!(!context.span().is_recording());
}

#[test]
fn tracing_spans_of_this_crate_become_children() {
    use tracing_subscriber::layer::SubscriberExt;
    let (tracer, spans) = spans(&[]);
    let subscriber = tracing_subscriber::registry().with(tracer.layer());
    let context = tracer.start("a.B/C", remote(true, Some(true)));
    let parent = context.span().span_context().span_id();
    tracing::subscriber::with_default(subscriber, || {
        let _call = context.clone().attach();
        let tick = tracing::info_span!("tick", tick_id = 7);
        tracing::debug_span!("too fine").in_scope(|| ());
        tracing::info_span!(target: "h2", "not ours").in_scope(|| ());
        // A span entered on another thread takes the call's ids along.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                tick.in_scope(|| {
                    let current = Context::current();
                    assert_eq!(current.span().span_context().trace_id(), TRACE);
                });
            });
        });
    });
    context.span().end();
    let spans = spans.ended();
    let names: Vec<_> = spans.iter().map(|span| &*span.name).collect();
    assert_eq!(names, ["tick", "a.B/C"]);
    assert_eq!(spans[0].parent_span_id, parent);
    assert_eq!(spans[1].parent_span_id, SPAN);
    assert!(
        spans
            .iter()
            .all(|span| span.span_context.trace_id() == TRACE)
    );
}
