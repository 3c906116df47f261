use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Request;
use http::header::AUTHORIZATION;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Layer;
use tower::layer::util::Identity;

use super::testing::{Answer, Part, Parts, call, request, response, rpc, trailers_only};
use super::*;
use crate::telemetry::Telemetry;
use crate::telemetry::testing::{settings, telemetry, value};

/// The whole stack, switched by these flags.
fn stack_with<A>(flags: &[&str], telemetry: &Telemetry, innermost: A) -> ServerStack<A> {
    let handles = telemetry.handles();
    let metrics = rpc(&handles.metrics);
    let second = Duration::from_secs(1);
    let limits = TimeLimits {
        unary: second,
        tick: second,
    };
    stack(
        &settings(flags),
        &handles.tracer,
        &metrics,
        limits,
        innermost,
    )
}

#[tokio::test]
async fn the_whole_stack_sees_a_panic_and_hides_the_credential() {
    let (dispatch, telemetry, lines) = telemetry(&[]);
    let guard = tracing::dispatcher::set_default(&dispatch);
    let seen = Arc::new(Mutex::new(None));
    let seeing = Arc::clone(&seen);
    let answer = Answer(move |request: Request<Body>| -> http::Response<Parts> {
        *seeing.lock().expect("no panic inside") = request.headers().get(AUTHORIZATION).cloned();
        panic!("the handler panics");
    });
    let mut service = stack_with(&[], &telemetry, Identity::new()).layer(answer);
    let request = request("/a.B/Unary", &[("authorization", "Bearer abc")]);
    let status = call(&mut service, request).await.expect("a status");
    assert_eq!(status.code(), Code::Internal);
    let header = seen
        .lock()
        .expect("no panic inside")
        .clone()
        .expect("handed on");
    assert!(header.is_sensitive() && header == "Bearer abc");
    drop(guard);
    let handled = r#"grpc_server_handled_total{grpc_code="Internal",grpc_method="Unary",grpc_service="a.B",grpc_type="unary"}"#;
    assert_eq!(value(&telemetry.handles().metrics, handled), 1.0);
    telemetry.shutdown();
    let lines = lines.json();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["code"], "Internal");
    assert!(lines[0]["trace_id"].is_string());
}

#[test]
fn every_credential_is_hidden_and_nothing_else() {
    let sent = [
        ("authorization", "Bearer abc"),
        ("authorization", "Bearer def"),
        ("cookie", "access_token=abc"),
        ("user-agent", "a"),
    ];
    let mut request = request("/a.B/Unary", &[]);
    for (name, value) in sent {
        let value = http::HeaderValue::from_static(value);
        request.headers_mut().append(name, value);
    }
    let request = hide_credentials(request);
    for (name, value) in request.headers() {
        let credential = name == AUTHORIZATION || name == http::header::COOKIE;
        assert_eq!(value.is_sensitive(), credential, "{name}");
    }
    assert_eq!(request.headers().get_all(AUTHORIZATION).iter().count(), 2);
}

#[tokio::test]
async fn switches_take_layers_out() {
    let off = [
        "--enable-interceptor-logging=no",
        "--enable-interceptor-metrics=no",
    ];
    let (dispatch, telemetry, lines) = telemetry(&[]);
    let guard = tracing::dispatcher::set_default(&dispatch);
    let answer = Answer(|_| response(vec![Part::Status(Status::ok(""))]));
    let mut service = stack_with(&off, &telemetry, Identity::new()).layer(answer);
    call(&mut service, request("/a.B/Unary", &[]))
        .await
        .expect("a status");
    drop(guard);
    let calls = format!(
        "grpc_server_calls_count_total{{os=\"{}\"}}",
        std::env::consts::OS
    );
    assert_eq!(value(&telemetry.handles().metrics, &calls), 0.0);
    telemetry.shutdown();
    assert_eq!(lines.text(), "");
}

#[tokio::test]
async fn the_innermost_layer_is_observed() {
    /// Refuses every call, as authorization does.
    #[derive(Clone)]
    struct Refuse;
    impl<S> Layer<S> for Refuse {
        type Service = Answer<fn(Request<Body>) -> http::Response<Parts>>;
        fn layer(&self, _: S) -> Self::Service {
            Answer(|_| trailers_only(Status::unauthenticated("no token")))
        }
    }
    let (dispatch, telemetry, lines) = telemetry(&[]);
    let guard = tracing::dispatcher::set_default(&dispatch);
    let mut service = stack_with(&[], &telemetry, Refuse).layer(());
    let status = call(&mut service, request("/a.B/Unary", &[]))
        .await
        .expect("a status");
    assert_eq!(status.code(), Code::Unauthenticated);
    drop(guard);
    telemetry.shutdown();
    assert_eq!(lines.json()[0]["error"], "no token");
}
