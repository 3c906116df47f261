//! Accepts connections until it is told to stop, then lets their calls end.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::body::Body;
use tower::{Service, ServiceExt};

use super::activity::Activity;
use super::connection;
use super::metrics::ConnectionMetrics;
use super::peer::Peer;
use super::room::{Found, Room};
use super::settings::Settings;

/// Serves connections until `stop` completes, then until the last call has ended. To drop it closes
/// all connections at once.
pub async fn serve<S, B>(
    listener: TcpListener,
    service: S,
    settings: Settings,
    metrics: ConnectionMetrics,
    stop: impl Future<Output = ()>,
) where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (stopping, stopped) = watch::channel(());
    let mut room = Room::new(settings.max_connections);
    let mut connections = JoinSet::new();
    let accept = async {
        let mut failures = Failures::default();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                Some(ended) = connections.join_next_with_id() => {
                    room.leave(ended.map_or_else(|failed| failed.id(), |(id, ())| id));
                    continue;
                }
            };
            let (stream, peer) = match accepted {
                Ok((stream, address)) => (stream, Peer::of(address)),
                Err(error) => {
                    metrics.not_accepted();
                    failures.pause(&error).await;
                    continue;
                }
            };
            failures.ended();
            match room.find() {
                Found::Free => {}
                Found::Replaced => metrics.replaced(),
                Found::Full => {
                    metrics.refused();
                    continue;
                }
            }
            // An answer must not wait for the confirmation of the one before. An error means that
            // the client has left already.
            let _ = stream.set_nodelay(true);
            let service = service
                .clone()
                .map_request(move |mut request: Request<Body>| {
                    request.extensions_mut().insert(peer.clone());
                    request
                });
            let (settings, stopped) = (settings.clone(), stopped.clone());
            let activity = Activity::new();
            let (metrics, open) = (metrics.clone(), metrics.opened());
            let shared = activity.clone();
            let task = connections.spawn(async move {
                connection::serve(stream, service, &settings, &metrics, shared, stopped).await;
                drop(open);
            });
            room.take(activity, task);
        }
    };
    tokio::select! {
        () = accept => {}
        () = stop => {}
    }
    // New clients are turned away by the system, so that they try another server.
    drop(listener);
    drop(stopping);
    while connections.join_next().await.is_some() {}
}

/// A row of failures to accept a connection.
#[derive(Debug, Default)]
struct Failures(u32);

impl Failures {
    const FIRST_PAUSE: Duration = Duration::from_millis(50);
    const MAX_PAUSE: Duration = Duration::from_secs(1);

    /// Waits before the next attempt: without files or memory left, it would fail at once. The
    /// first of a row is logged.
    async fn pause(&mut self, error: &io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionReset};
        if matches!(error.kind(), ConnectionAborted | ConnectionReset) {
            // A client that has left already; the next one is not affected.
            return;
        }
        if self.0 == 0 {
            tracing::warn!(
                %error,
                "connections cannot be accepted; further attempts are counted in the metrics"
            );
        }
        let pause = Self::FIRST_PAUSE.saturating_mul(1 << self.0.min(10));
        self.0 = self.0.saturating_add(1);
        tokio::time::sleep(pause.min(Self::MAX_PAUSE)).await;
    }

    /// A connection was accepted.
    fn ended(&mut self) {
        let failures = std::mem::take(&mut self.0);
        if failures > 0 {
            tracing::info!(failures, "connections are accepted again");
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::telemetry::testing;

    #[tokio::test(start_paused = true)]
    async fn failures_are_one_warning_and_longer_pauses() {
        let (dispatch, telemetry, lines) = testing::telemetry(&[]);
        let logged = tracing::dispatcher::set_default(&dispatch);
        let mut failures = Failures::default();
        let begun = Instant::now();
        let left = io::Error::from(io::ErrorKind::ConnectionAborted);
        failures.pause(&left).await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
        // Too many open files.
        let full = io::Error::from_raw_os_error(24);
        failures.pause(&full).await;
        assert_eq!(begun.elapsed(), Failures::FIRST_PAUSE);
        for _ in 0..100 {
            failures.pause(&full).await;
        }
        assert!(begun.elapsed() > 90 * Failures::MAX_PAUSE);
        failures.ended();
        failures.ended();
        drop(logged);
        telemetry.shutdown();
        let lines = lines.json();
        let levels: Vec<_> = lines.iter().map(|line| &line["level"]).collect();
        assert_eq!(levels, ["WARN", "INFO"], "{lines:?}");
        assert_eq!(lines[1]["failures"], 101);
    }
}
