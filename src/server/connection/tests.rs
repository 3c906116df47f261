//! Connections over a pipe in memory and with a clock that stands still: exact times, no waiting.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};

use clap::Parser;
use h2::client::SendRequest;
use http_body::Frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tower::service_fn;

use super::*;
use crate::server::call;
use crate::server::frames::tests::greeting;
use crate::telemetry::metrics::Registrar;

const SECOND: Duration = Duration::from_secs(1);

fn settings(flags: &[&str]) -> Settings {
    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        settings: Settings,
    }
    Alone::parse_from(["test"].iter().chain(flags)).settings
}

/// A body that has a part ready whenever it is asked, or never one.
struct Endless {
    has_parts: bool,
    dropped: Arc<AtomicBool>,
}

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.has_parts {
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[0; 16384])))))
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.dropped.store(true, Relaxed);
    }
}

/// A connection that is served, and its client's end.
struct Served {
    client: DuplexStream,
    task: JoinHandle<()>,
    stop: watch::Sender<()>,
    /// Whether the endless answer is gone.
    dropped: Arc<AtomicBool>,
    begun: Instant,
}

impl Served {
    /// `/quick` is answered at once, `/slow` after 100 s; `/full` and `/empty` never end, within 3 s.
    fn start(flags: &[&str]) -> Self {
        let settings = settings(flags);
        let metrics = ConnectionMetrics::register(&Registrar::detached()).expect("valid names");
        let dropped = Arc::new(AtomicBool::new(false));
        let shared = Arc::clone(&dropped);
        let service = service_fn(move |request: Request<Body>| {
            let dropped = Arc::clone(&shared);
            async move {
                let path = request.uri().path();
                let body = match path {
                    "/full" | "/empty" => {
                        call::end_at(Instant::now() + 3 * SECOND);
                        Body::new(tower_body(Endless {
                            has_parts: path == "/full",
                            dropped,
                        }))
                    }
                    "/slow" => {
                        tokio::time::sleep(100 * SECOND).await;
                        Body::empty()
                    }
                    _ => Body::empty(),
                };
                Ok::<_, Infallible>(Response::new(body))
            }
        });
        let (client, server) = duplex(1 << 16);
        let (stop, stopped) = watch::channel(());
        let task = tokio::spawn(async move {
            serve(
                server,
                service,
                &settings,
                &metrics,
                Activity::new(),
                stopped,
            )
            .await;
        });
        Self {
            client,
            task,
            stop,
            dropped,
            begun: Instant::now(),
        }
    }

    /// A well-behaved client; the task is its connection.
    async fn greet(client: DuplexStream) -> (SendRequest<Bytes>, JoinHandle<()>) {
        let (calls, connection) = h2::client::handshake(client).await.expect("greets");
        let connection = tokio::spawn(async move {
            // That the server says goodbye counts as an error for some calls, and not for others.
            let _ = connection.await;
        });
        (calls.ready().await.expect("ready"), connection)
    }
}

fn tower_body(body: Endless) -> impl http_body::Body<Data = Bytes, Error = tonic::Status> + Send {
    http_body_util::BodyExt::map_err(body, |never| match never {})
}

fn request(path: &str) -> Request<()> {
    let address = format!("http://localhost{path}");
    Request::post(address).body(()).expect("a request")
}

