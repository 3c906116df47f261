//! Requests that are not gRPC get an HTTP error, as gRPC over HTTP/2 asks for: 405 unless they are
//! POST, 415 unless their content type is gRPC's.

use std::future::{Ready, ready};
use std::task::{Context, Poll};

use futures_util::future::Either;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use tower::{Layer, Service};

/// Puts [`GrpcOnly`] around a service.
#[derive(Debug, Clone, Copy, Default)]
pub struct GrpcOnlyLayer;

impl<S> Layer<S> for GrpcOnlyLayer {
    type Service = GrpcOnly<S>;

    fn layer(&self, inner: S) -> GrpcOnly<S> {
        GrpcOnly { inner }
    }
}

/// Gives gRPC requests on and answers all others itself.
#[derive(Debug, Clone)]
pub struct GrpcOnly<S> {
    inner: S,
}

impl<S, B, T> Service<Request<B>> for GrpcOnly<S>
where
    S: Service<Request<B>, Response = Response<T>>,
    T: Default,
{
    type Response = Response<T>;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response<T>, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match refusal(&request) {
            None => Either::Left(self.inner.call(request)),
            Some(status) => Either::Right(ready(Ok(answer(status)))),
        }
    }
}

/// What is wrong with a request as a gRPC request.
fn refusal<B>(request: &Request<B>) -> Option<StatusCode> {
    if request.method() != Method::POST {
        return Some(StatusCode::METHOD_NOT_ALLOWED);
    }
    let kind = request.headers().get(CONTENT_TYPE);
    let is_grpc = kind.is_some_and(|kind| is_grpc(kind.as_bytes()));
    (!is_grpc).then_some(StatusCode::UNSUPPORTED_MEDIA_TYPE)
}

/// Whether a content type is `application/grpc`, alone or with the name of a codec or parameters.
/// `application/grpc-web` is another protocol.
fn is_grpc(kind: &[u8]) -> bool {
    const GRPC: &[u8] = b"application/grpc";
    kind.split_at_checked(GRPC.len())
        .is_some_and(|(name, rest)| {
            name.eq_ignore_ascii_case(GRPC) && matches!(rest.first(), None | Some(b'+' | b';'))
        })
}

fn answer<T: Default>(status: StatusCode) -> Response<T> {
    let mut response = Response::new(T::default());
    *response.status_mut() = status;
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let post = HeaderValue::from_static("POST");
        response.headers_mut().insert(ALLOW, post);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(method: Method, kind: Option<&str>) -> Option<StatusCode> {
        let mut request = Request::builder().method(method);
        if let Some(kind) = kind {
            request = request.header(CONTENT_TYPE, kind);
        }
        refusal(&request.body(()).expect("a request"))
    }

    #[test]
    fn only_post_of_grpc_is_given_on() {
        for kind in [
            "application/grpc",
            "application/grpc+proto",
            "Application/gRPC; charset=utf-8",
        ] {
            assert_eq!(of(Method::POST, Some(kind)), None, "{kind}");
            let got = of(Method::GET, Some(kind));
            assert_eq!(got, Some(StatusCode::METHOD_NOT_ALLOWED));
        }
        let others = ["application/json", "application/grpc-web", "text/plain", ""];
        for kind in others.into_iter().map(Some).chain([None]) {
            let got = of(Method::POST, kind);
            assert_eq!(got, Some(StatusCode::UNSUPPORTED_MEDIA_TYPE), "{kind:?}");
        }
    }
}
