mod faults;
mod generated;
mod print;
mod roles;
mod schema;
mod warnings;
mod wrong;

use serde_json::{Map, Value, json};

use super::testing::rules;
use super::*;
use crate::matching::{Needs, ParsedRules, Player, RulesError, Ticket, TicketFault, Wanted};

const FIVE_AGAINST_FIVE: &str =
    r#"{"min_number": 2, "max_number": 2, "player_min_number": 5, "player_max_number": 5}"#;

fn parse(fields: Map<String, Value>) -> Result<ParsedRules<AllianceRules>, RulesError> {
    AllianceRules::parse(fields)
}

/// A ruleset for five against five with these fields.
fn with(fields: &str) -> AllianceRules {
    rules(&format!(r#"{{"alliance": {FIVE_AGAINST_FIVE}, {fields}}}"#))
}

const FIVES: TeamBounds = TeamBounds {
    teams_min: 2,
    teams_max: 2,
    players_min: 5,
    players_max: 5,
};

/// Teams without roles.
fn stage(teams: TeamBounds) -> Stage {
    let roles = Roles::Off;
    Stage { teams, roles }
}

/// A layout without roles.
fn layout(teams: TeamBounds, flexing: Vec<StageFlex>) -> Layout {
    Layout {
        first: stage(teams),
        flexing,
        role_flexing: None,
    }
}

/// What a ruleset with nothing but teams means.
fn bare() -> AllianceRules {
    AllianceRules {
        layout: layout(FIVES, Vec::new()),
        modes: Vec::new(),
        mode_order: ModeOrder::Random,
        distances: Vec::new(),
        options: Vec::new(),
        regions: RegionRules {
            rate_ms: 5000,
            range_ms: 50,
            initial_ms: 0,
            max_ms: None,
            weight: 1.0,
            one_way_after_ms: None,
        },
        blocks: BlockPolicy::CannotMatch,
        auto_backfill: false,
        rebalance: true,
        backfill_by_options_only: false,
        quality: None,
        kept: Kept::default(),
    }
}

#[test]
fn every_field_has_its_default() {
    assert_eq!(
        rules(&format!(r#"{{"alliance": {FIVE_AGAINST_FIVE}}}"#)),
        bare()
    );
    let unset = r#""alliance_flexing_rule": null, "matching_rule": null, "flexing_rule": [],
        "match_options": {"options": null}, "match_options_referred_for_backfill": null,
        "region_expansion_rate_ms": 0, "region_expansion_range_ms": 0,
        "region_latency_initial_range_ms": 0, "region_latency_max_ms": 0,
        "region_latency_rule_weight": null, "disable_bidirectional_latency_after_ms": 0,
        "blocked_player_option": "", "auto_backfill": null, "rebalance_enable": null,
        "sub_game_modes": {}"#;
    assert_eq!(with(unset), bare());
}

#[test]
fn every_field_is_read() {
    let found = with(
        r#""alliance_flexing_rule": [
            {"duration": 60, "min_number": 1, "max_number": 4, "player_min_number": 2, "player_max_number": 6},
            {"duration": 30, "min_number": 2, "max_number": 3, "player_min_number": 4, "player_max_number": 5}],
        "matching_rule": [
            {"attribute": "mmr", "criteria": "distance", "reference": 100.5, "weight": 0.5, "normalizationMax": 400, "isForBalancing": true},
            {"attribute": "level", "criteria": "smaller", "reference": 3, "weight": 0}],
        "flexing_rule": [
            {"duration": 20, "attribute": "mmr", "criteria": "distance", "reference": 300, "normalizationMax": 0},
            {"duration": 10, "attribute": "mmr", "criteria": "distance", "reference": 200, "weight": null},
            {"duration": 15, "attribute": "level", "criteria": "distance", "reference": 7}],
        "match_options": {"options": [
            {"name": "map", "type": "any"}, {"name": "mode", "type": "all"},
            {"name": "role", "type": "unique"}, {"name": "note", "type": "disable"}]},
        "match_options_referred_for_backfill": true,
        "region_expansion_rate_ms": 1000, "region_expansion_range_ms": 25,
        "region_latency_initial_range_ms": 100, "region_latency_max_ms": 200.0,
        "region_latency_rule_weight": 0, "disable_bidirectional_latency_after_ms": 90000,
        "blocked_player_option": "blockedPlayerCanMatchOnDifferentTeam", "auto_backfill": true,
        "rebalance_enable": false, "rebalance_version": 2, "ticket_observability_enable": false,
        "max_delay_ms": 10, "extra_attributes": {"TicketChunkSize": 0}"#,
    );
    let flex = |after_ms, reference| ReferenceFlex {
        after_ms,
        reference: Some(reference),
        inert: None,
    };
    let option = |name: &'static str, kind| MatchOption {
        name: name.into(),
        kind,
    };
    let teams = |after_ms, [teams_min, teams_max, players_min, players_max]: [u32; 4]| StageFlex {
        after_ms,
        stage: stage(TeamBounds {
            teams_min,
            teams_max,
            players_min,
            players_max,
        }),
    };
    let expected = AllianceRules {
        layout: layout(
            FIVES,
            vec![teams(30_000, [2, 3, 4, 5]), teams(60_000, [1, 4, 2, 6])],
        ),
        modes: Vec::new(),
        mode_order: ModeOrder::Random,
        distances: vec![
            DistanceRule {
                attribute: "mmr".into(),
                reference: Some(100.5),
                inert: None,
                flexing: vec![flex(10_000, 200.0), flex(20_000, 300.0)],
                weight: 0.5,
                normalization: 400.0,
                balancing: Some(true),
            },
            DistanceRule {
                attribute: "level".into(),
                reference: None,
                inert: Some(Inert {
                    criteria: "smaller",
                    reference: 3.0,
                }),
                flexing: vec![flex(15_000, 7.0)],
                weight: 0.0,
                normalization: 7.0,
                balancing: None,
            },
        ],
        options: vec![
            option("map", OptionKind::Any),
            option("mode", OptionKind::All),
            option("role", OptionKind::Unique),
            option("note", OptionKind::Disable),
        ],
        regions: RegionRules {
            rate_ms: 1000,
            range_ms: 25,
            initial_ms: 100,
            max_ms: Some(200),
            weight: 0.0,
            one_way_after_ms: Some(90_000),
        },
        blocks: BlockPolicy::DifferentTeam,
        auto_backfill: true,
        rebalance: false,
        backfill_by_options_only: true,
        quality: None,
        kept: Kept {
            rebalance_version: Some(2),
            ticket_observability: Some(false),
            max_delay_ms: Some(10),
            extra_attributes: json!({"TicketChunkSize": 0}).as_object().cloned(),
        },
    };
    assert_eq!(found, expected);
    assert_eq!(
        with(r#""blocked_player_option": "blockedPlayerCanMatch""#).blocks,
        BlockPolicy::CanMatch
    );
}

#[test]
fn keys_are_found_in_any_case() {
    let shouted = rules(
        r#"{"Alliance": {"Min_Number": 2, "MAX_NUMBER": 2, "player_Min_number": 5, "player_max_numbeR": 5},
            "MATCHING_RULE": [{"Attribute": "mmr", "Criteria": "distance", "Reference": 5, "NORMALIZATIONMAX": 9}],
            "Flexing_Rule": [{"Duration": 1, "ATTRIBUTE": "mmr", "criteria": "distance", "REFERENCE": 6}],
            "Match_Options": {"Options": [{"Name": "map", "Type": "any"}]}}"#,
    );
    let exact = with(
        r#""matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 5, "normalizationMax": 9}],
            "flexing_rule": [{"duration": 1, "attribute": "mmr", "criteria": "distance", "reference": 6}],
            "match_options": {"options": [{"name": "map", "type": "any"}]}"#,
    );
    assert_eq!(shouted, exact);
}

#[test]
fn normalization_is_the_largest_reference_unless_set() {
    let found = |fields: &str| -> Vec<_> {
        let rules = with(fields);
        rules
            .distances
            .iter()
            .map(|rule| rule.normalization)
            .collect()
    };
    let flexing = r#""flexing_rule": [
        {"duration": 9, "attribute": "mmr", "criteria": "distance", "reference": 300},
        {"duration": 5, "attribute": "mmr", "criteria": "average", "reference": 900},
        {"duration": 5, "attribute": "level", "criteria": "distance", "reference": 4}]"#;
    let rules = |own: &str| {
        format!(
            r#""matching_rule": [{{"attribute": "mmr", "criteria": "distance", "reference": 100{own}}},
                {{"attribute": "level", "criteria": "distance", "reference": 6}},
                {{"attribute": "mmr", "criteria": "distance", "reference": 50}}], {flexing}"#
        )
    };
    assert_eq!(found(&rules("")), [300.0, 6.0, 300.0]);
    assert_eq!(
        found(&rules(r#", "normalizationMax": 0"#)),
        [300.0, 6.0, 300.0]
    );
    assert_eq!(
        found(&rules(r#", "normalizationMax": 300"#)),
        [300.0, 6.0, 300.0]
    );
    assert_eq!(
        found(&rules(r#", "normalizationMax": 1500"#)),
        [1500.0, 6.0, 300.0]
    );
}

#[test]
fn flexing_belongs_to_the_first_rule_of_its_attribute() {
    let rules = with(
        r#""matching_rule": [{"attribute": "level", "criteria": "distance", "reference": 1},
            {"attribute": "mmr", "criteria": "distance", "reference": 2},
            {"attribute": "mmr", "criteria": "distance", "reference": 3}],
        "flexing_rule": [{"duration": 9, "attribute": "mmr", "criteria": "distance", "reference": 8}]"#,
    );
    let flexed: Vec<_> = rules
        .distances
        .iter()
        .map(|rule| (rule.reference_at(9_000), rule.reference_at(9_001)))
        .collect();
    let expected = [(1.0, 1.0), (2.0, 8.0), (3.0, 3.0)];
    assert_eq!(
        flexed,
        expected.map(|(young, old)| (Some(young), Some(old)))
    );
}

#[test]
fn roles_that_are_switched_off_are_none() {
    for off in [
        "null",
        "{}",
        "[]",
        r#"{"has_combination": false, "alliances": [[]]}"#,
    ] {
        let text = format!(
            r#"{{"alliance": {{"min_number": 2, "max_number": 2, "player_min_number": 5, "player_max_number": 5,
                "combination": {off}}}}}"#
        );
        assert_eq!(rules(&text), bare(), "{off}");
    }
}

#[test]
fn what_is_asked_of_tickets() {
    let rules = with(
        r#""matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 1},
            {"attribute": "level", "criteria": "average", "reference": 1},
            {"attribute": "mmr", "criteria": "distance", "reference": 2}]"#,
    );
    assert_eq!(rules.stat_codes(), ["mmr", "level"]);
    let needs = Needs {
        ticket_attributes: Wanted::All,
        player_attributes: Wanted::Named(vec!["mmr".to_owned(), "level".to_owned()]),
        latencies: true,
        excluded_sessions: false,
    };
    assert_eq!(rules.needs(), needs);
    let needs = Needs {
        excluded_sessions: true,
        ..needs
    };
    assert_eq!(rules.backfill_needs(), needs);
    assert_eq!(bare().needs().player_attributes, Wanted::None);
    assert!(bare().stat_codes().is_empty());
}

