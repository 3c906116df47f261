//! What trace, metrics and log have in common: they see a call begin, run and end, and do not
//! change it.
//!
//! The end of a gRPC call is its status: in the trailers, or in the headers of a response without
//! messages. A call that is dropped before that has ended too: its client left, or its time was over
//! and the client did not even take the status. So a call counts as cancelled unless a status comes
//! before the drop, or its time is over.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};

use crate::server::call;

/// Sees calls begin.
pub trait Observer: Clone {
    /// What it keeps about one call.
    type Call: Call;

    /// A call begins. The observer may add to the request.
    fn begin(&self, request: &mut Request<Body>) -> Self::Call;
}

/// Sees one call run and end.
pub trait Call {
    /// Held while the call's code runs.
    type Entered;

    /// The call's code is about to run.
    fn enter(&self) -> Self::Entered;

    /// A part of the response is on its way; messages may be cut anywhere.
    fn sent(&mut self, _part: &Bytes) {}

    /// The call has ended. Called exactly once.
    fn end(&mut self, end: End<'_>);
}

/// Two observers as one; the first is the outer one: it sees the beginning first and the end last.
impl<A: Observer, B: Observer> Observer for (A, B) {
    type Call = (A::Call, B::Call);

    fn begin(&self, request: &mut Request<Body>) -> Self::Call {
        let outer = self.0.begin(request);
        let entered = outer.enter();
        let inner = self.1.begin(request);
        drop(entered);
        (outer, inner)
    }
}

impl<A: Call, B: Call> Call for (A, B) {
    type Entered = (A::Entered, B::Entered);

    fn enter(&self) -> Self::Entered {
        (self.0.enter(), self.1.enter())
    }

    fn sent(&mut self, part: &Bytes) {
        self.1.sent(part);
        self.0.sent(part);
    }

    fn end(&mut self, end: End<'_>) {
        self.1.end(end);
        self.0.end(end);
    }
}

/// An observer that may be switched off.
impl<O: Observer> Observer for Option<O> {
    type Call = Option<O::Call>;

    fn begin(&self, request: &mut Request<Body>) -> Self::Call {
        self.as_ref().map(|observer| observer.begin(request))
    }
}

impl<C: Call> Call for Option<C> {
    type Entered = Option<C::Entered>;

    fn enter(&self) -> Self::Entered {
        self.as_ref().map(Call::enter)
    }

    fn sent(&mut self, part: &Bytes) {
        if let Some(call) = self {
            call.sent(part);
        }
    }

    fn end(&mut self, end: End<'_>) {
        if let Some(call) = self {
            call.end(end);
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy)]
pub struct End<'a> {
    /// The status code; `Cancelled` or `DeadlineExceeded` where there was no status.
    pub code: Code,
    /// From the request's headers to the end.
    pub elapsed: Duration,
    /// The headers or trailers with the status, if there were any.
    status: Option<&'a HeaderMap>,
}

impl End<'_> {
    /// The message of a status that is not OK, as the caller sees it.
    pub fn message(&self) -> Option<String> {
        let status = self.status.filter(|_| self.code != Code::Ok)?;
        let status = Status::from_header_map(status)?;
        Some(status.message().to_owned()).filter(|message| !message.is_empty())
    }
}

/// Puts an observer around a service. Several observers are best put around it as one pair: each
/// service around another has to move the call's request and response.
#[derive(Clone, Debug)]
pub struct Observe<O> {
    observer: O,
}

impl<O> Observe<O> {
    /// A layer with this observer.
    pub fn new(observer: O) -> Self {
        Self { observer }
    }
}

impl<S, O: Clone> Layer<S> for Observe<O> {
    type Service = Observed<S, O>;

    fn layer(&self, inner: S) -> Self::Service {
        Observed {
            inner,
            observer: self.observer.clone(),
        }
    }
}

/// A service with an observer around it.
#[derive(Clone, Debug)]
pub struct Observed<S, O> {
    inner: S,
    observer: O,
}

impl<S, O, B> Service<Request<Body>> for Observed<S, O>
where
    S: Service<Request<Body>, Response = Response<B>>,
    O: Observer,
    B: HttpBody<Data = Bytes>,
{
    type Response = Response<ObservedBody<B, O::Call>>;
    type Error = S::Error;
    type Future = ObservedFuture<S::Future, O::Call>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let deadline = asked_deadline(request.headers());
        let call = self.observer.begin(&mut request);
        let guard = Guard::new(call, deadline);
        let entered = guard.enter();
        let inner = self.inner.call(request);
        drop(entered);
        ObservedFuture { inner, guard }
    }
}

