//! How many teams [`arrange`] makes, and how large.

use super::*;

/// The sizes of the teams, ascending.
fn arranged(
    sizes: &[u32],
    blocked: &[(u32, u32)],
    bounds: TeamBounds,
    rebalance: bool,
) -> Option<Vec<u32>> {
    let teams = arrange(&members(sizes, &[]), blocked, bounds, rebalance)?;
    let mut found = sizes_of(&teams, sizes);
    found.sort_unstable();
    Some(found)
}

#[test]
fn solos_are_spread_over_the_places() {
    for (solos, teams, players, expected) in [
        // With one team, its place and an unused one would be as far apart as it is large.
        (2, [1, 2], [1, 5], &[1, 1][..]),
        (3, [1, 2], [1, 5], &[1, 2]),
        (4, [1, 2], [1, 5], &[2, 2]),
        (5, [1, 2], [1, 5], &[2, 3]),
        (6, [1, 2], [1, 5], &[3, 3]),
        (10, [1, 2], [1, 5], &[5, 5]),
        (6, [2, 4], [1, 5], &[1, 1, 2, 2]),
        (8, [2, 4], [1, 5], &[2, 2, 2, 2]),
        (7, [1, 10], [1, 5], &[1; 7]),
        // A single solo cannot be spread.
        (1, [1, 2], [1, 5], &[1]),
        // Some place stays unused in any case: then more teams make the fullest one smaller.
        (11, [1, 10], [2, 5], &[2, 2, 2, 2, 3]),
        // More than 12 parties, which are not split exactly.
        (13, [1, 3], [1, 5], &[4, 4, 5]),
        (100, [25, 25], [1, 4], &[4; 25]),
    ] {
        assert_eq!(
            arranged(&vec![1; solos], &[], bounds(teams, players), true).as_deref(),
            Some(expected),
            "{solos} solos in {teams:?} teams of {players:?}"
        );
    }
}

#[test]
fn teams_have_to_reach_their_minimum() {
    for (sizes, teams, players, expected) in [
        (&[1; 5][..], [1, 4], [2, 5], &[2, 3][..]),
        (&[1; 3], [1, 2], [2, 5], &[3]),
        (&[1; 6], [1, 3], [3, 5], &[3, 3]),
        (&[1; 4], [1, 6], [2, 2], &[2, 2]),
        (&[9; 4], [1, 1], [10, 100], &[36]),
        // What is left beside the party of 3 is not a team.
        (&[3, 1], [1, 2], [2, 5], &[4]),
        (&[3, 1, 1], [1, 2], [3, 5], &[5]),
    ] {
        assert_eq!(
            arranged(sizes, &[], bounds(teams, players), true).as_deref(),
            Some(expected),
            "{sizes:?} in {teams:?} teams of {players:?}"
        );
    }
}

#[test]
fn parties_stay_whole_when_they_are_spread() {
    for (sizes, teams, players, expected) in [
        (&[2, 2][..], [2, 2], [1, 4], &[2, 2][..]),
        (&[4], [1, 2], [1, 5], &[4]),
        (&[3, 1], [1, 2], [1, 5], &[1, 3]),
        (&[3, 3], [1, 4], [1, 5], &[3, 3]),
        (&[5, 1, 1], [2, 2], [1, 5], &[2, 5]),
        (&[3, 3, 4, 1, 2], [2, 3], [1, 5], &[4, 4, 5]),
        (&[4; 25], [20, 25], [1, 4], &[4; 25]),
        // The party of 5 is the fullest place in any case, so the more teams are better, and of two
        // teams those that are closer.
        (&[5, 1, 1], [1, 5], [1, 6], &[1, 1, 5]),
        (&[5, 1, 1], [1, 5], [2, 6], &[2, 5]),
        (&[4, 3, 1, 1, 1, 1], [1, 4], [3, 6], &[3, 4, 4]),
    ] {
        assert_eq!(
            arranged(sizes, &[], bounds(teams, players), true).as_deref(),
            Some(expected),
            "{sizes:?} in {teams:?} teams of {players:?}"
        );
    }
}

