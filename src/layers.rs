//! The stack of middleware around the services, readable in one function: [`stack`].

pub mod auth;
pub mod classify;
pub mod log;
pub mod methods;
pub mod metrics;
pub mod observe;
pub mod panic;
#[cfg(test)]
pub(crate) mod testing;
pub mod trace;

use std::sync::Arc;

use http::header::{AUTHORIZATION, COOKIE};
use tower::ServiceBuilder;
use tower::layer::util::{Identity, Stack};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;

use self::log::Log;
use self::metrics::Measure;
use self::observe::Observe;
use self::panic::CatchPanic;
use self::trace::Trace;
use crate::telemetry::{Handles, Settings};

/// What sees each call, outermost first.
type Observers = (Option<Trace>, (Option<Measure>, Option<Log>));

/// The layers of [`stack`] with an innermost layer `A`, the last type being the outermost layer.
pub type ServerStack<A> = Stack<
    A,
    Stack<CatchPanic, Stack<Observe<Observers>, Stack<SetSensitiveRequestHeadersLayer, Identity>>>,
>;

/// The whole stack, outermost layer first. `innermost` is where authorization goes: its refusals are
/// observed like any other outcome.
pub fn stack<A>(settings: &Settings, handles: &Handles, innermost: A) -> ServerStack<A> {
    let Handles {
        metrics,
        tracer,
        methods,
    } = handles.clone();
    // Around the other observers: their lines carry its ids.
    let trace = settings
        .trace_requests()
        .then(|| Trace::new(tracer, methods.clone()));
    let measure = settings
        .measure_requests()
        .then(|| Measure::new(Arc::clone(&metrics.rpc), methods.clone()));
    let log = settings.log_requests().then(|| Log::new(methods));
    ServiceBuilder::new()
        // First, so that no other layer can print a credential.
        .layer(SetSensitiveRequestHeadersLayer::new([
            AUTHORIZATION,
            COOKIE,
        ]))
        .layer(Observe::new((trace, (measure, log))))
        // Inside the observers: a panic is an outcome that they see.
        .layer(CatchPanic::new(metrics.rpc))
        .layer(innermost)
        .into_inner()
}

#[cfg(test)]
mod tests;
