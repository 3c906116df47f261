//! Roles in the search: which places there are, and what the players of the team that is being filled
//! ask for.

use super::{PER_STEP, Packing};
use crate::matching::alliance::kinds::PartyKind;

impl Packing<'_> {
    /// The same search with no spare party, but with as many players as it takes who play any role.
    pub(in super::super) fn with_wildcards(self) -> Self {
        debug_assert!(self.spare.is_empty() && self.staff.is_some());
        Self {
            has_wildcards: true,
            ..self
        }
    }

    /// Lets the match use just the places with these lists; no list means that all go by the same.
    pub(in super::super) fn use_only(&mut self, lists: &[usize]) {
        if !lists.is_empty() {
            self.places.fill(0);
            lists.iter().for_each(|list| self.places[*list] += 1);
        }
    }

    /// Adds the players of some parties of a kind to the team, which then has so many players. How many
    /// places of the minima of its roles they leave empty; `None`, and nothing is added, if no team can
    /// come of it.
    pub(super) fn join(&mut self, kind: PartyKind, count: u32, players: u32) -> Option<u32> {
        let Some((staff, list)) = self.staff.zip(self.lists.last()) else {
            return Some(0);
        };
        let before = self.crew.len();
        for _ in 0..count {
            self.crew.extend_from_slice(self.kinds.crew(kind));
        }
        let crew = &self.crew[self.crew_start..];
        let cost = u32::try_from(crew.len() / PER_STEP).unwrap_or(u32::MAX);
        self.steps = self.steps.saturating_sub(cost);
        let outlook = staff.outlook(*list, crew).map(|outlook| outlook.unmet);
        let outlook = outlook.filter(|unmet| *unmet <= self.bounds.players_max - players);
        if outlook.is_none() {
            self.crew.truncate(before);
        }
        outlook
    }

    /// Takes the players of these parties out of the team again.
    pub(super) fn part(&mut self, kind: PartyKind, count: u32) {
        if self.staff.is_some() {
            let players = self.kinds.crew(kind).len() * count as usize;
            self.crew.truncate(self.crew.len() - players);
        }
    }
}
