//! A span for each call, below the caller's, with the names of OpenTelemetry's conventions for RPC.
//!
//! It also makes the call's [`RpcFacts`], which inner layers and the service find in the request's
//! extensions, and holds both in the OpenTelemetry context while the call's code runs: log lines
//! take their ids from there.

use std::sync::Arc;

use http::Request;
use opentelemetry::trace::{Status, TraceContextExt};
use opentelemetry::{Context, ContextGuard, KeyValue};
use tonic::body::Body;

use super::classify::{Class, classify};
use super::observe::{Call, End, Observer};
use crate::server::peer::Peer;
use crate::telemetry::facts::RpcFacts;
use crate::telemetry::method::MethodTable;
use crate::telemetry::propagation;
use crate::telemetry::spans::Tracer;

/// AGS's own trace id.
const AB_TRACE_ID: &str = "x-ab-traceid";

/// Starts a span for each call.
#[derive(Clone, Debug)]
pub struct Trace {
    tracer: Tracer,
    methods: MethodTable,
}

impl Trace {
    /// Names spans after `methods`.
    pub fn new(tracer: Tracer, methods: MethodTable) -> Self {
        Self { tracer, methods }
    }
}

impl Observer for Trace {
    type Call = Traced;

    fn begin(&self, request: &mut Request<Body>) -> Traced {
        let id = self.methods.find(request.uri().path());
        let facts = Arc::new(RpcFacts::new(id));
        let header = request.headers().get(AB_TRACE_ID);
        if let Some(id) = header.and_then(|value| value.to_str().ok()) {
            facts.set_ab_trace_id(id);
        }
        let context = self
            .tracer
            .start(id.full_name(), propagation::extract(request.headers()));
        let span = context.span();
        if span.is_recording() {
            let method = id.method();
            span.set_attributes([
                KeyValue::new("rpc.system", "grpc"),
                KeyValue::new("rpc.service", method.service),
                KeyValue::new("rpc.method", method.name),
            ]);
            if let Some(peer) = request.extensions().get::<Peer>() {
                span.set_attributes([
                    KeyValue::new("network.peer.address", Arc::clone(&peer.address)),
                    KeyValue::new("network.peer.port", i64::from(peer.port)),
                ]);
            }
        }
        request.extensions_mut().insert(Arc::clone(&facts));
        let context = context.with_value(Arc::clone(&facts));
        Traced { context, facts }
    }
}

/// The span of one call.
#[derive(Debug)]
pub struct Traced {
    context: Context,
    facts: Arc<RpcFacts>,
}

impl Call for Traced {
    type Entered = ContextGuard;

    fn enter(&self) -> ContextGuard {
        self.context.clone().attach()
    }

    fn end(&mut self, end: End<'_>) {
        let span = self.context.span();
        if span.is_recording() {
            let code = i64::from(end.code as i32);
            span.set_attribute(KeyValue::new("rpc.grpc.status_code", code));
            if let Some(id) = self.facts.ab_trace_id() {
                span.set_attribute(KeyValue::new("ab_trace_id", id.to_owned()));
            }
            if let Some(pool) = self.facts.match_pool() {
                span.set_attribute(KeyValue::new("match_pool", pool.to_owned()));
            }
            if let Some(reason) = self.facts.auth_refusal() {
                span.set_attribute(KeyValue::new("auth_refusal", reason));
            }
            if let Some(tick) = self.facts.tick_id() {
                // OpenTelemetry has no unsigned numbers.
                span.set_attribute(KeyValue::new("tick_id", tick.to_string()));
            }
            let totals = self.facts.totals();
            for (name, count) in [
                ("tickets_in", totals.tickets_in),
                ("matches_out", totals.matches_out),
                ("proposals_out", totals.proposals_out),
            ] {
                if count > 0 {
                    let count = i64::try_from(count).unwrap_or(i64::MAX);
                    span.set_attribute(KeyValue::new(name, count));
                }
            }
            if classify(end.code) == Class::Server {
                let message = end.message();
                let message = message.unwrap_or_else(|| end.code.description().to_owned());
                span.set_status(Status::error(message));
            }
        }
        span.end();
    }
}

#[cfg(test)]
mod tests;
