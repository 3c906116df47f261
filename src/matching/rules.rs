//! Reading rulesets: what any reader of a ruleset answers, and the tools that all of them use.
//!
//! [`object()`] parses the text, [`read`] hands its fields out by type and collects every fault and
//! every unknown key on the way.

mod allowed;
mod finding;
mod near;
mod object;
mod report;

use serde_json::{Map, Value};

pub use finding::{Finding, Lint, Severity};
pub(super) use near::{NO_KEY, letters, nearest};
pub use object::{MAX_NAME, Object, examine, read};
pub use report::Report;

/// The largest whole number that a ruleset may hold (docs/semantics.md, "Fields").
pub const MAX_INTEGER: u64 = 2_147_483_647;

/// A ruleset that was read, and what its author should know about it.
#[derive(Debug)]
pub struct ParsedRules<R> {
    /// The rules, valid by construction.
    pub rules: R,
    /// What was accepted but deserves a look.
    pub warnings: Vec<RuleWarning>,
}

impl<R> From<R> for ParsedRules<R> {
    /// Rules without warnings.
    fn from(rules: R) -> Self {
        Self {
            rules,
            warnings: Vec::new(),
        }
    }
}

/// Something in a ruleset that has no effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {text}")]
pub struct RuleWarning {
    /// Its kind.
    pub lint: Lint,
    /// A warning or a note.
    pub severity: Severity,
    /// Where, as `matching_rule[1].reference`.
    pub path: String,
    /// What about it.
    pub text: String,
}

/// Why a ruleset was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RulesError {
    /// It is wrong: every fault.
    #[error("{}", list(.0, MAX_FAULTS))]
    Invalid(Vec<RuleFault>),
    /// It asks for something that this server does not do: every place where it does.
    #[error("{}", list(.0, MAX_FAULTS))]
    Unsupported(Vec<RuleFault>),
}

/// The faults of a ruleset as findings.
pub fn findings(error: RulesError) -> Vec<Finding> {
    match error {
        RulesError::Invalid(faults) | RulesError::Unsupported(faults) => {
            faults.into_iter().map(Finding::from).collect()
        }
    }
}

/// Faults that a text about a ruleset lists at most; the others are counted.
pub const MAX_FAULTS: usize = 20;

impl From<RuleFault> for RulesError {
    fn from(fault: RuleFault) -> Self {
        Self::Invalid(vec![fault])
    }
}

/// One fault of a ruleset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is {found}: {allowed}")]
pub struct RuleFault {
    /// Its kind.
    pub lint: Lint,
    /// Where, as `matching_rule[1].reference`.
    pub path: String,
    /// What stands there, as JSON; a long value is cut as [`quoted`] and [`excerpt`] do.
    pub found: String,
    /// What would be right.
    pub allowed: String,
}

/// Characters of a text that an [`excerpt`] repeats.
pub const MAX_FOUND: usize = 64;

impl RuleFault {
    /// A fault at that path.
    pub fn new(
        lint: Lint,
        path: impl Into<String>,
        found: &Value,
        allowed: impl Into<String>,
    ) -> Self {
        Self {
            lint,
            path: path.into(),
            found: match found {
                Value::String(text) => quoted(text),
                other => excerpt(&other.to_string()),
            },
            allowed: allowed.into(),
        }
    }
}

/// A text that a client chose, for an error: cut after [`MAX_FOUND`] characters, and then with the
/// number of all of them.
pub fn excerpt(text: &str) -> String {
    match text.char_indices().nth(MAX_FOUND) {
        Some((end, _)) => format!("{}… ({} characters)", &text[..end], text.chars().count()),
        None => text.to_owned(),
    }
}

/// The same in quotes, as texts are told.
pub fn quoted(text: &str) -> String {
    let end = text.char_indices().nth(MAX_FOUND).map(|(end, _)| end);
    let shown = Value::from(&text[..end.unwrap_or(text.len())]);
    match end {
        Some(_) => format!("{shown}… ({} characters)", text.chars().count()),
        None => shown.to_string(),
    }
}

/// The first `max` faults as a text, and how many more there are.
pub fn list(faults: &[RuleFault], max: usize) -> String {
    let mut texts: Vec<_> = faults.iter().take(max).map(ToString::to_string).collect();
    if faults.len() > max {
        texts.push(format!("and {} more", faults.len() - max));
    }
    texts.join("; ")
}

/// A ruleset's text as a JSON object. Empty text and `null` mean `{}`. A key that stands twice
/// counts as it stood last. Nesting deeper than 128 is refused.
///
/// # Errors
///
/// The text is not JSON, or not an object.
pub fn object(json: &str) -> Result<Map<String, Value>, RulesError> {
    if json.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_str(json) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(other) => {
            let allowed = "the ruleset has to be a JSON object";
            Err(RuleFault::new(Lint::NOT_JSON, "rules.json", &other, allowed).into())
        }
        Err(error) => Err(RulesError::from(RuleFault {
            lint: Lint::NOT_JSON,
            path: "rules.json".to_owned(),
            found: format!("not JSON ({error})"),
            allowed: "the ruleset has to be JSON".to_owned(),
        })),
    }
}