/// Timers of tokio are exact to a millisecond.
fn assert_after(elapsed: Duration, expected: Duration) {
    let latest = expected + Duration::from_millis(5);
    assert!((expected..=latest).contains(&elapsed), "{elapsed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_complete_its_greeting_is_closed_after_10_s() {
    let greeting = greeting();
    for sent in [0, 10, 24, 30, greeting.len() - 1] {
        let mut served = Served::start(&[]);
        let begin = &greeting[..sent];
        served.client.write_all(begin).await.expect("writes");
        (&mut served.task).await.expect("ends");
        assert_after(served.begun.elapsed(), HANDSHAKE);
    }
}

#[tokio::test(start_paused = true)]
async fn headers_that_do_not_end_close_the_connection_after_10_s() {
    let mut served = Served::start(&[]);
    let greeting = greeting();
    served.client.write_all(&greeting).await.expect("writes");
    tokio::time::sleep(15 * SECOND).await;
    // HEADERS of stream 1 without END_HEADERS: `:method: GET`.
    let headers = [0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82];
    served.client.write_all(&headers).await.expect("writes");
    (&mut served.task).await.expect("ends");
    assert_after(served.begun.elapsed(), 15 * SECOND + HANDSHAKE);
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_calls_gets_a_goaway_and_ends() {
    let mut served = Served::start(&["--connection-idle-timeout-second=50"]);
    let (mut calls, connection) = Served::greet(served.client).await;
    // A call that takes longer than that is not idle.
    let (answer, _) = calls.send_request(request("/slow"), true).expect("sends");
    answer.await.expect("an answer");
    assert_after(served.begun.elapsed(), 100 * SECOND);
    connection.await.expect("no panic");
    (&mut served.task).await.expect("ends");
    assert_after(served.begun.elapsed(), 150 * SECOND);
    let refused = calls.send_request(request("/quick"), true);
    assert!(refused.is_err(), "the client knows that it is closed");
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_in_time_though_the_client_gives_no_room_for_its_answer() {
    for path in ["/full", "/empty"] {
        let served = Served::start(&[]);
        let (mut calls, connection) = Served::greet(served.client).await;
        let (answer, _) = calls.send_request(request(path), true).expect("sends");
        let mut body = answer.await.expect("an answer").into_body();
        // Nothing of the body is read until the server has given up.
        tokio::time::sleep(3 * SECOND).await;
        assert!(
            !served.dropped.load(Relaxed),
            "{path}: it may send its status"
        );
        tokio::time::sleep(SECOND + SECOND / 100).await;
        assert!(served.dropped.load(Relaxed), "{path}");
        let error = loop {
            match body.data().await {
                Some(Ok(_)) => {}
                Some(Err(error)) => break error,
                None => panic!("{path}: it cannot end well"),
            }
        };
        assert_eq!(error.reason(), Some(h2::Reason::CANCEL), "{path}");
        // Other calls of the connection go on, and new ones go elsewhere before long.
        let (answer, _) = calls.send_request(request("/slow"), true).expect("sends");
        tokio::time::sleep(HANDSHAKE).await;
        assert!(calls.send_request(request("/quick"), true).is_err());
        answer.await.expect("an answer");
        connection.await.expect("no panic");
    }
}

#[tokio::test(start_paused = true)]
async fn at_the_end_a_client_that_confirms_nothing_is_waited_for_2_s() {
    let greeting = greeting();
    for sent in [0, 10, greeting.len()] {
        let mut served = Served::start(&[]);
        let begin = &greeting[..sent];
        served.client.write_all(begin).await.expect("writes");
        tokio::time::sleep(SECOND).await;
        drop(served.stop);
        (&mut served.task).await.expect("ends");
        assert_after(served.begun.elapsed(), SECOND + GOODBYE);
        let mut said = Vec::new();
        served.client.read_to_end(&mut said).await.expect("closed");
        // GOAWAY is a frame of type 7 on stream 0.
        let goaway = said.windows(9).any(|head| head[3..] == [7, 0, 0, 0, 0, 0]);
        assert_eq!(goaway, sent == greeting.len(), "{said:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn at_the_end_calls_are_waited_for_and_idle_clients_are_not() {
    let mut served = Served::start(&[]);
    let (mut calls, connection) = Served::greet(served.client).await;
    let (answer, _) = calls.send_request(request("/slow"), true).expect("sends");
    tokio::time::sleep(SECOND).await;
    drop(served.stop);
    answer.await.expect("an answer");
    connection.await.expect("no panic");
    (&mut served.task).await.expect("ends");
    assert_after(served.begun.elapsed(), 100 * SECOND);

    let mut served = Served::start(&[]);
    let (_calls, connection) = Served::greet(served.client).await;
    drop(served.stop);
    connection.await.expect("no panic");
    (&mut served.task).await.expect("ends");
    assert_after(served.begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_with_its_client() {
    let mut served = Served::start(&[]);
    let (_calls, connection) = Served::greet(served.client).await;
    connection.abort();
    (&mut served.task).await.expect("ends");
    assert_after(served.begun.elapsed(), Duration::ZERO);
}
