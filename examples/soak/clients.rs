//! The clients, each of which goes on until it is dropped.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use match_function::proto::{Opaque, ValidateTicketRequest};
use prost::Message;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_stream::StreamExt;
use tonic::codec::CompressionEncoding;
use tonic::{Code, Status};

use crate::load::{Load, Target};
use crate::wire::{Match, Player, Ticket, parameters, raw, request};

/// Two teams of five, near in `mmr`.
const FIVES: &str = r#"{"alliance": {"min_number": 2, "max_number": 2,
    "player_min_number": 5, "player_max_number": 5},
    "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 200}]}"#;

/// Statuses by which a server says that it cannot take more now. Not failures, but counted.
const BUSY: [Code; 2] = [Code::ResourceExhausted, Code::Unavailable];

/// Unary calls, one after the other.
pub(crate) async fn unary(target: Target, load: Arc<Load>) {
    let mut client = target.client();
    loop {
        let request = ValidateTicketRequest {
            ticket: Some(raw(&party(1, 2, 1000.0).encode_to_vec())),
            ..ValidateTicketRequest::default()
        };
        match client.validate_ticket(request).await {
            Ok(answer) if answer.get_ref().valid_ticket => load.count("unary", 1),
            Ok(_) => load.fail("a valid ticket is refused".to_owned()),
            Err(status) => load.fail(format!("ValidateTicket: {status}")),
        }
        sleep(Duration::from_millis(2)).await;
    }
}

/// Queues under pair rules: every ticket is in exactly one match.
pub(crate) async fn pairs(target: Target, load: Arc<Load>) {
    let mut client = target.client();
    loop {
        let count = 2 * fastrand::usize(1..1000);
        let solo = |id| party(id, 1, 0.0);
        let requests = requests("{}", (0..count).map(solo).collect());
        let placed = match client.make_matches(tokio_stream::iter(requests)).await {
            Ok(answers) => placed(answers.into_inner()).await,
            Err(status) => Err(status.to_string()),
        };
        match placed {
            Ok(placed) if placed == count => load.count("pairs", placed as u64),
            Ok(placed) => load.fail(format!("of {count} tickets {placed} are in a match")),
            Err(why) => load.fail(format!("MakeMatches with pair rules: {why}")),
        }
    }
}

