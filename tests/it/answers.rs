//! Answers that every client takes: refusals within the limits of header sizes, and one code for
//! each kind of request that is not right.

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, Full};
use match_function::proto::{
    EnrichTicketRequest, GetStatCodesRequest, Opaque, Rules, ValidateTicketRequest,
};
use prost::Message;
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::{Code, Status};
use tower::{Service, ServiceExt};

use crate::support::{Server, Ticket, ids, parameters, raw, request, start, ticket};
use crate::telemetry;

const SERVICE: &str = "accelbyte.matchmaking.matchfunction.MatchFunction";

/// A message of gRPC: not compressed, its length, its bytes.
fn frame(message: &[u8], body: &mut BytesMut) {
    body.put_u8(0);
    body.put_u32(u32::try_from(message.len()).expect("short"));
    body.put_slice(message);
}

/// Sends an HTTP request as it is: the status, the headers and the trailers.
async fn send(
    server: &Server,
    method: Method,
    call: &str,
    content_type: Option<&str>,
    body: Bytes,
) -> (StatusCode, HeaderMap, HeaderMap) {
    let mut request = http::Request::builder()
        .method(method)
        .uri(format!("/{SERVICE}/{call}"));
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    let request = request.body(Body::new(Full::new(body))).expect("a request");
    let mut channel = server.channel().await;
    let answer = channel.ready().await.expect("connected").call(request);
    let (head, body) = answer.await.expect("an answer").into_parts();
    let trailers = body
        .collect()
        .await
        .expect("a whole body")
        .trailers()
        .cloned();
    (head.status, head.headers, trailers.unwrap_or_default())
}

/// The status of a call, after a look at the size of the headers that it came in, as HTTP/2 counts it.
async fn refusal(server: &Server, call: &str, messages: &[Vec<u8>]) -> Status {
    let mut body = BytesMut::new();
    messages
        .iter()
        .for_each(|message| frame(message, &mut body));
    let grpc = Some("application/grpc");
    let (_, headers, trailers) = send(server, Method::POST, call, grpc, body.freeze()).await;
    let with_status = if trailers.contains_key("grpc-status") {
        trailers
    } else {
        headers
    };
    let fields = with_status.iter();
    let size: usize = fields
        .map(|(name, value)| name.as_str().len() + value.len() + 32)
        .sum();
    assert!(size < 4096, "{size} bytes of headers");
    Status::from_header_map(&with_status).expect("a status")
}

fn bytes_of(request: &Opaque) -> Vec<u8> {
    request.fields().to_vec()
}

#[tokio::test]
async fn rulesets_with_many_long_faults_are_refused_readably() {
    let server = start(&[]);
    let cases = [
        (
            include_str!("../cases/reports/08/rules.json"),
            r#"`matching_rule[1].criteria` is "距距距"#,
            "; and ",
        ),
        (
            include_str!("../cases/reports/08/rules-ascii.json"),
            r#""… (80 characters): allowed are distance"#,
            "`matching_rule[15].criteria` is",
        ),
    ];
    for (json, first, second) in cases {
        let rules = Rules { json: json.into() };
        let unary = GetStatCodesRequest { rules: Some(rules) }.encode_to_vec();
        let opening = bytes_of(&parameters(json));
        for (call, message) in [("GetStatCodes", unary), ("MakeMatches", opening)] {
            let status = refusal(&server, call, &[message]).await;
            assert_eq!(status.code(), Code::InvalidArgument, "{call}");
            let text = status.message();
            assert!(text.starts_with("the ruleset is wrong: `matching_rule[0]."));
            assert!(text.contains(first), "{text}");
            assert!(text.contains(second), "{text}");
        }
    }
}

#[tokio::test]
async fn pool_names_and_ids_of_any_length_are_cut() {
    let server = start(&[]);
    let long = "距".repeat(600_000);
    for (id, pool) in [("t", &*long), (&*long, "other"), (&*long, &*long)] {
        let mut other = Ticket::new(id, pool);
        other.players.clear();
        let messages = [
            bytes_of(&parameters("{}")),
            bytes_of(&ticket("first")),
            bytes_of(&request(&other)),
        ];
        let status = refusal(&server, "MakeMatches", &messages).await;
        assert_eq!(status.code(), Code::InvalidArgument);
        let text = status.message();
        assert!(
            text.contains("and the stream began with \"pool\""),
            "{text}"
        );
        assert!(text.contains("距\"… (600000 characters)"), "{text}");
    }
}

