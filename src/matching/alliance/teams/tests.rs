mod how_many;
mod properties;

use std::rc::Rc;

use super::balance::balanced;
use super::classes::{SpareParties, classes};
use super::packing::{Packing, SEARCH_STEPS};
use super::*;
use crate::matching::alliance::kinds::{Kinds, PartyKind};

fn bounds(teams: [u32; 2], players: [u32; 2]) -> TeamBounds {
    TeamBounds {
        teams_min: teams[0],
        teams_max: teams[1],
        players_min: players[0],
        players_max: players[1],
    }
}

/// Whether parties of these sizes, in players, can be completed with `spare[size]` others.
fn fits(taken: &[u32], blocked: &[(u32, u32)], spare: &[u32], bounds: TeamBounds) -> bool {
    let kinds = kinds_of(taken, spare);
    packer(bounds, kinds.clone()).can_complete(
        &in_kinds(taken, &kinds),
        blocked,
        &by_kind(spare, &kinds),
    )
}

/// A packer without roles.
fn packer(bounds: TeamBounds, kinds: Kinds) -> Packer {
    Packer::new(bounds, None, &Rc::new(kinds))
}

/// The teams of a match without roles.
fn arrange(
    members: &[Member<'_>],
    blocked: &[(u32, u32)],
    bounds: TeamBounds,
    rebalance: bool,
) -> Option<Vec<Vec<usize>>> {
    let kinds = Kinds::of(members.iter().map(|member| member.players));
    let with_kind = |member: &Member<'_>| Member {
        kind: kinds.kind_of(member.players).expect("a known size"),
        players: member.players,
        value: member.value,
        asks: &[],
    };
    let members: Vec<Member<'_>> = members.iter().map(with_kind).collect();
    let teams = super::arrange(&members, blocked, bounds, rebalance, None, &kinds)?;
    Some(teams.into_iter().map(|team| team.members).collect())
}

/// The kinds of parties of these sizes and of `spare[size]` others.
fn kinds_of(taken: &[u32], spare: &[u32]) -> Kinds {
    let spare = (0..).zip(spare).filter(|(_, count)| **count > 0);
    Kinds::of(taken.iter().copied().chain(spare.map(|(size, _)| size)))
}

fn in_kinds(sizes: &[u32], kinds: &Kinds) -> Vec<PartyKind> {
    let known = sizes.iter().map(|size| kinds.kind_of(*size));
    known.map(|kind| kind.expect("a known size")).collect()
}

/// `spare[size]` by kind.
fn by_kind(spare: &[u32], kinds: &Kinds) -> Vec<u32> {
    let sizes = (0..kinds.len()).map(|kind| kinds.players(kind) as usize);
    sizes
        .map(|size| spare.get(size).copied().unwrap_or(0))
        .collect()
}

/// The exact search, without what the packer does before.
fn searched(taken: &[u32], spare: &[u32], bounds: TeamBounds) -> (bool, u32) {
    let kinds = kinds_of(taken, spare);
    let classes = classes(
        &in_kinds(taken, &kinds),
        &vec![Vec::new(); taken.len()],
        &kinds,
    );
    let left = by_kind(spare, &kinds);
    let spare = (0..kinds.len()).rev();
    let spare = spare.map(|kind| SpareParties::new(kind, left[kind as usize], &kinds, &classes));
    let form = Form {
        bounds,
        staff: None,
        kinds: &kinds,
    };
    let mut search = Packing::new(form, &classes, spare.collect(), SEARCH_STEPS);
    let found = search.run().is_some();
    (found, search.steps_left())
}

fn members(sizes: &[u32], values: &[f64]) -> Vec<Member<'static>> {
    let values = values.iter().copied().chain(std::iter::repeat(0.0));
    sizes
        .iter()
        .zip(values)
        .map(|(&players, value)| Member {
            players,
            value,
            kind: 0,
            asks: &[],
        })
        .collect()
}

fn sizes_of(teams: &[Vec<usize>], sizes: &[u32]) -> Vec<u32> {
    teams
        .iter()
        .map(|team| team.iter().map(|&member| sizes[member]).sum())
        .collect()
}

