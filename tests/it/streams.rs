//! MakeMatches: what comes back for what is sent.

mod bounds;
mod panics;
mod refusals;
mod rulesets;
mod sessions;

use std::time::Duration;

use match_function::proto::{MatchResponse, Opaque};
use proptest::test_runner::{Config, TestRunner};
use prost::Message;
use prost_types::Struct;
use prost_types::value::Kind;
use serde_json::{Value, json};
use tokio_stream::StreamExt;

use crate::support::{
    Player, Server, Ticket, all, ids, made, open, parameters, raw_request, request, start, ticket,
};

#[tokio::test]
async fn six_players_make_three_pairs_in_order() {
    let server = start(&[]);
    let mut requests = vec![parameters("{}")];
    requests.extend(["a", "b", "c", "d", "e", "f"].map(ticket));
    let matches = server.make(requests).await.unwrap();
    assert_eq!(ids(&matches), [["a", "b"], ["c", "d"], ["e", "f"]]);
    let first = made(&matches[0]);
    assert_eq!(first.teams.len(), 1);
    assert_eq!(first.teams[0].user_ids, ["a-player", "b-player"]);
    assert_eq!(first.teams[0].team_id.len(), 32);
    assert!(!first.teams[0].team_id.contains('-'));
    assert_eq!(first.region_preferences, ["any"]);
    assert!(!first.backfill);
}

