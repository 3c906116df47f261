//! The search against the oracle, over random rulesets and pools.
//!
//! Every run draws the same pools; `PROPTEST_RNG_SEED` draws others and `PROPTEST_CASES` more of
//! them. `cargo test alliance::tests::oracle -- --nocapture` shows how many were checked.

use std::cell::Cell;
use std::collections::HashSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseResult, TestError, TestRunner};

use super::brute::{Choice, exists_match, fairest, in_order, replay, spread};
use super::check_match;
use super::pool::{Drawn, NOW, pools, twin};
use crate::matching::alliance::AllianceRules;
use crate::matching::alliance::rules::testing::rules;
use crate::matching::{
    AgsLogic, Flow, Match, MatchLogic, MatchOut, Reason, Text, TickContext, Ticket,
};

/// A sink that keeps everything, and may say stop.
#[derive(Debug, Default)]
struct StoppingSink {
    matches: Vec<Match>,
    left: Vec<(Ticket, Reason)>,
    /// Says stop from this match on.
    most_matches: Option<usize>,
    /// Says stop from this question on.
    most_questions: Option<usize>,
    questions: Cell<usize>,
}

impl StoppingSink {
    fn answer(&self) -> Flow {
        let reached = |most: Option<usize>, number| most.is_some_and(|most| number >= most);
        let stop = reached(self.most_matches, self.matches.len())
            || reached(self.most_questions, self.questions.get());
        if stop { Flow::Stop } else { Flow::Go }
    }
}

impl MatchOut for StoppingSink {
    fn offer(&mut self, made: Match) -> Flow {
        self.matches.push(made);
        self.answer()
    }

    fn leave(&mut self, ticket: Ticket, reason: Reason) {
        self.left.push((ticket, reason));
    }

    fn flow(&self) -> Flow {
        let answer = self.answer();
        self.questions.set(self.questions.get() + 1);
        answer
    }
}

fn run_into(mut out: StoppingSink, rules: &str, tickets: &[Ticket]) -> StoppingSink {
    let context = TickContext {
        now_ms: NOW,
        tick_id: 7,
    };
    let rules = AgsLogic.rules(rules).expect("a ruleset").rules;
    let mut tick = AgsLogic.open(rules, context);
    for ticket in tickets {
        if tick.push(twin(ticket), &mut out) == Flow::Stop {
            break;
        }
    }
    tick.finish(&mut out);
    out
}

fn run(pool: &Drawn) -> StoppingSink {
    run_into(StoppingSink::default(), &pool.rules, &pool.tickets)
}

/// What was looked at, shown at the end of a test.
#[derive(Debug, Default)]
struct Count {
    pools: Cell<usize>,
    matches: Cell<usize>,
    /// Those of three tickets or more.
    large: Cell<usize>,
    left: Cell<usize>,
}

impl Count {
    fn add(&self, out: &StoppingSink) {
        self.pools.set(self.pools.get() + 1);
        self.matches.set(self.matches.get() + out.matches.len());
        let large = out.matches.iter().filter(|made| made.tickets().count() > 2);
        self.large.set(self.large.get() + large.count());
        self.left.set(self.left.get() + out.left.len());
    }
}

/// Tries a property on a share of the usual number of pools, and asserts that they were worth it.
fn check<S: Strategy>(
    name: &str,
    share: u32,
    strategy: S,
    test: impl Fn(S::Value, &Count) -> TestCaseResult,
) {
    let mut config = Config {
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(1);
    }
    config.cases = config.cases.div_ceil(share);
    let count = Count::default();
    let verdict = TestRunner::new(config).run(&strategy, |value| test(value, &count));
    let shrunk = match verdict {
        Ok(()) => None,
        Err(TestError::Fail(reason, value)) => Some(format!("{reason}\n{value:#?}")),
        Err(TestError::Abort(reason)) => Some(reason.to_string()),
    };
    assert_eq!(shrunk, None, "{name}");
    let (pools, matches) = (count.pools.get(), count.matches.get());
    let (large, left) = (count.large.get(), count.left.get());
    #[expect(clippy::print_stdout, reason = "the counts are evidence")]
    {
        println!(
            "{name}: {pools} pools, {matches} matches ({large} of three tickets or more), {left} tickets left"
        );
    }
    assert!(matches > pools / 4, "{name}: too few matches to say much");
    assert!(left > pools / 4, "{name}: too few tickets left to say much");
}

fn ids<'t>(tickets: impl IntoIterator<Item = &'t Ticket>) -> Vec<Text> {
    let mut ids: Vec<_> = tickets
        .into_iter()
        .map(|ticket| ticket.id.clone())
        .collect();
    ids.sort_unstable();
    ids
}

/// A ticket as it came: everything in it.
fn shown(ticket: &Ticket) -> String {
    format!("{ticket:?}")
}

/// Every ticket came out exactly once and unchanged.
fn accounted(tickets: &[Ticket], out: &StoppingSink) -> TestCaseResult {
    let in_matches = out.matches.iter().flat_map(Match::tickets);
    let all = in_matches.chain(out.left.iter().map(|(ticket, _)| ticket));
    let mut found: Vec<String> = all.map(shown).collect();
    let mut expected: Vec<String> = tickets.iter().map(shown).collect();
    found.sort_unstable();
    expected.sort_unstable();
    prop_assert_eq!(found, expected);
    Ok(())
}

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

/// The match is the one that the plain reading makes.
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
    let teams: Vec<Vec<&Ticket>> = made
        .teams
        .iter()
        .map(|team| team.tickets.iter().collect())
        .collect();
    let of = |number| fairest(rules, NOW, pivot, &choice.tickets, number);
    let smallest = (1..).find_map(|number| Some((number, of(number)?)));
    let (number, (players, mean)) = smallest.expect("teams");
    prop_assert_eq!(teams.len(), number, "number of teams, pivot {}", pivot.id);
    if rules.rebalance {
        let found = spread(rules, &teams);
        prop_assert_eq!(found.0, players, "team sizes, pivot {}", pivot.id);
        let is_least = found.1 - mean < 1e-9;
        prop_assert!(
            is_least,
            "means {} above {mean}, pivot {}",
            found.1,
            pivot.id
        );
    }
    Ok(())
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
fn matches_are_those_of_the_plain_reading() {
    check("the plain reading", 1, pools(7), |pool, count| {
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
                let mut created = ticket.created_at_ms.unwrap_or(NOW);
                while !seen.insert(created) {
                    created -= 1;
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

/// The two brute forces agree on where there is a match.
#[test]
fn the_plain_reading_misses_no_match() {
    check("the oracle itself", 4, pools(7), |pool, count| {
        let rules = &rules(&pool.rules);
        let waiting = in_order(NOW, &pool.tickets);
        for pivot in &waiting {
            let others = waiting.iter().filter(|ticket| ticket.id != pivot.id);
            let others: Vec<&Ticket> = others.copied().collect();
            let some = exists_match(rules, NOW, pivot, &others);
            let choice = super::brute::choose(rules, NOW, pivot, &waiting, &waiting);
            prop_assert_eq!(some.is_some(), choice.is_some(), "pivot {}", pivot.id);
            let number = if choice.is_some() {
                &count.matches
            } else {
                &count.left
            };
            number.set(number.get() + 1);
        }
        count.pools.set(count.pools.get() + 1);
        Ok(())
    });
}
