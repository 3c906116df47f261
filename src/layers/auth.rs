//! Lets a call through only with a permit.
//!
//! The gRPC services that a probe or a tool needs without a token are listed here by their exact
//! names; every other path needs a token, even one that no service has. So a service that is added
//! is closed, and a caller without a token does not learn which services there are.
//!
//! Inside this layer there is no `authorization` header, so it cannot be logged or passed on. Calls
//! that were let through have a [`Permit`] in the request extensions.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::header::AUTHORIZATION;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tonic::{Code, Status};
use tower::{Layer, Service};

use crate::auth::{Authorizer, Class, Decision, Permit, Refusal};

/// Services that may be called without a token.
const OPEN_SERVICES: [&str; 3] = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

/// Puts [`Auth`] around a service.
#[derive(Debug, Clone)]
pub struct AuthLayer {
    authorizer: Arc<dyn Authorizer>,
}

impl AuthLayer {
    /// A layer that asks `authorizer`.
    pub fn new(authorizer: Arc<dyn Authorizer>) -> Self {
        Self { authorizer }
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Auth<S>;

    fn layer(&self, inner: S) -> Auth<S> {
        Auth {
            inner,
            authorizer: Arc::clone(&self.authorizer),
        }
    }
}

/// Asks for a permit before it calls the inner service. A refusal is a gRPC response, never an
/// error: the layers around it see a normal call.
#[derive(Debug, Clone)]
pub struct Auth<S> {
    inner: S,
    authorizer: Arc<dyn Authorizer>,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Auth<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    ResBody: Default,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S, ReqBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        if is_open(request.uri().path()) {
            request.headers_mut().remove(AUTHORIZATION);
            return ResponseFuture::calling(self.inner.call(request));
        }
        let decision = self.authorizer.authorize(request.headers());
        request.headers_mut().remove(AUTHORIZATION);
        match decision {
            Decision::Now(Ok(permit)) => {
                request.extensions_mut().insert(permit);
                ResponseFuture::calling(self.inner.call(request))
            }
            Decision::Now(Err(refusal)) => ResponseFuture {
                state: State::Refused { refusal },
            },
            Decision::Later(verdict) => {
                // The clone has not been polled ready, so the service that has been makes the call.
                let clone = self.inner.clone();
                let inner = std::mem::replace(&mut self.inner, clone);
                ResponseFuture {
                    state: State::Judging {
                        verdict,
                        held: Some((inner, request)),
                    },
                }
            }
        }
    }
}

/// Whether the path is `/service/method` of an open service.
fn is_open(path: &str) -> bool {
    let Some((service, method)) = path.strip_prefix('/').and_then(|path| path.split_once('/'))
    else {
        return false;
    };
    OPEN_SERVICES.contains(&service) && !method.is_empty() && !method.contains('/')
}

/// What the caller is told.
fn response<B: Default>(refusal: Refusal) -> Response<B> {
    let code = match refusal.class() {
        Class::Unauthenticated => Code::Unauthenticated,
        Class::PermissionDenied => Code::PermissionDenied,
        Class::Unavailable => Code::Unavailable,
    };
    tracing::debug!(reason = refusal.reason(), "call refused");
    Status::new(code, refusal.message()).into_http()
}

type Verdict = Pin<Box<dyn Future<Output = Result<Permit, Refusal>> + Send>>;

pin_project! {
    /// The response of the inner service, or a refusal.
    pub struct ResponseFuture<S, ReqBody>
    where
        S: Service<Request<ReqBody>>,
    {
        #[pin]
        state: State<S, ReqBody, S::Future>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, ReqBody, F> {
        Judging { verdict: Verdict, held: Option<(S, Request<ReqBody>)> },
        Calling { #[pin] response: F },
        Refused { refusal: Refusal },
    }
}

impl<S: Service<Request<ReqBody>>, ReqBody> ResponseFuture<S, ReqBody> {
    fn calling(response: S::Future) -> Self {
        Self {
            state: State::Calling { response },
        }
    }
}

impl<S, ReqBody, ResBody> Future for ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Default,
{
    type Output = Result<Response<ResBody>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProjection::Calling { response } => return response.poll(cx),
                StateProjection::Refused { refusal } => return Poll::Ready(Ok(response(*refusal))),
                StateProjection::Judging { verdict, held } => {
                    match ready!(verdict.as_mut().poll(cx)) {
                        Ok(permit) => {
                            let (mut inner, mut request) =
                                held.take().expect("held until the verdict");
                            request.extensions_mut().insert(permit);
                            State::Calling {
                                response: inner.call(request),
                            }
                        }
                        Err(refusal) => State::Refused { refusal },
                    }
                }
            };
            state.set(next);
        }
    }
}

impl<S: Service<Request<ReqBody>>, ReqBody> fmt::Debug for ResponseFuture<S, ReqBody> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
