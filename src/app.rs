//! The wiring: a configuration and a studio's logic become a server.

mod guard;

use std::future::{Future, pending};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio_stream::{Stream, StreamExt};
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::Layer;
use tower::layer::util::Stack;
use tower::util::option_layer;

use crate::auth::Auth;
use crate::clock::Clock;
use crate::config::Config;
use crate::layers::auth::AuthLayer;
use crate::layers::metrics::RpcMetrics;
use crate::layers::time_limit::TimeLimits;
use crate::matching::MatchLogic;
use crate::server::{ConnectionMetrics, Dispatch, StreamRoom};
use crate::service::{MatchFunctionService, Recorder, ServiceMetrics, Writer};
use crate::telemetry::Handles;
use crate::telemetry::admin::{Admin, Readiness};
use crate::telemetry::spans::Tracer;
use crate::{layers, proto, server};

/// How long captures may be written after the last call.
const CAPTURES_TIMEOUT: Duration = Duration::from_secs(2);

/// A server whose port is bound and which does not answer yet.
#[derive(Debug)]
pub struct App<L> {
    config: Config,
    logic: L,
    listener: TcpListener,
    address: SocketAddr,
    tracer: Tracer,
    rpc_metrics: RpcMetrics,
    service_metrics: ServiceMetrics,
    /// `None`: ticks are not recorded.
    recorder: Option<(Recorder, Writer)>,
    connection_metrics: ConnectionMetrics,
    admin: Option<Admin>,
    /// `None`: callers are not checked.
    auth: Option<Auth>,
    /// Set when it takes no new calls.
    ends: Arc<AtomicBool>,
}

