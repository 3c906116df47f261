//! A message that is passed on, not decoded.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::DecodeError;
use prost::encoding::{self, DecodeContext, WireType};

/// A message kept as it was received: its encoded fields, including those that this version of the
/// contract does not know. It is sent as the same bytes.
///
/// [`super::wire`] reads its fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opaque {
    fields: Bytes,
}

/// Maximum depth of groups within groups; deeper ones are an error.
const MAX_GROUPS: usize = 32;

impl Opaque {
    /// The encoded fields.
    pub fn fields(&self) -> &Bytes {
        &self.fields
    }

    /// The encoded fields.
    pub fn into_fields(self) -> Bytes {
        self.fields
    }
}

impl From<Bytes> for Opaque {
    /// A message of these encoded fields.
    fn from(fields: Bytes) -> Self {
        Self { fields }
    }
}

impl prost::Message for Opaque {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        buf.put_slice(&self.fields);
    }

    fn encoded_len(&self) -> usize {
        self.fields.len()
    }

    /// Takes the whole message, without a copy if the buffer can be split.
    fn decode(mut buf: impl Buf) -> Result<Self, DecodeError> {
        let len = buf.remaining();
        Ok(Self {
            fields: buf.copy_to_bytes(len),
        })
    }

    /// Takes one field. Only called where this message is a field of one that generated code
    /// decodes; prost has then read the key of the field.
    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        _ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        let mut merged = BytesMut::from(std::mem::take(&mut self.fields));
        let copied = copy_field(tag, wire_type, buf, 0, &mut merged);
        self.fields = merged.freeze();
        copied
    }

    fn clear(&mut self) {
        self.fields = Bytes::new();
    }
}

fn copy_field(
    tag: u32,
    wire_type: WireType,
    buf: &mut impl Buf,
    groups: usize,
    out: &mut BytesMut,
) -> Result<(), DecodeError> {
    encoding::encode_key(tag, wire_type, out);
    match wire_type {
        WireType::Varint => encoding::encode_varint(encoding::decode_varint(buf)?, out),
        WireType::SixtyFourBit => copy(buf, 8, out)?,
        WireType::ThirtyTwoBit => copy(buf, 4, out)?,
        WireType::LengthDelimited => {
            let len = encoding::decode_varint(buf)?;
            encoding::encode_varint(len, out);
            copy(buf, len, out)?;
        }
        WireType::StartGroup if groups < MAX_GROUPS => loop {
            let (inner, inner_type) = encoding::decode_key(buf)?;
            if inner_type == WireType::EndGroup && inner == tag {
                encoding::encode_key(tag, WireType::EndGroup, out);
                break;
            }
            copy_field(inner, inner_type, buf, groups + 1, out)?;
        },
        WireType::StartGroup | WireType::EndGroup => return Err(malformed()),
    }
    Ok(())
}

fn copy(buf: &mut impl Buf, len: u64, out: &mut BytesMut) -> Result<(), DecodeError> {
    match usize::try_from(len) {
        Ok(len) if len <= buf.remaining() => {
            out.put(buf.take(len));
            Ok(())
        }
        _ => Err(malformed()),
    }
}

/// An error of prost's. It has no public constructor, so one is provoked.
fn malformed() -> DecodeError {
    encoding::decode_varint(&mut &[][..]).expect_err("an empty buffer has no number")
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::proto::{EnrichTicketRequest, EnrichTicketResponse};

    /// Fields of every wire type, known and unknown ones.
    const FIELDS: &[u8] = b"\x0a\x02id\x92\x03\x03new\x98\x03\x96\x01\
        \xa1\x03\x01\x02\x03\x04\x05\x06\x07\x08\xad\x03\x01\x02\x03\x04\xb3\x03\x08\x01\xb4\x03";

    #[test]
    fn a_message_comes_back_as_it_went_in() {
        let opaque = Opaque::decode(FIELDS).unwrap();
        assert_eq!(opaque.encode_to_vec(), FIELDS);
    }

    #[test]
    fn so_does_one_within_another_message() {
        let ticket = Some(Opaque::from(Bytes::from_static(FIELDS)));
        let request = EnrichTicketRequest {
            ticket: ticket.clone(),
            rules: None,
        }
        .encode_to_vec();
        let received = EnrichTicketRequest::decode(&request[..]).unwrap();
        assert_eq!(received.ticket, ticket);
        let response = EnrichTicketResponse {
            ticket: received.ticket,
        }
        .encode_to_vec();
        assert_eq!(response[..], request[..]);
    }

    #[test]
    fn broken_fields_are_refused() {
        let deep = [&b"\x0a\x28"[..], &[0x0b; 40]].concat();
        let broken: [&[u8]; 5] = [
            b"\x0a\x03\x0a\x05x",
            b"\x0a\x01\x0c",
            b"\x0a\x02\x0b\x08",
            b"\x0a\x02\x09\x01",
            &deep,
        ];
        for bytes in broken {
            assert!(EnrichTicketRequest::decode(bytes).is_err(), "{bytes:x?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_taken_or_refused(bytes in proptest::collection::vec(0_u8.., 0..64)) {
            let message = [&[0x0a, u8::try_from(bytes.len()).unwrap()], &bytes[..]].concat();
            let fields: Result<Vec<_>, _> = crate::proto::wire::Fields::of(&bytes).collect();
            let decoded = EnrichTicketRequest::decode(&message[..]);
            // Both readers agree on what a message is (prost has no limit to a field's number).
            if fields.is_ok() {
                proptest::prop_assert!(decoded.is_ok());
            }
        }
    }
}
