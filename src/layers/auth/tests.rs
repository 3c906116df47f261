use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tonic::{Code, Status};
use tower::{Layer as _, Service, ServiceExt as _, service_fn};

use super::{Auth, AuthLayer, is_open};
use crate::auth::testing::FakeAuthorizer;
use crate::auth::{Authorizer, Permit, Refusal};

const GUARDED: &str = "/accelbyte.matchmaking.matchfunction.MatchFunction/MakeMatches";

/// What the inner service saw: whether there was a permit and an authorization header.
type Seen = (bool, bool);

async fn call(authorizer: impl Authorizer, path: &str) -> Result<Seen, Status> {
    let inner = service_fn(|request: Request<()>| async move {
        let seen: Seen = (
            request.extensions().get::<Permit>().is_some(),
            request.headers().contains_key("authorization"),
        );
        let mut response = Response::new(String::new());
        response.extensions_mut().insert(seen);
        Ok::<_, Infallible>(response)
    });
    let request = Request::builder()
        .uri(path)
        .header("authorization", "Bearer secret")
        .body(())
        .expect("a request");
    let response = AuthLayer::new(Arc::new(authorizer))
        .layer(inner)
        .oneshot(request)
        .await
        .expect("never an error");
    match response.extensions().get::<Seen>() {
        Some(seen) => Ok(*seen),
        None => Err(Status::from_header_map(response.headers()).expect("a gRPC status")),
    }
}

#[tokio::test]
async fn a_permit_is_passed_on_and_the_header_is_not() {
    for authorizer in [FakeAuthorizer::permits(), FakeAuthorizer::permits().later()] {
        assert_eq!(
            call(authorizer, GUARDED).await.expect("let through"),
            (true, false)
        );
    }
}

#[tokio::test]
async fn a_refusal_is_a_response_with_a_constant_message() {
    for refusal in Refusal::ALL {
        for authorizer in [
            FakeAuthorizer::refuses(refusal),
            FakeAuthorizer::refuses(refusal).later(),
        ] {
            let status = call(authorizer, GUARDED).await.expect_err("refused");
            assert_eq!(status.message(), refusal.message());
            let code = match refusal {
                Refusal::TokenRevoked
                | Refusal::UserRevoked
                | Refusal::InsufficientPermission
                | Refusal::NamespaceMismatch => Code::PermissionDenied,
                Refusal::IamUnavailable => Code::Unavailable,
                _ => Code::Unauthenticated,
            };
            assert_eq!(status.code(), code);
        }
    }
}

#[tokio::test]
async fn open_services_are_not_asked_for_a_token_and_do_not_see_one() {
    for path in [
        "/grpc.health.v1.Health/Check",
        "/grpc.health.v1.Health/Watch",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ] {
        let seen = call(FakeAuthorizer::refuses(Refusal::NoToken), path).await;
        assert_eq!(seen.expect(path), (false, false), "{path}");
    }
}

#[tokio::test]
async fn every_other_path_is_closed() {
    for path in [
        GUARDED,
        "/",
        "/grpc.health.v1.Health",
        "/grpc.health.v1.Health/",
        "/grpc.health.v1.Health//Check",
        "/grpc.health.v1.Health/Check/../../x",
        "//grpc.health.v1.Health/Check",
        "/x/grpc.health.v1.Health/Check",
        "/grpc.health.v1.HealthX/Check",
        "/xgrpc.health.v1.Health/Check",
        "/grpc.health.v1.health/Check",
        "/grpc.health.v1%2EHealth/Check",
        "/grpc.reflection.v2.ServerReflection/ServerReflectionInfo",
        "/unknown.Service/Method",
    ] {
        let status = call(FakeAuthorizer::refuses(Refusal::NoToken), path)
            .await
            .expect_err(path);
        assert_eq!(status.code(), Code::Unauthenticated, "{path}");
    }
}

#[test]
fn a_query_is_not_part_of_the_path() {
    let request = Request::builder()
        .uri("/x.Y/Z?/grpc.health.v1.Health/Check")
        .body(())
        .expect("a request");
    assert!(!is_open(request.uri().path()));
}

/// An inner service that must be polled ready before each call, as the tower contract says.
#[derive(Debug, Default)]
struct Strict {
    ready: bool,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Service<Request<()>> for Strict {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        assert!(
            std::mem::take(&mut self.ready),
            "called without being polled ready"
        );
        std::future::ready(Ok(Response::default()))
    }
}

#[tokio::test]
async fn only_a_service_that_is_ready_is_called() {
    for authorizer in [FakeAuthorizer::permits(), FakeAuthorizer::permits().later()] {
        let mut service: Auth<Strict> =
            AuthLayer::new(Arc::new(authorizer)).layer(Strict::default());
        for _ in 0..3 {
            let request = Request::builder().uri(GUARDED).body(()).expect("a request");
            let response = service.ready().await.expect("ready").call(request).await;
            assert!(
                response
                    .expect("a response")
                    .headers()
                    .get("grpc-status")
                    .is_none()
            );
        }
    }
}
