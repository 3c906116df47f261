//! One ticket or session never stops the stream of a pool: what is beyond a bound is left out.

use match_function::proto::backfill_ticket::PartialMatch;
use match_function::proto::{
    BackfillTicket, EnrichTicketRequest, Opaque, Parameters, Rules, Slot, Slots,
    ValidateTicketRequest,
};
use prost::Message;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};
use tonic::Code;

use crate::support::{Player, Ticket, all, ids, parameters, raw, raw_request, request, start};
use crate::telemetry;

/// Teams of one; the attributes of tickets are compared, and the players' `mmr`.
const RULES: &str = r#"{
    "alliance": {"min_number": 2, "max_number": 2, "player_min_number": 1, "player_max_number": 1},
    "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 0}]
}"#;

fn of(kind: Kind) -> Value {
    Value { kind: Some(kind) }
}

fn list(values: Vec<Value>) -> Value {
    of(Kind::ListValue(ListValue { values }))
}

fn fields(name: &str, value: Value) -> Option<Struct> {
    Some(Struct {
        fields: [(name.to_owned(), value)].into(),
    })
}

/// A message of field 9, `excluded_sessions`, as often as this.
fn excluding(mut ticket: Vec<u8>, times: usize) -> Vec<u8> {
    for _ in 0..times {
        ticket.extend(b"\x4a\x0cgame-session");
    }
    ticket
}

/// What a ticket can have too much of, with the bound's label.
const BOUNDS: [&str; 6] = [
    "players",
    "regions",
    "excluded_sessions",
    "attributes",
    "attribute_depth",
    "not_finite",
];

/// A ticket that is beyond one bound.
fn beyond(bound: &str, id: &str) -> Vec<u8> {
    let mut ticket = Ticket::new(id, "pool");
    match bound {
        "players" => ticket.players = vec![ticket.players[0].clone(); 257],
        "regions" => ticket.latencies = (0..257).map(|n| (n.to_string(), n)).collect(),
        "attributes" => {
            let values = vec![of(Kind::StringValue("a long text".into())); 4096];
            ticket.ticket_attributes = fields("x", list(values));
        }
        "attribute_depth" => {
            let deep = (0..17).fold(of(Kind::BoolValue(true)), |inner, _| list(vec![inner]));
            ticket.ticket_attributes = fields("x", deep);
        }
        "not_finite" => {
            let odd = of(Kind::NumberValue(f64::NAN));
            ticket.players[0].attributes = fields("mmr", odd);
        }
        _ => {}
    }
    let excluded = if bound == "excluded_sessions" { 257 } else { 0 };
    excluding(ticket.encode_to_vec(), excluded)
}

fn sound(id: usize) -> Ticket {
    Ticket {
        players: vec![Player {
            player_id: format!("{id}-player"),
            attributes: fields("mmr", of(Kind::NumberValue((id % 100) as f64))),
        }],
        ..Ticket::new(&id.to_string(), "pool")
    }
}

