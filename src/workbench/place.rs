//! Where in a text a path such as `matching_rule[1].reference` stands.

use std::ops::Range;

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::matching::rules::excerpt;

/// Bytes of a name that stands in a path as it is.
const PLAIN: usize = 32;

/// What to mark of the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// The key.
    Key,
    /// The value, if it is a single one; else the key.
    Value,
}

/// A text that is JSON, to look places up in.
#[derive(Debug)]
pub(super) struct Places<'t> {
    root: Option<Value<'t>>,
}

impl<'t> Places<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let parsed = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default());
        Self {
            root: parsed.ok().and_then(|parsed| parsed.value),
        }
    }

    /// The bytes that a path names below `inside`. Of a path that is not in the text, the innermost
    /// object that is.
    pub(super) fn find(&self, inside: Option<&str>, path: &str, mark: Mark) -> Range<usize> {
        let Some(root) = &self.root else {
            return 0..0;
        };
        let mut at = At {
            value: root,
            shown: first_of(root),
        };
        if let Some(key) = inside {
            at = at.step(key).map_or(at, |(at, _)| at);
        }
        let mut rest = path;
        while let Some((next, after)) = at.step(rest) {
            (at, rest) = (next, after);
        }
        let is_found = rest.is_empty();
        let is_single = !matches!(at.value, Value::Object(_) | Value::Array(_));
        match is_found && is_single && mark == Mark::Value {
            true => at.value.start()..at.value.end(),
            false => at.shown,
        }
    }
}

/// A value on the way.
struct At<'v, 't> {
    value: &'v Value<'t>,
    /// What stands for it: its key, or where it begins.
    shown: Range<usize>,
}

impl<'v, 't> At<'v, 't> {
    /// The value that the path begins with, and the rest of the path.
    fn step<'p>(&self, path: &'p str) -> Option<(Self, &'p str)> {
        match self.value {
            Value::Array(array) => {
                let (number, rest) = path.strip_prefix('[')?.split_once(']')?;
                let value = array.elements.get(number.parse::<usize>().ok()?)?;
                let shown = match value {
                    Value::Object(_) | Value::Array(_) => first_of(value),
                    single => single.start()..single.end(),
                };
                Some((Self { value, shown }, rest))
            }
            Value::Object(object) => {
                let path = path.strip_prefix('.').unwrap_or(path);
                let (key, rest) = key_of(object, path)?;
                let value = &key.value;
                let shown = key.name.start()..key.name.end();
                Some((Self { value, shown }, rest))
            }
            _ => None,
        }
    }
}

/// The field that the path begins with: the longest name, as names may have dots; spelled so, or else in
/// any case. Of a name that stands twice the last counts.
fn key_of<'v, 't, 'p>(
    object: &'v Object<'t>,
    path: &'p str,
) -> Option<(&'v ObjectProp<'t>, &'p str)> {
    if path.is_empty() {
        return None;
    }
    let rest_after = |prop: &ObjectProp<'t>, exact: bool| {
        let name = prop.name.as_str();
        // Most names are others: that is seen without a copy. Only long names are shortened in paths.
        let begins = |head: &str| head.eq_ignore_ascii_case(name);
        if !name.is_empty() && name.len() <= PLAIN && !path.get(..name.len()).is_some_and(begins) {
            return None;
        }
        let name = excerpt(name);
        let name = if name.is_empty() { "\"\"" } else { &*name };
        let head = path.get(..name.len())?;
        let rest = &path[name.len()..];
        let ends = rest.is_empty() || rest.starts_with(['.', '[']);
        let same = match exact {
            true => head == name,
            false => head.eq_ignore_ascii_case(name),
        };
        (same && ends).then_some(rest)
    };
    [true, false].into_iter().find_map(|exact| {
        let props = object.properties.iter();
        let found = props.filter_map(|prop| Some((prop, rest_after(prop, exact)?)));
        // Of equal ones `min_by_key` takes the first.
        found.rev().min_by_key(|(_, rest)| rest.len())
    })
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
