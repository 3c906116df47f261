//! Recording by the real server, and `match-function replay` after it has ended.

use std::fs;
use std::path::Path;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::{Value, json};

use super::{Served, program, run};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/samples/ruleset-5v5.json");
const WIDE: &str = r#"{"alliance": {"min_number": 2, "max_number": 2, "player_min_number": 5,
    "player_max_number": 5},
    "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 3000}]}"#;

/// Serves, has some ticks of made-up tickets played, ends; returns the log.
pub(super) fn recorded(folder: &Path, ticks: u32, variables: &[(&str, &str)]) -> String {
    recorded_after(folder, ticks, variables, || {})
}

/// The same; something is done when the server has started.
fn recorded_after(
    folder: &Path,
    ticks: u32,
    variables: &[(&str, &str)],
    then: impl FnOnce(),
) -> String {
    let folder = folder.to_str().expect("UTF-8");
    let all = [&[("RECORD_TICKS_DIR", folder)], variables].concat();
    let server = Served::start_with(&all, "serving gRPC");
    then();
    for seed in 0..ticks {
        let seed = seed.to_string();
        let words = [
            "make-matches",
            "--rules",
            SAMPLE,
            "--random",
            "300",
            "--seed",
            &seed,
        ];
        let (code, out, err) = server.client(&words);
        assert_eq!(code, 0, "{out}{err}");
        assert!(out.contains("300 tickets sent"), "{out}");
    }
    let (code, log) = server.terminate();
    assert_eq!(code, Some(0), "{log}");
    log
}

fn captures(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<String> = entries
        .map(|entry| entry.expect("an entry").path().display().to_string())
        .collect();
    paths.sort();
    paths
}

fn replayed(arguments: &[&str]) -> (i32, String, String) {
    run(program().arg("replay").args(arguments))
}

#[test]
fn a_recorded_tick_is_played_again_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("UTF-8");
    recorded(folder.path(), 3, &[]);
    let files = captures(folder.path());
    assert_eq!(files.len(), 3);
    assert!(
        files[0].ends_with("_local-pool_match_1.tick.zst"),
        "{files:?}"
    );
    let (code, out, err) = replayed(&[path]);
    assert_eq!((code, &*err), (0, ""), "{out}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 4, "{out}");
    assert!(lines[0].starts_with("same: 2"), "{out}");
    assert_eq!(lines[3], "3 of 3 captures: the same answers, byte for byte");

    any_protobuf_tool_reads(&files[1]);

    let (code, out, _) = replayed(&[path, "--format", "json"]);
    let document: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &document["format"]), (0, &json!(1)));
    assert_eq!(document["captures"][1]["same"], true);
    assert_eq!(document["captures"][1]["tickets"], 300);

    let (code, out, err) = replayed(&[path, "--rules", WIDE]);
    assert_eq!((code, &*err), (0, ""));
    assert!(
        out.starts_with("3 ticks with their own rules, and with <argument>"),
        "{out}"
    );
    for part in [
        "recorded rules",
        "mmr within a match, mean difference",
        "matches",
    ] {
        assert!(out.contains(part), "{part} is not in: {out}");
    }

    let (code, out, err) =
        run(program().args(["explain", "--rules", SAMPLE, "--tickets", &files[0]]));
    assert_eq!((code, &*err), (0, ""));
    assert!(out.starts_with("300 tickets: "), "{out}");
    let words = [
        "simulate", SAMPLE, "--from", path, "--hours", "0.1", "--runs", "1",
    ];
    let (code, out, err) = run(program().args(words));
    // Three ticks within a second tell of nobody who came between them.
    assert!(code == 0 || err.contains("--from: "), "{out}{err}");
}

/// By `proto/capture.proto` alone.
fn any_protobuf_tool_reads(file: &str) {
    let proto = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
    let files = protox::compile(["capture.proto"], [proto]).expect("the contract of captures");
    let bytes = files.encode_to_vec();
    let pool = DescriptorPool::decode(&bytes[..]).expect("a descriptor");
    let name = "match_function.capture.Capture";
    let capture = pool.get_message_by_name(name).expect("the message");
    let bytes = zstd::decode_all(fs::File::open(file).expect("a capture")).expect("zstd");
    let read = DynamicMessage::decode(capture, &bytes[..]).expect("a message");
    let known = read.unknown_fields().count();
    assert_eq!(known, 0, "no field is unknown");
    let count = |field: &str| {
        let value = read.get_field_by_name(field).expect("a field");
        value.as_list().map_or(0, <[_]>::len)
    };
    assert_eq!((count("requests"), count("backfill_requests")), (301, 0));
    assert!(count("matches") > 20, "{}", count("matches"));
    let text = format!("{:?}", read.get_field_by_name("header"));
    assert!(
        text.contains("local-pool") && text.contains("MAX_ANSWER_BYTES"),
        "{text}"
    );
}

