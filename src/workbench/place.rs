//! Where in a text a path such as `matching_rule[1].reference` stands.

use std::collections::HashMap;
use std::ops::Range;

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::matching::rules::excerpt;

/// What to mark of the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// The key.
    Key,
    /// The value, if it is a single one; else the key.
    Value,
}

/// A text that is JSON, to look places up in. Made in time linear in the text; a place is found in time that
/// depends on its path only.
#[derive(Debug)]
pub(super) struct Places {
    root: Option<Node>,
}

/// A value of the text.
#[derive(Debug)]
struct Node {
    value: Range<usize>,
    /// What stands for it: its key, or where it begins.
    shown: Range<usize>,
    inner: Inner,
}

/// What a value holds.
#[derive(Debug)]
enum Inner {
    Single,
    Array(Vec<Node>),
    Object {
        fields: Vec<Node>,
        /// Names as paths have them; of a name that stands twice the last counts.
        names: HashMap<String, usize>,
        /// The same in lower case.
        lower: HashMap<String, usize>,
    },
}

impl Places {
    pub(super) fn of(text: &str) -> Self {
        let parsed = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default());
        let value = parsed.ok().and_then(|parsed| parsed.value);
        Self {
            root: value.map(|value| Node::of(&value, first_of(&value))),
        }
    }

    /// The bytes that a path names below `inside`. Of a path that is not in the text, the innermost
    /// object that is.
    pub(super) fn find(&self, inside: Option<&str>, path: &str, mark: Mark) -> Range<usize> {
        let Some(mut at) = self.root.as_ref() else {
            return 0..0;
        };
        if let Some(key) = inside {
            at = at.step(key).map_or(at, |(at, _)| at);
        }
        let mut rest = path;
        while let Some((next, after)) = at.step(rest) {
            (at, rest) = (next, after);
        }
        let is_single = matches!(at.inner, Inner::Single);
        match rest.is_empty() && is_single && mark == Mark::Value {
            true => at.value.clone(),
            false => at.shown.clone(),
        }
    }
}

impl Node {
    fn of(value: &Value<'_>, shown: Range<usize>) -> Self {
        let inner = match value {
            Value::Array(array) => Inner::Array(array.elements.iter().map(Self::element).collect()),
            Value::Object(object) => {
                let fields = object.properties.iter();
                let fields =
                    fields.map(|prop| Self::of(&prop.value, prop.name.start()..prop.name.end()));
                let (mut names, mut lower) = (HashMap::new(), HashMap::new());
                for (place, prop) in object.properties.iter().enumerate() {
                    let name = match prop.name.as_str() {
                        "" => "\"\"".to_owned(),
                        name => excerpt(name),
                    };
                    lower.insert(name.to_ascii_lowercase(), place);
                    names.insert(name, place);
                }
                Inner::Object {
                    fields: fields.collect(),
                    names,
                    lower,
                }
            }
            _ => Inner::Single,
        };
        Self {
            value: value.start()..value.end(),
            shown,
            inner,
        }
    }

    fn element(value: &Value<'_>) -> Self {
        let shown = match value {
            Value::Object(_) | Value::Array(_) => first_of(value),
            single => single.start()..single.end(),
        };
        Self::of(value, shown)
    }

    /// The value that the path begins with, and the rest of the path.
    fn step<'p>(&self, path: &'p str) -> Option<(&Self, &'p str)> {
        match &self.inner {
            Inner::Single => None,
            Inner::Array(elements) => {
                let (number, rest) = path.strip_prefix('[')?.split_once(']')?;
                Some((elements.get(number.parse::<usize>().ok()?)?, rest))
            }
            Inner::Object {
                fields,
                names,
                lower,
            } => {
                let path = path.strip_prefix('.').unwrap_or(path);
                let (place, rest) = begins(path, |name| names.get(name))
                    .or_else(|| begins(path, |name| lower.get(&name.to_ascii_lowercase())))?;
                Some((&fields[*place], rest))
            }
        }
    }
}

