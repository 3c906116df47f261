//! What the service reports goes into the metrics and the facts of its call.

use std::sync::Arc;

use http::Request;

use crate::service::observe::{
    Observer, REASONS, SIZE_BOUNDS, TickObserver, TickSummary, WAIT_BOUNDS_MS,
};
use crate::telemetry::facts::RpcFacts;
use crate::telemetry::metrics::{Spread, TickKind, TickLabels, TickMetrics, TickReport};

/// What the service can report.
pub const TICK_LABELS: TickLabels = TickLabels {
    reasons: REASONS,
    wait_bounds_ms: &WAIT_BOUNDS_MS,
    size_bounds: &SIZE_BOUNDS,
};

/// Gives each request an observer; a step of the server's stack.
pub(super) fn attach<B>(
    ticks: Arc<TickMetrics>,
) -> impl Fn(Request<B>) -> Request<B> + Clone + Send + Sync {
    move |mut request| {
        let facts = request.extensions().get::<Arc<RpcFacts>>().map(Arc::clone);
        let ticks = Arc::clone(&ticks);
        let observer = Observer(Arc::new(CallObserver { facts, ticks }));
        request.extensions_mut().insert(observer);
        request
    }
}

struct CallObserver {
    facts: Option<Arc<RpcFacts>>,
    ticks: Arc<TickMetrics>,
}

impl CallObserver {
    fn identify(&self, summary: &TickSummary) {
        if let Some(facts) = &self.facts {
            facts.set_tick_id(summary.tick_id);
            facts.set_ab_trace_id(&summary.ab_trace_id);
            facts.set_match_pool(&summary.match_pool);
        }
    }
}

impl TickObserver for CallObserver {
    fn tick_opened(&self, summary: &TickSummary) {
        self.identify(summary);
    }

    fn tick_ended(&self, summary: &TickSummary) {
        self.identify(summary);
        let facts = self.facts.as_deref();
        if let Some(reason) = summary.refused {
            self.ticks.refused(reason, 1, facts);
        }
        for (reason, times) in summary.refusals.iter() {
            self.ticks.refused(reason.as_str(), times, facts);
        }
        let sizes = if summary.backfill {
            Spread {
                counts: &[],
                sum: 0,
            }
        } else {
            spread(&summary.sizes)
        };
        let report = TickReport {
            kind: if summary.backfill {
                TickKind::Backfill
            } else {
                TickKind::Match
            },
            finished: summary.finished,
            tickets: summary.tickets,
            tickets_placed: summary.tickets_matched,
            answers: summary.answers,
            players: summary.players_matched,
            waits: spread(&summary.waits),
            sizes,
            duration: summary.duration,
            finish: summary.finish,
        };
        self.ticks.ended(&report, facts);
    }

    fn refused(&self, reason: &'static str) {
        self.ticks.refused(reason, 1, self.facts.as_deref());
    }
}

fn spread(spread: &crate::service::observe::Spread) -> Spread<'_> {
    Spread {
        counts: &spread.counts,
        sum: spread.sum,
    }
}
