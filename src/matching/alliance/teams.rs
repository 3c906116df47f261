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
mod casts;
mod classes;
mod exact;
mod lineup;
mod packer;
mod packing;
mod splits;
#[cfg(test)]
mod tests;

use super::TeamBounds;
use super::kinds::{Kinds, PartyKind};
use super::roles::{RequestId, Staff};
use casts::Cast;
use lineup::Lineup;
use packing::Form;
use splits::{Split, Splits, exactly};

pub(super) use packer::Packer;

/// Steps of the split in the order of the members.
const ORDER_STEPS: u32 = 20_000;

/// Up to this many parties, the best split is found exactly.
pub(super) const EXACT_PARTIES: usize = 12;

/// A party as it counts in [`arrange`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Member<'a> {
    /// Its players, at least 1.
    pub(super) players: u32,
    /// The balancing value, summed over its players; finite.
    pub(super) value: f64,
    /// Its kind.
    pub(super) kind: PartyKind,
    /// What its players ask for, in the order of the ticket; nothing where roles are off.
    pub(super) asks: &'a [RequestId],
}

/// A team of a finished match.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FinalTeam {
    /// Places in the members, ascending.
    pub(super) members: Vec<usize>,
    /// The list of roles that it goes by.
    pub(super) list: usize,
}

impl FinalTeam {
    /// The mean over its players of what `of` says of each member: a value, and the players that have it.
    pub(super) fn mean(&self, of: impl Fn(usize) -> (f64, u32)) -> f64 {
        let (mut sum, mut players) = (0.0, 0.0);
        for at in &self.members {
            let (value, size) = of(*at);
            let size = f64::from(size);
            sum += value * size;
            players += size;
        }
        sum / players
    }
}

/// Splits parties into teams: the final teams of a match. `None` if there is no valid split, or none
/// was found within the bound of steps.
///
/// `blocked` holds pairs of places in `members` that may not share a team, as in
/// [`Packer::can_complete`]; whenever that says yes to these parties in this order with nothing spare,
/// there is a split. With `staff`, only splits into teams that are right by their roles count.
///
/// With `rebalance`, the parties are spread over the `teams_max` places, a place without a team having
/// no players: the split is the one with the smallest difference between the fullest and the emptiest
/// place; of equal ones one with more teams; then the one with the smallest difference between the
/// largest and the smallest team; then the one whose roles cost least; then the one with the smallest
/// difference between the highest and the lowest team mean: the values of a team's members over its
/// players. Up to 12 parties it is exactly that; of equally good splits, it is the one whose first team
/// has the lowest member that the first teams do not share, and if these are the same, the second teams
/// decide, and so on. With more parties it is the best that exchanges find within a bound of steps,
/// starting from the largest party first, each into the smallest team.
///
/// Without `rebalance`, teams are filled to the brim: each member in order joins the first team with
/// room that lets the others still find theirs, and opens one only where there is none. If that takes
/// too many steps, it is the split that was found first.
///
/// Teams are in the order of their first members; where each place has a list of its own, in the order
/// of their places.
pub(super) fn arrange(
    members: &[Member<'_>],
    blocked: &[(u32, u32)],
    bounds: TeamBounds,
    rebalance: bool,
    staff: Option<&Staff>,
    kinds: &Kinds,
) -> Option<Vec<FinalTeam>> {
    let blocked = blocked_lists(members.len(), blocked);
    let form = Form {
        bounds,
        staff,
        kinds,
    };
    let mut splits = Splits::new(members, &blocked, form)?;
    let found = if rebalance {
        splits.spread()
    } else {
        in_order(members, &blocked, bounds, staff)
    };
    let Split {
        teams,
        team_of,
        lists,
    } = match found {
        Some(split) => split,
        None => splits.first()?,
    };
    let cast = Cast {
        staff,
        lists: &lists,
    };
    let lineup = Lineup::new(members, &blocked, exactly(teams, bounds), cast);
    debug_assert!(
        lineup.is_valid(&team_of),
        "{team_of:?} is not a valid split"
    );
    let mut teams = grouped(&team_of, lineup.teams());
    for (team, list) in teams.iter_mut().zip(&lists) {
        team.list = *list;
    }
    if staff.is_none_or(|staff| !staff.has_places()) {
        teams.sort_unstable();
    }
    Some(teams)
}

/// The split in the order of the members.
fn in_order(
    members: &[Member<'_>],
    blocked: &[Vec<usize>],
    bounds: TeamBounds,
    staff: Option<&Staff>,
) -> Option<Split> {
    let places = staff.filter(|staff| staff.has_places());
    let lists: Vec<usize> = places.map_or_else(Vec::new, |staff| {
        let places = 0..bounds.teams_max as usize;
        places.map(|place| staff.list_of(place)).collect()
    });
    let cast = Cast {
        staff,
        lists: &lists,
    };
    let team_of = lineup::in_order(members, blocked, bounds, cast, ORDER_STEPS)?;
    Some(Split::without_empty(team_of, &lists))
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

/// The members of each team, ascending.
fn grouped(team_of: &[usize], teams: usize) -> Vec<FinalTeam> {
    let empty = FinalTeam {
        members: Vec::new(),
        list: 0,
    };
    let mut grouped = vec![empty; teams];
    for (member, &team) in team_of.iter().enumerate() {
        grouped[team].members.push(member);
    }
    grouped
}
