//! `match-function lint`: places, formats, exit codes.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{program, run};
use crate::manual::docs;

fn lint(arguments: &[&str]) -> (i32, String, String) {
    run(program().arg("lint").args(arguments))
}

fn sample(name: &str) -> Value {
    let text = fs::read_to_string(docs().join("samples").join(name)).expect("a sample");
    serde_json::from_str(&text).expect("JSON")
}

/// One fault, made in a sample.
struct Mutation {
    of: &'static str,
    edit: Edit,
    id: &'static str,
    path: &'static str,
    /// What the line holds that is marked.
    line: &'static str,
}

enum Edit {
    /// Sets what a JSON pointer names.
    Set(&'static str, Value),
    /// Takes it away.
    Remove(&'static str),
    /// Gives it another key.
    Rename(&'static str, &'static str),
}

impl Edit {
    fn apply(&self, ruleset: &mut Value) {
        let (Self::Set(pointer, _) | Self::Remove(pointer) | Self::Rename(pointer, _)) = self;
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        let parent = ruleset.pointer_mut(parent).expect("there");
        match (self, parent) {
            (Self::Set(_, value), Value::Array(entries)) => {
                let at: usize = key.parse().expect("a number");
                entries.truncate(at.max(entries.len()));
                match entries.get_mut(at) {
                    Some(entry) => *entry = value.clone(),
                    None => entries.push(value.clone()),
                }
            }
            (Self::Set(_, value), Value::Object(fields)) => {
                fields.insert(key.to_owned(), value.clone());
            }
            (Self::Remove(_), Value::Object(fields)) => {
                fields.remove(key).expect("there");
            }
            (Self::Rename(_, new), Value::Object(fields)) => {
                let value = fields.remove(key).expect("there");
                fields.insert((*new).to_owned(), value);
            }
            _ => panic!("{pointer} is no such place"),
        }
    }
}

const FIVES: &str = "ruleset-5v5.json";
const ROLES: &str = "ruleset-roles.json";

/// The first list of roles of that sample.
const LIST: &str = "alliance.combination.alliances[0]";

fn mutations() -> Vec<Mutation> {
    use Edit::{Remove, Rename, Set};
    let row = |of, edit, id, path, line| Mutation {
        of,
        edit,
        id,
        path,
        line,
    };
    let flex = |duration: u32, reference: f64| json!({"attribute": "mmr", "criteria": "distance", "reference": reference, "duration": duration});
    let teams = |numbers: [u32; 4], duration: u32| {
        let [min, max, players_min, players_max] = numbers;
        json!([{"duration": duration, "min_number": min, "max_number": max,
            "player_min_number": players_min, "player_max_number": players_max}])
    };
    let options = |entries: Value| json!({"options": entries});
    vec![
        row(
            FIVES,
            Set("/alliance/min_number", json!(0)),
            "wrong-value",
            "alliance.min_number",
            "\"min_number\": 0",
        ),
        row(
            FIVES,
            Set("/alliance/max_number", json!("2")),
            "wrong-value",
            "alliance.max_number",
            "\"max_number\": \"2\"",
        ),
        row(
            FIVES,
            Set("/alliance/player_max_number", json!(5.5)),
            "wrong-value",
            "alliance.player_max_number",
            "5.5",
        ),
        row(
            FIVES,
            Set("/alliance/min_number", json!(3)),
            "min-above-max",
            "alliance.min_number",
            "\"min_number\": 3",
        ),
        row(
            FIVES,
            Set("/alliance/player_min_number", json!(6)),
            "min-above-max",
            "alliance.player_min_number",
            "\"player_min_number\": 6",
        ),
        row(
            FIVES,
            Remove("/alliance/player_min_number"),
            "missing-key",
            "alliance.player_min_number",
            "\"alliance\"",
        ),
        row(
            FIVES,
            Remove("/matching_rule/0/attribute"),
            "missing-key",
            "matching_rule[0].attribute",
            "{",
        ),
        row(
            FIVES,
            Remove("/flexing_rule/1/duration"),
            "missing-key",
            "flexing_rule[1].duration",
            "{",
        ),
        row(
            FIVES,
            Rename("/alliance", "aliance"),
            "near-miss",
            "aliance",
            "\"aliance\"",
        ),
        row(
            FIVES,
            Rename("/alliance", "AllianceRule"),
            "near-miss",
            "AllianceRule",
            "\"AllianceRule\"",
        ),
        row(
            FIVES,
            Set("/auto_backfill", json!("true")),
            "wrong-value",
            "auto_backfill",
            "\"auto_backfill\": \"true\"",
        ),
        row(
            FIVES,
            Set("/matching_rule/0/criteria", json!("nearest")),
            "wrong-value",
            "matching_rule[0].criteria",
            "nearest",
        ),
        row(
            FIVES,
            Set("/matching_rule/0/reference", json!(-1)),
            "wrong-value",
            "matching_rule[0].reference",
            "-1",
        ),
        row(
            FIVES,
            Set("/matching_rule/0/weight", json!(1001)),
            "wrong-value",
            "matching_rule[0].weight",
            "1001",
        ),
        row(
            FIVES,
            Set("/matching_rule/0/normalizationMax", json!(100)),
            "normalization-small",
            "matching_rule[0].normalizationMax",
            "\"normalizationMax\": 100",
        ),
        row(
            FIVES,
            Set("/matching_rule/0/normalizationMax", json!(9000)),
            "normalization-far",
            "matching_rule[0].normalizationMax",
            "9000",
        ),
        row(
            FIVES,
            Set("/flexing_rule/0/weight", json!(2)),
            "flexed-key",
            "flexing_rule[0].weight",
            "\"weight\": 2",
        ),
        row(
            FIVES,
            Set("/matching_rule", json!({})),
            "wrong-value",
            "matching_rule",
            "\"matching_rule\"",
        ),
        row(
            FIVES,
            Rename("/matching_rule", "matching_rules"),
            "unknown-key",
            "matching_rules",
            "\"matching_rules\"",
        ),
        row(
            FIVES,
            Rename("/flexing_rule", "flexing_rulez"),
            "unknown-key",
            "flexing_rulez",
            "\"flexing_rulez\"",
        ),
        row(
            FIVES,
            Rename("/auto_backfill", "autoBackfill"),
            "camel-case",
            "autoBackfill",
            "\"autoBackfill\"",
        ),
        row(
            FIVES,
            Rename("/flexing_rule", "flexingRule"),
            "camel-case",
            "flexingRule",
            "\"flexingRule\"",
        ),
        row(
            FIVES,
            Rename("/region_latency_max_ms", "region_max_latency_ms"),
            "unknown-key",
            "region_max_latency_ms",
            "region_max_latency_ms",
        ),
        row(
            FIVES,
            Set("/alliance/matching_rule", json!([])),
            "unknown-key",
            "alliance.matching_rule",
            "\"matching_rule\": []",
        ),
        row(
            FIVES,
            Set("/socialMatchmaking", json!(true)),
            "older-key",
            "socialMatchmaking",
            "\"socialMatchmaking\"",
        ),
        row(
            FIVES,
            Set("/shipCountMin", json!(2)),
            "no-effect",
            "shipCountMin",
            "\"shipCountMin\"",
        ),
        row(
            FIVES,
            Set("/flexing_rule/0/reference", json!(50)),
            "flex-tightens",
            "flexing_rule[0].reference",
            "\"reference\": 50",
        ),
        row(
            FIVES,
            Set("/flexing_rule/0/reference", json!(100)),
            "flex-tightens",
            "flexing_rule[0]",
            "{",
        ),
        row(
            FIVES,
            Set("/flexing_rule/1/reference", json!(150)),
            "flex-tightens",
            "flexing_rule[1].reference",
            "\"reference\": 150",
        ),
        row(
            FIVES,
            Set("/flexing_rule/0", flex(60, 200.0)),
            "flex-order",
            "flexing_rule[0]",
            "{",
        ),
        row(
            FIVES,
            Set("/flexing_rule/0/duration", json!(0)),
            "flex-order",
            "flexing_rule[0].duration",
            "\"duration\": 0",
        ),
        row(
            FIVES,
            Set("/flexing_rule/1/duration", json!(60000)),
            "flex-late",
            "flexing_rule[1].duration",
            "60000",
        ),
        row(
            FIVES,
            Set("/flexing_rule/1/attribute", json!("level")),
            "flex-attribute",
            "flexing_rule[1]",
            "{",
        ),
        row(
            FIVES,
            Set("/alliance_flexing_rule", teams([1, 2, 5, 5], 60)),
            "one-team",
            "alliance_flexing_rule[0].min_number",
            "\"min_number\": 1",
        ),
        row(
            FIVES,
            Set("/alliance_flexing_rule", teams([2, 2, 5, 5], 60)),
            "flex-tightens",
            "alliance_flexing_rule[0]",
            "{",
        ),
        row(
            FIVES,
            Set("/alliance_flexing_rule", teams([2, 2, 3, 3], 60)),
            "flex-tightens",
            "alliance_flexing_rule[0].player_max_number",
            "\"player_max_number\": 3",
        ),
        row(
            FIVES,
            Set("/alliance_flexing_rule", teams([3, 2, 5, 5], 60)),
            "never-full",
            "alliance_flexing_rule[0].min_number",
            "\"min_number\": 3",
        ),
        row(
            FIVES,
            Set("/matching_rule/0/reference", json!(0)),
            "distance-zero",
            "matching_rule[0].reference",
            "\"reference\": 0",
        ),
        row(
            FIVES,
            Remove("/matching_rule/0/reference"),
            "distance-zero",
            "matching_rule[0].reference",
            "{",
        ),
        row(
            FIVES,
            Set("/matching_rule/0/criteria", json!("average")),
            "distance-dead",
            "matching_rule[0].criteria",
            "average",
        ),
        row(
            FIVES,
            Set("/region_latency_initial_range_ms", json!(300)),
            "region-shut",
            "region_latency_initial_range_ms",
            "300",
        ),
        row(
            FIVES,
            Set("/region_expansion_rate_ms", json!(90000)),
            "region-slow",
            "region_expansion_range_ms",
            "\"region_expansion_range_ms\": 50",
        ),
        row(
            FIVES,
            Set("/matching_rule/0/attribute", json!("MMR")),
            "lower-case",
            "matching_rule[0].attribute",
            "MMR",
        ),
        row(
            FIVES,
            Set(
                "/match_options",
                options(json!([{"name": "map", "type": "some"}])),
            ),
            "wrong-value",
            "match_options.options[0].type",
            "some",
        ),
        row(
            FIVES,
            Set(
                "/match_options",
                options(json!([{"name": "map", "type": "any"}, {"name": "map", "type": "all"}])),
            ),
            "name-twice",
            "match_options.options[1].name",
            "map",
        ),
        row(
            ROLES,
            Set("/alliance/combination/alliances/0/0/name", json!("any")),
            "role-any",
            "alliance.combination.alliances[0][0].name",
            "any",
        ),
        row(
            ROLES,
            Set("/alliance/combination/alliances/0/1/min", json!(9)),
            "min-above-max",
            "alliance.combination.alliances[0][1].min",
            "\"min\": 9",
        ),
        row(
            ROLES,
            Set("/alliance/combination/alliances/0/1/name", json!("tank")),
            "name-twice",
            "alliance.combination.alliances[0][1].name",
            "tank",
        ),
        row(
            ROLES,
            Set("/alliance/combination/alliances/0/1/max", json!(2)),
            "role-sums",
            LIST,
            "[",
        ),
        row(
            ROLES,
            Set("/alliance/combination/has_combination", json!(false)),
            "role-switch",
            "alliance.combination.has_combination",
            "false",
        ),
        row(
            ROLES,
            Set("/alliance/combination/role_flexing_second", json!(0)),
            "role-flexing",
            "alliance.combination.role_flexing_enable",
            "true",
        ),
        row(
            ROLES,
            Set("/alliance_flexing_rule", teams([2, 2, 4, 5], 60)),
            "role-off",
            "alliance_flexing_rule[0]",
            "{",
        ),
        row(
            ROLES,
            Set("/combination", json!({})),
            "unknown-key",
            "combination",
            "\"combination\": {}",
        ),
    ]
}

#[test]
fn a_fault_made_in_a_sample_is_found_with_its_id_and_its_place() {
    let mutations = mutations();
    assert!(mutations.len() >= 50, "{}", mutations.len());
    let folder = tempfile::tempdir().expect("a folder");
    let mut files = Vec::new();
    for (number, mutation) in mutations.iter().enumerate() {
        let mut ruleset = sample(mutation.of);
        mutation.edit.apply(&mut ruleset);
        let text = serde_json::to_string_pretty(&ruleset).expect("JSON");
        let file = folder.path().join(format!("{number}.json"));
        fs::write(&file, text).expect("a file");
        files.push(file.to_str().expect("UTF-8").to_owned());
    }
    let mut arguments = vec!["--format", "json"];
    arguments.extend(files.iter().map(String::as_str));
    let (_, out, err) = lint(&arguments);
    let out: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{err}"));
    let found = out["files"].as_array().expect("files");
    for ((mutation, file), found) in mutations.iter().zip(&files).zip(found) {
        let Mutation { id, path, line, .. } = mutation;
        let findings = found["findings"].as_array().expect("findings");
        let one = findings
            .iter()
            .find(|one| one["id"] == *id && one["path"] == *path);
        let one = one.unwrap_or_else(|| panic!("{id} at {path}: {findings:#?}"));
        let text = fs::read_to_string(file).expect("a file");
        let at = usize::try_from(one["line"].as_u64().expect("a line")).expect("small");
        let marked = text.lines().nth(at - 1).expect("a line of the text");
        assert!(marked.contains(line), "{id} at {path}: {marked}");
    }
}

#[test]
fn samples_have_nothing_above_a_note() {
    let samples: Vec<String> = fs::read_dir(docs().join("samples"))
        .expect("samples")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
        .map(|path| path.to_str().expect("UTF-8").to_owned())
        .collect();
    let mut arguments = vec!["--deny", "warnings"];
    arguments.extend(samples.iter().map(String::as_str));
    let (code, out, err) = lint(&arguments);
    assert_eq!(code, 0, "{out}{err}");
}

#[test]
fn people_get_the_place_and_what_to_do() {
    let ruleset = r#"{"alliance": {"min_number": 0, "max_number": 2,
        "player_min_number": 1, "player_max_number": 1}, "autoBackfill": true}"#;
    let (code, out, _) = lint(&[ruleset]);
    assert_eq!(code, 1, "{out}");
    for part in [
        "error[wrong-value]: `alliance.min_number` is 0",
        "--> <argument>:1:29",
        "allowed are whole numbers from 1 to 2147483647",
        "warning[camel-case]: `autoBackfill` is not a key of a ruleset; it is spelled `auto_backfill`",
        "<argument>: 1 error, 1 warning",
    ] {
        assert!(out.contains(part), "{part} is not in: {out}");
    }
    assert!(!out.contains('\u{1b}'), "no colour but on a terminal");
    let fine = r#"{"name": "duel", "data": {"shipCountMin": 1, "shipCountMax": 2}}"#;
    assert_eq!(
        lint(&[fine]),
        (0, "<argument>: nothing found\n".to_owned(), String::new())
    );
    let warned = r#"{"shipCountMin": 1, "shipCountMax": 2, "studio": 1}"#;
    assert_eq!(lint(&[warned]).0, 0);
    assert_eq!(lint(&[warned, "--deny", "warnings"]).0, 1);
}

