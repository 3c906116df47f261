use http_body_util::BodyExt;
use proptest::prelude::*;
use tonic::Status;
use tower::{Layer, Service};

use super::*;
use crate::layers::observe::Observe;
use crate::layers::testing::{Answer, Never, Part, call, request, response, rpc, trailers_only};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::testing::{metrics, value};

fn layer(metrics: &Metrics) -> Observe<Measure> {
    Observe::new(Measure::new(rpc(metrics)))
}

const STREAM: &str = r#"grpc_method="Stream",grpc_service="a.B",grpc_type="bidi_stream"}"#;

fn handled(metrics: &Metrics, code: &str) -> f64 {
    value(
        metrics,
        &format!(r#"grpc_server_handled_total{{grpc_code="{code}",{STREAM}"#),
    )
}

#[tokio::test]
async fn a_call_and_its_messages_are_counted() {
    let metrics = metrics();
    // Three messages in, of 1, 0 and 2 bytes; two out, the second cut in its prefix.
    let messages = Bytes::from_static(b"\0\0\0\0\x01x\0\0\0\0\0\0\0\0\0\x02yz");
    let parts = || {
        vec![
            Part::Data(b"\0\0\0\0\x02ab\0\0"),
            Part::Data(b"\0\0\x01c"),
            Part::Status(Status::ok("")),
        ]
    };
    let bodies = Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = Arc::clone(&bodies);
    let mut service = layer(&metrics).layer(Answer(move |request: Request<Body>| {
        kept.lock().expect("no panic").push(request.into_body());
        response(parts())
    }));
    let stream = request("/a.B/Stream", &[])
        .map(|_| Body::new(http_body_util::Full::new(messages.clone()).map_err(|e| match e {})));
    call(&mut service, stream).await.expect("a status");
    let body = bodies
        .lock()
        .expect("no panic")
        .pop()
        .expect("the request's");
    let read = body.collect().await.expect("reads").to_bytes();
    assert_eq!(read, messages, "the messages are not changed");
    for (series, expected) in [
        ("grpc_server_started_total", 1.0),
        ("grpc_server_msg_received_total", 3.0),
        ("grpc_server_msg_sent_total", 2.0),
        ("grpc_server_handling_seconds_count", 1.0),
    ] {
        assert_eq!(
            value(&metrics, &format!("{series}{{{STREAM}")),
            expected,
            "{series}"
        );
    }
    assert_eq!(handled(&metrics, "OK"), 1.0);
    let calls = format!(
        r#"grpc_server_calls_count_total{{os="{}"}}"#,
        std::env::consts::OS
    );
    assert_eq!(value(&metrics, &calls), 1.0);
    assert_eq!(value(&metrics, "t_rpcs_in_flight"), 0.0);
}

#[tokio::test]
async fn every_outcome_has_its_code() {
    let metrics = metrics();
    let layer = layer(&metrics);
    let mut denied = layer.layer(Answer(|_| trailers_only(Status::permission_denied(""))));
    call(&mut denied, request("/a.B/Stream", &[]))
        .await
        .expect("a status");
    let mut never = layer.layer(Never);
    let running = never.call(request("/a.B/Stream", &[]));
    assert_eq!(value(&metrics, "t_rpcs_in_flight"), 1.0);
    drop(running);
    drop(never.call(request("/a.B/Stream", &[("grpc-timeout", "0u")])));
    for code in ["PermissionDenied", "Canceled", "DeadlineExceeded"] {
        assert_eq!(handled(&metrics, code), 1.0, "{code}");
    }
    assert_eq!(handled(&metrics, "OK"), 0.0);
    assert_eq!(value(&metrics, "t_rpcs_in_flight"), 0.0);
}

#[tokio::test]
async fn a_scanner_makes_no_series() {
    let metrics = metrics();
    let lines = || {
        metrics
            .encode()
            .expect("encodes")
            .split(|b| *b == b'\n')
            .count()
    };
    let mut service = layer(&metrics).layer(Answer(|_| trailers_only(Status::unimplemented(""))));
    let before = lines();
    for path in ["/admin.php", "/a.B/Nothing", "/"] {
        call(&mut service, request(path, &[]))
            .await
            .expect("a status");
    }
    assert_eq!(lines(), before);
    let unknown = r#"grpc_server_handled_total{grpc_code="Unimplemented",grpc_method="unknown",grpc_service="unknown",grpc_type="unary"}"#;
    assert_eq!(value(&metrics, unknown), 3.0);
}

proptest! {
    #[test]
    fn messages_are_counted_wherever_they_are_cut(
        sizes in proptest::collection::vec(0usize..40, 0..20),
        cuts in proptest::collection::vec(1usize..50, 1..20),
    ) {
        let mut stream = Vec::new();
        for size in &sizes {
            stream.push(0);
            stream.extend(u32::try_from(*size).expect("small").to_be_bytes());
            stream.extend(std::iter::repeat_n(0xff, *size));
        }
        let mut counter = MessageCounter::default();
        let mut rest = &stream[..];
        let mut counted = 0;
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (part, tail) = rest.split_at(rest.len().min(*cut));
            counted += counter.count(part);
            rest = tail;
        }
        prop_assert_eq!(counted, sizes.len() as u64);
    }
}
