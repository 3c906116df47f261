//! The bloom filter of IAM's revocation list. It finds every revoked token by its text, and rarely
//! a token that is not revoked.

use serde::Deserialize;

/// Maximum number of bits per token. IAM's false-positive rate of 1e-5 needs 17.
const MAX_HASHES: u64 = 64;

/// Why a filter cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Hashes per key out of range.
    #[error("k is {0}: allowed are 1 to {MAX_HASHES} (or 0 in an empty filter)")]
    Hashes(u64),
    /// Number of bits out of range.
    #[error("m is {m}: allowed are 1 to {available}, the bits sent (or 0 in an empty filter)")]
    Size {
        /// As sent.
        m: u64,
        /// Bits sent.
        available: u64,
    },
}

/// A filter as it is on the wire.
#[derive(Debug, Deserialize)]
pub struct WireFilter {
    m: u64,
    k: u64,
    /// Full 64-bit words: never read through floating point.
    #[serde(default)]
    bits: Option<Vec<u64>>,
}

/// A set of texts. A text that was put in is always found; another one rarely is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BloomFilter {
    bits: Box<[u64]>,
    size: u64,
    hashes: u64,
}

impl TryFrom<WireFilter> for BloomFilter {
    type Error = FilterError;

    /// Takes a filter from the wire if its sizes fit each other.
    fn try_from(wire: WireFilter) -> Result<Self, FilterError> {
        let bits = wire.bits.unwrap_or_default();
        if (wire.m, wire.k, bits.len()) == (0, 0, 0) {
            return Ok(Self::default());
        }
        if !(1..=MAX_HASHES).contains(&wire.k) {
            return Err(FilterError::Hashes(wire.k));
        }
        let available = bits.len() as u64 * u64::from(u64::BITS);
        if !(1..=available).contains(&wire.m) {
            return Err(FilterError::Size {
                m: wire.m,
                available,
            });
        }
        Ok(Self {
            bits: bits.into_boxed_slice(),
            size: wire.m,
            hashes: wire.k,
        })
    }
}

impl BloomFilter {
    /// Whether the text may have been put in. One hash over the text, at most 64 probes.
    pub fn may_contain(&self, text: &[u8]) -> bool {
        // Without bits nothing was put in, and `all` over no probe would be true for every text.
        self.size != 0
            && indexes(text, self.size, self.hashes).all(|index| {
                let word = self.bits[(index / 64) as usize];
                word >> (index % 64) & 1 == 1
            })
    }
}

/// The probed bits of a text: `(h1 + i·h2 mod 2^64) mod 2^63 mod m` for `i` below `k`.
fn indexes(text: &[u8], size: u64, hashes: u64) -> impl Iterator<Item = u64> {
    let (first, second) = halves(text);
    (0..hashes).map(move |i| {
        let mixed = first.wrapping_add(i.wrapping_mul(second));
        (mixed & (u64::MAX >> 1)) % size
    })
}

/// The two halves of MurmurHash3 x64 128 with seed 0.
fn halves(text: &[u8]) -> (u64, u64) {
    let hash = murmur3::murmur3_x64_128(&mut &text[..], 0).expect("reading memory cannot fail");
    (hash as u64, (hash >> 64) as u64)
}

#[cfg(test)]
mod tests;