#[test]
fn what_is_exported_holds_no_ids_of_people_if_one_likes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("UTF-8");
    let server = Served::start_with(&[("RECORD_TICKS_DIR", path)], "serving gRPC");
    let queue = tempfile::NamedTempFile::new().expect("a file");
    let ticket = |id: &str, player: &str| {
        json!({"ticket_id": id, "match_pool": "duel", "party_session_id": "secret-party",
            "ticket_attributes": {"blocked_players": ["secret-cora"], "map": "ice"},
            "players": [{"player_id": player, "attributes": {"mmr": 7.0}}]})
    };
    let tickets = [
        ticket("secret-1", "secret-anna"),
        ticket("secret-2", "secret-bert"),
    ];
    let lines = tickets.map(|ticket| ticket.to_string()).join("\n");
    fs::write(queue.path(), lines).expect("a file");
    let words = [
        "make-matches",
        "--tickets",
        queue.path().to_str().expect("UTF-8"),
    ];
    let (code, _, err) = server.client(&words);
    assert_eq!((code, &*err), (0, ""));
    assert_eq!(server.terminate().0, Some(0));
    let file = captures(folder.path()).remove(0);
    let lines = folder.path().join("queue.ndjson");
    let lines = lines.to_str().expect("UTF-8");
    for anonymize in [false, true] {
        let mut words = vec![file.as_str(), "--export", lines];
        words.extend(anonymize.then_some("--anonymize"));
        let (code, out, err) = replayed(&words);
        assert_eq!((code, &*err), (0, ""));
        assert_eq!(out, format!("3 messages of 1 captures in {lines}\n"));
        let text = fs::read_to_string(lines).expect("a file");
        assert_eq!(text.lines().count(), 3);
        assert_eq!(text.contains("secret"), !anonymize, "{text}");
        assert!(text.contains("duel") && text.contains("ice"), "{text}");
        // It is a queue like any other.
        let (code, out, err) =
            run(program().args(["explain", "--rules", "{}", "--tickets", lines]));
        assert_eq!((code, &*err), (0, ""), "{out}");
    }
}

#[test]
fn a_file_that_was_changed_or_answers_otherwise_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    recorded(folder.path(), 1, &[]);
    let file = captures(folder.path()).remove(0);
    let whole = fs::read(&file).expect("a capture");
    let torn = folder.path().join("torn.tick.zst");
    fs::write(&torn, &whole[..whole.len() / 2]).expect("a file");
    let (code, out, err) = replayed(&[torn.to_str().expect("UTF-8")]);
    assert_eq!((code, &*out), (64, ""));
    assert!(
        err.contains("torn.tick.zst: it is not a capture, or was cut"),
        "{err}"
    );
    assert_eq!(err.lines().count(), 1, "{err}");

    // Another region of one answer: "eu-central-1" becomes "eu-central-9".
    let mut bytes = zstd::decode_all(&whole[..]).expect("zstd");
    let answers = bytes.len() - 2000;
    let at = bytes[answers..]
        .windows(12)
        .position(|bytes| bytes == b"eu-central-1");
    bytes[answers + at.expect("a region") + 11] = b'9';
    let changed = folder.path().join("changed.tick.zst");
    fs::write(&changed, zstd::encode_all(&bytes[..], 1).expect("zstd")).expect("a file");
    let (code, out, _) = replayed(&[changed.to_str().expect("UTF-8")]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("DIFFERS: changed.tick.zst"), "{out}");
    assert!(
        out.contains("eu-central-9") && out.contains("and now is"),
        "{out}"
    );

    let (code, _, err) = replayed(&["/none.tick.zst"]);
    assert_eq!(
        (code, err.contains("/none.tick.zst: No such file")),
        (64, true),
        "{err}"
    );
    let empty = tempfile::tempdir().expect("a folder");
    let (code, _, err) = replayed(&[empty.path().to_str().expect("UTF-8")]);
    assert_eq!(
        (code, err.contains("there is no capture (*.tick.zst) in it")),
        (64, true),
        "{err}"
    );
}

#[test]
fn calls_do_not_notice_that_a_folder_cannot_be_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let captures = folder.path().join("captures");
    fs::create_dir(&captures).expect("a folder");
    let log = recorded_after(&captures, 3, &[], || {
        // The thread that writes may make the folder again, once.
        while fs::write(&captures, "").is_err() {
            fs::remove_dir(&captures).expect("an empty folder");
        }
    });
    let warnings = log
        .lines()
        .filter(|line| line.contains("captures of ticks cannot be written"));
    assert_eq!(warnings.count(), 1, "{log}");
}

#[test]
fn without_the_setting_nothing_is_recorded_and_pools_choose() {
    let folder = tempfile::tempdir().expect("a folder");
    recorded(folder.path(), 1, &[("RECORD_TICKS_DIR", "")]);
    recorded(folder.path(), 1, &[("RECORD_TICKS_POOLS", "ranked")]);
    recorded(folder.path(), 1, &[("RECORD_TICKS_SHARE", "0")]);
    recorded(
        folder.path(),
        1,
        &[("RECORD_TICKS_SLOWER_THAN_MS", "60000")],
    );
    assert_eq!(captures(folder.path()), [""; 0]);
    let (code, _, err) = run(program().args(["serve", "--record-ticks-share", "2"]));
    assert_eq!(
        (code, err.contains("RECORD_TICKS_SHARE")),
        (64, true),
        "{err}"
    );
}
