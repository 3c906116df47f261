//! How long a verdict stands, and whom it lets in.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::{A_REFRESH, Bench, INTERVAL, NOW, granted};
use crate::auth::Refusal;
use crate::auth::testing::{FakeIam, mint, vectors};

#[tokio::test(start_paused = true)]
async fn a_verified_token_is_known_by_its_hash_until_it_ends() {
    let bench = Bench::ready().await;
    let claims = json!({"exp": NOW + 10.0, "iat": NOW - 10.0, "extend_namespace": "game"});
    let token = mint(0, &claims);
    for _ in 0..3 {
        assert_eq!(bench.refusal(&token).await, None);
    }
    let metrics = bench.auth.metrics();
    assert_eq!(
        (metrics.permits_verified.get(), metrics.permits_cached.get()),
        (1, 2)
    );
    bench.set_now(NOW + 9.999);
    assert_eq!(bench.refusal(&token).await, None);
    bench.set_now(NOW + 10.0);
    assert_eq!(bench.refusal(&token).await, Some(Refusal::Expired));
    // A clock that steps back.
    bench.set_now(NOW - 10.5);
    assert_eq!(bench.refusal(&token).await, Some(Refusal::NotYetValid));
    bench.set_now(NOW);
    assert_eq!(bench.refusal(&token).await, None);
    assert_eq!(
        (
            metrics.refusals(Refusal::Expired).get(),
            metrics.refusals(Refusal::NotYetValid).get()
        ),
        (1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_list_ends_a_verdict() {
    let bench = Bench::ready().await;
    let mut claims = granted();
    (claims["sub"], claims["iat"]) = (json!("u"), json!(1_700_000_000));
    let token = mint(0, &claims);
    assert_eq!(bench.refusal(&token).await, None);
    bench.iam.tell(|told| {
        told.keys = Err(()); // or the new keys would end it
        told.list = Ok(json!({"revoked_tokens": {"m": 0, "k": 0},
            "revoked_users": [{"id": "u", "revoked_at": "2027-01-01T00:00:00Z"}]}));
    });
    assert_eq!(bench.refusal(&token).await, None, "not heard yet");
    sleep(A_REFRESH).await;
    assert_eq!(bench.refusal(&token).await, Some(Refusal::UserRevoked));
    // A list that shrinks lets it in again.
    bench
        .iam
        .tell(|told| told.list = Ok(json!({"revoked_tokens": {"m": 0, "k": 0}})));
    sleep(A_REFRESH).await;
    assert_eq!(bench.refusal(&token).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_token_is_refused_and_none_of_its_spellings_revives_it() {
    let file = vectors("tokens");
    let case = file["cases"]
        .as_array()
        .expect("cases")
        .iter()
        .find(|case| case["name"] == "revoked token");
    let token = case.expect("the case")["token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let iam = FakeIam::new();
    iam.tell(|told| told.list = Ok(file["revocation_list"].clone()));
    let bench = Bench::start(iam);
    bench
        .auth
        .ready()
        .wait_for(|ready| *ready)
        .await
        .expect("ready");
    assert_eq!(bench.refusal(&token).await, Some(Refusal::TokenRevoked));
    for spelling in [
        format!("{token}="),
        format!("{token}=="),
        format!("{token} "),
        format!(" {token}"),
        token.replace('-', "+"),
    ] {
        assert_eq!(bench.refusal(&spelling).await, Some(Refusal::Malformed));
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_that_loses_the_permission_ends_the_verdict() {
    let bench = Bench::ready().await;
    bench.iam.tell(|told| {
        told.roles.insert(
            "r".into(),
            Ok(vec!["NAMESPACE:{namespace}:MMV2GRPCSERVICE".into()]),
        );
    });
    let token = mint(0, &json!({"exp": NOW + 1e6, "roles": ["r"]}));
    assert_eq!(bench.refusal(&token).await, None);
    bench.iam.tell(|told| {
        told.roles.insert("r".into(), Err(()));
    });
    sleep(A_REFRESH).await;
    assert_eq!(bench.refusal(&token).await, None, "the last good answer");
    bench.iam.tell(|told| {
        told.roles.remove("r");
    });
    sleep(Duration::from_secs(31)).await;
    assert_eq!(
        bench.refusal(&token).await,
        Some(Refusal::InsufficientPermission)
    );
}

#[tokio::test(start_paused = true)]
async fn roles_are_asked_for_in_bounded_number_and_parallel() {
    let bench = Bench::ready().await;
    let roles: Vec<Value> = (0..400).map(|n| json!(format!("r{n}"))).collect();
    let token = mint(0, &json!({"exp": NOW + 1e6, "roles": roles}));
    assert_eq!(
        bench.refusal(&token).await,
        Some(Refusal::IamUnavailable),
        "not all of them are known"
    );
    assert_eq!(bench.iam.asked_roles.load(SeqCst), 32);
    assert_eq!(bench.iam.most_roles_under_way.load(SeqCst), 4);
    for _ in 0..12 {
        bench.refusal(&token).await;
    }
    assert_eq!(
        bench.refusal(&token).await,
        Some(Refusal::InsufficientPermission)
    );
    assert_eq!(bench.iam.asked_roles.load(SeqCst), 400);
}

#[tokio::test(start_paused = true)]
async fn the_caller_policy() {
    let bench = Bench::ready().await;
    for (claims, refusal) in [
        (json!({"extend_namespace": "game"}), None),
        (
            json!({"extend_namespace": "GAME"}),
            Some(Refusal::NamespaceMismatch),
        ),
        (
            json!({"extend_namespace": "other", "permissions": [{"Resource": "*", "Action": 15}]}),
            Some(Refusal::NamespaceMismatch),
        ),
        (
            json!({"extend_namespace": ""}),
            Some(Refusal::InsufficientPermission),
        ),
        (
            json!({"extend_namespace": null}),
            Some(Refusal::InsufficientPermission),
        ),
        (
            json!({"extend_namespace": ["game"]}),
            Some(Refusal::Malformed),
        ),
        (
            json!({"namespace": "game"}),
            Some(Refusal::InsufficientPermission),
        ),
        (
            json!({"permissions": [{"Resource": "NAMESPACE:game:MMV2GRPCSERVICE", "Action": 13}]}),
            Some(Refusal::InsufficientPermission),
        ),
        (
            json!({"permissions": [{"Resource": "NAMESPACE:game:MMV2GRPCSERVICE", "Action": 2}]}),
            None,
        ),
        // No library checks these two, and AGS sets them as it likes.
        (
            json!({"extend_namespace": "game", "iss": "https://elsewhere", "aud": ["x"]}),
            None,
        ),
    ] {
        let mut claims = claims;
        claims["exp"] = json!(NOW + 1e6);
        assert_eq!(bench.refusal(&mint(0, &claims)).await, refusal, "{claims}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_verdict_that_raced_with_a_new_list_is_not_kept() {
    let bench = Arc::new(Bench::ready().await);
    // The role's answer takes longer than the refresh of the list that comes meanwhile.
    bench.iam.tell(|told| {
        told.roles.insert(
            "r".into(),
            Ok(vec!["NAMESPACE:game:MMV2GRPCSERVICE".into()]),
        );
    });
    sleep(INTERVAL - Duration::from_secs(1)).await;
    bench.iam.tell(|told| told.delay = Duration::from_secs(4));
    let claims = json!({"exp": NOW + 1e6, "iat": 1_700_000_000, "sub": "u", "roles": ["r"]});
    let token = mint(0, &claims);
    let asking = tokio::spawn({
        let (bench, token) = (Arc::clone(&bench), token.clone());
        async move { bench.refusal(&token).await }
    });
    sleep(Duration::from_millis(100)).await;
    bench.iam.tell(|told| {
        told.delay = Duration::ZERO;
        told.list = Ok(json!({"revoked_tokens": {"m": 0, "k": 0},
            "revoked_users": [{"id": "u", "revoked_at": "2027-01-01T00:00:00Z"}]}));
    });
    assert_eq!(
        asking.await.expect("asked"),
        None,
        "judged by the list of that moment"
    );
    assert_eq!(bench.refusal(&token).await, Some(Refusal::UserRevoked));
    assert_eq!(bench.auth.metrics().permits_cached.get(), 0);
}
