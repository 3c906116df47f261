//! How AGS is asked: credentials, addresses, bounds, outages.

use std::sync::Arc;
use std::time::Duration;

use match_function::auth::iam::{IamError, log_in};
use match_function::auth::{Auth, Document, Endpoint, Options, Refusal};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{NAMESPACE, ask, ready, settings, start, until, wait_until_ready};
use crate::support::ags::{Ags, Fault, World};
use crate::support::tokens::{TestKey, delegated, now_s};

/// A user with this role in the game namespace, and no permission of their own.
fn user_with_role(role: &str, namespace: &str) -> String {
    TestKey::first().sign(&json!({
        "sub": "some-user", "client_id": "c", "namespace": NAMESPACE, "permissions": [],
        "namespace_roles": [{"roleId": role, "namespace": namespace}],
        "iat": now_s() - 1, "exp": now_s() + 3600,
    }))
}

fn grants_all() -> (u16, Value) {
    (
        200,
        json!({"permissions": [{"Resource": "NAMESPACE:{namespace}:MMV2GRPCSERVICE", "Action": 2}]}),
    )
}

#[tokio::test]
async fn each_endpoint_is_asked_as_the_contract_says() {
    let ags = Ags::start().await;
    ags.change(|world| {
        world
            .role_overrides
            .insert(("r".into(), NAMESPACE.into()), grants_all());
    });
    let options = Options {
        inject_headers: Some(Arc::new(|headers| {
            headers.insert(
                "x-b3-traceid",
                "463ac35c9f6413ad".parse().expect("a header value"),
            );
        })),
        ..Options::default()
    };
    let auth = Auth::start(&settings(&ags.url()), "my app", options).expect("starts");
    wait_until_ready(&auth).await;
    assert!(
        ask(&auth.authorizer(), &user_with_role("r", NAMESPACE))
            .await
            .is_ok()
    );
    let login = ags.logins().pop().expect("a login");
    for (endpoint, method, path) in [
        (Endpoint::Token, "POST", "/iam/v3/oauth/token"),
        (Endpoint::Jwks, "GET", "/iam/v3/oauth/jwks"),
        (
            Endpoint::RevocationList,
            "GET",
            "/iam/v3/oauth/revocationlist",
        ),
        (
            Endpoint::Role,
            "GET",
            "/iam/v3/admin/namespaces/emberfall/roleoverride/r/permissions",
        ),
    ] {
        let asked = ags.asked();
        let asked: Vec<_> = asked
            .iter()
            .filter(|asked| asked.endpoint == Some(endpoint))
            .collect();
        assert_eq!(asked.len(), 1, "{endpoint:?}");
        let header = |name: &str| {
            asked[0]
                .headers
                .get(name)
                .map(|value| value.to_str().expect("ASCII"))
        };
        assert_eq!(
            (asked[0].method.as_str(), asked[0].path.as_str()),
            (method, path)
        );
        assert_eq!(header("user-agent"), Some("my_app"));
        assert_eq!(header("accept"), Some("application/json"));
        assert_eq!(header("x-b3-traceid"), Some("463ac35c9f6413ad"));
        match endpoint {
            Endpoint::Token => {
                assert_eq!(&asked[0].body[..], b"grant_type=client_credentials");
                assert_eq!(
                    header("content-type"),
                    Some("application/x-www-form-urlencoded")
                );
            }
            Endpoint::RevocationList => {
                assert_eq!(
                    header("authorization"),
                    Some("Basic dGVzdC1jbGllbnQ6dGVzdC1jbGllbnQtczNjcjN0")
                );
            }
            _ => assert_eq!(header("authorization"), Some(&*format!("Bearer {login}"))),
        }
        assert_eq!(
            (
                auth.metrics().requests(endpoint).get(),
                auth.metrics().failures(endpoint).get()
            ),
            (1, 0)
        );
    }
}

