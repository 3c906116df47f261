//! Kinds of parties, so that what fills teams is counted by kind instead of listed by party.

/// The number of a kind of party. Parties of one kind can replace each other in every team.
///
/// Kinds are numbered by their players, ascending: a higher kind never has fewer players.
pub(super) type PartyKind = u32;

/// The kinds of party of a queue, with the players of each.
///
/// Its memory goes by the kinds that there are, not by how many players a team may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kinds {
    /// The players of each kind, ascending.
    players: Vec<u32>,
}

impl Kinds {
    /// The kinds of parties of these sizes, in players: a kind for each size. O(n log n).
    pub(super) fn of(sizes: impl IntoIterator<Item = u32>) -> Self {
        let mut players: Vec<u32> = sizes.into_iter().collect();
        players.sort_unstable();
        players.dedup();
        Self { players }
    }

    /// The kind of a party with so many players; `None` if there is none of that size. O(log kinds).
    pub(super) fn kind_of(&self, size: u32) -> Option<PartyKind> {
        let kind = self.players.binary_search(&size).ok()?;
        // Sizes are distinct numbers of 32 bits, and so are their places.
        Some(kind as PartyKind)
    }

    /// The players of a party of that kind.
    ///
    /// # Panics
    ///
    /// If there are not so many kinds.
    pub(super) fn players(&self, kind: PartyKind) -> u32 {
        self.players[kind as usize]
    }

    /// How many kinds there are; they are numbered from 0.
    pub(super) fn len(&self) -> PartyKind {
        self.players.len() as PartyKind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_size_is_a_kind_and_kinds_ascend_by_players() {
        let kinds = Kinds::of([5, 1, 2, 5, 1]);
        assert_eq!(kinds.len(), 3);
        let players: Vec<u32> = (0..kinds.len()).map(|kind| kinds.players(kind)).collect();
        assert_eq!(players, [1, 2, 5]);
        for size in [1, 2, 5] {
            assert_eq!(
                kinds.kind_of(size).map(|kind| kinds.players(kind)),
                Some(size)
            );
        }
    }

    #[test]
    fn a_size_that_no_party_has_has_no_kind() {
        assert_eq!(Kinds::of([1, 3]).kind_of(2), None);
        assert_eq!(Kinds::of([1, 3]).kind_of(u32::MAX), None);
        assert_eq!(Kinds::of([]).kind_of(0), None);
        assert_eq!(Kinds::of([]).len(), 0);
    }

    #[test]
    fn memory_goes_by_kinds_not_by_players() {
        let kinds = Kinds::of([u32::MAX, i32::MAX.cast_unsigned()]);
        assert_eq!(kinds.len(), 2);
        assert_eq!(kinds.kind_of(u32::MAX), Some(1));
    }

    #[test]
    fn all_sizes_from_0_on_are_their_own_kinds() {
        let kinds = Kinds::of(0..=4);
        assert!((0..=4).all(|size| kinds.kind_of(size) == Some(size)));
    }
}
