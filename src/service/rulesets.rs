//! What the log says of rulesets. The same ruleset comes at every tick and with every ticket, so
//! each is told about once, or once a minute.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use hashbrown::DefaultHashBuilder;

use crate::matching::Text;
use crate::matching::rules::{Finding, Severity, quoted};

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
    /// The ruleset that was looked at last: nearly every call brings it again, and takes no lock for it.
    latest: AtomicU64,
    refused: Told,
    wrong_types: Told,
}

impl Default for Rulesets {
    fn default() -> Self {
        Self {
            hasher: DefaultHashBuilder::default(),
            warned: Told::once(),
            latest: AtomicU64::new(RulesetId::default().0),
            refused: Told::once_in(MINUTE_MS),
            wrong_types: Told::once(),
        }
    }
}

impl Rulesets {
    pub(super) fn id(&self, json: &str) -> RulesetId {
        RulesetId(self.hasher.hash_one(json))
    }

    /// A ruleset was taken; what there is to say of it is found out if it is new.
    pub(super) fn warn(
        &self,
        ruleset: RulesetId,
        now_ms: i64,
        findings: impl FnOnce() -> Vec<Finding>,
    ) {
        if self.latest.load(Ordering::Relaxed) == ruleset.0 {
            return;
        }
        self.latest.store(ruleset.0, Ordering::Relaxed);
        if !self.warned.is_news(ruleset, now_ms) {
            return;
        }
        let (warnings, notes): (Vec<_>, Vec<_>) = findings()
            .into_iter()
            .partition(|finding| finding.severity >= Severity::Warning);
        for warning in warnings.iter().take(MAX_WARNINGS) {
            let (lint, path) = (warning.lint, &warning.path);
            tracing::warn!(%lint, %path, "ruleset: {warning}");
        }
        if warnings.len() > MAX_WARNINGS {
            tracing::warn!("ruleset: {} warnings more", warnings.len() - MAX_WARNINGS);
        }
        for note in notes.iter().take(MAX_WARNINGS) {
            let (lint, path) = (note.lint, &note.path);
            tracing::info!(%lint, %path, "ruleset: {note}");
        }
    }

    /// A ruleset was refused with this text. The pool is empty if it is not known.
    pub(super) fn refuse(&self, ruleset: RulesetId, now_ms: i64, pool: &str, text: &str) {
        if self.refused.is_news(ruleset, now_ms) {
            tracing::warn!(match_pool = pool, "ruleset refused: {text}");
        }
    }

    /// A tick by this ruleset found values that are not numbers, so many for each attribute.
    pub(super) fn wrong_types(
        &self,
        ruleset: RulesetId,
        now_ms: i64,
        pool: &str,
        wrong_types: &[(Text, u64)],
    ) {
        if wrong_types.is_empty() || !self.wrong_types.is_news(ruleset, now_ms) {
            return;
        }
        for (attribute, values) in wrong_types.iter().take(MAX_WARNINGS) {
            tracing::warn!(
                match_pool = pool,
                values,
                "ruleset: {} is measured, and players have it with values that are not numbers; \
                 they count as 0",
                quoted(attribute)
            );
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
    use crate::telemetry::testing::telemetry;

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
    fn measured_values_that_are_not_numbers_are_told_once_for_each_ruleset() {
        let (dispatch, telemetry, lines) = telemetry(&[]);
        let rulesets = Rulesets::default();
        let found = [("mmr".into(), 3), ("level".into(), 1)];
        tracing::dispatcher::with_default(&dispatch, || {
            let ruleset = rulesets.id("{}");
            rulesets.wrong_types(ruleset, 0, "duel", &[]);
            rulesets.wrong_types(ruleset, 0, "duel", &found);
            rulesets.wrong_types(ruleset, 1_000_000, "duel", &found);
            rulesets.wrong_types(rulesets.id("[]"), 0, "ranked", &found[1..]);
        });
        telemetry.shutdown();
        let told: Vec<_> = lines
            .json()
            .iter()
            .map(|line| (line["match_pool"].clone(), line["values"].clone()))
            .collect();
        let expected = [("duel", 3), ("duel", 1), ("ranked", 1)];
        assert_eq!(
            told,
            expected.map(|(pool, values)| (pool.into(), values.into()))
        );
        assert!(
            lines.text().contains("\\\"mmr\\\" is measured"),
            "{}",
            lines.text()
        );
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
