//! What is wrong with a ruleset, and what its author should know: collected while it is read.

use serde_json::Value;

use super::{RuleFault, RuleWarning, RulesError};

/// Faults that one answer lists; the others are counted. They travel in the trailers of a gRPC
/// answer, which have a bound.
pub const MAX_FAULTS: usize = 20;

/// Faults and warnings of a ruleset, in the order in which they were found. Paths are written as
/// `matching_rule[1].reference`.
#[derive(Debug, Default)]
pub struct Report {
    pub(super) faults: Vec<RuleFault>,
    unsupported: Vec<RuleFault>,
    warnings: Vec<RuleWarning>,
}

impl Report {
    /// A value that is wrong: what stands at the path, and what would be right.
    pub fn fault(&mut self, path: impl Into<String>, found: &Value, allowed: impl Into<String>) {
        self.faults.push(RuleFault::new(path, found, allowed));
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
        let wrong = !faults.is_empty();
        faults.extend(unsupported);
        if faults.len() > MAX_FAULTS {
            let more = faults.len() - MAX_FAULTS;
            faults.truncate(MAX_FAULTS);
            faults.push(RuleFault {
                path: "rules.json".to_owned(),
                found: format!("wrong in {more} more places"),
                allowed: "correct these first".to_owned(),
            });
        }
        if wrong {
            return Err(RulesError::Invalid(faults));
        }
        let texts: Vec<_> = faults.iter().map(ToString::to_string).collect();
        Err(RulesError::Unsupported(texts.join("; ")))
    }
}
