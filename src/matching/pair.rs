//! The pair strategy: tickets are grouped in order of arrival (docs/semantics.md, "Pair strategy").
//!
//! The unit is the ticket, whatever its party's size. As soon as `shipCountMax` tickets wait they
//! become a match; when the queue is complete, `shipCountMin` or more of the rest become one last,
//! smaller match.

mod backfill;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use super::{
    Flow, Match, MatchOut, Needs, ParsedRules, Reason, RulesError, Tick, TickContext, Ticket,
    Wanted, rules,
};

pub use backfill::PairBackfill;

/// Keys of AGS rulesets that mean something only beside `alliance`.
const ALLIANCE_KEYS: &[&str] = &[
    "alliance_flexing_rule",
    "blocked_player_option",
    "disable_bidirectional_latency_after_ms",
    "extra_attributes",
    "flexing_rule",
    "match_options",
    "match_options_referred_for_backfill",
    "matching_rule",
    "max_delay_ms",
    "rebalance_enable",
    "rebalance_version",
    "region_expansion_range_ms",
    "region_expansion_rate_ms",
    "region_latency_initial_range_ms",
    "region_latency_max_ms",
    "region_latency_rule_weight",
    "sub_game_modes",
    "ticket_observability_enable",
];

/// How many tickets make a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairRules {
    min: usize,
    max: usize,
    auto_backfill: bool,
}

impl Default for PairRules {
    /// Two tickets, no backfill.
    fn default() -> Self {
        Self {
            min: 2,
            max: 2,
            auto_backfill: false,
        }
    }
}

impl PairRules {
    /// Rules for matches of `min` to `max` tickets; `None` unless 1 <= min <= max.
    pub fn new(min: usize, max: usize, auto_backfill: bool) -> Option<Self> {
        (1 <= min && min <= max).then_some(Self {
            min,
            max,
            auto_backfill,
        })
    }

    /// Minimum number of tickets of a match, at least 1.
    pub fn min(&self) -> usize {
        self.min
    }

    /// Maximum number of tickets of a match, at least [`PairRules::min`].
    pub fn max(&self) -> usize {
        self.max
    }

    /// Whether a match of fewer than [`PairRules::max`] tickets asks for backfill.
    pub fn auto_backfill(&self) -> bool {
        self.auto_backfill
    }

    /// What these rules look at in a ticket.
    pub fn needs() -> Needs {
        Needs {
            latencies: true,
            ..Needs::default()
        }
    }

    /// What backfill looks at in a ticket.
    pub fn backfill_needs() -> Needs {
        let names = ["new_session_only", "server_name", "client_version"];
        Needs {
            ticket_attributes: Wanted::Named(names.map(str::to_owned).to_vec()),
            latencies: true,
            excluded_sessions: true,
            ..Needs::default()
        }
    }

    /// Reads the fields of a ruleset. The counts are taken only together: if one is absent or 0,
    /// both keep their default of 2.
    ///
    /// # Errors
    ///
    /// Every fault: a count that is not a whole number, a minimum above the maximum, a switch that
    /// is neither true nor false.
    pub fn parse(fields: Map<String, Value>) -> Result<ParsedRules<Self>, RulesError> {
        rules::read(fields, |ruleset| {
            let min = ruleset.whole("shipCountMin", 0).filter(|count| *count > 0);
            let max = ruleset.whole("shipCountMax", 0).filter(|count| *count > 0);
            let auto_backfill = ruleset.flag("auto_backfill").unwrap_or(false);
            ruleset.at_most(("shipCountMin", min), ("shipCountMax", max));
            ruleset.ignore(ALLIANCE_KEYS, "has no effect without `alliance`");
            let counts = min.zip(max).map(|(min, max)| Self {
                min: min as usize,
                max: max as usize,
                auto_backfill,
            });
            counts.unwrap_or(Self {
                auto_backfill,
                ..Self::default()
            })
        })
    }
}

/// Tickets of a match that room is made for at once.
const RESERVED: usize = 16;

/// A tick by [`PairRules`]. Holds at most `shipCountMax` tickets; O(1) per ticket.
#[derive(Debug)]
pub struct PairTick {
    rules: PairRules,
    context: TickContext,
    waiting: Vec<Ticket>,
}

impl PairTick {
    /// A tick with an empty queue.
    pub fn new(rules: PairRules, context: TickContext) -> Self {
        Self {
            rules,
            context,
            waiting: Vec::new(),
        }
    }

    /// One match of all waiting tickets, in one team.
    fn take_match(&mut self, backfill: bool) -> Match {
        let tickets = std::mem::take(&mut self.waiting);
        Match {
            backfill,
            ..Match::of_teams(&self.context, [tickets])
        }
    }
}

impl Tick for PairTick {
    fn push(&mut self, ticket: Ticket, out: &mut dyn MatchOut) -> Flow {
        if self.waiting.is_empty() {
            self.waiting.reserve_exact(self.rules.max.min(RESERVED));
        }
        self.waiting.push(ticket);
        if self.waiting.len() < self.rules.max {
            return Flow::Go;
        }
        let full = self.take_match(false);
        out.offer(full)
    }

    fn finish(mut self: Box<Self>, out: &mut dyn MatchOut) {
        if self.waiting.len() >= self.rules.min {
            let last = self.take_match(self.rules.auto_backfill);
            // It was the last one: there is nothing left to stop.
            let _ = out.offer(last);
        }
        for ticket in self.waiting {
            out.leave(ticket, Reason::NotEnoughTickets);
        }
    }

    fn finish_is_heavy(&self) -> bool {
        false
    }
}
