//! Random rulesets: right ones, ones with a fault, and any JSON at all.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

use super::{Stage, parse};
use crate::matching::RulesError;
use crate::matching::rules;

const ATTRIBUTES: &[&str] = &["mmr", "level", "ping", "ж"];
const CRITERIA: &[&str] = &["distance", "distance", "distance", "average", "greater"];

fn reference() -> impl Strategy<Value = f64> {
    prop_oneof![(0_u32..500).prop_map(f64::from), 0.0..1e9, 0.0..f64::MAX]
}

fn teams() -> impl Strategy<Value = Value> {
    let counts = (1_u32..9, 0_u32..9, 1_u32..9, 0_u32..9);
    counts.prop_map(|(teams, more_teams, players, more_players)| {
        json!({"min_number": teams, "max_number": teams + more_teams,
            "player_min_number": players, "player_max_number": players + more_players})
    })
}

fn measure() -> impl Strategy<Value = Value> {
    (select(ATTRIBUTES), select(CRITERIA), reference()).prop_map(
        |(attribute, criteria, reference)| {
            json!({"attribute": attribute, "criteria": criteria, "reference": reference})
        },
    )
}

fn set(mut object: Value, key: &str, value: impl Into<Value>) -> Value {
    object[key] = value.into();
    object
}

fn switch() -> impl Strategy<Value = Value> {
    select(vec![json!(true), json!(false), Value::Null])
}

fn matching_rule() -> impl Strategy<Value = Value> {
    // A maximum above every reference, or none.
    let max = select(vec![json!(f64::MAX), json!(0), Value::Null]);
    (measure(), 0.0..=1000.0, max, switch()).prop_map(|(rule, weight, max, balancing)| {
        let rule = set(set(rule, "weight", weight), "normalizationMax", max);
        set(rule, "isForBalancing", balancing)
    })
}

fn flexing<S: Strategy<Value = Value>>(of: S) -> impl Strategy<Value = Vec<Value>> {
    let entry = (of, 0_u32..40).prop_map(|(entry, duration)| set(entry, "duration", duration));
    prop::collection::vec(entry, 0..6)
}

fn options() -> impl Strategy<Value = Vec<Value>> {
    let names = prop::collection::hash_set("[a-c]{1,3}", 0..5);
    let kinds = prop::collection::vec(select(vec!["all", "any", "unique", "disable"]), 5);
    (names, kinds).prop_map(|(names, kinds)| {
        let named = names.into_iter().zip(kinds);
        named
            .map(|(name, kind)| json!({"name": name, "type": kind}))
            .collect()
    })
}

fn regions() -> impl Strategy<Value = Value> {
    let ms = || prop_oneof![Just(0_u32), 1_u32..100_000];
    (ms(), ms(), ms(), ms(), 0_u32..500, 0.0..=1000.0).prop_map(
        |(rate, range, max, one_way, initial, weight)| {
            let initial = if max == 0 { initial } else { initial.min(max) };
            json!({"region_expansion_rate_ms": rate, "region_expansion_range_ms": range,
                "region_latency_max_ms": max, "disable_bidirectional_latency_after_ms": one_way,
                "region_latency_initial_range_ms": initial, "region_latency_rule_weight": weight})
        },
    )
}

fn rest() -> impl Strategy<Value = Value> {
    let blocked = select(vec![
        "blockedPlayerCannotMatch",
        "blockedPlayerCanMatchOnDifferentTeam",
        "blockedPlayerCanMatch",
        "",
    ]);
    let switches = prop::collection::vec(switch(), 4);
    let kept = select(vec![Value::Null, json!({}), json!({"a": [1, "b"]})]);
    (blocked, switches, kept, prop::option::of(0_u32..5)).prop_map(
        |(blocked, switches, kept, version)| {
            json!({"blocked_player_option": blocked, "auto_backfill": switches[0],
                "rebalance_enable": switches[1], "match_options_referred_for_backfill": switches[2],
                "ticket_observability_enable": switches[3], "extra_attributes": kept,
                "rebalance_version": version})
        },
    )
}

/// `quality` without `hold`, which needs an attribute.
fn quality() -> impl Strategy<Value = Value> {
    let rating = (1_u32..1000, select(vec![json!("sigma"), Value::Null]));
    let maxima = (prop::option::of(0.51..1.0), prop::option::of(0_u32..6));
    let relaxing = prop::option::of((0_u32..60, 1_u32..60));
    (switch(), rating, maxima, relaxing).prop_map(
        |(improve, (scale, deviation), (chance, gap), relaxing)| {
            let relaxing = relaxing.map(|(from, more)| (from, from + more));
            json!({"improve": improve,
                "rating": {"mmr": {"scale": scale, "deviation": deviation}},
                "win_chance_max": chance, "premade_gap_max": gap,
                "relax_from_s": relaxing.map(|(from, _)| from),
                "relax_until_s": relaxing.map(|(_, until)| until)})
        },
    )
}

