//! Random rulesets.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};

const DURATIONS: [i64; 3] = [5, 10, 30];
const SHAPES: [[u32; 4]; 20] = [
    [2, 2, 1, 1],
    [1, 2, 1, 1],
    [1, 1, 2, 3],
    [1, 3, 1, 2],
    [2, 2, 2, 2],
    [2, 2, 2, 2],
    [2, 2, 2, 3],
    [2, 3, 1, 2],
    [2, 2, 1, 4],
    [1, 3, 2, 3],
    [3, 3, 1, 1],
    [2, 4, 2, 3],
    [3, 3, 2, 2],
    [1, 6, 2, 2],
    [1, 2, 1, 5],
    [1, 4, 1, 2],
    [1, 4, 1, 4],
    [2, 4, 1, 3],
    [2, 4, 1, 5],
    [1, 10, 1, 5],
];

fn bounds() -> impl Strategy<Value = Json> {
    select(&SHAPES[..]).prop_map(|[teams_min, teams_max, players_min, players_max]| {
        json!({
            "min_number": teams_min, "max_number": teams_max,
            "player_min_number": players_min, "player_max_number": players_max,
        })
    })
}

/// Entries for some of the durations.
fn flexes(entry: impl Strategy<Value = Json>) -> impl Strategy<Value = Vec<Json>> {
    vec(weighted(0.25, entry), DURATIONS.len()).prop_map(|entries| {
        let timed = DURATIONS.into_iter().zip(entries);
        let timed = timed.filter_map(|(duration, entry)| {
            let mut entry = entry?;
            entry["duration"] = duration.into();
            Some(entry)
        });
        timed.collect()
    })
}

fn measure(attribute: &'static str) -> impl Strategy<Value = Json> {
    let criteria = prop_oneof![19 => Just("distance"), 1 => Just("average")];
    let reference = select(&[0.0, 50.0, 100.0, 100.0, 150.0][..]);
    (criteria, reference).prop_map(move |(criteria, reference)| {
        json!({"attribute": attribute, "criteria": criteria, "reference": reference})
    })
}

/// A matching rule, and the flexing rules that change it.
fn distance(attribute: &'static str) -> impl Strategy<Value = (Json, Vec<Json>)> {
    let weight = weighted(0.7, select(&[0.0, 0.5, 1.0, 2.0][..]));
    let normalization = weighted(0.3, select(&[0, 150, 200][..]));
    let balancing = weighted(0.3, any::<bool>());
    let rest = (weight, normalization, balancing);
    (measure(attribute), flexes(measure(attribute)), rest).prop_map(
        |(mut rule, flexing, (weight, normalization, balancing))| {
            set(&mut rule, "weight", weight);
            set(&mut rule, "normalizationMax", normalization);
            set(&mut rule, "isForBalancing", balancing);
            (rule, flexing)
        },
    )
}

fn options() -> impl Strategy<Value = Json> {
    let kind = || select(&["any", "any", "all", "unique", "disable"][..]);
    let kinds = (
        weighted(0.6, kind()),
        weighted(0.3, kind()),
        weighted(0.6, kind()),
    );
    kinds.prop_map(|(map, mode, cross)| {
        let named = [("map", map), ("mode", mode), ("cross_platform", cross)];
        let named = named.into_iter();
        let option = |(name, kind)| Some(json!({"name": name, "type": kind?}));
        json!({"options": named.filter_map(option).collect::<Vec<_>>()})
    })
}

fn regions() -> impl Strategy<Value = Json> {
    (
        select(&[1_000, 5_000, 30_000][..]),
        select(&[10, 50][..]),
        select(&[0, 50, 100][..]),
        select(&[0, 100, 200][..]),
        select(&[0.0, 0.5, 1.0][..]),
        select(&[0, 0, 5_000, 20_000][..]),
    )
        .prop_map(|(rate, range, initial, max, weight, one_way)| {
            json!({
                "region_expansion_rate_ms": rate,
                "region_expansion_range_ms": range,
                "region_latency_initial_range_ms": initial,
                "region_latency_max_ms": max,
                "region_latency_rule_weight": weight,
                "disable_bidirectional_latency_after_ms": one_way,
            })
        })
}

pub(super) fn ruleset() -> impl Strategy<Value = String> {
    let distances = (
        weighted(0.7, distance("mmr")),
        weighted(0.2, distance("lvl")),
    );
    let blocks = [
        "blockedPlayerCannotMatch",
        "blockedPlayerCanMatchOnDifferentTeam",
        "blockedPlayerCanMatch",
    ];
    (
        (bounds(), flexes(bounds())),
        distances,
        options(),
        regions(),
        select(blocks.to_vec()),
        (any::<bool>(), prop::bool::weighted(0.7)),
    )
        .prop_map(
            |(
                (teams, team_flexing),
                distances,
                options,
                regions,
                blocks,
                (backfill, rebalance),
            )| {
                let distances = distances.0.into_iter().chain(distances.1);
                let (matching, flexing): (Vec<_>, Vec<_>) = distances.unzip();
                let mut all = regions;
                all["alliance"] = teams;
                all["alliance_flexing_rule"] = team_flexing.into();
                all["matching_rule"] = matching.into();
                all["flexing_rule"] = flexing.concat().into();
                all["match_options"] = options;
                all["blocked_player_option"] = blocks.into();
                all["auto_backfill"] = backfill.into();
                all["rebalance_enable"] = rebalance.into();
                all.to_string()
            },
        )
}

fn set(entry: &mut Json, key: &str, value: Option<impl Into<Json>>) {
    if let Some(value) = value {
        entry[key] = value.into();
    }
}
