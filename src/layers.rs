//! The stack of middleware around the services, readable in one function: [`stack`].

pub mod auth;
pub mod classify;
pub mod log;
pub mod measure;
pub mod methods;
pub mod metrics;
pub mod observe;
pub mod panic;
#[cfg(test)]
pub(crate) mod testing;
pub mod time_limit;
pub mod trace;

use http::Request;
use http::header::{AUTHORIZATION, COOKIE};
use tonic::body::Body;
use tower::ServiceBuilder;
use tower::layer::util::{Identity, Stack};
use tower::util::MapRequestLayer;

use self::log::Log;
use self::measure::Measure;
use self::metrics::RpcMetrics;
use self::observe::Observe;
use self::panic::CatchPanic;
use self::time_limit::{TimeLimit, TimeLimits};
use self::trace::Trace;
use crate::telemetry::Settings;
use crate::telemetry::spans::Tracer;

/// What sees each call, outermost first.
type Observers = (Option<Trace>, (Option<Measure>, Option<Log>));

/// Changes a request on its way in.
type Step = MapRequestLayer<fn(Request<Body>) -> Request<Body>>;

/// The layers of [`stack`] with an innermost layer `A`, the last type being the outermost layer.
pub type ServerStack<A> =
    Stack<A, Stack<TimeLimit, Stack<CatchPanic, Stack<Observe<Observers>, Stack<Step, Identity>>>>>;

/// The whole stack, outermost layer first. `innermost` is where authorization goes: its refusals
/// are observed like any other outcome.
pub fn stack<A>(
    settings: &Settings,
    tracer: &Tracer,
    metrics: &RpcMetrics,
    limits: TimeLimits,
    innermost: A,
) -> ServerStack<A> {
    let methods = metrics.methods();
    // Around the other observers: their lines carry its ids.
    let trace = settings
        .trace_requests()
        .then(|| Trace::new(tracer.clone(), methods.clone()));
    let measure = settings
        .enable_interceptor_metrics
        .then(|| Measure::new(metrics.clone()));
    let log = settings
        .enable_interceptor_logging
        .then(|| Log::new(methods.clone()));
    ServiceBuilder::new()
        // First, so that no other layer can print a credential.
        .layer(Step::new(hide_credentials))
        .layer(Observe::new((trace, (measure, log))))
        // Inside the observers: a panic is an outcome that they see.
        .layer(CatchPanic::new(metrics.clone()))
        .layer(TimeLimit::new(methods.clone(), limits))
        .layer(innermost)
        .into_inner()
}

/// Marks the headers with credentials as sensitive: printed, they show that there is a credential
/// but not its value.
fn hide_credentials(mut request: Request<Body>) -> Request<Body> {
    for (name, value) in request.headers_mut() {
        if name == AUTHORIZATION || name == COOKIE {
            value.set_sensitive(true);
        }
    }
    request
}

#[cfg(test)]
mod tests;
