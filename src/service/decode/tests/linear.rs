//! Reading is linear in the bytes of a message, and so is what it holds.

use std::collections::BTreeMap;

use super::*;
use crate::matching::Player;
use crate::service::decode::budget::{MEMORY_PER_BYTE, SPARE_OF_PLAYER, SPARE_OF_TICKET};
use crate::service::decode::ticket::SPARE_ROOM;

/// A field of bytes.
pub(super) fn field(number: u32, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    prost::encoding::bytes::encode(number, &content.to_vec(), &mut out);
    out
}

pub(super) fn repeated(count: usize, piece: impl FnMut(usize) -> Vec<u8>) -> Vec<u8> {
    (0..count).flat_map(piece).collect()
}

/// A value that a client can send in more than one way.
#[derive(Debug, Clone)]
enum Sent {
    /// No value at all.
    Nothing,
    Number(f64),
    List(Vec<Self>),
    /// Entries in this order, names more than once among them; sent in two pieces.
    Struct(Vec<(String, Self)>, usize),
}

impl Sent {
    /// The field `value` of an entry.
    fn encoded(&self, number: u32) -> Vec<u8> {
        match self {
            Self::Nothing => Vec::new(),
            sent => field(number, &sent.value()),
        }
    }

    fn value(&self) -> Vec<u8> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Number(number) => {
                let mut out = Vec::new();
                prost::encoding::double::encode(2, number, &mut out);
                out
            }
            Self::List(values) => {
                let elements = values.iter().map(|value| field(1, &value.value()));
                field(6, &elements.collect::<Vec<_>>().concat())
            }
            Self::Struct(entries, cut) => {
                let (first, second) = entries.split_at((*cut).min(entries.len()));
                [first, second]
                    .map(|piece| field(5, &of_entries(piece)))
                    .concat()
            }
        }
    }

    /// What it is, read plainly.
    fn plain(&self) -> Value {
        match self {
            Self::Nothing => Value::Null,
            Self::Number(number) => Value::Number(*number),
            Self::List(values) => Value::List(values.iter().map(Self::plain).collect()),
            Self::Struct(entries, _) => Value::Struct(plain(entries)),
        }
    }
}

fn of_entries(entries: &[(String, Sent)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, sent) in entries {
        let entry = [field(1, name.as_bytes()), sent.encoded(2)].concat();
        out.extend(field(1, &entry));
    }
    out
}

fn plain(entries: &[(String, Sent)]) -> Attributes {
    let mut last: BTreeMap<&str, &Sent> = BTreeMap::new();
    for (name, sent) in entries {
        last.insert(name, sent);
    }
    let pairs = last.into_iter();
    pairs
        .map(|(name, sent)| (name.into(), sent.plain()))
        .collect()
}

fn entries(inner: impl Strategy<Value = Sent>) -> impl Strategy<Value = Vec<(String, Sent)>> {
    prop::collection::vec(("[a-f]{0,2}", inner), 0..30)
}

fn sent() -> impl Strategy<Value = Sent> {
    let leaf = prop_oneof![
        Just(Sent::Nothing),
        (0..100_u32).prop_map(|n| Sent::Number(n.into())),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Sent::List),
            (entries(inner), 0..30_usize).prop_map(|(entries, cut)| Sent::Struct(entries, cut)),
        ]
    })
}

proptest! {
    /// Entries in any order, repeated, without a value, in pieces between other fields: the last of each
    /// name counts.
    #[test]
    fn entries_are_read_as_a_plain_reading_does(
        of_ticket in entries(sent()),
        of_player in entries(sent()),
        cuts in prop::array::uniform2(0..30_usize),
        regions in prop::collection::vec(("[a-z]{0,2}", -1..200_i64), 0..60),
        old in prop::collection::vec(("[a-z]{0,2}", -1..200_i64), 0..60),
    ) {
        let mut body = Vec::new();
        let (first, second) = of_ticket.split_at(cuts[0].min(of_ticket.len()));
        body.extend(field(5, &of_entries(first)));
        let (one, two) = of_player.split_at(cuts[1].min(of_player.len()));
        let player = [one, two].map(|piece| field(2, &of_entries(piece))).concat();
        body.extend(field(4, &player));
        body.extend(field(5, &of_entries(second)));
        body.extend(latencies(&regions));
        let limits = Limits::default();
        let needs = Needs::everything();
        let mut known = Known::default();
        let mut ticket = Ticket::default();
        // A used ticket has the regions of another one.
        refill(&mut ticket, latencies(&old).into(), &needs, &limits, &mut known).unwrap();
        ticket.players.clear();
        match refill(&mut ticket, body.into(), &needs, &limits, &mut known) {
            Ok(()) => {
                prop_assert_eq!(&ticket.attributes, &plain(&of_ticket));
                prop_assert_eq!(&ticket.players[0].attributes, &plain(&of_player));
                let regions: BTreeMap<String, i64> = regions.into_iter().collect();
                let read = ticket.latencies.iter().map(|(name, ms)| (name.to_string(), *ms));
                prop_assert!(read.eq(regions));
            }
            Err(fault) => prop_assert_eq!(fault.bound(), Some(Bound::Memory)),
        }
    }
}

