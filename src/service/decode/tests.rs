mod held;
mod linear;

use bytes::Bytes;
use proptest::prelude::*;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::{Value as Json, json};

use super::fault::Decoded;
use super::*;
use crate::matching::{Attributes, Needs, Party, Roster, Session, Text, Ticket, Value, Wanted};
use crate::proto::DESCRIPTOR;
use crate::service::encode::to_struct;
use crate::service::limits::Limits;

/// The encoded form of a message, by another implementation of protobuf.
fn encoded(name: &str, json: &Json) -> Bytes {
    let pool = DescriptorPool::decode(DESCRIPTOR).unwrap();
    let full = format!("accelbyte.matchmaking.matchfunction.{name}");
    let message = pool.get_message_by_name(&full).unwrap();
    DynamicMessage::deserialize(message, json)
        .unwrap()
        .encode_to_vec()
        .into()
}

fn read(body: Bytes) -> Decoded<Ticket> {
    ticket(
        body,
        &Needs::everything(),
        &Limits::default(),
        &mut Known::default(),
    )
}

fn full_ticket() -> Json {
    json!({
        "ticket_id": "t", "match_pool": "p", "CreatedAt": "1970-01-01T00:00:01.500Z",
        "players": [
            {"player_id": "a", "attributes": {"mmr": 12.5, "tags": ["x", {"deep": [true, null]}]}},
            {"player_id": "b"},
        ],
        "ticket_attributes": {"map": "dust", "cross": false},
        "latencies": {"us": "90", "eu": "-20"},
        "party_session_id": "party", "namespace": "n", "excluded_sessions": ["s1", "s2"],
    })
}

#[test]
fn everything_is_read() {
    let body = encoded("Ticket", &full_ticket());
    let ticket = read(body.clone()).unwrap();
    assert_eq!(
        (&*ticket.id, &*ticket.pool, &*ticket.party_session_id),
        ("t", "p", "party")
    );
    assert_eq!(ticket.created_at_ms, Some(1_500));
    assert_eq!(
        ticket.player_ids().map(|id| &**id).collect::<Vec<_>>(),
        ["a", "b"]
    );
    assert_eq!(ticket.latencies, [("eu".into(), -20), ("us".into(), 90)]);
    assert_eq!(ticket.excluded_sessions, ["s1", "s2"]);
    assert_eq!(ticket.attributes.get("map"), Some(&Value::from("dust")));
    assert_eq!(ticket.attributes.get("cross"), Some(&Value::Bool(false)));
    let attributes = &ticket.players[0].attributes;
    assert_eq!(attributes.get("mmr"), Some(&Value::Number(12.5)));
    assert_eq!(
        attributes.get("tags"),
        Some(&Value::from(&json!(["x", {"deep": [true, null]}])))
    );
    assert_eq!(ticket.body, body);
}

#[test]
fn what_is_not_needed_is_not_read() {
    let needs = Needs {
        player_attributes: Wanted::Named(vec!["mmr".into()]),
        ..Needs::default()
    };
    let body = encoded("Ticket", &full_ticket());
    let ticket = ticket(body, &needs, &Limits::default(), &mut Known::default()).unwrap();
    assert!(ticket.latencies.is_empty() && ticket.excluded_sessions.is_empty());
    assert!(ticket.attributes.is_empty());
    let names: Vec<_> = ticket.players[0]
        .attributes
        .iter()
        .map(|(name, _)| &**name)
        .collect();
    assert_eq!(names, ["mmr"]);
}

#[test]
fn a_ticket_in_two_pieces_is_one() {
    let first = json!({"ticket_id": "old", "latencies": {"eu": 1, "us": 2}, "players": [{"player_id": "a"}],
        "ticket_attributes": {"x": 1, "y": 2}});
    let second = json!({"ticket_id": "new", "latencies": {"eu": 3}, "players": [{"player_id": "b"}],
        "ticket_attributes": {"x": 3}});
    let both = [encoded("Ticket", &first), encoded("Ticket", &second)].concat();
    let ticket = read(both.into()).unwrap();
    assert_eq!(&*ticket.id, "new");
    assert_eq!(ticket.players.len(), 2);
    assert_eq!(ticket.latencies, [("eu".into(), 3), ("us".into(), 2)]);
    assert_eq!(ticket.attributes.get("x"), Some(&Value::Number(3.0)));
    assert_eq!(ticket.attributes.get("y"), Some(&Value::Number(2.0)));
}

