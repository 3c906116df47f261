//! MakeMatches: what comes back for what is sent.

mod panics;
mod refusals;
mod sessions;

use std::time::Duration;

use proptest::test_runner::{Config, TestRunner};
use prost::Message;
use tokio_stream::StreamExt;

use crate::support::{
    Player, Ticket, all, ids, made, open, parameters, raw_request, request, start, ticket,
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
            let at_once = server.make(requests()).await.unwrap();
            let (sender, stream) = open();
            let mut client = server.client().await;
            let answers = client.make_matches(stream).await.unwrap().into_inner();
            for request in requests() {
                sender.send(request).await.unwrap();
                if pause {
                    tokio::task::yield_now().await;
                }
            }
            drop(sender);
            (at_once, all(answers).await.unwrap())
        });
        let bytes = |matches: &[match_function::proto::MatchResponse]| {
            matches
                .iter()
                .map(Message::encode_to_vec)
                .collect::<Vec<_>>()
        };
        assert_eq!(bytes(&at_once), bytes(&one_by_one));
        Ok(())
    };
    runner.run(&counts, case).unwrap();
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
