//! The numbers of one tick.

use std::time::Duration;

use prometheus::Histogram;

use super::TickKind;
use super::quality::{QualityRecord, QualitySeries};
use super::values::Values;
use crate::matching::{Goodness, QualityCounts, Reason, Text, Ticket};
use crate::service::decode::Bound;
use crate::service::exceeded::Exceeded;
use crate::service::rulesets::RulesetId;
use crate::telemetry::facts::{RpcFacts, Totals};

/// The numbers of one tick, kept by its stream.
#[derive(Debug)]
pub(in crate::service) struct TickRecord {
    pub(super) kind: TickKind,
    /// Whether it reached its end: false if the client left, a deadline passed, or it failed.
    pub(in crate::service) finished: bool,
    /// The tick's time, Unix milliseconds.
    pub(in crate::service) now_ms: i64,
    /// AGS's number of the tick.
    pub(in crate::service) tick_id: u64,
    /// The ruleset that it goes by.
    pub(in crate::service) ruleset: RulesetId,
    /// AGS's trace id; empty if it sent none.
    pub(in crate::service) ab_trace_id: String,
    /// The match pool; empty if no ticket came.
    pub(in crate::service) match_pool: Text,
    /// Tickets received, those seen before included.
    pub(in crate::service) tickets: u64,
    /// Matches made, or proposals in a backfill tick.
    pub(in crate::service) answers: u64,
    pub(super) tickets_placed: u64,
    players_placed: u64,
    /// Why the stream was refused, if it was.
    pub(in crate::service) refused: Option<&'static str>,
    /// Tickets left over and sessions kept open, by reason.
    refusals: [u64; Reason::ALL.len()],
    /// Those of them that are beyond a bound.
    pub(in crate::service) exceeded: Exceeded,
    /// Measured attributes, each with the number of values that are not numbers.
    pub(in crate::service) wrong_types: Vec<(Text, u64)>,
    wait_seconds: Values,
    match_players: Values,
    pub(super) quality: QualityRecord,
    /// From the parameters to the end.
    pub(in crate::service) duration: Duration,
    /// How long matching took after the half-close.
    pub(in crate::service) finish: Duration,
}

impl TickRecord {
    /// A tick that begins, with values for these histograms.
    pub(super) fn new(
        kind: TickKind,
        wait_seconds: &Histogram,
        match_players: &Histogram,
        quality: &QualitySeries,
    ) -> Self {
        Self {
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
            wait_seconds: Values::of(wait_seconds),
            match_players: Values::of(match_players),
            quality: QualityRecord::new(quality),
            duration: Duration::ZERO,
            finish: Duration::ZERO,
        }
    }

    /// A match or a proposal was made of these tickets.
    pub(in crate::service) fn placed<'t>(&mut self, tickets: impl Iterator<Item = &'t Ticket>) {
        self.answers += 1;
        let before = self.players_placed;
        for ticket in tickets {
            self.tickets_placed += 1;
            self.players_placed += ticket.players.len() as u64;
            let age_ms = ticket.age_ms(self.now_ms).unsigned_abs();
            let seconds = age_ms as f64 / 1e3;
            self.wait_seconds.add(seconds);
            if self.kind == TickKind::Match {
                self.quality.waited(&self.match_pool, seconds);
            }
        }
        if self.kind == TickKind::Match {
            let players = self.players_placed - before;
            self.match_players.add(players as f64);
        }
    }

    /// The next match is that good.
    pub(in crate::service) fn goodness(&mut self, goodness: &Goodness<'_>) {
        self.quality.goodness(&self.match_pool, goodness);
    }

    /// What was done for the quality of the matches.
    pub(in crate::service) fn quality(&mut self, counts: QualityCounts) {
        self.quality.counts = counts;
    }

    /// A ticket was left over, or a session kept open.
    pub(in crate::service) fn left(&mut self, reason: Reason) {
        self.refusals[reason as usize] += 1;
    }

    /// Whether the time limit or the bound of steps was reached.
    pub(in crate::service) fn is_out_of_budget(&self) -> bool {
        self.refusals[Reason::Budget as usize] > 0
    }

    /// A ticket or a session of this id is beyond the bound, and left out.
    pub(in crate::service) fn exceeds(&mut self, bound: Bound, id: &str) {
        self.left(Reason::InvalidTicket);
        self.exceeded.add(bound, id);
    }

    /// So many values of a measured attribute are not numbers.
    pub(in crate::service) fn wrong_type(&mut self, attribute: &Text, values: u64) {
        if values > 0 {
            self.wrong_types.push((attribute.clone(), values));
        }
    }

    /// Tells what the call is about, as far as it is known.
    pub(in crate::service) fn identify(&self, facts: &RpcFacts) {
        facts.set_tick_id(self.tick_id);
        facts.set_ab_trace_id(&self.ab_trace_id);
        facts.set_match_pool(&self.match_pool);
    }

    /// A record for the part of the tick that runs on another thread. Its counts start from these.
    pub(in crate::service) fn fork(&self) -> Self {
        Self {
            ab_trace_id: self.ab_trace_id.clone(),
            match_pool: self.match_pool.clone(),
            exceeded: self.exceeded.clone(),
            wrong_types: self.wrong_types.clone(),
            wait_seconds: self.wait_seconds.clone(),
            match_players: self.match_players.clone(),
            quality: self.quality.fork(),
            ..*self
        }
    }

    /// Takes over what the other thread recorded since the [`fork`](Self::fork).
    pub(in crate::service) fn join(&mut self, other: Self) {
        // The fork has the counts of this record, but only its own values.
        self.flush_values();
        *self = other;
    }

    pub(super) fn flush_values(&self) {
        self.wait_seconds.flush();
        self.match_players.flush();
        self.quality.flush();
    }

    /// Every reason that was given, with its count.
    pub(super) fn refusals(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let left = Reason::ALL.iter().zip(self.refusals);
        left.map(|(reason, times)| (reason.as_str(), times))
            .filter(|(_, times)| *times > 0)
            .chain(self.refused.map(|reason| (reason, 1)))
    }

    pub(super) fn totals(&self) -> Totals {
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
