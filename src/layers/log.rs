//! One line for each call, at its end.

use std::sync::Arc;

use http::Request;
use opentelemetry::Context;
use tonic::body::Body;

use super::classify::{Class, classify, code_name};
use super::measure::method_of;
use super::observe::{Call, End, Observer};
use crate::telemetry::facts::{RpcFacts, bounded};
use crate::telemetry::method::{CallType, MethodTable};

/// Maximum length of a status message in a log line, in bytes.
const MAX_ERROR: usize = 512;

/// Logs each call.
#[derive(Clone, Debug)]
pub struct Log {
    methods: MethodTable,
}

impl Log {
    /// Names calls after `methods`.
    pub fn new(methods: MethodTable) -> Self {
        Self { methods }
    }
}

impl Observer for Log {
    type Call = Logged;

    fn begin(&self, request: &mut Request<Body>) -> Logged {
        let known = request.extensions().get::<Arc<RpcFacts>>().map(Arc::clone);
        let facts = known.unwrap_or_else(|| {
            let facts = Arc::new(RpcFacts::new(method_of(request, &self.methods)));
            request.extensions_mut().insert(Arc::clone(&facts));
            facts
        });
        Logged {
            facts,
            context: Context::current(),
        }
    }
}

/// One call that will be logged.
#[derive(Debug)]
pub struct Logged {
    facts: Arc<RpcFacts>,
    /// Kept because a call that is dropped ends outside its own context.
    context: Context,
}

impl Call for Logged {
    type Entered = ();

    fn enter(&self) {}

    fn end(&mut self, end: End<'_>) {
        let facts = &self.facts;
        let method = facts.method().method();
        let error = end.message();
        let totals = facts.totals();
        let ticks = matches!(method.call_type, CallType::BidiStream);
        let _context = std::mem::take(&mut self.context).attach();
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    service = method.service,
                    method = method.name,
                    code = code_name(end.code),
                    duration_ms = end.elapsed.as_micros() as f64 / 1e3,
                    tickets_in = ticks.then_some(totals.tickets_in),
                    matches_out = ticks.then_some(totals.matches_out),
                    players_matched = ticks.then_some(totals.players_matched),
                    proposals_out = ticks.then_some(totals.proposals_out),
                    refusals = facts.refusals(),
                    tick_id = facts.tick_id(),
                    match_pool = facts.match_pool(),
                    error = error.as_deref().map(|text| bounded(text, MAX_ERROR)),
                    "call ended"
                )
            };
        }
        match classify(end.code) {
            Class::Server => line!(warn),
            Class::Ok if method.probe => line!(debug),
            Class::Ok | Class::Client => line!(info),
        }
    }
}

#[cfg(test)]
mod tests;
