//! What is wrong with a ruleset, and what its author should know: collected while it is read.

use serde_json::Value;

use super::{RuleFault, RuleWarning, RulesError};

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
        self.faults.push(RuleFault::new(path, found, allowed));
    }

    /// Something that is wrong and is no single value, told in words.
    pub fn fault_of(&mut self, path: String, found: String, allowed: String) {
        self.faults.push(RuleFault {
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
        self.unsupported.push(RuleFault::new(path, found, text));
    }

    /// Something that was accepted but deserves a look.
    pub fn warn(&mut self, path: impl Into<String>, text: impl Into<String>) {
        let (path, text) = (path.into(), text.into());
        self.warnings.push(RuleWarning { path, text });
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
