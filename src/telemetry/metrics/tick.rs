//! Ticks, tickets and matches, and the tally that one stream keeps for itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use prometheus::local::LocalHistogram;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry,
};

use super::register;
use crate::telemetry::facts::{MAX_REASONS, RpcFacts, Totals};

/// How old a ticket is when it is matched: from a quick game to a queue for a raid.
const WAIT_SECONDS: [f64; 14] = [
    0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 120.0, 300.0, 600.0, 1800.0,
];
/// From a handful of tickets to Envoy's limit of 15 s.
const TICK_SECONDS: [f64; 13] = [
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0,
];
const MATCH_PLAYERS: [f64; 11] = [1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 16.0, 32.0, 64.0, 128.0];

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

/// The series of ticks, tickets and matches.
#[derive(Debug)]
pub struct TickMetrics {
    reasons: &'static [&'static str],
    refused: Vec<IntCounter>,
    received: IntCounter,
    matched: IntCounter,
    left: IntCounter,
    matches: IntCounter,
    proposals: IntCounter,
    match_players: Histogram,
    wait_seconds: Histogram,
    /// By kind, then by outcome.
    ticks: [[IntCounter; 2]; 2],
    /// By kind.
    tick_seconds: [Histogram; 2],
}

impl TickMetrics {
    pub(super) fn new(
        registry: &Registry,
        prefix: &str,
        reasons: &'static [&'static str],
    ) -> Result<Self, prometheus::Error> {
        if reasons.len() > MAX_REASONS {
            return Err(prometheus::Error::Msg(format!(
                "{} reasons of refusal; at most {MAX_REASONS} can be told apart",
                reasons.len()
            )));
        }
        let name = |suffix: &str| format!("{prefix}_{suffix}");
        let counter =
            |suffix: &str, help: &str| register(registry, IntCounter::new(name(suffix), help)?);
        let histogram = |suffix: &str, help: &str, buckets: &[f64]| {
            let options = HistogramOpts::new(name(suffix), help).buckets(buckets.to_vec());
            register(registry, Histogram::with_opts(options)?)
        };
        let refused = register(
            registry,
            IntCounterVec::new(
                Opts::new(
                    name("refusals_total"),
                    "Tickets, rulesets and requests refused, by reason.",
                ),
                &["reason"],
            )?,
        )?;
        let ticks = register(
            registry,
            IntCounterVec::new(
                Opts::new(
                    name("ticks_total"),
                    "Ticks ended: finished, or stopped before their end (client gone, budget spent, error).",
                ),
                &["kind", "outcome"],
            )?,
        )?;
        let tick_seconds = register(
            registry,
            HistogramVec::new(
                HistogramOpts::new(
                    name("tick_duration_seconds"),
                    "Time from a tick's parameters to its last match or proposal, in seconds.",
                )
                .buckets(TICK_SECONDS.to_vec()),
                &["kind"],
            )?,
        )?;
        Ok(Self {
            reasons,
            refused: reasons
                .iter()
                .map(|reason| refused.with_label_values(&[reason]))
                .collect(),
            received: counter("tickets_received_total", "Tickets received in ticks.")?,
            matched: counter(
                "tickets_matched_total",
                "Tickets placed in a match or a backfill proposal.",
            )?,
            left: counter(
                "tickets_left_total",
                "Tickets that a tick neither placed nor refused; they come again with the next tick.",
            )?,
            matches: counter("matches_total", "Matches sent.")?,
            proposals: counter("backfill_proposals_total", "Backfill proposals sent.")?,
            match_players: histogram("match_players", "Players in a match.", &MATCH_PLAYERS)?,
            wait_seconds: histogram(
                "ticket_wait_seconds",
                "Age of a ticket when it was placed, in seconds.",
                &WAIT_SECONDS,
            )?,
            ticks: KINDS.map(|kind| OUTCOMES.map(|end| ticks.with_label_values(&[kind, end]))),
            tick_seconds: KINDS.map(|kind| tick_seconds.with_label_values(&[kind])),
        })
    }

    /// Starts the tally of one tick. `facts` are those of its call.
    pub fn begin(self: &Arc<Self>, kind: TickKind, facts: Option<Arc<RpcFacts>>) -> TickTally {
        TickTally {
            kind,
            facts,
            started: Instant::now(),
            finished: false,
            totals: Totals::default(),
            matched: 0,
            refused: [0; MAX_REASONS],
            waits: self.wait_seconds.local(),
            sizes: self.match_players.local(),
            metrics: Arc::clone(self),
        }
    }

    /// Counts a refusal outside a tick, such as of a ruleset or of a ticket to validate. `reason`
    /// is an index into the table of reasons; others are ignored.
    pub fn refuse(&self, reason: usize, facts: Option<&RpcFacts>) {
        if let Some(counter) = self.refused.get(reason) {
            counter.inc();
            if let Some(facts) = facts {
                facts.add_refusals(self.reasons, reason, 1);
            }
        }
    }
}

