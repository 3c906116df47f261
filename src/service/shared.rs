//! What all calls share.

use tonic::Status;

use super::memory::MemoryBudget;
use super::metrics::ServiceMetrics;
use super::recording::Recorder;
use super::rulesets::{RulesetId, Rulesets};
use super::turns::Turns;
use super::{Limits, status};
use crate::clock::Clock;
use crate::matching::{LintContext, MatchLogic};
use crate::proto::Rules;

/// The logic and what it runs under.
pub(super) struct Shared<L> {
    pub(super) logic: L,
    pub(super) limits: Limits,
    pub(super) clock: Clock,
    pub(super) metrics: ServiceMetrics,
    /// What all open calls may hold.
    pub(super) memory: MemoryBudget,
    pub(super) turns: Turns,
    pub(super) rulesets: Rulesets,
    /// `None`: ticks are not recorded.
    pub(super) recorder: Option<Recorder>,
}

impl<L: MatchLogic> Shared<L> {
    pub(super) fn new(
        logic: L,
        limits: Limits,
        clock: Clock,
        metrics: ServiceMetrics,
        recorder: Option<Recorder>,
    ) -> Self {
        let memory = MemoryBudget::new(limits.memory_bytes(), metrics.memory());
        let turns = Turns::new(limits.concurrent_ticks(), metrics.ticks_waiting());
        Self {
            logic,
            limits,
            clock,
            metrics,
            memory,
            turns,
            rulesets: Rulesets::default(),
            recorder,
        }
    }

    /// Reads a ruleset, within its bound. No ruleset is an empty one. A refusal is for
    /// [`Rulesets::refuse`] too, with the pool.
    pub(super) fn rules(&self, rules: Option<&Rules>) -> (RulesetId, Result<L::Rules, Status>) {
        let json = rules.map_or("", |rules| rules.json.as_str());
        let id = self.rulesets.id(json);
        (id, self.read(id, json))
    }

    fn read(&self, id: RulesetId, json: &str) -> Result<L::Rules, Status> {
        let rules = read_rules(&self.logic, &self.limits, json)?;
        let now_ms = self.clock.unix_ms();
        self.rulesets.warn(id, now_ms, || {
            self.logic.lint(json, &LintContext::default())
        });
        Ok(rules)
    }
}

/// Reads a ruleset, within its bound.
pub(super) fn read_rules<L: MatchLogic>(
    logic: &L,
    limits: &Limits,
    json: &str,
) -> Result<L::Rules, Status> {
    let maximum = limits.max_rules_bytes;
    if json.len() > maximum as usize {
        let text = format!(
            "the ruleset has {} bytes; the maximum is {maximum} (MAX_RULES_BYTES)",
            json.len()
        );
        return Err(status::invalid_field("rules.json", text));
    }
    let parsed = logic.rules(json).map_err(|error| status::rules(&error))?;
    Ok(parsed.rules)
}
