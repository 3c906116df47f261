//! Random rulesets and pools, made so that things collide: few values, ages around the flexing
//! durations, teams that do not divide evenly. Each pool uses only some of the features, or nothing
//! would ever match.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};

use crate::matching::{Attributes, Player, Text, Ticket, Value};

pub(crate) const NOW: i64 = 1_700_000_000_000;

/// A ruleset and a queue, drawn at random.
#[derive(Debug)]
pub(crate) struct Drawn {
    /// The ruleset's text.
    pub(crate) rules: String,
    pub(crate) tickets: Vec<Ticket>,
}

/// Pools of at most that many tickets.
pub(crate) fn pools(tickets: usize) -> impl Strategy<Value = Drawn> {
    (rules(), features(), vec(draft(), tickets / 2..=tickets)).prop_map(
        |(rules, features, drafts)| Drawn {
            rules,
            tickets: tickets_of(&features, drafts),
        },
    )
}

/// A ticket of the same content.
pub(crate) fn twin(ticket: &Ticket) -> Ticket {
    Ticket {
        id: ticket.id.clone(),
        pool: ticket.pool.clone(),
        arrival: ticket.arrival,
        created_at_ms: ticket.created_at_ms,
        players: ticket.players.clone(),
        party_session_id: ticket.party_session_id.clone(),
        latencies: ticket.latencies.clone(),
        excluded_sessions: ticket.excluded_sessions.clone(),
        attributes: ticket.attributes.clone(),
        body: ticket.body.clone(),
    }
}