/// Makes sure that a call ends exactly once.
#[derive(Debug)]
struct Guard<C: Call>(Option<Running<C>>);

#[derive(Debug)]
struct Running<C> {
    call: C,
    started: Instant,
    deadline: Option<Duration>,
}

impl<C: Call> Guard<C> {
    fn new(call: C, deadline: Option<Duration>) -> Self {
        Self(Some(Running {
            call,
            started: Instant::now(),
            deadline,
        }))
    }

    fn none() -> Self {
        Self(None)
    }

    fn enter(&self) -> Option<C::Entered> {
        self.0.as_ref().map(|running| running.call.enter())
    }

    fn sent(&mut self, part: &Bytes) {
        if let Some(running) = &mut self.0 {
            running.call.sent(part);
        }
    }

    /// The call ended with the status in these headers, or without one.
    fn end(&mut self, status: Option<&HeaderMap>) {
        let code = status.and_then(|headers| headers.get(Status::GRPC_STATUS));
        let code = code.map_or(Code::Unknown, |code| Code::from_bytes(code.as_bytes()));
        if let Some(running) = self.0.take() {
            let elapsed = running.started.elapsed();
            running.end(code, elapsed, status);
        }
    }
}

impl<C: Call> Running<C> {
    fn end(mut self, code: Code, elapsed: Duration, status: Option<&HeaderMap>) {
        self.call.end(End {
            code,
            elapsed,
            status,
        });
    }
}

impl<C: Call> Drop for Guard<C> {
    fn drop(&mut self) {
        if let Some(running) = self.0.take() {
            let elapsed = running.started.elapsed();
            let code = match running.deadline {
                Some(deadline) if elapsed >= deadline => Code::DeadlineExceeded,
                _ if call::is_over() => Code::DeadlineExceeded,
                _ => Code::Cancelled,
            };
            running.end(code, elapsed, None);
        }
    }
}

pin_project! {
    /// The response to come.
    #[derive(Debug)]
    pub struct ObservedFuture<F, C: Call> {
        // Declared before the guard so that what the call's code does when it is dropped comes
        // before the call's end.
        #[pin]
        inner: F,
        guard: Guard<C>,
    }
}

impl<F, B, E, C> Future for ObservedFuture<F, C>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: HttpBody<Data = Bytes>,
    C: Call,
{
    type Output = Result<Response<ObservedBody<B, C>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let entered = this.guard.enter();
        let polled = this.inner.poll(cx);
        drop(entered);
        let mut guard = match &polled {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(_) => std::mem::replace(this.guard, Guard::none()),
        };
        Poll::Ready(match ready!(polled) {
            Ok(response) => {
                if response.headers().contains_key(Status::GRPC_STATUS) {
                    guard.end(Some(response.headers()));
                } else if response.body().is_end_stream() {
                    guard.end(None);
                }
                Ok(response.map(|inner| ObservedBody { inner, guard }))
            }
            Err(error) => {
                guard.end(None);
                Err(error)
            }
        })
    }
}

pin_project! {
    /// The response's messages and trailers.
    #[derive(Debug)]
    pub struct ObservedBody<B, C: Call> {
        #[pin]
        inner: B,
        guard: Guard<C>,
    }
}

impl<B, C> HttpBody for ObservedBody<B, C>
where
    B: HttpBody<Data = Bytes>,
    C: Call,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        let entered = this.guard.enter();
        let polled = this.inner.as_mut().poll_frame(cx);
        drop(entered);
        match &polled {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(part) = frame.data_ref() {
                    this.guard.sent(part);
                    // The server does not ask an ended body for trailers.
                    if this.inner.is_end_stream() {
                        this.guard.end(None);
                    }
                } else if let Some(trailers) = frame.trailers_ref() {
                    this.guard.end(Some(trailers));
                }
            }
            Poll::Ready(Some(Err(_)) | None) => this.guard.end(None),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The caller's `grpc-timeout`: at most eight digits and a unit.
pub(super) fn asked_deadline(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(amount * 3600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
