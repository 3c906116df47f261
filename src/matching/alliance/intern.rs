//! Values as numbers: two values are equal if and only if their numbers are.

use hashbrown::HashMap;

use crate::matching::{Attributes, Text, Value};

/// Numbers for values, given in the order in which they are first seen.
#[derive(Debug, Default)]
pub(super) struct Interner {
    numbers: HashMap<Box<[u8]>, u32>,
    values: Vec<Value>,
    /// The form of the value that is looked up, kept to save an allocation for each.
    form: Vec<u8>,
}

impl Interner {
    /// The number of a value. Numbers compare by value, so `-0` is `0`; a list is equal to one of
    /// the same values in the same order. The value has to be finite.
    pub(super) fn number(&mut self, value: &Value) -> u32 {
        let mut form = std::mem::take(&mut self.form);
        form.clear();
        write(value, &mut form);
        let number = match self.numbers.get(&form[..]) {
            Some(number) => *number,
            None => {
                let number = u32::try_from(self.values.len()).expect("fewer values than bytes");
                self.numbers.insert(form.clone().into(), number);
                self.values.push(value.clone());
                number
            }
        };
        self.form = form;
        number
    }

    /// The number of a text.
    pub(super) fn text(&mut self, text: &Text) -> u32 {
        self.number(&Value::Text(text.clone()))
    }

    /// How many numbers were given.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }
}

/// Writes the one form that all equal values have.
fn write(value: &Value, form: &mut Vec<u8>) {
    match value {
        Value::Null => form.push(0),
        Value::Bool(truth) => form.extend([1, u8::from(*truth)]),
        Value::Number(number) => {
            form.push(2);
            // Adding zero makes -0 into 0.
            form.extend((number + 0.0).to_bits().to_le_bytes());
        }
        Value::Text(text) => write_text(text, form),
        Value::List(values) => {
            form.push(4);
            form.extend(values.len().to_le_bytes());
            values.iter().for_each(|value| write(value, form));
        }
        Value::Struct(fields) => write_fields(fields, form),
    }
}

fn write_text(text: &str, form: &mut Vec<u8>) {
    form.push(3);
    form.extend(text.len().to_le_bytes());
    form.extend(text.as_bytes());
}

fn write_fields(fields: &Attributes, form: &mut Vec<u8>) {
    form.push(5);
    form.extend(fields.len().to_le_bytes());
    for (name, value) in fields.iter() {
        write_text(name, form);
        write(value, form);
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
