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

    /// Whether it is `true`.
    pub fn is_true(&self) -> bool {
        *self == Self::Bool(true)
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
            serde_json::Value::Object(fields) => Self::Struct(
                fields
                    .iter()
                    .map(|(name, value)| (Text::from(name.as_str()), Self::from(value)))
                    .collect(),
            ),
        }
    }
}

/// Named values, sorted by name, each name once.
// A list instead of a map: tickets have few attributes, and there are many tickets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributes(Vec<(Text, Value)>);

impl Attributes {
    /// No attributes.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of that name. O(log n).
    pub fn get(&self, name: &str) -> Option<&Value> {
        let at = self.position(name).ok()?;
        Some(&self.0[at].1)
    }

    /// Sets a value, replacing one of the same name. O(n).
    pub fn set(&mut self, name: Text, value: Value) {
        match self.position(&name) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (name, value)),
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

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| (**other).cmp(name))
    }
}

impl FromIterator<(Text, Value)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (Text, Value)>>(pairs: I) -> Self {
        let mut attributes = Self::new();
        for (name, value) in pairs {
            attributes.set(name, value);
        }
        attributes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
