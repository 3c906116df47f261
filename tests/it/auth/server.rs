//! The layer in a real gRPC server on a real port.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use match_function::auth::{Authorizer, Endpoint, Permit, Refusal};
use match_function::layers::auth::AuthLayer;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::metadata::MetadataValue;
use tonic::server::{NamedService, UnaryService};
use tonic::transport::{Channel, Endpoint as Address, Server};
use tonic::{Code, Status};
use tonic_prost::ProstCodec;
use tower::Service;

use super::{NAMESPACE, ready};
use crate::support::ags::{Ags, Fault};
use crate::support::tokens::{TestKey, delegated, expired, granted, now_s};

const PATH: &str = "/accelbyte.matchmaking.matchfunction.MatchFunction/GetStatCodes";

/// A match function that only looks at what the layer hands on.
#[derive(Debug, Clone)]
struct MatchFunction;

impl NamedService for MatchFunction {
    const NAME: &'static str = "accelbyte.matchmaking.matchfunction.MatchFunction";
}

impl UnaryService<()> for MatchFunction {
    type Response = ();
    type Future = std::future::Ready<Result<tonic::Response<()>, Status>>;

    fn call(&mut self, request: tonic::Request<()>) -> Self::Future {
        let permitted = request.extensions().get::<Permit>().is_some();
        let hidden = request.metadata().get("authorization").is_none();
        std::future::ready(if permitted && hidden {
            Ok(tonic::Response::new(()))
        } else {
            Err(Status::internal(format!(
                "permitted {permitted}, hidden {hidden}"
            )))
        })
    }
}

impl Service<Request<Body>> for MatchFunction {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future =
        std::pin::Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::<(), ()>::default());
            Ok(grpc.unary(service, request).await)
        })
    }
}

/// A gRPC server behind the layer, and a client to it.
#[derive(Debug)]
pub(super) struct TestServer {
    address: SocketAddr,
    channel: Channel,
    serving: JoinHandle<()>,
}

/// What a refused caller sees.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) code: Code,
    pub(super) message: String,
}

impl TestServer {
    pub(super) async fn start(authorizer: Arc<dyn Authorizer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (health_reporter, health) = tonic_health::server::health_reporter();
        health_reporter
            .set_service_status("", tonic_health::ServingStatus::Serving)
            .await;
        let server = Server::builder()
            .http2_max_header_list_size(32 * 1024)
            .layer(AuthLayer::new(authorizer))
            .add_service(health)
            .add_service(MatchFunction)
            .serve_with_incoming(TcpListenerStream::new(listener));
        let serving = tokio::spawn(async move { server.await.expect("serves") });
        let channel = Address::from_shared(format!("http://{address}"))
            .expect("an address")
            .connect()
            .await
            .expect("connects");
        Self {
            address,
            channel,
            serving,
        }
    }

    /// Calls the match function with these authorization headers.
    pub(super) async fn call(&self, authorization: &[&str]) -> Result<(), Refused> {
        let mut request = tonic::Request::new(());
        for value in authorization {
            let value = MetadataValue::try_from(*value).expect("a header value");
            request.metadata_mut().append("authorization", value);
        }
        self.call_path(PATH, request)
            .await
            .map_err(|status| Refused {
                code: status.code(),
                message: status.message().to_owned(),
            })
    }

