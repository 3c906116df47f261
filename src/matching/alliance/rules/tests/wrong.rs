//! Wrong rulesets, each with what its author is told.

mod quality;

use serde_json::{Map, Value};

use quality::QUALITY;

/// Which of the two refuse a wrong ruleset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SeenBy {
    /// The parser and the schema.
    Both,
    /// The parser alone: a schema compares no fields with each other.
    Parser,
}
use SeenBy::{Both, Parser};

/// What a row's fields are set in.
const BASE: &str = r#"{"alliance": {"min_number": 2, "max_number": 2, "player_min_number": 1, "player_max_number": 5}}"#;

pub(super) const NUMBERS: &str = "allowed are whole numbers from 0 to 2147483647";
pub(super) const COUNTS: &str = "allowed are whole numbers from 1 to 2147483647";

/// Fields, what refuses them, and the message; `{NUMBERS}` and `{COUNTS}` stand for the two above.
pub(super) type Row = (&'static str, SeenBy, &'static str);

const WRONG: &[Row] = &[
    // alliance
    (
        r#"{"alliance": null}"#,
        Parser,
        "`alliance` is missing: a ruleset for teams has to have it",
    ),
    (
        r#"{"alliance": [2, 2]}"#,
        Both,
        "`alliance` is [2,2]: it has to be an object",
    ),
    (
        r#"{"alliance": {"max_number": 2, "player_min_number": 1, "player_max_number": 5}}"#,
        Both,
        "`alliance.min_number` is missing: {COUNTS}",
    ),
    (
        r#"{"alliance": {"min_number": 2, "max_number": null, "player_min_number": 1, "player_max_number": 5}}"#,
        Both,
        "`alliance.max_number` is missing: {COUNTS}",
    ),
    (
        r#"{"alliance": {"min_number": 0, "max_number": 2, "player_min_number": 1, "player_max_number": 5}}"#,
        Both,
        "`alliance.min_number` is 0: {COUNTS}",
    ),
    (
        r#"{"alliance": {"min_number": 3, "max_number": 2, "player_min_number": 1, "player_max_number": 5}}"#,
        Parser,
        "`alliance.min_number` is 3: it may not be more than `alliance.max_number`, which is 2",
    ),
    (
        r#"{"alliance": {"min_number": 2, "max_number": 2, "player_min_number": 6, "player_max_number": 5}}"#,
        Parser,
        "`alliance.player_min_number` is 6: it may not be more than `alliance.player_max_number`, which is 5",
    ),
    (
        r#"{"alliance": {"min_number": 2, "max_number": 2, "player_min_number": 1, "player_max_number": "5"}}"#,
        Both,
        "`alliance.player_max_number` is \"5\": {COUNTS}",
    ),
    (
        r#"{"alliance": {"min_number": 2, "max_number": 2, "player_min_number": 1.5, "player_max_number": 5}}"#,
        Both,
        "`alliance.player_min_number` is 1.5: {COUNTS}",
    ),
    (
        r#"{"alliance": {"min_number": 2, "max_number": 2147483648, "player_min_number": 1, "player_max_number": 5}}"#,
        Both,
        "`alliance.max_number` is 2147483648: {COUNTS}",
    ),
    (
        r#"{"alliance": {"MIN_NUMBER": -1, "max_number": 2, "player_min_number": 1, "player_max_number": 5}}"#,
        Both,
        "`alliance.min_number` is -1: {COUNTS}",
    ),
    (
        r#"{"sub_game_modes": "duel"}"#,
        Both,
        "`sub_game_modes` is \"duel\": it has to be an object of modes by name",
    ),
    // alliance_flexing_rule
    (
        r#"{"alliance_flexing_rule": {"duration": 5}}"#,
        Both,
        "`alliance_flexing_rule` is {\"duration\":5}: it has to be a list of objects",
    ),
    (
        r#"{"alliance_flexing_rule": [30]}"#,
        Both,
        "`alliance_flexing_rule[0]` is 30: it has to be an object",
    ),
    (
        r#"{"alliance_flexing_rule": [{"min_number": 1, "max_number": 2, "player_min_number": 1, "player_max_number": 5}]}"#,
        Both,
        "`alliance_flexing_rule[0].duration` is missing: {NUMBERS}",
    ),
    (
        r#"{"alliance_flexing_rule": [{"duration": -30, "min_number": 1, "max_number": 2, "player_min_number": 1, "player_max_number": 5}]}"#,
        Both,
        "`alliance_flexing_rule[0].duration` is -30: {NUMBERS}",
    ),
    (
        r#"{"alliance_flexing_rule": [{"duration": 30, "min_number": 1, "max_number": 2, "player_max_number": 5}]}"#,
        Both,
        "`alliance_flexing_rule[0].player_min_number` is missing: {COUNTS}",
    ),
    (
        r#"{"alliance_flexing_rule": [{"duration": 30, "min_number": 4, "max_number": 2, "player_min_number": 1, "player_max_number": 5}]}"#,
        Parser,
        "`alliance_flexing_rule[0].min_number` is 4: it may not be more than `alliance_flexing_rule[0].max_number`, which is 2",
    ),
    (
        r#"{"alliance_flexing_rule": [{"duration": 30, "min_number": 1, "max_number": 2, "player_min_number": 1, "player_max_number": 5,
            "combination": [1]}]}"#,
        Both,
        "`alliance_flexing_rule[0].combination` is [1]: it has to be an object",
    ),
    // matching_rule
    (
        r#"{"matching_rule": "mmr"}"#,
        Both,
        "`matching_rule` is \"mmr\": it has to be a list of objects",
    ),
    (
        r#"{"matching_rule": [null]}"#,
        Both,
        "`matching_rule[0]` is null: it has to be an object",
    ),
    (
        r#"{"matching_rule": [{"criteria": "distance", "reference": 100}]}"#,
        Both,
        "`matching_rule[0].attribute` is missing: allowed are texts of 1 to 64 characters",
    ),
    (
        r#"{"matching_rule": [{"attribute": "", "criteria": "distance", "reference": 100}]}"#,
        Both,
        "`matching_rule[0].attribute` is \"\": allowed are texts of 1 to 64 characters",
    ),
    (
        r#"{"matching_rule": [{"attribute": 7, "criteria": "distance", "reference": 100}]}"#,
        Both,
        "`matching_rule[0].attribute` is 7: allowed are texts of 1 to 64 characters",
    ),
    (
        r#"{"matching_rule": [{"attribute": "mmr", "reference": 100}]}"#,
        Both,
        "`matching_rule[0].criteria` is missing: allowed are distance, average, smaller, greater",
    ),
    (
        r#"{"matching_rule": [{"attribute": "mmr", "criteria": "Distance", "reference": 100}]}"#,
        Both,
        "`matching_rule[0].criteria` is \"Distance\": allowed are distance, average, smaller, greater",
    ),
    (
        r#"{"matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 1},
            {"attribute": "level", "criteria": "distance", "reference": -0.5}]}"#,
        Both,
        "`matching_rule[1].reference` is -0.5: allowed are numbers from 0 on",
    ),
    (
        r#"{"matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": "100"}]}"#,
        Both,
        "`matching_rule[0].reference` is \"100\": allowed are numbers from 0 on",
    ),
    (
        r#"{"matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 100, "weight": 1000.5}]}"#,
        Both,
        "`matching_rule[0].weight` is 1000.5: allowed are numbers from 0 to 1000",
    ),
    (
        r#"{"matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 100, "weight": -1}]}"#,
        Both,
        "`matching_rule[0].weight` is -1: allowed are numbers from 0 to 1000",
    ),
    (
        r#"{"matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 100, "normalizationMax": -1}]}"#,
        Both,
        "`matching_rule[0].normalizationMax` is -1: allowed are numbers from 0 on",
    ),
    (
        r#"{"matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 100, "normalizationMax": 99.5}]}"#,
        Parser,
        "`matching_rule[0].normalizationMax` is 99.5: it has to be 0 (unset) or at least 100, the largest reference of its attribute",
    ),
    (
        r#"{"matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 100, "normalizationMax": 100}],
            "flexing_rule": [{"duration": 5, "attribute": "mmr", "criteria": "distance", "reference": 200}]}"#,
        Parser,
        "`matching_rule[0].normalizationMax` is 100.0: it has to be 0 (unset) or at least 200, the largest reference of its attribute",
    ),
    (
        r#"{"matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 100, "isForBalancing": "yes"}]}"#,
        Both,
        "`matching_rule[0].isForBalancing` is \"yes\": allowed are true and false",
    ),
    // flexing_rule
    (
        r#"{"flexing_rule": 5}"#,
        Both,
        "`flexing_rule` is 5: it has to be a list of objects",
    ),
    (
        r#"{"flexing_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 200}]}"#,
        Both,
        "`flexing_rule[0].duration` is missing: {NUMBERS}",
    ),
    (
        r#"{"flexing_rule": [{"duration": 0.5, "attribute": "mmr", "criteria": "distance", "reference": 200}]}"#,
        Both,
        "`flexing_rule[0].duration` is 0.5: {NUMBERS}",
    ),
    (
        r#"{"flexing_rule": [{"duration": 5, "criteria": "distance", "reference": 200}]}"#,
        Both,
        "`flexing_rule[0].attribute` is missing: allowed are texts of 1 to 64 characters",
    ),
    (
        r#"{"flexing_rule": [{"duration": 5, "attribute": "mmr", "criteria": "near", "reference": 200}]}"#,
        Both,
        "`flexing_rule[0].criteria` is \"near\": allowed are distance, average, smaller, greater",
    ),
    (
        r#"{"flexing_rule": [{"duration": 5, "attribute": "mmr", "criteria": "distance", "reference": -1}]}"#,
        Both,
        "`flexing_rule[0].reference` is -1: allowed are numbers from 0 on",
    ),
    (
        r#"{"flexing_rule": [{"duration": 5, "attribute": "mmr", "criteria": "distance", "reference": 200, "weight": 0}]}"#,
        Both,
        "`flexing_rule[0].weight` is 0: it belongs to the matching rule and may not be flexed",
    ),
    (
        r#"{"flexing_rule": [{"duration": 5, "attribute": "mmr", "criteria": "distance", "reference": 200, "normalizationMax": 900}]}"#,
        Both,
        "`flexing_rule[0].normalizationMax` is 900: it belongs to the matching rule and may not be flexed",
    ),
    // match_options
    (
        r#"{"match_options": ["map"]}"#,
        Both,
        "`match_options` is [\"map\"]: it has to be an object",
    ),
    (
        r#"{"match_options": {"options": {}}}"#,
        Both,
        "`match_options.options` is {}: it has to be a list of objects",
    ),
    (
        r#"{"match_options": {"options": ["map"]}}"#,
        Both,
        "`match_options.options[0]` is \"map\": it has to be an object",
    ),
    (
        r#"{"match_options": {"options": [{"type": "any"}]}}"#,
        Both,
        "`match_options.options[0].name` is missing: allowed are texts of 1 to 64 characters",
    ),
    (
        r#"{"match_options": {"options": [{"name": "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcde", "type": "any"}]}}"#,
        Both,
        "`match_options.options[0].name` is \"abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcd\"… (65 characters): allowed are texts of 1 to 64 characters",
    ),
    (
        r#"{"match_options": {"options": [{"name": "map"}]}}"#,
        Both,
        "`match_options.options[0].type` is missing: allowed are all, any, unique, disable",
    ),
    (
        r#"{"match_options": {"options": [{"name": "map", "type": "some"}]}}"#,
        Both,
        "`match_options.options[0].type` is \"some\": allowed are all, any, unique, disable",
    ),
    (
        r#"{"match_options": {"options": [{"name": "map", "type": "any"}, {"name": "map", "type": "all"}]}}"#,
        Parser,
        "`match_options.options[1].name` is \"map\": each option may stand once",
    ),
    // latencies
    (
        r#"{"region_expansion_rate_ms": -1}"#,
        Both,
        "`region_expansion_rate_ms` is -1: {NUMBERS}",
    ),
    (
        r#"{"region_expansion_range_ms": 2.5}"#,
        Both,
        "`region_expansion_range_ms` is 2.5: {NUMBERS}",
    ),
    (
        r#"{"region_latency_initial_range_ms": true}"#,
        Both,
        "`region_latency_initial_range_ms` is true: {NUMBERS}",
    ),
    (
        r#"{"region_latency_max_ms": 1e12}"#,
        Both,
        "`region_latency_max_ms` is 1000000000000.0: {NUMBERS}",
    ),
    (
        r#"{"region_latency_initial_range_ms": 300, "region_latency_max_ms": 200}"#,
        Parser,
        "`region_latency_initial_range_ms` is 300: it may not be more than `region_latency_max_ms`, which is 200",
    ),
    (
        r#"{"region_latency_rule_weight": 1001}"#,
        Both,
        "`region_latency_rule_weight` is 1001: allowed are numbers from 0 to 1000",
    ),
    (
        r#"{"disable_bidirectional_latency_after_ms": "never"}"#,
        Both,
        "`disable_bidirectional_latency_after_ms` is \"never\": {NUMBERS}",
    ),
    // the rest
    (
        r#"{"blocked_player_option": "blockedplayercanmatch"}"#,
        Both,
        "`blocked_player_option` is \"blockedplayercanmatch\": allowed are blockedPlayerCannotMatch, \
         blockedPlayerCanMatchOnDifferentTeam, blockedPlayerCanMatch",
    ),
    (
        r#"{"auto_backfill": 1}"#,
        Both,
        "`auto_backfill` is 1: allowed are true and false",
    ),
    (
        r#"{"rebalance_enable": "true"}"#,
        Both,
        "`rebalance_enable` is \"true\": allowed are true and false",
    ),
    (
        r#"{"match_options_referred_for_backfill": []}"#,
        Both,
        "`match_options_referred_for_backfill` is []: allowed are true and false",
    ),
    (
        r#"{"rebalance_version": "2"}"#,
        Both,
        "`rebalance_version` is \"2\": {NUMBERS}",
    ),
    (
        r#"{"ticket_observability_enable": 0}"#,
        Both,
        "`ticket_observability_enable` is 0: allowed are true and false",
    ),
    (
        r#"{"max_delay_ms": -5}"#,
        Both,
        "`max_delay_ms` is -5: {NUMBERS}",
    ),
    (
        r#"{"extra_attributes": ["a"]}"#,
        Both,
        "`extra_attributes` is [\"a\"]: it has to be an object",
    ),
];

/// All rows.
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    WRONG.iter().chain(QUALITY)
}

/// A row's ruleset.
pub(super) fn ruleset(row: &str) -> Map<String, Value> {
    let mut all: Map<String, Value> = serde_json::from_str(BASE).unwrap();
    let fields: Map<String, Value> = serde_json::from_str(row).expect(row);
    all.extend(fields);
    all
}
