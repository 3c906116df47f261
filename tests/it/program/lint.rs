//! `match-function lint`: places, formats, exit codes.

mod mutations;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{program, run};
use crate::manual::docs;
use mutations::Mutation;

fn lint(arguments: &[&str]) -> (i32, String, String) {
    run(program().arg("lint").args(arguments))
}

fn sample(name: &str) -> Value {
    let text = fs::read_to_string(docs().join("samples").join(name)).expect("a sample");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn a_fault_made_in_a_sample_is_found_with_its_id_and_its_place() {
    let mutations = Mutation::all();
    assert!(mutations.len() >= 50, "{}", mutations.len());
    let folder = tempfile::tempdir().expect("a folder");
    let mut files = Vec::new();
    for (number, mutation) in mutations.iter().enumerate() {
        let mut ruleset = sample(mutation.text("of"));
        mutation.apply(&mut ruleset);
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
        let [id, path, line] = ["id", "path", "line"].map(|field| mutation.text(field));
        let findings = found["findings"].as_array().expect("findings");
        let one = findings
            .iter()
            .find(|one| one["id"] == id && one["path"] == path);
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