#[test]
fn parties_fit_or_do_not() {
    for (taken, spare, teams, players, expected) in [
        (&[2, 2][..], &[][..], [2, 2], [1, 4], true),
        (&[2, 2], &[], [2, 2], [3, 4], false),
        (&[2, 2], &[0, 1], [2, 2], [3, 4], false),
        (&[2, 2], &[0, 2], [2, 2], [3, 4], true),
        (&[2, 2], &[0, 0, 0, 1], [2, 2], [4, 4], false),
        (&[2, 2], &[0, 0, 0, 1], [2, 2], [3, 4], true),
        (&[3, 3, 4, 1, 2], &[], [2, 3], [1, 5], true),
        (&[3, 3, 4, 1, 2], &[], [2, 2], [1, 5], false),
        // 12 players fill two teams of 6, but no two of these make 6.
        (&[4, 4, 4], &[], [2, 2], [6, 6], false),
        (&[4, 4, 4], &[], [3, 3], [4, 6], true),
        (&[4, 4, 4], &[0, 0, 3], [3, 3], [6, 6], true),
        (&[1, 1, 1, 1], &[], [1, 6], [2, 2], true),
        (&[1, 1, 1], &[], [1, 6], [2, 2], false),
        (&[1, 1, 1], &[0, 1], [1, 6], [2, 2], true),
        // Team sizes that only a mix of spare parties makes.
        (&[], &[0, 0, 1, 1], [1, 1], [5, 5], true),
        (&[], &[0, 0, 1, 1], [2, 2], [5, 5], false),
        (&[], &[0, 0, 2, 2], [2, 2], [5, 5], true),
        (&[], &[], [1, 1], [1, 1], false),
        // Taken parties that have to share out the spare ones: 3 + 1, 2 + 2.
        (&[3, 2], &[0, 1, 1], [2, 2], [4, 4], true),
        (&[3, 2], &[0, 2, 0], [2, 2], [4, 4], false),
        // Large enough, but not in these sizes.
        (&[6], &[0; 9], [1, 1], [1, 5], false),
        (&[0, 2], &[0, 4], [1, 2], [1, 5], false),
        (&[2], &[9, 0, 0, 0, 0, 0, 9], [1, 2], [3, 5], false),
    ] {
        assert_eq!(
            fits(taken, &[], spare, bounds(teams, players)),
            expected,
            "{taken:?} with {spare:?} in {teams:?} teams of {players:?}"
        );
    }
}

#[test]
fn blocked_parties_need_teams_of_their_own() {
    let three = [(0, 1), (1, 2), (2, 0)];
    assert!(!fits(&[1, 1, 1], &three, &[], bounds([2, 2], [1, 4])));
    assert!(fits(&[1, 1, 1], &three, &[], bounds([2, 3], [1, 4])));
    assert!(!fits(&[1, 1, 1], &three, &[0, 2], bounds([3, 3], [2, 4])));
    assert!(fits(&[1, 1, 1], &three, &[0, 3], bounds([3, 3], [2, 4])));
    assert!(fits(&[2, 3], &[(0, 1)], &[0, 1, 1], bounds([2, 2], [4, 4])));
    assert!(!fits(&[2, 2], &[(0, 1)], &[], bounds([1, 1], [4, 4])));
    // Pairs that say nothing.
    let odd = [(0, 0), (0, 7), (9, 1)];
    assert!(fits(&[2, 2], &odd, &[], bounds([1, 1], [4, 4])));
    let teams = arrange(&members(&[2, 2], &[]), &odd, bounds([1, 1], [4, 4]), true);
    assert_eq!(teams, Some(vec![vec![0, 1]]));
}

