//! The whole server with the check of callers on, through the ups and downs of IAM.

use match_function::auth::Endpoint;
use match_function::proto::{GetStatCodesRequest, SERVICE};
use serde_json::json;
use tokio::time::timeout;
use tokio_stream::StreamExt;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::{LONG, NAMESPACE};
use crate::support::ags::{Ags, Fault, World};
use crate::support::tokens::{TestKey, delegated};
use crate::support::{Server, start};

/// The code of a call with a token of this key, or with none, and its message.
async fn call(server: &Server, key: Option<TestKey>) -> (Code, String) {
    let mut request = Request::new(GetStatCodesRequest::default());
    if let Some(key) = key {
        let bearer = format!("Bearer {}", key.sign(&delegated(NAMESPACE)));
        let bearer = bearer.parse().expect("a header value");
        request.metadata_mut().insert("authorization", bearer);
    }
    match server.client().await.get_stat_codes(request).await {
        Ok(_) => (Code::Ok, String::new()),
        Err(status) => (status.code(), status.message().to_owned()),
    }
}

fn told(code: Code, message: &str) -> (Code, String) {
    (code, message.to_owned())
}

#[tokio::test]
async fn ups_and_downs_of_iam_need_no_restart() {
    let address = Ags::start().await.stop();
    let (url, world) = (format!("http://{address}"), World::default());
    let server = start(&[
        "--auth=on",
        "--base-url",
        &url,
        "--client-id",
        &world.client_id,
        "--client-secret",
        &world.client_secret,
        "--namespace",
        NAMESPACE,
    ]);
    let mut health = HealthClient::new(server.channel().await);
    let service = SERVICE.to_owned();
    let watch = health.watch(HealthCheckRequest { service }).await;
    let mut watch = watch.expect("open to all").into_inner();
    let mut next = async || {
        let status = timeout(LONG, watch.next()).await.expect("in time");
        status.expect("still watched").expect("no error").status()
    };

    // Down at the start.
    assert_eq!(next().await, ServingStatus::NotServing);
    let away = told(Code::Unavailable, "authorization service unavailable");
    assert_eq!(call(&server, Some(TestKey::first())).await, away);
    let missing = told(Code::Unauthenticated, "no authorization token found");
    assert_eq!(call(&server, None).await, missing);

    // Up.
    let ags = Ags::start_at(address, world).await;
    assert_eq!(next().await, ServingStatus::Serving);
    let good = told(Code::Ok, "");
    assert_eq!(call(&server, Some(TestKey::first())).await, good);
    assert_eq!(call(&server, None).await, missing);

    // Another key.
    ags.change(|world| world.jwks = vec![json!({ "keys": [TestKey::second().jwk()] })]);
    assert_eq!(call(&server, Some(TestKey::second())).await, good);
    let invalid = told(Code::Unauthenticated, "invalid access token");
    assert_eq!(call(&server, Some(TestKey::first())).await, invalid);

    // Down again: what is known goes on working.
    for endpoint in Endpoint::ALL {
        ags.fault(endpoint, Fault::Status(503));
    }
    ags.stop();
    assert_eq!(call(&server, Some(TestKey::second())).await, good);
    assert_eq!(call(&server, Some(TestKey::stranger())).await, invalid);
}
