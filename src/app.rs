//! The wiring: a configuration and a studio's logic become a server.

use std::future::Future;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_stream::{Stream, StreamExt};
use tonic::transport::server::TcpIncoming;
use tonic_health::server::HealthReporter;

use crate::config::Config;
use crate::matching::MatchLogic;
use crate::proto::match_function_server::MatchFunctionServer;
use crate::service::MatchFunctionService;
use crate::{clock, proto, server};

/// A server whose port is bound and which does not answer yet.
#[derive(Debug)]
pub struct App<L> {
    config: Config,
    logic: L,
    listener: TcpListener,
    address: SocketAddr,
}

/// Why the server could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The port is not to be had.
    #[error(transparent)]
    Listen(#[from] server::ListenError),
    /// The system does not say which port it gave.
    #[error("the listening socket has no address: {0}")]
    Address(std::io::Error),
    /// The descriptor is broken, so there is no reflection.
    #[error("reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The transport failed.
    #[error("the gRPC server failed: {0}")]
    Serve(#[from] tonic::transport::Error),
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Every call was answered.
    Drained,
    /// The grace period ended first; the calls that still ran were cut.
    OutOfTime,
    /// A second signal ended it at once.
    Forced,
}

impl<L: MatchLogic> App<L> {
    /// Binds the port. From now on clients can connect; they are answered by [`App::run`].
    ///
    /// # Errors
    ///
    /// The port is not to be had.
    pub fn build(config: Config, logic: L) -> Result<App<L>, AppError> {
        let listener = server::listen(config.server.grpc_addr, config.server.port, "PORT")?;
        let address = listener.local_addr().map_err(AppError::Address)?;
        Ok(App {
            config,
            logic,
            listener,
            address,
        })
    }

    /// Where it listens: the real port, if 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the first signal, then lets running calls end within the grace period; the
    /// second signal ends it at once.
    ///
    /// # Errors
    ///
    /// The transport failed.
    pub async fn run(self, mut signals: impl Stream<Item = ()> + Unpin) -> Result<Ended, AppError> {
        let grace = self.config.server.shutdown_grace();
        let (stop, stopped) = oneshot::channel::<()>();
        let (reporter, serve) = self.serve(async {
            // A dropped sender is a signal too.
            let _ = stopped.await;
        })?;
        tokio::pin!(serve);
        tokio::select! {
            served = &mut serve => return served.map(|()| Ended::Drained),
            _ = signals.next() => {}
        }
        tracing::info!(
            grace_s = grace.as_secs(),
            "shutting down: no new calls, running ones may end"
        );
        say_goodbye(&reporter).await;
        drop(stop);
        tokio::select! {
            served = serve => served.map(|()| Ended::Drained),
            () = tokio::time::sleep(grace) => {
                tracing::warn!("the grace period is over; running calls are cut (SHUTDOWN_GRACE_SECOND)");
                Ok(Ended::OutOfTime)
            }
            Some(()) = signals.next() => Ok(Ended::Forced),
        }
    }

    fn serve(
        self,
        stopped: impl Future<Output = ()>,
    ) -> Result<(HealthReporter, impl Future<Output = Result<(), AppError>>), AppError> {
        let Config {
            server: settings,
            limits,
            ..
        } = self.config;
        let (reporter, health) = tonic_health::server::health_reporter();
        let service = MatchFunctionService::new(self.logic, limits, clock::unix_ms).into_server();
        let mut router = server::builder(&settings).add_service(service);
        if settings.health_check() {
            router = router.add_service(health);
        }
        if let Some(reflection) = server::reflection(&settings, proto::DESCRIPTOR) {
            router = router.add_service(reflection.build_v1()?);
        }
        if let Some(reflection) = server::reflection(&settings, proto::DESCRIPTOR) {
            router = router.add_service(reflection.build_v1alpha()?);
        }
        let incoming = TcpIncoming::from(self.listener).with_nodelay(Some(true));
        let starting = reporter.clone();
        let serve = async move {
            starting
                .set_serving::<MatchFunctionServer<MatchFunctionService<L>>>()
                .await;
            Ok(router
                .serve_with_incoming_shutdown(incoming, stopped)
                .await?)
        };
        Ok((reporter, serve))
    }
}

/// Tells health watchers that it is over, then ends their streams: a watch never ends by itself,
/// and the server would wait for it.
async fn say_goodbye(reporter: &HealthReporter) {
    for service in ["", proto::SERVICE] {
        reporter
            .set_service_status(service, tonic_health::ServingStatus::NotServing)
            .await;
    }
    let mut reporter = reporter.clone();
    for service in ["", proto::SERVICE] {
        // Already gone is gone.
        let _ = reporter.clear_service_status(service).await;
    }
}
