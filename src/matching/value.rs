//! Attribute values of tickets and players.

use super::Text;

/// What an attribute can be: a JSON value, with numbers as AGS sends them (64-bit floats, which
/// may be NaN or infinite on the wire).
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// JSON `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number. `-0` equals `0`; NaN equals nothing.
    Number(f64),
    /// A text.
    Text(Text),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Struct(Attributes),
}

impl Value {
    /// The number, if it is one.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(n) => Some(*n),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it says yes: `true`, or the text "true" in any case with blanks around, as the SDKs of
    /// game clients send booleans.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Bool(truth) => *truth,
            Self::Text(text) => text.trim().eq_ignore_ascii_case("true"),
            _ => false,
        }
    }

    /// Whether every number in it, at any depth, is finite.
    pub fn is_finite(&self) -> bool {
        match self {
            Self::Number(n) => n.is_finite(),
            Self::List(values) => values.iter().all(Self::is_finite),
            Self::Struct(fields) => fields.iter().all(|(_, value)| value.is_finite()),
            Self::Null | Self::Bool(_) | Self::Text(_) => true,
        }
    }

    /// Bytes of memory that it holds beside itself, without those of texts. O(values).
    fn held_bytes(&self) -> usize {
        match self {
            Self::List(values) => {
                let inside = values.iter().map(Self::held_bytes);
                values.capacity() * size_of::<Self>() + inside.sum::<usize>()
            }
            Self::Struct(fields) => fields.held_bytes(),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => 0,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<&serde_json::Value> for Value {
    /// Numbers outside the range of a 64-bit float become infinite.
    fn from(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(truth) => Self::Bool(*truth),
            serde_json::Value::Number(n) => Self::Number(n.as_f64().unwrap_or(f64::INFINITY)),
            serde_json::Value::String(text) => Self::Text(text.as_str().into()),
            serde_json::Value::Array(values) => Self::List(values.iter().map(Self::from).collect()),
            serde_json::Value::Object(fields) => {
                let fields = fields.iter();
                let pairs = fields.map(|(name, value)| (name.as_str().into(), Self::from(value)));
                Self::Struct(pairs.collect())
            }
        }
    }
}

/// Named values, sorted by name, each name once.
// A list instead of a map: tickets have few attributes, and there are many tickets. A boxed one, as
// it has no room to spare.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributes(Box<[(Text, Value)]>);

impl Attributes {
    /// No attributes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the pairs from place `from` on out of a list. Of those of one name the last counts.
    /// O(n log n), and O(n) if they are sorted.
    ///
    /// # Panics
    ///
    /// If the list is shorter than `from`.
    pub fn take_from(pairs: &mut Vec<(Text, Value)>, from: usize) -> Self {
        last_of_each(pairs, from);
        Self(pairs.drain(from..).collect())
    }

    /// The value of that name. O(log n).
    pub fn get(&self, name: &str) -> Option<&Value> {
        let at = self.position(name).ok()?;
        Some(&self.0[at].1)
    }

    /// Sets a value, replacing one of the same name. O(n): to set many, collect or extend.
    pub fn set(&mut self, name: Text, value: Value) {
        match self.position(&name) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => {
                let mut pairs = std::mem::take(&mut self.0).into_vec();
                pairs.insert(at, (name, value));
                self.0 = pairs.into_boxed_slice();
            }
        }
    }

    /// The pairs, in order of their names' bytes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Text, &Value)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes of memory that it holds beside itself, without those of texts. O(values).
    pub(super) fn held_bytes(&self) -> usize {
        let inside = self.0.iter().map(|(_, value)| value.held_bytes());
        size_of_val(&*self.0) + inside.sum::<usize>()
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| (**other).cmp(name))
    }
}

impl Extend<(Text, Value)> for Attributes {
    /// Sets values: the last one of each name counts. O(n log n) for all of them together.
    fn extend<I: IntoIterator<Item = (Text, Value)>>(&mut self, pairs: I) {
        let mut all = std::mem::take(&mut self.0).into_vec();
        all.extend(pairs);
        *self = Self::take_from(&mut all, 0);
    }
}

impl FromIterator<(Text, Value)> for Attributes {
    /// The last value of each name counts. O(n log n).
    fn from_iter<I: IntoIterator<Item = (Text, Value)>>(pairs: I) -> Self {
        let mut attributes = Self::new();
        attributes.extend(pairs);
        attributes
    }
}