#[test]
fn large_matches_are_decided_at_once() {
    let huge = i32::MAX.cast_unsigned();
    let royale = bounds([25, 25], [4, 4]);
    let squads = [1, 2, 3, 4].repeat(10);
    for (taken, spare, bounds, expected) in [
        (&squads[..], &[][..], royale, true),
        (&squads[..39], &[0, 4], royale, true),
        (&squads[..39], &[0, 0, 0, 9], royale, false),
        (&[3; 25], &[0, 24, 90, 90, 90], royale, false),
        (&[3; 25], &[0, 25], royale, true),
        (&[3; 25], &[], bounds([20, 25], [1, 4]), true),
        (&[1; 20], &[], bounds([20, 25], [1, 4]), true),
        (&[2; 12], &[0, 0, 999], bounds([60, 60], [3, 4]), true),
        (&[], &[0, 999], bounds([100, 100], [1, 1]), true),
        (&[1; 99], &[], bounds([100, 100], [1, 1]), false),
        (&[7; 14], &[0, 0, 1], bounds([1, 1], [100, 100]), true),
        (&[7; 14], &[0, 0, 0, 1], bounds([1, 1], [100, 100]), false),
        (&[9; 9], &[], bounds([1, 60], [1, huge]), true),
        (&[huge; 9], &[], bounds([9, 60], [1, huge]), true),
        (&[huge, 1], &[], bounds([1, 1], [1, huge]), false),
        (&[], &[0, u32::MAX], bounds([huge, huge], [1, huge]), true),
        (&[], &[0, u32::MAX], bounds([huge, huge], [3, huge]), false),
    ] {
        assert_eq!(fits(taken, &[], spare, bounds), expected, "{bounds:?}");
        let (found, left) = searched(taken, spare, bounds);
        assert_eq!(found, expected, "{bounds:?}");
        let steps = SEARCH_STEPS - left;
        assert!(steps < 1_000, "{steps} steps for {bounds:?}");
    }
}

#[test]
fn a_search_gives_up_in_the_end() {
    // Sums of even numbers are never odd, but a search cannot know.
    let taken: Vec<u32> = (100..160).map(|half| 2 * half).collect();
    let odd = bounds([4, 4], [3885, 3885]);
    assert_eq!(taken.iter().sum::<u32>(), 4 * 3885);
    let spare: Vec<u32> = (0..80)
        .map(|size| if size > 0 && size % 2 == 0 { 9 } else { 0 })
        .collect();
    assert_eq!(searched(&taken, &spare, odd), (false, 0));
    // Nor may it fill the stack, however many teams there are.
    let many = bounds([50_000, 50_000], [5, 5]);
    assert!(!fits(&[], &[], &[0, 0, 60_000, 60_000], many));
    let parties = members(&taken, &[]);
    for (rebalance, count) in [(false, 5), (true, 9)] {
        assert_eq!(arrange(&parties, &[], odd, rebalance), None);
        let teams = arrange(&parties, &[], bounds([1, 9], [1, 3885]), rebalance);
        let sizes = sizes_of(&teams.expect("teams"), &taken);
        assert_eq!(sizes.len(), count);
    }
}

#[test]
fn in_order_the_first_team_that_fits_is_taken() {
    let split = |sizes: &[u32], blocked: &[(u32, u32)], bounds| {
        arrange(&members(sizes, &[]), blocked, bounds, false)
    };
    let two = bounds([2, 2], [1, 5]);
    assert_eq!(
        split(&[1, 1, 1, 1], &[], two),
        Some(vec![vec![0, 1, 2], vec![3]])
    );
    assert_eq!(
        split(&[1, 1, 1, 1], &[(0, 1)], two),
        Some(vec![vec![0, 2, 3], vec![1]])
    );
    // 2 + 2 would leave no room for the others.
    assert_eq!(
        split(&[2, 2, 3, 3], &[], two),
        Some(vec![vec![0, 2], vec![1, 3]])
    );
    assert_eq!(split(&[], &[], two), None);
    assert_eq!(split(&[1, 0], &[], two), None);
}

#[test]
fn means_are_balanced_by_players() {
    // Teams of 3 each: means 2 and 2, though the values of the first party are the highest.
    let party = |players, value| Member {
        players,
        value,
        kind: 0,
        asks: &[],
    };
    let parties = [party(2, 5.0), party(2, 4.0), party(1, 2.0), party(1, 1.0)];
    let teams = arrange(&parties, &[], bounds([2, 2], [3, 3]), true);
    assert_eq!(teams, Some(vec![vec![0, 3], vec![1, 2]]));
    // The lower difference in players comes first.
    let parties = [party(1, 9.0), party(1, 0.0), party(1, 9.0), party(1, 0.0)];
    let teams = arrange(&parties, &[], bounds([2, 2], [1, 3]), true);
    assert_eq!(teams, Some(vec![vec![0, 1], vec![2, 3]]));
    let teams = arrange(&parties, &[(0, 1)], bounds([2, 2], [1, 3]), true);
    assert_eq!(teams, Some(vec![vec![0, 3], vec![1, 2]]));
}

