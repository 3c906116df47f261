//! The time that a call may take, from its headers to its end: that of its kind, or the caller's
//! `grpc-timeout` if that is shorter. A call that takes longer ends with DEADLINE_EXCEEDED.
//!
//! This layer has no timer: it looks at the clock whenever the call runs, and the call's task
//! ([`server::call`](crate::server::call)) makes sure that it runs at the limit, whatever the client
//! does.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tonic::Status;
use tower::{Layer, Service};

use super::measure::method_of;
use super::observe::asked_deadline;
use crate::server::call;
use crate::telemetry::method::{CallType, MethodId, MethodTable};

/// Time for a health watch. Clients open another one when it ends.
const WATCH: Duration = Duration::from_secs(600);

/// Time for a stream of reflection, which tools use for a moment.
const REFLECTION: Duration = Duration::from_secs(60);

/// How long calls may take, by their kind.
#[derive(Debug, Clone, Copy)]
pub struct TimeLimits {
    /// Unary calls.
    pub unary: Duration,
    /// MakeMatches and BackfillMatches.
    pub tick: Duration,
}

/// A limit and what it is called.
#[derive(Debug, Clone, Copy)]
struct Limit {
    time: Duration,
    name: &'static str,
}

impl TimeLimits {
    fn of(self, id: MethodId) -> Limit {
        let method = id.method();
        let (time, name) = match method.call_type {
            CallType::ServerStream => (WATCH, "the time of a health watch"),
            CallType::BidiStream if method.name == "ServerReflectionInfo" => {
                (REFLECTION, "the time of a stream of reflection")
            }
            CallType::BidiStream => (self.tick, "STREAM_TIMEOUT_SECOND"),
            _ => (self.unary, "UNARY_TIMEOUT_SECOND"),
        };
        Limit { time, name }
    }
}

impl Limit {
    /// This limit, or the caller's own if that is shorter.
    fn or_asked(self, headers: &HeaderMap) -> Self {
        match asked_deadline(headers) {
            Some(time) if time < self.time => Self {
                time,
                name: "the caller's grpc-timeout",
            },
            _ => self,
        }
    }

    fn exceeded(self) -> Status {
        Status::deadline_exceeded(format!(
            "the call has been open for more than {:?} ({})",
            self.time, self.name
        ))
    }
}

/// Puts [`Limited`] around a service.
#[derive(Debug, Clone)]
pub struct TimeLimit {
    methods: MethodTable,
    limits: TimeLimits,
}

impl TimeLimit {
    /// Bounds the time of these methods.
    pub fn new(methods: MethodTable, limits: TimeLimits) -> Self {
        Self { methods, limits }
    }
}

impl<S> Layer<S> for TimeLimit {
    type Service = Limited<S>;

    fn layer(&self, inner: S) -> Limited<S> {
        Limited {
            inner,
            layer: Arc::new(self.clone()),
        }
    }
}

/// A service whose calls end in time.
#[derive(Debug, Clone)]
pub struct Limited<S> {
    inner: S,
    layer: Arc<TimeLimit>,
}

impl<S, R, B> Service<Request<R>> for Limited<S>
where
    S: Service<Request<R>, Response = Response<B>>,
{
    type Response = Response<LimitedBody<B>>;
    type Error = S::Error;
    type Future = LimitedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let TimeLimit { methods, limits } = &*self.layer;
        let limit = limits.of(method_of(&request, methods));
        let limit = limit.or_asked(request.headers());
        LimitedFuture {
            inner: self.inner.call(request),
            end: Instant::now() + limit.time,
            limit,
        }
    }
}

pin_project! {
    /// The response to come.
    #[derive(Debug)]
    pub struct LimitedFuture<F> {
        #[pin]
        inner: F,
        end: Instant,
        limit: Limit,
    }
}

impl<F, B, E> Future for LimitedFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<LimitedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (end, limit) = (*this.end, *this.limit);
        call::end_at(end);
        let within = |inner| LimitedBody { inner, end, limit };
        match this.inner.poll(cx) {
            Poll::Ready(answer) => Poll::Ready(answer.map(|answer| answer.map(Some).map(within))),
            Poll::Pending if Instant::now() < end => Poll::Pending,
            Poll::Pending => {
                let refusal = limit.exceeded().into_http::<()>();
                Poll::Ready(Ok(refusal.map(|()| within(None))))
            }
        }
    }
}

pin_project! {
    /// The response's messages and trailers.
    #[derive(Debug)]
    pub struct LimitedBody<B> {
        // `None` once the time is over.
        #[pin]
        inner: Option<B>,
        end: Instant,
        limit: Limit,
    }
}

impl<B: HttpBody<Data = Bytes>> HttpBody for LimitedBody<B> {
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
        let polled = inner.poll_frame(cx);
        if polled.is_ready() || Instant::now() < *this.end {
            return polled;
        }
        this.inner.set(None);
        let mut trailers = HeaderMap::new();
        let status = this.limit.exceeded();
        // Cannot fail: the text has no character that a header may not have.
        let _ = status.add_header(&mut trailers);
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let exact = SizeHint::with_exact(0);
        self.inner.as_ref().map_or(exact, HttpBody::size_hint)
    }
}
