//! Kinds of parties, so that what fills teams is counted by kind instead of listed by party.

use std::ops::Range;

use hashbrown::HashMap;

use super::roles::{RequestId, Requests};

/// The number of a kind of party. Parties of one kind can replace each other in every team.
///
/// Kinds are numbered by their players, ascending: a higher kind never has fewer players.
pub(super) type PartyKind = u32;

/// The number of a group of kinds, which have the same number of players and are neighbours. A walk
/// meets the parties of a group together.
pub(super) type KindGroup = u32;

/// Kinds of one size that are a group each. Of a size with more of them, all are one group: each group
/// costs every pivot a look, and each kind that a group hides costs only those that lack it.
const MAX_GROUPS: usize = 32;

/// The kinds of party of a queue: parties of a kind have the same number of players and, where roles
/// count, ask for the same of them.
///
/// Its memory goes by the kinds that there are, not by how many players a team may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kinds {
    /// The players of each kind, ascending.
    players: Vec<u32>,
    /// What the players of each kind ask for, ascending; empty where roles do not count.
    crews: Vec<Box<[RequestId]>>,
    /// The group of each kind, ascending.
    group_of: Vec<KindGroup>,
    /// The kinds of each group.
    groups: Vec<Range<PartyKind>>,
}

impl Kinds {
    /// The kinds of parties of these sizes, in players: a kind for each size. O(n log n).
    pub(super) fn of(sizes: impl IntoIterator<Item = u32>) -> Self {
        let mut players: Vec<u32> = sizes.into_iter().collect();
        players.sort_unstable();
        players.dedup();
        Self::grouped(players, Vec::new())
    }

    /// The kinds of parties whose players make these requests, given for one row after the other as
    /// [`Requests::of_row`] does, and the kind of each row. Only the first `tickets` rows ask for
    /// anything. O(players + k log k) for k kinds.
    pub(super) fn of_crews(
        requests: &Requests,
        sizes: &[u32],
        tickets: usize,
    ) -> (Self, Vec<PartyKind>) {
        let mut known: HashMap<Box<[RequestId]>, u32> = HashMap::new();
        let mut met: Vec<u32> = Vec::with_capacity(sizes.len());
        let mut crew = Vec::new();
        for (row, size) in sizes.iter().enumerate() {
            crew.clear();
            if row < tickets {
                let own = requests.of_row(row as u32).iter();
                crew.extend(own.map(|request| requests.plain(*request)));
                crew.sort_unstable();
            } else {
                // What stands for a session is of no kind that a ticket has.
                crew.resize(*size as usize, 0);
            }
            let number = known.len() as u32;
            let kind = known.get(&crew[..]).copied();
            met.push(kind.unwrap_or_else(|| {
                known.insert(crew[..].into(), number);
                number
            }));
        }
        let mut sorted: Vec<(Box<[RequestId]>, u32)> = known.into_iter().collect();
        sorted.sort_unstable_by(|(a, _), (b, _)| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        let mut kind_of = vec![0; sorted.len()];
        for (kind, (_, number)) in (0..).zip(&sorted) {
            kind_of[*number as usize] = kind;
        }
        let players = sorted.iter().map(|(crew, _)| crew.len() as u32).collect();
        let crews = sorted.into_iter().map(|(crew, _)| crew).collect();
        let kinds = met.iter().map(|number| kind_of[*number as usize]).collect();
        (Self::grouped(players, crews), kinds)
    }

    /// Puts kinds into groups.
    fn grouped(players: Vec<u32>, crews: Vec<Box<[RequestId]>>) -> Self {
        let mut kinds = Self {
            group_of: Vec::with_capacity(players.len()),
            groups: Vec::new(),
            players,
            crews,
        };
        let mut start = 0;
        for same in kinds.players.chunk_by(|a, b| a == b) {
            let end = start + same.len() as PartyKind;
            let each = if same.len() <= MAX_GROUPS {
                1
            } else {
                same.len()
            };
            for first in (start..end).step_by(each) {
                let group = first..first + each as PartyKind;
                let number = kinds.groups.len() as KindGroup;
                kinds.group_of.extend(group.clone().map(|_| number));
                kinds.groups.push(group);
            }
            start = end;
        }
        kinds
    }

    /// The kind of a party with so many players, where roles do not count; `None` if there is none of
    /// that size. O(log kinds).
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
    #[inline]
    pub(super) fn players(&self, kind: PartyKind) -> u32 {
        self.players[kind as usize]
    }

    /// What the players of a party of that kind ask for; nothing where roles do not count.
    pub(super) fn crew(&self, kind: PartyKind) -> &[RequestId] {
        self.crews.get(kind as usize).map_or(&[], |crew| crew)
    }

    /// Whether parties of one size are told apart by their roles.
    pub(super) fn have_roles(&self) -> bool {
        !self.crews.is_empty()
    }

    /// How many kinds have so many players at most; they come first.
    pub(super) fn up_to(&self, players: u32) -> usize {
        self.players.partition_point(|own| *own <= players)
    }

    /// The first kind of the same number of players.
    pub(super) fn first_of_size(&self, kind: PartyKind) -> PartyKind {
        let players = self.players(kind);
        self.players.partition_point(|own| *own < players) as PartyKind
    }

    /// How many kinds there are; they are numbered from 0.
    pub(super) fn len(&self) -> PartyKind {
        self.players.len() as PartyKind
    }

    /// The group of a kind.
    #[inline]
    pub(super) fn group_of(&self, kind: PartyKind) -> KindGroup {
        self.group_of[kind as usize]
    }

    /// The kinds of a group.
    #[inline]
    pub(super) fn in_group(&self, group: KindGroup) -> Range<PartyKind> {
        self.groups[group as usize].clone()
    }

    /// The players of each party of a group.
    #[inline]
    pub(super) fn players_in(&self, group: KindGroup) -> u32 {
        self.players(self.groups[group as usize].start)
    }

    /// How many groups there are; they are numbered from 0.
    pub(super) fn groups(&self) -> KindGroup {
        self.groups.len() as KindGroup
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
