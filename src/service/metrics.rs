//! Metrics of the service: refusals as they happen, and each tick once, at its end.
//!
//! While a tick runs, its numbers are in a [`TickRecord`] of its own, which no other tick shares. A
//! new metric of ticks is a series here, a field of the record, and the line of
//! [`ServiceMetrics::tick_ended`] that brings them together.

mod memory;
mod reasons;
#[cfg(test)]
mod tests;
mod values;

use std::sync::Arc;
use std::time::Duration;

use prometheus::{Histogram, IntCounter, IntCounterVec, Result};

use super::decode::Bound;
use super::exceeded::Exceeded;
use super::rulesets::RulesetId;
use crate::matching::{Reason, Text, Ticket};
use crate::telemetry::facts::{RpcFacts, Totals};
use crate::telemetry::metrics::Registrar;
pub(super) use memory::MemoryMetrics;
pub(super) use reasons::{MESSAGE_REFUSED, RULESET_REFUSED};
use values::Values;

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
    received: IntCounter,
    placed: IntCounter,
    left: IntCounter,
    match_players: Histogram,
    wait_seconds: Histogram,
    matches: KindSeries,
    backfill: KindSeries,
    memory: MemoryMetrics,
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
        for reason in reasons::all() {
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
            matches: of_kind("match", metrics.counter("matches_total", "Matches made.")?),
            backfill: of_kind(
                "backfill",
                metrics.counter("backfill_proposals_total", "Backfill proposals made.")?,
            ),
        })))
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
        TickRecord {
            kind,
            finished: false,
            now_ms: 0,
            tick_id: 0,
            ruleset: RulesetId::default(),
            ab_trace_id: String::new(),
            match_pool: Text::new(),
            tickets: 0,
            answers: 0,
            tickets_placed: 0,
            players_placed: 0,
            refused: None,
            refusals: [0; Reason::ALL.len()],
            exceeded: Exceeded::default(),
            wrong_types: Vec::new(),
            wait_seconds: Values::of(&self.0.wait_seconds),
            match_players: Values::of(&self.0.match_players),
            duration: Duration::ZERO,
            finish: Duration::ZERO,
        }
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

/// The numbers of one tick, kept by its stream.
#[derive(Debug)]
pub(super) struct TickRecord {
    kind: TickKind,
    /// Whether it reached its end: false if the client left, a deadline passed, or it failed.
    pub(super) finished: bool,
    /// The tick's time, Unix milliseconds.
    pub(super) now_ms: i64,
    /// AGS's number of the tick.
    pub(super) tick_id: u64,
    /// The ruleset that it goes by.
    pub(super) ruleset: RulesetId,
    /// AGS's trace id; empty if it sent none.
    pub(super) ab_trace_id: String,
    /// The match pool; empty if no ticket came.
    pub(super) match_pool: Text,
    /// Tickets received, those seen before included.
    pub(super) tickets: u64,
    /// Matches made, or proposals in a backfill tick.
    pub(super) answers: u64,
    tickets_placed: u64,
    players_placed: u64,
    /// Why the stream was refused, if it was.
    pub(super) refused: Option<&'static str>,
    /// Tickets left over and sessions kept open, by reason.
    refusals: [u64; Reason::ALL.len()],
    /// Those of them that are beyond a bound.
    pub(super) exceeded: Exceeded,
    /// Measured attributes, each with the number of values that are not numbers.
    pub(super) wrong_types: Vec<(Text, u64)>,
    wait_seconds: Values,
    match_players: Values,
    /// From the parameters to the end.
    pub(super) duration: Duration,
    /// How long matching took after the half-close.
    pub(super) finish: Duration,
}

impl TickRecord {
    /// A match or a proposal was made of these tickets.
    pub(super) fn placed<'t>(&mut self, tickets: impl Iterator<Item = &'t Ticket>) {
        self.answers += 1;
        let before = self.players_placed;
        for ticket in tickets {
            self.tickets_placed += 1;
            self.players_placed += ticket.players.len() as u64;
            let age_ms = ticket.age_ms(self.now_ms).unsigned_abs();
            self.wait_seconds.add(age_ms as f64 / 1e3);
        }
        if self.kind == TickKind::Match {
            let players = self.players_placed - before;
            self.match_players.add(players as f64);
        }
    }

    /// A ticket was left over, or a session kept open.
    pub(super) fn left(&mut self, reason: Reason) {
        self.refusals[reason as usize] += 1;
    }

    /// A ticket or a session of this id is beyond the bound, and left out.
    pub(super) fn exceeds(&mut self, bound: Bound, id: &str) {
        self.left(Reason::InvalidTicket);
        self.exceeded.add(bound, id);
    }

    /// So many values of a measured attribute are not numbers.
    pub(super) fn wrong_type(&mut self, attribute: &Text, values: u64) {
        if values > 0 {
            self.wrong_types.push((attribute.clone(), values));
        }
    }

    /// Tells what the call is about, as far as it is known.
    pub(super) fn identify(&self, facts: &RpcFacts) {
        facts.set_tick_id(self.tick_id);
        facts.set_ab_trace_id(&self.ab_trace_id);
        facts.set_match_pool(&self.match_pool);
    }

    /// A record for the part of the tick that runs on another thread. Its counts start from these.
    pub(super) fn fork(&self) -> Self {
        Self {
            ab_trace_id: self.ab_trace_id.clone(),
            match_pool: self.match_pool.clone(),
            exceeded: self.exceeded.clone(),
            wrong_types: self.wrong_types.clone(),
            wait_seconds: self.wait_seconds.clone(),
            match_players: self.match_players.clone(),
            ..*self
        }
    }

    /// Takes over what the other thread recorded since the [`fork`](Self::fork).
    pub(super) fn join(&mut self, other: Self) {
        // The fork has the counts of this record, but only its own values.
        self.flush_values();
        *self = other;
    }

    fn flush_values(&self) {
        self.wait_seconds.flush();
        self.match_players.flush();
    }

    /// Every reason that was given, with its count.
    fn refusals(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let left = Reason::ALL.iter().zip(self.refusals);
        left.map(|(reason, times)| (reason.as_str(), times))
            .filter(|(_, times)| *times > 0)
            .chain(self.refused.map(|reason| (reason, 1)))
    }

    fn totals(&self) -> Totals {
        let (matches_out, proposals_out) = match self.kind {
            TickKind::Match => (self.answers, 0),
            TickKind::Backfill => (0, self.answers),
        };
        Totals {
            tickets_in: self.tickets,
            matches_out,
            players_matched: self.players_placed,
            proposals_out,
        }
    }
}