#[test]
fn blocked_pairs_decide_the_number_of_teams() {
    let all_three = [(0, 1), (1, 2), (2, 0)];
    for (sizes, blocked, teams, players, on, off) in [
        (
            &[1, 1, 1][..],
            &all_three[..],
            [1, 3],
            [1, 5],
            &[1; 3][..],
            &[1; 3][..],
        ),
        (&[1, 1], &[(0, 1)], [1, 2], [1, 5], &[1, 1], &[1, 1]),
        // The solos are the third team, unless they may not share it.
        (&[1, 1, 2, 2], &[], [1, 3], [2, 4], &[2, 2, 2], &[2, 4]),
        (&[1, 1, 2, 2], &[(0, 1)], [1, 3], [2, 4], &[3, 3], &[3, 3]),
    ] {
        let bounds = bounds(teams, players);
        let found = [true, false].map(|rebalance| arranged(sizes, blocked, bounds, rebalance));
        let expected = [Some(on.to_vec()), Some(off.to_vec())];
        assert_eq!(found, expected, "{sizes:?} without {blocked:?}");
    }
    for rebalance in [true, false] {
        let two = bounds([1, 2], [1, 5]);
        assert_eq!(arranged(&[1, 1, 1], &all_three, two, rebalance), None);
    }
}

#[test]
fn values_decide_only_between_equal_numbers() {
    let split = |values: &[f64], bounds| {
        arrange(&members(&vec![1; values.len()], values), &[], bounds, true)
    };
    // One team would have no difference of means.
    assert_eq!(
        split(&[9.0, 0.0], bounds([1, 2], [1, 5])),
        Some(vec![vec![0], vec![1]])
    );
    assert_eq!(
        split(&[9.0, 8.0, 1.0, 2.0], bounds([1, 2], [1, 5])),
        Some(vec![vec![0, 2], vec![1, 3]])
    );
    // 1 v 3 would have equal means.
    assert_eq!(
        split(&[2.0, 0.0, 3.0, 3.0], bounds([1, 2], [1, 5])),
        Some(vec![vec![0, 2], vec![1, 3]])
    );
}

#[test]
fn without_rebalancing_teams_are_filled_to_the_brim() {
    for (sizes, teams, players, expected) in [
        (&[1; 2][..], [1, 2], [1, 5], &[2][..]),
        (&[1; 3], [1, 2], [1, 5], &[3]),
        (&[1; 5], [1, 2], [1, 5], &[5]),
        (&[1; 6], [1, 2], [1, 5], &[1, 5]),
        (&[1; 10], [1, 2], [1, 5], &[5, 5]),
        (&[1; 8], [2, 4], [1, 5], &[3, 5]),
        (&[1; 100], [20, 25], [1, 4], &[4; 25]),
        // Each joins the first team with room, not the last one.
        (&[3, 4, 2, 1], [1, 4], [1, 5], &[5, 5]),
        // As full as is valid: the second team needs two, the third needs one.
        (&[1; 6], [1, 2], [2, 5], &[2, 4]),
        (&[1; 6], [3, 3], [1, 5], &[1, 1, 4]),
        // 2 + 2 leaves the others a team each, if there may be three.
        (&[2, 2, 3, 3], [2, 2], [1, 5], &[5, 5]),
        (&[2, 2, 3, 3], [2, 3], [1, 5], &[3, 3, 4]),
    ] {
        assert_eq!(
            arranged(sizes, &[], bounds(teams, players), false).as_deref(),
            Some(expected),
            "{sizes:?} in {teams:?} teams of {players:?}"
        );
    }
}

#[test]
fn a_large_maximum_costs_nothing() {
    let huge = i32::MAX.cast_unsigned();
    // A loop over the places, let alone a list of them, would not come to an end.
    for solos in (1..=8).chain([13, 200]) {
        let sizes = vec![1; solos];
        for players_max in [5, huge] {
            let many = bounds([1, huge], [1, players_max]);
            assert_eq!(arranged(&sizes, &[], many, true), Some(sizes.clone()));
        }
        let one = arranged(&sizes, &[], bounds([1, huge], [1, huge]), false);
        assert_eq!(one, Some(vec![solos as u32]));
        let paired = arranged(&sizes, &[], bounds([1, huge], [2, huge]), true);
        assert_eq!(
            paired.map(|teams| teams.len()),
            (solos > 1).then_some(solos / 2)
        );
        for rebalance in [true, false] {
            let all = bounds([huge, huge], [1, huge]);
            assert_eq!(arranged(&sizes, &[], all, rebalance), None);
            let large = bounds([1, huge], [huge, huge]);
            assert_eq!(arranged(&sizes, &[], large, rebalance), None);
        }
    }
    let blocked = arranged(&[1; 4], &[(0, 1)], bounds([1, huge], [2, 3]), true);
    assert_eq!(blocked, Some(vec![2, 2]));
    let largest = arranged(&[huge; 3], &[], bounds([1, huge], [1, huge]), true);
    assert_eq!(largest, Some(vec![huge; 3]));
}
