//! `match-function tune`, from a ruleset to proposals.

use std::fs;

use serde_json::Value;

use super::program;

fn run(words: &[&str]) -> (i32, String, String) {
    super::run(program().args(words))
}

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/samples/ruleset-5v5.json");

/// Players who come rarely, so that an hour is quick.
const FEW: &str = "players_per_second = 0.2\n";

#[test]
fn proposals_are_files_that_can_be_served_and_simulated() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let population = at("few.toml");
    fs::write(&population, FEW).expect("a file");
    let (out, report) = (at("proposals"), at("report.html"));
    let words = [
        "tune",
        SAMPLE,
        "--population",
        &population,
        "--goal",
        "p95-wait<=600",
        "--candidates",
        "8",
        "--hours",
        "0.1",
        "--out",
        &out,
        "--report",
        &report,
        "--charts",
        folder.path().to_str().expect("UTF-8"),
    ];
    let (code, text, err) = run(&words);
    assert_eq!(code, 0, "{text}{err}");
    for part in [
        "today = ",
        "goal: p95-wait<=600",
        "what no other beats:",
        "patient:",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let patient = format!("{out}/patient.json");
    let (code, found, err) = run(&["lint", &patient, "--deny", "warnings"]);
    assert_eq!(code, 0, "{found}{err}");
    let page = fs::read_to_string(&report).expect("a report");
    assert!(page.contains("<svg") && page.contains("patient"), "{page}");
    assert!(!page.contains("<script"), "a report has no script");
    let chart = fs::read_to_string(folder.path().join("frontier.svg")).expect("a chart");
    assert!(chart.starts_with("<svg"), "{chart}");
    let json = [&words[..10], &["--format", "json"]].concat();
    let (code, first, err) = run(&json);
    assert_eq!(code, 0, "{first}{err}");
    let (_, second, _) = run(&json);
    assert_eq!(first, second, "the same seed");
    let document: Value = serde_json::from_str(&first).expect("JSON");
    assert_eq!(document["tried"], 8);
    let proposed = &document["proposals"][0];
    assert!(
        proposed["figures"]["wait_p95_s"]["mean"].as_f64() <= Some(600.0),
        "{proposed}"
    );
}

#[test]
fn a_goal_that_nothing_meets_is_said_and_ends_with_1() {
    let words = [
        "tune",
        SAMPLE,
        "--goal",
        "p95-wait<=0.5",
        "--candidates",
        "8",
        "--hours",
        "0.05",
    ];
    let (code, text, err) = run(&words);
    assert_eq!(code, 1, "{text}{err}");
    assert!(
        text.contains("no ruleset that was tried meets the goals"),
        "{text}"
    );
}

#[test]
fn what_cannot_be_tuned_is_told() {
    for (words, told) in [
        (
            &["tune", "{}"][..],
            "there is nothing to turn in this ruleset",
        ),
        (&["tune", SAMPLE, "--goal", "p95<=3"], "`p95` is no figure"),
        (&["tune", SAMPLE, "--minimize", "fun"], "`fun` is no figure"),
        (&["tune", "nowhere.json"], "nowhere.json"),
    ] {
        let (code, text, err) = run(words);
        assert_eq!(code, 64, "{text}{err}");
        assert!(err.contains(told), "{told}: {err}");
    }
}