/// What one tick has done so far: plain numbers of one stream, merged into the registry and the
/// call's facts once, when it is dropped. A tally that is dropped without
/// [`finish`](Self::finish) counts as stopped.
#[derive(Debug)]
pub struct TickTally {
    metrics: Arc<TickMetrics>,
    facts: Option<Arc<RpcFacts>>,
    kind: TickKind,
    started: Instant,
    finished: bool,
    totals: Totals,
    matched: u64,
    refused: [u32; MAX_REASONS],
    waits: LocalHistogram,
    sizes: LocalHistogram,
}

impl TickTally {
    /// The facts of the call that this tick belongs to.
    pub fn facts(&self) -> Option<&RpcFacts> {
        self.facts.as_deref()
    }

    /// A ticket came in.
    #[inline]
    pub fn received(&mut self) {
        self.totals.tickets_in += 1;
    }

    /// A ticket was refused for the reason at this index; an index outside the table counts nothing.
    #[inline]
    pub fn refused(&mut self, reason: usize) {
        if let Some(count) = self.refused.get_mut(reason) {
            *count += 1;
        }
    }

    /// A ticket of this age was placed in a match or a proposal.
    #[inline]
    pub fn placed(&mut self, age: Duration) {
        self.matched += 1;
        self.waits.observe(age.as_secs_f64());
    }

    /// A match with this many players was sent.
    pub fn matched(&mut self, players: usize) {
        self.totals.matches_out += 1;
        self.totals.players_matched += players as u64;
        self.sizes.observe(players as f64);
    }

    /// A backfill proposal was sent.
    pub fn proposed(&mut self) {
        self.totals.proposals_out += 1;
    }

    /// The tick reached its end.
    pub fn finish(mut self) {
        self.finished = true;
    }
}

impl Drop for TickTally {
    fn drop(&mut self) {
        let metrics = &self.metrics;
        let kind = self.kind as usize;
        let mut refused = 0;
        for (index, &count) in self.refused.iter().enumerate().take(metrics.reasons.len()) {
            if count > 0 {
                refused += u64::from(count);
                metrics.refused[index].inc_by(u64::from(count));
                if let Some(facts) = &self.facts {
                    facts.add_refusals(metrics.reasons, index, count);
                }
            }
        }
        metrics.received.inc_by(self.totals.tickets_in);
        metrics.matched.inc_by(self.matched);
        let placed_or_refused = self.matched + refused;
        metrics
            .left
            .inc_by(self.totals.tickets_in.saturating_sub(placed_or_refused));
        metrics.matches.inc_by(self.totals.matches_out);
        metrics.proposals.inc_by(self.totals.proposals_out);
        metrics.ticks[kind][usize::from(!self.finished)].inc();
        metrics.tick_seconds[kind].observe(self.started.elapsed().as_secs_f64());
        self.waits.flush();
        self.sizes.flush();
        if let Some(facts) = &self.facts {
            facts.add(self.totals);
        }
    }
}