#[test]
fn a_session_is_read() {
    let body = encoded(
        "BackfillTicket",
        &json!({
            "ticket_id": "b", "match_pool": "p", "CreatedAt": "1970-01-01T00:00:02Z",
            "match_session_id": "s",
            "partial_match": {
                "tickets": [full_ticket()],
                "teams": [{"user_ids": ["a", "b"], "team_id": "t1",
                    "parties": [{"party_id": "party", "user_ids": ["a", "b"]}]}],
                "region_preferences": ["eu"], "backfill": true, "server_name": "mine",
                "match_attributes": {"server_name": "ignored", "client_version": "1.2"},
            },
        }),
    );
    let session: Session = session(
        &body,
        &Needs::everything(),
        &Limits::default(),
        &mut Known::default(),
    )
    .unwrap();
    assert_eq!(
        (&*session.backfill_ticket_id, &*session.match_session_id),
        ("b", "s")
    );
    assert_eq!(session.created_at_ms, Some(2_000));
    assert_eq!(session.tickets.len(), 1);
    let party = Party {
        id: "party".into(),
        user_ids: vec!["a".into(), "b".into()],
    };
    let user_ids = vec!["a".into(), "b".into()];
    assert_eq!(
        session.teams,
        [Roster {
            id: "t1".into(),
            user_ids,
            parties: vec![party]
        }]
    );
    assert_eq!(session.region_preferences, ["eu"]);
    assert!(session.backfill);
    assert_eq!(
        (&*session.server_name, &*session.client_version),
        ("mine", "1.2")
    );
}

#[test]
fn more_than_a_ticket_may_be_is_told_by_bound() {
    let mut deep = json!(1);
    for _ in 0..17 {
        deep = json!([deep]);
    }
    let values = vec!["a long text"; 4096];
    let players = vec![json!({"player_id": "a"}); 257];
    let names: Vec<_> = (0..257).map(|n| n.to_string()).collect();
    let latencies: serde_json::Map<_, _> =
        names.iter().map(|name| (name.clone(), json!(1))).collect();
    let attribute = |x: Json| json!({"players": [{"player_id": "a", "attributes": {"x": x}}]});
    let cases = [
        (attribute(deep), Bound::AttributeDepth),
        (attribute(values.into()), Bound::Attributes),
        (json!({"players": players}), Bound::Players),
        (json!({"latencies": latencies}), Bound::Regions),
        (
            json!({"excluded_sessions": vec!["game-session"; 257]}),
            Bound::ExcludedSessions,
        ),
    ];
    for (json, bound) in cases {
        let fault = read(encoded("Ticket", &json)).unwrap_err();
        assert_eq!(fault.bound(), Some(bound));
    }
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let list = Value::List(vec![Value::Number(odd)]);
        let attributes = [("x".into(), list)].into_iter().collect();
        let mut body = encoded("Ticket", &full_ticket()).to_vec();
        prost::encoding::message::encode(5, &to_struct(&attributes), &mut body);
        let body = Bytes::from(body);
        let fault = read(body.clone()).unwrap_err();
        assert_eq!(fault.bound(), Some(Bound::NotFinite));
        // What it is called can still be read.
        let named = named(&body).unwrap();
        assert_eq!((&*named.id, &*named.pool), ("t", "p"));
    }
}

#[test]
fn more_than_a_session_may_be_is_told_by_bound() {
    let read = |partial_match: Json| {
        let body = encoded("BackfillTicket", &json!({"partial_match": partial_match}));
        let (needs, limits) = (Needs::everything(), Limits::default());
        session(&body, &needs, &limits, &mut Known::default())
            .unwrap_err()
            .bound()
    };
    let tickets = vec![json!({}); 257];
    assert_eq!(
        read(json!({"tickets": tickets})),
        Some(Bound::SessionTickets)
    );
    let ticket = json!({"excluded_sessions": vec!["game-session"; 257]});
    assert_eq!(
        read(json!({"tickets": [ticket]})),
        Some(Bound::ExcludedSessions)
    );
    let id = "0123456789abcdef0123456789abcdef";
    let teams = vec![json!({"team_id": id}); 4097];
    let parties = vec![json!({"party_id": id}); 4097];
    let regions = vec![json!("eu-central-1"); 4097];
    for lists in [
        json!({"teams": teams}),
        json!({"teams": [{"parties": parties}]}),
        json!({"region_preferences": regions}),
    ] {
        assert_eq!(read(lists), Some(Bound::SessionLists));
    }
}

#[test]
fn faults_name_the_field() {
    // A key, and a value of a kind that has the wrong wire type.
    let entry = b"\x0a\x01x\x12\x02\x10\x01";
    let body = [
        &[0x2a, 2 + entry.len() as u8, 0x0a, entry.len() as u8],
        &entry[..],
    ]
    .concat();
    let fault = read(body.into()).unwrap_err();
    assert_eq!(fault.bound(), None);
    assert_eq!(
        fault.to_string(),
        "`ticket_attributes.fields[\"x\"].value` has the wrong wire type; it has to be that of the kind"
    );
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<f64>()
            .prop_filter("finite numbers are read", |n| n.is_finite())
            .prop_map(Value::Number),
        "\\PC{0,6}".prop_map(|text| Value::Text(text.into())),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let fields = prop::collection::vec(("[a-c]{0,2}", inner.clone()), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::List),
            fields.prop_map(|fields| {
                Value::Struct(
                    fields
                        .into_iter()
                        .map(|(k, v)| (Text::from(k), v))
                        .collect(),
                )
            }),
        ]
    })
}

