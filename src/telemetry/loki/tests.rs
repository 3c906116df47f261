use tracing::Level;

use super::*;
use crate::telemetry::outage::Outage;
use crate::telemetry::testing::{self, Collector, metrics, unused_address};

const PATH: &str = "/loki/api/v1/push";

fn target(url: &str) -> LokiTarget {
    LokiTarget {
        address: url.parse().expect("an address"),
        user: None,
    }
}

#[test]
fn lines_arrive_by_level_compressed_and_with_the_user() {
    let loki = Collector::start(&[204]);
    let (dispatch, telemetry, _) = testing::telemetry(&[
        "--enable-loki=yes",
        "--app-name=my-app",
        "--loki-username=ops",
        "--loki-password=secret",
        &format!("--loki-url={}", loki.url(PATH)),
    ]);
    tracing::dispatcher::with_default(&dispatch, || {
        tracing::info!(n = 1, "first");
        tracing::warn!("second");
        tracing::info!(n = 3, "third");
    });
    let pushed = telemetry.handles().metrics.export.loki_pushed.clone();
    telemetry.shutdown();
    let got = loki.next();
    assert!(
        got.head.starts_with("POST /loki/api/v1/push "),
        "{}",
        got.head
    );
    // "ops:secret" in base64.
    assert!(
        got.head
            .to_lowercase()
            .contains("authorization: basic b3bzonnly3jlda==")
    );
    let streams = got.json()["streams"].clone();
    let labels: Vec<_> = streams
        .as_array()
        .expect("a list")
        .iter()
        .map(|stream| stream["stream"].to_string())
        .collect();
    assert_eq!(
        labels,
        [
            r#"{"application":"my-app","level":"warn"}"#,
            r#"{"application":"my-app","level":"info"}"#
        ]
    );
    let line = streams[1]["values"][1][1].as_str().expect("a line");
    let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
    assert_eq!((&line["message"], &line["n"]), (&"third".into(), &3.into()));
    let time = streams[1]["values"][0][0].as_str().expect("a text");
    assert!(
        time.parse::<u128>()
            .is_ok_and(|ns| ns > 1_700_000_000_000_000_000)
    );
    assert_eq!(pushed.get(), 3);
}

#[test]
fn a_busy_loki_is_asked_again() {
    let loki = Collector::start(&[503, 429, 204]);
    let metrics = metrics();
    let (sink, flush) = start(target(&loki.url(PATH)), "app", &metrics.export).expect("starts");
    sink.offer(Level::INFO, "kept");
    for _ in 0..3 {
        let got = loki.next().json();
        assert_eq!(got["streams"][0]["values"][0][1], "kept");
    }
    flush.flush(FLUSH_TIMEOUT);
    assert_eq!(metrics.export.loki_pushed.get(), 1);
    assert_eq!(metrics.export.loki_dropped.get(), 0);
}

#[test]
fn refused_lines_are_not_sent_again() {
    let loki = Collector::start(&[400, 204]);
    let metrics = metrics();
    let (sink, flush) = start(target(&loki.url(PATH)), "app", &metrics.export).expect("starts");
    sink.offer(Level::INFO, "refused");
    loki.next();
    sink.offer(Level::INFO, "taken");
    flush.flush(FLUSH_TIMEOUT);
    assert_eq!(loki.next().json()["streams"][0]["values"][0][1], "taken");
    assert_eq!(metrics.export.loki_dropped.get(), 1);
    assert_eq!(metrics.export.loki_pushed.get(), 1);
}

#[test]
fn without_loki_every_loss_is_counted() {
    let metrics = metrics();
    let (sink, flush) =
        start(target(&unused_address(PATH)), "app", &metrics.export).expect("starts");
    (0..500).for_each(|_| sink.offer(Level::INFO, "0123456789"));
    flush.flush(FLUSH_TIMEOUT);
    assert_eq!(metrics.export.loki_pushed.get(), 0);
    assert_eq!(metrics.export.loki_dropped.get(), 500);
}

#[test]
fn an_outage_is_one_warning() {
    let (dispatch, telemetry, lines) = testing::telemetry(&[
        "--enable-loki=yes",
        &format!("--loki-url={}", unused_address(PATH)),
    ]);
    // The pusher's thread logs through the process's dispatch; here it has none, so ask the
    // outage itself in this thread.
    tracing::dispatcher::with_default(&dispatch, || {
        let outage = Outage::new("loki");
        for _ in 0..5 {
            outage.failed(&"connection refused");
        }
        outage.succeeded();
        outage.succeeded();
    });
    telemetry.shutdown();
    let lines = lines.json();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0]["level"], "WARN");
    assert_eq!(lines[0]["error"], "connection refused");
    assert_eq!(lines[1]["failed_attempts"], 5);
}
