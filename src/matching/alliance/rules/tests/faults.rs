//! How faults are told.

use serde_json::Value;

use super::parse;
use super::wrong::{COUNTS, NUMBERS, rows, ruleset};
use crate::matching::RulesError;

#[test]
fn each_is_told_with_its_path_the_value_and_what_is_allowed() {
    for (row, _, message) in rows() {
        let message = message
            .replace("{NUMBERS}", NUMBERS)
            .replace("{COUNTS}", COUNTS);
        let error = parse(ruleset(row)).expect_err(row);
        assert_eq!(error.to_string(), message, "{row}");
        let unsupported = message.contains("this version");
        assert_eq!(
            matches!(error, RulesError::Unsupported(_)),
            unsupported,
            "{row}"
        );
    }
    assert!(rows().count() >= 40);
}

/// A list with one entry more than is allowed.
fn too_long(entry: &Value, max: usize) -> Value {
    vec![entry.clone(); max + 1].into()
}

#[test]
fn lists_have_a_bound() {
    use super::super::{MAX_FLEXING, MAX_OPTIONS, MAX_RULES};
    let rule = serde_json::json!({"duration": 1, "attribute": "mmr", "criteria": "distance", "reference": 1});
    let cases = [
        ("matching_rule", too_long(&rule, MAX_RULES), "64"),
        ("flexing_rule", too_long(&rule, MAX_FLEXING), "256"),
        ("alliance_flexing_rule", too_long(&rule, MAX_FLEXING), "256"),
    ];
    for (key, list, max) in cases {
        let mut fields = ruleset("{}");
        let length = list.as_array().unwrap().len();
        fields.insert(key.to_owned(), list);
        let message = format!("`{key}` is a list of {length}: at most {max} entries are allowed");
        assert_eq!(parse(fields).unwrap_err().to_string(), message);
    }
    let mut fields = ruleset("{}");
    let options = too_long(&rule, MAX_OPTIONS);
    fields.insert(
        "match_options".to_owned(),
        serde_json::json!({"options": options}),
    );
    let message = "`match_options.options` is a list of 65: at most 64 entries are allowed";
    assert_eq!(parse(fields).unwrap_err().to_string(), message);
}

#[test]
fn all_faults_are_told_at_once() {
    let row = r#"{"alliance": {"min_number": 0, "max_number": 1, "player_min_number": 1},
        "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": -1, "weight": "x"}],
        "auto_backfill": "no", "sub_game_modes": ["a"]}"#;
    let RulesError::Invalid(faults) = parse(ruleset(row)).unwrap_err() else {
        panic!("not told as a fault")
    };
    let paths: Vec<_> = faults.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "sub_game_modes",
            "alliance.min_number",
            "alliance.player_max_number",
            "matching_rule[0].reference",
            "matching_rule[0].weight",
            "auto_backfill",
        ]
    );
}

#[test]
fn more_faults_than_a_text_lists_are_counted() {
    let mut fields = ruleset("{}");
    fields.insert("matching_rule".to_owned(), vec![Value::Null; 50].into());
    let RulesError::Invalid(faults) = parse(fields).unwrap_err() else {
        panic!("not told as a fault")
    };
    assert_eq!(faults.len(), 50);
    let text = RulesError::Invalid(faults).to_string();
    assert!(text.contains("`matching_rule[19]` is null"), "{text}");
    assert!(text.ends_with("; and 30 more"), "{text}");
}