fn latencies(regions: &[(String, i64)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (region, ms) in regions {
        let mut entry = field(1, region.as_bytes());
        prost::encoding::int64::encode(2, ms, &mut entry);
        out.extend(field(6, &entry));
    }
    out
}

/// A distinct name of two bytes.
pub(super) fn name(at: usize) -> Vec<u8> {
    vec![b'0' + (at / 64 % 64) as u8, b'0' + (at % 64) as u8]
}

/// Bodies of tickets that are small and would be large in memory, each with so many of a kind.
pub(super) fn bombs(count: usize) -> Vec<(&'static str, Vec<u8>)> {
    let attribute =
        |value: Vec<u8>| field(5, &field(1, &[field(1, b"a"), field(2, &value)].concat()));
    let deep = (0..14).fold(field(6, &repeated(count, |_| field(1, b""))), |inner, _| {
        field(6, &field(1, &inner))
    });
    let pairs = repeated(count, |at| field(1, &field(1, &name(at))));
    let lists = repeated(count, |_| field(1, &field(6, &field(1, b""))));
    let latency = |at| field(6, &[field(1, &name(at)), b"\x10\x01".to_vec()].concat());
    vec![
        ("attributes without a value", field(5, &pairs)),
        (
            "attributes of one name",
            field(5, &repeated(count, |_| field(1, &field(1, b"a")))),
        ),
        (
            "nulls in a list",
            attribute(field(6, &repeated(count, |_| field(1, b"")))),
        ),
        (
            "empty objects in a list",
            attribute(field(6, &repeated(count, |_| field(1, &field(5, b""))))),
        ),
        ("an object of nulls", attribute(field(5, &pairs))),
        ("lists of one null", attribute(field(6, &lists))),
        ("deep in lists", attribute(deep)),
        ("empty players", repeated(count, |_| field(4, b""))),
        (
            "short players",
            repeated(count, |at| field(4, &field(1, &name(at)))),
        ),
        (
            "players with an attribute",
            repeated(count, |at| {
                field(4, &[field(1, &name(at)), field(2, &field(1, b""))].concat())
            }),
        ),
        ("regions", repeated(count, latency)),
        ("a region over and over", repeated(count, |_| latency(7))),
        (
            "empty excluded sessions",
            repeated(count, |_| field(9, b"")),
        ),
        (
            "short excluded sessions",
            repeated(count, |at| field(9, &name(at))),
        ),
    ]
}

/// Bounds on numbers that are out of the way.
pub(super) fn wide() -> Limits {
    Limits {
        max_players_per_ticket: u32::MAX,
        max_regions_per_ticket: u32::MAX,
        max_attributes_per_ticket: u32::MAX,
        ..Limits::default()
    }
}

/// What the lists of a ticket may have room for without need: players, latencies, excluded sessions.
pub(super) const ROOM: usize =
    SPARE_ROOM * (size_of::<Player>() + size_of::<(Text, i64)>() + size_of::<Text>());

#[test]
fn a_ticket_holds_at_most_four_times_its_bytes_and_a_few_kibibytes() {
    let mut refused = 0;
    for count in [0, 1, 5, 30, 100, 300, 1000, 4000] {
        for (what, body) in bombs(count) {
            let bytes = body.len();
            for limits in [wide(), Limits::default()] {
                let body = Bytes::from(body.clone());
                let (needs, mut known) = (Needs::everything(), Known::default());
                let ticket = match ticket(body, &needs, &limits, &mut known) {
                    Ok(ticket) => ticket,
                    Err(fault) => {
                        assert!(fault.bound().is_some(), "{what}: {fault}");
                        refused += 1;
                        continue;
                    }
                };
                let players = ticket.player_ids().filter(|id| !id.is_empty()).count();
                let most = (MEMORY_PER_BYTE + 1) * bytes
                    + SPARE_OF_TICKET
                    + players * SPARE_OF_PLAYER
                    + size_of::<Ticket>()
                    + ROOM;
                let held = ticket.held_bytes();
                assert!(
                    held <= most,
                    "{count} times {what}: {held} bytes for {bytes}"
                );
            }
        }
    }
    assert!(refused > 50, "{refused}");
}

#[test]
fn tickets_as_games_send_them_are_far_below_that() {
    let id = |at: usize| format!("{at:032x}");
    let players: Vec<Json> = (0..64)
        .map(|at| {
            let stats: serde_json::Map<_, _> = (0..20)
                .map(|stat| (format!("stat{stat}"), json!(stat)))
                .collect();
            json!({"player_id": id(at), "attributes": stats})
        })
        .collect();
    let regions: serde_json::Map<_, _> = (0..32)
        .map(|at| (format!("region-{at}"), json!("50")))
        .collect();
    let blocked: Vec<_> = (0..1000).map(id).collect();
    let maps: Vec<_> = (0..100).map(|at| format!("map{at}")).collect();
    let whole = json!({
        "ticket_id": id(0), "match_pool": "pool", "players": players, "latencies": regions,
        "ticket_attributes": {"blocked_players": blocked, "maps": maps, "levels": vec![1.5; 100]},
        "excluded_sessions": (0..30).map(id).collect::<Vec<_>>(),
    });
    assert!(read(encoded("Ticket", &whole)).is_ok());
    // Short names, as in tests and small games.
    let players: Vec<Json> = (0..256)
        .map(|at| json!({"player_id": format!("p{at}"), "attributes": {"mmr": 1}}))
        .collect();
    assert!(read(encoded("Ticket", &json!({"players": players}))).is_ok());
    let numbers = vec![1.0; 500];
    assert!(
        read(encoded(
            "Ticket",
            &json!({"ticket_attributes": {"a": numbers}})
        ))
        .is_ok()
    );
}

#[test]
fn every_entry_counts_and_reading_ends_at_the_bound() {
    // Bounds of two entries, and a third behind which nothing is a message any more.
    let limits = Limits {
        max_players_per_ticket: 2,
        max_regions_per_ticket: 2,
        max_attributes_per_ticket: 2,
        ..Limits::default()
    };
    let broken = b"\xff";
    let attribute = |value: Vec<u8>| [field(1, b"a"), field(2, &value)].concat();
    let in_list = field(6, &[field(1, b""), field(1, b""), broken.to_vec()].concat());
    let in_object = field(
        5,
        &[repeated(2, |_| field(1, b"")), broken.to_vec()].concat(),
    );
    let cases = [
        (
            "without a value",
            Bound::Attributes,
            field(
                5,
                &[repeated(3, |_| field(1, b"")), broken.to_vec()].concat(),
            ),
        ),
        (
            "of a player",
            Bound::Attributes,
            repeated(2, |at| {
                field(4, &field(2, &repeated(at + 1, |_| field(1, b""))))
            }),
        ),
        (
            "in a list",
            Bound::Attributes,
            field(5, &field(1, &attribute(in_list))),
        ),
        (
            "in an object",
            Bound::Attributes,
            field(5, &field(1, &attribute(in_object))),
        ),
        (
            "a repeated region",
            Bound::Regions,
            repeated(3, |_| field(6, &field(1, b"eu"))),
        ),
        (
            "an empty player",
            Bound::Players,
            repeated(3, |_| field(4, b"")),
        ),
        (
            "an empty excluded session",
            Bound::ExcludedSessions,
            repeated(3, |_| field(9, b"")),
        ),
    ];
    for (what, bound, mut body) in cases {
        body.extend(broken);
        let fault = ticket(
            body.into(),
            &Needs::everything(),
            &limits,
            &mut Known::default(),
        );
        assert_eq!(fault.unwrap_err().bound(), Some(bound), "{what}");
    }
    // The same with memory, which players without an id do not extend.
    let body = [repeated(10_000, |_| field(4, b"")), broken.to_vec()].concat();
    let fault = ticket(
        body.into(),
        &Needs::everything(),
        &wide(),
        &mut Known::default(),
    );
    assert_eq!(fault.unwrap_err().bound(), Some(Bound::Memory));
}
