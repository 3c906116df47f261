//! The golden token vectors, each through a fresh guard over HTTP.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use match_function::auth::bearer::BearerToken;
use match_function::auth::claims::UnverifiedToken;
use match_function::auth::permission::{Actions, Permission};
use match_function::auth::{Auth, Class, Decision, Endpoint, Options, Refusal, Requirement};
use match_function::clock::Clock;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{settings, until, wait_until_ready};
use crate::support::ags::{Ags, Fault, World};
use crate::support::tokens::vectors;

/// Cases whose verdict has another name here, with the same gRPC status: two faults of which the
/// other is noticed first, or a bound that the reference SDK does not have.
const OTHER_NAMES: [(&str, Refusal); 4] = [
    ("token empty", Refusal::Format),
    ("algorithm none and no kid", Refusal::AlgorithmNotAllowed),
    ("kid with 4096 characters", Refusal::Malformed),
    ("revoked text that is no token", Refusal::Malformed),
];

fn world(file: &Value, case: &Value) -> World {
    let listed = |row: &Value, field: &str| row[field].as_str().expect("a name").to_owned();
    let answer = |row: &Value| {
        (
            row["status"]
                .as_u64()
                .and_then(|status| status.try_into().ok())
                .expect("a status"),
            row["body"].clone(),
        )
    };
    let mut world = World {
        jwks: vec![file["jwks"].clone()],
        revocation_list: file["revocation_list"].clone(),
        ..World::default()
    };
    for row in file["roles"].as_array().expect("roles") {
        world.role_overrides.insert(
            (listed(row, "role_id"), listed(row, "namespace")),
            answer(row),
        );
    }
    for row in file["namespace_contexts"].as_array().expect("contexts") {
        world.contexts.insert(listed(row, "namespace"), answer(row));
    }
    let iam = &case["iam"];
    for (field, endpoint) in [
        ("jwks_status", Endpoint::Jwks),
        ("revocation_status", Endpoint::RevocationList),
        ("login_status", Endpoint::Token),
    ] {
        if let Some(status) = iam[field].as_u64() {
            world.faults.insert(
                endpoint,
                Fault::Status(status.try_into().expect("a status")),
            );
        }
    }
    if let Some(turns) = iam["jwks_sequence"].as_array() {
        let keys = file["jwks"]["keys"].as_array().expect("keys");
        let set = |kids: &Value| {
            let kids = kids.as_array().expect("kids");
            json!({ "keys": keys.iter().filter(|key| kids.contains(&key["kid"])).collect::<Vec<_>>() })
        };
        world.jwks = turns.iter().map(set).collect();
    }
    world
}

fn requirement(case: &Value) -> Requirement {
    let permission = case["resource"].as_str().map(|resource| Permission {
        resource: resource.to_owned(),
        actions: Actions(
            case["action"]
                .as_u64()
                .and_then(|bits| bits.try_into().ok())
                .expect("bits"),
        ),
    });
    Requirement {
        namespace: case["namespace"].as_str().map(str::to_owned),
        permission,
    }
}

async fn verdict(file: &Value, case: &Value) -> Result<(), Refusal> {
    let ags = Ags::start_with(world(file, case)).await;
    let clock = case["now"].as_f64().map_or_else(Clock::system, |now| {
        Clock::from_fn(move || Duration::from_secs_f64(now))
    });
    let options = Options {
        clock,
        ..Options::default()
    };
    let auth = Auth::start_with(
        &settings(&ags.url()),
        "app-server",
        options,
        requirement(case),
    )
    .expect("starts");
    let metrics = auth.metrics();
    match case["iam"].as_object() {
        Some(iam) if !iam.contains_key("jwks_sequence") => {
            until("IAM has failed", || {
                Endpoint::ALL
                    .into_iter()
                    .any(|endpoint| metrics.failures(endpoint).get() > 0)
            })
            .await;
        }
        _ => wait_until_ready(&auth).await,
    }
    let token = case["token"].as_str().expect("a token");
    let Ok(value) = HeaderValue::from_bytes(format!("Bearer {token}").as_bytes()) else {
        // A text that no header can hold never gets to the guard.
        return UnverifiedToken::parse(BearerToken::new(token.as_bytes())).map(|_| ());
    };
    let mut headers = HeaderMap::new();
    headers.insert("authorization", value);
    match auth.authorizer().authorize(&headers) {
        Decision::Now(verdict) => verdict.map(|_| ()),
        Decision::Later(verdict) => verdict.await.map(|_| ()),
    }
}

fn grpc(verdict: &Result<(), Refusal>) -> &'static str {
    match verdict.map_err(Refusal::class) {
        Ok(()) => "OK",
        Err(Class::Unauthenticated) => "UNAUTHENTICATED",
        Err(Class::PermissionDenied) => "PERMISSION_DENIED",
        Err(Class::Unavailable) => "UNAVAILABLE",
    }
}

/// Why a verdict is not the wanted one, if so.
fn fault(case: &Value, verdict: &Result<(), Refusal>) -> Option<String> {
    let name = case["name"].as_str().expect("a name");
    let wanted = case
        .get("recommended")
        .unwrap_or(&case["verdict"])
        .as_str()
        .expect("a verdict");
    let found = verdict.map_or_else(Refusal::reason, |()| "ok");
    let right_grpc = match case["grpc"].as_str() {
        Some(wanted) => grpc(verdict) == wanted,
        None => verdict.is_err(),
    };
    let other_name = OTHER_NAMES
        .iter()
        .find(|(other, _)| *other == name)
        .is_some_and(|(_, refusal)| *verdict == Err(*refusal));
    // Of a token that is revoked and faulty, either may be noticed first.
    let either = case["grpc"].is_null() && verdict.is_err();
    let right = right_grpc
        && (found == wanted || other_name || either || (wanted == "denied" && verdict.is_err()));
    (!right).then(|| format!("{name}: wanted {wanted} ({}), found {found}", case["grpc"]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_the_token_vectors_gets_its_wanted_answer() {
    let file: &'static Value = Box::leak(Box::new(vectors("tokens")));
    let cases = file["cases"].as_array().expect("cases");
    let (mut faults, mut tally, mut running) = (Vec::new(), BTreeMap::new(), JoinSet::new());
    for batch in cases.chunks(16) {
        for case in batch {
            running.spawn(async move { (case, verdict(file, case).await) });
        }
        while let Some(done) = running.join_next().await {
            let (case, verdict) = done.expect("judged");
            *tally
                .entry(verdict.map_or_else(Refusal::reason, |()| "ok"))
                .or_insert(0) += 1;
            faults.extend(fault(case, &verdict));
        }
    }
    assert!(
        faults.is_empty(),
        "{} of {}:\n{}",
        faults.len(),
        cases.len(),
        faults.join("\n")
    );
    assert_eq!(tally.values().sum::<i32>(), 270);
    assert!(
        tally["ok"] > 50 && tally["insufficient_permission"] > 50,
        "{tally:?}"
    );
}