const AGES: [i64; 11] = [
    0, 1_000, 4_999, 5_000, 5_001, 9_000, 10_000, 10_001, 20_000, 30_001, 60_000,
];
const DURATIONS: [i64; 3] = [5, 10, 30];
const LATENCIES: [i64; 8] = [20, 40, 70, 90, 120, 170, 200, 230];
const REGIONS: [&str; 3] = ["ap", "eu", "us"];
const VALUES: [&str; 4] = ["a", "b", "c", "d"];
const SHAPES: [[u32; 4]; 14] = [
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
        weighted(0.4, kind()),
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

fn rules() -> impl Strategy<Value = String> {
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
        (any::<bool>(), prop::bool::weighted(0.8)),
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

/// Which features the tickets of a pool use.
#[derive(Debug)]
struct Features {
    latencies: bool,
    map: bool,
    mode: bool,
    platforms: bool,
    musts: bool,
    names: bool,
    blocks: bool,
    shared: bool,
    unfit: bool,
    apart: bool,
}

fn features() -> impl Strategy<Value = Features> {
    let on = prop::bool::weighted;
    (
        (on(0.6), on(0.35), on(0.2), on(0.25), on(0.15)),
        (on(0.1), on(0.3), on(0.15), on(0.15), on(0.3)),
    )
        .prop_map(
            |((latencies, map, mode, platforms, musts), (names, blocks, shared, unfit, apart))| {
                Features {
                    latencies,
                    map,
                    mode,
                    platforms,
                    musts,
                    names,
                    blocks,
                    shared,
                    unfit,
                    apart,
                }
            },
        )
}

/// A ticket before it knows the others.
#[derive(Debug)]
struct TicketDraft {
    age_ms: Option<i64>,
    players: Vec<(Option<Value>, Option<Value>)>,
    latencies: Vec<Option<i64>>,
    map: Option<Value>,
    mode: Option<Value>,
    cross: Option<Value>,
    current: Option<Value>,
    musts: (Option<Value>, Option<Value>),
    names: (Option<Value>, Option<Value>),
    blocks: Vec<(prop::sample::Index, usize)>,
    shares: Option<prop::sample::Index>,
    unfit: Option<u8>,
}

fn draft() -> impl Strategy<Value = TicketDraft> {
    let statistic = || {
        prop_oneof![
            12 => select(&[50.0, 100.0, 100.0, 100.0, 150.0, 200.0][..]).prop_map(|n| Some(Value::from(n))),
            1 => Just(None),
            1 => Just(Some(Value::from("150"))),
        ]
    };
    let party = prop_oneof![
        6 => vec((statistic(), statistic()), 1..=1),
        3 => vec((statistic(), statistic()), 2..=2),
        1 => vec((statistic(), statistic()), 3..=4),
    ];
    let latencies = prop_oneof![
        1 => vec(Just(None), 3),
        5 => vec(weighted(0.9, select(&LATENCIES[..])), 3),
    ];
    let word = || select(&["", "x", "x", "y"][..]).prop_map(Value::from);
    (
        (weighted(0.9, select(&AGES[..])), party, latencies),
        (option_value(), option_value(), platforms(), platforms()),
        (weighted(0.6, word()), weighted(0.3, word())),
        (weighted(0.6, word()), weighted(0.3, word())),
        vec((any::<prop::sample::Index>(), 0..2_usize), 0..2),
        weighted(0.2, any::<prop::sample::Index>()),
        weighted(0.2, 0..4_u8),
    )
        .prop_map(
            |((age_ms, players, latencies), options, musts, names, blocks, shares, unfit)| {
                TicketDraft {
                    age_ms,
                    players,
                    latencies,
                    map: options.0,
                    mode: options.1,
                    cross: options.2,
                    current: options.3,
                    musts,
                    names,
                    blocks,
                    shares,
                    unfit,
                }
            },
        )
}

/// Absent, `null`, one value, or a list of up to three, perhaps the same one twice.
fn option_value() -> impl Strategy<Value = Option<Value>> {
    let value = || {
        prop_oneof![
            6 => select(&VALUES[..]).prop_map(Value::from),
            1 => Just(Value::from(1.0)),
        ]
    };
    prop_oneof![
        1 => Just(None),
        1 => Just(Some(Value::Null)),
        6 => value().prop_map(Some),
        12 => vec(value(), 0..=3).prop_map(|list| Some(Value::List(list))),
    ]
}

fn platforms() -> impl Strategy<Value = Option<Value>> {
    let one = || select(&["pc", "ps"][..]).prop_map(Value::from);
    prop_oneof![
        1 => Just(None),
        2 => one().prop_map(Some),
        2 => one().prop_map(|one| Some(Value::List(vec![one]))),
        6 => Just(Some(Value::List(vec!["pc".into(), "ps".into()]))),
    ]
}

fn tickets_of(features: &Features, drafts: Vec<TicketDraft>) -> Vec<Ticket> {
    let sizes: Vec<usize> = drafts.iter().map(|draft| draft.players.len()).collect();
    let player_id =
        |ticket: usize, at: usize| Text::from(format!("t{ticket}p{}", at % sizes[ticket]));
    let finish = |(at, draft): (usize, TicketDraft)| {
        let players = draft.players.into_iter().enumerate();
        let mut players: Vec<Player> = players
            .map(|(place, (mmr, lvl))| Player {
                id: player_id(at, place),
                attributes: named([("mmr", mmr), ("lvl", lvl)]),
            })
            .collect();
        if let Some(other) = draft.shares.filter(|_| features.shared) {
            players[0].id = player_id(other.index(sizes.len()), 0);
        }
        let blocks = draft.blocks.iter();
        let blocks =
            blocks.map(|(other, place)| Value::Text(player_id(other.index(sizes.len()), *place)));
        let blocks = Value::List(blocks.collect());
        let latencies = REGIONS.into_iter().zip(draft.latencies);
        let latencies = latencies.filter_map(|(region, ms)| Some((region.into(), ms?)));
        let on = |feature: bool, value: Option<Value>| value.filter(|_| feature);
        // With creation times that differ, no order is left to arrival.
        let apart = i64::from(features.apart) * (at as i64 * 7 % 13);
        let mut ticket = Ticket {
            id: format!("t{at}").into(),
            pool: "pool".into(),
            arrival: u32::try_from(at).expect("small"),
            created_at_ms: draft.age_ms.map(|ms| NOW - ms - apart),
            players,
            latencies: latencies.filter(|_| features.latencies).collect(),
            attributes: named([
                ("map", on(features.map, draft.map)),
                ("mode", on(features.mode, draft.mode)),
                ("cross_platform", on(features.platforms, draft.cross)),
                ("current_platform", on(features.platforms, draft.current)),
                ("rank", on(features.musts, draft.musts.0)),
                ("tier", on(features.musts, draft.musts.1)),
                ("server_name", on(features.names, draft.names.0)),
                ("client_version", on(features.names, draft.names.1)),
                ("blocked_players", on(features.blocks, Some(blocks))),
                ("role", Some(Value::from(at as f64))),
            ]),
            body: vec![u8::try_from(at).expect("small")].into(),
            ..Ticket::default()
        };
        match draft.unfit.filter(|_| features.unfit) {
            Some(0) => ticket.players.clear(),
            Some(1) => ticket.players.push(ticket.players[0].clone()),
            Some(2) => ticket.latencies = vec![("eu".into(), 900)],
            Some(_) => ticket.players[0]
                .attributes
                .set("mmr".into(), f64::NAN.into()),
            None => {}
        }
        ticket
    };
    drafts.into_iter().enumerate().map(finish).collect()
}

fn named<const N: usize>(pairs: [(&'static str, Option<Value>); N]) -> Attributes {
    let pairs = pairs.into_iter();
    pairs
        .filter_map(|(name, value)| Some((name.into(), value?)))
        .collect()
}
