//! Metrics of the service: refusals as they happen, and each tick once, at its end.
//!
//! While a tick runs, its numbers are in a [`TickRecord`] of its own, which no other tick shares. A
//! new metric of ticks is a series here, a field of the record, and the line of
//! [`ServiceMetrics::tick_ended`] that brings them together.

mod memory;
mod quality;
mod record;
#[cfg(test)]
mod tests;
mod values;

use std::sync::Arc;

use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge, Result};

use super::decode::Bound;
use crate::matching::{Reason, TicketFault};
use crate::telemetry::facts::RpcFacts;
use crate::telemetry::metrics::Registrar;
pub(super) use memory::MemoryMetrics;
use quality::QualitySeries;
pub(super) use record::TickRecord;

/// A ruleset that cannot be used, as the reason of a refusal.
pub(super) const RULESET_REFUSED: &str = "ruleset";

/// A ticket or a session that cannot be read, as the reason of a refusal.
pub(super) const MESSAGE_REFUSED: &str = "message";

/// Upper bounds of a tick's time, from a handful of tickets to Envoy's limit of 15 s.
const TICK_SECONDS: [f64; 14] = [
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0,
];

/// Upper bounds of a ticket's age, from a quick game to a queue for a raid.
const WAIT_SECONDS: [f64; 15] = [
    0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0,
];

/// Upper bounds of the players of a match.
const MATCH_PLAYERS: [f64; 15] = [
    1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 16.0, 24.0, 32.0, 64.0, 100.0, 200.0,
];

/// What a tick makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TickKind {
    /// Matches.
    Match,
    /// Proposals for sessions that have room.
    Backfill,
}

/// The series of the service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ServiceMetrics(Arc<Series>);

#[derive(Debug)]
struct Series {
    refusals: IntCounterVec,
    exceeded: IntCounterVec,
    wrong_types: IntCounter,
    ticks_waiting: IntGauge,
    received: IntCounter,
    placed: IntCounter,
    left: IntCounter,
    match_players: Histogram,
    wait_seconds: Histogram,
    matches: KindSeries,
    backfill: KindSeries,
    memory: MemoryMetrics,
    quality: QualitySeries,
}

/// The series of one kind of tick.
#[derive(Debug)]
struct KindSeries {
    answers: IntCounter,
    finished: IntCounter,
    stopped: IntCounter,
    seconds: Histogram,
    finish_seconds: Histogram,
}

impl ServiceMetrics {
    /// Registers the series of the service.
    ///
    /// # Errors
    ///
    /// If a name is taken.
    pub fn register(metrics: &Registrar) -> Result<Self> {
        let refusals = metrics.counters(
            "refusals_total",
            "Tickets left over, sessions kept open, and tickets and rulesets refused, by reason.",
            &["reason"],
        )?;
        // The series of every reason exists from the start, so that its rate begins at zero.
        let reasons = Reason::ALL.iter().map(|reason| reason.as_str());
        let faults = ticket_faults().map(|fault| fault.as_str());
        for reason in reasons
            .chain(faults)
            .chain([RULESET_REFUSED, MESSAGE_REFUSED])
        {
            refusals.with_label_values(&[reason]);
        }
        let exceeded = metrics.counters(
            "invalid_tickets_total",
            "Tickets and sessions beyond a bound, by bound; each is also an invalid_ticket.",
            &["bound"],
        )?;
        for bound in Bound::ALL {
            exceeded.with_label_values(&[bound.as_str()]);
        }
        let ticks = metrics.counters(
            "ticks_total",
            "Ticks ended: finished, or stopped before their end (client gone, deadline, error).",
            &["kind", "outcome"],
        )?;
        let seconds = metrics.histograms(
            "tick_duration_seconds",
            "Time from a tick's parameters to its end, in seconds.",
            &["kind"],
            &TICK_SECONDS,
        )?;
        let finish_seconds = metrics.histograms(
            "tick_finish_seconds",
            "The part of a tick after the client's half-close, in seconds; proxies cut it short.",
            &["kind"],
            &TICK_SECONDS,
        )?;
        let of_kind = |kind, answers| KindSeries {
            answers,
            finished: ticks.with_label_values(&[kind, "finished"]),
            stopped: ticks.with_label_values(&[kind, "stopped"]),
            seconds: seconds.with_label_values(&[kind]),
            finish_seconds: finish_seconds.with_label_values(&[kind]),
        };
        Ok(Self(Arc::new(Series {
            refusals,
            exceeded,
            wrong_types: metrics.counter(
                "wrong_type_values_total",
                "Values of attributes that rules measure that are not numbers; they count as 0.",
            )?,
            ticks_waiting: metrics.gauge(
                "ticks_waiting",
                "Ticks that have all their tickets and wait for their turn to match.",
            )?,
            received: metrics.counter("tickets_received_total", "Tickets received in ticks.")?,
            placed: metrics.counter(
                "tickets_matched_total",
                "Tickets placed in a match or a backfill proposal.",
            )?,
            left: metrics.counter(
                "tickets_left_total",
                "Tickets that a tick did not place; they come again with the next tick.",
            )?,
            match_players: metrics.histogram(
                "match_players",
                "Players in a match.",
                &MATCH_PLAYERS,
            )?,
            wait_seconds: metrics.histogram(
                "ticket_wait_seconds",
                "Age of a ticket when it was placed, in seconds.",
                &WAIT_SECONDS,
            )?,
            memory: MemoryMetrics::register(metrics)?,
            quality: QualitySeries::register(metrics)?,
            matches: of_kind("match", metrics.counter("matches_total", "Matches made.")?),
            backfill: of_kind(
                "backfill",
                metrics.counter("backfill_proposals_total", "Backfill proposals made.")?,
            ),
        })))
    }

