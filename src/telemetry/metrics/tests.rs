use super::*;
use crate::telemetry::testing::value;

fn metrics() -> Metrics {
    Metrics::new(&"app_server".parse().expect("a prefix")).expect("valid names")
}

#[test]
fn every_series_is_there_from_the_start() {
    let metrics = metrics();
    for series in [
        r#"app_server_log_lines_dropped_total{sink="loki"}"#,
        r#"app_server_log_lines_dropped_total{sink="stdout"}"#,
        "app_server_loki_lines_pushed_total",
        r#"app_server_spans_dropped_total{cause="export"}"#,
        r#"app_server_spans_dropped_total{cause="queue"}"#,
        "app_server_spans_exported_total",
    ] {
        assert_eq!(value(&metrics, series), 0.0, "{series}");
    }
    assert!(value(&metrics, "process_resident_memory_bytes") > 0.0);
    let build = format!(
        r#"app_server_build_info{{revision="{}",version="{}"}}"#,
        option_env!("GIT_REVISION").unwrap_or("unknown"),
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(value(&metrics, &build), 1.0);
}

#[test]
fn areas_register_with_the_prefix_and_without() {
    let metrics = metrics();
    let registrar = metrics.registrar();
    registrar.counter("a", "A.").expect("registers").inc();
    let bare = registrar.without_prefix();
    bare.gauge("b", "B.").expect("registers").set(2);
    let seconds = bare.histogram("c", "C.", &[1.0, 2.0]).expect("registers");
    seconds.observe(1.5);
    assert_eq!(value(&metrics, "app_server_a"), 1.0);
    assert_eq!(value(&metrics, "b"), 2.0);
    assert_eq!(value(&metrics, r#"c_bucket{le="2"}"#), 1.0);
    assert!(registrar.counter("a", "A.").is_err(), "the name is taken");
    assert!(bare.histogram("d", "D.", &[2.0, 1.0]).is_err());
}
