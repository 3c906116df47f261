//! Gives every call its memory, and charges it with the bytes of its request.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::Status;
use tonic::body::Body;
use tower::Service;

use super::budget::MemoryBudget;
use super::call::CallMemory;
use crate::body::keeping;
use crate::service::status;

/// What a byte of gzip can become at most.
const GZIP: u64 = 1032;

/// The service, with a [`CallMemory`] in the extensions of every request.
#[derive(Debug, Clone)]
pub(in crate::service) struct Metered<S> {
    inner: S,
    budget: MemoryBudget,
    /// Maximum size of a message, in bytes.
    most: u64,
}

impl<S> Metered<S> {
    /// Around this service, whose messages have at most so many bytes.
    pub(in crate::service) fn new(inner: S, budget: MemoryBudget, most: u32) -> Self {
        let most = most.into();
        Self {
            inner,
            budget,
            most,
        }
    }
}

impl<S> Service<Request<Body>> for Metered<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Answered<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let encoding = request.headers().get("grpc-encoding");
        let is_compressed = encoding.is_some_and(|encoding| encoding != "identity");
        let inflation = if is_compressed { GZIP } else { 1 };
        let memory = self.budget.open(inflation, self.most);
        let inner = std::mem::take(request.body_mut());
        *request.body_mut() = Body::new(Received {
            inner,
            memory: memory.clone(),
        });
        request.extensions_mut().insert(memory.clone());
        Answered {
            inner: self.inner.call(request),
            memory: Some(memory),
        }
    }
}

pin_project! {
    /// A call that is being answered.
    pub(in crate::service) struct Answered<F> {
        #[pin]
        inner: F,
        memory: Option<CallMemory>,
    }
}

impl<F, E> Future for Answered<F>
where
    F: Future<Output = Result<Response<Body>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(cx))?;
        Poll::Ready(Ok(match this.memory.take() {
            // A stream keeps its memory itself.
            Some(memory) if !memory.is_stream() => response.map(|inner| keeping(inner, memory)),
            _ => response,
        }))
    }
}

/// The body of a request, which is only read while there is room.
struct Received {
    inner: Body,
    memory: CallMemory,
}

impl HttpBody for Received {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Err(why) = ready!(self.memory.poll_room(cx)) {
            return Poll::Ready(Some(Err(status::no_room(why))));
        }
        let Poll::Ready(polled) = Pin::new(&mut self.inner).poll_frame(cx) else {
            return match ready!(self.memory.poll_refused(cx)) {
                Ok(()) => Poll::Pending,
                Err(why) => Poll::Ready(Some(Err(status::no_room(why)))),
            };
        };
        if let Some(Ok(frame)) = &polled
            && let Some(part) = frame.data_ref()
        {
            self.memory.receive(part.len());
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        self.memory.is_read();
    }
}
