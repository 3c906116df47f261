//! Which ticket ids a stream has brought.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// A set of ids that costs little more than their letters: they stand one behind the other, and
/// the table holds places. It answers exactly; the hash is seeded anew for each stream, so that no
/// client can choose ids that collide.
#[derive(Debug, Default)]
pub(super) struct Seen {
    letters: Vec<u8>,
    /// Start and length in `letters`.
    ids: HashTable<(usize, u32)>,
    hasher: DefaultHashBuilder,
}

impl Seen {
    /// Adds an id; false if it is there already. An empty id is always new (ruleset contract D).
    pub(super) fn insert(&mut self, id: &str) -> bool {
        if id.is_empty() {
            return true;
        }
        let Seen {
            letters,
            ids,
            hasher,
        } = self;
        let at = |&(start, len): &(usize, u32)| &letters[start..start + len as usize];
        let hash = hasher.hash_one(id.as_bytes());
        if ids.find(hash, |place| at(place) == id.as_bytes()).is_some() {
            return false;
        }
        // A message is at most 1 GiB, see Limits::max_message_bytes.
        let place = (letters.len(), u32::try_from(id.len()).unwrap_or(u32::MAX));
        ids.insert_unique(hash, place, |place| hasher.hash_one(at(place)));
        letters.extend_from_slice(id.as_bytes());
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    proptest::proptest! {
        #[test]
        fn it_answers_as_a_set_does(ids in proptest::collection::vec("[ab]{0,4}", 0..200)) {
            let mut seen = Seen::default();
            let mut set = HashSet::new();
            for id in &ids {
                proptest::prop_assert_eq!(seen.insert(id), id.is_empty() || set.insert(id));
            }
        }
    }
}
