//! The pair strategy: tickets are grouped in order of arrival (docs/semantics.md, "Pair strategy").
//!
//! The unit is the ticket, whatever its party's size. As soon as `shipCountMax` tickets wait they
//! become a match, or fewer if the answer would be larger than the client takes; when the queue is complete, `shipCountMin` or more of the rest become one last,
//! smaller match.

mod backfill;
mod explain;
mod near_misses;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use super::alliance::explain_unknown_keys;
use super::alliance::rules::ids::BACKFILL_NEVER;
use super::rules::{Finding, Lint, Object, Severity};
use super::{
    Flow, Match, MatchOut, Needs, ParsedRules, Reason, RuleFault, RulesError, Tick, TickContext,
    Ticket, Wanted, answer, rules,
};

use near_misses::near_misses;

pub use backfill::PairBackfill;

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
    /// If a count is not a whole number, a minimum is above the maximum, a switch is neither true
    /// nor false, or a key shows that teams were meant: every fault.
    pub fn parse(fields: Map<String, Value>) -> Result<ParsedRules<Self>, RulesError> {
        let misses = near_misses(&fields);
        rules::read(fields, |ruleset| Self::of(ruleset, misses))
    }

    /// All that is to be said of a ruleset (docs/lints.md).
    pub fn lint(fields: Map<String, Value>) -> Vec<Finding> {
        let misses = near_misses(&fields);
        let (rules, mut findings) = rules::examine(fields, |ruleset| Self::of(ruleset, misses));
        // A key that is refused need not be called unknown, too.
        let refused: Vec<String> = findings
            .iter()
            .filter(|finding| finding.lint == Lint::NEAR_MISS)
            .map(|finding| finding.path.clone())
            .collect();
        findings.retain(|finding| {
            finding.severity == Severity::Error || !refused.contains(&finding.path)
        });
        explain_unknown_keys(&mut findings);
        if rules.auto_backfill && rules.min == rules.max {
            let text = "has no effect: every match is full when it is made";
            let note = Finding::new(BACKFILL_NEVER, Severity::Note, "auto_backfill", text);
            findings.push(note);
        }
        findings
    }

    fn of(ruleset: &mut Object<'_>, misses: Vec<RuleFault>) -> Self {
        ruleset.report().add(misses);
        let min = ruleset.whole("shipCountMin", 0).filter(|count| *count > 0);
        let max = ruleset.whole("shipCountMax", 0).filter(|count| *count > 0);
        let auto_backfill = ruleset.flag("auto_backfill").unwrap_or(false);
        ruleset.at_most(("shipCountMin", min), ("shipCountMax", max));
        let counts = min.zip(max).map(|(min, max)| Self {
            min: min as usize,
            max: max as usize,
            auto_backfill,
        });
        counts.unwrap_or(Self {
            auto_backfill,
            ..Self::default()
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
    /// What they add to an answer, in bytes.
    bytes: u64,
}

impl PairTick {
    /// A tick with an empty queue.
    pub fn new(rules: PairRules, context: TickContext) -> Self {
        Self {
            rules,
            context,
            waiting: Vec::new(),
            bytes: 0,
        }
    }

    /// One match of all waiting tickets, in one team.
    fn take_match(&mut self, backfill: bool) -> Match {
        let tickets = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        Match {
            backfill,
            ..Match::of_teams(&self.context, [tickets])
        }
    }
}

impl Tick for PairTick {
    fn push(&mut self, ticket: Ticket, out: &mut dyn MatchOut) -> Flow {
        if ticket.players.is_empty() {
            out.leave(ticket, Reason::InvalidTicket);
            return Flow::Go;
        }
        let (bytes, room) = (answer::ticket_bytes(&ticket), answer::room(&self.context));
        if self.bytes + bytes > room {
            // Fewer than a match needs cannot go without it, so it goes without them.
            if self.waiting.len() < self.rules.min || bytes > room {
                out.leave(ticket, Reason::TooLarge);
                return Flow::Go;
            }
            let early = self.take_match(self.rules.auto_backfill);
            if out.offer(early) == Flow::Stop {
                return Flow::Stop;
            }
        }
        if self.waiting.is_empty() {
            self.waiting.reserve_exact(self.rules.max.min(RESERVED));
        }
        self.bytes += bytes;
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