#[tokio::test]
async fn names_out_of_tokens_cannot_leave_their_place_in_the_path() {
    let ags = Ags::start().await;
    let auth = ready(&ags).await;
    for (role, namespace, path) in [
        (
            "a/../../b?c#d",
            "n",
            "/iam/v3/admin/namespaces/n/roleoverride/a%2F..%2F..%2Fb%3Fc%23d/permissions",
        ),
        (
            "%2e%2e",
            "n",
            "/iam/v3/admin/namespaces/n/roleoverride/%252e%252e/permissions",
        ),
        (
            "r",
            "stüdio-",
            "/iam/v3/admin/namespaces/st%C3%BCdio/roleoverride/r/permissions",
        ),
        ("r", "*", "/iam/v3/admin/roles/r"),
    ] {
        let refused = ask(&auth.authorizer(), &user_with_role(role, namespace)).await;
        assert_eq!(refused.err(), Some(Refusal::InsufficientPermission));
        assert_eq!(ags.asked().last().expect("asked").path, path);
    }
    let asked = ags.asked().len();
    for (role, namespace) in [
        ("..", "n"),
        (".", "n"),
        ("r", ".."),
        ("r", ""),
        ("r", "-"),
        ("", "n"),
    ] {
        let refused = ask(&auth.authorizer(), &user_with_role(role, namespace)).await;
        assert_eq!(
            refused.err(),
            Some(Refusal::InsufficientPermission),
            "{role} {namespace}"
        );
    }
    assert_eq!(ags.asked().len(), asked, "none of these is a name");
}

#[tokio::test]
async fn a_role_for_every_namespace_is_asked_in_its_global_form() {
    let ags = Ags::start().await;
    ags.change(|world| {
        let body = json!({"roleId": "g", "permissions": [{"resource": "NAMESPACE:{namespace}:MMV2GRPCSERVICE", "action": 2}]});
        world.roles.insert("g".into(), (200, body));
    });
    let auth = ready(&ags).await;
    assert!(
        ask(&auth.authorizer(), &user_with_role("g", "*"))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_client_token_that_iam_forgot_costs_one_login() {
    let ags = Ags::start().await;
    ags.change(|world| {
        world
            .role_overrides
            .insert(("r".into(), NAMESPACE.into()), grants_all());
    });
    let auth = ready(&ags).await;
    ags.forget_logins();
    tokio::time::sleep(Duration::from_millis(3100)).await; // the shortest time between two logins
    assert!(
        ask(&auth.authorizer(), &user_with_role("r", NAMESPACE))
            .await
            .is_ok()
    );
    assert_eq!(
        (
            ags.asked_for(Endpoint::Token),
            ags.asked_for(Endpoint::Role)
        ),
        (2, 2)
    );
}

#[tokio::test]
async fn a_client_token_that_iam_never_takes_does_not_cost_a_login_per_call() {
    let ags = Ags::start().await;
    let auth = ready(&ags).await;
    ags.fault(Endpoint::Role, Fault::Status(401));
    for n in 0..50 {
        let token = user_with_role(&format!("r{n}"), NAMESPACE);
        assert_eq!(
            ask(&auth.authorizer(), &token).await.err(),
            Some(Refusal::IamUnavailable)
        );
    }
    assert!(
        ags.asked_for(Endpoint::Token) <= 2,
        "{}",
        ags.asked_for(Endpoint::Token)
    );
}

#[tokio::test]
async fn the_client_token_is_renewed_before_it_ends() {
    let ags = Ags::start_with(World {
        token_life_s: 1,
        ..World::default()
    })
    .await;
    let auth = ready(&ags).await;
    // A life of 1 s is taken for 10 s; renewal is due after 8 s.
    until("the second login", || ags.asked_for(Endpoint::Token) == 2).await;
    drop(auth);
}

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
    let auth = Auth::start(&settings, "app-server", Options::default())
        .expect("an AGS that is down is no reason");
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

#[tokio::test]
async fn a_flood_of_made_up_kids_costs_one_fetch() {
    let ags = Ags::start().await;
    let auth = ready(&ags).await;
    let good = TestKey::first().sign(&delegated(NAMESPACE));
    let (_, rest) = good.split_once('.').expect("a token");
    for n in 0..1000 {
        use base64::Engine as _;
        let header = json!({"alg": "RS256", "kid": format!("kid-{n}")}).to_string();
        let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(header);
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

#[tokio::test]
async fn a_client_can_log_in_by_itself() {
    let ags = Ags::start().await;
    let token = log_in(&settings(&ags.url()).login, "app-server")
        .await
        .expect("logged in");
    assert_eq!(ags.logins(), [token.expose_secret()]);
    let mut wrong = settings(&ags.url()).login;
    wrong.client_secret = Some(SecretString::from("hunter2"));
    let error = log_in(&wrong, "app-server").await.expect_err("refused");
    assert!(
        matches!(error, IamError::Status { status: 401, .. }),
        "{error}"
    );
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("AB_CLIENT_SECRET") && !text.contains("hunter2"),
        "{text}"
    );
    ags.fault(
        Endpoint::Token,
        Fault::Body(r#"{"access_token":7,"expires_in":"hunter2"}"#.into()),
    );
    let error = log_in(&settings(&ags.url()).login, "app-server")
        .await
        .expect_err("no token");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
}
