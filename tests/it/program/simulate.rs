//! `match-function simulate`: figures, comparison, population files, errors.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{program, run};

const DUEL: &str = r#"{"alliance": {"min_number": 2, "max_number": 2, "player_min_number": 1,
    "player_max_number": 1},
    "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 50}]}"#;
const WIDE: &str = r#"{"alliance": {"min_number": 2, "max_number": 2, "player_min_number": 1,
    "player_max_number": 1},
    "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 800}]}"#;

/// A short simulation.
const SHORT: [&str; 4] = ["--hours", "0.2", "--runs", "3"];

fn simulated(arguments: &[&str]) -> (i32, String, String) {
    run(program().arg("simulate").args(arguments).args(SHORT))
}

fn document(arguments: &[&str]) -> Value {
    let all = [arguments, &["--format", "json"]].concat();
    let (code, out, err) = simulated(&all);
    assert_eq!((code, &*err), (0, ""), "{out}");
    serde_json::from_str(&out).expect("JSON")
}

fn figure<'d>(document: &'d Value, id: &str) -> &'d Value {
    let figures = document["figures"].as_array().expect("figures");
    let found = figures.iter().find(|figure| figure["id"] == id);
    found.unwrap_or_else(|| panic!("{id} is not in {figures:?}"))
}

#[test]
fn two_rulesets_are_told_apart() {
    let (code, out, err) = simulated(&[DUEL, WIDE]);
    assert_eq!((code, &*err), (0, ""));
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "A = <argument>");
    assert_eq!(
        lines[2],
        "3 runs of 0.2 hours, 2.0 players a second on average, seed 1"
    );
    assert!(lines[4].starts_with("B lowers the p95 wait from "), "{out}");
    assert!(
        out.contains("B raises the mean difference of mmr within a match from "),
        "{out}"
    );
    assert!(
        out.contains("\nby players of the party") || out.contains("\nby nearest region"),
        "{out}"
    );
    let document = document(&[DUEL, WIDE]);
    assert_eq!(document["format"], 1);
    assert_eq!(
        document["rulesets"][1]["rules"]["matching_rule"][0]["reference"],
        800
    );
    let wait = figure(&document, "wait_mean_s");
    assert_eq!(
        (&wait["unit"], &wait["better"]),
        (&json!("s"), &json!("less"))
    );
    let of = |at: usize| wait["of"][at]["mean"].as_f64().expect("a number");
    let difference = wait["difference"]["mean"].as_f64().expect("a number");
    assert!((of(1) - of(0) - difference).abs() < 1e-9, "{wait}");
    assert!(difference < 0.0, "{wait}");
    let deciles = document["groups"]["skill_decile"]
        .as_array()
        .expect("groups");
    assert_eq!(deciles.len(), 10);
    let points = document["series"][0]["points"].as_array().expect("points");
    assert_eq!(points.len(), 12, "one a minute");
}

#[test]
fn a_seed_gives_one_document_on_any_number_of_threads() {
    let of = |more: &[&str]| {
        let (_, out, _) = simulated(&[&[DUEL, "--format", "json"], more].concat());
        out
    };
    let first = of(&[]);
    assert_eq!(first, of(&["--threads", "1"]));
    assert_ne!(first, of(&["--seed", "2"]));
}

#[test]
fn the_example_of_a_population_is_one() {
    let (code, example, _) = run(program().args(["simulate", "--population-example"]));
    assert_eq!(code, 0);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("population.toml");
    fs::write(&path, &example).expect("a file");
    let path = path.to_str().expect("UTF-8");
    let played = document(&[DUEL, "--population", path]);
    assert_eq!(played["population"], example);
    assert!(figure(&played, "win_chance_mean")["of"][0]["mean"].as_f64() > Some(50.0));
    let regions = played["groups"]["region"].as_array().expect("groups");
    assert_eq!(regions.len(), 2, "the two of the example");
}

#[test]
fn a_population_says_who_comes() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("skill.csv"), "mmr\n1000\n1000\n2000\n").expect("a file");
    let path = folder.path().join("population.json");
    let population = json!({
        "players_per_second": 10, "tick_s": 2, "regions": {},
        "attributes": {"mmr": {"file": "skill.csv"}},
    });
    fs::write(&path, population.to_string()).expect("a file");
    let document = document(&[DUEL, "--population", path.to_str().expect("UTF-8")]);
    let came = figure(&document, "came")["of"][0]["mean"]
        .as_f64()
        .expect("a number");
    assert!((6800.0..7600.0).contains(&came), "{came}");
    // All of a match have the same number, since only two are drawn and they are far apart.
    assert_eq!(figure(&document, "spread_mean.mmr")["of"][0]["mean"], 0.0);
    let deciles = document["groups"]["skill_decile"]
        .as_array()
        .expect("groups");
    assert_eq!(deciles.len(), 2, "{deciles:?}");
}

