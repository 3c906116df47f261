//! The roles of a match's teams, as far as splits have to know of them.

use smallvec::SmallVec;

use super::Member;
use crate::matching::alliance::roles::{Casting, RequestId, Staff};

/// The roles of a match's teams.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cast<'a> {
    /// `None` if roles are off.
    pub(super) staff: Option<&'a Staff>,
    /// The list of each team; empty if all go by the first.
    pub(super) lists: &'a [usize],
}

impl<'a> Cast<'a> {
    /// Roles are off.
    #[cfg(test)]
    pub(super) const OFF: Self = Self {
        staff: None,
        lists: &[],
    };

    /// The list of a team.
    pub(super) fn list_of(&self, team: usize) -> usize {
        self.lists.get(team).copied().unwrap_or(0)
    }

    /// The least cost of the roles of a team with that list and these members, in order; `None` if it
    /// is not right. It may also be `None` if it is more than `most`. 0 where roles are off.
    pub(super) fn cost<'m>(
        &self,
        list: usize,
        most: u64,
        members: impl Iterator<Item = &'m Member<'m>>,
    ) -> Option<u64> {
        let Some(staff) = self.staff else {
            return Some(0);
        };
        let crew = members.flat_map(|member| member.asks).copied();
        let crew: SmallVec<[RequestId; 16]> = crew.collect();
        match staff.costs_nothing(list, &crew) {
            Some(true) => Some(0),
            Some(false) if most == 0 => None,
            _ => Casting::new(staff, list, crew).least_cost(),
        }
    }

    /// What the roles of so many teams cost at least, whatever the split.
    pub(super) fn least_cost(&self, members: &[Member<'_>], teams: u32) -> u64 {
        let Some(staff) = self.staff else {
            return 0;
        };
        if !staff.has_places() && !staff.bounds(0).is_empty() {
            // All of them as one large team.
            let crew = members.iter().flat_map(|member| member.asks).copied();
            let least = Casting::new(staff, 0, crew).for_teams(teams).least_cost();
            return least.unwrap_or(0);
        }
        // Each player's own least.
        let lists = 0..staff.lists();
        let asks = members.iter().flat_map(|member| member.asks);
        let least = asks.map(|request| {
            let costs = lists
                .clone()
                .filter_map(|list| staff.least_wish(list, *request));
            u64::from(costs.min().unwrap_or(0))
        });
        least.sum()
    }

    /// Whether a right team with so many free seats can come of these players.
    pub(super) fn may_become(&self, list: usize, crew: &[RequestId], free: u32) -> bool {
        let Some(staff) = self.staff else {
            return true;
        };
        let outlook = staff.outlook(list, crew);
        outlook.is_some_and(|outlook| outlook.unmet <= free)
    }

    /// Whether two teams are alike as long as they are empty.
    pub(super) fn are_alike(&self, a: usize, b: usize) -> bool {
        self.list_of(a) == self.list_of(b)
    }
}
