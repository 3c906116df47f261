//! What the auth layer costs a call: nothing to check (health), a token verified before, and one
//! that is verified anew.
//!
//! `cargo bench --bench auth`

use std::convert::Infallible;
use std::future::ready;
use std::hint::black_box;
use std::time::Duration;

use clap::Parser;
use criterion::{Criterion, criterion_group, criterion_main};
use http::{Request, Response};
use match_function::auth::{Auth, Decision, Options, Settings};
use match_function::layers::auth::AuthLayer;
use secrecy::SecretString;
use serde_json::json;
use tower::{Layer, Service, service_fn};

#[path = "../tests/support/ags.rs"]
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
mod ags;
#[path = "../tests/support/tokens.rs"]
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
mod tokens;

#[derive(Debug, Parser)]
struct Command {
    #[command(flatten)]
    auth: Settings,
}

fn request(path: &str, token: &str) -> Request<()> {
    let request = Request::builder()
        .uri(path)
        .header("authorization", format!("Bearer {token}"));
    request.body(()).expect("a request")
}

fn auth(c: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _inside = runtime.enter();
    let ags = runtime.block_on(ags::Ags::start());
    let mut settings = Command::parse_from(["bench", "--base-url", &ags.url()]).auth;
    let world = ags::World::default();
    settings.login.client_id = Some(world.client_id);
    settings.login.client_secret = Some(SecretString::from(world.client_secret));
    settings.ab_namespace = Some("emberfall".to_owned());
    let auth = Auth::start(&settings, "bench", Options::default()).expect("starts");
    let mut is_ready = auth.ready();
    runtime
        .block_on(is_ready.wait_for(|ready| *ready))
        .expect("ready");

    let inner = service_fn(|request: Request<()>| {
        black_box(&request);
        ready(Ok::<_, Infallible>(Response::new(String::new())))
    });
    let mut layer = AuthLayer::new(auth.authorizer()).layer(inner);
    let mut claims = tokens::delegated("emberfall");
    // As long as tokens of AGS are: about 1.2 KB.
    claims["union_id"] = json!("0123456789abcdef".repeat(30));
    let token = tokens::TestKey::first().sign(&claims);
    runtime.block_on(async {
        let first = layer
            .call(request("/a.B/C", &token))
            .await
            .expect("a response");
        assert!(first.headers().get("grpc-status").is_none(), "let through");
    });

    let mut group = c.benchmark_group("auth");
    group.measurement_time(Duration::from_secs(4));
    for (name, path) in [
        ("open", "/grpc.health.v1.Health/Check"),
        ("cached", "/a.B/C"),
    ] {
        let made = request(path, &token);
        group.bench_function(format!("layer_{name}_{}_byte_token", token.len()), |b| {
            b.iter_batched(
                || made.clone(),
                |request| {
                    futures_util::FutureExt::now_or_never(layer.call(request)).expect("at once")
                },
                criterion::BatchSize::SmallInput,
            );
        });
    }
    let authorizer = auth.authorizer();
    group.bench_function("verify_anew", |b| {
        let mut n = 0;
        b.iter_batched(
            || {
                n += 1;
                claims["jti"] = json!(n);
                request("/a.B/C", &tokens::TestKey::first().sign(&claims))
            },
            |request| match authorizer.authorize(request.headers()) {
                Decision::Now(_) => unreachable!("never seen before"),
                Decision::Later(verdict) => runtime.block_on(verdict).expect("a permit"),
            },
            criterion::BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, auth);
criterion_main!(benches);
