//! Streams that are refused, and those that end because they stay open for too long.

use std::time::Duration;

use tokio_stream::StreamExt;
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{
    Player, Ticket, all, ids, open, parameters, raw, raw_request, request, start, ticket,
};

#[tokio::test]
async fn the_stream_contract_is_enforced() {
    let server = start(&[]);
    let invalid = Code::InvalidArgument;
    let first = "the first message of a stream has to be `parameters`; it was `ticket`";
    server.refused(vec![ticket("a")], invalid, &[first]).await;
    let twice = vec![parameters("{}"), ticket("a"), parameters("{}")];
    server
        .refused(
            twice,
            invalid,
            &["message 3", "`parameters` again", "as its first message"],
        )
        .await;
    let none = "message 1 of the stream has no `request_type`; `parameters` was expected";
    server.refused(vec![raw(b"")], invalid, &[none]).await;
    let unset = vec![parameters("{}"), raw(b"")];
    server
        .refused(unset, invalid, &["message 2", "`ticket` was expected"])
        .await;
    server
        .refused(vec![], invalid, &["ended without a message"])
        .await;
    let mixed = vec![
        parameters("{}"),
        ticket("a"),
        request(&Ticket::new("b", "other")),
    ];
    server
        .refused(mixed, invalid, &["\"b\"", "\"other\"", "\"pool\""])
        .await;
    let garbage = vec![parameters("{}"), raw(b"\x12\xff")];
    server
        .refused(
            garbage,
            invalid,
            &["MakeMatchesRequest is not a protobuf message"],
        )
        .await;
    let broken = vec![parameters("{}"), raw_request(b"\x22\x03\x0a\x05x")];
    server
        .refused(
            broken,
            invalid,
            &["ticket: `players[0]` is not a protobuf message"],
        )
        .await;
    let latin = vec![parameters("{}"), raw_request(b"\x0a\x01\xe9")];
    server
        .refused(latin, invalid, &["`ticket_id` is not UTF-8"])
        .await;
    let number = vec![parameters("{}"), raw_request(b"\x08\x01")];
    server
        .refused(number, invalid, &["`ticket_id` has the wrong wire type"])
        .await;
}

#[tokio::test]
async fn the_tickets_before_a_broken_one_are_matched_first() {
    let server = start(&[]);
    let mut client = server.client().await;
    for pairs in [1, 20] {
        let mut requests = vec![parameters("{}")];
        requests.extend((0..2 * pairs).map(|n| ticket(&n.to_string())));
        requests.push(raw_request(b"\x08\x01"));
        let requests = tokio_stream::iter(requests);
        let mut answers = client.make_matches(requests).await.unwrap().into_inner();
        for n in 0..pairs {
            let made = answers.next().await.unwrap().unwrap();
            let both = [2 * n, 2 * n + 1].map(|n| n.to_string());
            assert_eq!(ids(&[made]), [both]);
        }
        let status = answers.next().await.unwrap().unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(answers.next().await.is_none());
    }
}

#[tokio::test]
async fn a_field_at_fault_is_named_in_the_details() {
    let server = start(&[]);
    let field = |status: &tonic::Status| {
        let details = status.get_details_bad_request().expect("details");
        details.field_violations[0].field.clone()
    };
    let mixed = vec![
        parameters("{}"),
        ticket("a"),
        request(&Ticket::new("b", "other")),
    ];
    assert_eq!(field(&server.refusal(mixed).await), "ticket.match_pool");
    let rules = vec![parameters(r#"{"shipCountMin": -1}"#)];
    assert_eq!(field(&server.refusal(rules).await), "shipCountMin");
}

#[tokio::test]
async fn wrong_rules_are_refused_with_the_reason() {
    let server = start(&["--max-rules-bytes", "100"]);
    let invalid = Code::InvalidArgument;
    server
        .refused(vec![parameters("{")], invalid, &["not JSON"])
        .await;
    server
        .refused(
            vec![parameters("[]")],
            invalid,
            &["has to be a JSON object"],
        )
        .await;
    let crossed = parameters(r#"{"shipCountMin": 3, "shipCountMax": 2}"#);
    server
        .refused(
            vec![crossed],
            invalid,
            &["`shipCountMin` is 3", "`shipCountMax`"],
        )
        .await;
    let long = parameters(&format!("{{\"x\": \"{}\"}}", "y".repeat(100)));
    server
        .refused(vec![long], invalid, &["MAX_RULES_BYTES"])
        .await;
    let teams = parameters(r#"{"alliance": {"min_number": 2}}"#);
    server
        .refused(vec![teams], invalid, &["`alliance.max_number` is missing"])
        .await;
}

#[tokio::test]
async fn every_bound_has_its_own_error() {
    let server = start(&[
        "--max-message-bytes=2048",
        "--max-stream-bytes=1500",
        "--max-tickets-per-stream=5",
        "--max-players-per-ticket=2",
        "--max-regions-per-ticket=2",
    ]);
    let invalid = Code::InvalidArgument;
    let with = |change: &dyn Fn(&mut Ticket)| {
        let mut ticket = Ticket::new("x", "pool");
        change(&mut ticket);
        vec![parameters("{}"), request(&ticket)]
    };
    let huge = with(&|ticket| ticket.of_tomorrow = vec![0; 4000]);
    server
        .refused(huge, Code::OutOfRange, &["message length too large"])
        .await;
    let many = with(&|ticket| ticket.players = vec![Player::default(); 3]);
    server
        .refused(
            many,
            invalid,
            &["`players` has more than 2", "MAX_PLAYERS_PER_TICKET"],
        )
        .await;
    let far = with(&|ticket| ticket.latencies = (0..3).map(|n| (n.to_string(), n)).collect());
    server
        .refused(
            far,
            invalid,
            &["`latencies` has more than 2", "MAX_REGIONS_PER_TICKET"],
        )
        .await;
    let mut long = vec![parameters("{}")];
    long.extend((0..6).map(|n| ticket(&n.to_string())));
    server
        .refused(long, invalid, &["MAX_TICKETS_PER_STREAM"])
        .await;
    let large = |n: u32| {
        let mut ticket = Ticket::new(&n.to_string(), "pool");
        ticket.of_tomorrow = vec![0; 800];
        request(&ticket)
    };
    let bytes = vec![parameters("{}"), large(1), large(2)];
    server.refused(bytes, invalid, &["MAX_STREAM_BYTES"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_does_not_stay_open_for_ever() {
    let server = start(&[
        "--stream-idle-timeout-second=5",
        "--stream-timeout-second=12",
    ]);
    let mut client = server.client().await;
    let (_sender, requests) = open();
    let answers = client.make_matches(requests).await.unwrap().into_inner();
    let idle = all(answers).await.expect_err("idle");
    assert_eq!(idle.code(), Code::DeadlineExceeded);
    assert!(
        idle.message().contains("STREAM_IDLE_TIMEOUT_SECOND"),
        "{idle:?}"
    );

    let (sender, requests) = open();
    let answers = client.make_matches(requests).await.unwrap().into_inner();
    tokio::spawn(async move {
        sender.send(parameters("{}")).await.unwrap();
        // Until the server ends the stream.
        while sender.send(ticket("")).await.is_ok() {
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    });
    let long = all(answers).await.expect_err("too long");
    assert!(long.message().contains("STREAM_TIMEOUT_SECOND"), "{long:?}");
}
