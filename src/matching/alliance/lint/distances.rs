//! Matching rules, their flexing and their weights.

use super::stated::{flexing_path, rule_has};
use super::{Lints, queue};
use crate::matching::alliance::DistanceRule;
use crate::matching::alliance::rules::ids::{
    BALANCE_OFF, DISTANCE_ZERO, FLEX_TIGHTENS, NORMALIZATION_FAR, WEIGHT_OFF,
};
use crate::matching::rules::{Severity, find};

/// How many times the largest reference a `normalizationMax` may be.
const FAR: f64 = 10.0;

impl Lints<'_> {
    pub(super) fn distances(&mut self) {
        let rules = self.rules;
        for (place, rule) in rules.distances.iter().enumerate() {
            let path = format!("matching_rule[{place}]");
            self.reference(place, rule, &path);
            self.flexing(rule, &path);
            self.normalization(place, rule, &path);
        }
        self.balancing();
    }

    fn reference(&mut self, place: usize, rule: &DistanceRule, path: &str) {
        // One that is missing was warned of when it was read.
        if rule.reference != Some(0.0) || !rule_has(self.fields, place, "reference") {
            return;
        }
        if queue::has_few_values(self.context.tickets, &rule.attribute) {
            return;
        }
        let text = format!(
            "is 0: only players of exactly the same `{}` are matched",
            rule.attribute
        );
        self.warn(DISTANCE_ZERO, format!("{path}.reference"), text);
        self.help("give the difference that you would still call a fair match");
    }

    fn flexing(&mut self, rule: &DistanceRule, path: &str) {
        let mut before = rule.reference;
        for flex in &rule.flexing {
            let entry = flexing_path(self.fields, &rule.attribute, flex.after_ms);
            let hidden = format!("the reference of `{path}`");
            self.duration(&entry, flex.after_ms, &hidden);
            let seconds = flex.after_ms / 1000;
            match (before, flex.reference) {
                (Some(from), Some(to)) if to < from => {
                    let text = format!(
                        "is {to}: after {seconds} s it is harder to find a match than before, when \
                         the reference was {from}"
                    );
                    self.warn(FLEX_TIGHTENS, format!("{entry}.reference"), text);
                }
                #[expect(clippy::float_cmp, reason = "the same number in the text")]
                (Some(from), Some(to)) if to == from => {
                    let text = format!("changes nothing: the reference is {from} before it, too");
                    self.warn(FLEX_TIGHTENS, entry, text);
                }
                _ => {}
            }
            before = flex.reference;
        }
    }

    fn normalization(&mut self, place: usize, rule: &DistanceRule, path: &str) {
        let largest = rule.references().flatten().fold(0.0, f64::max);
        if largest > 0.0 && rule.normalization > FAR * largest {
            let text = format!(
                "is {}, {:.0} times the largest reference, which is {largest}: within its reach, \
                 `{}` hardly orders candidates",
                rule.normalization,
                rule.normalization / largest,
                rule.attribute
            );
            self.warn(NORMALIZATION_FAR, format!("{path}.normalizationMax"), text);
            self.help("leave it out: the largest reference is taken then");
        }
        if rule.is_distance() && largest == 0.0 && rule_has(self.fields, place, "weight") {
            let text = "has no effect: with a reference of 0 there are no distances to weigh";
            self.warn(WEIGHT_OFF, format!("{path}.weight"), text);
        }
    }

    fn balancing(&mut self) {
        let rules = &self.rules.distances;
        let none = !rules.is_empty() && rules.iter().all(|rule| rule.balancing == Some(false));
        if self.rules.rebalance && none {
            let is_stated = find(self.fields, "rebalance_enable").is_some();
            let severity = match is_stated {
                true => Severity::Warning,
                false => Severity::Note,
            };
            let text = "each rule has `isForBalancing` false: teams are made even by the number of \
                        players alone";
            self.add(BALANCE_OFF, severity, "matching_rule", text);
            self.help("leave it out for the rule whose values teams are to be even by");
        }
    }
}