    async fn call_path(
        &self,
        path: &'static str,
        request: tonic::Request<()>,
    ) -> Result<(), Status> {
        let mut client = tonic::client::Grpc::new(self.channel.clone());
        client.ready().await.expect("connected");
        let codec = ProstCodec::<(), ()>::default();
        client
            .unary(request, http::uri::PathAndQuery::from_static(path), codec)
            .await
            .map(|_| ())
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn refused(refusal: Refusal) -> Result<(), Refused> {
    let code = match refusal.class() {
        match_function::auth::Class::Unauthenticated => Code::Unauthenticated,
        match_function::auth::Class::PermissionDenied => Code::PermissionDenied,
        match_function::auth::Class::Unavailable => Code::Unavailable,
    };
    Err(Refused {
        code,
        message: refusal.message().to_owned(),
    })
}

fn bearer(key: &TestKey, claims: &Value) -> String {
    format!("Bearer {}", key.sign(claims))
}

#[tokio::test]
async fn callers_get_the_documented_codes_and_constant_messages() {
    let ags = Ags::start().await;
    ags.change(|world| {
        world.revocation_list["revoked_users"] =
            json!([{"id": "banned", "revoked_at": "2100-01-01T00:00:00.5Z"}]);
    });
    let auth = ready(&ags).await;
    let server = TestServer::start(auth.authorizer()).await;
    let (iam, stranger) = (TestKey::first(), TestKey::stranger());
    let required = format!("NAMESPACE:{NAMESPACE}:MMV2GRPCSERVICE");
    let forged = stranger.sign_with_header(
        &jsonwebtoken::Header {
            kid: Some(iam.kid.clone()),
            ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256)
        },
        &delegated(NAMESPACE),
    );
    let mut banned = delegated(NAMESPACE);
    banned["sub"] = json!("banned");
    let mut later = delegated(NAMESPACE);
    later["nbf"] = json!(now_s() + 600);
    for (authorization, wanted) in [
        (bearer(&iam, &delegated(NAMESPACE)), Ok(())),
        (bearer(&iam, &granted(&required, 2)), Ok(())),
        (
            bearer(&iam, &delegated(NAMESPACE)).replace("Bearer", "bEARER"),
            Ok(()),
        ),
        (
            bearer(&iam, &granted("NAMESPACE:*:MMV2GRPCSERVICE", 15)),
            Ok(()),
        ),
        (
            bearer(&iam, &expired(delegated(NAMESPACE))),
            refused(Refusal::Expired),
        ),
        (bearer(&iam, &later), refused(Refusal::NotYetValid)),
        (format!("Bearer {forged}"), refused(Refusal::BadSignature)),
        (
            bearer(&stranger, &delegated(NAMESPACE)),
            refused(Refusal::UnknownKey),
        ),
        (bearer(&iam, &banned), refused(Refusal::UserRevoked)),
        (
            bearer(&iam, &delegated("elsewhere")),
            refused(Refusal::NamespaceMismatch),
        ),
        (
            bearer(&iam, &granted(&required, 13)),
            refused(Refusal::InsufficientPermission),
        ),
        (
            bearer(&iam, &granted("NAMESPACE:elsewhere:MMV2GRPCSERVICE", 2)),
            refused(Refusal::InsufficientPermission),
        ),
        ("Basic aWQ6c2VjcmV0".to_owned(), refused(Refusal::Format)),
        ("Bearer".to_owned(), refused(Refusal::Format)),
        ("Bearer nonsense".to_owned(), refused(Refusal::Malformed)),
    ] {
        assert_eq!(
            server.call(&[&authorization]).await,
            wanted,
            "{authorization}"
        );
    }
    let good = bearer(&iam, &delegated(NAMESPACE));
    assert_eq!(server.call(&[]).await, refused(Refusal::NoToken));
    assert_eq!(server.call(&[&good, &good]).await, refused(Refusal::Format));
    assert_eq!(
        server.call(&[&format!("{good}, {good}")]).await,
        refused(Refusal::Malformed)
    );
}

#[tokio::test]
async fn long_headers_are_answered_or_cut_off() {
    let ags = Ags::start().await;
    let auth = ready(&ags).await;
    let server = TestServer::start(auth.authorizer()).await;
    let mut claims = delegated(NAMESPACE);
    claims["union_id"] = json!("x".repeat(8000));
    let long = bearer(&TestKey::first(), &claims);
    assert!(long.len() > 10_000 && long.len() < 16 * 1024);
    assert_eq!(server.call(&[&long]).await, Ok(()));
    let too_long = format!("Bearer {}", "a".repeat(16 * 1024));
    assert_eq!(server.call(&[&too_long]).await, refused(Refusal::Format));
    assert!(
        server
            .call(&[&format!("Bearer {}", "a".repeat(1 << 20))])
            .await
            .is_err()
    );
    assert_eq!(
        server.call(&[&long]).await,
        Ok(()),
        "and others are still served"
    );
}

#[tokio::test]
async fn health_is_open_and_everything_else_is_closed() {
    let ags = Ags::start().await;
    ags.fault(Endpoint::Jwks, Fault::Status(500));
    let auth = super::start(&ags);
    let server = TestServer::start(auth.authorizer()).await;
    let health = |path| server.call_path(path, tonic::Request::new(()));
    assert!(health("/grpc.health.v1.Health/Check").await.is_ok());
    for path in [
        PATH,
        "/grpc.health.v1.Health/",
        "/grpc.health.v2.Health/Check",
        "/no.such.Service/Method",
    ] {
        let status = health(path).await.expect_err(path);
        assert_eq!(status.code(), Code::Unauthenticated, "{path}");
    }
    // With a token, but without keys to check it.
    let token = bearer(&TestKey::first(), &delegated(NAMESPACE));
    assert_eq!(
        server.call(&[&token]).await,
        refused(Refusal::IamUnavailable)
    );
    ags.change(|world| world.faults.clear());
    super::wait_until_ready(&auth).await;
    assert_eq!(server.call(&[&token]).await, Ok(()));
    // A caller with permission learns which services there are.
    let mut request = tonic::Request::new(());
    request
        .metadata_mut()
        .insert("authorization", token.parse().expect("a header value"));
    let status = server
        .call_path("/no.such.Service/Method", request)
        .await
        .expect_err("no service");
    assert_eq!(status.code(), Code::Unimplemented);
}

#[tokio::test]
async fn a_new_key_is_taken_up_without_a_restart() {
    let ags = Ags::start().await;
    let auth = ready(&ags).await;
    let server = TestServer::start(auth.authorizer()).await;
    assert_eq!(
        server
            .call(&[&bearer(&TestKey::first(), &delegated(NAMESPACE))])
            .await,
        Ok(())
    );
    ags.change(|world| world.jwks = vec![json!({ "keys": [TestKey::second().jwk()] })]);
    assert_eq!(
        server
            .call(&[&bearer(&TestKey::second(), &delegated(NAMESPACE))])
            .await,
        Ok(())
    );
    let old = server
        .call(&[&bearer(&TestKey::first(), &delegated(NAMESPACE))])
        .await;
    assert_eq!(old, refused(Refusal::UnknownKey), "withdrawn");
    assert_eq!(ags.asked_for(Endpoint::Jwks), 2);
    assert!(server.address.port() != 0);
}