fn ticket(players: usize, latencies: &[(&'static str, i64)]) -> Ticket {
    let player = |n: usize| Player {
        id: n.to_string().into(),
        ..Player::default()
    };
    Ticket {
        players: (0..players).map(player).collect(),
        latencies: latencies
            .iter()
            .map(|(region, ms)| (Text::from(*region), *ms))
            .collect(),
        ..Ticket::default()
    }
}

#[test]
fn a_ticket_that_could_never_match_is_told() {
    let rules = with(
        r#""alliance_flexing_rule": [{"duration": 9, "min_number": 1, "max_number": 2, "player_min_number": 1, "player_max_number": 7}],
            "region_latency_max_ms": 200"#,
    );
    assert_eq!(rules.check_ticket(&ticket(7, &[])), Ok(()));
    assert_eq!(
        rules.check_ticket(&ticket(8, &[])),
        Err(TicketFault::TooManyPlayers {
            players: 8,
            allowed: 7
        })
    );
    assert_eq!(
        rules.check_ticket(&ticket(0, &[])),
        Err(TicketFault::NoPlayer)
    );
    let far = ticket(1, &[("eu", 201), ("us", 350)]);
    let fault = TicketFault::NoRegionUnderCap {
        best_ms: 201,
        cap_ms: 200,
    };
    assert_eq!(rules.check_ticket(&far), Err(fault));
    assert_eq!(bare().check_ticket(&far), Ok(()));
    let near = ticket(1, &[("eu", 200), ("us", 350)]);
    assert_eq!(rules.check_ticket(&near), Ok(()));
}
