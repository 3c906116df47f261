//! Every metric that a dashboard or an alert asks for is exported.

use std::collections::BTreeSet;

use match_function::auth::AuthMetrics;
use match_function::layers::methods;
use match_function::layers::metrics::RpcMetrics;
use match_function::server::ConnectionMetrics;
use match_function::service::{Limits, RecordSettings, Recorder, ServiceMetrics};
use match_function::telemetry::metrics::Metrics;
use serde_json::Value;

const PREFIX: &str = "app_server";

/// Names of all exported series.
fn exported() -> BTreeSet<String> {
    let metrics = Metrics::new(&PREFIX.parse().expect("a prefix")).expect("valid names");
    let registrar = metrics.registrar();
    RpcMetrics::register(registrar, methods::table()).expect("valid names");
    ServiceMetrics::register(registrar).expect("valid names");
    let settings = RecordSettings::default();
    let recorder = Recorder::start(settings, &Limits::default(), registrar).expect("valid names");
    assert!(recorder.is_none(), "nothing is recorded by default");
    AuthMetrics::register(registrar).expect("valid names");
    ConnectionMetrics::register(registrar).expect("valid names");
    let text = String::from_utf8(metrics.encode().expect("encodes")).expect("UTF-8");
    let mut names = BTreeSet::new();
    for family in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, form) = family.split_once(' ').expect("a name and a type");
        names.insert(name.to_owned());
        if form == "histogram" {
            names.extend(["_bucket", "_sum", "_count"].map(|part| format!("{name}{part}")));
        }
    }
    names
}

/// Names of metrics in a PromQL expression: identifiers that are not a function, keyword or label.
/// Those found by pattern are given as the pattern.
fn asked(expression: &str) -> Vec<String> {
    const KEYWORDS: [&str; 12] = [
        "sum",
        "max",
        "by",
        "without",
        "on",
        "ignoring",
        "unless",
        "and",
        "or",
        "bool",
        "group_left",
        "offset",
    ];
    let mut names = Vec::new();
    let mut rest = expression;
    let mut labels_follow = false;
    while let Some(first) = rest.chars().next() {
        let word_end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
            .unwrap_or(rest.len());
        match first {
            '{' => {
                let end = rest.find('}').expect("closed");
                let selector = &rest[1..end];
                if let Some(pattern) = selector.strip_prefix("__name__=~\"") {
                    names.push(pattern[..pattern.find('"').expect("closed")].to_owned());
                }
                rest = &rest[end + 1..];
            }
            '[' => rest = &rest[rest.find(']').expect("closed") + 1..],
            '(' if labels_follow => rest = &rest[rest.find(')').expect("closed") + 1..],
            '0'..='9' => {
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.'));
                rest = &rest[end.unwrap_or(rest.len())..];
            }
            _ if word_end > 0 => {
                let (word, tail) = rest.split_at(word_end);
                rest = tail.trim_start();
                labels_follow = matches!(word, "by" | "without" | "on" | "ignoring");
                if !rest.starts_with('(') && !KEYWORDS.contains(&word) {
                    names.push(word.to_owned());
                }
                continue;
            }
            _ => rest = &rest[first.len_utf8()..],
        }
        labels_follow = false;
    }
    names
}

/// Whether the name, or the pattern `.+_end` or `.+_(one|other)_end`, is exported.
fn is_exported(exported: &BTreeSet<String>, name: &str) -> bool {
    let Some(pattern) = name.strip_prefix(".+_") else {
        return exported.contains(name);
    };
    let ends: Vec<String> = match pattern.split_once(['(', ')']) {
        None => vec![pattern.to_owned()],
        Some((before, rest)) => {
            let (ways, after) = rest.split_once(')').expect("closed");
            ways.split('|')
                .map(|way| format!("{before}{way}{after}"))
                .collect()
        }
    };
    ends.iter()
        .all(|end| exported.contains(&format!("{PREFIX}_{end}")))
}

#[test]
fn the_names_in_an_expression() {
    assert_eq!(
        asked(r#"sum by (a, b) (rate(x_total{a=~"y"}[5m])) / on (c) z > 0.5 unless absent(q)"#),
        ["x_total", "z", "q"]
    );
    assert_eq!(asked(r#"{__name__=~".+_end", a="b"} > 1"#), [".+_end"]);
}

#[test]
fn what_is_not_exported_is_noticed() {
    let exported = exported();
    assert!(is_exported(&exported, "process_open_fds"));
    assert!(is_exported(&exported, ".+_(log_lines|spans)_dropped_total"));
    assert!(!is_exported(
        &exported,
        ".+_(log_lines|nothing)_dropped_total"
    ));
    assert!(!is_exported(&exported, "app_server_nothing_total"));
}

#[test]
fn every_query_of_the_dashboard_asks_for_exported_metrics() {
    let text = include_str!("../../dashboards/mmv2_grpc_server_rust.json");
    let dashboard: Value = serde_json::from_str(text).expect("JSON");
    let exported = exported();
    let mut queries = 0;
    let mut missing = Vec::new();
    let panels = dashboard["panels"].as_array().expect("a list");
    for target in panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array())
        .flatten()
    {
        queries += 1;
        let expression = target["expr"]
            .as_str()
            .expect("a text")
            .replace("${prefix}", PREFIX);
        let names = asked(&expression);
        assert!(!names.is_empty(), "no metric in {expression}");
        missing.extend(
            names
                .into_iter()
                .filter(|name| !is_exported(&exported, name)),
        );
    }
    assert!(queries >= 30, "{queries} queries");
    assert_eq!(missing, [""; 0]);
    for variable in dashboard["templating"]["list"].as_array().expect("a list") {
        if let Some(query) = variable["definition"].as_str() {
            assert!(exported.iter().any(|name| query.contains(name)), "{query}");
        }
    }
}

#[test]
fn every_alert_asks_for_exported_metrics() {
    let exported = exported();
    let text = include_str!("../../dashboards/alerts.yaml");
    // An expression is on the line of its key or on the more deeply indented lines below it.
    let mut expressions: Vec<String> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if let Some(start) = line.strip_prefix("        expr: ") {
            expressions.push(start.trim_start_matches(">-").to_owned());
            inside = true;
        } else if inside && line.starts_with("          ") {
            expressions.last_mut().expect("started").push_str(line);
        } else {
            inside = false;
        }
    }
    assert_eq!(expressions.len(), text.matches("- alert:").count());
    for expression in expressions {
        let names = asked(&expression);
        assert!(!names.is_empty(), "no metric in {expression}");
        for name in names {
            assert!(is_exported(&exported, &name), "{name} of {expression}");
        }
    }
}
