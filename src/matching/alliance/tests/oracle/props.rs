//! The search against the oracle, over random rulesets and pools.
//!
//! Every run draws the same pools; `PROPTEST_RNG_SEED` draws others and `PROPTEST_CASES` more of
//! them. `cargo test alliance::tests::oracle -- --nocapture` shows how many were checked.

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::brute::{Choice, exists_match, in_order, replay};
use super::played::{StoppingSink, accounted, check, ids, run, run_into};
use super::pool::{Drawn, NOW, pools};
use super::split::{Balance, fairest, to_the_brim};
use super::{Judge, YEAR_2000, check_match, created, teams_of};
use crate::matching::alliance::AllianceRules;
use crate::matching::alliance::rules::testing::rules;
use crate::matching::{Match, Reason, Text, Ticket};

/// Goes through the pivots: one whose turn gave a match has a valid one, one whose turn gave none
/// could not have had one.
fn valid_and_maximal(pool: &Drawn, out: &StoppingSink) -> TestCaseResult {
    let rules = &rules(&pool.rules);
    let mut waiting = in_order(NOW, &pool.tickets);
    let mut matches = out.matches.iter().peekable();
    for pivot in waiting.clone() {
        if !waiting.iter().any(|ticket| ticket.id == pivot.id) {
            continue;
        }
        let with_it = |made: &&Match| made.tickets().any(|ticket| ticket.id == pivot.id);
        let verdict = matches
            .peek()
            .filter(|made| with_it(made))
            .map(|made| check_match(rules, NOW, &pivot.id, made));
        if verdict == Some(Ok(())) {
            let made = ids(matches.next().into_iter().flat_map(Match::tickets));
            let before = waiting.len();
            waiting.retain(|ticket| !made.contains(&ticket.id));
            prop_assert_eq!(before - waiting.len(), made.len(), "a ticket twice");
            continue;
        }
        // Its match may be the one of a younger pivot; then this one had none of its own.
        let others = waiting.iter().filter(|ticket| ticket.id != pivot.id);
        let others: Vec<&Ticket> = others.copied().collect();
        let missed = exists_match(rules, NOW, pivot, &others);
        prop_assert_eq!(missed, None, "pivot {}: {:?}", pivot.id, verdict);
    }
    prop_assert!(matches.next().is_none(), "a match of no pivot's turn");
    Ok(())
}

/// The match is the one that its pivot makes, in the teams that it should have.
fn same_choice(rules: &AllianceRules, made: &Match, choice: &Choice<'_>) -> TestCaseResult {
    let pivot = choice.pivot;
    prop_assert_eq!(
        ids(made.tickets()),
        ids(choice.tickets.iter().copied()),
        "pivot {}",
        pivot.id
    );
    let region = choice.region.clone().unwrap_or_else(|| "any".into());
    prop_assert_eq!(made.region_preferences.first(), Some(&region));
    let verdict = check_match(rules, NOW, &pivot.id, made);
    prop_assert_eq!(verdict, Ok(()), "pivot {}", pivot.id);
    let judge = Judge::new(rules, NOW, pivot);
    let teams = teams_of(made);
    if !rules.rebalance {
        let expected = to_the_brim(&judge, &choice.tickets);
        prop_assert_eq!(by_id(&teams), by_id(&expected), "teams, pivot {}", pivot.id);
        return Ok(());
    }
    let found = Balance::of(&judge, &teams);
    let best = fairest(&judge, &choice.tickets).expect("valid teams");
    let counts = |of: Balance| (of.places, of.without, of.sizes);
    prop_assert_eq!(
        counts(found),
        counts(best),
        "team sizes, pivot {}",
        pivot.id
    );
    prop_assert!(
        found.means - best.means < 1e-9,
        "means {} above {}, pivot {}",
        found.means,
        best.means,
        pivot.id
    );
    Ok(())
}

/// The tickets of each team, whatever the order.
fn by_id(teams: &[Vec<&Ticket>]) -> Vec<Vec<Text>> {
    let teams = teams.iter().map(|team| ids(team.iter().copied()));
    let mut teams: Vec<_> = teams.collect();
    teams.sort_unstable();
    teams
}

