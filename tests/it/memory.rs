//! The memory budget over a real port: 16 MiB for all calls, tickets of 1 MiB.

use std::time::Duration;

use match_function::proto::{GetStatCodesRequest, MatchResponse, Opaque};
use tokio::sync::mpsc::Sender;
use tokio::task::JoinHandle;
use tonic::codec::CompressionEncoding;
use tonic::{Code, Status};

use crate::support::{Client, Ticket, all, ids, open, parameters, request, ticket};
use crate::telemetry::{Running, start};

/// Teams of one: all tickets are held until the half-close.
const RULES: &str = r#"{"alliance": {
    "min_number": 2, "max_number": 2, "player_min_number": 1, "player_max_number": 1}}"#;

const MIB: u64 = 1 << 20;

/// How long a test waits for what must come. Never reached when all is well.
const PATIENCE: Duration = Duration::from_secs(20);

async fn server() -> Running {
    start(&[
        ("MAX_MEMORY_BYTES", "16777216"),
        ("MATCH_TIME_LIMIT_SECOND", "600"),
    ])
    .await
}

/// A stream that is open for tickets of 1 MiB.
struct Open {
    sender: Sender<Opaque>,
    sent: usize,
    answers: JoinHandle<Result<Vec<MatchResponse>, Status>>,
}

impl Open {
    async fn with(mut client: Client) -> Self {
        let (sender, requests) = open();
        sender.send(parameters(RULES)).await.expect("open");
        let answers = tokio::spawn(async move {
            let answers = client.make_matches(requests).await?;
            all(answers.into_inner()).await
        });
        Self {
            sender,
            sent: 0,
            answers,
        }
    }

    async fn send(&mut self, tickets: usize) {
        for _ in 0..tickets {
            let mut large = Ticket::new(&self.sent.to_string(), "pool");
            large.of_tomorrow = vec![0; MIB as usize];
            self.sender.send(request(&large)).await.expect("open");
            self.sent += 1;
        }
    }

    /// How many tickets were matched after the half-close.
    async fn matched(self) -> usize {
        drop(self.sender);
        let matches = self.answers.await.expect("no panic").expect("matches");
        ids(&matches).concat().len()
    }

    async fn refusal(self) -> Status {
        let answers = tokio::time::timeout(PATIENCE, self.answers).await;
        answers
            .expect("an answer")
            .expect("no panic")
            .expect_err("a refusal")
    }
}

async fn figure(server: &Running, name: &str) -> u64 {
    let metrics = server.metrics().await;
    let start = format!("app_server_{name} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&start));
    line.expect("exported").parse().expect("a number")
}

async fn until(server: &Running, name: &str, reached: impl Fn(u64) -> bool) {
    let wait = async { while !reached(figure(server, name).await) {} };
    tokio::time::timeout(PATIENCE, wait).await.expect(name);
}

async fn small_calls_are_answered(server: &Running) {
    let mut client = server.client.clone();
    let codes = client.get_stat_codes(GetStatCodesRequest::default()).await;
    codes.expect("answered");
    let pair = tokio_stream::iter([parameters("{}"), ticket("a"), ticket("b")]);
    let answers = client.make_matches(pair).await.expect("answered");
    let matches = all(answers.into_inner()).await.expect("answered");
    assert_eq!(ids(&matches), [["a", "b"]]);
}

#[tokio::test]
async fn a_second_large_stream_waits_until_the_first_one_ends() {
    let server = server().await;
    let mut first = Open::with(server.client.clone()).await;
    first.send(12).await;
    until(&server, "memory_used_bytes", |used| used > 12 * MIB).await;
    let mut second = Open::with(server.client.clone()).await;
    second.send(8).await;
    until(&server, "memory_held_back_total", |calls| calls == 1).await;
    assert!(figure(&server, "memory_used_bytes").await < 15 * MIB);
    small_calls_are_answered(&server).await;
    assert_eq!(first.matched().await, 12);
    assert_eq!(second.matched().await, 8);
    until(&server, "memory_used_bytes", |used| used == 0).await;
    assert_eq!(figure(&server, "memory_refused_total").await, 0);
}

#[tokio::test]
async fn the_newest_large_stream_is_refused_when_the_budget_is_used() {
    let server = server().await;
    let mut first = Open::with(server.client.clone()).await;
    first.send(10).await;
    until(&server, "memory_used_bytes", |used| used > 10 * MIB).await;
    let mut second = Open::with(server.client.clone()).await;
    second.send(3).await;
    until(&server, "memory_used_bytes", |used| used > 13 * MIB).await;
    first.send(4).await;
    let refusal = second.refusal().await;
    assert_eq!(refusal.code(), Code::Aborted, "{refusal:?}");
    assert!(
        refusal.message().contains("MAX_MEMORY_BYTES"),
        "{refusal:?}"
    );
    small_calls_are_answered(&server).await;
    assert_eq!(first.matched().await, 14);
    assert_eq!(figure(&server, "memory_refused_total").await, 1);
    until(&server, "memory_used_bytes", |used| used == 0).await;
}

#[tokio::test]
async fn what_is_decompressed_counts_and_a_stream_alone_is_refused_too() {
    let server = server().await;
    let client = server.client.clone();
    let client = client.send_compressed(CompressionEncoding::Gzip);
    let mut stream = Open::with(client).await;
    stream.send(20).await;
    let refusal = stream.refusal().await;
    assert_eq!(refusal.code(), Code::Aborted, "{refusal:?}");
    until(&server, "memory_used_bytes", |used| used == 0).await;
}

#[tokio::test]
async fn a_client_that_leaves_gives_its_memory_back() {
    let server = server().await;
    let mut stream = Open::with(server.client.clone()).await;
    stream.send(6).await;
    until(&server, "memory_used_bytes", |used| used > 6 * MIB).await;
    stream.answers.abort();
    // The request goes with the answers: HTTP/2 resets the stream.
    drop(stream);
    until(&server, "memory_used_bytes", |used| used == 0).await;
}
