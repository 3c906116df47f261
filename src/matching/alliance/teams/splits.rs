//! Valid splits of a match's parties into a given number of teams, and the number of teams itself.

use super::classes::{Class, classes};
use super::lineup::Lineup;
use super::packing::{Packing, SEARCH_STEPS};
use super::{EXACT_PARTIES, Member, balance, exact};
use crate::matching::alliance::TeamBounds;
use crate::matching::alliance::kinds::Kinds;

/// Steps of all searches for the teams of one match together.
const ALL_STEPS: u32 = 5 * SEARCH_STEPS;

/// Teams that the simple rule may look at in one step.
const LOOKS_PER_STEP: u64 = 16;

/// The parties of a match, and the bounds of its teams.
#[derive(Debug)]
pub(super) struct Splits<'a> {
    members: &'a [Member],
    blocked: &'a [Vec<usize>],
    bounds: TeamBounds,
    classes: Vec<Class>,
    players: u64,
    /// Steps that searches may still take.
    steps: u32,
}

/// A split: the team of each member.
#[derive(Debug)]
pub(super) struct Split {
    pub(super) teams: u32,
    pub(super) team_of: Vec<usize>,
}

impl<'a> Splits<'a> {
    /// `None` if a member fits into no team.
    pub(super) fn new(
        members: &'a [Member],
        blocked: &'a [Vec<usize>],
        bounds: TeamBounds,
    ) -> Option<Self> {
        let sizes = 1..=bounds.players_max;
        if !members.iter().all(|one| sizes.contains(&one.players)) {
            return None;
        }
        let kinds = Kinds::of(members.iter().map(|member| member.players));
        let kind_of_each: Vec<_> = members
            .iter()
            .filter_map(|member| kinds.kind_of(member.players))
            .collect();
        Some(Self {
            members,
            blocked,
            bounds,
            classes: classes(&kind_of_each, blocked, &kinds),
            players: members.iter().map(|one| u64::from(one.players)).sum(),
            steps: ALL_STEPS,
        })
    }

    /// The split that spreads the parties over the `teams_max` places: the one with the smallest
    /// difference between the fullest and the emptiest of them, a place without a team having no
    /// players; of equal ones one with more teams, then the most balanced.
    pub(super) fn spread(&mut self) -> Option<Split> {
        let mut best: Option<(u32, Split)> = None;
        for teams in self.possible_teams().rev() {
            // The difference rises as places stay empty: it is then the size of the fullest team.
            let least = self.least_difference(teams);
            if best.as_ref().is_some_and(|(known, _)| *known <= least) {
                break;
            }
            let Some((difference, team_of)) = self.spread_over(teams, least) else {
                continue;
            };
            if best.as_ref().is_none_or(|(known, _)| difference < *known) {
                best = Some((difference, Split { teams, team_of }));
            }
        }
        best.map(|(_, split)| split)
    }

    /// A split that was found first: into the fewest teams for which a search finds one. Whenever the
    /// packer says that these parties can be completed with none beside them, there is one.
    pub(super) fn first(&mut self) -> Option<Split> {
        for teams in self.possible_teams() {
            if let Some(team_of) = self.into(exactly(teams, self.bounds)) {
                return Some(Split { teams, team_of });
            }
        }
        // The searches above may have given up where the one of the packer did not: it had other
        // bounds. This is the same one, so a match that it promised is made.
        let mut packing = Packing::new(self.bounds, &self.classes, Vec::new(), SEARCH_STEPS);
        packing.run().map(|packed| Split {
            teams: packed.teams,
            team_of: packed.team_of,
        })
    }

    /// The numbers of teams for which the players may be enough and not too many.
    fn possible_teams(&self) -> std::ops::RangeInclusive<u32> {
        let bounds = self.bounds;
        let min = self.players.div_ceil(u64::from(bounds.players_max));
        let max = (self.players / u64::from(bounds.players_min)).min(self.members.len() as u64);
        let number = |teams: u64| u32::try_from(teams).unwrap_or(u32::MAX);
        number(min).max(bounds.teams_min)..=number(max).min(bounds.teams_max)
    }

