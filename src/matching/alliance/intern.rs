//! Values as numbers: two values are equal if and only if their numbers are.

use std::hash::{BuildHasher, Hash, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::matching::{Attributes, Text, Value};

/// Numbers for values, given in the order in which they are first seen.
#[derive(Debug, Default)]
pub(super) struct Interner {
    /// The forms of the values one after another, and where each ends.
    forms: Vec<u8>,
    ends: Vec<usize>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Interner {
    /// The number of a value. Numbers compare by value, so `-0` is `0`; a list is equal to one of
    /// the same values in the same order. The value has to be finite. O(size of the value).
    pub(super) fn number(&mut self, value: &Value) -> u32 {
        write(value, &mut self.forms);
        self.number_of_last()
    }

    /// The number of a text.
    pub(super) fn text(&mut self, text: &Text) -> u32 {
        write_text(text, &mut self.forms);
        self.number_of_last()
    }

    /// How many numbers were given.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The number of the form behind all others. It stays there if it is new.
    fn number_of_last(&mut self) -> u32 {
        let Self {
            forms,
            ends,
            numbers,
            hasher,
        } = self;
        let start = ends.last().copied().unwrap_or_default();
        let form = |number: u32| {
            let at = number as usize;
            let start = if at == 0 { 0 } else { ends[at - 1] };
            &forms[start..ends[at]]
        };
        let last = &forms[start..];
        let hash = hasher.hash_one(last);
        if let Some(number) = numbers.find(hash, |number| form(*number) == last) {
            let number = *number;
            forms.truncate(start);
            return number;
        }
        let number = u32::try_from(ends.len()).expect("fewer values than bytes");
        numbers.insert_unique(hash, number, |number| hasher.hash_one(form(*number)));
        ends.push(forms.len());
        number
    }
}

/// Writes the one form that all equal values have.
fn write(value: &Value, form: &mut Vec<u8>) {
    match value {
        Value::Null => form.push(0),
        Value::Bool(truth) => form.extend([1, u8::from(*truth)]),
        Value::Number(number) => {
            form.push(2);
            form.extend(bits(*number).to_le_bytes());
        }
        Value::Text(text) => write_text(text, form),
        Value::List(values) => {
            form.push(4);
            write_len(values.len(), form);
            values.iter().for_each(|value| write(value, form));
        }
        Value::Struct(fields) => write_fields(fields, form),
    }
}

/// The one pattern of bits that all equal numbers have: adding zero makes -0 into 0.
fn bits(number: f64) -> u64 {
    (number + 0.0).to_bits()
}

fn write_text(text: &str, form: &mut Vec<u8>) {
    form.push(3);
    write_len(text.len(), form);
    form.extend(text.as_bytes());
}

fn write_fields(fields: &Attributes, form: &mut Vec<u8>) {
    form.push(5);
    write_len(fields.len(), form);
    for (name, value) in fields.iter() {
        write_text(name, form);
        write(value, form);
    }
}

fn write_len(len: usize, form: &mut Vec<u8>) {
    // 255 announces a length of 8 bytes, so that every form reads in one way only.
    match u8::try_from(len) {
        Ok(len) if len < u8::MAX => form.push(len),
        _ => {
            form.push(u8::MAX);
            form.extend(len.to_le_bytes());
        }
    }
}

/// A value as an element of a set. It has to be finite.
#[derive(Debug, Clone, Copy)]
pub(super) struct Same<'v>(pub(super) &'v Value);

impl PartialEq for Same<'_> {
    fn eq(&self, other: &Self) -> bool {
        #[cfg(test)]
        crate::matching::steps::step();
        self.0 == other.0
    }
}

impl Eq for Same<'_> {}

impl Hash for Same<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.0 {
            Value::Null => state.write_u8(0),
            Value::Bool(truth) => truth.hash(state),
            Value::Number(number) => bits(*number).hash(state),
            Value::Text(text) => text.hash(state),
            Value::List(values) => {
                state.write_usize(values.len());
                values.iter().for_each(|value| Same(value).hash(state));
            }
            Value::Struct(fields) => {
                state.write_usize(fields.len());
                for (name, value) in fields.iter() {
                    name.hash(state);
                    Same(value).hash(state);
                }
            }
        }
    }
}

/// A list of lists in one piece of memory.
#[derive(Debug, Default)]
pub(super) struct Lists {
    ends: Vec<u32>,
    items: Vec<u32>,
}

impl Lists {
    /// Adds a list.
    pub(super) fn push(&mut self, items: impl IntoIterator<Item = u32>) {
        self.items.extend(items);
        let end = u32::try_from(self.items.len()).expect("fewer items than bytes of a stream");
        self.ends.push(end);
    }

    /// The list that was added as number `at`, from 0.
    pub(super) fn get(&self, at: u32) -> &[u32] {
        let at = at as usize;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.items[start as usize..self.ends[at] as usize]
    }

    /// Whether every list is empty.
    pub(super) fn all_empty(&self) -> bool {
        self.items.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_one_number_and_others_have_another() {
        let list = |values: &[Value]| Value::List(values.to_vec());
        let one: Attributes = [("a".into(), 1.0.into())].into_iter().collect();
        let distinct = [
            Value::Null,
            false.into(),
            true.into(),
            0.0.into(),
            1.0.into(),
            "".into(),
            "1".into(),
            "12".into(),
            list(&[]),
            list(&["1".into(), "2".into()]),
            list(&["12".into()]),
            list(&["2".into(), "1".into()]),
            Value::Struct(Attributes::new()),
            Value::Struct(one),
        ];
        let mut interner = Interner::default();
        for (at, value) in distinct.iter().enumerate() {
            assert_eq!(interner.number(value) as usize, at, "{value:?}");
        }
        for (at, value) in distinct.iter().enumerate() {
            assert_eq!(interner.number(value) as usize, at, "{value:?}");
        }
        assert_eq!(interner.number(&Value::Number(-0.0)), 3);
    }

    #[test]
    fn lists_are_kept_apart() {
        let mut lists = Lists::default();
        assert!(lists.all_empty());
        lists.push([1, 2]);
        lists.push([]);
        lists.push([3]);
        assert_eq!(
            [lists.get(0), lists.get(1), lists.get(2)],
            [&[1, 2][..], &[], &[3]]
        );
        assert!(!lists.all_empty());
    }
}
