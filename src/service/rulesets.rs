//! What the log says of rulesets. The same ruleset comes at every tick and with every ticket, so
//! each is told about once, or once a minute.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};

use hashbrown::DefaultHashBuilder;

use crate::matching::RuleWarning;

/// Rulesets remembered by each kind of line; with more, lines repeat.
const MAX_TOLD: usize = 1024;

/// Warnings of one ruleset that are logged.
const MAX_WARNINGS: usize = 20;

/// Time within which a refusal of the same ruleset is not told again, in ms.
const MINUTE_MS: u64 = 60_000;

/// Stands for a ruleset, as a hash of its text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct RulesetId(u64);

/// Which rulesets were told about. Time comes in: Unix ms.
#[derive(Debug)]
pub(super) struct Rulesets {
    hasher: DefaultHashBuilder,
    warned: Told,
    refused: Told,
}

impl Default for Rulesets {
    fn default() -> Self {
        Self {
            hasher: DefaultHashBuilder::default(),
            warned: Told::once(),
            refused: Told::once_in(MINUTE_MS),
        }
    }
}

impl Rulesets {
    pub(super) fn id(&self, json: &str) -> RulesetId {
        RulesetId(self.hasher.hash_one(json))
    }

    /// A ruleset was taken with these warnings.
    pub(super) fn warn(&self, ruleset: RulesetId, now_ms: i64, warnings: &[RuleWarning]) {
        if warnings.is_empty() || !self.warned.is_news(ruleset, now_ms) {
            return;
        }
        for warning in warnings.iter().take(MAX_WARNINGS) {
            tracing::warn!(path = %warning.path, "ruleset: {warning}");
        }
        if warnings.len() > MAX_WARNINGS {
            tracing::warn!("ruleset: {} warnings more", warnings.len() - MAX_WARNINGS);
        }
    }

    /// A ruleset was refused with this text. The pool is empty if it is not known.
    pub(super) fn refuse(&self, ruleset: RulesetId, now_ms: i64, pool: &str, text: &str) {
        if self.refused.is_news(ruleset, now_ms) {
            tracing::warn!(match_pool = pool, "ruleset refused: {text}");
        }
    }
}

/// When each ruleset was told about.
#[derive(Debug)]
struct Told {
    at_ms: Mutex<HashMap<RulesetId, i64>>,
    /// How long it is no news, in ms.
    quiet_ms: u64,
}

impl Told {
    fn once() -> Self {
        Self::once_in(u64::MAX)
    }

    fn once_in(quiet_ms: u64) -> Self {
        Self {
            at_ms: Mutex::default(),
            quiet_ms,
        }
    }

    /// Whether the ruleset is to be told about now; then it counts as told.
    fn is_news(&self, ruleset: RulesetId, now_ms: i64) -> bool {
        let mut at_ms = self.at_ms.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |at: &i64| now_ms.abs_diff(*at) < self.quiet_ms;
        if at_ms.get(&ruleset).is_some_and(is_recent) {
            return false;
        }
        if at_ms.len() >= MAX_TOLD {
            at_ms.retain(|_, at| is_recent(at));
        }
        if at_ms.len() >= MAX_TOLD {
            at_ms.clear();
        }
        at_ms.insert(ruleset, now_ms);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ruleset_is_news_once_in_its_time() {
        let told = Told::once_in(MINUTE_MS);
        let (a, b) = (RulesetId(1), RulesetId(2));
        assert!(told.is_news(a, 1_000));
        assert!(!told.is_news(a, 60_999));
        assert!(told.is_news(b, 60_999));
        assert!(told.is_news(a, 61_000));
        assert!(!told.is_news(a, 61_001));
        // A clock that was set back is as good as one that went on.
        assert!(told.is_news(a, -100_000));
        let once = Told::once();
        assert!(once.is_news(a, 0) && !once.is_news(a, 1_000_000_000_000));
    }

    #[test]
    fn memory_is_bounded() {
        for told in [Told::once(), Told::once_in(10)] {
            for n in 0..5_000 {
                assert!(told.is_news(RulesetId(n), n as i64));
            }
            assert!(told.at_ms.lock().unwrap().len() <= MAX_TOLD);
        }
    }
}