#[tokio::test]
async fn a_pool_is_matched_as_without_the_tickets_that_are_beyond_a_bound() {
    // Alliance rules read no excluded sessions when they make matches: the other five bounds.
    let bounds = BOUNDS.iter().filter(|bound| **bound != "excluded_sessions");
    let bounds: Vec<&str> = bounds.copied().collect();
    let mut server = telemetry::start(&[("MATCH_TIME_LIMIT_SECOND", "600")]).await;
    let (mut with, mut without) = (vec![parameters(RULES)], vec![parameters(RULES)]);
    for at in 0..10_000 {
        if at % 10 == 3 {
            let bound = bounds[at / 10 % bounds.len()];
            with.push(raw_request(&beyond(bound, &format!("bad-{at}"))));
        } else {
            with.push(request(&sound(at)));
            without.push(request(&sound(at)));
        }
    }
    let mut played = Vec::new();
    for requests in [without, with] {
        let answers = server
            .client
            .make_matches(tokio_stream::iter(requests))
            .await;
        let matches = all(answers.unwrap().into_inner()).await.unwrap();
        played.push(matches);
    }
    assert_eq!(ids(&played[0]).concat().len(), 9_000);
    assert!(played[0] == played[1], "the same bytes");
    let metrics = server.metrics().await;
    for bound in BOUNDS {
        let times = if bound == "excluded_sessions" { 0 } else { 200 };
        let counted = format!("invalid_tickets_total{{bound=\"{bound}\"}} {times}\n");
        assert!(metrics.contains(&counted), "{counted}");
    }
    assert!(metrics.contains("refusals_total{reason=\"invalid_ticket\"} 1000\n"));
    let lines = server.end().await;
    let named: Vec<_> = lines
        .iter()
        .filter_map(|line| line["message"].as_str())
        .filter(|text| text.starts_with("left out:"))
        .collect();
    assert_eq!(named.len(), 1, "{named:?}");
    for (bound, first) in [
        ("too many players (MAX_PLAYERS_PER_TICKET)", "bad-3"),
        ("too many latencies (MAX_REGIONS_PER_TICKET)", "bad-13"),
        (
            "too many attribute values (MAX_ATTRIBUTES_PER_TICKET)",
            "bad-23",
        ),
        (
            "attributes nested too deeply (MAX_ATTRIBUTE_DEPTH)",
            "bad-33",
        ),
        ("an attribute with a number that is not finite", "bad-43"),
    ] {
        let part = format!("200 with {bound}, the first is \"{first}\"");
        assert!(named[0].contains(&part), "{part}: {}", named[0]);
    }
}

#[tokio::test]
async fn pair_rules_leave_out_what_they_read_too_much_of() {
    let server = start(&[]);
    let mut requests = vec![parameters("{}")];
    for (at, bound) in ["players", "regions", "players"].into_iter().enumerate() {
        requests.push(raw_request(&beyond(bound, &format!("bad-{at}"))));
        requests.push(request(&sound(at)));
        requests.push(request(&sound(at + 10)));
    }
    let matches = server.make(requests).await.unwrap();
    assert_eq!(ids(&matches), [["0", "10"], ["1", "11"], ["2", "12"]]);
}

#[tokio::test]
async fn the_stream_is_refused_for_its_own_faults_all_the_same() {
    let server = start(&["--max-tickets-per-stream=3"]);
    let bad = |id: &str| raw_request(&beyond("players", id));
    let other_pool = {
        let mut ticket = Ticket::new("x", "other");
        ticket.players = vec![Player::default(); 257];
        request(&ticket)
    };
    let invalid = Code::InvalidArgument;
    let pools = vec![parameters("{}"), bad("a"), other_pool];
    server
        .refused(pools, invalid, &["\"x\"", "\"other\""])
        .await;
    let mut many = vec![parameters("{}")];
    many.extend(["a", "b", "c", "d"].map(bad));
    server
        .refused(many, invalid, &["MAX_TICKETS_PER_STREAM"])
        .await;
    let mut broken = beyond("players", "a");
    broken.extend(b"\x0a\x05x");
    let broken = vec![parameters("{}"), raw_request(&broken)];
    server
        .refused(broken, invalid, &["not a protobuf message"])
        .await;
}

#[tokio::test]
async fn validate_ticket_says_false_and_enrich_ticket_gives_the_ticket_back() {
    let mut server = telemetry::start(&[]).await;
    for bound in BOUNDS {
        let ticket = Some(raw(&beyond(bound, "t")));
        for json in ["{}", RULES] {
            let rules = Some(Rules { json: json.into() });
            let request = ValidateTicketRequest {
                ticket: ticket.clone(),
                rules: rules.clone(),
            };
            let answer = server.client.validate_ticket(request).await.unwrap();
            assert!(!answer.into_inner().valid_ticket, "{bound}");
        }
        let request = EnrichTicketRequest {
            ticket: ticket.clone(),
            rules: None,
        };
        let answer = server.client.enrich_ticket(request).await.unwrap();
        assert_eq!(answer.into_inner().ticket, ticket);
    }
    let metrics = server.metrics().await;
    for bound in BOUNDS {
        let counted = format!("invalid_tickets_total{{bound=\"{bound}\"}} 3\n");
        assert!(metrics.contains(&counted), "{counted}");
    }
    server.end().await;
}