proptest! {
    #[test]
    fn attributes_come_back_from_the_wire(fields in prop::collection::vec(("[a-e]{0,3}", value()), 0..6)) {
        let attributes: Attributes =
            fields.into_iter().map(|(name, value)| (Text::from(name), value)).collect();
        let mut body = Vec::new();
        prost::encoding::message::encode(5, &to_struct(&attributes), &mut body);
        prop_assert_eq!(read(body.into()).unwrap().attributes, attributes);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let bytes = Bytes::from(bytes);
        let _ = read(bytes.clone());
        let _ = session(&bytes, &Needs::everything(), &Limits::default(), &mut Known::default());
    }

    /// Broken in one place: closer to what a reader trips over than random bytes are.
    #[test]
    fn so_are_broken_tickets(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = encoded("Ticket", &full_ticket()).to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(ticket) = read(bytes.into()) {
            // What is read is text: nothing else came through.
            prop_assert!(ticket.player_ids().all(|id| std::str::from_utf8(id.as_bytes()).is_ok()));
        }
    }
}

/// A ticket's fields as they are encoded: in any order, regions repeated, anything absent.
fn any_ticket() -> impl Strategy<Value = Bytes> {
    use prost::encoding::{bytes, int64, string};
    let latency = |(region, ms): (String, i64)| {
        let mut entry = Vec::new();
        string::encode(1, &region, &mut entry);
        int64::encode(2, &ms, &mut entry);
        (6, entry)
    };
    let player = |id: String| {
        let mut player = Vec::new();
        string::encode(1, &id, &mut player);
        (4, player)
    };
    let field = prop_oneof![
        1 => "[a-c]".prop_map(|id| (1, id.into_bytes())),
        1 => "[p-q]|r{70}".prop_map(|pool| (2, pool.into_bytes())),
        2 => "[a-c]".prop_map(player),
        8 => ("[a-m]?|z{70}", -3..3_i64).prop_map(latency),
        1 => "[a-c]".prop_map(|party| (7, party.into_bytes())),
        1 => "[a-c]".prop_map(|session| (9, session.into_bytes())),
    ];
    proptest::collection::vec(field, 0..20).prop_map(|fields| {
        let mut body = Vec::new();
        for (number, content) in fields {
            bytes::encode(number, &content, &mut body);
        }
        body.into()
    })
}

proptest! {
    #[test]
    fn a_used_ticket_is_read_like_a_new_one(
        bodies in proptest::collection::vec(any_ticket(), 1..8),
        latencies in proptest::bool::ANY,
    ) {
        let needs = Needs { latencies, ..Needs::everything() };
        let (mut batch, mut known) = (Batch::default(), Known::default());
        for body in bodies {
            let limits = Limits::default();
            refill(batch.blank(), body.clone(), &needs, &limits, &mut known).unwrap();
            batch.push();
            let new = ticket(body, &needs, &limits, &mut Known::default()).unwrap();
            let used = batch.drain().next().unwrap();
            prop_assert_eq!(format!("{used:?}"), format!("{new:?}"));
            batch.keep(used, &known);
        }
    }
}

#[test]
fn a_blank_ticket_holds_nothing_of_what_was_received() {
    let body = encoded("Ticket", &full_ticket());
    let (mut batch, mut known) = (Batch::default(), Known::default());
    let limits = Limits::default();
    let needs = Needs::everything();
    refill(batch.blank(), body.clone(), &needs, &limits, &mut known).unwrap();
    batch.push();
    let used = batch.drain().next().unwrap();
    batch.keep(used, &known);
    assert!(body.is_unique());
    assert!(batch.is_empty());
    assert_eq!(batch.blank().pool, "p");
}

#[test]
fn tickets_leave_a_batch_in_the_order_they_came() {
    let mut batch = Batch::default();
    for arrival in 0.. {
        if batch.is_full() {
            break;
        }
        batch.blank().arrival = arrival;
        batch.push();
    }
    let spoilt = batch.tickets().len();
    batch.blank().pool = "spoilt".into();
    batch.spoil();
    let drained: Vec<_> = batch.drain().collect();
    assert_eq!(drained.len(), spoilt);
    for (arrival, ticket) in (0..).zip(drained) {
        assert_eq!(ticket.arrival, arrival);
        batch.keep(ticket, &Known::default());
    }
    assert!(batch.is_empty() && batch.blank().pool.is_empty());
}
