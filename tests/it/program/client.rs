//! `match-function client` against a running server.

use std::io::Write;

use serde_json::Value;

use super::{Served, program, run};
use crate::support::ags::{Ags, World};
use crate::support::tokens::delegated;

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
fn the_client_makes_up_a_queue_and_sums_up() {
    let server = Served::start();
    for ruleset in ["ruleset-5v5", "ruleset-roles"] {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/samples");
        makes_matches(&server, &format!("{folder}/{ruleset}.json"));
    }
}

fn makes_matches(server: &Served, rules: &str) {
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
    let unserved = ["client", "make-matches", "--addr", "127.0.0.1:1"];
    let (code, _, err) = run(program().args(unserved));
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

    let from_files = [
        ("AB_BASE_URL", format!("\u{feff}{url}\r\n")),
        ("AB_CLIENT_ID", format!("{client_id} ")),
        ("AB_CLIENT_SECRET", format!("\"{secret}\"\n")),
    ];
    let from_files = from_files.each_ref().map(|(name, value)| (*name, &**value));
    let (code, _, err) = client(&from_files, &[]);
    assert_eq!((code, ags.logins().len()), (0, 3), "{err}");
    let (code, _, err) = client(&[account[0], account[1], ("AB_CLIENT_SECRET", "a\rb")], &[]);
    let told = err.contains("AB_CLIENT_SECRET (--client-secret): its character 2 is a control");
    assert_eq!((code, told, err.lines().count()), (64, true, 1), "{err}");
    let pasted = format!(" {}\n", logins[1]);
    let (code, _, err) = client(&[], &["--token", &pasted]);
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
    assert_eq!(ags.logins().len(), 3, "a given token needs no login");
}

#[test]
fn tickets_of_a_file_are_sent_as_they_stand() {
    let server = Served::start();
    let lines = [
        r#"{"parameters": {"rules": {"json": "{\"shipCountMin\": 3, \"shipCountMax\": 3}"}, "tickId": 5}}"#,
        r#"{"ticket": {"ticket_id": "a", "match_pool": "p", "players": [{"player_id": "x"}]}}"#,
        r#"{"ticketId": "b", "matchPool": "p", "players": [{"playerId": "y"}], "latencies": {"eu": "20"}}"#,
        r#"{"ticket": {"ticket_id": "c", "match_pool": "p", "CreatedAt": "2026-01-02T03:04:05Z", "players": [{"player_id": "z"}]}}"#,
    ];
    let (code, out, err) = make_matches(&server, &lines.join("\n"));
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("a, b, c | [x, y, z] | eu"), "{out}");
}

/// A file with this text.
fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    file
}

/// Runs `make-matches` with this file of tickets.
fn make_matches(server: &Served, tickets: &str) -> (i32, String, String) {
    let file = file(tickets);
    let path = file.path().to_str().expect("UTF-8");
    server.client(&["make-matches", "--tickets", path])
}

#[test]
fn files_are_read_as_editors_and_tools_write_them() {
    let server = Served::start();
    for tickets in [
        "\u{feff}{\"ticket_id\":\"a\",\"match_pool\":\"p\",\"players\":[{\"player_id\":\"x\"}]}\r\n\
         {\"ticket_id\":\"b\",\"match_pool\":\"p\",\"players\":[{\"player_id\":\"y\"}]}\r\n",
        r#"[{"ticket_id":"a","players":[{"player_id":"x"}]},{"ticket_id":"b","players":[{"player_id":"y"}]}]"#,
        "{\n  \"ticket_id\": \"a\",\n  \"players\": [\n    {\n      \"player_id\": \"x\"\n    }\n  ]\n}\n\
         {\n  \"ticket_id\": \"b\",\n  \"players\": [\n    {\n      \"player_id\": \"y\"\n    }\n  ]\n}",
        "{\"ticketId\":\"a\",\"matchPool\":\"p\",\"players\":[{\"playerId\":\"x\"}]}\n\
         {\"ticketId\":\"b\",\"matchPool\":\"p\",\"players\":[{\"playerId\":\"y\"}]}\n",
    ] {
        let (code, out, err) = make_matches(&server, tickets);
        assert_eq!(code, 0, "{tickets}: {err}");
        for line in ["→ a: x\n", "→ b: y\n", "← match 1: a, b | [x, y]"] {
            assert!(out.contains(line), "{line} is not in {out}");
        }
    }
    let rules = file("\u{feff}{\"shipCountMin\":2,\"shipCountMax\":3}");
    let rules = rules.path().to_str().expect("UTF-8");
    let (code, out, err) = server.client(&["make-matches", "--players", "3", "--rules", rules]);
    assert_eq!((code, out.contains("1 matches of 3")), (0, true), "{err}");
}

#[test]
fn a_file_that_cannot_be_read_is_told_in_one_line() {
    let server = Served::start();
    for (tickets, expected) in [
        (
            "{\"ticket_id\": \"a\"}\nticket b",
            ", value 2: not JSON (expected ident at line 2 column 2); expected are",
        ),
        (
            "[{\"ticket_id\": \"a\"},\n{\"tiket_id\": \"b\"}]",
            ", value 2 (line 1): this is not a Ticket: {\"tiket_id\"",
        ),
        (
            "{\"backfill_ticket\": {}}",
            ", value 1 (line 1): only backfill-matches takes sessions",
        ),
    ] {
        let (code, _, err) = make_matches(&server, tickets);
        assert_eq!((code, err.lines().count()), (1, 1), "{err}");
        assert!(err.contains(expected), "{expected} is not in {err}");
    }
}

#[test]
fn warnings_of_the_ruleset_are_shown() {
    let server = Served::start();
    let warning = "  warning: ruleset: `team_colour`: ";
    let rules = r#"{"shipCountMax": 2, "team_colour": 3}"#;
    for call in [
        "make-matches",
        "backfill-matches",
        "validate-ticket",
        "enrich-ticket",
        "stat-codes",
    ] {
        let (code, out, err) = server.client(&[call, "--rules", rules]);
        assert_eq!((code, out.matches(warning).count()), (0, 1), "{out}{err}");
        let (_, out, _) = server.client(&[call, "--rules", rules, "--json"]);
        assert!(!out.contains("warning"), "{out}");
    }
    let parameters = r#"{"parameters": {"rules": {"json": "{\"team_colour\": 3}"}}}"#;
    let (code, out, err) = make_matches(&server, parameters);
    assert_eq!((code, out.matches(warning).count()), (0, 1), "{out}{err}");
    let (_, log) = server.terminate();
    assert!(log.contains("ruleset: `team_colour`: "), "{log}");
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
