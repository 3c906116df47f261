//! Reading protobuf without decoding it: the fields of a message, one after another, as slices of
//! the received bytes.

/// A message's fields in the order they were sent.
#[derive(Debug, Clone)]
pub struct Fields<'b> {
    rest: &'b [u8],
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content<'b> {
    /// An integer, a boolean or an enum.
    Varint(u64),
    /// Eight bytes, little endian: a double among others.
    Fixed64(u64),
    /// Four bytes, little endian.
    Fixed32(u32),
    /// A text, a message, bytes or a packed list.
    Bytes(&'b [u8]),
    /// A group, the predecessor of nested messages. The contract has none.
    Group,
}

/// Why bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The bytes end inside a field.
    #[error("the message ends inside a field")]
    Truncated,
    /// A number has more than ten bytes, or more than 64 bits.
    #[error("a number is too long")]
    Varint,
    /// A field's number is 0 or above 2^29 - 1, or its wire type does not exist.
    #[error("a field has an impossible number or wire type")]
    Key,
    /// A group ends that did not begin, or groups are nested too deeply.
    #[error("groups do not match or are nested too deeply")]
    Group,
}

/// Maximum depth of groups within groups; deeper ones are [`Malformed::Group`].
const MAX_GROUPS: usize = 32;

const MAX_FIELD_NUMBER: u64 = (1 << 29) - 1;

impl<'b> Fields<'b> {
    /// The fields of these bytes.
    #[inline]
    pub fn of(message: &'b [u8]) -> Self {
        Fields { rest: message }
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, Malformed> {
        // Nearly all keys and lengths of a ticket fit into one byte.
        if let [first, rest @ ..] = self.rest
            && *first < 0x80
        {
            self.rest = rest;
            return Ok(u64::from(*first));
        }
        // The rest are the lengths of whole tickets.
        if let [first, second, rest @ ..] = self.rest
            && *second < 0x80
        {
            self.rest = rest;
            return Ok(u64::from(first & 0x7f) | u64::from(*second) << 7);
        }
        self.long_varint()
    }

    fn long_varint(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for (at, byte) in self.rest.iter().copied().enumerate().take(10) {
            if at == 9 && byte > 1 {
                return Err(Malformed::Varint);
            }
            number |= u64::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                self.rest = &self.rest[at + 1..];
                return Ok(number);
            }
        }
        Err(if self.rest.len() < 10 {
            Malformed::Truncated
        } else {
            Malformed::Varint
        })
    }

    #[inline]
    fn bytes(&mut self, len: u64) -> Result<&'b [u8], Malformed> {
        let len = usize::try_from(len).map_err(|_| Malformed::Truncated)?;
        let (bytes, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(bytes)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(*array)
    }

    #[inline]
    fn key(&mut self) -> Result<(u32, u8), Malformed> {
        let key = self.varint()?;
        match key >> 3 {
            number @ 1..=MAX_FIELD_NUMBER => Ok((number as u32, (key & 7) as u8)),
            _ => Err(Malformed::Key),
        }
    }

    #[inline]
    fn content(
        &mut self,
        number: u32,
        wire_type: u8,
        groups: usize,
    ) -> Result<Content<'b>, Malformed> {
        match wire_type {
            0 => self.varint().map(Content::Varint),
            1 => self
                .array()
                .map(|bytes| Content::Fixed64(u64::from_le_bytes(bytes))),
            2 => {
                let len = self.varint()?;
                self.bytes(len).map(Content::Bytes)
            }
            3 => self.skip_group(number, groups + 1).map(|()| Content::Group),
            4 => Err(Malformed::Group),
            5 => self
                .array()
                .map(|bytes| Content::Fixed32(u32::from_le_bytes(bytes))),
            _ => Err(Malformed::Key),
        }
    }

    fn skip_group(&mut self, number: u32, groups: usize) -> Result<(), Malformed> {
        if groups > MAX_GROUPS {
            return Err(Malformed::Group);
        }
        loop {
            match self.key()? {
                (end, 4) if end == number => return Ok(()),
                (other, wire_type) => self.content(other, wire_type, groups)?,
            };
        }
    }

    #[inline(never)]
    fn field(&mut self) -> Result<(u32, Content<'b>), Malformed> {
        let (number, wire_type) = self.key()?;
        Ok((number, self.content(number, wire_type, 0)?))
    }
}

impl<'b> Iterator for Fields<'b> {
    type Item = Result<(u32, Content<'b>), Malformed>;

    /// The next field's number and content; after an error, nothing.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "the caller's match then needs no Content: 3 times faster"
    )]
    fn next(&mut self) -> Option<Self::Item> {
        // Nearly all fields: a key of one byte, and a number or a length of up to two.
        if let [key @ 0x08..0x80, first, rest @ ..] = self.rest {
            let number = u32::from(key >> 3);
            match (key & 7, first, rest) {
                (2, ..0x80, rest) => {
                    if let Some((bytes, rest)) = rest.split_at_checked(usize::from(*first)) {
                        self.rest = rest;
                        return Some(Ok((number, Content::Bytes(bytes))));
                    }
                }
                // A whole ticket.
                (2, _, [second @ ..0x80, rest @ ..]) => {
                    let len = usize::from(first & 0x7f) | usize::from(*second) << 7;
                    if let Some((bytes, rest)) = rest.split_at_checked(len) {
                        self.rest = rest;
                        return Some(Ok((number, Content::Bytes(bytes))));
                    }
                }
                (0, _, _) => {
                    self.rest = &self.rest[1..];
                    return Some(match self.varint() {
                        Ok(value) => Ok((number, Content::Varint(value))),
                        Err(why) => {
                            self.rest = &[];
                            Err(why)
                        }
                    });
                }
                _ => {}
            }
        }
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Result<Vec<(u32, Content<'_>)>, Malformed> {
        Fields::of(bytes).collect()
    }

    #[test]
    fn fields_come_in_order() {
        let bytes = b"\x08\x96\x01\x12\x02hi\x1d\x01\0\0\0\x21\x02\0\0\0\0\0\0\0\x2b\x08\x01\x2c";
        let fields = [
            (1, Content::Varint(150)),
            (2, Content::Bytes(b"hi")),
            (3, Content::Fixed32(1)),
            (4, Content::Fixed64(2)),
            (5, Content::Group),
        ];
        assert_eq!(all(bytes).as_deref(), Ok(&fields[..]));
    }

    #[test]
    fn what_is_not_a_message_says_why() {
        let deep = [0x0b; 40];
        let cases: [(&[u8], Malformed); 10] = [
            (b"\x08", Malformed::Truncated),
            (b"\x08\x80\x80", Malformed::Truncated),
            (b"\x12\x05hi", Malformed::Truncated),
            (
                b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                Malformed::Truncated,
            ),
            (
                b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
                Malformed::Varint,
            ),
            (
                b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                Malformed::Varint,
            ),
            (b"\x00\x00", Malformed::Key),
            (b"\x0e", Malformed::Key),
            (b"\x0c", Malformed::Group),
            (&deep, Malformed::Group),
        ];
        for (bytes, why) in cases {
            assert_eq!(all(bytes), Err(why), "{bytes:x?}");
        }
        assert_eq!(all(b"\xf8\xff\xff\xff\x1f\x01"), Err(Malformed::Key));
    }

    #[test]
    fn the_longest_number_is_read() {
        let bytes = b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        assert_eq!(all(bytes), Ok(vec![(1, Content::Varint(u64::MAX))]));
    }
}