    /// A bound of the difference between the fullest and the emptiest place.
    fn least_difference(&self, teams: u32) -> u32 {
        let teams_of = u64::from(teams);
        if teams == self.bounds.teams_max {
            return u32::from(!self.players.is_multiple_of(teams_of));
        }
        let largest = self.members.iter().map(|one| one.players).max();
        let mean = u32::try_from(self.players.div_ceil(teams_of)).unwrap_or(u32::MAX);
        largest.unwrap_or(0).max(mean)
    }

    /// The best split into so many teams, with the difference between the fullest and the emptiest
    /// place, which is `least` or more.
    fn spread_over(&mut self, teams: u32, least: u32) -> Option<(u32, Vec<usize>)> {
        let mut bounds = exactly(teams, self.bounds);
        let mut known = self.into(bounds)?;
        if teams == self.bounds.teams_max {
            let team_of = balanced(&Lineup::new(self.members, self.blocked, bounds), known);
            let sizes = self.sizes(&team_of, bounds);
            return Some((sizes.1 - sizes.0, team_of));
        }
        // Some place is empty, so only the fullest team counts. Smaller ones are tried in turn: the
        // first that works is the smallest, and the first split is mostly near it.
        bounds.players_max = self.sizes(&known, bounds).1;
        for players_max in least..bounds.players_max {
            let smaller = TeamBounds {
                players_max,
                ..bounds
            };
            if let Some(team_of) = self.into(smaller) {
                (known, bounds) = (team_of, smaller);
                break;
            }
        }
        let team_of = balanced(&Lineup::new(self.members, self.blocked, bounds), known);
        Some((bounds.players_max, team_of))
    }

    /// Some split within these bounds, which are for one number of teams.
    fn into(&mut self, bounds: TeamBounds) -> Option<Vec<usize>> {
        if bounds.players_max < bounds.players_min {
            return None;
        }
        if self.steps == 0 {
            return None;
        }
        // Each member looks at each team. Charged like a search, or a match of thousands of solos for
        // which the rule fails would try it at every size.
        let looks = self.members.len() as u64 * u64::from(bounds.teams_max);
        let looks = u32::try_from(looks / LOOKS_PER_STEP).unwrap_or(u32::MAX);
        self.steps = self.steps.saturating_sub(looks);
        // Nearly every match is done here. Where the rule fails, a split may exist all the same.
        let lineup = Lineup::new(self.members, self.blocked, bounds);
        if let Some(team_of) = lineup.greedy() {
            return Some(team_of);
        }
        let budget = self.steps.min(SEARCH_STEPS);
        let mut packing = Packing::new(bounds, &self.classes, Vec::new(), budget);
        let packed = packing.run();
        self.steps -= budget - packing.steps_left();
        packed.map(|packed| packed.team_of)
    }

    /// Players of the smallest and the largest team.
    fn sizes(&self, team_of: &[usize], bounds: TeamBounds) -> (u32, u32) {
        let lineup = Lineup::new(self.members, self.blocked, bounds);
        let sizes = (0..lineup.teams()).map(|team| lineup.sum(team_of, team).0);
        sizes.fold((u32::MAX, 0), |(min, max), size| {
            (min.min(size), max.max(size))
        })
    }
}

/// The most balanced split that is found from a known one.
fn balanced(lineup: &Lineup<'_>, known: Vec<usize>) -> Vec<usize> {
    debug_assert!(lineup.is_valid(&known), "{known:?} is not a valid split");
    let balanced = balance::balanced(lineup, known);
    if lineup.members.len() <= EXACT_PARTIES {
        exact::best(lineup, balanced)
    } else {
        balanced
    }
}

/// The bounds for exactly so many teams.
pub(super) fn exactly(teams: u32, bounds: TeamBounds) -> TeamBounds {
    TeamBounds {
        teams_min: teams,
        teams_max: teams,
        ..bounds
    }
}
