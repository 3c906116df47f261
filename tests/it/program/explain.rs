//! `match-function explain`: fates, near misses, tables.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{program, run};

/// A duel within 100, flexed to 200 after 30 s.
const DUEL: &str = r#"{
    "alliance": {"min_number": 2, "max_number": 2, "player_min_number": 1, "player_max_number": 1},
    "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 100}],
    "flexing_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 200, "duration": 30}],
    "match_options": {"options": [{"name": "map", "type": "any"}]},
    "region_latency_max_ms": 200
}"#;

struct Queue {
    folder: TempDir,
    rules: &'static str,
}

impl Queue {
    fn of(rules: &'static str, tickets: &[Value]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let lines: Vec<String> = tickets.iter().map(Value::to_string).collect();
        fs::write(folder.path().join("queue.ndjson"), lines.join("\n")).expect("a file");
        Self { folder, rules }
    }

    fn run(&self, more: &[&str]) -> (i32, String, String) {
        let queue = self.folder.path().join("queue.ndjson");
        let mut command = program();
        command.args(["explain", "--rules", self.rules, "--tickets"]);
        run(command.arg(queue).args(more))
    }

    fn explained(&self, ticket: &str) -> Value {
        let (code, out, err) = self.run(&["--ticket", ticket, "--format", "json"]);
        assert_eq!(code, 0, "{err}");
        serde_json::from_str(&out).expect("JSON")
    }

    /// The texts of the changes that would have given a ticket a match.
    fn misses(&self, ticket: &str) -> Vec<String> {
        let explained = self.explained(ticket);
        let misses = explained["misses"].as_array().expect("misses").iter();
        let text = |miss: &Value| miss["text"].as_str().expect("a text").to_owned();
        misses.map(text).collect()
    }
}

/// A solo who queued at that second of a minute.
fn solo(id: &str, second: u32, mmr: f64) -> Value {
    json!({"ticket_id": id, "match_pool": "duel", "CreatedAt": format!("2026-01-02T03:04:{second:02}Z"),
        "players": [{"player_id": format!("player of {id}"), "attributes": {"mmr": mmr}}]})
}

fn with(mut ticket: Value, field: &str, value: Value) -> Value {
    ticket[field] = value;
    ticket
}

#[test]
fn a_distance_can_be_waited_for_or_widened() {
    let queue = Queue::of(DUEL, &[solo("old", 0, 1000.0), solo("new", 10, 1112.0)]);
    let explained = queue.explained("old");
    assert_eq!(
        explained["fate"],
        json!({"is": "left", "reason": "distance"})
    );
    assert_eq!(explained["age_ms"], 10_000);
    assert_eq!(
        explained["closest"],
        json!({"ticket_id": "new", "test": "`mmr` within 100", "by": "by 12"})
    );
    let misses = queue.misses("old");
    assert!(
        misses.contains(&"`mmr` within 112 instead of 100".to_owned()),
        "{misses:?}"
    );
    // The younger one has to be strictly older than 30 s, too.
    assert!(misses.contains(&"31 s later".to_owned()), "{misses:?}");
    assert!(
        misses.contains(&"1 more player of its kind".to_owned()),
        "{misses:?}"
    );
    let steps = explained["funnel"]["steps"].as_array().expect("steps");
    let left: Vec<&Value> = steps.iter().map(|step| &step["left"]["tickets"]).collect();
    assert_eq!((left[0], left[1]), (&json!(1), &json!(0)), "{steps:?}");
}

#[test]
fn what_keeps_two_apart_is_told() {
    let map = |name: &str| json!({"map": name});
    let (a, b) = (solo("a", 0, 1000.0), solo("b", 0, 1000.0));
    let maps = [
        with(a.clone(), "ticket_attributes", map("island")),
        with(b.clone(), "ticket_attributes", map("desert")),
    ];
    let misses = Queue::of(DUEL, &maps).misses("a");
    assert!(
        misses.contains(&"without the option `map`".to_owned()),
        "{misses:?}"
    );

    let seasons = [
        with(a.clone(), "ticket_attributes", json!({"season": "1"})),
        with(b.clone(), "ticket_attributes", json!({"season": "2"})),
    ];
    let misses = Queue::of(DUEL, &seasons).misses("a");
    let expected = "with any `season` (an option of type `disable`)";
    assert!(misses.contains(&expected.to_owned()), "{misses:?}");

    let blocks = [
        a.clone(),
        with(
            b.clone(),
            "ticket_attributes",
            json!({"blocked_players": ["player of a"]}),
        ),
    ];
    let misses = Queue::of(DUEL, &blocks).misses("a");
    let expected = "without the block of player player of a by ticket b";
    assert!(misses.contains(&expected.to_owned()), "{misses:?}");

    let latencies = [
        with(a, "latencies", json!({"eu": "20", "us": "120"})),
        with(b, "latencies", json!({"us": "30"})),
    ];
    let misses = Queue::of(DUEL, &latencies).misses("a");
    let expected = "100 ms less to us (20 ms instead of 120)";
    assert!(misses.contains(&expected.to_owned()), "{misses:?}");
}

