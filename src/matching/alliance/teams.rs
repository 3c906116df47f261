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
mod splits;
#[cfg(test)]
mod tests;

use super::TeamBounds;
use lineup::Lineup;
use splits::{Split, Splits, exactly};

pub(super) use packer::Packer;

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

/// Splits parties into teams: the final teams of a match, as places in `members`. `None` if there is
/// no valid split, or none was found within the bound of steps.
///
/// `blocked` holds pairs of places in `members` that may not share a team, as in
/// [`Packer::can_complete`]; whenever that says yes to these parties in this order with nothing spare,
/// there is a split.
///
/// With `rebalance`, the parties are spread over the `teams_max` places, a place without a team having
/// no players: the split is the one with the smallest difference between the fullest and the emptiest
/// place; of equal ones one with more teams; then the one with the smallest difference between the
/// largest and the smallest team; then between the highest and the lowest team mean: the values of a
/// team's members over its players. Up to 12 parties it is exactly that; of equally good splits, it is
/// the one whose first team has the lowest member that the first teams do not share, and if these are
/// the same, the second teams decide, and so on. With more parties it is the best that exchanges find
/// within a bound of steps, starting from the largest party first, each into the smallest team.
///
/// Without `rebalance`, teams are filled to the brim: each member in order joins the first team with
/// room that lets the others still find theirs, and opens one only where there is none. If that takes
/// too many steps, it is the split that was found first.
///
/// Members are in ascending order, teams in the order of their first members.
pub(super) fn arrange(
    members: &[Member],
    blocked: &[(u32, u32)],
    bounds: TeamBounds,
    rebalance: bool,
) -> Option<Vec<Vec<usize>>> {
    let blocked = blocked_lists(members.len(), blocked);
    let mut splits = Splits::new(members, &blocked, bounds)?;
    let found = if rebalance {
        splits.spread()
    } else {
        in_order(members, &blocked, bounds)
    };
    let Split { teams, team_of } = match found {
        Some(split) => split,
        None => splits.first()?,
    };
    let lineup = Lineup::new(members, &blocked, exactly(teams, bounds));
    debug_assert!(
        lineup.is_valid(&team_of),
        "{team_of:?} is not a valid split"
    );
    Some(grouped(&team_of, lineup.teams()))
}

/// The split in the order of the members.
fn in_order(members: &[Member], blocked: &[Vec<usize>], bounds: TeamBounds) -> Option<Split> {
    let team_of = lineup::in_order(members, blocked, bounds, ORDER_STEPS)?;
    let teams = team_of.iter().max().map_or(0, |last| last + 1);
    // No more than members.
    let teams = u32::try_from(teams).unwrap_or(u32::MAX);
    Some(Split { teams, team_of })
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
