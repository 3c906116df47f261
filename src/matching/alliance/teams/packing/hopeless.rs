//! What cannot come to anything, seen before it is tried.

use super::Packing;
use crate::matching::alliance::teams::classes::SpareParties;

impl Packing<'_> {
    /// Whether a spare party may join a team that has room for so many players. Not where a taken one
    /// of its kind has no team yet: that one can have its place, and was tried there.
    pub(super) fn may_join(&self, spare: &SpareParties, room: u32) -> bool {
        let taken_left = spare.class.is_some_and(|class| self.left[class] > 0);
        spare.left > 0 && spare.size <= room && !taken_left
    }

    /// The sizes of the classes, and how many parties of each have no team.
    fn taken_left(&self) -> impl Iterator<Item = (u32, u32)> {
        let classes = self.classes.iter().zip(&self.left);
        classes.map(|(class, left)| (class.size, *left))
    }

    /// How many teams have to be made from this one on.
    pub(super) fn teams_missing(&self, team: u32) -> u64 {
        let required: u64 = match self.staff {
            None => 0,
            Some(staff) => (0..staff.lists())
                .filter(|list| staff.is_required(*list))
                .map(|list| u64::from(self.places[list]))
                .sum(),
        };
        u64::from(self.bounds.teams_min.saturating_sub(team)).max(required)
    }

    /// How many teams of spare parties can be made at once: those of one kind each. There may be more
    /// in which kinds are mixed.
    pub(super) fn spare_teams(&self) -> u64 {
        let mut teams = 0;
        for spare in &self.spare {
            let parties = self.bounds.players_min.div_ceil(spare.size);
            let players = u64::from(parties) * u64::from(spare.size);
            if players <= u64::from(self.bounds.players_max) {
                teams += u64::from(spare.left / parties);
            }
        }
        teams
    }

    /// Whether the teams from this one on cannot hold the taken parties, or cannot be filled.
    pub(super) fn is_hopeless(&self, team: u32) -> bool {
        let bounds = self.bounds;
        let max = u64::from(bounds.teams_max - team);
        if self.players_left > max * u64::from(bounds.players_max) {
            return true;
        }
        // No two parties of more than half a team share one.
        let large: u64 = self
            .taken_left()
            .filter(|(size, _)| *size > bounds.players_max / 2)
            .map(|(_, left)| u64::from(left))
            .sum();
        if large > max {
            return true;
        }
        if self.has_wildcards {
            return false;
        }
        // A team that reaches its minimum has a party that does so alone, or others that do so
        // together. That no team may be too large is left aside, so there are at most this many.
        let mut alone = 0_u64;
        let mut others = 0_u64;
        let spare = self.spare.iter().map(|spare| (spare.size, spare.left));
        for (size, left) in self.taken_left().chain(spare) {
            if size >= bounds.players_min {
                alone += u64::from(left);
            } else {
                others = others.saturating_add(u64::from(size) * u64::from(left));
            }
        }
        alone + others / u64::from(bounds.players_min) < self.teams_missing(team)
    }
}
