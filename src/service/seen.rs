//! The ids of tickets that a stream has had.

use std::hash::BuildHasher;
use std::hint::black_box;

use hashbrown::{DefaultHashBuilder, HashTable};

/// A set of ids that takes little memory, since a stream may have a million. Its answers are exact.
/// Each stream has its own seed for the hash, so that a client cannot choose ids that collide.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// AGS's ids are UUIDs without hyphens: as numbers, they take half the bytes.
    uuids: Numbers,
    others: Others,
    /// What is being inserted: numbers with their hashes.
    keys: Vec<Option<(u128, u64)>>,
}

impl Seen {
    /// Bytes of memory that it holds. O(1).
    pub(super) fn held_bytes(&self) -> usize {
        let Numbers { len, table, .. } = &self.uuids;
        let Others { letters, ids, .. } = &self.others;
        let of_uuids = len * size_of::<u128>() + size_of_val(&**table);
        let of_others = letters.capacity() + ids.capacity() * OTHER;
        of_uuids + of_others
    }

    /// Adds ids, and says of each whether it is new. An empty id always is (docs/semantics.md,
    /// "Determinism").
    ///
    /// The set of a long stream is larger than the caches of a CPU, so it is best to add many ids
    /// at once: to wait for the memory of all of them takes hardly longer than for one of them.
    pub(super) fn insert<'t>(
        &mut self,
        ids: impl Iterator<Item = &'t str> + Clone,
        new: &mut Vec<bool>,
    ) {
        let Self {
            uuids,
            others,
            keys,
        } = self;
        keys.clear();
        keys.extend(ids.clone().map(|id| {
            let number = uuid(id.as_bytes())?;
            Some((number, uuids.hash(number)))
        }));
        uuids.look_ahead(keys.iter().flatten().map(|(_, hash)| *hash));
        new.clear();
        new.extend(ids.zip(keys).map(|(id, key)| match *key {
            Some((number, hash)) => uuids.insert(number, hash),
            None => id.is_empty() || others.insert(id.as_bytes()),
        }));
    }
}

/// The number of 32 lower-case hexadecimal digits. Its other spellings are other ids.
fn uuid(id: &[u8]) -> Option<u128> {
    let digits: &[u8; 32] = id.try_into().ok()?;
    let (parts, _) = digits.as_chunks::<8>();
    parts.iter().try_fold(0, |number: u128, part| {
        Some(number << 32 | u128::from(eight_digits(*part)?))
    })
}

/// Each byte of a word is this one.
const fn bytes_of(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The number of 8 digits, computed for all of them at once.
fn eight_digits(digits: [u8; 8]) -> Option<u32> {
    let word = u64::from_be_bytes(digits);
    // Letters have bit 6; 'a' ends with the bits of 1.
    let letters = word >> 6 & bytes_of(1);
    let values = (word & bytes_of(0x0f)) + letters * 9;
    // If these were digits, their values written as digits give the same bytes.
    let above_nine = (values + bytes_of(6)) >> 4 & bytes_of(1);
    let spelt = values + bytes_of(b'0') + above_nine * u64::from(b'a' - b'9' - 1);
    if spelt != word || values & bytes_of(0xf0) != 0 {
        return None;
    }
    let pairs = (values | values >> 4) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    u32::try_from((fours | fours >> 16) & 0xffff_ffff).ok()
}

/// Numbers in the order in which they came, and a table of their places for the search: 24 to 32
/// bytes for each, of which a search reads one cache line.
#[derive(Debug, Default)]
struct Numbers {
    /// Pieces of [`PIECE`] numbers: nothing is copied when there are more.
    pieces: Vec<Vec<u128>>,
    len: usize,
    /// Open addressing with linear probing; the length is a power of two and at least twice the
    /// numbers'. 0 is free; else the bits below the length are 1 + the number's place, and those
    /// above are some of its hash.
    table: Vec<u32>,
    hasher: DefaultHashBuilder,
}

/// Length of the first table.
const FIRST_TABLE: usize = 64;

/// Numbers that are stored together.
const PIECE: usize = 1024;

impl Numbers {
    fn hash(&self, number: u128) -> u64 {
        self.hasher.hash_one(number)
    }

    /// Reads the places of these hashes in the table, so that they are in the cache when they are
    /// needed. The loop does nothing else, so the CPU waits for many of them at the same time.
    fn look_ahead(&self, hashes: impl Iterator<Item = u64>) {
        let mask = self.table.len().wrapping_sub(1);
        let slots = hashes.filter_map(|hash| self.table.get(hash as usize & mask));
        black_box(slots.fold(0, |sum, slot| sum ^ slot));
    }

    fn insert(&mut self, number: u128, hash: u64) -> bool {
        if self.table.len() <= 2 * self.len {
            self.grow();
        }
        match self.search(number, hash) {
            Ok(()) => false,
            Err((at, tag)) => {
                if self.len.is_multiple_of(PIECE) {
                    let room = if self.len == 0 { FIRST_TABLE } else { PIECE };
                    self.pieces.push(Vec::with_capacity(room));
                }
                if let Some(piece) = self.pieces.last_mut() {
                    piece.push(number);
                }
                self.len += 1;
                // A stream has at most u32::MAX tickets.
                self.table[at] = tag | u32::try_from(self.len).unwrap_or(u32::MAX);
                true
            }
        }
    }

    /// Finds a number, or else the slot where it belongs and the upper bits for it.
    fn search(&self, number: u128, hash: u64) -> Result<(), (usize, u32)> {
        let mask = self.table.len() - 1;
        let places = u32::try_from(mask).unwrap_or(u32::MAX);
        let tag = (hash >> 32) as u32 & !places;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.table[at];
            if slot == 0 {
                return Err((at, tag));
            }
            if slot & !places == tag && self.at((slot & places) as usize - 1) == number {
                return Ok(());
            }
            at = (at + 1) & mask;
        }
    }

    fn at(&self, place: usize) -> u128 {
        self.pieces[place / PIECE][place % PIECE]
    }

    /// Doubles the table. The numbers are entered in their order: memory is read in sequence.
    #[cold]
    fn grow(&mut self) {
        self.table = vec![0; (2 * self.table.len()).max(FIRST_TABLE)];
        for (place, number) in (1..).zip(self.pieces.iter().flatten()) {
            // No number is stored twice.
            if let Err((at, tag)) = self.search(*number, self.hash(*number)) {
                self.table[at] = tag | place;
            }
        }
    }
}