/// A ruleset for teams in which nothing is wrong.
pub(super) fn right() -> impl Strategy<Value = Value> {
    let lists = (
        prop::collection::vec(matching_rule(), 0..5),
        flexing(measure()),
        flexing(teams()),
        options(),
    );
    let quality = prop::option::of(quality());
    (teams(), lists, regions(), rest(), quality).prop_map(
        |(teams, lists, regions, rest, quality)| {
            let (rules, flexing, team_flexing, options) = lists;
            let mut all = json!({"alliance": teams, "matching_rule": rules, "flexing_rule": flexing,
            "alliance_flexing_rule": team_flexing, "match_options": {"options": options}});
            for part in [regions, rest] {
                let fields = all.as_object_mut().expect("an object");
                fields.extend(part.as_object().cloned().unwrap_or_default());
            }
            all["quality"] = quality.into();
            all
        },
    )
}

/// Any value, built of what rulesets are built of.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-3_i64..70).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(vec![
            "",
            "distance",
            "any",
            "mmr",
            "blockedPlayerCanMatch",
            "é"
        ])
        .prop_map(Value::from),
        "[a-z]{60,70}".prop_map(Value::from),
    ];
    let keys = select(vec![
        "alliance",
        "alliance_flexing_rule",
        "matching_rule",
        "flexing_rule",
        "match_options",
        "options",
        "min_number",
        "max_number",
        "player_min_number",
        "player_max_number",
        "combination",
        "has_combination",
        "attribute",
        "criteria",
        "reference",
        "weight",
        "normalizationMax",
        "isForBalancing",
        "duration",
        "name",
        "type",
        "sub_game_modes",
        "region_latency_max_ms",
        "region_latency_initial_range_ms",
        "region_expansion_rate_ms",
        "blocked_player_option",
        "auto_backfill",
        "quality",
        "hold",
        "point_per_second",
        "rating",
        "mmr",
        "scale",
        "Alliance",
        "shipCountMin",
        "shipCountMax",
    ]);
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(keys.clone(), inner, 0..6).prop_map(|fields| {
                let fields: Map<_, _> =
                    fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
                Value::from(fields)
            }),
        ]
    })
}

/// Every value inside a value, itself first.
fn nodes(value: &mut Value) -> usize {
    let mut count = 0;
    visit(value, &mut |_| {
        count += 1;
        false
    });
    count
}

/// Walks through values until the visitor says that it is done.
fn visit(value: &mut Value, done: &mut impl FnMut(&mut Value) -> bool) -> bool {
    if done(value) {
        return true;
    }
    match value {
        Value::Array(values) => values.iter_mut().any(|value| visit(value, done)),
        Value::Object(fields) => fields.values_mut().any(|value| visit(value, done)),
        _ => false,
    }
}

/// A right ruleset in which one value, anywhere, became another.
pub(super) fn spoilt() -> impl Strategy<Value = Value> {
    (right(), any::<Index>(), anything()).prop_map(|(mut ruleset, at, other)| {
        let mut left = at.index(nodes(&mut ruleset));
        let mut other = Some(other);
        visit(&mut ruleset, &mut |value| {
            if left == 0 {
                *value = other.take().unwrap_or_default();
                return true;
            }
            left -= 1;
            false
        });
        ruleset
    })
}

/// Any value for the whole ruleset.
pub(super) fn any_json() -> impl Strategy<Value = Value> {
    anything()
}

fn read(text: &str) -> super::AllianceRules {
    let fields = rules::object(text).expect("an object");
    parse(fields).expect(text).rules
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_as_the_same_rules(ruleset in right()) {
        let rules = read(&ruleset.to_string());
        let printed = rules.to_json().to_string();
        prop_assert_eq!(&read(&printed), &rules);
        prop_assert_eq!(read(&printed).to_json().to_string(), printed);
    }

    #[test]
    fn rules_are_valid_by_construction(ruleset in spoilt()) {
        let fields = rules::object(&ruleset.to_string());
        if let Some(parsed) = fields.ok().and_then(|fields| parse(fields).ok()) {
            let rules = parsed.rules;
            for Stage { teams, .. } in rules.stages() {
                prop_assert!(1 <= teams.teams_min && teams.teams_min <= teams.teams_max);
                prop_assert!(1 <= teams.players_min && teams.players_min <= teams.players_max);
            }
            for layout in rules.layouts() {
                prop_assert!(layout.flexing.is_sorted_by(|a, b| a.after_ms < b.after_ms));
            }
            for rule in &rules.distances {
                prop_assert!(rule.flexing.is_sorted_by(|a, b| a.after_ms < b.after_ms));
                prop_assert!((0.0..=1000.0).contains(&rule.weight));
                prop_assert_eq!(rule.reference.is_none(), rule.inert.is_some());
                let flexed = rule.flexing.iter().filter_map(|flex| flex.reference);
                let largest = flexed.chain(rule.reference).fold(0.0, f64::max);
                prop_assert!(rule.normalization >= largest && rule.normalization.is_finite());
            }
            let regions = rules.regions;
            prop_assert!(regions.rate_ms >= 1 && regions.range_ms >= 1);
            prop_assert!(regions.max_ms.is_none_or(|max| regions.initial_ms <= max));
        }
    }

    #[test]
    fn nothing_panics(json in any_json()) {
        if let Value::Object(fields) = json {
            let told = match parse(fields) {
                Ok(parsed) => parsed.warnings.len(),
                Err(RulesError::Invalid(faults)) => faults.len(),
                Err(error) => error.to_string().len(),
            };
            prop_assert!(told < 10_000);
        }
    }
}
