//! For tests: services that end in every way a call can end.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt;
use tonic::Status;
use tonic::body::Body;
use tower::Service;

use super::metrics::RpcMetrics;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::testing::methods;

/// Metrics of calls of the test methods, in this registry.
pub(crate) fn rpc(metrics: &Metrics) -> RpcMetrics {
    RpcMetrics::register(metrics.registrar(), methods()).expect("registered once")
}

/// The parts of a response, one per poll.
pub(crate) enum Part {
    Data(&'static [u8]),
    Status(Status),
    /// The body breaks.
    Error,
    /// The body never continues.
    Stall,
    Panic,
}

/// A response body made of parts.
pub(crate) struct Parts(std::vec::IntoIter<Part>);

impl HttpBody for Parts {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let part = match self.0.next() {
            None => return Poll::Ready(None),
            Some(part) => part,
        };
        Poll::Ready(Some(match part {
            Part::Data(bytes) => Ok(Frame::data(Bytes::from_static(bytes))),
            Part::Status(status) => {
                let mut trailers = HeaderMap::new();
                status.add_header(&mut trailers).expect("fits into headers");
                Ok(Frame::trailers(trailers))
            }
            Part::Error => Err(Status::unknown("broken")),
            Part::Stall => return Poll::Pending,
            Part::Panic => panic!("the body panics"),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.0.len() == 0
    }
}

/// A response with these parts.
pub(crate) fn response(parts: Vec<Part>) -> Response<Parts> {
    Response::new(Parts(parts.into_iter()))
}

/// A response that is a status and nothing else.
pub(crate) fn trailers_only(status: Status) -> Response<Parts> {
    status
        .into_http::<()>()
        .map(|()| Parts(Vec::new().into_iter()))
}

/// A service that answers by a function.
#[derive(Clone)]
pub(crate) struct Answer<F>(pub(crate) F);

impl<F, R> Service<Request<Body>> for Answer<F>
where
    F: FnMut(Request<Body>) -> R,
{
    type Response = R;
    type Error = Infallible;
    type Future = Ready<Result<R, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        ready(Ok((self.0)(request)))
    }
}

/// A service whose answer never comes.
#[derive(Clone)]
pub(crate) struct Never;

impl Service<Request<Body>> for Never {
    type Response = Response<Parts>;
    type Error = Infallible;
    type Future = std::future::Pending<Result<Response<Parts>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        std::future::pending()
    }
}

/// A call of `path` with these headers and no messages.
pub(crate) fn request(path: &str, headers: &[(&'static str, &str)]) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = path.parse().expect("a path");
    for (name, value) in headers {
        let value = HeaderValue::from_str(value).expect("test headers are ASCII");
        request.headers_mut().insert(*name, value);
    }
    request
}

/// Polls once: what is ready is the answer.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    let waker = futures_util::task::noop_waker();
    Pin::new(future).poll(&mut Context::from_waker(&waker))
}

/// Calls and takes the whole response: the status in its trailers or headers.
pub(crate) async fn call<S, B>(service: &mut S, request: Request<Body>) -> Option<Status>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    B: HttpBody<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let response = match service.call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if let Some(status) = Status::from_header_map(response.headers()) {
        return Some(status);
    }
    let body = response.into_body().collect().await.ok()?;
    Status::from_header_map(body.trailers()?)
}
