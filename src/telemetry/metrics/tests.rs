use std::time::Duration;

use super::*;
use crate::telemetry::facts::RpcFacts;
use crate::telemetry::method::{CallType, Method};

const REASONS: &[&str] = &["no_players", "ruleset_invalid"];

fn table() -> MethodTable {
    MethodTable::new(&[Method {
        service: "a.B",
        name: "C",
        call_type: CallType::BidiStream,
        probe: false,
    }])
}

fn metrics() -> Metrics {
    Metrics::new("app_server", &table(), REASONS).expect("valid names")
}

fn text(metrics: &Metrics) -> String {
    String::from_utf8(metrics.encode().expect("encodes")).expect("UTF-8")
}

/// The value of one series, written as Prometheus writes it.
fn value(metrics: &Metrics, series: &str) -> f64 {
    let text = text(metrics);
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    let value = line.unwrap_or_else(|| panic!("{series} is missing in\n{text}"));
    value.parse().expect("a number")
}

#[test]
fn every_series_is_there_from_the_start() {
    let metrics = metrics();
    metrics
        .watch_auth(|| AuthReading {
            verdicts: vec![("ok", "cached", 3)],
            iam_requests: vec![("jwks", 2)],
            iam_failures: vec![("jwks", 1)],
            iam_ages: vec![("jwks", None), ("revocation_list", Some(1.5))],
        })
        .expect("registered once");
    for (series, expected) in [
        (r#"grpc_server_calls_count_total{os="linux"}"#, 0.0),
        (
            r#"grpc_server_started_total{grpc_method="C",grpc_service="a.B",grpc_type="bidi_stream"}"#,
            0.0,
        ),
        (
            r#"grpc_server_msg_received_total{grpc_method="C",grpc_service="a.B",grpc_type="bidi_stream"}"#,
            0.0,
        ),
        (
            r#"grpc_server_msg_sent_total{grpc_method="C",grpc_service="a.B",grpc_type="bidi_stream"}"#,
            0.0,
        ),
        (
            r#"grpc_server_handling_seconds_count{grpc_method="C",grpc_service="a.B",grpc_type="bidi_stream"}"#,
            0.0,
        ),
        (
            r#"grpc_server_handled_total{grpc_code="OK",grpc_method="C",grpc_service="a.B",grpc_type="bidi_stream"}"#,
            0.0,
        ),
        (
            r#"grpc_server_handled_total{grpc_code="Unauthenticated",grpc_method="unknown",grpc_service="unknown",grpc_type="unary"}"#,
            0.0,
        ),
        (r#"app_server_refusals_total{reason="no_players"}"#, 0.0),
        (
            r#"app_server_ticks_total{kind="backfill",outcome="stopped"}"#,
            0.0,
        ),
        (
            r#"app_server_tick_duration_seconds_count{kind="match"}"#,
            0.0,
        ),
        ("app_server_tickets_received_total", 0.0),
        ("app_server_tickets_matched_total", 0.0),
        ("app_server_tickets_left_total", 0.0),
        ("app_server_matches_total", 0.0),
        ("app_server_match_players_count", 0.0),
        ("app_server_ticket_wait_seconds_count", 0.0),
        ("app_server_backfill_proposals_total", 0.0),
        ("app_server_rpcs_in_flight", 0.0),
        ("app_server_rpc_panics_total", 0.0),
        (r#"app_server_log_lines_dropped_total{sink="loki"}"#, 0.0),
        (r#"app_server_spans_dropped_total{cause="queue"}"#, 0.0),
        (
            r#"app_server_auth_verdicts_total{reason="cached",verdict="ok"}"#,
            3.0,
        ),
        (r#"app_server_iam_requests_total{endpoint="jwks"}"#, 2.0),
        (
            r#"app_server_iam_request_failures_total{endpoint="jwks"}"#,
            1.0,
        ),
        (
            r#"app_server_iam_document_age_seconds{document="jwks"}"#,
            f64::INFINITY,
        ),
        (
            r#"app_server_iam_document_age_seconds{document="revocation_list"}"#,
            1.5,
        ),
    ] {
        assert_eq!(value(&metrics, series), expected, "{series}");
    }
    assert!(text(&metrics).contains("process_resident_memory_bytes "));
    assert!(
        value(
            &metrics,
            &format!(
                r#"app_server_build_info{{revision="{}",version="{}"}}"#,
                option_env!("GIT_REVISION").unwrap_or("unknown"),
                env!("CARGO_PKG_VERSION")
            )
        ) == 1.0
    );
}

#[test]
fn a_scrape_reads_the_authorizer_anew() {
    use std::sync::atomic::{AtomicU64, Ordering};
    let metrics = metrics();
    let calls = Arc::new(AtomicU64::new(1));
    let read = Arc::clone(&calls);
    let reading = move || AuthReading {
        verdicts: vec![("ok", "cached", read.load(Ordering::Relaxed))],
        ..AuthReading::default()
    };
    metrics.watch_auth(reading).expect("registered once");
    let series = r#"app_server_auth_verdicts_total{reason="cached",verdict="ok"}"#;
    assert_eq!(value(&metrics, series), 1.0);
    calls.store(5, Ordering::Relaxed);
    assert_eq!(value(&metrics, series), 5.0);
    assert!(metrics.watch_auth(AuthReading::default).is_err());
}

#[test]
fn a_tally_is_merged_when_its_tick_ends() {
    let metrics = metrics();
    let facts = Arc::new(RpcFacts::new(table().find("/a.B/C")));
    let mut tally = metrics
        .ticks
        .begin(TickKind::Match, Some(Arc::clone(&facts)));
    for _ in 0..5 {
        tally.received();
    }
    tally.refused(0);
    tally.refused(99);
    tally.placed(Duration::from_secs(3));
    tally.placed(Duration::from_secs(40));
    tally.matched(4);
    assert_eq!(value(&metrics, "app_server_tickets_received_total"), 0.0);
    tally.finish();
    for (series, expected) in [
        ("app_server_tickets_received_total", 5.0),
        ("app_server_tickets_matched_total", 2.0),
        ("app_server_tickets_left_total", 2.0),
        ("app_server_matches_total", 1.0),
        ("app_server_match_players_sum", 4.0),
        ("app_server_ticket_wait_seconds_sum", 43.0),
        (r#"app_server_ticket_wait_seconds_bucket{le="5"}"#, 1.0),
        (r#"app_server_refusals_total{reason="no_players"}"#, 1.0),
        (
            r#"app_server_ticks_total{kind="match",outcome="finished"}"#,
            1.0,
        ),
        (
            r#"app_server_ticks_total{kind="match",outcome="stopped"}"#,
            0.0,
        ),
    ] {
        assert_eq!(value(&metrics, series), expected, "{series}");
    }
    assert_eq!(facts.totals().tickets_in, 5);
    assert_eq!(facts.totals().players_matched, 4);
    assert_eq!(facts.refusals().as_deref(), Some("no_players=1"));
}

#[test]
fn a_dropped_tally_counts_as_stopped() {
    let metrics = metrics();
    let mut tally = metrics.ticks.begin(TickKind::Backfill, None);
    tally.received();
    tally.proposed();
    drop(tally);
    let stopped = r#"app_server_ticks_total{kind="backfill",outcome="stopped"}"#;
    assert_eq!(value(&metrics, stopped), 1.0);
    assert_eq!(value(&metrics, "app_server_backfill_proposals_total"), 1.0);
    assert_eq!(value(&metrics, "app_server_tickets_left_total"), 1.0);
}

#[test]
fn refusals_outside_a_tick_are_counted() {
    let metrics = metrics();
    let facts = RpcFacts::new(table().find("/a.B/C"));
    metrics.ticks.refuse(1, Some(&facts));
    metrics.ticks.refuse(7, Some(&facts));
    let series = r#"app_server_refusals_total{reason="ruleset_invalid"}"#;
    assert_eq!(value(&metrics, series), 1.0);
    assert_eq!(facts.refusals().as_deref(), Some("ruleset_invalid=1"));
}

#[test]
fn codes_outside_the_range_count_as_unknown() {
    let metrics = metrics();
    let method = table().find("/a.B/C");
    metrics.rpc.started(method);
    metrics.rpc.handled(method, 99, Duration::from_millis(2));
    let series = r#"grpc_server_handled_total{grpc_code="Unknown",grpc_method="C",grpc_service="a.B",grpc_type="bidi_stream"}"#;
    assert_eq!(value(&metrics, series), 1.0);
    assert_eq!(value(&metrics, "app_server_rpcs_in_flight"), 0.0);
}

#[test]
fn a_bad_prefix_is_an_error() {
    assert!(Metrics::new("1-x", &table(), REASONS).is_err());
}
