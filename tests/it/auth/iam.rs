//! How AGS is asked: credentials, addresses, logins.

use std::sync::Arc;
use std::time::Duration;

use match_function::auth::iam::{IamError, log_in};
use match_function::auth::{Auth, Endpoint, Options, Refusal};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{NAMESPACE, ask, ready, settings, until, wait_until_ready};
use crate::support::ags::{Ags, Fault, World};
use crate::support::tokens::{TestKey, now_s};

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
