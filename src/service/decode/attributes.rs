//! Reading `google.protobuf.Struct`.

use bytes::Bytes;

use super::bound::Bound;
use super::budget::{Budget, exceeds};
use super::fault::{DecodeFault, Decoded};
use super::field::{bytes, text, wire_type};
use super::known::Known;
use crate::matching::rules::quoted;
use crate::matching::{Text, Value, Wanted};
use crate::proto::wire::{Content, Fields};

/// Reads the wanted fields of a `Struct`, as pairs of [`Known`]: a struct may be sent in pieces, and
/// the last entry of each name counts, so they are made one list when the last piece was read.
#[inline]
pub(super) fn read(
    body: &Bytes,
    message: &[u8],
    wanted: &Wanted,
    budget: &mut Budget<'_>,
    known: &mut Known,
) -> Decoded<()> {
    if *wanted == Wanted::None {
        return Ok(());
    }
    fields(body, message, Some(wanted), budget, known, 1)
}

/// Reads the fields of a `Struct`; only those wanted, or all.
fn fields(
    body: &Bytes,
    message: &[u8],
    wanted: Option<&Wanted>,
    budget: &mut Budget<'_>,
    known: &mut Known,
    depth: u32,
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
        budget.value::<(Text, Value)>()?;
        let value = match sent {
            Some(message) => value(body, message, budget, known, depth)
                .map_err(|fault| fault.within(|| format!("fields[{}]", quoted(&name))))?,
            None => Value::Null,
        };
        known.pairs.push((name, value));
    }
    Ok(())
}

/// A value of which pieces have been read.
enum Pieces {
    Scalar(Value),
    List,
    Struct,
}

/// Reads a `Value`: the last of its kinds counts; two pieces of a list or an object are one.
fn value(
    body: &Bytes,
    message: &[u8],
    budget: &mut Budget<'_>,
    known: &mut Known,
    depth: u32,
) -> Decoded<Value> {
    let (pairs, values) = (known.pairs.len(), known.values.len());
    let mut pieces = Pieces::Scalar(Value::Null);
    for field in Fields::of(message) {
        let (number, content) = field.map_err(DecodeFault::malformed(""))?;
        let scalar = match (number, content) {
            (1, Content::Varint(_)) => Value::Null,
            (2, Content::Fixed64(bits)) => Value::Number(finite(f64::from_bits(bits))?),
            (3, content @ Content::Bytes(_)) => Value::Text(text(body, content, "string_value")?),
            (4, Content::Varint(truth)) => Value::Bool(truth != 0),
            (5, Content::Bytes(inner)) => {
                budget.depth(depth)?;
                known.values.truncate(values);
                pieces = Pieces::Struct;
                fields(body, inner, None, budget, known, depth + 1)?;
                continue;
            }
            (6, Content::Bytes(inner)) => {
                budget.depth(depth)?;
                known.pairs.truncate(pairs);
                pieces = Pieces::List;
                list(body, inner, budget, known, depth + 1)?;
                continue;
            }
            (1..=6, _) => return Err(wire_type("value", "that of the kind")),
            _ => continue,
        };
        known.pairs.truncate(pairs);
        known.values.truncate(values);
        pieces = Pieces::Scalar(scalar);
    }
    Ok(match pieces {
        Pieces::Scalar(value) => value,
        Pieces::List => Value::List(known.values.drain(values..).collect()),
        Pieces::Struct => Value::Struct(known.attributes(pairs)),
    })
}

fn finite(number: f64) -> Decoded<f64> {
    if number.is_finite() {
        return Ok(number);
    }
    Err(exceeds(Bound::NotFinite))
}

fn list(
    body: &Bytes,
    message: &[u8],
    budget: &mut Budget<'_>,
    known: &mut Known,
    depth: u32,
) -> Decoded<()> {
    for field in Fields::of(message) {
        if let (1, content) = field.map_err(DecodeFault::malformed(""))? {
            budget.value::<Value>()?;
            let value = value(body, bytes(content, "values")?, budget, known, depth)?;
            known.values.push(value);
        }
    }
    Ok(())
}
