//! The program as a user starts it: exit codes, one-line errors, the client, SIGTERM.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::support::ags::{Ags, World};
use crate::support::tokens::delegated;

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
    let (code, out, _) = run(program().arg("--help").env("PORT", "7777"));
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
fn the_client_shows_three_pairs() {
    let server = Served::start();
    let (code, out, err) = server.client(&["make-matches", "--players", "6"]);
    assert_eq!(code, 0, "{err}");
    for pair in [
        "[player-1, player-2]",
        "[player-3, player-4]",
        "[player-5, player-6]",
    ] {
        assert!(out.contains(pair), "{out}");
    }
    let (code, out, err) = server.client(&["make-matches", "--players", "4", "--delay", "1"]);
    assert_eq!((code, out.contains("2 matches")), (0, true), "{out}{err}");
    let (_, out, _) = server.client(&[
        "make-matches",
        "--players",
        "4",
        "--party-size",
        "2",
        "--json",
    ]);
    let answer: Value = serde_json::from_str(out.trim()).expect("one JSON line");
    let parties = answer["match"]["teams"][0]["parties"]
        .as_array()
        .expect("parties");
    assert_eq!(parties.len(), 2);
    assert_eq!(
        parties[0]["user_ids"],
        serde_json::json!(["player-1", "player-2"])
    );

    let (code, out, err) = server.client(&["validate-ticket"]);
    assert_eq!(
        (code, out.contains("the ticket is valid")),
        (0, true),
        "{out}{err}"
    );
    let (code, out, err) = server.client(&["enrich-ticket"]);
    assert_eq!((code, out.contains("unchanged")), (0, true), "{out}{err}");
    let (code, out, err) = server.client(&["stat-codes"]);
    assert_eq!(
        (code, out.contains("no statistics")),
        (0, true),
        "{out}{err}"
    );
    let (code, out, err) =
        server.client(&["backfill-matches", "--sessions", "1", "--players", "2"]);
    assert_eq!(
        (code, out.contains("session session-1 gains ticket-1")),
        (0, true),
        "{out}{err}"
    );
}

#[test]
fn the_client_makes_up_sessions_and_fills_them() {
    let server = Served::start();
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/samples/ruleset-5v5.json");
    let words = ["backfill-matches", "--rules", rules, "--random", "300"];
    let (code, out, err) = server.client(&[&words[..], &["--sessions", "30"]].concat());
    assert_eq!(code, 0, "{err}");
    let end = out.lines().last().expect("a last line");
    let numbers: Vec<usize> = end
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [sessions, tickets, proposals, added, left] = numbers[..] else {
        panic!("{end}")
    };
    assert_eq!((sessions, tickets, added + left), (30, 300, 300), "{end}");
    assert!(
        (10..=30).contains(&proposals) && added >= proposals,
        "{end}"
    );
    assert!(out.contains("← proposal 1: session session-"), "{out}");
}

#[test]
fn health_is_one_line_and_an_exit_code() {
    let server = Served::start();
    let (host, port) = server.address.rsplit_once(':').expect("host and port");
    let asked = |variables: &[(&str, &str)], words: &[&str]| {
        run(program()
            .arg("health")
            .args(words)
            .envs(variables.iter().copied()))
    };
    let serving = format!("SERVING at {}\n", server.address);
    // As a container's health check asks: by the variables of the server.
    assert_eq!(
        asked(&[("PORT", port)], &[]),
        (0, serving.clone(), String::new())
    );
    let variables = [("PORT", port), ("GRPC_ADDR", host)];
    assert_eq!(asked(&variables, &[]), (0, serving.clone(), String::new()));
    let variables = [("PORT", "1"), ("GRPC_ADDR", "")];
    assert_eq!(
        asked(&variables, &["--addr", &server.address]),
        (0, serving, String::new())
    );

    let faults = [
        (&[("PORT", "1")][..], 1, "no server answers at 127.0.0.1:1"),
        (&[("PORT", "0")], 1, "say which with --addr"),
        (&[("PORT", "x")], 64, "PORT (--port) is \"x\""),
    ];
    for (variables, exit, part) in faults {
        let (code, out, err) = asked(variables, &[]);
        assert_eq!((code, out.as_str()), (exit, ""), "{err}");
        assert!(
            err.starts_with("match-function: health: ") && err.contains(part),
            "{err}"
        );
        assert_eq!(err.lines().count(), 1, "{err}");
    }
    let (code, out, _) = asked(&[], &["--help"]);
    assert_eq!((code, out.contains("grpc.health.v1")), (0, true), "{out}");
}

#[test]
fn health_says_why_a_server_takes_no_calls() {
    let asked = |server: &Served| run(program().args(["health", "--addr", &server.address]));
    // Its IAM does not answer, so it cannot judge callers.
    let unready = Served::start_with(
        &[
            ("PLUGIN_GRPC_SERVER_AUTH_ENABLED", "on"),
            ("AB_BASE_URL", "http://127.0.0.1:1"),
            ("AB_CLIENT_ID", "client"),
            ("AB_CLIENT_SECRET", "secret"),
        ],
        "serving gRPC",
    );
    let (code, _, err) = asked(&unready);
    let expected = format!(
        "match-function: health: the server at {} is NOT_SERVING\n",
        unready.address
    );
    assert_eq!((code, err), (1, expected));

    let without = Served::start_with(&[("ENABLE_HEALTH_CHECK", "off")], "serving gRPC");
    let (code, _, err) = asked(&without);
    assert_eq!(
        (code, err.contains("ENABLE_HEALTH_CHECK")),
        (1, true),
        "{err}"
    );

    // Somebody listens there who never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address").to_string();
    let (code, _, err) = run(program().args(["health", "--timeout", "1", "--addr", &address]));
    assert_eq!((code, err.lines().count()), (1, 1), "{err}");
    assert!(err.contains("no answer within 1 s"), "{err}");
}

