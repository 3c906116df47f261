//! IAM comes late, goes away, hangs; the guard stays closed or goes on.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use http::HeaderMap;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{Bench, INTERVAL, granted, with_kid};
use crate::auth::testing::{FakeIam, mint};
use crate::auth::{Decision, Document, Refusal};

#[tokio::test(start_paused = true)]
async fn lets_no_caller_in_before_keys_and_list_are_there() {
    let iam = FakeIam::new();
    iam.tell(|told| told.list = Err(()));
    let bench = Bench::start(iam);
    let token = mint(0, &granted());
    assert_eq!(
        bench.refusal(&token).await,
        Some(Refusal::IamUnavailable),
        "nothing is there"
    );
    sleep(Duration::from_secs(5)).await;
    assert_eq!(
        bench.refusal(&token).await,
        Some(Refusal::IamUnavailable),
        "no list"
    );
    assert!(!*bench.auth.ready().borrow());
    let metrics = bench.auth.metrics();
    assert!(
        metrics.age_s(Document::KeySet).is_some()
            && metrics.age_s(Document::RevocationList).is_none()
    );
    // What can be judged without IAM is.
    assert_eq!(bench.refusal("nonsense").await, Some(Refusal::Malformed));
    bench
        .iam
        .tell(|told| told.list = Ok(json!({"revoked_tokens": {"m": 0, "k": 0}})));
    sleep(Duration::from_secs(31)).await;
    assert!(*bench.auth.ready().borrow());
    assert_eq!(bench.refusal(&token).await, None);
}

#[tokio::test(start_paused = true)]
async fn an_iam_that_is_down_at_the_start_is_found_when_it_is_up() {
    let iam = FakeIam::new();
    iam.tell(|told| (told.keys, told.list) = (Err(()), Err(())));
    let bench = Bench::start(iam);
    let token = mint(0, &granted());
    sleep(Duration::from_secs(600)).await;
    assert_eq!(bench.refusal(&token).await, Some(Refusal::IamUnavailable));
    let (keys, lists) = (bench.asked_keys(), bench.iam.asked_list.load(SeqCst));
    assert!(
        (20..60).contains(&keys) && (20..60).contains(&lists),
        "backed off: {keys} {lists}"
    );
    bench.iam.tell(|told| {
        told.keys = Ok(vec![0]);
        told.list = Ok(json!({"revoked_tokens": {"m": 0, "k": 0}}));
    });
    sleep(Duration::from_secs(31)).await;
    assert_eq!(bench.refusal(&token).await, None);
}

#[tokio::test(start_paused = true)]
async fn an_outage_later_changes_nothing_for_hours_and_ends_by_itself() {
    let bench = Bench::ready().await;
    bench
        .iam
        .tell(|told| (told.keys, told.list) = (Err(()), Err(())));
    sleep(3 * INTERVAL).await;
    assert!(*bench.auth.ready().borrow());
    assert_eq!(
        bench.refusal(&mint(0, &granted())).await,
        None,
        "not even seen before"
    );
    let metrics = bench.auth.metrics();
    assert!(metrics.age_s(Document::KeySet).expect("an age") > 2.0 * 3600.0);
    assert!(metrics.age_s(Document::RevocationList).expect("an age") > 2.0 * 3600.0);
    bench.iam.tell(|told| told.keys = Ok(vec![0, 1]));
    sleep(Duration::from_secs(31)).await;
    assert!(metrics.age_s(Document::KeySet).expect("an age") < 31.0);
}

#[tokio::test(start_paused = true)]
async fn refreshes_at_the_interval() {
    let bench = Bench::ready().await;
    for turn in 1..4 {
        assert_eq!(
            (bench.asked_keys(), bench.iam.asked_list.load(SeqCst)),
            (turn, turn)
        );
        sleep(INTERVAL + Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_iam_that_hangs_does_not_hold_a_call_for_ever() {
    let bench = Bench::ready().await;
    bench
        .iam
        .tell(|told| told.delay = Duration::from_secs(86_400));
    let start = Instant::now();
    assert_eq!(
        bench.refusal(&with_kid("x")).await,
        Some(Refusal::IamUnavailable)
    );
    assert!(start.elapsed() <= Duration::from_secs(11));
}

#[tokio::test(start_paused = true)]
async fn shutdown_ends_the_refreshes() {
    let bench = Bench::ready().await;
    let Bench { auth, iam, .. } = bench;
    let authorizer = auth.authorizer();
    auth.shutdown().await;
    let asked = iam.asked_keys.load(SeqCst);
    sleep(3 * INTERVAL).await;
    assert_eq!(iam.asked_keys.load(SeqCst), asked);
    assert!(matches!(
        authorizer.authorize(&HeaderMap::new()),
        Decision::Now(Err(Refusal::NoToken))
    ));
    let dropped = Bench::ready().await;
    let iam = Arc::clone(&dropped.iam);
    drop(dropped);
    sleep(3 * INTERVAL).await;
    assert_eq!(iam.asked_keys.load(SeqCst), 1);
}
