//! Any messages on a stream of matches or of proposals: answers, or a status that says what is wrong
//! with them.
#![no_main]

use std::convert::Infallible;
use std::sync::LazyLock;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use libfuzzer_sys::fuzz_target;
use match_function::clock::Clock;
use match_function::matching::AgsLogic;
use match_function::proto::match_function_server::MatchFunctionServer;
use match_function::service::{Limits, MatchFunctionService, ServiceMetrics};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

const RULES: [&str; 3] = [
    "{}",
    r#"{"shipCountMin": 1, "shipCountMax": 3, "auto_backfill": true}"#,
    r#"{
        "alliance": {"min_number": 1, "max_number": 2, "player_min_number": 1, "player_max_number": 2},
        "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 10}],
        "match_options": {"options": [{"name": "map", "type": "any"}, {"name": "role", "type": "unique"}]},
        "auto_backfill": true
    }"#,
];

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut runtime = Builder::new_current_thread();
    runtime.enable_all().build().expect("a runtime")
});

#[derive(clap::Parser)]
struct Settings {
    #[command(flatten)]
    limits: Limits,
}

fn server() -> MatchFunctionServer<MatchFunctionService<AgsLogic>> {
    let settings = <Settings as clap::Parser>::parse_from(["fuzz"]);
    let clock = Clock::from_fn(|| Duration::from_secs(1_700_000_000));
    MatchFunctionService::new(AgsLogic, settings.limits, clock, ServiceMetrics::default())
        .into_server()
}

/// A message of gRPC: not compressed, its length, its bytes.
fn frame(body: &mut BytesMut, message: &[u8]) {
    body.put_u8(0);
    body.put_u32(message.len() as u32);
    body.put_slice(message);
}

/// A field of a protobuf message that holds bytes.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        field.push(length as u8 | 0x80);
        length >>= 7;
    }
    field.push(length as u8);
    field.extend(content);
    field
}

fuzz_target!(|input: (u8, bool, Vec<(u8, Vec<u8>)>)| {
    let (rules, backfill, messages) = input;
    let rules = RULES[usize::from(rules) % RULES.len()];
    let mut body = BytesMut::new();
    // parameters.rules.json
    frame(&mut body, &field(1, &field(2, &field(1, rules.as_bytes()))));
    for (kind, message) in &messages {
        match kind % 4 {
            0 => frame(&mut body, message),
            slot => frame(&mut body, &field(2 + slot % 2, message)),
        }
    }
    let method = if backfill { "BackfillMatches" } else { "MakeMatches" };
    let request = http::Request::post(format!(
        "http://fuzz/accelbyte.matchmaking.matchfunction.MatchFunction/{method}"
    ))
    .header("content-type", "application/grpc")
    .body(Full::new(body.freeze()).map_err(|never: Infallible| match never {}))
    .expect("a request");
    RUNTIME.block_on(async {
        let Ok(response) = server().oneshot(request).await;
        let status = response.headers().get("grpc-status").cloned();
        let collected = response.into_body().collect().await.expect("no broken body");
        let trailers = collected.trailers().cloned().unwrap_or_default();
        let status = status.or_else(|| trailers.get("grpc-status").cloned());
        let status: Option<u8> = status.and_then(|status| status.to_str().ok()?.parse().ok());
        // OK, or whatever says that the request is at fault; INTERNAL and UNKNOWN are faults of ours.
        assert!(matches!(status, Some(0 | 3 | 9 | 11)), "status {status:?}");
        let _: Bytes = collected.to_bytes();
    });
});
