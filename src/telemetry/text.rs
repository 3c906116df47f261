//! Ids and numbers as digits, without a string in between.

/// An id of up to 16 bytes as hex digits. Every call writes four; the formatting of `std` costs eight times as
/// much.
pub(super) struct Hex {
    digits: [u8; 32],
    len: usize,
}

impl Hex {
    /// The digits of an id.
    pub(super) fn of<const N: usize>(id: [u8; N]) -> Self {
        const { assert!(N <= 16) };
        let mut digits = [b'0'; 32];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(id) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        Self { digits, len: 2 * N }
    }

    /// The digits.
    pub(super) fn as_str(&self) -> &str {
        // They are ASCII.
        std::str::from_utf8(&self.digits[..self.len]).unwrap_or_default()
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The last `N` decimal digits of a number, with zeros before it.
pub(super) fn digits<const N: usize>(mut number: u32) -> [u8; N] {
    let mut text = [b'0'; N];
    for digit in text.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_numbers_keep_their_zeros() {
        let id = 0x00ab_cdef_0123_4567_u64.to_be_bytes();
        assert_eq!(Hex::of(id).as_str(), "00abcdef01234567");
        assert_eq!(Hex::of([0xff; 16]).as_str(), "f".repeat(32));
        assert_eq!(&digits::<6>(1_203), b"001203");
        assert_eq!(&digits::<2>(1_203), b"03");
    }
}
