//! Packing and splits against all splits there are.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// All ways to put parties into teams: for each the team of each party, teams numbered in order of
/// their first party. Those from `optional` on may also stay out.
fn splits(count: usize, optional: usize) -> Vec<Vec<Option<usize>>> {
    let mut all = vec![Vec::new()];
    for party in 0..count {
        let longer = |split: Vec<Option<usize>>| {
            let open = split.iter().flatten().max().map_or(0, |last| last + 1);
            let out = (party >= optional).then_some(None);
            let teams = (0..=open).map(Some).chain(out);
            teams
                .map(|team| split.iter().copied().chain([team]).collect())
                .collect::<Vec<_>>()
        };
        all = all.into_iter().flat_map(longer).collect();
    }
    all
}

fn any_bounds() -> impl Strategy<Value = TeamBounds> {
    (1..4_u32, 0..3_u32, 1..6_u32, 0..4_u32).prop_map(|(teams, more, players, wider)| {
        bounds([teams, teams + more], [players, players + wider])
    })
}

fn any_blocked(parties: usize) -> BoxedStrategy<Vec<(u32, u32)>> {
    let party = 0..parties.max(1) as u32;
    prop_oneof![2 => Just(Vec::new()), 1 => vec((party.clone(), party), 0..4)]
        .prop_map(move |blocked| if parties == 0 { Vec::new() } else { blocked })
        .boxed()
}

/// Sizes, blocked pairs.
fn any_parties(max: usize) -> impl Strategy<Value = (Vec<u32>, Vec<(u32, u32)>)> {
    vec(1..6_u32, 0..=max).prop_flat_map(|sizes| {
        let blocked = any_blocked(sizes.len());
        (Just(sizes), blocked)
    })
}

/// The order of the search among equally good splits.
fn earlier(a: &[Vec<usize>], b: &[Vec<usize>]) -> std::cmp::Ordering {
    let compare = |(a, b): (&Vec<usize>, &Vec<usize>)| {
        let only = |one: &[usize], other: &[usize]| {
            let only = one.iter().copied().find(|at| !other.contains(at));
            only.unwrap_or(usize::MAX)
        };
        only(a, b).cmp(&only(b, a))
    };
    let mut teams = a.iter().zip(b).map(compare);
    teams
        .find(|order| order.is_ne())
        .unwrap_or(std::cmp::Ordering::Equal)
}

fn as_teams(split: &[Option<usize>]) -> Vec<Vec<usize>> {
    let count = split.iter().flatten().max().map_or(0, |last| last + 1);
    let team_of: Vec<usize> = split.iter().flatten().copied().collect();
    grouped(&team_of, count)
}

proptest! {
    #[test]
    fn packing_agrees_with_all_splits(
        (taken, blocked) in any_parties(5),
        spare in vec(0..3_u32, 0..7),
        bounds in any_bounds(),
    ) {
        let sizes = (0..).zip(&spare).skip(1).flat_map(|(size, &count)| vec![size; count as usize]);
        let others: Vec<u32> = sizes.take(8 - taken.len()).collect();
        let mut spare = vec![0; 9];
        for &size in &others {
            spare[size as usize] += 1;
        }
        let all: Vec<u32> = taken.iter().chain(&others).copied().collect();
        let expected = splits(all.len(), taken.len())
            .iter()
            .any(|split| is_valid(split, &all, &blocked, bounds));
        let kinds = kinds_of(&taken, &spare);
        let (taken, spare) = (in_kinds(&taken, &kinds), by_kind(&spare, &kinds));
        let mut packer = Packer::new(bounds, kinds);
        prop_assert_eq!(packer.can_complete(&taken, &blocked, &spare), expected);
        prop_assert_eq!(packer.can_complete(&taken, &blocked, &spare), expected);
    }

    #[test]
    fn spare_parties_that_are_cut_off_change_no_answer(
        sizes in vec(1..6_u32, 0..=4),
        mut spare in vec(0..40_u32, 1..7),
        bounds in any_bounds(),
    ) {
        spare[0] = 0;
        let taken: Vec<u32> = sizes.iter().map(|size| *size.min(&bounds.players_max)).collect();
        let (found, left) = searched(&taken, &spare, bounds);
        prop_assert!(left > 0, "the search gave up");
        prop_assert_eq!(fits(&taken, &[], &spare, bounds), found);
    }

    #[test]
    fn a_packer_answers_as_a_new_one_does(
        bounds in any_bounds(),
        questions in vec((any_parties(8), vec(0..9_u32, 0..7)), 1..20),
    ) {
        let kinds = Kinds::of(1..7);
        let mut packer = Packer::new(bounds, kinds.clone());
        for ((sizes, mut blocked), others) in questions {
            let (mut taken, spare) = (in_kinds(&sizes, &kinds), by_kind(&others, &kinds));
            let answer = packer.can_complete(&taken, &blocked, &spare);
            prop_assert_eq!(answer, fits(&sizes, &blocked, &others, bounds));
            let last = taken.len() as u32;
            taken.reverse();
            for pair in &mut blocked {
                *pair = (last - 1 - pair.0, last - 1 - pair.1);
            }
            prop_assert_eq!(answer, packer.can_complete(&taken, &blocked, &spare));
        }
    }

    #[test]
    fn teams_are_the_best_of_all_splits(
        (sizes, blocked) in any_parties(7),
        values in vec(prop_oneof![(-9..9).prop_map(f64::from), -9.0..9.0], 7),
        bounds in any_bounds(),
    ) {
        let members = members(&sizes, &values);
        let mut valid: Vec<_> = splits(sizes.len(), sizes.len())
            .into_iter()
            .filter(|split| is_valid(split, &sizes, &blocked, bounds))
            .collect();
        let min = valid.iter().map(|split| as_teams(split).len()).min();
        valid.retain(|split| Some(as_teams(split).len()) == min);
        let balanced = valid.iter().map(|split| as_teams(split)).min_by(|a, b| {
            let (a_players, a_means) = differences(a, &members);
            let (b_players, b_means) = differences(b, &members);
            a_players.cmp(&b_players).then(a_means.total_cmp(&b_means)).then(earlier(a, b))
        });
        prop_assert_eq!(arrange(&members, &blocked, bounds, true), balanced);
        let first = valid.iter().min().map(|split| as_teams(split));
        prop_assert_eq!(arrange(&members, &blocked, bounds, false), first);
    }

    #[test]
    fn what_can_be_completed_can_be_arranged(
        (sizes, blocked) in any_parties(30),
        values in vec(-9.0..9.0, 30),
        teams in (1..9_u32, 0..5_u32),
        players in (1..12_u32, 0..6_u32),
        rebalance: bool,
    ) {
        let bounds = bounds([teams.0, teams.0 + teams.1], [players.0, players.0 + players.1]);
        let members = members(&sizes, &values);
        let found = arrange(&members, &blocked, bounds, rebalance);
        if fits(&sizes, &blocked, &[], bounds) {
            prop_assert!(found.is_some());
        }
        let Some(found) = found else { return Ok(()) };
        let mut split = vec![None; sizes.len()];
        for (team, parties) in found.iter().enumerate() {
            prop_assert!(parties.is_sorted());
            for &party in parties {
                prop_assert_eq!(split[party].replace(team), None);
            }
        }
        prop_assert!(found.is_sorted());
        prop_assert!(split.iter().all(Option::is_some));
        prop_assert!(is_valid(&split, &sizes, &blocked, bounds));
        prop_assert_eq!(arrange(&members, &blocked, bounds, rebalance), Some(found));
    }
}
