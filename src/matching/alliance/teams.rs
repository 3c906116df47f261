//! Parties into teams: whether they fit, and the final teams of a match (docs/semantics.md,
//! "Blocks", "Teams" and "Rebalance").
//!
//! A party is never split. Only kinds, balancing values and blocked pairs count here; which parties
//! may share a match is decided elsewhere. Everything is bounded by steps, never by time, so that
//! the same question gets the same answer on every machine.
//!
//! [`Packer`] says whether a match in the making can be completed; `packing` is the search behind
//! it. [`arrange`] makes the teams of a finished match: `lineup` splits its parties by simple
//! rules, `balance` improves a split by exchanges, and `exact` finds the best split of a few
//! parties.

mod balance;
mod classes;
mod exact;
mod lineup;
mod packer;
mod packing;
#[cfg(test)]
mod tests;

use super::TeamBounds;
use super::kinds::{Kinds, PartyKind};
use classes::classes;
use lineup::Lineup;
use packing::Packing;

pub(super) use packer::Packer;

/// Steps of one search. Parties of real games need a few hundred; the bound is for bin packing
/// puzzles.
const SEARCH_STEPS: u32 = 20_000;

/// Steps of all searches for the minimum number of teams together.
const MIN_TEAMS_STEPS: u32 = 5 * SEARCH_STEPS;

/// Steps of the split in the order of the members.
const ORDER_STEPS: u32 = 20_000;

/// Up to this many parties, the best split is found exactly.
const EXACT_PARTIES: usize = 12;

/// A party as it counts in [`arrange`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Member {
    /// Its players, at least 1.
    pub(super) players: u32,
    /// The balancing value, summed over its players; finite.
    pub(super) value: f64,
}

/// Splits parties into teams: the final teams of a match, as places in `members`. `None` if there
/// is no valid split, or none was found within the bound of steps.
///
/// The number of teams is the smallest, from `teams_min` on, for which a valid split of all members
/// was found; it is the smallest that there is unless a search spent its steps. `blocked` holds
/// pairs of places in `members` that may not share a team, as in [`Packer::can_complete`]; whenever
/// that says yes to these parties in this order with nothing spare, there is a split.
///
/// With `rebalance`, the split is the one with the smallest difference between the largest and the
/// smallest team in players, and of those the one with the smallest difference between the highest
/// and the lowest team mean: the values of a team's members over its players. Up to 12 parties it
/// is exactly that; of equally good splits, it is the one whose first team has the lowest member
/// that the first teams do not share, and if these are the same, the second teams decide, and so
/// on. With more parties it is the best that exchanges find within a bound of steps, starting from
/// the largest party first, each into the smallest team.
///
/// Without `rebalance`, each member in order joins the first team that lets the others still find
/// theirs. If that takes too many steps, it is the split that was found first.
///
/// Members are in ascending order, teams in the order of their first members.
pub(super) fn arrange(
    members: &[Member],
    blocked: &[(u32, u32)],
    bounds: TeamBounds,
    rebalance: bool,
) -> Option<Vec<Vec<usize>>> {
    let blocked = blocked_lists(members.len(), blocked);
    let (teams, start) = minimal_split(members, &blocked, bounds)?;
    let lineup = Lineup::new(members, &blocked, exactly(teams, bounds));
    debug_assert!(lineup.is_valid(&start), "{start:?} is not a valid split");
    let team_of = if !rebalance {
        lineup.in_order(ORDER_STEPS).unwrap_or(start)
    } else {
        let balanced = balance::balanced(&lineup, start);
        if members.len() <= EXACT_PARTIES {
            exact::best(&lineup, balanced)
        } else {
            balanced
        }
    };
    debug_assert!(
        lineup.is_valid(&team_of),
        "{team_of:?} is not a valid split"
    );
    Some(grouped(&team_of, lineup.teams()))
}

/// The smallest number of teams that holds all members, and such a split: the team of each member.
fn minimal_split(
    members: &[Member],
    blocked: &[Vec<usize>],
    bounds: TeamBounds,
) -> Option<(u32, Vec<usize>)> {
    if members
        .iter()
        .any(|member| !(1..=bounds.players_max).contains(&member.players))
    {
        return None;
    }
    let players: u64 = members.iter().map(|one| u64::from(one.players)).sum();
    let min = players
        .div_ceil(u64::from(bounds.players_max))
        .max(u64::from(bounds.teams_min));
    let max = (players / u64::from(bounds.players_min))
        .min(members.len() as u64)
        .min(u64::from(bounds.teams_max));
    let kinds = Kinds::of(members.iter().map(|member| member.players));
    let kind_of_each: Vec<PartyKind> = members
        .iter()
        .filter_map(|member| kinds.kind_of(member.players))
        .collect();
    let classes = classes(&kind_of_each, blocked, &kinds);
    let mut steps = MIN_TEAMS_STEPS;
    for teams in min..=max {
        // At most `teams_max`.
        let teams = teams as u32;
        let bounds = exactly(teams, bounds);
        // Nearly every match is done here. Where the rule fails, a split may exist all the same, so
        // only the search may go on to one team more.
        if let Some(team_of) = Lineup::new(members, blocked, bounds).greedy() {
            return Some((teams, team_of));
        }
        let budget = steps.min(SEARCH_STEPS);
        let mut packing = Packing::new(bounds, &classes, Vec::new(), budget);
        if let Some(packed) = packing.run() {
            return Some((packed.teams, packed.team_of));
        }
        steps -= budget - packing.steps_left();
    }
    // The searches above may have given up where the one of `can_complete` did not: it had other
    // bounds. This is the same one, so a match that it promised is made.
    Packing::new(bounds, &classes, Vec::new(), SEARCH_STEPS)
        .run()
        .map(|packed| (packed.teams, packed.team_of))
}

/// The bounds for exactly so many teams.
fn exactly(teams: u32, bounds: TeamBounds) -> TeamBounds {
    TeamBounds {
        teams_min: teams,
        teams_max: teams,
        ..bounds
    }
}

/// For each of `count` parties, those that may not be in its team, ascending.
fn blocked_lists(count: usize, pairs: &[(u32, u32)]) -> Vec<Vec<usize>> {
    let mut lists = vec![Vec::new(); count];
    for &(a, b) in pairs {
        let (a, b) = (a as usize, b as usize);
        if a != b && a < count && b < count {
            lists[a].push(b);
            lists[b].push(a);
        }
    }
    for list in &mut lists {
        list.sort_unstable();
        list.dedup();
    }
    lists
}

/// The members of each team, ascending, teams by their first member.
fn grouped(team_of: &[usize], teams: usize) -> Vec<Vec<usize>> {
    let mut grouped = vec![Vec::new(); teams];
    for (member, &team) in team_of.iter().enumerate() {
        grouped[team].push(member);
    }
    grouped.sort_unstable();
    grouped
}