#[tokio::test]
async fn unary_messages_that_cannot_be_read_are_invalid_arguments() {
    let server = start(&[]);
    let cases: [(&str, &[u8], &str); 4] = [
        ("GetStatCodes", b"\x0a\x05x", "GetStatCodesRequest.rules"),
        ("GetStatCodes", b"\x0a\x03\x0a\x01\xff", "Rules.json"),
        (
            "ValidateTicket",
            b"\x08\x01",
            "ValidateTicketRequest.ticket",
        ),
        ("EnrichTicket", b"\x0f", "invalid wire type"),
    ];
    for (call, message, part) in cases {
        let status = refusal(&server, call, &[message.to_vec()]).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{call}");
        let text = status.message();
        assert!(text.starts_with("the message cannot be read: "), "{text}");
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn an_oversized_message_has_one_code_compressed_or_not() {
    let server = start(&["--max-message-bytes=2048"]);
    for compressed in [false, true] {
        let mut client = server.client().await;
        if compressed {
            client = client.send_compressed(CompressionEncoding::Gzip);
        }
        let large = Ticket {
            of_tomorrow: vec![0; 4000],
            ..Ticket::new("t", "pool")
        };
        let sent = Some(raw(&large.encode_to_vec()));
        let validate = ValidateTicketRequest {
            ticket: sent.clone(),
            rules: None,
        };
        let enrich = EnrichTicketRequest {
            ticket: sent,
            rules: None,
        };
        let stream = tokio_stream::iter(vec![parameters("{}"), request(&large)]);
        let answers = client.make_matches(stream).await.unwrap().into_inner();
        let refusals = [
            client.validate_ticket(validate).await.unwrap_err(),
            client.enrich_ticket(enrich).await.unwrap_err(),
            crate::support::all(answers).await.unwrap_err(),
        ];
        for status in refusals {
            assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
            let text = "a message of the call has more than 2048 bytes (MAX_MESSAGE_BYTES)";
            assert_eq!(status.message(), text, "compressed: {compressed}");
        }
    }
}

#[tokio::test]
async fn requests_that_are_not_grpc_get_an_http_error() {
    let server = start(&[]);
    let grpc = Some("application/grpc");
    let (unsupported, wrong_method) = (
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        StatusCode::METHOD_NOT_ALLOWED,
    );
    let cases = [
        (Method::POST, Some("application/json"), unsupported),
        (Method::POST, None, unsupported),
        (Method::GET, None, wrong_method),
        (Method::PUT, grpc, wrong_method),
    ];
    for (method, kind, expected) in cases {
        let body = Bytes::from_static(b"{}");
        let (status, headers, _) = send(&server, method, "GetStatCodes", kind, body).await;
        assert_eq!(status, expected, "{kind:?}");
        assert!(!headers.contains_key("grpc-status"));
        let allowed = (status == wrong_method).then(|| headers["allow"].to_str().unwrap());
        assert_eq!(allowed, (status == wrong_method).then_some("POST"));
    }
    let mut body = BytesMut::new();
    frame(b"", &mut body);
    let (status, _, trailers) =
        send(&server, Method::POST, "GetStatCodes", grpc, body.freeze()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(trailers["grpc-status"], "0");
}

#[tokio::test]
async fn an_answer_is_never_larger_than_clients_take() {
    let server = start(&[]);
    let large = |id: &str| {
        request(&Ticket {
            of_tomorrow: vec![7; 3 << 20],
            ..Ticket::new(id, "pool")
        })
    };
    // The client refuses messages above 4 MiB.
    let requests = [
        large("a"),
        large("b"),
        ticket("c"),
        ticket("d"),
        ticket("e"),
    ];
    let mut all = vec![parameters("{}")];
    all.extend(requests.clone());
    let matches = server.make(all).await.unwrap();
    assert_eq!(ids(&matches), [["a", "c"], ["d", "e"]]);
    let mut all = vec![parameters(r#"{"shipCountMin": 1, "shipCountMax": 3}"#)];
    all.extend(requests);
    let matches = server.make(all).await.unwrap();
    assert_eq!(ids(&matches), [vec!["a"], vec!["b", "c", "d"], vec!["e"]]);
}

#[tokio::test]
async fn the_bound_of_answers_can_be_set() {
    let mut server = telemetry::start(&[("MAX_ANSWER_BYTES", "2000")]).await;
    let sized = |id: &str, bytes| {
        request(&Ticket {
            of_tomorrow: vec![7; bytes],
            ..Ticket::new(id, "pool")
        })
    };
    let requests = [("a", 900), ("b", 2000), ("c", 900), ("d", 300)];
    let mut all = vec![parameters("{}")];
    all.extend(requests.map(|(id, bytes)| sized(id, bytes)));
    let answers = server.client.make_matches(tokio_stream::iter(all)).await;
    let matches = crate::support::all(answers.unwrap().into_inner())
        .await
        .unwrap();
    assert_eq!(ids(&matches), [["a", "d"]]);
    assert!(matches[0].encoded_len() < 2000);
    let metrics = server.metrics().await;
    assert!(
        metrics.contains("refusals_total{reason=\"too_large\"} 2\n"),
        "{metrics}"
    );
    server.end().await;
}
