//! Keys that are new, withdrawn or made up.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use tokio::time::sleep;

use super::{A_REFRESH, Bench, granted, with_kid};
use crate::auth::Refusal;
use crate::auth::keys::UNKNOWN_KID_COOLDOWN;
use crate::auth::testing::mint;

#[tokio::test(start_paused = true)]
async fn a_thousand_made_up_kids_cost_one_fetch_per_cooldown() {
    let bench = Arc::new(Bench::ready().await);
    for (turn, fetches) in [(0, 2), (1, 3)] {
        let asking: Vec<_> = (0..1000)
            .map(|n| {
                let bench = Arc::clone(&bench);
                tokio::spawn(async move {
                    sleep(Duration::from_millis(n % 100)).await;
                    bench.refusal(&with_kid(&format!("{turn}-{n}"))).await
                })
            })
            .collect();
        for asked in asking {
            assert_eq!(asked.await.expect("asked"), Some(Refusal::UnknownKey));
        }
        assert_eq!(bench.asked_keys(), fetches);
        sleep(UNKNOWN_KID_COOLDOWN).await;
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_of_bad_form_or_algorithm_never_cost_a_fetch() {
    let bench = Bench::ready().await;
    for header in [
        json!({"alg": "none", "kid": "x"}),
        json!({"alg": "HS256", "kid": "x"}),
        json!({"alg": "RS256"}),
    ] {
        let token = format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(header.to_string()));
        assert!(bench.refusal(&token).await.is_some());
    }
    assert!(
        bench
            .refusal(&format!("{}=", with_kid("x")))
            .await
            .is_some()
    );
    assert_eq!(bench.asked_keys(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_kid_is_unavailable_while_iam_cannot_be_asked() {
    let bench = Bench::ready().await;
    bench.iam.tell(|told| told.keys = Err(()));
    for _ in 0..10 {
        assert_eq!(
            bench.refusal(&with_kid("x")).await,
            Some(Refusal::IamUnavailable)
        );
    }
    assert_eq!(bench.asked_keys(), 2);
    assert_eq!(
        bench.refusal(&mint(0, &granted())).await,
        None,
        "known keys go on working"
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_found_at_once_and_a_withdrawn_one_stops() {
    let bench = Bench::ready().await;
    let (old, new) = (mint(0, &granted()), mint(1, &granted()));
    assert_eq!(bench.refusal(&old).await, None);
    bench.iam.tell(|told| told.keys = Ok(vec![0, 1]));
    assert_eq!(bench.refusal(&new).await, None);
    bench.iam.tell(|told| told.keys = Ok(vec![1]));
    assert_eq!(bench.refusal(&old).await, None, "not heard yet");
    sleep(A_REFRESH).await;
    assert_eq!(
        bench.refusal(&old).await,
        Some(Refusal::UnknownKey),
        "though it was cached"
    );
    assert_eq!(bench.refusal(&new).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_leaves_the_key_behind() {
    let bench = Bench::ready().await;
    bench
        .iam
        .tell(|told| (told.keys, told.delay) = (Ok(vec![0, 1]), Duration::from_secs(2)));
    let token = mint(1, &granted());
    let given_up = tokio::time::timeout(Duration::from_secs(1), bench.ask(&token)).await;
    assert!(given_up.is_err());
    sleep(Duration::from_secs(2)).await;
    assert_eq!(bench.refusal(&token).await, None);
    assert_eq!(bench.asked_keys(), 2);
}
