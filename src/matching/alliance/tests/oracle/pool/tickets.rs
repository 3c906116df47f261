//! Random queues.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

use super::NOW;
use crate::matching::{Attributes, Player, Text, Ticket, Value};

const AGES: [i64; 11] = [
    0, 1_000, 4_999, 5_000, 5_001, 9_000, 10_000, 10_001, 20_000, 30_001, 60_000,
];
const LATENCIES: [i64; 8] = [20, 40, 70, 90, 120, 170, 200, 230];
const REGIONS: [&str; 3] = ["ap", "eu", "us"];
const VALUES: [&str; 4] = ["a", "b", "c", "d"];
/// Times that were never set: the year 1, 1970, just before 2000.
const UNSET: [i64; 3] = [-62_135_596_800_000, 0, 946_684_799_999];
/// The first time that counts, and two that lie ahead.
const ODD: [i64; 3] = [946_684_800_000, NOW + 1, NOW + 60_000];

/// Which features the tickets of a pool use.
#[derive(Debug)]
pub(super) struct Features {
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
    /// Probes that failed.
    failed: bool,
    /// Creation times that were never set.
    unset: bool,
}

pub(super) fn features() -> impl Strategy<Value = Features> {
    let on = prop::bool::weighted;
    (
        (on(0.6), on(0.35), on(0.2), on(0.35), on(0.3)),
        (on(0.15), on(0.3), on(0.15), on(0.15), on(0.3)),
        (on(0.3), on(0.2)),
    )
        .prop_map(
            |(
                (latencies, map, mode, platforms, musts),
                (names, blocks, shared, unfit, apart),
                (failed, unset),
            )| {
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
                    failed,
                    unset,
                }
            },
        )
}

/// A ticket before it knows the others.
#[derive(Debug)]
pub(super) struct TicketDraft {
    age_ms: Option<i64>,
    unset: Option<i64>,
    players: Vec<(Option<Value>, Option<Value>)>,
    latencies: Vec<Option<i64>>,
    failed: Vec<bool>,
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

pub(super) fn draft() -> impl Strategy<Value = TicketDraft> {
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
    let unset = prop_oneof![
        5 => Just(None),
        4 => select(&UNSET[..]).prop_map(Some),
        1 => select(&ODD[..]).prop_map(Some),
    ];
    let failed = prop_oneof![
        12 => vec(prop::bool::weighted(0.25), 3),
        1 => Just(vec![true; 3]),
    ];
    let word = || select(&["", "x", "x", "y"][..]).prop_map(Value::from);
    (
        (weighted(0.9, select(&AGES[..])), unset, party, latencies),
        (option_value(), option_value(), platforms(), on_platform()),
        (weighted(0.7, word()), must()),
        (weighted(0.6, word()), weighted(0.3, word())),
        vec((any::<prop::sample::Index>(), 0..2_usize), 0..2),
        weighted(0.2, any::<prop::sample::Index>()),
        (weighted(0.2, 0..4_u8), failed),
    )
        .prop_map(
            |((age_ms, unset, players, latencies), options, musts, names, blocks, shares, rest)| {
                TicketDraft {
                    age_ms,
                    unset,
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
                    unfit: rest.0,
                    failed: rest.1,
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

/// What a ticket may ask for besides: some ask for nothing.
fn must() -> impl Strategy<Value = Option<Value>> {
    let list = |names: &[&str]| Value::List(names.iter().map(|name| Value::from(*name)).collect());
    let all = vec![
        Value::Null,
        Value::from(""),
        Value::from(1.0),
        Value::from(true),
        list(&[]),
        list(&["x", "y"]),
        list(&["y", "x"]),
    ];
    prop_oneof![
        3 => Just(None),
        4 => Just(Some(Value::from(1.0))),
        3 => select(all).prop_map(Some),
    ]
}

/// The platforms that a party is on: mostly one, often not said.
fn on_platform() -> impl Strategy<Value = Option<Value>> {
    let one = || select(&["pc", "ps"][..]).prop_map(Value::from);
    prop_oneof![
        4 => Just(None),
        1 => Just(Some(Value::Null)),
        1 => Just(Some(Value::List(vec![]))),
        4 => one().prop_map(Some),
        4 => one().prop_map(|one| Some(Value::List(vec![one]))),
        2 => Just(Some(Value::List(vec!["pc".into(), "ps".into()]))),
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

pub(super) fn tickets_of(features: &Features, drafts: Vec<TicketDraft>) -> Vec<Ticket> {
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
        let mut blocks: Vec<Value> = blocks.collect();
        let blocks = match blocks.len() {
            1 if at % 3 > 0 => blocks.swap_remove(0),
            _ => Value::List(blocks),
        };
        let probes = draft.latencies.into_iter().zip(draft.failed);
        let latencies = REGIONS.into_iter().zip(probes);
        let latencies = latencies.filter_map(|(region, (ms, failed))| {
            let ms = if failed && features.failed { -1 } else { ms? };
            Some((region.into(), ms))
        });
        let on = |feature: bool, value: Option<Value>| value.filter(|_| feature);
        // With creation times that differ, no order is left to arrival.
        let apart = if features.apart {
            at as i64 * 7 % 13
        } else {
            0
        };
        let mut ticket = Ticket {
            id: format!("t{at}").into(),
            pool: "pool".into(),
            arrival: u32::try_from(at).expect("small"),
            created_at_ms: match draft.unset {
                Some(created) if features.unset => Some(created),
                _ => draft.age_ms.map(|ms| NOW - ms - apart),
            },
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
