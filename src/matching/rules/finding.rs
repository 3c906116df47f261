//! What a ruleset's author should know, each kind under an id of its own.

use std::fmt;

use super::{RuleFault, RuleWarning};

/// The kind of a finding: lower-case words with hyphens, such as `unknown-key`. Those of
/// [`AgsLogic`](crate::matching::AgsLogic) are explained in docs/lints.md; a logic of a studio may have its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lint(pub &'static str);

impl Lint {
    /// The text is no JSON object.
    pub const NOT_JSON: Self = Self("not-json");
    /// A value of a wrong type, or outside its range.
    pub const WRONG_VALUE: Self = Self("wrong-value");
    /// A key that has to be there.
    pub const MISSING_KEY: Self = Self("missing-key");
    /// A minimum above its maximum.
    pub const MIN_ABOVE_MAX: Self = Self("min-above-max");
    /// More entries than are read.
    pub const TOO_MANY: Self = Self("too-many");
    /// A name that stands twice where each may stand once.
    pub const NAME_TWICE: Self = Self("name-twice");
    /// Something that this logic does not do.
    pub const UNSUPPORTED: Self = Self("unsupported");
    /// A key that nobody reads.
    pub const UNKNOWN_KEY: Self = Self("unknown-key");
    /// A key in camel case, which AGS drops.
    pub const CAMEL_CASE: Self = Self("camel-case");
    /// A key of AGS's older service.
    pub const OLDER_KEY: Self = Self("older-key");
    /// A key that shows that another kind of ruleset was meant.
    pub const NEAR_MISS: Self = Self("near-miss");
    /// A key that is known and has no effect where it stands.
    pub const NO_EFFECT: Self = Self("no-effect");
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// AGS's own validator refuses it or treats it otherwise, or it is worth knowing.
    Note,
    /// It cannot do what is meant.
    Warning,
    /// The server refuses the ruleset.
    Error,
}

impl Severity {
    /// Its name: `error`, `warning` or `note`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that was found in a ruleset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its kind.
    pub lint: Lint,
    /// How much it matters.
    pub severity: Severity,
    /// Where, as `matching_rule[1].reference`; empty for the ruleset as a whole.
    pub path: String,
    /// What it is, with its numbers.
    pub text: String,
    /// What to do about it; empty where `text` says it.
    pub help: String,
}

impl Finding {
    /// A finding without help.
    pub fn new(
        lint: Lint,
        severity: Severity,
        path: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        Self {
            lint,
            severity,
            path: path.into(),
            text: text.into(),
            help: String::new(),
        }
    }

    /// The same with what to do about it.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

impl From<RuleFault> for Finding {
    fn from(fault: RuleFault) -> Self {
        let text = format!("is {}", fault.found);
        Self::new(fault.lint, Severity::Error, fault.path, text).with_help(fault.allowed)
    }
}

impl From<RuleWarning> for Finding {
    fn from(warning: RuleWarning) -> Self {
        Self::new(warning.lint, warning.severity, warning.path, warning.text)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = match &*self.path {
            "" => "the ruleset",
            path => path,
        };
        write!(f, "`{path}`: {}", self.text)?;
        if !self.help.is_empty() {
            write!(f, ": {}", self.help)?;
        }
        Ok(())
    }
}
