//! What the server asks of IAM is seen in the trace of the call that needs it, and why it refused a
//! caller in the log line of the call.

use match_function::auth::Endpoint;
use match_function::proto::GetStatCodesRequest;
use serde_json::{Value, json};

use super::{PATIENCE, Running, TRACE, line, start, traced, zipkin};
use crate::support::ags::{Ags, World};
use crate::support::tokens::{TestKey, delegated, expired, now_s};

/// A server that asks this AGS about its callers and is ready.
async fn guarded(ags: &Ags, variables: &[(&str, &str)]) -> Running {
    let (iam, world) = (ags.url(), World::default());
    let guard = [
        ("PLUGIN_GRPC_SERVER_AUTH_ENABLED", "true"),
        ("AB_BASE_URL", &*iam),
        ("AB_NAMESPACE", "emberfall"),
        ("AB_CLIENT_ID", &world.client_id),
        ("AB_CLIENT_SECRET", &world.client_secret),
    ];
    let running = start(&[&guard, variables].concat()).await;
    let ready = async {
        while !running
            .lines
            .text()
            .contains("keys and revocation list of IAM are there")
        {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ready).await.expect("ready");
    running
}

#[tokio::test]
async fn the_line_of_a_refused_call_says_why_and_the_caller_is_told_less() {
    let ags = Ags::start().await;
    let mut running = guarded(&ags, &[]).await;
    let ahead = |claim: &str, seconds| {
        let mut claims = delegated("emberfall");
        claims[claim] = json!(now_s() + seconds);
        claims
    };
    let iam = TestKey::first();
    let calls = [
        (iam.sign(&ahead("iat", 5)), Ok(())),
        (iam.sign(&ahead("nbf", 5)), Ok(())),
        (
            iam.sign(&ahead("iat", 60)),
            Err(("invalid access token", "not_yet_valid")),
        ),
        (
            iam.sign(&ahead("nbf", 60)),
            Err(("invalid access token", "not_yet_valid")),
        ),
        (
            iam.sign(&expired(delegated("emberfall"))),
            Err(("access token expired", "expired")),
        ),
        ("a.b".to_owned(), Err(("invalid access token", "malformed"))),
        (
            iam.sign(&delegated("elsewhere")),
            Err(("namespace mismatch", "namespace_mismatch")),
        ),
        (
            String::new(),
            Err(("no authorization token found", "no_token")),
        ),
    ];
    let mut reasons = Vec::new();
    for (token, wanted) in calls {
        let mut request = traced(GetStatCodesRequest::default());
        if !token.is_empty() {
            let bearer = format!("Bearer {token}").parse().expect("a header value");
            request.metadata_mut().insert("authorization", bearer);
        }
        let answer = running.client.get_stat_codes(request).await;
        let told = answer.as_ref().err().map(tonic::Status::message);
        assert_eq!(told, wanted.err().map(|(message, _)| message));
        reasons.push(wanted.err().map(|(_, reason)| reason.into()));
    }
    let lines = running.end().await;
    let found: Vec<Option<Value>> = lines
        .iter()
        .filter(|line| line["message"] == "call ended")
        .map(|line| line.get("auth_refusal").cloned())
        .collect();
    assert_eq!(found, reasons);
}

#[tokio::test]
async fn a_request_to_iam_is_a_span_below_its_call() {
    let ags = Ags::start().await;
    let (url, spans) = zipkin();
    let exporter = [
        ("ENABLE_ZIPKIN", "true"),
        ("OTEL_EXPORTER_ZIPKIN_ENDPOINT", &*url),
    ];
    let mut running = guarded(&ags, &exporter).await;

    // A key that is not known yet: the call has to wait for IAM.
    ags.change(|world| world.jwks = vec![json!({ "keys": [TestKey::second().jwk()] })]);
    let mut request = traced(GetStatCodesRequest::default());
    let bearer = format!("Bearer {}", TestKey::second().sign(&delegated("emberfall")));
    let bearer = bearer.parse().expect("a header value");
    request.metadata_mut().insert("authorization", bearer);
    running
        .client
        .get_stat_codes(request)
        .await
        .expect("let in");

    let asked = ags.asked();
    let fetches: Vec<_> = asked
        .iter()
        .filter(|asked| asked.endpoint == Some(Endpoint::Jwks))
        .collect();
    let header = |n: usize, name: &str| fetches[n].headers.get(name).cloned();
    assert_eq!(fetches.len(), 2, "at the start, and for the call");
    assert_ne!(header(0, "x-b3-traceid"), header(1, "x-b3-traceid"));
    assert_eq!(header(1, "x-b3-traceid").expect("a trace"), TRACE);

    let lines = running.end().await;
    let mut received: Vec<Value> = Vec::new();
    let is_in = |received: &[Value], name: &str| received.iter().any(|span| span["name"] == name);
    const CALL: &str = "accelbyte.matchmaking.matchfunction.MatchFunction/GetStatCodes";
    while !is_in(&received, CALL) {
        received.extend(spans.recv_timeout(PATIENCE).expect("spans"));
    }
    let find = |fits: &dyn Fn(&Value) -> bool| {
        let found = received.iter().find(|span| fits(span));
        found.unwrap_or_else(|| panic!("a span is missing in {received:#?}"))
    };
    let call = find(&|span| span["name"] == CALL);
    let lookup = find(&|span| span["name"] == "AGS lookup" && span["parentId"] == call["id"]);
    let fetch = find(&|span| span["parentId"] == lookup["id"]);
    assert_eq!(
        (&fetch["name"], &fetch["kind"]),
        (&json!("AGS jwks"), &json!("CLIENT"))
    );
    assert_eq!(fetch["traceId"], TRACE);
    assert_eq!(fetch["tags"]["http.response.status_code"], "200");
    assert_eq!(fetch["tags"]["server.address"], "127.0.0.1");
    let sent = header(1, "x-b3-spanid").expect("a span");
    assert_eq!(fetch["id"], sent.to_str().expect("ASCII"));
    // What is fetched in the background has traces of its own.
    for name in ["AGS token", "AGS revocation_list"] {
        let span = find(&|span| span["name"] == name);
        assert_eq!(span.get("parentId"), None, "{span}");
        assert_ne!(span["traceId"], TRACE);
    }
    assert_eq!(line(&lines, "call ended")["trace_id"], TRACE);
}