/// Sorts the pairs from place `from` on by their names, and keeps the last of each name. O(n log n),
/// and O(n) if they are sorted.
///
/// # Panics
///
/// If the list is shorter than `from`.
pub(crate) fn last_of_each<N: Ord, V>(pairs: &mut Vec<(N, V)>, from: usize) {
    let tail = &mut pairs[from..];
    if tail.is_sorted_by(|(before, _), (after, _)| before < after) {
        return;
    }
    // Stable: pairs of one name stay in their order.
    tail.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut last = from;
    for at in from + 1..pairs.len() {
        if pairs[at].0 != pairs[last].0 {
            last += 1;
        }
        pairs.swap(last, at);
    }
    pairs.truncate(last + 1);
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::matching::steps;

    /// A name of which comparisons are counted.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Counted(usize);

    impl PartialOrd for Counted {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }

    impl Ord for Counted {
        fn cmp(&self, other: &Self) -> Ordering {
            steps::step();
            self.0.cmp(&other.0)
        }
    }

    proptest! {
        #[test]
        fn the_last_of_each_name_stays_whatever_the_order(
            names in prop::collection::vec(0..40_u8, 0..120),
            before in 0..5_usize,
        ) {
            let mut pairs: Vec<(u8, usize)> = names.iter().copied().zip(0..).collect();
            let plain: BTreeMap<u8, usize> = pairs.iter().skip(before).copied().collect();
            let before = before.min(pairs.len());
            let untouched = pairs[..before].to_vec();
            last_of_each(&mut pairs, before);
            prop_assert_eq!(&pairs[..before], &untouched[..]);
            prop_assert_eq!(&pairs[before..], &plain.into_iter().collect::<Vec<_>>()[..]);
        }
    }

    #[test]
    fn names_are_sorted_once_in_any_order() {
        for count in [1_000_usize, 60_000] {
            let all = 0..count;
            let orders: [(&str, Vec<usize>); 5] = [
                ("ascending", all.clone().collect()),
                ("descending", all.clone().rev().collect()),
                ("the same", vec![7; count]),
                (
                    "there and back",
                    all.clone().map(|at| at.min(count - at)).collect(),
                ),
                ("mixed", all.map(|at| at * 7919 % count).collect()),
            ];
            for (order, names) in orders {
                let mut pairs: Vec<_> = names.into_iter().map(Counted).zip(0..).collect();
                let steps = steps::of(|| last_of_each(&mut pairs, 0));
                let most = count as u64 * u64::from(2 + count.ilog2());
                assert!(steps <= most, "{order}, {count}: {steps}");
            }
        }
    }

    #[test]
    fn attributes_are_found_by_name_and_the_last_one_set_stays() {
        let pairs = [("b", 1.0), ("a", 2.0), ("b", 3.0)];
        let attributes: Attributes = pairs
            .into_iter()
            .map(|(name, n)| (Text::from(name), Value::Number(n)))
            .collect();
        assert_eq!(attributes.len(), 2);
        assert_eq!(attributes.get("b"), Some(&Value::Number(3.0)));
        assert_eq!(attributes.get("c"), None);
        let names: Vec<_> = attributes
            .iter()
            .map(|(name, _)| name.to_string())
            .collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn a_number_that_is_not_finite_is_seen_at_any_depth() {
        let deep = |n: f64| {
            let inner = [(Text::from("n"), Value::Number(n))].into_iter().collect();
            Value::List(vec![Value::Null, Value::Struct(inner)])
        };
        assert!(deep(1.0).is_finite());
        assert!(!deep(f64::NAN).is_finite());
        assert!(!deep(f64::NEG_INFINITY).is_finite());
    }

    #[test]
    fn json_becomes_values() {
        let json = serde_json::json!({"t": "x", "l": [1, true, null]});
        let Value::Struct(fields) = Value::from(&json) else {
            panic!("no object")
        };
        assert_eq!(fields.get("t").and_then(Value::as_text), Some("x"));
        let list = vec![Value::Number(1.0), Value::Bool(true), Value::Null];
        assert_eq!(fields.get("l"), Some(&Value::List(list)));
    }
}
