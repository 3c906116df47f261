use std::sync::Arc;

use opentelemetry::Context;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};

use crate::telemetry::facts::RpcFacts;
use crate::telemetry::propagation::extract;
use crate::telemetry::testing;

#[test]
fn a_line_has_what_operators_search_for() {
    let (dispatch, telemetry, lines) = testing::telemetry(&[]);
    tracing::dispatcher::with_default(&dispatch, || {
        tracing::info!(
            answer = 42,
            ratio = 0.5,
            ok = true,
            text = "a \"b\"\n",
            "hello {}",
            1
        );
    });
    telemetry.shutdown();
    let [line] = &lines.json()[..] else {
        panic!("one line: {}", lines.text());
    };
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["message"], "hello 1");
    assert_eq!(line["answer"], 42);
    assert_eq!(line["ratio"], 0.5);
    assert_eq!(line["ok"], true);
    assert_eq!(line["text"], "a \"b\"\n");
    assert!(
        line["target"]
            .as_str()
            .is_some_and(|t| t.starts_with("match_function::"))
    );
    let timestamp = line["timestamp"].as_str().expect("a text");
    assert!(
        timestamp.len() >= 20 && timestamp.ends_with('Z'),
        "{timestamp}"
    );
    assert_eq!(line.get("trace_id"), None);
}

#[test]
fn inside_a_call_a_line_has_its_ids() {
    let (dispatch, telemetry, lines) = testing::telemetry(&[]);
    let headers = [
        ("x-b3-traceid", "48485a3953bb6124"),
        ("x-b3-spanid", "a2fb4a1d1a96d312"),
        ("x-b3-sampled", "1"),
    ];
    let headers = headers
        .into_iter()
        .map(|(name, value)| {
            (
                name.parse().expect("a name"),
                value.parse().expect("a value"),
            )
        })
        .collect();
    let facts = Arc::new(RpcFacts::new(testing::methods().find("/a.B/Unary")));
    facts.set_ab_trace_id("ags-1");
    let context = telemetry
        .handles()
        .tracer
        .start("a.B/Unary", extract(&headers))
        .with_value(facts);
    tracing::dispatcher::with_default(&dispatch, || {
        let _call = context.attach();
        tracing::info!("in the call");
        let _context = Context::new().attach();
        tracing::info!("elsewhere");
    });
    telemetry.shutdown();
    let lines = lines.json();
    assert_eq!(lines[0]["trace_id"], "48485a3953bb6124");
    let span_id = lines[0]["span_id"].as_str().expect("an id");
    assert!(span_id.len() == 16 && span_id != "a2fb4a1d1a96d312");
    assert_eq!(lines[0]["ab_trace_id"], "ags-1");
    assert_eq!(lines[1].get("trace_id"), None);
}

#[test]
fn fields_are_bounded_and_cannot_pose_as_ours() {
    let (dispatch, telemetry, lines) = testing::telemetry(&[]);
    let long = "é".repeat(10_000);
    tracing::dispatcher::with_default(&dispatch, || {
        tracing::info!(text = %long, debug = ?long, plain = long.as_str(), level = "FATAL", trace_id = "forged");
    });
    telemetry.shutdown();
    let line = &lines.json()[0];
    for field in ["text", "debug", "plain"] {
        assert!(
            line[field]
                .as_str()
                .is_some_and(|t| t.len() > 4000 && t.len() <= 4096),
            "{field}"
        );
    }
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["field.level"], "FATAL");
    assert_eq!(line.get("trace_id"), None);
    assert_eq!(lines.text().lines().count(), 1);
}

#[test]
fn the_time_of_a_line_is_that_of_the_clock() {
    let of_clock = || {
        let mut text = String::new();
        let formatted = SystemTime.format_time(&mut Writer::new(&mut text));
        formatted.expect("a text has room");
        text
    };
    let of_line = || {
        let text = super::with_now(str::to_owned);
        text.expect("a text has room")
    };
    // The first of a second is formatted, the others are remembered.
    let times: Vec<String> = (0..100).flat_map(|_| [of_clock(), of_line()]).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!(times.iter().all(|time| time.len() == times[0].len()));
}
