//! What all calls share.

use std::collections::HashSet;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::DefaultHashBuilder;
use tokio::sync::Semaphore;
use tonic::Status;

use super::metrics::ServiceMetrics;
use super::{Limits, status};
use crate::clock::Clock;
use crate::matching::{MatchLogic, RuleWarning};
use crate::proto::Rules;

/// The logic and what it runs under.
pub(super) struct Shared<L> {
    pub(super) logic: L,
    pub(super) limits: Limits,
    pub(super) clock: Clock,
    pub(super) metrics: ServiceMetrics,
    /// One for each tick that may match at the same time.
    pub(super) permits: Arc<Semaphore>,
    warned: Warned,
}

impl<L: MatchLogic> Shared<L> {
    pub(super) fn new(logic: L, limits: Limits, clock: Clock, metrics: ServiceMetrics) -> Self {
        let permits = Arc::new(Semaphore::new(limits.concurrent_ticks()));
        Self {
            logic,
            limits,
            clock,
            metrics,
            permits,
            warned: Warned::default(),
        }
    }

    /// Reads a ruleset, within its bound. An absent one counts as empty.
    ///
    /// # Errors
    ///
    /// If it is longer than MAX_RULES_BYTES, or the logic does not accept it.
    pub(super) fn rules(&self, rules: Option<&Rules>) -> Result<L::Rules, Status> {
        let json = rules.map_or("", |rules| rules.json.as_str());
        let maximum = self.limits.max_rules_bytes;
        if json.len() > maximum as usize {
            let text = format!(
                "the ruleset has {} bytes; the maximum is {maximum} (MAX_RULES_BYTES)",
                json.len()
            );
            return Err(status::invalid_field("rules.json", text));
        }
        let parsed = self
            .logic
            .rules(json)
            .map_err(|error| status::rules(&error))?;
        if !parsed.warnings.is_empty() {
            self.warned.warn(json, &parsed.warnings);
        }
        Ok(parsed.rules)
    }
}

/// Rulesets whose warnings are in the log already: a pool sends its ruleset with every tick.
#[derive(Default)]
struct Warned {
    hasher: DefaultHashBuilder,
    hashes: Mutex<HashSet<u64>>,
}

/// Maximum number of rulesets that are remembered; with more, warnings repeat.
const MAX_WARNED: usize = 1024;

/// Maximum number of warnings of one ruleset that are logged.
const MAX_WARNINGS: usize = 20;

impl Warned {
    fn warn(&self, json: &str, warnings: &[RuleWarning]) {
        let hash = self.hasher.hash_one(json);
        let mut hashes = self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
        if hashes.len() >= MAX_WARNED {
            hashes.clear();
        }
        if !hashes.insert(hash) {
            return;
        }
        drop(hashes);
        for warning in warnings.iter().take(MAX_WARNINGS) {
            tracing::warn!(path = %warning.path, "ruleset: {warning}");
        }
        if warnings.len() > MAX_WARNINGS {
            tracing::warn!("ruleset: {} more warnings", warnings.len() - MAX_WARNINGS);
        }
    }
}