#[tokio::test]
async fn a_match_comes_while_the_stream_is_open() {
    let server = start(&[]);
    let (sender, requests) = open();
    let mut client = server.client().await;
    let mut answers = client.make_matches(requests).await.unwrap().into_inner();
    for request in [parameters("{}"), ticket("a"), ticket("b")] {
        sender.send(request).await.unwrap();
    }
    let made = answers.next().await.unwrap().unwrap();
    assert_eq!(ids(&[made]), [["a", "b"]]);
    sender.send(ticket("c")).await.unwrap();
    drop(sender);
    assert!(all(answers).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_ticket_comes_back_byte_for_byte_with_unknown_fields() {
    let server = start(&[]);
    let number = |n: f64| prost_types::Value {
        kind: Some(prost_types::value::Kind::NumberValue(n)),
    };
    let attributes = || {
        Some(prost_types::Struct {
            fields: [("mmr".into(), number(1.5))].into(),
        })
    };
    let full = Ticket {
        created_at: Some(prost_types::Timestamp {
            seconds: 1,
            nanos: 2,
        }),
        players: vec![Player {
            player_id: "p".into(),
            attributes: attributes(),
        }],
        ticket_attributes: attributes(),
        latencies: [("eu".into(), 20), ("us".into(), 90)].into(),
        party_session_id: "party".into(),
        of_tomorrow: vec![0, 1, 2, 255],
        ..Ticket::new("a", "pool")
    };
    let sent = full.encode_to_vec();
    // The same fields, the unknown one first: an order that no encoder of the contract writes.
    let odd = [
        &b"\x92\x03\x02hi"[..],
        &Ticket::new("b", "pool").encode_to_vec(),
    ]
    .concat();
    let requests = vec![parameters("{}"), raw_request(&sent), raw_request(&odd)];
    let matches = server.make(requests).await.unwrap();
    let made = made(&matches[0]);
    assert_eq!(made.tickets[0].fields()[..], sent[..]);
    assert_eq!(made.tickets[1].fields()[..], odd[..]);
    assert_eq!(made.region_preferences, ["eu", "us"]);
    assert_eq!(made.teams[0].parties.len(), 1);
    assert_eq!(made.teams[0].parties[0].party_id, "party");
    assert_eq!(made.teams[0].parties[0].user_ids, ["p"]);
}

#[tokio::test]
async fn the_rest_makes_a_smaller_match_that_asks_for_backfill() {
    let server = start(&[]);
    let rules = r#"{"shipCountMin": 2, "shipCountMax": 4, "auto_backfill": true}"#;
    let mut requests = vec![parameters(rules)];
    requests.extend(["a", "b", "c", "d", "e", "f"].map(ticket));
    let matches = server.make(requests).await.unwrap();
    assert_eq!(ids(&matches), [vec!["a", "b", "c", "d"], vec!["e", "f"]]);
    let backfill: Vec<_> = matches.iter().map(|answer| made(answer).backfill).collect();
    assert_eq!(backfill, [false, true]);
}

#[tokio::test]
async fn a_ticket_seen_before_is_ignored_and_one_without_an_id_never_is() {
    let server = start(&[]);
    let requests = vec![parameters("{}"), ticket("a"), ticket("a"), ticket("b")];
    assert_eq!(ids(&server.make(requests).await.unwrap()), [["a", "b"]]);
    let requests = vec![parameters("{}"), ticket(""), ticket("")];
    assert_eq!(ids(&server.make(requests).await.unwrap()), [["", ""]]);
}

/// A server that kept tickets that were left over would match them in the stream that comes next.
#[tokio::test]
async fn streams_share_nothing() {
    let server = start(&[]);
    let odd = |name: &str| vec![parameters("{}"), ticket(name)];
    assert!(server.make(odd("left")).await.unwrap().is_empty());
    assert!(server.make(odd("alone")).await.unwrap().is_empty());

    // And at the same time: two open streams with one ticket each.
    let mut client = server.client().await;
    let (first, first_requests) = open();
    let (second, second_requests) = open();
    let one = client
        .make_matches(first_requests)
        .await
        .unwrap()
        .into_inner();
    let other = client
        .make_matches(second_requests)
        .await
        .unwrap()
        .into_inner();
    for (sender, name) in [(&first, "x"), (&second, "y"), (&second, "z")] {
        if name != "z" {
            sender.send(parameters("{}")).await.unwrap();
        }
        sender.send(ticket(name)).await.unwrap();
    }
    drop((first, second));
    assert!(all(one).await.unwrap().is_empty());
    assert_eq!(ids(&all(other).await.unwrap()), [["y", "z"]]);
}

/// However the bytes are cut into messages of the transport, the answer is the same.
#[test]
fn the_same_tickets_give_the_same_bytes() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(async { start(&[]) });
    let counts = (1_usize..5, 0_usize..4, 0_u32..40, proptest::bool::ANY);
    let mut runner = TestRunner::new(Config::with_cases(24));
    let case = |(min, more, tickets, pause)| {
        let rules = format!(
            r#"{{"shipCountMin": {min}, "shipCountMax": {}}}"#,
            min + more
        );
        let requests = || {
            let tickets = (0..tickets).map(|n| ticket(&format!("t{n}")));
            std::iter::once(parameters(&rules))
                .chain(tickets)
                .collect::<Vec<_>>()
        };
        let (at_once, one_by_one) = runtime.block_on(async {
            (
                server.make(requests()).await.unwrap(),
                cut(&server, requests(), pause).await,
            )
        });
        assert_eq!(bytes(&at_once), bytes(&one_by_one));
        Ok(())
    };
    runner.run(&counts, case).unwrap();
}

/// Sends each message for itself, with pauses in between if so told.
async fn cut(server: &Server, requests: Vec<Opaque>, pause: bool) -> Vec<MatchResponse> {
    let (sender, stream) = open();
    let mut client = server.client().await;
    let answers = client
        .make_matches(stream)
        .await
        .expect("a stream")
        .into_inner();
    for request in requests {
        sender.send(request).await.expect("the stream is open");
        if pause {
            tokio::task::yield_now().await;
        }
    }
    drop(sender);
    all(answers).await.expect("an answer")
}

fn bytes(matches: &[MatchResponse]) -> Vec<Vec<u8>> {
    matches.iter().map(Message::encode_to_vec).collect()
}

/// The same with roles, with sub game modes, and with both.
#[tokio::test]
async fn roles_and_modes_give_the_same_bytes() {
    let roles = json!({"has_combination": true, "role_flexing_enable": true, "role_flexing_second": 20,
        "role_flexing_player": 2, "alliances": [[{"name": "tank", "min": 1, "max": 1},
        {"name": "dps", "min": 1, "max": 2}, {"name": "healer", "min": 1, "max": 1}]]});
    let teams = |size, roles: &Value| {
        json!({"min_number": 2, "max_number": 2, "player_min_number": size, "player_max_number": size,
            "combination": roles})
    };
    let modes = |roles: &Value| json!({"trio": {"alliance": teams(3, roles)}, "quartet": {"alliance": teams(4, roles)}});
    let none = json!({});
    let server = start(&[]);
    for rules in [
        json!({"alliance": teams(3, &roles)}),
        json!({"alliance": teams(3, &none), "sub_game_modes": modes(&none)}),
        json!({"alliance": teams(3, &none), "sub_game_modes": modes(&roles)}),
    ] {
        let rules = rules.to_string();
        let requests = || {
            let tickets = (0..240).map(|n| request(&of_role_and_mode(n)));
            std::iter::once(parameters(&rules))
                .chain(tickets)
                .collect::<Vec<_>>()
        };
        let at_once = server.make(requests()).await.unwrap();
        assert!(at_once.len() > 20, "{}: {rules}", at_once.len());
        for pause in [false, true] {
            assert_eq!(
                bytes(&at_once),
                bytes(&cut(&server, requests(), pause).await),
                "{rules}"
            );
        }
    }
}

/// A ticket of one to three players that ask for a role or two and accept a mode or two.
fn of_role_and_mode(n: u32) -> Ticket {
    let text = |text: &str| prost_types::Value {
        kind: Some(Kind::StringValue(text.to_owned())),
    };
    let list = |texts: &[&str]| {
        let values = texts.iter().map(|one| text(one)).collect();
        prost_types::Value {
            kind: Some(Kind::ListValue(prost_types::ListValue { values })),
        }
    };
    let fields = |name: &str, value| Struct {
        fields: [(name.to_owned(), value)].into(),
    };
    let asked: [&[&str]; 4] = [&["tank"], &["dps", "healer"], &["healer"], &["dps", "tank"]];
    let accepted: [&[&str]; 3] = [&["trio"], &["quartet", "trio"], &["quartet"]];
    let mut ticket = Ticket::new(&format!("t{n}"), "pool");
    let player = |of: u32| Player {
        player_id: format!("p{n}-{of}"),
        attributes: Some(fields("role", list(asked[((n * 7 + of * 3) % 4) as usize]))),
    };
    ticket.players = (0..1 + n % 3).map(player).collect();
    ticket.ticket_attributes = Some(fields(
        "sub_game_mode",
        list(accepted[((n / 3) % 3) as usize]),
    ));
    let age_s = i64::from(n * 37 % 60);
    ticket.created_at = Some(prost_types::Timestamp {
        seconds: 1_700_000_000 - age_s,
        nanos: 0,
    });
    ticket
}

#[tokio::test]
async fn a_client_that_does_not_read_is_not_read_from() {
    let server = start(&[]);
    let mut client = server.client().await;
    let (sender, requests) = open();
    let answers = client.make_matches(requests).await.unwrap().into_inner();
    sender.send(parameters("{}")).await.unwrap();
    let mut sent = 0_u32;
    // Far more than the windows of HTTP/2 hold: sending has to come to rest.
    let rest = async {
        loop {
            let mut one = Ticket::new(&sent.to_string(), "pool");
            one.of_tomorrow = vec![7; 10_000];
            sender.send(request(&one)).await.unwrap();
            sent += 1;
            assert!(
                sent < 50_000,
                "500 MB were taken from a client that reads nothing"
            );
        }
    };
    tokio::time::timeout(Duration::from_secs(2), rest)
        .await
        .expect_err("sending came to rest");
    // Once it reads, everything is there.
    drop(sender);
    let matches = all(answers).await.unwrap().len();
    assert!(matches >= sent as usize / 2);
}
