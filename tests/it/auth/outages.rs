//! An AGS that does not answer, or not with what it should.

use match_function::auth::{Auth, Document, Endpoint, Options, Refusal};
use serde_json::json;

use super::{NAMESPACE, ask, settings, start, until, wait_until_ready};
use crate::support::ags::{Ags, Fault, World};
use crate::support::tokens::{TestKey, delegated};

#[tokio::test]
async fn answers_that_cannot_be_used_leave_it_not_ready_and_a_good_one_heals_it() {
    let huge = format!(r#"{{"keys":[],"x":"{}"}}"#, "x".repeat(300 * 1024));
    let faults = [
        Fault::Status(500),
        Fault::Status(503),
        Fault::Busy(1),
        Fault::Truncated,
        Fault::Body("<html>maintenance</html>".into()),
        Fault::Body(r#"{"keys":[]}"#.into()),
        Fault::Body(r#"{"keys":[{"kty":"RSA""#.into()),
        Fault::Body(huge),
    ];
    let ags = Ags::start().await;
    for fault in faults {
        ags.fault(Endpoint::Jwks, fault.clone());
        let auth = start(&ags);
        let metrics = auth.metrics();
        until("the fetch has failed", || {
            metrics.failures(Endpoint::Jwks).get() == 1
        })
        .await;
        until("the list is there", || {
            metrics.age_s(Document::RevocationList).is_some()
        })
        .await;
        assert!(!*auth.ready().borrow(), "{fault:?}");
        let token = TestKey::first().sign(&delegated(NAMESPACE));
        assert_eq!(
            ask(&auth.authorizer(), &token).await.err(),
            Some(Refusal::IamUnavailable)
        );
        ags.change(|world| world.faults.clear());
        wait_until_ready(&auth).await;
        assert!(ask(&auth.authorizer(), &token).await.is_ok(), "{fault:?}");
    }
}

#[tokio::test]
async fn a_body_that_drips_ends_at_the_timeout() {
    let ags = Ags::start().await;
    ags.fault(Endpoint::Jwks, Fault::Drip);
    let auth = start(&ags);
    let metrics = auth.metrics();
    until("the fetch has been given up", || {
        metrics.failures(Endpoint::Jwks).get() == 1
    })
    .await;
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_credentials() {
    let (ags, elsewhere) = (Ags::start().await, Ags::start().await);
    for endpoint in [Endpoint::Token, Endpoint::RevocationList] {
        ags.fault(
            endpoint,
            Fault::Redirect(format!("{}/iam/v3/oauth/token", elsewhere.url())),
        );
    }
    let auth = start(&ags);
    let metrics = auth.metrics();
    until("both have failed", || {
        metrics.failures(Endpoint::Token).get() > 0
            && metrics.failures(Endpoint::RevocationList).get() > 0
    })
    .await;
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn an_ags_that_is_down_at_the_start_is_found_when_it_comes_up() {
    let address = Ags::start().await.stop();
    let settings = settings(&format!("http://{address}"));
    let auth =
        Auth::start(&settings, "app-server", Options::default()).expect("it starts without AGS");
    let token = TestKey::first().sign(&delegated(NAMESPACE));
    let metrics = auth.metrics();
    until("it was not reached", || {
        metrics.failures(Endpoint::RevocationList).get() > 0
    })
    .await;
    assert_eq!(
        ask(&auth.authorizer(), &token).await.err(),
        Some(Refusal::IamUnavailable)
    );
    let ags = Ags::start_at(address, World::default()).await;
    wait_until_ready(&auth).await;
    assert!(ask(&auth.authorizer(), &token).await.is_ok());
    // And down again: what was fetched goes on working, for tokens never seen too.
    ags.stop();
    assert!(ask(&auth.authorizer(), &token).await.is_ok());
    let mut other = delegated(NAMESPACE);
    other["client_id"] = json!("another");
    assert!(
        ask(&auth.authorizer(), &TestKey::first().sign(&other))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_list_beyond_the_limit_is_not_taken_over() {
    let ags = Ags::start().await;
    ags.fault(
        Endpoint::RevocationList,
        Fault::Body(" ".repeat((32 << 20) + 1)),
    );
    let auth = start(&ags);
    let metrics = auth.metrics();
    until("the list has been refused", || {
        metrics.failures(Endpoint::RevocationList).get() == 1
    })
    .await;
    assert!(!*auth.ready().borrow());
}