    /// Shows how many ticks wait for their turn.
    pub(super) fn ticks_waiting(&self) -> IntGauge {
        self.0.ticks_waiting.clone()
    }

    /// The series of the memory budget.
    pub(super) fn memory(&self) -> MemoryMetrics {
        self.0.memory.clone()
    }

    /// A ticket or a ruleset was refused outside a tick.
    pub(super) fn refused(&self, reason: &'static str, facts: Option<&RpcFacts>) {
        self.0.refusals.with_label_values(&[reason]).inc();
        if let Some(facts) = facts {
            facts.set_refusals([(reason, 1)]);
        }
    }

    /// The ticket of a unary call is beyond a bound.
    pub(super) fn exceeds(&self, bound: Bound, facts: Option<&RpcFacts>) {
        self.refused(Reason::InvalidTicket.as_str(), facts);
        let counter = self.0.exceeded.with_label_values(&[bound.as_str()]);
        counter.inc();
    }

    /// The record of a tick that begins.
    pub(super) fn tick_begins(&self, kind: TickKind) -> TickRecord {
        let series = &*self.0;
        let (waits, players) = (&series.wait_seconds, &series.match_players);
        TickRecord::new(kind, waits, players, &series.quality)
    }

    /// A tick has ended, finished or not. What it did also goes into the facts of its call.
    pub(super) fn tick_ended(&self, tick: &TickRecord, facts: Option<&RpcFacts>) {
        let series = &*self.0;
        for (reason, times) in tick.refusals() {
            let counter = series.refusals.with_label_values(&[reason]);
            counter.inc_by(times);
        }
        for (bound, times) in tick.exceeded.counts() {
            let counter = series.exceeded.with_label_values(&[bound.as_str()]);
            counter.inc_by(times);
        }
        let wrong_types = tick.wrong_types.iter().map(|(_, values)| values);
        series.wrong_types.inc_by(wrong_types.sum());
        series.received.inc_by(tick.tickets);
        series.placed.inc_by(tick.tickets_placed);
        let left = tick.tickets.saturating_sub(tick.tickets_placed);
        series.left.inc_by(left);
        tick.flush_values();
        tick.quality.count();
        let kind = match tick.kind {
            TickKind::Match => &series.matches,
            TickKind::Backfill => &series.backfill,
        };
        kind.answers.inc_by(tick.answers);
        if tick.finished {
            kind.finished.inc();
        } else {
            kind.stopped.inc();
        }
        kind.seconds.observe(tick.duration.as_secs_f64());
        kind.finish_seconds.observe(tick.finish.as_secs_f64());
        if let Some(facts) = facts {
            tick.identify(facts);
            facts.set_totals(tick.totals());
            facts.set_refusals(tick.refusals());
        }
    }
}

impl Default for ServiceMetrics {
    /// Series that are not exported.
    fn default() -> Self {
        Self::register(&Registrar::detached()).expect("the names are valid and free")
    }
}

/// A fault of each kind.
fn ticket_faults() -> [TicketFault; 10] {
    [
        TicketFault::NoPlayer,
        TicketFault::EmptyPlayerId,
        TicketFault::PlayerTwice,
        TicketFault::NotFinite(String::new()),
        TicketFault::TooManyPlayers {
            players: 0,
            allowed: 0,
        },
        TicketFault::NoRegionUnderCap {
            best_ms: 0,
            cap_ms: 0,
        },
        TicketFault::NoRegionMeasured,
        TicketFault::NoMode(String::new()),
        TicketFault::NoRole,
        TicketFault::Unfit(""),
    ]
}