/// Why the server could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A port cannot be bound.
    #[error(transparent)]
    Listen(#[from] server::ListenError),
    /// The system does not tell which port it chose.
    #[error("the listening socket has no address: {0}")]
    Address(std::io::Error),
    /// The descriptor cannot be read, so reflection cannot be set up.
    #[error("reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The client of IAM cannot be set up.
    #[error("access tokens cannot be checked: {0}")]
    Auth(#[from] crate::auth::iam::IamError),
    /// A metric cannot be registered.
    #[error("the metrics cannot be registered: {0}")]
    Metrics(#[from] prometheus::Error),
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
    /// Binds the ports. From now on clients can connect; they are answered by [`App::run`].
    ///
    /// # Errors
    ///
    /// If a port cannot be bound, callers cannot be checked, or a metric is registered already.
    pub fn build(config: Config, handles: &Handles, logic: L) -> Result<Self, AppError> {
        let listener = server::listen(config.server.grpc_addr, config.server.port, "PORT")?;
        let address = listener.local_addr().map_err(AppError::Address)?;
        let ends = Arc::new(AtomicBool::new(false));
        let metrics = handles.metrics.registrar();
        let auth = guard::start(&config.auth, &config.telemetry.app_name, metrics)?;
        let admin = admin(
            &config,
            handles,
            readiness(&ends, auth.as_ref().map(Auth::ready)),
        )?;
        let recording = config.recording.clone();
        let recorder = Recorder::start(recording, &config.limits, metrics)?;
        Ok(Self {
            config,
            logic,
            listener,
            address,
            tracer: handles.tracer.clone(),
            rpc_metrics: RpcMetrics::register(metrics, layers::methods::table())?,
            service_metrics: ServiceMetrics::register(metrics)?,
            recorder,
            connection_metrics: ConnectionMetrics::register(metrics)?,
            admin,
            auth,
            ends,
        })
    }

    /// Where it listens: the real port where the configuration has 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the metrics are; `None` if they are switched off.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref()?.local_addr().ok()
    }

    /// Serves until the first signal, then lets running calls end within the grace period; the
    /// second signal ends it at once.
    ///
    /// # Errors
    ///
    /// If reflection cannot be set up.
    pub async fn run(
        mut self,
        mut signals: impl Stream<Item = ()> + Unpin,
    ) -> Result<Ended, AppError> {
        // Served until the last call has ended: operators watch the drain too.
        let _admin = self
            .admin
            .take()
            .map(|admin| AbortOnDrop::of(admin.serve(pending())));
        let ends = Arc::clone(&self.ends);
        let grace = self.config.server.shutdown_grace();
        let (stop, stopped) = oneshot::channel::<()>();
        let (reporter, serve) = self.serve(async {
            // A sender that is dropped counts as a signal too.
            let _ = stopped.await;
        })?;
        tokio::pin!(serve);
        tokio::select! {
            () = &mut serve => return Ok(Ended::Drained),
            _ = signals.next() => {}
        }
        tracing::info!(
            grace_s = grace.as_secs(),
            "shutting down: no new calls, running ones may end"
        );
        ends.store(true, Relaxed);
        end_health(&reporter).await;
        drop(stop);
        tokio::select! {
            () = serve => Ok(Ended::Drained),
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
    ) -> Result<(HealthReporter, impl Future<Output = ()>), AppError> {
        let Config {
            server: settings,
            limits,
            telemetry,
            recording: _,
            auth: _,
        } = self.config;
        let guard = self
            .auth
            .as_ref()
            .map(|auth| AuthLayer::new(auth.authorizer()));
        let stack = layers::stack(
            &telemetry,
            &self.tracer,
            &self.rpc_metrics,
            TimeLimits {
                unary: settings.unary_timeout(),
                tick: limits.stream_timeout(),
            },
            // Inside the observers: that something else than gRPC asks is seen in metrics and log.
            Stack::new(option_layer(guard), server::GrpcOnlyLayer),
        );
        let (reporter, health) = tonic_health::server::health_reporter();
        let (recorder, writer) = self.recorder.unzip();
        let metrics = self.service_metrics;
        let service =
            MatchFunctionService::recording(self.logic, limits, Clock::system(), metrics, recorder);
        let freed_memory = service.freed_memory_goes_back();
        let mut routes = Routes::default();
        if settings.enable_health_check {
            routes = routes.add_service(StreamRoom::of(server::MAX_WATCHES).around(health));
        }
        // One room for both versions.
        let room = StreamRoom::of(server::MAX_REFLECTIONS);
        if let Some(reflection) = server::reflection(&settings, proto::DESCRIPTOR) {
            routes = routes.add_service(room.around(reflection.build_v1()?));
        }
        if let Some(reflection) = server::reflection(&settings, proto::DESCRIPTOR) {
            routes = routes.add_service(room.around(reflection.build_v1alpha()?));
        }
        let services = Dispatch::new(service.into_server(), routes.prepare());
        let service = stack.layer(services);
        let (listener, metrics) = (self.listener, self.connection_metrics);
        let starting = reporter.clone();
        let ends = self.ends;
        let auth = self.auth;
        let serve = async move {
            let _freed_memory = AbortOnDrop::of(freed_memory);
            set_health(&starting, ServingStatus::NotServing).await;
            let opening = AbortOnDrop::of(open_when_ready(
                starting,
                auth.as_ref().map(Auth::ready),
                ends,
            ));
            server::serve(listener, service, settings, metrics, stopped).await;
            drop(opening);
            if let Some(auth) = auth {
                auth.shutdown().await;
            }
            if let Some(writer) = writer {
                writer.finished(CAPTURES_TIMEOUT).await;
            }
        };
        Ok((reporter, serve))
    }
}

/// The server of the metrics, its port bound.
fn admin(
    config: &Config,
    handles: &Handles,
    readiness: Readiness,
) -> Result<Option<Admin>, AppError> {
    let settings = &config.telemetry;
    if !settings.enable_prometheus {
        return Ok(None);
    }
    let listener = server::listen(
        settings.prometheus_addr,
        settings.prometheus_port,
        "PROMETHEUS_PORT",
    )?;
    let metrics = handles.metrics.clone();
    let endpoint = settings.prometheus_endpoint.clone();
    Ok(Some(Admin::new(listener, endpoint, metrics, readiness)))
}

fn readiness(ends: &Arc<AtomicBool>, auth: Option<watch::Receiver<bool>>) -> Readiness {
    let ends = Arc::clone(ends);
    Arc::new(move || {
        if ends.load(Relaxed) {
            Err("the server is shutting down".to_owned())
        } else if auth.as_ref().is_some_and(|ready| !*ready.borrow()) {
            Err("keys and revocation list of IAM have not been fetched yet".to_owned())
        } else {
            Ok(())
        }
    })
}

/// Sets the health to SERVING as soon as callers can be judged.
async fn open_when_ready(
    reporter: HealthReporter,
    auth: Option<watch::Receiver<bool>>,
    ends: Arc<AtomicBool>,
) {
    if let Some(mut ready) = auth {
        if ready.wait_for(|ready| *ready).await.is_err() {
            return;
        }
        if ends.load(Relaxed) {
            return;
        }
        tracing::info!("keys and revocation list of IAM are there: callers are checked and let in");
    }
    set_health(&reporter, ServingStatus::Serving).await;
}

async fn set_health(reporter: &HealthReporter, status: ServingStatus) {
    for service in ["", proto::SERVICE] {
        reporter.set_service_status(service, status).await;
    }
}

/// A task that ends with its owner.
struct AbortOnDrop(JoinHandle<()>);

impl AbortOnDrop {
    fn of(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Tells health watchers NOT_SERVING, then ends their streams: a watch never ends by itself, and
/// the server would wait for it.
async fn end_health(reporter: &HealthReporter) {
    set_health(reporter, ServingStatus::NotServing).await;
    let mut reporter = reporter.clone();
    for service in ["", proto::SERVICE] {
        // An error means that the service is not registered any more.
        let _ = reporter.clear_service_status(service).await;
    }
}
