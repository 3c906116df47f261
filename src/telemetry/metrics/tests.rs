use std::time::Duration;

use super::*;
use crate::telemetry::facts::RpcFacts;
use crate::telemetry::method::{CallType, Method};
use crate::telemetry::testing::TICKS;

fn table() -> MethodTable {
    MethodTable::new(&[Method {
        service: "a.B",
        name: "C",
        call_type: CallType::BidiStream,
        probe: false,
    }])
}

fn metrics() -> Metrics {
    Metrics::new("app_server", &table(), TICKS).expect("valid names")
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

fn report(kind: TickKind, finished: bool) -> TickReport<'static> {
    TickReport {
        kind,
        finished,
        tickets: 5,
        tickets_placed: 2,
        answers: 1,
        players: 4,
        waits: Spread {
            counts: &[0, 1, 0, 1],
            sum: 93_000,
        },
        sizes: Spread {
            counts: &[0, 1, 0, 0],
            sum: 4,
        },
        duration: Duration::from_secs(2),
        finish: Duration::from_millis(3),
    }
}

#[test]
fn a_tick_is_told_once_and_counted_everywhere() {
    let metrics = metrics();
    let facts = RpcFacts::new(table().find("/a.B/C"));
    metrics
        .ticks
        .ended(&report(TickKind::Match, true), Some(&facts));
    metrics.ticks.refused("no_players", 2, Some(&facts));
    metrics.ticks.refused("no_players", 0, Some(&facts));
    metrics.ticks.refused("unheard of", 2, Some(&facts));
    for (series, expected) in [
        ("app_server_tickets_received_total", 5.0),
        ("app_server_tickets_matched_total", 2.0),
        ("app_server_tickets_left_total", 3.0),
        ("app_server_matches_total", 1.0),
        ("app_server_backfill_proposals_total", 0.0),
        ("app_server_match_players_sum", 4.0),
        (r#"app_server_match_players_bucket{le="2"}"#, 0.0),
        (r#"app_server_match_players_bucket{le="4"}"#, 1.0),
        ("app_server_ticket_wait_seconds_sum", 93.0),
        ("app_server_ticket_wait_seconds_count", 2.0),
        (r#"app_server_ticket_wait_seconds_bucket{le="5"}"#, 1.0),
        (r#"app_server_ticket_wait_seconds_bucket{le="60"}"#, 1.0),
        (r#"app_server_ticket_wait_seconds_bucket{le="+Inf"}"#, 2.0),
        (r#"app_server_tick_duration_seconds_sum{kind="match"}"#, 2.0),
        (r#"app_server_tick_finish_seconds_sum{kind="match"}"#, 0.003),
        (r#"app_server_refusals_total{reason="no_players"}"#, 2.0),
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
    let totals = facts.totals();
    assert_eq!(
        (totals.tickets_in, totals.matches_out, totals.proposals_out),
        (5, 1, 0)
    );
    assert_eq!(totals.players_matched, 4);
    assert_eq!(facts.refusals().as_deref(), Some("no_players=2"));
}

#[test]
fn a_backfill_tick_that_was_stopped() {
    let metrics = metrics();
    let facts = RpcFacts::new(table().find("/a.B/C"));
    metrics
        .ticks
        .ended(&report(TickKind::Backfill, false), Some(&facts));
    let stopped = r#"app_server_ticks_total{kind="backfill",outcome="stopped"}"#;
    assert_eq!(value(&metrics, stopped), 1.0);
    assert_eq!(value(&metrics, "app_server_backfill_proposals_total"), 1.0);
    assert_eq!(value(&metrics, "app_server_matches_total"), 0.0);
    assert_eq!(facts.totals().proposals_out, 1);
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
    assert!(Metrics::new("1-x", &table(), TICKS).is_err());
    let unsorted = TickLabels {
        wait_bounds_ms: &[2, 1],
        ..TICKS
    };
    assert!(Metrics::new("x", &table(), unsorted).is_err());
}
