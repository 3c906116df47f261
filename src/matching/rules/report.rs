//! What is wrong with a ruleset, and what its author should know: collected while it is read.

use serde_json::Value;

use super::{Finding, Lint, RuleFault, RuleWarning, RulesError, Severity};

/// Faults and warnings of a ruleset, in the order in which they were found. Paths are written as
/// `matching_rule[1].reference`.
#[derive(Debug, Default)]
pub struct Report {
    faults: Vec<RuleFault>,
    unsupported: Vec<RuleFault>,
    warnings: Vec<RuleWarning>,
}

impl Report {
    /// A value that is wrong: what stands at the path, and what would be right.
    pub fn fault(&mut self, path: impl Into<String>, found: &Value, allowed: impl Into<String>) {
        self.fault_as(Lint::WRONG_VALUE, path, found, allowed);
    }

    /// The same, of a kind of its own.
    pub fn fault_as(
        &mut self,
        lint: Lint,
        path: impl Into<String>,
        found: &Value,
        allowed: impl Into<String>,
    ) {
        self.faults.push(RuleFault::new(lint, path, found, allowed));
    }

    /// Something that is wrong and is no single value, told in words.
    pub fn fault_of(&mut self, lint: Lint, path: String, found: String, allowed: String) {
        self.faults.push(RuleFault {
            lint,
            path,
            found,
            allowed,
        });
    }

    /// Faults that were found elsewhere.
    pub fn add(&mut self, faults: impl IntoIterator<Item = RuleFault>) {
        self.faults.extend(faults);
    }

    /// A value that asks for something that the logic does not do.
    pub fn unsupported(&mut self, path: impl Into<String>, found: &Value, text: impl Into<String>) {
        let fault = RuleFault::new(Lint::UNSUPPORTED, path, found, text);
        self.unsupported.push(fault);
    }

    /// Something that was accepted and has no effect.
    pub fn warn(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.warn_as(Lint::NO_EFFECT, path, text);
    }

    /// Something that was accepted but deserves a look.
    pub fn warn_as(&mut self, lint: Lint, path: impl Into<String>, text: impl Into<String>) {
        self.tell(lint, Severity::Warning, path, text);
    }

    /// Something that only AGS's own matchmaker minds.
    pub fn note(&mut self, lint: Lint, path: impl Into<String>, text: impl Into<String>) {
        self.tell(lint, Severity::Note, path, text);
    }

    fn tell(
        &mut self,
        lint: Lint,
        severity: Severity,
        path: impl Into<String>,
        text: impl Into<String>,
    ) {
        let (path, text) = (path.into(), text.into());
        self.warnings.push(RuleWarning {
            lint,
            severity,
            path,
            text,
        });
    }

    /// Everything that was found: faults, then warnings.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        let faults = self.faults.into_iter().chain(self.unsupported);
        let warnings = self.warnings.into_iter().map(Finding::from);
        faults.map(Finding::from).chain(warnings).collect()
    }

    /// The warnings, if nothing is wrong.
    ///
    /// # Errors
    ///
    /// [`RulesError::Unsupported`] only if everything else is right: as long as something is wrong,
    /// what is not supported is one fault among the others.
    pub(super) fn finish(self) -> Result<Vec<RuleWarning>, RulesError> {
        let (mut faults, unsupported) = (self.faults, self.unsupported);
        if faults.is_empty() && unsupported.is_empty() {
            return Ok(self.warnings);
        }
        if faults.is_empty() {
            return Err(RulesError::Unsupported(unsupported));
        }
        faults.extend(unsupported);
        Err(RulesError::Invalid(faults))
    }
}
