//! A ruleset as an argument: a file, standard input, or the JSON itself.

use anyhow::Context;
use serde_json::Value;

use super::Unreadable;
use crate::files;

/// A ruleset, and the text that it stands in.
#[derive(Debug)]
pub(super) struct Ruleset {
    /// The file, or what stands for it.
    pub(super) name: String,
    /// The whole text.
    pub(super) source: String,
    /// The ruleset, as a server gets it.
    pub(super) json: String,
    /// Where the ruleset stands in the text: nothing, or `data` of AGS's API form.
    pub(super) inside: Option<&'static str>,
}

impl Ruleset {
    /// Reads an argument: JSON (begins with `{`), `-` for standard input, or a file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is not UTF-8. JSON is not looked at.
    pub(super) fn read(argument: &str) -> Result<Self, Unreadable> {
        let given = files::without_mark(argument);
        if given.trim_start().starts_with('{') {
            return Ok(Self::of("<argument>", given.to_owned()));
        }
        let source = files::text(argument).with_context(|| argument.to_owned())?;
        let name = match argument {
            "-" => "<standard input>",
            file => file,
        };
        Ok(Self::of(name, source))
    }

    /// A text that is already there; `name` is what it is called.
    pub(super) fn of(name: &str, source: String) -> Self {
        let data = wrapped(&source);
        Self {
            name: name.to_owned(),
            inside: data.is_some().then_some("data"),
            json: data.unwrap_or_else(|| source.clone()),
            source,
        }
    }
}

/// A ruleset as people read it; a text that is no JSON as it is.
pub(super) fn pretty(ruleset: &str) -> String {
    serde_json::from_str::<Value>(ruleset)
        .and_then(|rules| serde_json::to_string_pretty(&rules))
        .map_or_else(|_| ruleset.to_owned(), |text| format!("{text}\n"))
}

/// The ruleset in AGS's API form, `{"name", "data", "enable_custom_match_function"}`.
fn wrapped(source: &str) -> Option<String> {
    let Ok(Value::Object(fields)) = serde_json::from_str(source) else {
        return None;
    };
    let is_form = fields
        .keys()
        .all(|key| ["name", "data", "enable_custom_match_function"].contains(&&**key));
    let data = fields
        .get("data")
        .filter(|data| data.is_object() && is_form)?;
    Some(data.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ruleset_of_the_api_form_is_what_data_holds() {
        let form = r#"{"name": "duel", "data": {"shipCountMin": 1}}"#;
        let ruleset = Ruleset::read(form).unwrap();
        assert_eq!(ruleset.json, r#"{"shipCountMin":1}"#);
        assert_eq!(ruleset.inside, Some("data"));
        // Not the form: it is for the reader of rulesets to say what it is.
        for other in [r#"{"data": {}, "alliance": {}}"#, r#"{"data": 3}"#, "{"] {
            let ruleset = Ruleset::read(other).unwrap();
            assert_eq!((&*ruleset.json, ruleset.inside), (other, None));
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = Ruleset::read("no-such-file.json").unwrap_err().to_string();
        assert!(error.starts_with("no-such-file.json: "), "{error}");
    }
}
