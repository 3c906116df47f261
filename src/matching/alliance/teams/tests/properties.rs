//! Packing and splits against all splits there are.

use std::cmp::{Ordering, Reverse};

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
fn earlier(a: &[Vec<usize>], b: &[Vec<usize>]) -> Ordering {
    let compare = |(a, b): (&Vec<usize>, &Vec<usize>)| {
        let only = |one: &[usize], other: &[usize]| {
            let only = one.iter().copied().find(|at| !other.contains(at));
            only.unwrap_or(usize::MAX)
        };
        only(a, b).cmp(&only(b, a))
    };
    let mut teams = a.iter().zip(b).map(compare);
    teams.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn as_teams(split: &[Option<usize>]) -> Vec<Vec<usize>> {
    let count = split.iter().flatten().max().map_or(0, |last| last + 1);
    let team_of: Vec<usize> = split.iter().flatten().copied().collect();
    let mut teams: Vec<_> = grouped(&team_of, count)
        .into_iter()
        .map(|team| team.members)
        .collect();
    teams.sort_unstable();
    teams
}

/// Bounds that often allow several numbers of teams, up to more than there are parties.
fn any_range_of_teams() -> impl Strategy<Value = TeamBounds> {
    let players_min = prop_oneof![3 => Just(1), 3 => Just(2), 2 => 3..6_u32];
    (1..4_u32, 0..7_u32, players_min, 0..9_u32).prop_map(|(teams, more, players, wider)| {
        bounds([teams, teams + more], [players, players + wider])
    })
}

/// Sizes, many of them small, and blocked pairs.
fn parties_to_arrange() -> impl Strategy<Value = (Vec<u32>, Vec<(u32, u32)>)> {
    let size = prop_oneof![2 => Just(1), 1 => Just(2), 2 => 1..6_u32];
    vec(size, 0..=7).prop_flat_map(|sizes| {
        let blocked = any_blocked(sizes.len());
        (Just(sizes), blocked)
    })
}

/// A split with what decides between it and others, the more important first.
struct Ranked {
    /// Players of the fullest place less those of the emptiest.
    places_apart: u32,
    /// Players of the largest team less those of the smallest.
    teams_apart: u32,
    means_apart: f64,
    teams: Vec<Vec<usize>>,
}

impl Ranked {
    fn new(teams: Vec<Vec<usize>>, members: &[Member<'_>], places: u32) -> Self {
        let (teams_apart, means_apart) = differences(&teams, members);
        let sizes = teams
            .iter()
            .map(|team| team.iter().map(|&at| members[at].players).sum());
        let unused = (teams.len() < places as usize).then_some(0);
        let players: Vec<u32> = sizes.chain(unused).collect();
        let places_apart = players.iter().max().unwrap_or(&0) - players.iter().min().unwrap_or(&0);
        Self {
            places_apart,
            teams_apart,
            means_apart,
            teams,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.places_apart
            .cmp(&other.places_apart)
            .then(other.teams.len().cmp(&self.teams.len()))
            .then(self.teams_apart.cmp(&other.teams_apart))
            .then(self.means_apart.total_cmp(&other.means_apart))
            .then_with(|| earlier(&self.teams, &other.teams))
    }
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
        let mut packer = packer(bounds, kinds);
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
        let mut packer = packer(bounds, kinds.clone());
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
        (sizes, blocked) in parties_to_arrange(),
        values in vec(prop_oneof![(-9..9).prop_map(f64::from), -9.0..9.0], 7),
        bounds in any_range_of_teams(),
    ) {
        let members = members(&sizes, &values);
        let valid: Vec<_> = splits(sizes.len(), sizes.len())
            .into_iter()
            .filter(|split| is_valid(split, &sizes, &blocked, bounds))
            .collect();
        let best = valid
            .iter()
            .map(|split| Ranked::new(as_teams(split), &members, bounds.teams_max))
            .min_by(Ranked::compare);
        let best = best.map(|best| best.teams);
        prop_assert_eq!(arrange(&members, &blocked, bounds, true), best);
        // A split names the team of each member in order, so the least one is that in which each
        // member is in the first team that leads to a valid match.
        let first = valid.iter().min().map(|split| as_teams(split));
        prop_assert_eq!(arrange(&members, &blocked, bounds, false), first);
    }

    #[test]
    fn any_number_of_solos_is_spread_over_the_places(
        values in vec(-9.0..9.0, 1..60),
        bounds in any_range_of_teams(),
    ) {
        let solos = values.len() as u32;
        let counts = (bounds.teams_min..=bounds.teams_max).filter(|teams| {
            (teams * bounds.players_min..=teams * bounds.players_max).contains(&solos)
        });
        let best = counts.min_by_key(|&teams| {
            let emptiest = if teams < bounds.teams_max { 0 } else { solos / teams };
            (solos.div_ceil(teams) - emptiest, Reverse(teams))
        });
        let sizes = vec![1; values.len()];
        let found = arrange(&members(&sizes, &values), &[], bounds, true);
        let found = found.map(|teams| {
            let mut found = sizes_of(&teams, &sizes);
            found.sort_unstable();
            found
        });
        let expected = best.map(|teams| {
            (0..teams).map(|team| (solos + team) / teams).collect::<Vec<_>>()
        });
        prop_assert_eq!(found, expected);
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
