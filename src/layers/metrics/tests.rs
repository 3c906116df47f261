use super::*;
use crate::layers::testing::rpc;
use crate::telemetry::testing::{metrics, value};

#[test]
fn every_series_is_there_from_the_start() {
    let metrics = metrics();
    rpc(&metrics);
    let method = r#"grpc_method="Stream",grpc_service="a.B",grpc_type="bidi_stream"}"#;
    for name in [
        "started_total",
        "msg_received_total",
        "msg_sent_total",
        "handling_seconds_count",
    ] {
        let series = format!("grpc_server_{name}{{{method}");
        assert_eq!(value(&metrics, &series), 0.0, "{series}");
    }
    for series in [
        r#"grpc_server_calls_count_total{os="linux"}"#,
        r#"grpc_server_handled_total{grpc_code="Unauthenticated",grpc_method="unknown",grpc_service="unknown",grpc_type="unary"}"#,
        "t_rpcs_in_flight",
        "t_rpc_panics_total",
    ] {
        assert_eq!(value(&metrics, series), 0.0, "{series}");
    }
}

#[test]
fn a_call_is_counted_once_by_its_code() {
    let metrics = metrics();
    let rpc = rpc(&metrics);
    let method = rpc.methods().find("/a.B/Unary");
    rpc.started(method);
    rpc.handled(method, Code::Unauthenticated, Duration::from_millis(2));
    let unary = r#"grpc_method="Unary",grpc_service="a.B",grpc_type="unary"}"#;
    for (series, expected) in [
        (format!(r#"grpc_server_started_total{{{unary}"#), 1.0),
        (
            format!(r#"grpc_server_handled_total{{grpc_code="Unauthenticated",{unary}"#),
            1.0,
        ),
        (
            format!(r#"grpc_server_handled_total{{grpc_code="OK",{unary}"#),
            0.0,
        ),
        (
            format!(r#"grpc_server_handling_seconds_sum{{{unary}"#),
            0.002,
        ),
    ] {
        assert_eq!(value(&metrics, &series), expected, "{series}");
    }
}