#[test]
fn the_client_makes_up_a_queue_and_sums_up() {
    let server = Served::start();
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/samples/ruleset-5v5.json");
    let words = ["make-matches", "--rules", rules, "--random", "300"];
    let (code, out, err) = server.client(&words);
    assert_eq!(code, 0, "{err}");
    let tickets = out
        .lines()
        .find_map(|line| line.trim().strip_prefix("tickets "))
        .expect("a line about tickets");
    let numbers: Vec<usize> = tickets
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [sent, matched, left] = numbers[..] else {
        panic!("{tickets}")
    };
    assert!(
        sent == 300 && matched > 100 && matched + left == sent,
        "{tickets}"
    );
    for line in [
        "teams: ",
        "mmr apart in a match: half up to ",
        "first match after ",
    ] {
        assert!(out.contains(line), "{line}: {out}");
    }
    let (code, _, err) = server.client(&["make-matches", "--random", "5", "--players", "6"]);
    assert_eq!(
        (code, err.contains("cannot be used with")),
        (64, true),
        "{err}"
    );
}

#[test]
fn the_client_says_what_is_wrong() {
    let server = Served::start();
    let (code, _, err) = server.client(&["make-matches", "--rules", "{\"shipCountMin\": -1}"]);
    assert_eq!(code, 1);
    assert!(
        err.contains("InvalidArgument") && err.contains("shipCountMin"),
        "{err}"
    );
    let (code, _, err) = server.client(&["make-matches", "--rules", "no/such/file"]);
    assert_eq!((code, err.contains("no/such/file")), (1, true), "{err}");
    let nobody = ["client", "make-matches", "--addr", "127.0.0.1:1"];
    let (code, _, err) = run(program().args(nobody));
    assert_eq!(
        (code, err.contains("no server answers at 127.0.0.1:1")),
        (1, true),
        "{err}"
    );
}

#[test]
fn the_client_logs_in_by_itself() {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let ags = runtime.block_on(Ags::start_with(World {
        login_claims: Some(delegated("emberfall")),
        ..World::default()
    }));
    let (url, World { client_id, .. }) = (ags.url(), World::default());
    let secret = World::default().client_secret;
    let account = [
        ("AB_BASE_URL", url.as_str()),
        ("AB_CLIENT_ID", &client_id),
        ("AB_CLIENT_SECRET", &secret),
    ];
    let guarded = [
        ("PLUGIN_GRPC_SERVER_AUTH_ENABLED", "on"),
        ("AB_NAMESPACE", "emberfall"),
    ];
    let variables = [&account[..], &guarded].concat();
    let server = Served::start_with(&variables, "keys and revocation list of IAM are there");
    let client = |variables: &[(&str, &str)], words: &[&str]| {
        run(program()
            .args(["client", "make-matches", "--addr", &server.address])
            .args(words)
            .envs(variables.iter().copied()))
    };

    let (code, out, err) = client(&account, &[]);
    assert_eq!((code, out.contains("3 matches of 6")), (0, true), "{err}");
    let logins = ags.logins();
    assert_eq!(logins.len(), 2, "the server's and the client's");
    let (code, _, err) = client(&[], &["--token", &logins[1]]);
    assert_eq!(code, 0, "{err}");

    let empty = [("AB_CLIENT_ID", ""), ("AB_CLIENT_SECRET", "")];
    for variables in [&[][..], &empty] {
        let (code, _, err) = client(variables, &[]);
        let told = err.contains("no authorization token found");
        assert_eq!((code, told), (1, true), "{err}");
    }
    let (code, _, err) = client(&account[..2], &[]);
    assert_eq!(
        (code, err.contains("AB_CLIENT_SECRET is not set")),
        (1, true),
        "{err}"
    );
    let wrong = [account[0], account[1], ("AB_CLIENT_SECRET", "hunter2")];
    let (code, out, err) = client(&wrong, &[]);
    assert_eq!((code, err.contains("HTTP 401")), (1, true), "{err}");
    assert!(!(out + &err).contains("hunter2"));
    let (_, help, _) = client(&account, &["--help"]);
    assert!(
        help.contains("AB_CLIENT_SECRET") && !help.contains(&secret),
        "{help}"
    );
    assert_eq!(ags.logins().len(), 2, "a given token needs no login");
}

#[test]
fn tickets_of_a_file_are_sent_as_they_stand() {
    let server = Served::start();
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    let lines = [
        r#"{"parameters": {"rules": {"json": "{\"shipCountMin\": 3, \"shipCountMax\": 3}"}, "tickId": 5}}"#,
        r#"{"ticket": {"ticket_id": "a", "match_pool": "p", "players": [{"player_id": "x"}]}}"#,
        r#"{"ticketId": "b", "matchPool": "p", "players": [{"playerId": "y"}], "latencies": {"eu": "20"}}"#,
        r#"{"ticket": {"ticket_id": "c", "match_pool": "p", "CreatedAt": "2026-01-02T03:04:05Z"}}"#,
    ];
    file.write_all(lines.join("\n").as_bytes())
        .expect("written");
    let path = file.path().to_str().expect("UTF-8");
    let (code, out, err) = server.client(&["make-matches", "--tickets", path]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("a, b, c | [x, y] | eu"), "{out}");
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

#[test]
fn the_samples_of_the_documents_match() {
    let server = Served::start();
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/samples/tickets.ndjson");
    let (code, out, err) = server.client(&["make-matches", "--tickets", samples]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("[playerA, playerB] | eu-central-1, us-east-1"),
        "{out}"
    );
}
