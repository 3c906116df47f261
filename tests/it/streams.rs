//! MakeMatches and BackfillMatches: what comes back for what is sent.

use std::time::Duration;

use match_function::matching::{
    AgsLogic, BackfillTick, Flow, MatchLogic, MatchOut, Needs, ParsedRules, RulesError, Tick,
    TickContext, TicketFault,
};
use match_function::proto::{
    BackfillTicket, Opaque, Parameters, Slot, Slots, backfill_ticket::PartialMatch,
    backfill_ticket::Team,
};
use proptest::test_runner::{Config, TestRunner};
use prost::Message;
use tokio_stream::StreamExt;
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{
    Player, Ticket, all, ids, made, open, parameters, raw, raw_request, request, start, start_with,
    ticket,
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
async fn a_ticket_comes_back_byte_for_byte_with_fields_nobody_knows() {
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

/// The original kept tickets that were left over and matched them in whichever stream came next.
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
            &["message 3", "`parameters` again", "come once"],
        )
        .await;
    let none = "message 1 of the stream has no `request_type`; expected is `parameters`";
    server.refused(vec![raw(b"")], invalid, &[none]).await;
    let unset = vec![parameters("{}"), raw(b"")];
    server
        .refused(unset, invalid, &["message 2", "expected is `ticket`"])
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
            &["MakeMatchesRequest is no protobuf message"],
        )
        .await;
    let broken = vec![parameters("{}"), raw_request(b"\x22\x03\x0a\x05x")];
    server
        .refused(
            broken,
            invalid,
            &["ticket: `players[0]` is no protobuf message"],
        )
        .await;
    let latin = vec![parameters("{}"), raw_request(b"\x0a\x01\xe9")];
    server
        .refused(latin, invalid, &["`ticket_id` is no UTF-8 text"])
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

fn session(n: u32, seats_taken: usize) -> Opaque {
    let tickets = (0..seats_taken).map(|t| Ticket::new(&format!("s{n}-{t}"), "pool"));
    let tickets: Vec<_> = tickets.map(|ticket| raw(&ticket.encode_to_vec())).collect();
    let user_ids = (0..seats_taken)
        .map(|t| format!("s{n}-{t}-player"))
        .collect();
    let session = BackfillTicket {
        ticket_id: format!("b{n}"),
        match_pool: "pool".into(),
        created_at: Some(prost_types::Timestamp {
            seconds: 100 - i64::from(n),
            nanos: 0,
        }),
        partial_match: Some(PartialMatch {
            tickets,
            teams: vec![Team {
                user_ids,
                parties: vec![],
                team_id: format!("team-{n}"),
            }],
            ..PartialMatch::default()
        }),
        match_session_id: format!("session-{n}"),
    };
    Slots::BACKFILL
        .write(Slot::BackfillTicket, &session)
        .expect("a slot")
}

fn backfill_ticket(id: &str) -> Opaque {
    let ticket = raw(&Ticket::new(id, "pool").encode_to_vec());
    Slots::BACKFILL
        .write(Slot::Ticket, &ticket)
        .expect("a slot")
}

#[tokio::test]
async fn sessions_are_filled_oldest_first_up_to_the_maximum() {
    let server = start(&[]);
    let rules = r#"{"shipCountMin": 2, "shipCountMax": 3}"#.to_owned();
    let rules = Some(match_function::proto::Rules { json: rules });
    let opening = Parameters {
        rules,
        tick_id: 3,
        ..Parameters::default()
    };
    let mut requests = vec![Slots::BACKFILL.write(Slot::Parameters, &opening).unwrap()];
    requests.extend([
        backfill_ticket("a"),
        session(1, 1),
        session(2, 2),
        session(3, 3),
    ]);
    requests.extend([
        backfill_ticket("b"),
        backfill_ticket("c"),
        backfill_ticket("d"),
    ]);
    let mut client = server.client().await;
    let answers = client
        .backfill_matches(tokio_stream::iter(requests))
        .await
        .unwrap();
    let proposals = all(answers.into_inner()).await.unwrap();
    let seen: Vec<_> = proposals
        .iter()
        .map(|answer| {
            let proposal = answer.backfill_proposal.as_ref().unwrap();
            let added = proposal.added_tickets.len();
            assert_eq!(proposal.proposal_id.len(), 32);
            let team = &proposal.proposed_teams[0];
            (
                proposal.match_session_id.as_str(),
                added,
                team.team_id.as_str(),
                team.user_ids.len(),
            )
        })
        .collect();
    // Number 2 is older than number 1; number 3 is full.
    assert_eq!(
        seen,
        [("session-2", 1, "team-2", 3), ("session-1", 2, "team-1", 3)]
    );
}

/// A logic that panics on the second ticket, or at the end.
struct Broken {
    at_once: bool,
}

#[derive(Debug)]
struct BrokenTick {
    at_once: bool,
    tickets: u32,
}

impl Tick for BrokenTick {
    fn push(&mut self, _: match_function::matching::Ticket, _: &mut dyn MatchOut) -> Flow {
        self.tickets += 1;
        assert!(!self.at_once || self.tickets < 2, "a bug of the studio's");
        Flow::Go
    }

    fn finish(self: Box<Self>, _: &mut dyn MatchOut) {
        panic!("a bug of the studio's");
    }
}

impl MatchLogic for Broken {
    type Rules = ();

    fn rules(&self, _: &str) -> Result<ParsedRules<()>, RulesError> {
        Ok(ParsedRules {
            rules: (),
            warnings: vec![],
        })
    }

    fn stat_codes(&self, (): &()) -> Vec<String> {
        vec![]
    }

    fn needs(&self, (): &()) -> Needs {
        Needs::default()
    }

    fn validate_ticket(
        &self,
        (): &(),
        _: &match_function::matching::Ticket,
    ) -> Result<(), TicketFault> {
        Ok(())
    }

    fn open(&self, (): (), _: TickContext) -> Box<dyn Tick> {
        Box::new(BrokenTick {
            at_once: self.at_once,
            tickets: 0,
        })
    }

    fn open_backfill(&self, (): (), context: TickContext) -> Box<dyn BackfillTick> {
        let rules = AgsLogic.rules("{}").expect("empty rules").rules;
        AgsLogic.open_backfill(rules, context)
    }
}

#[tokio::test]
async fn a_panic_in_a_studios_logic_is_an_error_of_that_call_only() {
    for at_once in [true, false] {
        let server = start_with(&[], Broken { at_once });
        for _ in 0..2 {
            let requests = vec![parameters("{}"), ticket("a"), ticket("b")];
            let status = server.make(requests).await.expect_err("it panics");
            assert_eq!(status.code(), Code::Internal);
            assert!(!status.message().contains("studio"), "{status:?}");
        }
    }
}