#[test]
fn what_cannot_be_read_is_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("population.toml");
    let path = path.to_str().expect("UTF-8");
    for (text, parts) in [
        (
            "players_per_secnd = 2",
            ["line 1 column 1", "players_per_secnd"],
        ),
        (
            "tick_s = 5\n\n[patience_s]\nmedian = \"long\"",
            ["line 4 column 10", "invalid type"],
        ),
        (
            "players_per_second = [1, 2]",
            ["players_per_second has 2 numbers", "24"],
        ),
        (
            "players_per_second = 0",
            ["players_per_second is 0 at all hours", "nobody"],
        ),
        ("leave_rate = 1.5", ["leave_rate is 1.5", "from 0 to 0.999"]),
        (
            "attributes.mmr.min = 0",
            ["attributes.mmr", "expected is one of `normal`"],
        ),
        (
            "attributes.mmr.file = \"none.csv\"",
            ["none.csv", "No such file"],
        ),
        (
            "rating.mu = \"mu\"",
            ["`attribute` and `scale`", "`mu` and `sigma`"],
        ),
        (
            "party_sizes = { six = 1 }",
            ["\"six\" is no number of players", "1 to 1000"],
        ),
        (
            "[regions.eu]\nshare = 1\nlatency_ms = { us = 1 }",
            ["regions.eu.latency_ms.us", "no regions.us"],
        ),
    ] {
        fs::write(path, text).expect("a file");
        let (code, _, err) = simulated(&[DUEL, "--population", path]);
        assert_eq!(code, 64, "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
        for part in parts {
            assert!(err.contains(part), "{part} is not in: {err}");
        }
    }
    let (code, _, err) = simulated(&[r#"{"alliance": 7}"#]);
    assert_eq!((code, err.contains("<argument>: ")), (64, true), "{err}");
    let (code, _, err) = run(program().args(["simulate", DUEL, "--hours", "0"]));
    assert_eq!((code, err.contains("0.05 to 1000")), (64, true), "{err}");
    let nowhere = folder.path().join("none/report.html");
    let nowhere = nowhere.to_str().expect("UTF-8");
    let (code, _, err) = simulated(&[DUEL, "--report", nowhere]);
    assert_eq!((code, err.contains("--report ")), (64, true), "{err}");
}

#[test]
fn a_report_is_one_file_without_the_network() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.html");
    let text = path.to_str().expect("UTF-8");
    let (code, out, err) = simulated(&[DUEL, WIDE, "--report", text]);
    assert_eq!(
        (code, out.contains(&format!("report: {text}"))),
        (0, true),
        "{err}"
    );
    let page = fs::read_to_string(&path)
        .expect("the report")
        .replace('\u{a0}', " ");
    for part in [
        "<!DOCTYPE html>",
        "B lowers the p95 wait",
        "--seed 1 --runs 3",
        "&quot;reference&quot;: 800",
    ] {
        assert!(page.contains(part), "{part} is not in the page");
    }
    let foreign = page
        .replace("http://www.w3.org/2000/svg", "")
        .contains("://");
    assert!(!foreign && !page.contains("<script"), "it loads nothing");
}

/// The pictures of docs/simulate.md, made by the command that stands there.
#[test]
fn the_pictures_of_the_manual_are_those_of_the_tool() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/simulate.md")).expect("the page");
    let commands = page
        .lines()
        .filter(|line| line.ends_with(" --charts docs/simulate"));
    let [command] = commands.collect::<Vec<_>>()[..] else {
        panic!("one command makes the pictures");
    };
    let folder = tempfile::tempdir().expect("a folder");
    let words = command.split(' ').skip(1);
    let words = words.map(|word| match word {
        "docs/simulate" => folder.path().to_str().expect("UTF-8"),
        word => word,
    });
    let (code, _, err) = run(program().current_dir(root).args(words));
    assert_eq!((code, &*err), (0, ""));
    let mut shown = 0;
    for entry in fs::read_dir(root.join("docs/simulate")).expect("pictures") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        let made = fs::read_to_string(folder.path().join(name)).expect("the picture");
        let kept = fs::read_to_string(&path).expect("the picture");
        assert!(
            made == kept,
            "{} is not what `{command}` makes",
            path.display()
        );
        let link = format!("](simulate/{})", name.to_string_lossy());
        assert!(page.contains(&link), "{link}");
        shown += 1;
    }
    assert!(shown >= 4, "{shown}");
}
