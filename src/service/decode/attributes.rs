//! Reading `google.protobuf.Struct`.

use bytes::Bytes;

use super::fault::{DecodeFault, Decoded};
use super::field::{bytes, text, wire_type};
use super::known::Known;
use crate::matching::{Attributes, Text, Value, Wanted};
use crate::proto::wire::{Content, Fields};
use crate::service::limits::Limits;

/// How many more values a ticket may have.
pub(super) struct Budget {
    values: u32,
    allowed: u32,
    depth: u32,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        let allowed = limits.max_attributes_per_ticket;
        Self {
            values: allowed,
            allowed,
            depth: limits.max_attribute_depth,
        }
    }

    fn spend(&mut self) -> Decoded<()> {
        self.values = self.values.checked_sub(1).ok_or_else(|| {
            Box::new(DecodeFault::TooMany {
                path: String::new(),
                allowed: self.allowed,
                what: "attribute values",
                setting: "MAX_ATTRIBUTES_PER_TICKET",
            })
        })?;
        Ok(())
    }

    fn too_deep(&self) -> Box<DecodeFault> {
        Box::new(DecodeFault::TooMany {
            path: String::new(),
            allowed: self.depth,
            what: "levels of lists and objects",
            setting: "MAX_ATTRIBUTE_DEPTH",
        })
    }
}

/// Reads the wanted fields of a `Struct` into `attributes`.
pub(super) fn read(
    body: &Bytes,
    message: &[u8],
    wanted: &Wanted,
    budget: &mut Budget,
    known: &mut Known,
    attributes: &mut Attributes,
) -> Decoded<()> {
    if *wanted == Wanted::None {
        return Ok(());
    }
    fields(body, message, Some(wanted), budget, known, 1, attributes)
}

/// Reads the fields of a `Struct`; only those wanted, or all.
fn fields(
    body: &Bytes,
    message: &[u8],
    wanted: Option<&Wanted>,
    budget: &mut Budget,
    known: &mut Known,
    depth: u32,
    out: &mut Attributes,
) -> Decoded<()> {
    for field in Fields::of(message) {
        let (1, content) = field.map_err(DecodeFault::malformed(""))? else {
            continue;
        };
        let entry = bytes(content, "fields")?;
        let mut name = Text::new();
        let mut sent: Option<&[u8]> = None;
        for part in Fields::of(entry) {
            match part.map_err(DecodeFault::malformed("fields"))? {
                (1, content) => name = known.text(body, content, "fields.key")?,
                (2, content) => sent = Some(bytes(content, "fields.value")?),
                _ => {}
            }
        }
        if wanted.is_some_and(|wanted| !wanted.wants(&name)) {
            continue;
        }
        let value = match sent {
            Some(message) => value(body, message, budget, known, depth)
                .map_err(|fault| fault.within(|| format!("fields[{name:?}]")))?,
            None => Value::Null,
        };
        out.set(name, value);
    }
    Ok(())
}

/// Reads a `Value`: the last of its kinds counts; two pieces of a list or an object are one.
fn value(
    body: &Bytes,
    message: &[u8],
    budget: &mut Budget,
    known: &mut Known,
    depth: u32,
) -> Decoded<Value> {
    budget.spend()?;
    let mut value = Value::Null;
    for field in Fields::of(message) {
        let (number, content) = field.map_err(DecodeFault::malformed(""))?;
        match (number, content) {
            (1, Content::Varint(_)) => value = Value::Null,
            (2, Content::Fixed64(bits)) => value = Value::Number(f64::from_bits(bits)),
            (3, content @ Content::Bytes(_)) => {
                value = Value::Text(text(body, content, "string_value")?);
            }
            (4, Content::Varint(truth)) => value = Value::Bool(truth != 0),
            (5 | 6, Content::Bytes(_)) if depth > budget.depth => return Err(budget.too_deep()),
            (5, Content::Bytes(inner)) => {
                let mut inside = match value {
                    Value::Struct(inside) => inside,
                    _ => Attributes::new(),
                };
                fields(body, inner, None, budget, known, depth + 1, &mut inside)?;
                value = Value::Struct(inside);
            }
            (6, Content::Bytes(inner)) => {
                let mut inside = match value {
                    Value::List(inside) => inside,
                    _ => Vec::new(),
                };
                list(body, inner, budget, known, depth + 1, &mut inside)?;
                value = Value::List(inside);
            }
            (1..=6, _) => return Err(wire_type("value", "that of the kind")),
            _ => {}
        }
    }
    Ok(value)
}

fn list(
    body: &Bytes,
    message: &[u8],
    budget: &mut Budget,
    known: &mut Known,
    depth: u32,
    out: &mut Vec<Value>,
) -> Decoded<()> {
    for field in Fields::of(message) {
        if let (1, content) = field.map_err(DecodeFault::malformed(""))? {
            out.push(value(
                body,
                bytes(content, "values")?,
                budget,
                known,
                depth,
            )?);
        }
    }
    Ok(())
}
