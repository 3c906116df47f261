//! `docs/ruleset.schema.json` against the parser.

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::generated::{any_json, right, spoilt};
use super::wrong::{SeenBy, rows, ruleset};
use crate::matching::{AgsLogic, MatchLogic, RulesError};

fn schema() -> Validator {
    let text = include_str!("../../../../../docs/ruleset.schema.json");
    let schema: Value = serde_json::from_str(text).expect("JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("a schema");
    jsonschema::draft202012::new(&schema).expect("a schema")
}

/// What the server says to a ruleset.
fn read(ruleset: &Value) -> Result<(), RulesError> {
    AgsLogic.rules(&ruleset.to_string()).map(|_| ())
}

/// Whether every fault is one of those that a schema cannot see.
fn only_between_fields(error: &RulesError) -> bool {
    let between = [
        "it may not be more than `",
        "it has to be 0 (unset) or at least ",
        "each option may stand once",
        "each role may stand once",
        "`any` stands for every role",
        "a ruleset for teams has to have it",
        "the max of its roles",
        "the min of its roles",
        "a team has at most",
        "it has to hold one list of roles",
        "no matching rule of `distance` has that attribute",
        "it needs `rating`, with the `scale`",
        "at most 256 lists with 1024 roles in all",
        "it is not a key of a ruleset; ",
    ];
    match error {
        RulesError::Invalid(faults) => faults.iter().all(|fault| {
            let text = &fault.allowed;
            between.iter().any(|begin| text.starts_with(begin))
                || text.ends_with("the key, or be left out")
        }),
        // The schema is of what AGS knows.
        RulesError::Unsupported(_) => true,
    }
}

#[test]
fn what_is_wrong_in_one_field_is_refused_by_both() {
    let schema = schema();
    for (row, seen, _) in rows() {
        let accepted = schema.is_valid(&Value::from(ruleset(row)));
        assert_eq!(accepted, *seen == SeenBy::Parser, "{row}");
    }
}

#[test]
fn pair_rules_are_refused_by_both() {
    let schema = schema();
    let cases = [
        (json!({"shipCountMin": -1}), false),
        (json!({"shipCountMax": 2.5}), false),
        (json!({"shipCountMax": "2"}), false),
        (json!({"auto_backfill": 1}), false),
        (json!([]), false),
        (json!(7), false),
        (Value::Null, true),
        (json!({}), true),
        (json!({"alliance": null, "matching_rule": 7}), false),
        (json!({"alliance": null, "matching_rule": null}), true),
        (
            json!({"shipCountMin": 2, "shipCountMax": 4.0, "auto_backfill": true}),
            true,
        ),
    ];
    for (ruleset, right) in cases {
        assert_eq!(schema.is_valid(&ruleset), right, "{ruleset}");
        assert_eq!(read(&ruleset).is_ok(), right, "{ruleset}");
    }
    let crossed = json!({"shipCountMin": 3, "shipCountMax": 2});
    assert!(schema.is_valid(&crossed));
    assert!(only_between_fields(&read(&crossed).unwrap_err()));
}

#[test]
fn every_key_of_the_parser_is_in_the_schema() {
    let text = include_str!("../../../../../docs/ruleset.schema.json");
    let schema: Value = serde_json::from_str(text).unwrap();
    let described = schema["$defs"]["teams_ruleset"]["properties"]
        .as_object()
        .unwrap();
    let full = super::with(
        r#""rebalance_version": 1, "ticket_observability_enable": true,
        "max_delay_ms": 1, "extra_attributes": {}, "quality": {}"#,
    );
    let mut printed: Vec<_> = full
        .to_json()
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    printed.push("use_sub_gamemode".to_owned());
    printed.sort_unstable();
    assert_eq!(described.keys().cloned().collect::<Vec<_>>(), printed);
}

/// Both accept it, both refuse it, or the parser alone sees what lies between fields.
fn agree(schema: &Validator, ruleset: &Value) -> Result<(), TestCaseError> {
    let read = read(ruleset);
    match (schema.is_valid(ruleset), &read) {
        (true, Err(error)) => prop_assert!(only_between_fields(error), "{error}: {ruleset}"),
        (false, Ok(())) => prop_assert!(false, "only the schema refuses {ruleset}"),
        _ => {}
    }
    Ok(())
}

#[test]
fn both_agree_on_random_rulesets() {
    let schema = schema();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(500));
    let tried = runner.run(&spoilt(), |ruleset| agree(&schema, &exact(ruleset)));
    tried.unwrap_or_else(|error| panic!("{error}"));
    let tried = runner.run(&any_json(), |ruleset| agree(&schema, &exact(ruleset)));
    tried.unwrap_or_else(|error| panic!("{error}"));
    let tried = runner.run(&right(), |ruleset| {
        prop_assert!(schema.is_valid(&ruleset));
        prop_assert_eq!(read(&ruleset), Ok(()));
        Ok(())
    });
    tried.unwrap_or_else(|error| panic!("{error}"));
}

/// Without keys in another spelling, which a schema does not know.
fn exact(mut ruleset: Value) -> Value {
    if let Value::Object(fields) = &mut ruleset {
        fields.retain(|key, _| key != "Alliance");
    }
    ruleset
}
