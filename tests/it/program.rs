//! The program as a user starts it: exit codes, one-line errors, SIGTERM.

mod client;
mod commands;
mod ending;
mod explain;
mod health;
mod lint;
mod replay;
mod simulate;
mod tune;
mod workbench;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// Free ports of this host, no access tokens, and no exporter that looks for a peer.
const LOCAL: [(&str, &str); 7] = [
    ("PLUGIN_GRPC_SERVER_AUTH_ENABLED", "off"),
    ("PORT", "0"),
    ("GRPC_ADDR", "127.0.0.1"),
    ("PROMETHEUS_PORT", "0"),
    ("PROMETHEUS_ADDR", "127.0.0.1"),
    ("ENABLE_LOKI", "off"),
    ("ENABLE_ZIPKIN", "off"),
];

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_match-function"));
    command.env_clear();
    command
}

fn run(command: &mut Command) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (
        status.code().expect("no signal"),
        text(stdout),
        text(stderr),
    )
}

/// A running server and its address.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: String,
    log: BufReader<std::process::ChildStdout>,
}

impl Served {
    fn start() -> Self {
        Self::start_with(&[], "serving gRPC")
    }

    /// A server with these variables beside [`LOCAL`] or in their place, once it has logged a line
    /// that begins like `ready` and comes with or after "serving gRPC".
    #[expect(clippy::zombie_processes, reason = "Drop waits for it")]
    pub(crate) fn start_with(variables: &[(&str, &str)], ready: &str) -> Self {
        let mut child = program()
            .envs(LOCAL)
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut log = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut address = String::new();
        loop {
            let mut line = String::new();
            assert!(
                log.read_line(&mut line).expect("a log") > 0,
                "it ended early"
            );
            let line: Value = serde_json::from_str(&line).expect("JSON lines");
            let message = line["message"].as_str().expect("a message");
            if message == "serving gRPC" {
                line["address"]
                    .as_str()
                    .expect("an address")
                    .clone_into(&mut address);
            }
            if message.starts_with(ready) {
                return Self {
                    child,
                    address,
                    log,
                };
            }
        }
    }

    pub(crate) fn client(&self, words: &[&str]) -> (i32, String, String) {
        run(program()
            .arg("client")
            .args(words)
            .args(["--addr", &self.address]))
    }

    /// Sends SIGTERM and returns the exit code and the rest of the log.
    fn terminate(mut self) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .expect("kill")
                .success()
        );
        let status = self.child.wait().expect("it ends");
        let rest = std::io::read_to_string(&mut self.log).expect("a log");
        (status.code(), rest)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Already ended is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn bad_settings_are_one_line_and_exit_code_64() {
    let (code, out, err) = run(program().envs([("PORT", "x"), ("ENABLE_REFLECTION", "perhaps")]));
    assert_eq!((code, out.as_str()), (64, ""));
    assert_eq!(err.lines().count(), 1, "{err}");
    assert!(
        err.starts_with("match-function: configuration: PORT (--port) is \"x\""),
        "{err}"
    );
    assert!(err.contains("ENABLE_REFLECTION"), "{err}");
}

#[test]
fn every_fault_is_in_one_line_and_escaped() {
    let variables = [
        ("PORT", "65\r65"),
        ("ENABLE_REFLECTION", "\u{1b}[2J\nyes"),
        ("AB_CLIENT_SECRET", "hunter2\r\nhunter2"),
        ("SERVICE_NAME", "a"),
        ("OTEL_SERVICE_NAME", "b"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ];
    let (code, out, err) = run(program().envs(variables));
    assert_eq!((code, out.as_str()), (64, ""));
    let line = err.strip_suffix('\n').expect("a line");
    assert!(!line.contains(char::is_control), "{err:?}");
    for part in [
        r#"PORT (--port) is "65\r65": its character 3 is a control character"#,
        r#"ENABLE_REFLECTION (--enable-reflection) is "\u{1b}[2J\nyes": "#,
        "AB_CLIENT_SECRET (--client-secret): its character 8 is a control character",
        "OTEL_SERVICE_NAME (--otel-service-name) is \"b\" and SERVICE_NAME (--service-name) is \"a\"",
        "OTEL_EXPORTER_OTLP_PROTOCOL (--otel-exporter-otlp-protocol) is \"grpc\": http/protobuf",
        "4318",
    ] {
        assert!(line.contains(part), "{part} is not in: {line}");
    }
    assert!(!line.contains("hunter2"), "{line}");
}

#[test]
fn settings_are_taken_as_files_and_shells_leave_them() {
    let odd = [
        ("PLUGIN_GRPC_SERVER_AUTH_ENABLED", "\u{feff}off\r\n"),
        ("PORT", ""),
        ("SERVICE_PORT", "\"0\"\n"),
        ("GRPC_ADDR", " 127.0.0.1 "),
        ("APP_NAME", "マッチ/5v5"),
        ("OTEL_SDK_DISABLED", "true\n"),
        ("ENABLE_ZIPKIN", "on"),
    ];
    let server = Served::start_with(&odd, "serving gRPC");
    assert!(
        server.address.starts_with("127.0.0.1:"),
        "{}",
        server.address
    );
    let (code, out, err) = server.client(&["make-matches", "--players", "2"]);
    assert_eq!((code, out.contains("1 matches of 2")), (0, true), "{err}");
}

#[test]
fn a_taken_port_is_one_line_and_exit_code_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let (code, _, err) = run(program().envs(LOCAL).env("PORT", &port));
    assert_eq!(code, 1);
    assert_eq!(err.lines().count(), 1, "{err}");
    assert!(err.contains("another program listens there"), "{err}");
}

#[test]
fn help_is_the_manual_and_shows_no_values() {
    let (code, out, _) = run(program().args(["serve", "--help"]).env("PORT", "7777"));
    assert_eq!(code, 0);
    assert!(
        out.contains("[env: PORT]") && out.contains("[default: 6565]"),
        "{out}"
    );
    assert!(!out.contains("7777"));
    let (code, out, _) = run(program().args(["client", "--help"]));
    assert_eq!(code, 0);
    assert!(out.contains("make-matches"), "{out}");
}

#[test]
fn sigterm_ends_it_with_exit_code_0() {
    let server = Served::start();
    let (_, _, _) = server.client(&["make-matches", "--players", "100"]);
    let (code, log) = server.terminate();
    assert_eq!(code, Some(0));
    assert_eq!(
        log.lines().count(),
        2,
        "one line for the call and the farewell: {log}"
    );
}
