//! Rulesets for tests.

use super::AllianceRules;
use crate::matching::rules;

/// The rules of a ruleset that has to be right.
pub(crate) fn rules(json: &str) -> AllianceRules {
    let fields = rules::object(json).expect("an object");
    AllianceRules::parse(fields).expect("a ruleset").rules
}