/// The place of the longest name that a path begins with, as names may have dots, and the rest of the path.
fn begins<'p, 'n>(
    path: &'p str,
    place: impl Fn(&str) -> Option<&'n usize>,
) -> Option<(&'n usize, &'p str)> {
    let ends = path.match_indices(['.', '[']).map(|(end, _)| end);
    let mut ends: Vec<usize> = ends.chain([path.len()]).filter(|end| *end > 0).collect();
    ends.reverse();
    let mut found = ends.into_iter().map(|end| path.split_at(end));
    found.find_map(|(name, rest)| Some((place(name)?, rest)))
}

/// The first character of a value.
fn first_of(value: &Value<'_>) -> Range<usize> {
    value.start()..value.start() + 1
}

/// The line and the column of a byte of a text, both from 1, in characters.
pub(super) fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (line, before[start..].chars().count() + 1)
}

/// The byte of a line and a column, both from 1.
pub(super) fn byte_of(text: &str, line: usize, column: usize) -> usize {
    let start = match line.checked_sub(2) {
        Some(before) => text
            .match_indices('\n')
            .nth(before)
            .map_or(text.len(), |(at, _)| at + 1),
        None => 0,
    };
    // serde_json counts bytes.
    let mut byte = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
  "Alliance": {"min_number": 2},
  "matching_rule": [{"attribute": "é"}, {"reference": 7}],
  "a.b": 1, "a": {"b": 2}, "twice": 3, "twice": 4
}"#;

    fn found(path: &str, mark: Mark) -> &'static str {
        &TEXT[Places::of(TEXT).find(None, path, mark)]
    }

    #[test]
    fn paths_are_found_in_the_text() {
        for (path, value, key) in [
            ("alliance.min_number", "2", "\"min_number\""),
            ("alliance", "\"Alliance\"", "\"Alliance\""),
            ("alliance.max_number", "\"Alliance\"", "\"Alliance\""),
            ("matching_rule[1].reference", "7", "\"reference\""),
            ("matching_rule[1]", "{", "{"),
            (
                "matching_rule[9].x",
                "\"matching_rule\"",
                "\"matching_rule\"",
            ),
            ("a.b", "1", "\"a.b\""),
            ("", "{", "{"),
            ("nowhere", "{", "{"),
        ] {
            assert_eq!(found(path, Mark::Value), value, "{path}");
            assert_eq!(found(path, Mark::Key), key, "{path}");
        }
        assert_eq!(found("twice", Mark::Value), "4", "the last counts");
        let wrapped = r#"{"data": {"x": 1}, "x": 2}"#;
        let at = Places::of(wrapped).find(Some("data"), "x", Mark::Value);
        assert_eq!(&wrapped[at], "1");
        assert_eq!(Places::of("{").find(None, "x", Mark::Value), 0..0);
    }

    #[test]
    fn names_with_dots_and_brackets_are_found() {
        let text = r#"{"a[0].b": 1, "a": [{"b": 2}], "": {"x": 3}, "A.B": 4}"#;
        let found = |path| &text[Places::of(text).find(None, path, Mark::Value)];
        assert_eq!(found("a[0].b"), "1", "the longest name");
        assert_eq!(found("a[0]"), "{");
        assert_eq!(found("\"\".x"), "3");
        assert_eq!(
            found("a.b"),
            "\"a\"",
            "a name that is spelled so comes first"
        );
    }

    #[test]
    fn places_have_lines_and_columns_of_characters() {
        let byte = TEXT.find("{\"reference\"").unwrap();
        let (line, column) = line_and_column(TEXT, byte);
        assert_eq!((line, column), (3, 41));
        assert_eq!(line_and_column(TEXT, 0), (1, 1));
        assert_eq!(byte_of(TEXT, 1, 1), 0);
        assert_eq!(byte_of(TEXT, 2, 3), 4);
        assert_eq!(byte_of(TEXT, 99, 1), TEXT.len());
    }
}