#[test]
fn where_no_single_change_helps_two_are_told() {
    // Below its cap no region is open, and the other is of another season.
    let far = with(solo("a", 0, 1000.0), "latencies", json!({"eu": "300"}));
    let far = with(far, "ticket_attributes", json!({"season": "1"}));
    let near = with(solo("b", 0, 1000.0), "latencies", json!({"eu": "20"}));
    let near = with(near, "ticket_attributes", json!({"season": "2"}));
    let queue = Queue::of(DUEL, &[far, near]);
    let explained = queue.explained("a");
    let misses = explained["misses"].as_array().expect("misses");
    assert_eq!(
        misses[0]["changes"].as_array().expect("changes").len(),
        2,
        "{misses:?}"
    );
    let (_, out, _) = queue.run(&["--ticket", "a"]);
    assert!(out.contains("two do together:"), "{out}");
}

#[test]
fn a_match_is_told_from_the_side_of_its_ticket() {
    let queue = Queue::of(
        DUEL,
        &[
            solo("a", 0, 1000.0),
            solo("b", 1, 1090.0),
            solo("c", 2, 1020.0),
        ],
    );
    let fate = &queue.explained("c")["fate"];
    assert_eq!(
        (&fate["is"], &fate["match"]),
        (&json!("matched"), &json!(1))
    );
    assert_eq!((&fate["pivot"], &fate["place"]), (&json!("a"), &json!(1)));
    assert_eq!(fate["candidates"], 2);
    // 20 of the largest reference, which is 200.
    assert_eq!(
        fate["score"][0],
        json!({"what": "`mmr` is 20 away", "cost": 0.1})
    );
    let (_, out, _) = queue.run(&["--ticket", "a"]);
    assert!(out.contains("it is in match 1"), "{out}");
}

#[test]
fn all_that_wait_are_in_a_table() {
    let queue = Queue::of(
        DUEL,
        &[
            solo("a", 0, 1000.0),
            solo("b", 1, 1112.0),
            solo("c", 1, 9000.0),
            json!({"ticket_id": "none", "match_pool": "duel", "players": []}),
        ],
    );
    let (code, out, err) = queue.run(&[]);
    assert_eq!(code, 0, "{err}");
    for part in [
        "4 tickets: 0 are matched, 4 wait",
        "distance: 3 wait, as too few players are within the distance of the matching rules",
        "invalid_ticket: 1 waits, as the ticket itself is invalid",
    ] {
        assert!(out.contains(part), "{part} is not in: {out}");
    }
    let (_, out, _) = queue.run(&["--format", "json"]);
    let table: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&table["format"], &table["served"]), (&json!(1), &json!(0)));
    let (_, again, _) = queue.run(&["--format", "json"]);
    assert_eq!(out, again);
}

#[test]
fn sessions_are_explained_too() {
    let queue = Queue::of(DUEL, &[solo("a", 0, 1000.0), solo("b", 0, 5000.0)]);
    let sessions = queue.folder.path().join("sessions.json");
    let inside = solo("inside", 0, 1050.0);
    let session = json!({"ticket_id": "backfill", "match_pool": "duel", "match_session_id": "running",
        "CreatedAt": "2026-01-02T03:04:00Z", "partial_match": {"tickets": [inside], "backfill": true,
        "teams": [{"team_id": "t", "user_ids": ["player of inside"]}]}});
    fs::write(&sessions, session.to_string()).expect("a file");
    let sessions = sessions.to_str().expect("UTF-8");
    let explain = |ticket: &str| {
        let more = [
            "--sessions",
            sessions,
            "--ticket",
            ticket,
            "--format",
            "json",
        ];
        let (code, out, err) = queue.run(&more);
        assert_eq!(code, 0, "{err}");
        serde_json::from_str::<Value>(&out).expect("JSON")
    };
    let expected = json!({"is": "joined", "match_session_id": "running"});
    assert_eq!(explain("a")["fate"], expected);
    assert_eq!(explain("b")["fate"]["is"], "left");
}

#[test]
fn pairs_are_explained_too() {
    let queue = Queue::of(
        r#"{"shipCountMin": 3, "shipCountMax": 3}"#,
        &[solo("a", 0, 0.0)],
    );
    assert_eq!(queue.misses("a"), ["2 more players of its kind"]);
}

#[test]
fn what_cannot_be_read_is_one_line_and_exit_code_64() {
    let queue = Queue::of(DUEL, &[solo("a", 0, 0.0)]);
    for (more, said) in [
        (vec!["--ticket", "b"], "no ticket of the queue has the id b"),
        (vec!["--now", "yesterday"], "--now is \"yesterday\""),
    ] {
        let (code, out, err) = queue.run(&more);
        assert_eq!((code, &*out, err.lines().count()), (64, "", 1), "{err}");
        assert!(err.contains(said), "{err}");
    }
    let refused = Queue::of(r#"{"aliance": {}}"#, &[]);
    let (code, _, err) = refused.run(&[]);
    assert_eq!(
        (code, err.contains("`alliance` was probably meant")),
        (64, true),
        "{err}"
    );
}

#[test]
fn a_made_up_queue_is_the_same_each_time() {
    let asked =
        || run(program().args(["explain", "--rules", DUEL, "--random", "60", "--seed", "3"]));
    let (code, out, err) = asked();
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("60 tickets: "), "{out}");
    assert_eq!(asked().1, out);
}