#[test]
fn code_scanning_gets_sarif() {
    let (_, out, _) = lint(&["--format", "sarif", r#"{"data": {"aliance": {}}}"#]);
    let log: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "near-miss");
    let result = &run["results"][0];
    assert_eq!(
        (&result["ruleId"], &result["level"]),
        (&json!("near-miss"), &json!("error"))
    );
    let region = &result["locations"][0]["physicalLocation"]["region"];
    let expected = json!({"startLine": 1, "startColumn": 11, "endLine": 1, "endColumn": 20});
    assert_eq!(region, &expected);
}

#[test]
fn what_cannot_be_read_is_one_line_and_exit_code_64() {
    let (code, out, err) = lint(&["no-such-ruleset.json"]);
    assert_eq!((code, &*out), (64, ""), "{err}");
    assert!(
        err.starts_with("match-function: no-such-ruleset.json: "),
        "{err}"
    );
    assert_eq!(err.lines().count(), 1, "{err}");
    let (code, _, err) = lint(&["{}", "--tickets", "Cargo.toml"]);
    assert_eq!((code, err.lines().count()), (64, 1), "{err}");
    assert!(err.contains("Cargo.toml"), "{err}");
    assert!(Path::new("Cargo.toml").exists(), "tests run in the project");
    let (code, _, err) = lint(&["--explain", "one-tem"]);
    assert_eq!(
        (code, err.contains("did you mean one-team?")),
        (64, true),
        "{err}"
    );
    let (code, out, _) = lint(&["--explain", "one-team"]);
    assert_eq!(
        (code, out.starts_with("one-team\n\nWarning.")),
        (0, true),
        "{out}"
    );
}