#[test]
fn matches_are_valid_and_none_is_missed() {
    check("valid and maximal", 1, pools(7), |pool, count| {
        let out = run(&pool);
        count.add(&out);
        accounted(&pool.tickets, &out)?;
        valid_and_maximal(&pool, &out)
    });
}

#[test]
fn matches_are_those_that_each_pivot_makes() {
    check("the match of each pivot", 1, pools(7), |pool, count| {
        let out = run(&pool);
        count.add(&out);
        let rules = &rules(&pool.rules);
        let choices = replay(rules, NOW, &pool.tickets);
        for (made, choice) in out.matches.iter().zip(&choices) {
            same_choice(rules, made, choice)?;
        }
        prop_assert_eq!(out.matches.len(), choices.len());
        Ok(())
    });
}

#[test]
fn matches_of_larger_pools_are_valid() {
    check("larger pools", 8, pools(40), |pool, count| {
        let out = run(&pool);
        count.add(&out);
        accounted(&pool.tickets, &out)?;
        let rules = &rules(&pool.rules);
        for made in &out.matches {
            let by_each = made
                .tickets()
                .map(|pivot| check_match(rules, NOW, &pivot.id, made));
            let verdicts: Vec<_> = by_each.collect();
            prop_assert!(verdicts.contains(&Ok(())), "{:?}: {:?}", made, verdicts);
        }
        Ok(())
    });
}

#[test]
fn the_order_of_arrival_does_not_matter_when_no_two_are_of_one_age() {
    let shuffled = (pools(12), prop::collection::vec(any::<u32>(), 12));
    check(
        "order of arrival",
        2,
        shuffled,
        |(mut pool, keys), count| {
            let mut seen = HashSet::new();
            for ticket in &mut pool.tickets {
                let mut created = created(NOW, ticket);
                while !seen.insert(created) {
                    // A millisecond before the year 2000 would be one of `NOW`.
                    created = if created > YEAR_2000 {
                        created - 1
                    } else {
                        NOW
                    };
                }
                ticket.created_at_ms = Some(created);
            }
            let first = run(&pool);
            count.add(&first);
            pool.tickets
                .sort_by_key(|ticket| keys[ticket.arrival as usize]);
            for (at, ticket) in pool.tickets.iter_mut().enumerate() {
                ticket.arrival = u32::try_from(at).expect("small");
            }
            let second = run(&pool);
            prop_assert_eq!(without_arrival(first), without_arrival(second));
            Ok(())
        },
    );
}

fn without_arrival(out: StoppingSink) -> (String, Vec<(Text, Reason)>) {
    let mut matches = out.matches;
    let teams = matches.iter_mut().flat_map(|made| &mut made.teams);
    for ticket in teams.flat_map(|team| &mut team.tickets) {
        ticket.arrival = 0;
    }
    let left = out.left.into_iter();
    let mut left: Vec<_> = left.map(|(ticket, why)| (ticket.id, why)).collect();
    left.sort_unstable();
    (format!("{matches:?}"), left)
}

#[test]
fn the_same_pool_gives_the_same_matches() {
    check("twice", 4, pools(20), |pool, count| {
        let (first, second) = (run(&pool), run(&pool));
        count.add(&first);
        prop_assert_eq!(format!("{first:?}"), format!("{second:?}"));
        Ok(())
    });
}

#[test]
fn a_tick_that_is_stopped_has_made_the_first_matches() {
    let stops = (pools(20), 0..6_usize, any::<bool>());
    check("stopped", 2, stops, |(pool, most, by_questions), count| {
        let whole = run(&pool);
        let limited = if by_questions {
            StoppingSink {
                most_questions: Some(most),
                ..StoppingSink::default()
            }
        } else {
            StoppingSink {
                most_matches: Some(most + 1),
                ..StoppingSink::default()
            }
        };
        let out = run_into(limited, &pool.rules, &pool.tickets);
        count.add(&out);
        accounted(&pool.tickets, &out)?;
        if !by_questions {
            prop_assert!(out.matches.len() <= most + 1);
        }
        for (made, first) in out.matches.iter().zip(&whole.matches) {
            prop_assert_eq!(format!("{made:?}"), format!("{first:?}"));
        }
        prop_assert!(out.matches.len() <= whole.matches.len());
        Ok(())
    });
}
