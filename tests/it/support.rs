//! A server of its own for each test, and small builders of what AGS sends.

// The AGS double stands apart from the tests of the server: a demo may use it too.
#[path = "../support/ags.rs"]
pub(crate) mod ags;
#[path = "../support/logs.rs"]
pub(crate) mod logs;
#[path = "../support/tokens.rs"]
pub(crate) mod tokens;
// What `make soak` judges by; only its own tests are run here.
#[path = "../support/trend.rs"]
#[allow(dead_code, reason = "used by an example")]
mod trend;
#[path = "../support/wire.rs"]
mod wire;

use std::ffi::OsString;
use std::net::SocketAddr;

use clap::{Args, Command, FromArgMatches};
use match_function::app::{App, AppError, Ended};
use match_function::config::{self, Config};
use match_function::matching::{AgsLogic, MatchLogic};
use match_function::proto::match_function_client::MatchFunctionClient;
use match_function::proto::{MatchResponse, Opaque};
use match_function::telemetry::logging::Output;
use match_function::telemetry::{self, Telemetry};
use prost::Message;
use tokio::sync::mpsc::{Sender, UnboundedSender, channel, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::{ReceiverStream, UnboundedReceiverStream};
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

pub(crate) use wire::*;

/// A server on a free port of this host.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    signals: UnboundedSender<()>,
    running: JoinHandle<Result<Ended, AppError>>,
    _telemetry: Telemetry,
}

pub(crate) type Client = MatchFunctionClient<Channel>;

pub(crate) fn config(flags: &[&str]) -> Config {
    let here = [
        "test",
        "--grpc-addr",
        "127.0.0.1",
        "--port",
        "0",
        "--auth=off",
        "--enable-prometheus=off",
        "--enable-loki=off",
        "--enable-zipkin=off",
    ];
    let arguments = here.iter().chain(flags).map(OsString::from);
    let command = Config::augment_args(Command::new("test"));
    let matches = config::parse(command, arguments, |_| None).expect("valid flags");
    Config::from_arg_matches(&matches).expect("checked by clap")
}

pub(crate) fn start(flags: &[&str]) -> Server {
    start_with(flags, AgsLogic)
}

pub(crate) fn start_with(flags: &[&str], logic: impl MatchLogic) -> Server {
    let config = config(flags);
    let built = telemetry::build(&config.telemetry, Output::stdout());
    // The subscriber is not installed: these tests look at answers, not at logs.
    let (_, telemetry) = built.expect("nothing to connect to");
    let app = App::build(config, telemetry.handles(), logic).expect("a free port");
    let address = app.address();
    let (signals, received) = unbounded_channel();
    let running = tokio::spawn(app.run(UnboundedReceiverStream::new(received)));
    Server {
        address,
        signals,
        running,
        _telemetry: telemetry,
    }
}

impl Server {
    pub(crate) async fn channel(&self) -> Channel {
        let endpoint =
            Channel::from_shared(format!("http://{}", self.address)).expect("an address");
        endpoint.connect().await.expect("the server listens")
    }

    pub(crate) async fn client(&self) -> Client {
        MatchFunctionClient::new(self.channel().await)
    }

    pub(crate) fn signal(&self) {
        self.signals.send(()).expect("the server runs");
    }

    pub(crate) async fn ended(self) -> Ended {
        self.running.await.expect("no panic").expect("no error")
    }

    /// Sends these requests, half-closes, and returns all matches or the refusal.
    pub(crate) async fn make(&self, requests: Vec<Opaque>) -> Result<Vec<MatchResponse>, Status> {
        let mut client = self.client().await;
        all(client
            .make_matches(tokio_stream::iter(requests))
            .await?
            .into_inner())
        .await
    }

    /// The refusal of a stream, and that the server still answers afterwards.
    pub(crate) async fn refusal(&self, requests: Vec<Opaque>) -> Status {
        let status = self.make(requests).await.expect_err("a refusal");
        let pair = vec![parameters("{}"), ticket("a"), ticket("b")];
        assert_eq!(self.make(pair).await.expect("the server lives").len(), 1);
        status
    }

    pub(crate) async fn refused(&self, requests: Vec<Opaque>, code: Code, parts: &[&str]) {
        let status = self.refusal(requests).await;
        assert_eq!(status.code(), code, "{status:?}");
        for part in parts {
            assert!(
                status.message().contains(part),
                "{part:?} is not in {:?}",
                status.message()
            );
        }
    }
}

pub(crate) async fn all<T>(mut answers: Streaming<T>) -> Result<Vec<T>, Status> {
    let mut received = Vec::new();
    while let Some(answer) = answers.next().await {
        received.push(answer?);
    }
    Ok(received)
}

/// A request stream that stays open while the sender lives.
pub(crate) fn open() -> (Sender<Opaque>, ReceiverStream<Opaque>) {
    let (sender, receiver) = channel(64);
    (sender, ReceiverStream::new(receiver))
}

pub(crate) fn ticket(id: &str) -> Opaque {
    request(&Ticket::new(id, "pool"))
}

/// A match as AGS reads it.
pub(crate) fn made(answer: &MatchResponse) -> Match {
    let made = answer.r#match.as_ref().expect("a match");
    Match::decode(made.fields().clone()).expect("a match")
}

/// The ids of each match's tickets.
pub(crate) fn ids(matches: &[MatchResponse]) -> Vec<Vec<String>> {
    let id = |ticket: &Opaque| {
        Ticket::decode(ticket.fields().clone())
            .expect("a ticket")
            .ticket_id
    };
    matches
        .iter()
        .map(|answer| made(answer).tickets.iter().map(id).collect())
        .collect()
}
