//! Single fields: their content, checked.

use bytes::Bytes;

use super::bound::Bound;
use super::budget::exceeds;
use super::fault::{DecodeFault, Decoded};
use crate::matching::Text;
use crate::proto::wire::{Content, Fields};

/// A `google.protobuf.Timestamp`.
#[derive(Default)]
pub(super) struct Created {
    set: bool,
    seconds: i64,
    nanos: i32,
}

impl Created {
    pub(super) fn read(&mut self, message: &[u8]) -> Decoded<()> {
        self.set = true;
        for field in Fields::of(message) {
            match field.map_err(DecodeFault::malformed("CreatedAt"))? {
                (1, Content::Varint(number)) => self.seconds = number.cast_signed(),
                // An int32 is sent as 64 bits; the upper half repeats the sign.
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "as protobuf reads an int32"
                )]
                (2, Content::Varint(number)) => self.nanos = number as i32,
                (1, _) => return Err(wire_type("CreatedAt.seconds", "a varint")),
                (2, _) => return Err(wire_type("CreatedAt.nanos", "a varint")),
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn unix_ms(&self) -> Option<i64> {
        let whole = self.seconds.saturating_mul(1000);
        self.set
            .then(|| whole.saturating_add(i64::from(self.nanos / 1_000_000)))
    }
}

pub(super) fn bytes<'b>(content: Content<'b>, path: &'static str) -> Decoded<&'b [u8]> {
    match content {
        Content::Bytes(bytes) => Ok(bytes),
        _ => Err(wire_type(path, "length-delimited")),
    }
}

pub(super) fn text(body: &Bytes, content: Content<'_>, path: &'static str) -> Decoded<Text> {
    let bytes = bytes(content, path)?;
    if bytes.is_empty() {
        return Ok(Text::new());
    }
    Text::try_from(body.slice_ref(bytes)).map_err(|_| {
        Box::new(DecodeFault::NotUtf8 {
            path: path.to_owned(),
        })
    })
}

pub(super) fn wire_type(path: &'static str, expected: &'static str) -> Box<DecodeFault> {
    Box::new(DecodeFault::WireType {
        path: path.to_owned(),
        expected,
    })
}

/// Refuses the element after the last allowed one.
pub(super) fn within(at: usize, allowed: u32, bound: Bound) -> Decoded<()> {
    if at < allowed as usize {
        return Ok(());
    }
    Err(exceeds(bound))
}
