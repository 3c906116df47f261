//! What is logged and counted of a stream.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio_stream::Stream;
use tonic::Status;
use tracing::Span;

use super::TickStream;
use crate::matching::MatchLogic;
use crate::proto::Slot;
use crate::service::metrics::RULESET_REFUSED;
use crate::service::tick::Purpose;
use crate::service::{MAX_POOL, decode};
use crate::telemetry::facts::bounded;

impl<P: Purpose, L: MatchLogic> TickStream<P, L> {
    /// Names the ruleset in the log if the stream is refused for it, with the pool if a ticket is at
    /// hand: clients send tickets right behind the parameters.
    pub(super) fn tell_of_ruleset(&mut self, cx: &mut Context<'_>, status: &Status) {
        if self.out.record.refused != Some(RULESET_REFUSED) {
            return;
        }
        if let Poll::Ready(Some(Ok(next))) = Pin::new(&mut self.requests).poll_next(cx)
            && let Ok(Some((Slot::Ticket | Slot::BackfillTicket, bytes))) = P::SLOTS.read(next)
            && let Ok(named) = decode::named(&bytes)
        {
            self.out.record.match_pool = named.pool;
        }
        let record = &self.out.record;
        let pool = bounded(&record.match_pool, MAX_POOL);
        let rulesets = &self.shared.rulesets;
        rulesets.refuse(record.ruleset, record.now_ms, pool, status.message());
    }

    /// Records what the tick did, once.
    pub(super) fn report(&mut self) {
        if std::mem::replace(&mut self.recorded, true) {
            return;
        }
        let record = &mut self.out.record;
        record.duration = self.opened.elapsed();
        let span = std::mem::replace(&mut self.span, Span::none());
        if !span.is_disabled() {
            span.record("tick_id", record.tick_id);
            span.record("match_pool", bounded(&record.match_pool, MAX_POOL));
            span.record("tickets", record.tickets);
            span.record("answers", record.answers);
        }
        self.shared
            .metrics
            .tick_ended(record, self.facts.as_deref());
        let pool = bounded(&record.match_pool, MAX_POOL);
        let rulesets = &self.shared.rulesets;
        rulesets.wrong_types(record.ruleset, record.now_ms, pool, &record.wrong_types);
        if let Some(recording) = self.recording.take() {
            recording.finish(record);
        }
        if let Some(summary) = record.exceeded.summary() {
            tracing::warn!(match_pool = pool, tick_id = record.tick_id, "{summary}");
        }
    }
}
