use crate::telemetry::testing;

fn messages(flags: &[&str]) -> Vec<String> {
    let (dispatch, telemetry, lines) = testing::telemetry(flags);
    tracing::dispatcher::with_default(&dispatch, || {
        tracing::error!("error");
        tracing::warn!("warn");
        tracing::info!("info");
        tracing::debug!("debug");
        tracing::debug!(target: "h2::codec", "transport");
    });
    telemetry.shutdown();
    let lines = lines.json();
    lines
        .iter()
        .map(|line| line["message"].as_str().expect("a text").to_owned())
        .collect()
}

#[test]
fn levels_by_their_many_names() {
    assert_eq!(messages(&[]), ["error", "warn", "info"]);
    assert_eq!(messages(&["--log-level=WARNING"]), ["error", "warn"]);
    assert_eq!(messages(&["--log-level=critical"]), ["error"]);
    assert_eq!(
        messages(&["--log-level=Debug"]),
        ["error", "warn", "info", "debug"]
    );
    assert_eq!(messages(&["--log-level=off"]), [""; 0]);
    let filter = "--rust-log=warn,h2=debug";
    assert_eq!(
        messages(&["--log-level=debug", filter]),
        ["error", "warn", "transport"]
    );
}

#[test]
fn people_get_text() {
    let (dispatch, telemetry, lines) = testing::telemetry(&["--log-format=human"]);
    tracing::dispatcher::with_default(&dispatch, || tracing::info!(answer = 42, "hello"));
    telemetry.shutdown();
    let text = lines.text();
    assert!(
        text.contains("INFO") && text.contains("hello answer=42"),
        "{text}"
    );
}

#[test]
fn texts_of_clients_cannot_forge_lines_or_reach_the_terminal() {
    let (dispatch, telemetry, lines) = testing::telemetry(&["--log-format=human"]);
    let evil = "a\r\n2026 ERROR forged \u{1b}[31mred\u{7f}\u{9b}2J";
    let long = "é".repeat(5000);
    tracing::dispatcher::with_default(&dispatch, || {
        let _span = tracing::info_span!("tick", pool = %evil).entered();
        tracing::info!(shown = %evil, quoted = evil, long = %long, "{evil} {long}");
    });
    telemetry.shutdown();
    let text = lines.text();
    let line = text.strip_suffix('\n').expect("one line");
    assert!(!line.contains(char::is_control), "{line:?}");
    let escaped = r"a\r\n2026 ERROR forged \u{1b}[31mred\u{7f}\u{9b}2J";
    assert_eq!(line.matches(escaped).count(), 4, "{line}");
    // As much of the long text as JSON shows: 4096 bytes of each field.
    let shown = line.matches('é').count();
    assert!((2048 + 2000..=2 * 2048).contains(&shown), "{shown}");
}