#[test]
fn sums_beyond_the_range_of_a_float_still_give_teams() {
    for count in [4, 40] {
        let members = members(&vec![1; count], &vec![f64::MAX; count]);
        let teams = arrange(&members, &[], bounds([2, 2], [1, 40]), true).expect("teams");
        assert_eq!(sizes_of(&teams, &vec![1; count]), [count as u32 / 2; 2]);
    }
}

#[test]
fn many_solos_become_balanced_teams() {
    // Values 0 to 99 in a scrambled order.
    let values: Vec<f64> = (0..100).map(|at| f64::from(at * 37 % 100)).collect();
    let parties = members(&[1; 100], &values);
    let teams = arrange(&parties, &[], bounds([25, 25], [4, 4]), true).expect("teams");
    let (players, means) = differences(&teams, &parties);
    assert!(
        players == 0 && means <= 1.0,
        "{players} players, means {means} apart"
    );
}

#[test]
fn exchanges_improve_a_poor_split() {
    let sizes = [3, 1, 1, 1, 1, 1, 2, 2, 1, 1, 1, 1];
    let values: Vec<f64> = (0..12).map(f64::from).collect();
    let members = members(&sizes, &values);
    let blocked = blocked_lists(12, &[(0, 1), (6, 7)]);
    let lineup = Lineup::new(&members, &blocked, bounds([3, 3], [1, 9]), Cast::OFF);
    let split = balanced(&lineup, vec![0, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2]);
    let better: Vec<_> = grouped(&split, 3)
        .into_iter()
        .map(|team| team.members)
        .collect();
    let (players, means) = differences(&better, &members);
    assert_eq!(players, 1);
    assert!(means < 0.5, "{means} apart: {better:?}");
    let split: Vec<_> = split.into_iter().map(Some).collect();
    assert!(is_valid(&split, &sizes, &[(0, 1), (6, 7)], lineup.bounds));
}

#[test]
fn large_teams_are_balanced() {
    let sizes: Vec<u32> = (0..400).map(|at| at * at % 5 + 1).collect();
    let values: Vec<f64> = (0..400).map(|at| f64::from(at * at % 397)).collect();
    let parties = members(&sizes, &values);
    let teams = arrange(&parties, &[], bounds([8, 10], [1, 200]), true).expect("teams");
    let (players, means) = differences(&teams, &parties);
    // 1200 players.
    assert_eq!(teams.len(), 10);
    assert!(
        players == 0 && means < 1.0,
        "{players} players, means {means} apart"
    );
}

fn is_valid(
    split: &[Option<usize>],
    sizes: &[u32],
    blocked: &[(u32, u32)],
    bounds: TeamBounds,
) -> bool {
    let teams = split.iter().flatten().max().map_or(0, |last| last + 1);
    let mut players = vec![0; teams];
    for (team, size) in split.iter().zip(sizes) {
        if let Some(team) = team {
            players[*team] += size;
        }
    }
    (bounds.teams_min..=bounds.teams_max).contains(&(teams as u32))
        && players
            .iter()
            .all(|size| (bounds.players_min..=bounds.players_max).contains(size))
        && blocked
            .iter()
            .all(|&(a, b)| a == b || split[a as usize] != split[b as usize])
}

/// Players apart, means apart.
fn differences(teams: &[Vec<usize>], members: &[Member<'_>]) -> (u32, f64) {
    let mut sizes = Vec::new();
    let mut means = Vec::new();
    for team in teams {
        let players: u32 = team.iter().map(|&at| members[at].players).sum();
        let value: f64 = team.iter().map(|&at| members[at].value).sum();
        sizes.push(players);
        means.push(value / f64::from(players));
    }
    let players = sizes.iter().max().unwrap_or(&0) - sizes.iter().min().unwrap_or(&0);
    let low = means.iter().copied().fold(f64::INFINITY, f64::min);
    let high = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (players, high - low)
}
