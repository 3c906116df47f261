//! What the two streams carry. Both have the same shape: parameters in field 1, then tickets.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::Message;
use prost::encoding::{self, WireType};

use super::generated::{Rules, Scope};
use super::opaque::Opaque;
use super::wire::{Content, Fields, Malformed};

/// `MakeMatchesParameters` of either stream: what opens a tick.
#[derive(Clone, PartialEq, Message)]
pub struct Parameters {
    /// AGS's own trace id.
    #[prost(message, optional, tag = "1")]
    pub scope: Option<Scope>,
    /// The ruleset.
    #[prost(message, optional, tag = "2")]
    pub rules: Option<Rules>,
    /// Number of the tick.
    #[prost(uint64, tag = "3")]
    pub tick_id: u64,
}

/// A field of the oneof `request_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// The parameters, in both streams.
    Parameters,
    /// A ticket.
    Ticket,
    /// A session to fill, in the backfill stream.
    BackfillTicket,
}

/// Which field numbers a stream's oneof has.
#[derive(Debug, Clone, Copy)]
pub struct Slots(&'static [(u32, Slot)]);

impl Slots {
    /// `MakeMatchesRequest`.
    pub const MAKE_MATCHES: Self = Self(&[(1, Slot::Parameters), (2, Slot::Ticket)]);

    /// `BackfillMakeMatchesRequest`.
    pub const BACKFILL: Self = Self(&[
        (1, Slot::Parameters),
        (2, Slot::BackfillTicket),
        (3, Slot::Ticket),
    ]);

    /// What a request holds: the last field of the oneof, as in protobuf, without a copy. `None` if
    /// the oneof is not set.
    ///
    /// # Errors
    ///
    /// If the bytes are not a message.
    pub fn read(self, request: Opaque) -> Result<Option<(Slot, Bytes)>, Malformed> {
        let mut body = request.into_fields();
        let mut found: Option<(Slot, &[u8])> = None;
        let mut pieces = 0;
        for field in Fields::of(&body) {
            let (number, Content::Bytes(inner)) = field? else {
                continue;
            };
            if let Some((_, slot)) = self.0.iter().rfind(|(tag, _)| *tag == number) {
                let same = found.is_some_and(|(before, _)| before == *slot);
                pieces = if same { pieces + 1 } else { 1 };
                found = Some((*slot, inner));
            }
        }
        let Some((slot, inner)) = found else {
            return Ok(None);
        };
        if pieces > 1 {
            return Ok(Some((slot, self.merged(slot, &body)?)));
        }
        // The request itself is cut down to its content: cheaper than a second handle to its bytes.
        let end = inner.as_ptr().addr() - body.as_ptr().addr() + inner.len();
        let start = end - inner.len();
        body.truncate(end);
        body.advance(start);
        Ok(Some((slot, body)))
    }

    /// The pieces that the last message was sent in: they are one message.
    fn merged(self, last: Slot, body: &[u8]) -> Result<Bytes, Malformed> {
        let mut merged = BytesMut::new();
        for field in Fields::of(body) {
            let (number, Content::Bytes(inner)) = field? else {
                continue;
            };
            match self.0.iter().find(|(tag, _)| *tag == number) {
                Some((_, slot)) if *slot == last => merged.extend_from_slice(inner),
                Some(_) => merged.clear(),
                None => {}
            }
        }
        Ok(merged.freeze())
    }

    /// A request that holds this message; `None` if the stream has no such slot.
    pub fn write(self, slot: Slot, message: &impl Message) -> Option<Opaque> {
        let (tag, _) = self.0.iter().find(|(_, other)| *other == slot)?;
        let len = message.encoded_len();
        let mut body = BytesMut::with_capacity(len + 12);
        encoding::encode_key(*tag, WireType::LengthDelimited, &mut body);
        encoding::encode_varint(len as u64, &mut body);
        body.put(message.encode_to_vec().as_slice());
        Some(body.freeze().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &'static [u8]) -> Result<Option<(Slot, Bytes)>, Malformed> {
        Slots::BACKFILL.read(Bytes::from_static(bytes).into())
    }

    #[test]
    fn the_last_field_of_the_oneof_counts() {
        let ticket = Bytes::from_static(b"\x0a\x01t");
        assert_eq!(
            read(b"\x12\x01x\x1a\x03\x0a\x01t"),
            Ok(Some((Slot::Ticket, ticket)))
        );
        assert_eq!(read(b""), Ok(None));
        assert_eq!(
            read(b"\x22\x01x\x08\x01"),
            Ok(None),
            "unknown field, wrong wire type"
        );
    }

    #[test]
    fn two_pieces_of_a_ticket_are_one() {
        let merged = Bytes::from_static(b"\x0a\x01t\x12\x01p");
        let pieces = read(b"\x1a\x03\x0a\x01t\x1a\x03\x12\x01p");
        assert_eq!(pieces, Ok(Some((Slot::Ticket, merged))));
    }

    #[test]
    fn what_is_written_is_read() {
        let parameters = Parameters {
            tick_id: 9,
            ..Parameters::default()
        };
        let request = Slots::MAKE_MATCHES
            .write(Slot::Parameters, &parameters)
            .unwrap();
        let (slot, bytes) = Slots::MAKE_MATCHES.read(request).unwrap().unwrap();
        assert_eq!(slot, Slot::Parameters);
        assert_eq!(Parameters::decode(bytes), Ok(parameters));
    }
}
