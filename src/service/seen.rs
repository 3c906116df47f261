//! Which ticket ids a stream has brought.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashSet, HashTable};

/// A set of ids that costs little memory, as a stream may bring a million. It answers exactly; the
/// hash is seeded anew for each stream, so that no client can choose ids that collide.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// AGS's ids are UUIDs without hyphens: these as numbers, in half the bytes.
    uuids: HashSet<u128>,
    others: Others,
}

impl Seen {
    /// Adds an id; false if it is there already. An empty id is always new (ruleset contract D).
    pub(super) fn insert(&mut self, id: &str) -> bool {
        match uuid(id.as_bytes()) {
            Some(number) => self.uuids.insert(number),
            None => id.is_empty() || self.others.insert(id.as_bytes()),
        }
    }
}

/// The number that 32 lower-case hexadecimal digits spell. Other spellings of it are other ids.
fn uuid(id: &[u8]) -> Option<u128> {
    let digits: &[u8; 32] = id.try_into().ok()?;
    let mut wrong = 0;
    let mut number = 0_u128;
    for half in digits.chunks_exact(16) {
        let mut low = 0_u64;
        for digit in half {
            let value = DIGITS[usize::from(*digit)];
            wrong |= value;
            low = low << 4 | u64::from(value & 15);
        }
        number = number << 64 | u128::from(low);
    }
    (wrong < 16).then_some(number)
}

/// The value of each letter as a digit; 16 for what is none.
const DIGITS: [u8; 256] = {
    let mut digits = [16; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value as usize] as usize] = value;
        value += 1;
    }
    digits
};

/// Any other ids: they stand one behind the other, and the table holds places.
#[derive(Debug, Default)]
struct Others {
    letters: Vec<u8>,
    /// Start and length in `letters`.
    ids: HashTable<(usize, u32)>,
    hasher: DefaultHashBuilder,
}

impl Others {
    fn insert(&mut self, id: &[u8]) -> bool {
        let Others {
            letters,
            ids,
            hasher,
        } = self;
        let at = |&(start, len): &(usize, u32)| &letters[start..start + len as usize];
        let hash = hasher.hash_one(id);
        if ids.find(hash, |place| at(place) == id).is_some() {
            return false;
        }
        // A message is at most 1 GiB, see Limits::max_message_bytes.
        let place = (letters.len(), u32::try_from(id.len()).unwrap_or(u32::MAX));
        ids.insert_unique(hash, place, |place| hasher.hash_one(at(place)));
        letters.extend_from_slice(id);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn spellings_are_told_apart() {
        let mut seen = Seen::default();
        let lower = "0123456789abcdef0123456789abcdef";
        assert!(seen.insert(lower));
        assert!(!seen.insert(lower));
        assert!(seen.insert(&lower.to_uppercase()));
        assert!(seen.insert(&lower[1..]));
        assert!(seen.insert(&format!("{}g", &lower[1..])));
        assert_eq!(
            uuid(lower.as_bytes()),
            Some(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef)
        );
    }

    proptest::proptest! {
        #[test]
        fn it_answers_as_a_set_does(ids in proptest::collection::vec("[ab]{0,4}|[01]{32}", 0..200)) {
            let mut seen = Seen::default();
            let mut set = HashSet::new();
            for id in ids.iter().chain(&ids) {
                proptest::prop_assert_eq!(seen.insert(id), id.is_empty() || set.insert(id));
            }
        }
    }
}
