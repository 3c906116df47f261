//! What deserves a look in a ruleset that can be read (docs/lints.md): the parser says what is wrong or
//! has no effect, here is what cannot do what its author means.
//!
//! Each check is linear in the ruleset, and those that look at tickets in what the tickets hold.

mod distances;
mod keys;
mod quality;
mod queue;
mod regions;
mod stated;
mod teams;

use serde_json::{Map, Value};

pub(in crate::matching) use keys::explain_unknown_keys;

use super::AllianceRules;
use super::rules::ids::LOWER_CASE;
use crate::matching::LintContext;
use crate::matching::rules::{Finding, Lint, Severity};

impl AllianceRules {
    /// All that is to be said of a ruleset: what its reading finds, and if it has no fault, what cannot
    /// do what is meant. Findings are in the order of their paths in the ruleset's reading.
    pub fn lint(fields: &Map<String, Value>, context: &LintContext<'_>) -> Vec<Finding> {
        let (rules, mut findings) = Self::examine(fields.clone());
        explain_unknown_keys(&mut findings);
        let is_refused = findings
            .iter()
            .any(|finding| finding.severity == Severity::Error);
        if !is_refused {
            let mut lints = Lints {
                fields,
                rules: &rules,
                context,
                findings,
            };
            lints.teams();
            lints.distances();
            lints.regions();
            lints.quality();
            lints.names();
            if !context.tickets.is_empty() {
                lints.queue();
            }
            findings = lints.findings;
        }
        findings
    }
}

/// A ruleset without faults while it is looked at.
struct Lints<'l> {
    /// As it is written.
    fields: &'l Map<String, Value>,
    /// As it is read.
    rules: &'l AllianceRules,
    context: &'l LintContext<'l>,
    findings: Vec<Finding>,
}

impl Lints<'_> {
    fn warn(&mut self, lint: Lint, path: impl Into<String>, text: impl Into<String>) {
        self.add(lint, Severity::Warning, path, text);
    }

    fn note(&mut self, lint: Lint, path: impl Into<String>, text: impl Into<String>) {
        self.add(lint, Severity::Note, path, text);
    }

    fn add(
        &mut self,
        lint: Lint,
        severity: Severity,
        path: impl Into<String>,
        text: impl Into<String>,
    ) {
        self.findings.push(Finding::new(lint, severity, path, text));
    }

    /// Says what to do about what was found last.
    fn help(&mut self, help: impl Into<String>) {
        if let Some(last) = self.findings.last_mut() {
            last.help = help.into();
        }
    }

    /// Names that AGS's own matchmaker refuses; those of roles and modes are noted when they are read.
    fn names(&mut self) {
        for (place, rule) in self.rules.distances.iter().enumerate() {
            self.name(format!("matching_rule[{place}].attribute"), &rule.attribute);
        }
        for (place, option) in self.rules.options.iter().enumerate() {
            self.name(format!("match_options.options[{place}].name"), &option.name);
        }
    }

    fn name(&mut self, path: String, name: &str) {
        if name.chars().any(char::is_uppercase) {
            let text = "is not in lower case: AGS's own matchmaker refuses it";
            self.note(LOWER_CASE, path, text);
        }
    }
}
