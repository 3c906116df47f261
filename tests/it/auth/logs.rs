//! No token and no secret in any log line, of this crate or of a library, at any level.

use match_function::auth::{Auth, Endpoint, Options};
use serde_json::{Value, json};

use super::server::{Refused, TestServer};
use super::{NAMESPACE, ask, settings, start, until, wait_until_ready};
use crate::support::ags::{Ags, Fault, World};
use crate::support::logs;
use crate::support::tokens::{TestKey, delegated, expired, granted, now_s};

#[tokio::test]
async fn no_log_line_holds_a_token_or_secret() {
    logs::capture();
    let ags = Ags::start().await;
    // Each way a login and a fetch can go wrong, first.
    for fault in [
        Fault::Status(401),
        Fault::Truncated,
        Fault::Body(r#"{"access_token":"leaked-t0ken"}"#.into()),
    ] {
        ags.fault(Endpoint::Token, fault);
        let auth = start(&ags);
        let metrics = auth.metrics();
        until("the login has failed", || {
            metrics.failures(Endpoint::Token).get() > 0
        })
        .await;
        auth.shutdown().await;
    }
    ags.change(|world| world.faults.clear());
    let auth =
        Auth::start(&settings(&ags.url()), "app-server", Options::default()).expect("starts");
    wait_until_ready(&auth).await;
    let server = TestServer::start(auth.authorizer()).await;

    let forged = TestKey::stranger().sign_with_header(
        &jsonwebtoken::Header {
            kid: Some(TestKey::first().kid),
            ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256)
        },
        &delegated(NAMESPACE),
    );
    let with_role: Value =
        json!({"sub": "u", "exp": now_s() + 60, "roles": ["r"], "permissions": []});
    let tokens = [
        TestKey::first().sign(&delegated(NAMESPACE)),
        TestKey::first().sign(&delegated("elsewhere")),
        TestKey::first().sign(&granted("NAMESPACE:elsewhere:MMV2GRPCSERVICE", 2)),
        TestKey::first().sign(&expired(delegated(NAMESPACE))),
        TestKey::second().sign(&delegated(NAMESPACE)),
        TestKey::first().sign(&with_role),
        forged,
        TestKey::first().sign_with_header(
            &jsonwebtoken::Header {
                kid: Some("forged\nERROR l1ne".to_owned()),
                ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256)
            },
            &delegated(NAMESPACE),
        ),
        "n0nsense-that-is-no-token".to_owned(),
    ];
    for token in &tokens {
        _ = ask(&auth.authorizer(), token).await;
        _ = server.call(&[&format!("Bearer {token}")]).await;
    }
    assert!(matches!(
        server.call(&["Basic bm90LW91cnM6cDRzc3cwcmQ="]).await,
        Err(Refused { .. })
    ));

    let text = logs::text();
    assert!(
        text.contains("TRACE") && text.contains("DEBUG hyper_util"),
        "the finest level of libraries is kept"
    );
    assert!(
        text.contains("call refused") && text.contains("refresh from AGS failed"),
        "and our own lines"
    );
    let mut secrets = vec![
        World::default().client_secret,
        "dGVzdC1jbGllbnQ6dGVzdC1jbGllbnQtczNjcjN0".to_owned(),
        "bm90LW91cnM6cDRzc3cwcmQ".to_owned(),
        "leaked-t0ken".to_owned(),
        "ERROR l1ne".to_owned(),
    ];
    secrets.extend(ags.logins());
    for token in tokens {
        let signature = token.rsplit('.').next().expect("a part").to_owned();
        secrets.extend([token, signature]);
    }
    for secret in secrets {
        let line = text.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "a secret is in a log line");
    }
}
