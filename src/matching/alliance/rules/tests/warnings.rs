//! What is accepted and deserves a look.

use super::parse;
use super::wrong::ruleset;

fn warnings(row: &str) -> Vec<String> {
    let parsed = parse(ruleset(row)).expect(row);
    parsed.warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn unknown_keys_are_named_once_each_with_their_path() {
    let found = warnings(
        r#"{"alliance": {"min_number": 2, "max_number": 2, "player_min_number": 1, "player_max_number": 5, "max_players": 3},
            "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 5, "referense": 7}],
            "match_options": {"option": []}, "studio": {"any": ["thing"]}}"#,
    );
    assert_eq!(
        found,
        [
            "`alliance.max_players`: is not a key of a ruleset; `player_max_number` was probably meant",
            "`matching_rule[0].referense`: is not a key of a ruleset; `reference` was probably meant",
            "`match_options.option`: is not a key of a ruleset; `options` was probably meant",
            "`studio`: is not a key of a ruleset",
        ]
    );
    let long = warnings(&format!("{{\"{}\": 1}}", "k".repeat(1000)));
    assert_eq!(long.len(), 1);
    assert!(long[0].len() < 120, "{long:?}");
}

#[test]
fn a_key_that_is_spelled_twice_counts_as_it_is_spelled_exactly() {
    let found = warnings(r#"{"auto_backfill": true, "Auto_Backfill": "no"}"#);
    let text = "`Auto_Backfill`: has no effect beside `auto_backfill`, which is spelled exactly";
    assert_eq!(found, [text]);
}

#[test]
fn the_pair_counts_have_no_effect() {
    let found = warnings(r#"{"shipCountMin": 2, "shipcountmax": 3}"#);
    assert_eq!(
        found,
        [
            "`shipCountMin`: has no effect with `alliance`",
            "`shipCountMax`: has no effect with `alliance`",
        ]
    );
}

#[test]
fn criteria_without_effect() {
    let found = warnings(
        r#"{"matching_rule": [{"attribute": "mmr", "criteria": "average", "reference": 5}],
            "flexing_rule": [{"duration": 1, "attribute": "mmr", "criteria": "greater", "reference": 5}]}"#,
    );
    assert_eq!(
        found,
        [
            "`matching_rule[0].criteria`: has no effect: `average` is not matched by, only `distance` is",
            "`flexing_rule[0].criteria`: has no effect: `greater` is not matched by, only `distance` is",
        ]
    );
}

#[test]
fn flexing_without_effect() {
    let found = warnings(
        r#"{"matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 5}],
            "flexing_rule": [
                {"duration": 10, "attribute": "mmr", "criteria": "distance", "reference": 6},
                {"duration": 20, "attribute": "level", "criteria": "distance", "reference": 7},
                {"duration": 10, "attribute": "mmr", "criteria": "distance", "reference": 8, "isForBalancing": true}],
            "alliance_flexing_rule": [
                {"duration": 30, "min_number": 1, "max_number": 2, "player_min_number": 1, "player_max_number": 5},
                {"duration": 30, "min_number": 2, "max_number": 2, "player_min_number": 2, "player_max_number": 5}]}"#,
    );
    assert_eq!(
        found,
        [
            "`alliance_flexing_rule[0]`: has no effect: `alliance_flexing_rule[1]` has the same duration and comes later",
            "`flexing_rule[2].isForBalancing`: has no effect in a flexing rule",
            "`flexing_rule[0]`: has no effect: `flexing_rule[2]` has the same duration and comes later",
            "`flexing_rule[1]`: has no effect: no matching rule has the attribute `level`",
        ]
    );
    let rules = parse(ruleset(
        r#"{"matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 5}],
            "flexing_rule": [
                {"duration": 10, "attribute": "mmr", "criteria": "distance", "reference": 6},
                {"duration": 10, "attribute": "mmr", "criteria": "distance", "reference": 8}]}"#,
    ));
    let rules = rules.unwrap().rules;
    assert_eq!(rules.distances[0].reference_at(10_001), Some(8.0));
}

#[test]
fn a_reference_that_is_missing_counts_as_0() {
    let row = r#"{"matching_rule": [{"attribute": "mmr", "criteria": "distance"}]}"#;
    let text = "`matching_rule[0].reference`: is missing and counts as 0: only equal values match";
    assert_eq!(warnings(row), [text]);
    let rules = parse(ruleset(row)).unwrap().rules;
    assert_eq!(rules.distances[0].reference, Some(0.0));
}
