//! Counts and times every call and counts its messages.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Request;
use http_body::{Body as HttpBody, Frame, SizeHint};
use prometheus::IntCounter;
use tonic::body::Body;

use super::metrics::RpcMetrics;
use super::observe::{Call, End, Observer};
use crate::telemetry::facts::RpcFacts;
use crate::telemetry::method::{MethodId, MethodTable};

/// Records every call in the `grpc_server_*` family.
#[derive(Clone, Debug)]
pub struct Measure {
    metrics: RpcMetrics,
}

impl Measure {
    /// Records into `metrics`.
    pub fn new(metrics: RpcMetrics) -> Self {
        Self { metrics }
    }
}

impl Observer for Measure {
    type Call = Measured;

    fn begin(&self, request: &mut Request<Body>) -> Measured {
        let method = method_of(request, self.metrics.methods());
        self.metrics.started(method);
        let received = self.metrics.received(method).clone();
        let inner = std::mem::take(request.body_mut());
        *request.body_mut() = Body::new(CountedBody {
            inner,
            messages: MessageCounter::default(),
            received,
        });
        Measured {
            metrics: self.metrics.clone(),
            method,
            messages: MessageCounter::default(),
        }
    }
}

/// The method that the outer layer found, or else the path's.
pub(super) fn method_of<B>(request: &Request<B>, methods: &MethodTable) -> MethodId {
    match request.extensions().get::<Arc<RpcFacts>>() {
        Some(facts) => facts.method(),
        None => methods.find(request.uri().path()),
    }
}

/// One call being measured.
#[derive(Debug)]
pub struct Measured {
    metrics: RpcMetrics,
    method: MethodId,
    messages: MessageCounter,
}

impl Call for Measured {
    type Entered = ();

    fn enter(&self) {}

    fn sent(&mut self, part: &Bytes) {
        let messages = self.messages.count(part);
        self.metrics.sent(self.method).inc_by(messages);
    }

    fn end(&mut self, end: End<'_>) {
        self.metrics.handled(self.method, end.code, end.elapsed);
    }
}

/// A request whose messages are counted as they pass.
struct CountedBody {
    inner: Body,
    messages: MessageCounter,
    received: IntCounter,
}

impl HttpBody for CountedBody {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(part) = frame.data_ref()
        {
            let messages = self.messages.count(part);
            self.received.inc_by(messages);
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

/// Counts gRPC messages by their prefixes (a flag byte and four bytes of length), without looking
/// into them: one step per message, whatever its size.
#[derive(Clone, Debug, Default)]
struct MessageCounter {
    /// Bytes of the current message that are still to come.
    body: usize,
    /// Bytes of a prefix that a part cut in two.
    prefix: [u8; PREFIX],
    prefix_len: usize,
}

const PREFIX: usize = 5;

impl MessageCounter {
    /// How many messages begin in this part. O(messages).
    fn count(&mut self, mut part: &[u8]) -> u64 {
        let mut messages = 0;
        while !part.is_empty() {
            if self.body > 0 {
                let skipped = self.body.min(part.len());
                self.body -= skipped;
                part = &part[skipped..];
                continue;
            }
            let taken = (PREFIX - self.prefix_len).min(part.len());
            self.prefix[self.prefix_len..self.prefix_len + taken].copy_from_slice(&part[..taken]);
            self.prefix_len += taken;
            part = &part[taken..];
            if self.prefix_len == PREFIX {
                let [_, a, b, c, d] = self.prefix;
                self.body = u32::from_be_bytes([a, b, c, d]) as usize;
                self.prefix_len = 0;
                messages += 1;
            }
        }
        messages
    }
}

#[cfg(test)]
mod tests;
