//! The life of one connection.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tonic::body::Body;
use tower::{Service, ServiceExt};

use super::activity::{Activity, HANDSHAKE, Limit};
use super::call::Calls;
use super::metrics::ConnectionMetrics;
use super::settings::Settings;
use super::watched::Watched;

/// How long a connection without calls stays open after GOAWAY: the client has to confirm it, and
/// what was sent last has to reach it.
const GOODBYE: Duration = Duration::from_secs(2);

/// Serves a connection until the client closes it, a limit of time is reached, or `stop` says so.
pub(super) async fn serve<IO, S, B>(
    io: IO,
    service: S,
    settings: &Settings,
    metrics: &ConnectionMetrics,
    activity: Arc<Activity>,
    mut stop: watch::Receiver<()>,
) where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let idle = settings.connection_idle_timeout();
    let io = TokioIo::new(Watched::new(io, Arc::clone(&activity)));
    let service = service.map_request(|request: Request<Incoming>| request.map(Body::new));
    let connection = super::http2(settings, Calls::of(&activity))
        .serve_connection(io, TowerToHyperService::new(service));
    let mut connection = pin!(connection);
    tokio::select! {
        // What has arrived is read before it is looked at what is owed.
        biased;
        ended = &mut connection => return log(ended),
        limit = limit_reached(&activity, idle) => {
            metrics.timed_out(limit);
            if limit == Limit::Handshake {
                return;
            }
        }
        // The sender says nothing; it is dropped.
        _ = stop.changed() => {}
    }
    // Tells the client to send no new calls, and ends once it has confirmed that and those under
    // way have ended: a pool of connections, as Envoy's, opens another one and loses no call.
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        ended = connection => log(ended),
        () = quiet(&activity) => {}
    }
}

fn log(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection failed");
    }
}

/// Waits until a limit of time is reached.
async fn limit_reached(activity: &Activity, idle: Duration) -> Limit {
    loop {
        let now = Instant::now();
        // What the client begins to owe from now on is not due before that.
        let earliest = now + HANDSHAKE.min(idle);
        match activity.next_limit(idle) {
            Some((due, limit)) if due <= now => return limit,
            Some((due, _)) => sleep_until(due.min(earliest)).await,
            None => sleep_until(earliest).await,
        }
    }
}

/// Waits until there has been no call for a while.
async fn quiet(activity: &Activity) {
    /// How often it is looked at whether the last call has ended.
    const PACE: Duration = Duration::from_millis(100);
    let begun = Instant::now();
    loop {
        let now = Instant::now();
        match activity.quiet_since() {
            Some(since) if since.max(begun) + GOODBYE <= now => return,
            Some(since) => sleep_until(since.max(begun) + GOODBYE).await,
            None => sleep_until(now + PACE).await,
        }
    }
}

#[cfg(test)]
mod tests;