/// Bytes of an entry in the table of [`Others`]: the place, and a byte of the table's own.
const OTHER: usize = size_of::<(usize, u32)>() + 1;

/// All other ids: their bytes one after another, and a table of their places.
#[derive(Debug, Default)]
struct Others {
    letters: Vec<u8>,
    /// Start and length in `letters`.
    ids: HashTable<(usize, u32)>,
    hasher: DefaultHashBuilder,
}

impl Others {
    fn insert(&mut self, id: &[u8]) -> bool {
        let Self {
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

    fn insert(seen: &mut Seen, id: &str) -> bool {
        let mut new = Vec::new();
        seen.insert([id].into_iter(), &mut new);
        new == [true]
    }

    #[test]
    fn spellings_are_told_apart() {
        let mut seen = Seen::default();
        let lower = "0123456789abcdef0123456789abcdef";
        assert!(insert(&mut seen, lower));
        assert!(!insert(&mut seen, lower));
        assert!(insert(&mut seen, &lower.to_uppercase()));
        assert!(insert(&mut seen, &lower[1..]));
        assert!(insert(&mut seen, &format!("{}g", &lower[1..])));
        assert_eq!(
            uuid(lower.as_bytes()),
            Some(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef)
        );
    }

    #[test]
    fn digits_are_those_of_lower_case_hexadecimal_and_no_other_byte() {
        for byte in 0..=255 {
            for at in 0..8 {
                let mut digits = *b"12345678";
                digits[at] = byte;
                let text = std::str::from_utf8(&digits).ok();
                let lower = text.filter(|text| !text.contains(|c: char| c.is_ascii_uppercase()));
                let number = lower.and_then(|text| u32::from_str_radix(text, 16).ok());
                let signed = byte == b'+';
                assert_eq!(
                    eight_digits(digits),
                    number.filter(|_| !signed),
                    "{digits:?}"
                );
            }
        }
    }

    #[test]
    fn a_long_stream_is_remembered_whole() {
        let mut seen = Seen::default();
        let ids: Vec<String> = (0..10_000_u128)
            .map(|n| format!("{:032x}", (n << 90) | (n % 7)))
            .collect();
        let mut new = Vec::new();
        for part in ids.chunks(32) {
            seen.insert(part.iter().map(String::as_str), &mut new);
            assert!(new.iter().all(|new| *new) && new.len() == part.len());
        }
        seen.insert(ids.iter().map(String::as_str), &mut new);
        assert!(!new.contains(&true) && new.len() == ids.len());
    }

    proptest::proptest! {
        #[test]
        fn it_answers_as_a_set_does(
            ids in proptest::collection::vec("[ab]{0,4}|[01]{32}", 0..200),
            at_once in 1..40_usize,
        ) {
            let mut seen = Seen::default();
            let mut set = HashSet::new();
            let mut new = Vec::new();
            for ids in ids.chunks(at_once).chain(ids.chunks(at_once)) {
                seen.insert(ids.iter().map(String::as_str), &mut new);
                let expected = ids.iter().map(|id| id.is_empty() || set.insert(id));
                proptest::prop_assert_eq!(&new, &expected.collect::<Vec<_>>());
            }
        }
    }
}
