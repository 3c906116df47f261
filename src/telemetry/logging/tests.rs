use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::*;
use crate::telemetry::testing::{self, settings, value};

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

/// Takes nothing until it is opened.
struct Stalled(Arc<Mutex<()>>);

impl io::Write for Stalled {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_stalled_output_loses_lines_and_counts_them() {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock().expect("it is not held yet");
    let output = Output {
        writer: Box::new(Stalled(Arc::clone(&gate))),
        is_terminal: false,
    };
    let (dispatch, telemetry) = crate::telemetry::build(&settings(&[]), output).expect("starts");
    let extra = 10_u8;
    tracing::dispatcher::with_default(&dispatch, || {
        for _ in 0..QUEUE_LINES + usize::from(extra) {
            tracing::info!("a line");
        }
    });
    let series = r#"app_server_log_lines_dropped_total{sink="stdout"}"#;
    let lost = value(&telemetry.handles().metrics, series);
    // One line may be with the writer already.
    assert!(
        [f64::from(extra) - 1.0, f64::from(extra)].contains(&lost),
        "{lost}"
    );
    drop(closed);
    telemetry.shutdown();
}
