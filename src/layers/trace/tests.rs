use std::borrow::Cow;

use opentelemetry::Value;
use opentelemetry::trace::SpanKind;
use opentelemetry_sdk::trace::SpanData;
use tonic::Status as GrpcStatus;
use tower::{Layer, Service};

use super::*;
use crate::layers::observe::Observe;
use crate::layers::testing::{Answer, Never, Part, call, request, response, trailers_only};
use crate::telemetry::testing::{methods, spans};

fn attribute<'a>(span: &'a SpanData, name: &str) -> Option<&'a Value> {
    let found = span.attributes.iter().find(|a| a.key.as_str() == name)?;
    Some(&found.value)
}

const B3: [(&str, &str); 3] = [
    ("x-b3-traceid", "463ac35c9f6413ad48485a3953bb6124"),
    ("x-b3-spanid", "a2fb4a1d1a96d312"),
    ("x-b3-sampled", "1"),
];

#[tokio::test]
async fn a_call_is_a_span_below_its_callers() {
    let (tracer, spans) = spans(&[]);
    let service = Answer(|request: Request<Body>| {
        // The call's code runs in its span.
        let current = Context::current();
        let facts = request
            .extensions()
            .get::<Arc<RpcFacts>>()
            .expect("made by the layer");
        assert_eq!(facts.ab_trace_id(), Some("ags-7"));
        assert!(current.span().span_context().is_sampled());
        assert!(current.get::<Arc<RpcFacts>>().is_some());
        facts.set_tick_id(u64::MAX);
        facts.set_match_pool("ranked");
        response(vec![
            Part::Data(b"12345"),
            Part::Status(GrpcStatus::not_found("x")),
        ])
    });
    let mut service = Observe::new(Trace::new(tracer, methods())).layer(service);
    let mut headers = B3.to_vec();
    headers.push(("x-ab-traceid", "ags-7"));
    call(&mut service, request("/a.B/Stream", &headers))
        .await
        .expect("a status");
    let ended = spans.ended();
    let [span] = &ended[..] else {
        panic!("one span: {ended:?}")
    };
    assert_eq!(span.name, "a.B/Stream");
    assert_eq!(span.span_kind, SpanKind::Server);
    assert_eq!(span.span_context.trace_id().to_string(), B3[0].1);
    assert_eq!(span.parent_span_id.to_string(), B3[1].1);
    for (name, expected) in [
        ("rpc.system", "grpc".into()),
        ("rpc.service", "a.B".into()),
        ("rpc.method", "Stream".into()),
        ("rpc.grpc.status_code", Value::I64(5)),
        ("ab_trace_id", "ags-7".into()),
        ("tick_id", "18446744073709551615".into()),
        ("match_pool", "ranked".into()),
    ] {
        assert_eq!(attribute(span, name), Some(&expected), "{name}");
    }
    assert_eq!(
        span.status,
        Status::Unset,
        "a caller's fault is not an error of the server"
    );
    assert!(
        !Context::current().span().span_context().is_valid(),
        "nothing stays behind"
    );
}

#[tokio::test]
async fn a_fault_of_the_server_marks_the_span() {
    let (tracer, spans) = spans(&[]);
    let answer = Answer(|_| trailers_only(GrpcStatus::internal("sorry")));
    let mut service = Observe::new(Trace::new(tracer, methods())).layer(answer);
    call(&mut service, request("/unknown", &[]))
        .await
        .expect("a status");
    let span = &spans.ended()[0];
    assert_eq!(span.name, "unknown/unknown");
    assert_eq!(
        span.status,
        Status::Error {
            description: Cow::Borrowed("sorry")
        }
    );
}

#[tokio::test]
async fn a_call_that_is_not_sampled_leaves_nothing() {
    let (tracer, spans) = spans(&[]);
    let answer = Answer(|_| trailers_only(GrpcStatus::ok("")));
    let mut service = Observe::new(Trace::new(tracer, methods())).layer(answer);
    let unsampled = [B3[0], B3[1], ("x-b3-sampled", "0")];
    call(&mut service, request("/a.B/Unary", &unsampled))
        .await
        .expect("a status");
    assert!(spans.ended().is_empty());
}

#[test]
fn a_dropped_call_ends_its_span() {
    let (tracer, spans) = spans(&[]);
    let mut service = Observe::new(Trace::new(tracer, methods())).layer(Never);
    drop(service.call(request("/a.B/Unary", &[])));
    let span = &spans.ended()[0];
    assert_eq!(
        attribute(span, "rpc.grpc.status_code"),
        Some(&Value::I64(1))
    );
}
