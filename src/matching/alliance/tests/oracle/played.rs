//! Ticks of the strategy over drawn pools: what they gave, and how many were looked at.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseResult, TestError, TestRunner};

use super::pool::{Drawn, NOW};
use crate::matching::explain::copy;
use crate::matching::{
    AgsLogic, Flow, Match, MatchLogic, MatchOut, Reason, Text, TickContext, Ticket,
};

/// A sink that keeps everything, and may say stop.
#[derive(Debug, Default)]
pub(super) struct StoppingSink {
    pub(super) matches: Vec<Match>,
    pub(super) left: Vec<(Ticket, Reason)>,
    /// Says stop from this match on.
    pub(super) most_matches: Option<usize>,
    /// Says stop from this question on.
    pub(super) most_questions: Option<usize>,
    pub(super) questions: Cell<usize>,
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

pub(super) fn run_into(mut out: StoppingSink, rules: &str, tickets: &[Ticket]) -> StoppingSink {
    let context = TickContext {
        now_ms: NOW,
        tick_id: 7,
        max_answer_bytes: 4 << 20,
    };
    let rules = AgsLogic.rules(rules).expect("a ruleset").rules;
    let mut tick = AgsLogic.open(rules, context);
    for ticket in tickets {
        if tick.push(copy(ticket), &mut out) == Flow::Stop {
            break;
        }
    }
    tick.finish(&mut out);
    out
}

pub(super) fn run(pool: &Drawn) -> StoppingSink {
    run_into(StoppingSink::default(), &pool.rules, &pool.tickets)
}

/// What was looked at, shown at the end of a test.
#[derive(Debug, Default)]
pub(super) struct Count {
    pools: Cell<usize>,
    matches: Cell<usize>,
    /// Those of three tickets or more.
    large: Cell<usize>,
    left: Cell<usize>,
}

impl Count {
    pub(super) fn add(&self, out: &StoppingSink) {
        let sizes = out.matches.iter().map(|made| made.tickets().count());
        self.note(sizes, out.left.len());
    }

    /// Notes a pool: the tickets of each match, and how many are left.
    pub(super) fn note(&self, matches: impl Iterator<Item = usize>, left: usize) {
        self.pools.set(self.pools.get() + 1);
        self.left.set(self.left.get() + left);
        for tickets in matches {
            self.matches.set(self.matches.get() + 1);
            self.large.set(self.large.get() + usize::from(tickets > 2));
        }
    }
}

/// Tries a property on a share of the usual number of pools, and asserts that they were worth it.
pub(super) fn check<S: Strategy>(
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

pub(super) fn ids<'t>(tickets: impl IntoIterator<Item = &'t Ticket>) -> Vec<Text> {
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
pub(super) fn accounted(tickets: &[Ticket], out: &StoppingSink) -> TestCaseResult {
    let in_matches = out.matches.iter().flat_map(Match::tickets);
    let all = in_matches.chain(out.left.iter().map(|(ticket, _)| ticket));
    let mut found: Vec<String> = all.map(shown).collect();
    let mut expected: Vec<String> = tickets.iter().map(shown).collect();
    found.sort_unstable();
    expected.sort_unstable();
    prop_assert_eq!(found, expected);
    Ok(())
}
