use serde_json::json;

use super::*;

fn told(ruleset: &Value) -> Vec<String> {
    let fields = ruleset.as_object().expect("an object");
    let faults = near_misses(fields);
    faults.iter().map(ToString::to_string).collect()
}

/// The key that was meant instead of this one, whose value is an object.
fn instead_of(key: &str) -> Option<String> {
    let texts = told(&json!({key: {}}));
    assert!(texts.len() <= 1, "{texts:?}");
    let (_, meant) = texts.first()?.split_once("key of a ruleset; `")?;
    Some(meant.split('`').next()?.to_owned())
}

#[test]
fn near_keys_are_taken_for_the_nearest_known_one() {
    for (key, meant) in [
        ("aliance", "alliance"),
        ("Allaince", "alliance"),
        ("allianc", "alliance"),
        ("allianceRule", "alliance"),
        ("AllianceRule", "alliance"),
        ("alliance_rules_of_mine", "alliance"),
        ("ALL_I_ANCE", "alliance"),
        ("allianceFlexingRule", "alliance_flexing_rule"),
        ("matchingRules", "matching_rule"),
        ("matchingRule", "matching_rule"),
        ("matching_rules", "matching_rule"),
        ("flexing_rules", "flexing_rule"),
        ("matchOptions", "match_options"),
        ("match_option", "match_options"),
        ("subGameModes", "sub_game_modes"),
        ("region_expansion_rate", "region_expansion_rate_ms"),
        ("autoBackfill", "auto_backfill"),
        ("ship_count_min", "shipCountMin"),
        ("ShipCountMaxx", "shipCountMax"),
    ] {
        assert_eq!(instead_of(key).as_deref(), Some(meant), "{key}");
    }
}

#[test]
fn every_key_of_the_alliance_strategy_is_refused_without_alliance() {
    for key in ALLIANCE_KEYS {
        let text = "it belongs to a ruleset with `alliance`, which is missing";
        for spelling in [(*key).to_owned(), key.to_uppercase()] {
            let told = told(&json!({&spelling: 1}));
            assert_eq!(told, [format!("`{spelling}` is 1: {text}")]);
        }
        assert_eq!(told(&json!({*key: null})), [""; 0], "null counts as absent");
    }
}

#[test]
fn a_studios_own_keys_stay() {
    for key in [
        "mode",
        "maps",
        "rank",
        "team_size",
        "data",
        "teams",
        "rules",
        "alias",
        "allies",
        "allowance",
        "appliance",
        "balance",
        "rule",
        "matching",
        "region",
        "regions",
        "backfill",
        "options",
        "shipCount",
        "max_players",
        "max_delay_seconds",
        "",
    ] {
        assert_eq!(told(&json!({key: 7})), [""; 0], "{key}");
    }
    let pairs = json!({"shipcountmin": 1, "SHIPCOUNTMAX": 2, "Auto_Backfill": true, "mine": {}});
    assert_eq!(told(&pairs), [""; 0]);
    assert_eq!(told(&json!({})), [""; 0]);
}

#[test]
fn a_key_two_letters_from_alliance_is_meant_so_if_it_holds_an_object() {
    assert_eq!(instead_of("allowance").as_deref(), Some("alliance"));
    assert_eq!(
        told(&json!({"aliance": 7})).len(),
        1,
        "one letter is enough"
    );
}

#[test]
fn what_has_the_shape_of_another_thing_is_named() {
    let api = told(&json!({"name": "duel", "data": {"alliance": {}}}));
    assert!(
        api[0].ends_with("the ruleset is what `data` holds"),
        "{api:?}"
    );
    assert_eq!(told(&json!({"data": "own"})), [""; 0]);
    let flexmatch = told(&json!({"name": "duel", "teams": [{}], "rules": [{}]}));
    assert!(flexmatch[0].contains("FlexMatch"), "{flexmatch:?}");
    assert_eq!(flexmatch.len(), 1);
}

#[test]
fn a_long_key_is_cut() {
    let key = format!("alliance{}", "x".repeat(100_000));
    let told = told(&json!({&key: 1}));
    assert!(told[0].len() < 300, "{}", told[0].len());
    assert!(told[0].contains("… (100008 characters)"), "{}", told[0]);
}