/// Looks a known key up in an object: the exact spelling first, then any in other case, as AGS's
/// own decoder does. `null` counts as absent.
pub fn find<'f>(fields: &'f Map<String, Value>, key: &str) -> Option<&'f Value> {
    fields
        .get(spelling(fields, key)?)
        .filter(|value| !value.is_null())
}

/// Takes what [`find`] finds out of the object; a `null` goes, too.
pub fn take(fields: &mut Map<String, Value>, key: &str) -> Option<Value> {
    let found = spelling(fields, key)?.to_owned();
    fields.remove(&found).filter(|value| !value.is_null())
}

/// [`find`], to change what is there. `null` counts as there.
pub fn find_mut<'f>(fields: &'f mut Map<String, Value>, key: &str) -> Option<&'f mut Value> {
    let found = spelling(fields, key)?.to_owned();
    fields.get_mut(&found)
}

/// How a key is spelled in an object.
fn spelling<'f>(fields: &'f Map<String, Value>, key: &str) -> Option<&'f str> {
    let exact = fields.get_key_value(key).map(|(exact, _)| exact);
    let any = || fields.keys().find(|other| other.eq_ignore_ascii_case(key));
    exact.or_else(any).map(String::as_str)
}

/// A whole number from 0 to [`MAX_INTEGER`]; `2.0` is one.
pub fn whole_number(value: &Value) -> Option<u64> {
    let integer = value.as_u64().or_else(|| {
        let float = value.as_f64().filter(|float| float.fract() == 0.0)?;
        #[expect(
            clippy::cast_sign_loss,
            clippy::cast_possible_truncation,
            reason = "checked here"
        )]
        (0.0..=MAX_INTEGER as f64)
            .contains(&float)
            .then_some(float as u64)
    });
    integer.filter(|integer| *integer <= MAX_INTEGER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn empty_text_and_null_are_an_empty_object() {
        for text in ["", " \n", "null", "{}"] {
            assert_eq!(object(text), Ok(Map::new()), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_an_object_is_refused() {
        for text in ["[]", "7", "\"x\"", "{", "{\"a\":}", &"[".repeat(10_000)] {
            let error = object(text).expect_err(text).to_string();
            assert!(error.starts_with("`rules.json` is "), "{error}");
        }
    }

    #[test]
    fn keys_are_found_exactly_first_and_then_in_any_case() {
        let mut fields = object(r#"{"Key": 1, "key": 2, "none": null}"#).unwrap();
        assert_eq!(find(&fields, "key"), Some(&json!(2)));
        assert_eq!(find(&fields, "none"), None);
        assert_eq!(take(&mut fields, "key"), Some(json!(2)));
        assert_eq!(take(&mut fields, "key"), Some(json!(1)));
        assert_eq!(take(&mut fields, "key"), None);
        assert_eq!(take(&mut fields, "NONE"), None);
        assert!(fields.is_empty());
    }

    #[test]
    fn whole_numbers_are_told_by_value() {
        assert_eq!(whole_number(&json!(2.0)), Some(2));
        assert_eq!(whole_number(&json!(2_147_483_647)), Some(MAX_INTEGER));
        for wrong in [
            json!(2.5),
            json!(-1),
            json!("2"),
            json!(2_147_483_648_u64),
            json!(1e300),
        ] {
            assert_eq!(whole_number(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_long_wrong_value_is_cut() {
        let fault = RuleFault::new(
            Lint::WRONG_VALUE,
            "a",
            &json!("é".repeat(500)),
            "short texts",
        );
        let most = "é".repeat(MAX_FOUND);
        assert_eq!(fault.found, format!("\"{most}\"… (500 characters)"));
        assert_eq!(quoted(&most), format!("\"{most}\""));
        assert_eq!(quoted("a\"b"), r#""a\"b""#);
        let list = RuleFault::new(Lint::WRONG_VALUE, "a", &vec![0; 50].into(), "texts");
        assert!(list.found.ends_with("0,0… (101 characters)"), "{list}");
        assert_eq!(excerpt(&most), most);
    }

    #[test]
    fn faults_beyond_those_listed_are_counted() {
        let fault =
            |at: usize| RuleFault::new(Lint::WRONG_VALUE, format!("a[{at}]"), &json!(at), "texts");
        let faults: Vec<_> = (0..16).map(fault).collect();
        let two = "`a[0]` is 0: texts; `a[1]` is 1: texts; and 14 more";
        assert_eq!(list(&faults, 2), two);
        let all = RulesError::Invalid(faults).to_string();
        assert!(all.ends_with("`a[15]` is 15: texts"), "{all}");
    }
}
