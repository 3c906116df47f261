//! Where the key comes from that a token is checked with, and how often it is fetched.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use match_function::auth::{Endpoint, Refusal};
use serde_json::json;

use super::{NAMESPACE, ask, ready};
use crate::support::ags::{Ags, Fault};
use crate::support::tokens::{TestKey, delegated};

#[tokio::test]
async fn keys_and_addresses_in_a_token_are_neither_used_nor_asked() {
    let (ags, elsewhere) = (Ags::start().await, Ags::start().await);
    let auth = ready(&ags).await;
    let address = format!("{}/iam/v3/oauth/jwks", elsewhere.url());
    for (kid, refusal) in [
        (TestKey::first().kid, Refusal::BadSignature),
        (TestKey::second().kid, Refusal::UnknownKey),
    ] {
        let header = jsonwebtoken::Header {
            kid: Some(kid),
            jku: Some(address.clone()),
            jwk: Some(serde_json::from_value(TestKey::second().jwk()).expect("a key")),
            x5u: Some(address.clone()),
            x5c: Some(vec!["MIIB".to_owned()]),
            ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256)
        };
        let token = TestKey::second().sign_with_header(&header, &delegated(NAMESPACE));
        assert_eq!(ask(&auth.authorizer(), &token).await.err(), Some(refusal));
    }
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn a_flood_of_made_up_kids_costs_one_fetch() {
    let ags = Ags::start().await;
    let auth = ready(&ags).await;
    let good = TestKey::first().sign(&delegated(NAMESPACE));
    let (_, rest) = good.split_once('.').expect("a token");
    for n in 0..1000 {
        let header = json!({"alg": "RS256", "kid": format!("kid-{n}")}).to_string();
        let header = URL_SAFE_NO_PAD.encode(header);
        let refused = ask(&auth.authorizer(), &format!("{header}.{rest}")).await;
        assert_eq!(refused.err(), Some(Refusal::UnknownKey));
    }
    assert_eq!(
        ags.asked_for(Endpoint::Jwks),
        2,
        "one at the start, one for the flood"
    );
}

#[tokio::test]
async fn callers_with_a_new_key_share_one_fetch_even_if_the_first_goes_away() {
    let ags = Ags::start().await;
    let auth = ready(&ags).await;
    ags.change(|world| world.jwks = vec![json!({ "keys": [TestKey::second().jwk()] })]);
    ags.fault(Endpoint::Jwks, Fault::Delay(Duration::from_millis(300)));
    let token = TestKey::second().sign(&delegated(NAMESPACE));
    let authorizer = auth.authorizer();
    let first = tokio::time::timeout(Duration::from_millis(50), ask(&authorizer, &token)).await;
    assert!(first.is_err(), "it went away");
    let asking = (0..50).map(|_| ask(&authorizer, &token));
    for verdict in futures_util::future::join_all(asking).await {
        assert!(verdict.is_ok());
    }
    assert_eq!(ags.asked_for(Endpoint::Jwks), 2);
}
