//! Clients that hold on to connections and calls: each limit over a real port.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use http::{HeaderMap, Request};
use match_function::app::Ended;
use match_function::proto::{GetStatCodesRequest, Opaque};
use match_function::server::{MAX_REFLECTIONS, MAX_WATCHES};
use prost::Message;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_stream::StreamExt;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{all, open, parameters, start, ticket};
use crate::telemetry;

const SERVICE: &str = "/accelbyte.matchmaking.matchfunction.MatchFunction";

async fn tcp(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address)
        .await
        .expect("the server listens")
}

/// Whether the server closes this connection; does not come back if it leaves it open.
async fn closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    // To read on is to wait for the end: an end or an error.
    let _ = stream.read_to_end(&mut rest).await;
}

/// A client that says exactly what it is told.
async fn raw(address: SocketAddr, window: u32) -> SendRequest<Bytes> {
    let mut client = h2::client::Builder::new();
    client.initial_window_size(window);
    let (calls, connection) = client.handshake(tcp(address).await).await.expect("greets");
    tokio::spawn(async move {
        // Ends with an error when the server closes it in the middle of something.
        let _ = connection.await;
    });
    calls.ready().await.expect("ready")
}

fn post(service: &str, method: &str, headers: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::post(format!("http://localhost{service}/{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).expect("a request")
}

fn framed(message: &Opaque) -> Bytes {
    let length = u32::try_from(message.encoded_len()).expect("a short message");
    let mut frame = vec![0];
    frame.extend(length.to_be_bytes());
    message.encode(&mut frame).expect("there is room");
    frame.into()
}

fn status(headers: &HeaderMap) -> (&str, &str) {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let text = |name| text(name).expect("a status");
    (text("grpc-status"), text("grpc-message"))
}

#[tokio::test]
async fn at_the_maximum_connections_without_calls_make_room() {
    let server = start(&["--max-connections=2"]);
    let mut silent = tcp(server.address).await;
    let mut first = server.client().await;
    let (_first, requests) = open();
    let _answers = first.make_matches(requests).await.unwrap();
    // The silent one makes room for this client, and then every connection has a call.
    let mut second = server.client().await;
    let (sender, requests) = open();
    let answers = second.make_matches(requests).await.unwrap();
    closed(&mut silent).await;
    closed(&mut tcp(server.address).await).await;
    sender.send(parameters("{}")).await.unwrap();
    drop(sender);
    assert_eq!(all(answers.into_inner()).await.unwrap().len(), 0);
}

#[tokio::test]
async fn connections_are_counted() {
    let mut server = telemetry::start(&[("MAX_CONNECTIONS", "1")]).await;
    let mut silent = tcp(server.address).await;
    while !server.metrics().await.contains("cause=\"replaced\"} 1\n") {}
    // The client comes back, in the place of the silent connection.
    while server
        .client
        .get_stat_codes(GetStatCodesRequest::default())
        .await
        .is_err()
    {}
    closed(&mut silent).await;
    let metrics = server.metrics().await;
    for counted in [
        "connections_open 1\n",
        "connections_closed_total{cause=\"replaced\"} 2\n",
        "connections_closed_total{cause=\"refused\"} 0\n",
        "connections_accept_errors_total 0\n",
    ] {
        assert!(metrics.contains(counted), "{counted}\n{metrics}");
    }
    server.end().await;
}

#[tokio::test]
async fn a_client_comes_back_after_an_idle_time_without_a_failed_call() {
    let mut server = telemetry::start(&[("CONNECTION_IDLE_TIMEOUT_SECOND", "1")]).await;
    let request = GetStatCodesRequest::default();
    let answer = server.client.get_stat_codes(request.clone()).await;
    answer.expect("an answer");
    while !server.metrics().await.contains("cause=\"idle\"} 1\n") {}
    while !server.metrics().await.contains("connections_open 0\n") {}
    // The client has to read that it was closed: a call in the same moment may still go out over it.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let answer = server.client.get_stat_codes(request).await;
    answer.expect("an answer over a new connection");
    server.end().await;
}

#[tokio::test]
async fn there_is_room_for_a_few_health_watches() {
    let server = start(&[]);
    let (one, other) = (server.channel().await, server.channel().await);
    let mut watches = Vec::new();
    for at in 0..MAX_WATCHES {
        let channel = if at % 2 == 0 { &one } else { &other };
        let mut health = HealthClient::new(channel.clone());
        let watch = health.watch(HealthCheckRequest::default()).await;
        watches.push(watch.expect("there is room").into_inner());
    }
    let mut health = HealthClient::new(one);
    let refused = health.watch(HealthCheckRequest::default()).await;
    assert_eq!(refused.unwrap_err().code(), Code::ResourceExhausted);
    let checked = health.check(HealthCheckRequest::default()).await;
    checked.expect("single checks are not watches");
    watches.pop();
    // The server learns of that a little later.
    while let Err(status) = health.watch(HealthCheckRequest::default()).await {
        assert_eq!(status.code(), Code::ResourceExhausted);
    }
}

#[tokio::test]
async fn there_is_room_for_a_few_streams_of_reflection() {
    let server = start(&[]);
    let mut calls = raw(server.address, 65_535).await;
    let mut open = async || {
        let service = "/grpc.reflection.v1.ServerReflection";
        let request = post(service, "ServerReflectionInfo", &[]);
        let (answer, requests) = calls.send_request(request, false).expect("sends");
        let answer = answer.await.expect("headers");
        let code = answer.headers().get("grpc-status").cloned();
        (code, requests, answer.into_body())
    };
    let mut streams = Vec::new();
    for _ in 0..MAX_REFLECTIONS {
        let (code, requests, answers) = open().await;
        assert_eq!(code, None, "there is room");
        streams.push((requests, answers));
    }
    let exhausted = (Code::ResourceExhausted as i32).to_string();
    assert_eq!(open().await.0.expect("a status"), exhausted);
    // A client that leaves makes room, a little later.
    streams.pop();
    while let (Some(code), ..) = open().await {
        assert_eq!(code, exhausted);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_never_pauses_is_ended_in_time() {
    let server = start(&["--stream-timeout-second=1"]);
    let tickets = tokio_stream::iter(std::iter::repeat(ticket("same")));
    let requests = tokio_stream::once(parameters("{}")).chain(tickets);
    let mut client = server.client().await;
    let answers = client.make_matches(requests).await.unwrap();
    let status = all(answers.into_inner()).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(
        status.message().contains("STREAM_TIMEOUT_SECOND"),
        "{status}"
    );
}

#[tokio::test]
async fn a_client_that_does_not_read_is_ended_in_time() {
    let server = telemetry::start(&[("STREAM_TIMEOUT_SECOND", "1")]).await;
    let mut calls = raw(server.address, 0).await;
    let (answer, mut sender) = calls
        .send_request(post(SERVICE, "MakeMatches", &[]), false)
        .expect("sends");
    for message in [parameters("{}"), ticket("a"), ticket("b"), ticket("c")] {
        sender.send_data(framed(&message), false).expect("sends");
    }
    let mut body = answer.await.expect("headers").into_body();
    let error = body.data().await.expect("an error").expect_err("no room");
    assert_eq!(error.reason(), Some(h2::Reason::CANCEL));
    let counted = "grpc_code=\"DeadlineExceeded\",grpc_method=\"MakeMatches\",\
        grpc_service=\"accelbyte.matchmaking.matchfunction.MatchFunction\",\
        grpc_type=\"bidi_stream\"} 1\n";
    let metrics = server.metrics().await;
    assert!(metrics.contains(counted), "{metrics}");
    assert!(metrics.contains("ticks_total{kind=\"match\",outcome=\"stopped\"} 1\n"));
    drop((sender, body, calls));
    server.end().await;
}

#[tokio::test]
async fn a_unary_call_whose_request_does_not_end_is_ended_in_time() {
    let server = start(&["--unary-timeout-second=1"]);
    let mut calls = raw(server.address, 65_535).await;
    for (headers, limit) in [
        (&[][..], "UNARY_TIMEOUT_SECOND"),
        (&[("grpc-timeout", "10m")][..], "grpc-timeout"),
        (&[("grpc-timeout", "10H")][..], "UNARY_TIMEOUT_SECOND"),
    ] {
        let request = post(SERVICE, "GetStatCodes", headers);
        let (answer, _sender) = calls.send_request(request, false).expect("sends");
        let answer = answer.await.expect("a status");
        let (code, message) = status(answer.headers());
        assert_eq!(code, (Code::DeadlineExceeded as i32).to_string());
        assert!(message.contains(limit), "{message}");
    }
}

#[tokio::test]
async fn silent_connections_do_not_hold_the_end() {
    let server = start(&["--shutdown-grace-second=3600"]);
    let mut silent = tcp(server.address).await;
    let idle = raw(server.address, 65_535).await;
    // Both are accepted before this one is answered.
    server.client().await;
    server.signal();
    closed(&mut silent).await;
    let ended = tokio::time::timeout(Duration::from_secs(60), server.ended()).await;
    assert_eq!(ended.expect("not after the grace period"), Ended::Drained);
    drop(idle);
}
