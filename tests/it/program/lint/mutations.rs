//! Samples, each with one fault that is made in it: `tests/cases/lint.ndjson`.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// One fault, made in a sample.
pub(super) struct Mutation(Value);

impl Mutation {
    pub(super) fn all() -> Vec<Self> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/lint.ndjson");
        let text = fs::read_to_string(file).expect("the file");
        let rows = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"));
        rows.map(Self).collect()
    }

    /// The sample, the finding's id and path, and what the line holds that is marked.
    pub(super) fn text(&self, field: &str) -> &str {
        self.0[field].as_str().expect("a text")
    }

    /// Makes the fault.
    pub(super) fn apply(&self, ruleset: &mut Value) {
        let edits = ["set", "remove", "rename"];
        let edit = edits.into_iter().find(|edit| !self.0[edit].is_null());
        let edit = edit.expect("an edit");
        let (parent, key) = self.text(edit).rsplit_once('/').expect("a pointer");
        let parent = ruleset.pointer_mut(parent).expect("there");
        let to = &self.0["to"];
        match parent {
            Value::Array(entries) => {
                let at: usize = key.parse().expect("a number");
                entries[at] = to.clone();
            }
            Value::Object(fields) if edit == "set" => {
                fields.insert(key.to_owned(), to.clone());
            }
            Value::Object(fields) => {
                let value = fields.remove(key).expect("there");
                if edit == "rename" {
                    fields.insert(to.as_str().expect("a key").to_owned(), value);
                }
            }
            _ => panic!("{key} is no place"),
        }
    }
}
