//! Ticks, tickets and matches: told once per tick, at its end.

use std::time::Duration;

use prometheus::Histogram;
use prometheus::{HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry};

use super::merged::MergedHistogram;
use super::register;
use crate::telemetry::facts::{RpcFacts, Totals};

/// From a handful of tickets to Envoy's limit of 15 s.
const SECONDS: [f64; 14] = [
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0,
];

/// What a tick makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TickKind {
    /// New matches.
    Match = 0,
    /// Proposals for matches that have room.
    Backfill = 1,
}

const KINDS: [&str; 2] = ["match", "backfill"];
const OUTCOMES: [&str; 2] = ["finished", "stopped"];

/// Label values and bucket bounds that come from whoever makes ticks.
#[derive(Clone, Copy, Debug)]
pub struct TickLabels {
    /// Why tickets, rulesets and requests are refused.
    pub reasons: &'static [&'static str],
    /// Upper bounds of [`TickReport::waits`], in milliseconds, ascending.
    pub wait_bounds_ms: &'static [u64],
    /// Upper bounds of [`TickReport::sizes`], in players, ascending.
    pub size_bounds: &'static [u64],
}

/// Values counted by the bounds of [`TickLabels`]: one count for each bound, and one for what is
/// above the last.
#[derive(Clone, Copy, Debug)]
pub struct Spread<'a> {
    /// How many values are up to each bound and above the one before.
    pub counts: &'a [u64],
    /// The sum of the values.
    pub sum: u64,
}

/// What one tick did.
#[derive(Clone, Copy, Debug)]
pub struct TickReport<'a> {
    /// What it makes.
    pub kind: TickKind,
    /// Whether it reached its end.
    pub finished: bool,
    /// Tickets received.
    pub tickets: u64,
    /// Tickets placed in a match or a proposal.
    pub tickets_placed: u64,
    /// Matches or proposals sent.
    pub answers: u64,
    /// Players in them.
    pub players: u64,
    /// Ages of the placed tickets in milliseconds.
    pub waits: Spread<'a>,
    /// Players in each match; empty for proposals.
    pub sizes: Spread<'a>,
    /// From the parameters to the end.
    pub duration: Duration,
    /// The part after the client's half-close.
    pub finish: Duration,
}

/// The series of ticks, tickets and matches.
#[derive(Debug)]
pub struct TickMetrics {
    reasons: &'static [&'static str],
    refused: Vec<IntCounter>,
    received: IntCounter,
    placed: IntCounter,
    left: IntCounter,
    matches: IntCounter,
    proposals: IntCounter,
    match_players: MergedHistogram,
    wait_seconds: MergedHistogram,
    /// By kind, then by outcome.
    ticks: [[IntCounter; 2]; 2],
    /// By kind.
    duration: [Histogram; 2],
    /// By kind.
    finish: [Histogram; 2],
}

impl TickMetrics {
    pub(super) fn new(
        registry: &Registry,
        prefix: &str,
        labels: TickLabels,
    ) -> Result<Self, prometheus::Error> {
        let name = |suffix: &str| format!("{prefix}_{suffix}");
        let counter =
            |suffix: &str, help: &str| register(registry, IntCounter::new(name(suffix), help)?);
        let vector = |suffix: &str, help: &str, labels: &[&str]| {
            let options = Opts::new(name(suffix), help);
            register(registry, IntCounterVec::new(options, labels)?)
        };
        let by_kind = |suffix: &str, help: &str| -> Result<_, prometheus::Error> {
            let options = HistogramOpts::new(name(suffix), help).buckets(SECONDS.to_vec());
            let vector = register(registry, HistogramVec::new(options, &["kind"])?)?;
            Ok(KINDS.map(|kind| vector.with_label_values(&[kind])))
        };
        let merged = |suffix: &str, help: &str, bounds, scale| {
            let histogram = MergedHistogram::new(&name(suffix), help, bounds, scale)?;
            register(registry, histogram)
        };
        let refused = vector(
            "refusals_total",
            "Tickets left over, sessions kept open, and tickets and rulesets refused, by reason.",
            &["reason"],
        )?;
        let ticks = vector(
            "ticks_total",
            "Ticks ended: finished, or stopped before their end (client gone, deadline, error).",
            &["kind", "outcome"],
        )?;
        Ok(Self {
            reasons: labels.reasons,
            refused: labels
                .reasons
                .iter()
                .map(|reason| refused.with_label_values(&[reason]))
                .collect(),
            received: counter("tickets_received_total", "Tickets received in ticks.")?,
            placed: counter(
                "tickets_matched_total",
                "Tickets placed in a match or a backfill proposal.",
            )?,
            left: counter(
                "tickets_left_total",
                "Tickets that a tick did not place; they come again with the next tick.",
            )?,
            matches: counter("matches_total", "Matches made.")?,
            proposals: counter("backfill_proposals_total", "Backfill proposals made.")?,
            match_players: merged(
                "match_players",
                "Players in a match.",
                labels.size_bounds,
                1.0,
            )?,
            wait_seconds: merged(
                "ticket_wait_seconds",
                "Age of a ticket when it was placed, in seconds.",
                labels.wait_bounds_ms,
                1e-3,
            )?,
            ticks: KINDS.map(|kind| OUTCOMES.map(|end| ticks.with_label_values(&[kind, end]))),
            duration: by_kind(
                "tick_duration_seconds",
                "Time from a tick's parameters to its end, in seconds.",
            )?,
            finish: by_kind(
                "tick_finish_seconds",
                "The part of a tick after the client's half-close, in seconds; proxies cut it short.",
            )?,
        })
    }

    /// A tick has ended. What it moved is also added to the facts of its call.
    pub fn ended(&self, tick: &TickReport<'_>, facts: Option<&RpcFacts>) {
        let kind = tick.kind as usize;
        let mut totals = Totals {
            tickets_in: tick.tickets,
            players_matched: tick.players,
            ..Totals::default()
        };
        match tick.kind {
            TickKind::Match => {
                self.matches.inc_by(tick.answers);
                totals.matches_out = tick.answers;
            }
            TickKind::Backfill => {
                self.proposals.inc_by(tick.answers);
                totals.proposals_out = tick.answers;
            }
        }
        self.received.inc_by(tick.tickets);
        self.placed.inc_by(tick.tickets_placed);
        self.left
            .inc_by(tick.tickets.saturating_sub(tick.tickets_placed));
        self.wait_seconds.merge(tick.waits);
        self.match_players.merge(tick.sizes);
        self.ticks[kind][usize::from(!tick.finished)].inc();
        self.duration[kind].observe(tick.duration.as_secs_f64());
        self.finish[kind].observe(tick.finish.as_secs_f64());
        if let Some(facts) = facts {
            facts.add(totals);
        }
    }

    /// Something was refused so often for this reason. A reason that is not in the table is not
    /// counted. O(reasons).
    pub fn refused(&self, reason: &str, times: u64, facts: Option<&RpcFacts>) {
        if times == 0 {
            return;
        }
        if let Some(index) = self.reasons.iter().position(|known| *known == reason) {
            self.refused[index].inc_by(times);
            if let Some(facts) = facts {
                facts.add_refusals(self.reasons, index, times);
            }
        }
    }
}