/// Queues under alliance rules: no ticket is in two matches.
pub(crate) async fn teams(target: Target, load: Arc<Load>) {
    let mut client = target.client();
    loop {
        let count = fastrand::usize(10..5000);
        let any = |id| party(id, fastrand::usize(1..=5), fastrand::f64() * 3000.0);
        let requests = requests(FIVES, (0..count).map(any).collect());
        let placed = match client.make_matches(tokio_stream::iter(requests)).await {
            Ok(answers) => placed(answers.into_inner()).await,
            Err(status) if BUSY.contains(&status.code()) => {
                load.count("busy", 1);
                continue;
            }
            Err(status) => Err(status.to_string()),
        };
        match placed {
            Ok(placed) => load.count("teams", placed as u64),
            Err(why) => load.fail(format!("MakeMatches with alliance rules: {why}")),
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// Streams that are dropped somewhere in their middle.
pub(crate) async fn cancel(target: Target, load: Arc<Load>) {
    let mut client = target.client();
    loop {
        let rules = if fastrand::bool() { "{}" } else { FIVES };
        let solo = |id| party(id, 1, 1000.0);
        let count = fastrand::usize(0..2000);
        let requests = requests(rules, (0..count).map(solo).collect());
        let endless = tokio_stream::iter(requests).chain(tokio_stream::pending());
        // The client goes while it sends, waits for the head, or reads.
        let call = async {
            if let Ok(answers) = client.make_matches(endless).await {
                let _ = placed(answers.into_inner()).await;
            }
        };
        let _ = timeout(Duration::from_millis(fastrand::u64(1..50)), call).await;
        load.count("cancelled", 1);
    }
}

/// Bytes that are not gRPC, and gRPC messages that are not protobuf.
pub(crate) async fn garbage(target: Target, load: Arc<Load>) {
    let mut client = target.client();
    loop {
        if let Ok(mut socket) = TcpStream::connect(target.address).await {
            let mut bytes = Vec::new();
            if fastrand::bool() {
                bytes.extend_from_slice(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
            }
            bytes.extend((0..fastrand::usize(1..4096)).map(|_| fastrand::u8(..)));
            // The server may close before all is written.
            let _ = socket.write_all(&bytes).await;
        }
        let noise: Vec<u8> = (0..fastrand::usize(1..256))
            .map(|_| fastrand::u8(..))
            .collect();
        let requests = vec![parameters("{}"), raw(&noise)];
        if let Ok(answers) = client.make_matches(tokio_stream::iter(requests)).await
            && let Err(status) = all(answers.into_inner()).await
            && matches!(status.code(), Code::Internal | Code::Unknown)
        {
            load.fail(format!("a message that is not protobuf: {status}"));
        }
        load.count("garbage", 1);
        sleep(Duration::from_millis(20)).await;
    }
}

/// Small messages that become large, many at a time, then a pause in which memory may go back.
pub(crate) async fn gzip_bursts(target: Target, load: Arc<Load>) {
    let mut client = target
        .client()
        .send_compressed(CompressionEncoding::Gzip)
        .max_encoding_message_size(8 << 20);
    loop {
        let large = |id| Ticket {
            of_tomorrow: vec![0; 3 << 20],
            ..party(id, 1, 1000.0)
        };
        let requests = requests(FIVES, (0..9).map(large).collect());
        let refused = match client.make_matches(tokio_stream::iter(requests)).await {
            Ok(answers) => all(answers.into_inner()).await.err(),
            Err(status) => Some(status),
        };
        match refused {
            None => load.count("bursts", 1),
            Some(status) if BUSY.contains(&status.code()) => load.count("busy", 1),
            Some(status) => load.fail(format!("a gzip burst: {status}")),
        }
        sleep(Duration::from_secs(5)).await;
    }
}

/// A client that sends a queue and never reads its matches.
pub(crate) async fn read_nothing(target: Target, load: Arc<Load>) {
    loop {
        let mut client = target.client();
        let requests = requests("{}", (0..20_000).map(|id| party(id, 1, 0.0)).collect());
        let call = client.make_matches(tokio_stream::iter(requests));
        let answers = timeout(Duration::from_secs(5), call).await;
        sleep(Duration::from_secs(5)).await;
        drop(answers);
        load.count("unread", 1);
    }
}

/// A party of so many players with a value of `mmr`.
fn party(id: usize, players: usize, mmr: f64) -> Ticket {
    let player = |place| Player {
        player_id: format!("player-{id}-{place}"),
        attributes: Some(prost_types::Struct {
            fields: [("mmr".to_owned(), mmr.into())].into(),
        }),
    };
    Ticket {
        ticket_id: format!("ticket-{id}"),
        match_pool: "soak".to_owned(),
        players: (0..players).map(player).collect(),
        ..Ticket::default()
    }
}

fn requests(rules: &str, tickets: Vec<Ticket>) -> Vec<Opaque> {
    let tickets = tickets.iter().map(request);
    std::iter::once(parameters(rules)).chain(tickets).collect()
}

type Answers = tonic::Streaming<match_function::proto::MatchResponse>;

/// How many tickets are in a match; each may be in one only.
async fn placed(answers: Answers) -> Result<usize, String> {
    let mut seen = HashSet::new();
    for bytes in all(answers).await.map_err(|status| status.to_string())? {
        let made = Match::decode(bytes.fields().clone()).map_err(|error| error.to_string())?;
        for ticket in made.tickets {
            let ticket =
                Ticket::decode(ticket.fields().clone()).map_err(|error| error.to_string())?;
            if !seen.insert(ticket.ticket_id) {
                return Err("a ticket is in two matches".to_owned());
            }
        }
    }
    Ok(seen.len())
}

/// The matches of all answers.
async fn all(mut answers: Answers) -> Result<Vec<Opaque>, Status> {
    let mut received = Vec::new();
    while let Some(answer) = answers.next().await {
        received.extend(answer?.r#match);
    }
    Ok(received)
}
