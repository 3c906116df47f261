//! Streams that are not calls of the match function, and that anybody may open: watches of the
//! health and reflection. There is room for a few at the same time.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tower::Service;

use crate::body::keeping;

/// Maximum number of health watches of a server.
pub const MAX_WATCHES: usize = 128;

/// Maximum number of reflection streams of a server.
pub const MAX_REFLECTIONS: usize = 16;

/// Room for streams.
#[derive(Debug, Clone)]
pub struct StreamRoom {
    places: Arc<Semaphore>,
    max: usize,
}

impl StreamRoom {
    /// Room for so many streams.
    pub fn of(max: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(max)),
            max,
        }
    }

    /// A service of which no more streams are open; its unary calls are not counted.
    pub fn around<S>(&self, inner: S) -> Few<S> {
        Few {
            inner,
            room: self.clone(),
        }
    }
}

/// A service with a bound on its open streams.
#[derive(Debug, Clone)]
pub struct Few<S> {
    inner: S,
    room: StreamRoom,
}

impl<S: NamedService> NamedService for Few<S> {
    const NAME: &'static str = S::NAME;
}

/// Whether the method of this path is a stream.
fn is_stream(path: &str) -> bool {
    path.ends_with("/Watch") || path.ends_with("/ServerReflectionInfo")
}

impl<S> Service<Request<Body>> for Few<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if !is_stream(request.uri().path()) {
            return Box::pin(self.inner.call(request));
        }
        let Ok(place) = Arc::clone(&self.room.places).try_acquire_owned() else {
            let max = self.room.max;
            let refusal = Status::resource_exhausted(format!(
                "{max} streams of this kind are open, which is the maximum of a server"
            ));
            return Box::pin(std::future::ready(Ok(refusal.into_http())));
        };
        let place = Arc::new(place);
        let (open, closed) = oneshot::channel();
        let request = request.map(|inner| {
            Body::new(Sent {
                inner,
                closed: Some(closed),
                _place: Arc::clone(&place),
            })
        });
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            Ok(answer.map(|inner| keeping(inner, (open, place))))
        })
    }
}

/// The requests of a stream. They end with the answers: the task of tonic-reflection that reads
/// them would wait for the next one as long as the connection lives.
struct Sent {
    inner: Body,
    closed: Option<oneshot::Receiver<()>>,
    _place: Arc<OwnedSemaphorePermit>,
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(closed) = &mut self.closed else {
            return Poll::Ready(None);
        };
        // The sender says nothing; it is dropped.
        if Pin::new(closed).poll(cx).is_ready() {
            self.closed = None;
            return Poll::Ready(None);
        }
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.closed.is_none() || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
    use tower::service_fn;

    use super::*;

    /// A body that is never complete.
    struct Endless;

    impl HttpBody for Endless {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            Poll::Pending
        }
    }

    /// As reflection does it: a task reads the requests, and keeps them when the answer is gone.
    fn service(
        ended: UnboundedSender<()>,
    ) -> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send + 'static>
    {
        service_fn(move |request: Request<Body>| {
            let ended = ended.clone();
            async move {
                tokio::spawn(async move {
                    let mut requests = request.into_body();
                    assert!(requests.frame().await.is_none());
                    drop(requests);
                    let _ = ended.send(());
                });
                Ok(Response::new(Body::new(Endless)))
            }
        })
    }

    fn request(path: &'static str) -> Request<Body> {
        let mut request = Request::new(Body::new(Endless));
        *request.uri_mut() = path.parse().expect("a path");
        request
    }

    #[tokio::test]
    async fn requests_end_with_their_answers_and_the_place_is_free() {
        let (ended, mut endings) = unbounded_channel();
        let mut few = StreamRoom::of(1).around(service(ended));
        let Ok(answer) = few.call(request("/a.B/Watch")).await;
        assert!(!answer.headers().contains_key(Status::GRPC_STATUS));
        let Ok(refused) = few.call(request("/a.B/ServerReflectionInfo")).await;
        assert_eq!(refused.headers()[Status::GRPC_STATUS], "8");
        let Ok(unary) = few.call(request("/a.B/Check")).await;
        assert!(!unary.headers().contains_key(Status::GRPC_STATUS));
        drop(answer);
        endings.recv().await.expect("the requests ended");
        let Ok(next) = few.call(request("/a.B/Watch")).await;
        assert!(!next.headers().contains_key(Status::GRPC_STATUS));
    }
}