#[tokio::test]
async fn a_session_beyond_a_bound_is_left_open_and_the_others_are_filled() {
    let session = |id: &str, tickets: Vec<Opaque>| BackfillTicket {
        ticket_id: id.into(),
        match_pool: "pool".into(),
        match_session_id: format!("session-{id}"),
        partial_match: Some(PartialMatch {
            tickets,
            ..PartialMatch::default()
        }),
        ..BackfillTicket::default()
    };
    let put = |slot, message: &BackfillTicket| Slots::BACKFILL.write(slot, message).unwrap();
    let parameters = Parameters {
        rules: Some(Rules { json: "{}".into() }),
        ..Parameters::default()
    };
    let one = raw(&sound(1).encode_to_vec());
    let large = session("large", vec![one.clone(); 257]);
    let odd = session("odd", vec![raw(&excluding(one.fields().to_vec(), 257))]);
    let requests = vec![
        Slots::BACKFILL
            .write(Slot::Parameters, &parameters)
            .unwrap(),
        put(Slot::BackfillTicket, &large),
        put(Slot::BackfillTicket, &odd),
        put(Slot::BackfillTicket, &session("sound", vec![one])),
        Slots::BACKFILL
            .write(Slot::Ticket, &raw(&beyond("excluded_sessions", "bad")))
            .unwrap(),
        Slots::BACKFILL
            .write(Slot::Ticket, &raw(&sound(2).encode_to_vec()))
            .unwrap(),
    ];
    let mut server = telemetry::start(&[]).await;
    let answers = server
        .client
        .backfill_matches(tokio_stream::iter(requests))
        .await;
    let proposals = all(answers.unwrap().into_inner()).await.unwrap();
    let made: Vec<_> = proposals
        .iter()
        .map(|answer| answer.backfill_proposal.as_ref().unwrap())
        .map(|made| (&*made.backfill_ticket_id, made.added_tickets.len()))
        .collect();
    assert_eq!(made, [("sound", 1)]);
    let metrics = server.metrics().await;
    for counted in [
        "invalid_tickets_total{bound=\"session_tickets\"} 1\n",
        "invalid_tickets_total{bound=\"excluded_sessions\"} 2\n",
        "refusals_total{reason=\"invalid_ticket\"} 3\n",
    ] {
        assert!(metrics.contains(counted), "{counted}\n{metrics}");
    }
    server.end().await;
}

/// Tickets of a file, one in each line.
fn tickets(lines: &str) -> Vec<Opaque> {
    let ticket = |line: &str| {
        let short: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let players = short["players"].as_array().expect("players").iter();
        let player = |player: &serde_json::Value| Player {
            player_id: player["player_id"].as_str().expect("an id").into(),
            attributes: None,
        };
        request(&Ticket {
            ticket_id: short["ticket_id"].as_str().unwrap_or_default().into(),
            match_pool: "p".into(),
            players: players.map(player).collect(),
            ..Ticket::default()
        })
    };
    lines.lines().map(ticket).collect()
}

#[tokio::test]
async fn pair_rules_leave_out_tickets_without_players_and_take_the_same_player_twice() {
    let server = start(&[]);
    let none = include_str!("../../cases/reports/13/tickets-no-players.ndjson");
    let twice = include_str!("../../cases/reports/13/tickets-same-player.ndjson");
    for (lines, matches) in [(none, 0), (twice, 1)] {
        let mut requests = vec![parameters(include_str!(
            "../../cases/reports/13/rules.json"
        ))];
        requests.extend(tickets(lines));
        assert_eq!(server.make(requests).await.unwrap().len(), matches);
    }
}
