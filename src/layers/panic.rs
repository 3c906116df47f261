//! A panic in a handler ends its own call with INTERNAL, and no other call of the connection.
//!
//! Unlike the layer of tower-http, this one is also around the body of the response, where gRPC
//! streams do their work. For a panic in a task that it spawned, the service itself makes a status.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::Status;
use tower::{Layer, Service};

use super::metrics::RpcMetrics;

/// Answers INTERNAL where the service panics, and counts it.
#[derive(Clone, Debug)]
pub struct CatchPanic {
    metrics: RpcMetrics,
}

impl CatchPanic {
    /// Counts panics in `metrics`.
    pub fn new(metrics: RpcMetrics) -> Self {
        Self { metrics }
    }
}

impl<S> Layer<S> for CatchPanic {
    type Service = CatchPanicService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CatchPanicService {
            inner,
            metrics: self.metrics.clone(),
        }
    }
}

/// A service whose panics become statuses.
#[derive(Clone, Debug)]
pub struct CatchPanicService<S> {
    inner: S,
    metrics: RpcMetrics,
}

/// The status for the caller; the log has the message of the panic.
fn internal() -> Status {
    Status::internal("the server failed on this call; its log says why")
}

/// Runs a step of the call.
fn guarded<T>(metrics: &RpcMetrics, step: impl FnOnce() -> T) -> Option<T> {
    // Unwind safe because what a panic leaves half done is dropped next and never read.
    let result = catch_unwind(AssertUnwindSafe(step));
    if result.is_err() {
        metrics.panicked();
    }
    result.ok()
}

impl<S, R, B> Service<R> for CatchPanicService<S>
where
    S: Service<R, Response = Response<B>>,
    B: HttpBody<Data = Bytes>,
{
    type Response = Response<CatchPanicBody<B>>;
    type Error = S::Error;
    type Future = CatchPanicFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        CatchPanicFuture {
            inner: guarded(&self.metrics, || Box::pin(self.inner.call(request))),
            metrics: self.metrics.clone(),
        }
    }
}

/// The response to come.
#[derive(Debug)]
pub struct CatchPanicFuture<F> {
    /// `None` after a panic. In a box, since the router's future is large: every layer outside
    /// would copy it.
    inner: Option<Pin<Box<F>>>,
    metrics: RpcMetrics,
}

impl<F, B, E> Future for CatchPanicFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: HttpBody<Data = Bytes>,
{
    type Output = Result<Response<CatchPanicBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { inner, metrics } = self.get_mut();
        if let Some(future) = inner {
            match guarded(metrics, || future.as_mut().poll(cx)) {
                Some(polled) => {
                    return polled.map_ok(|response| {
                        response.map(|body| CatchPanicBody::new(Some(body), metrics))
                    });
                }
                None => {
                    guarded(metrics, || *inner = None);
                }
            }
        }
        Poll::Ready(Ok(internal()
            .into_http::<()>()
            .map(|()| CatchPanicBody::new(None, metrics))))
    }
}

pin_project! {
    /// The response's messages and trailers.
    #[derive(Debug)]
    pub struct CatchPanicBody<B> {
        // `None` after a panic.
        #[pin]
        inner: Option<B>,
        metrics: RpcMetrics,
    }
}

impl<B> CatchPanicBody<B> {
    fn new(inner: Option<B>, metrics: &RpcMetrics) -> Self {
        Self {
            inner,
            metrics: metrics.clone(),
        }
    }
}

impl<B: HttpBody<Data = Bytes>> HttpBody for CatchPanicBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        if let Some(polled) = guarded(this.metrics, || inner.poll_frame(cx)) {
            return polled;
        }
        guarded(this.metrics, || this.inner.set(None));
        let mut trailers = HeaderMap::new();
        // A status of fixed ASCII text always fits into headers.
        let _ = internal().add_header(&mut trailers);
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Some(inner) => inner.size_hint(),
            None => SizeHint::with_exact(0),
        }
    }
}

#[cfg(test)]
mod tests;
