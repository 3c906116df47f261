//! Roles and sub game modes held against a reading that tries everything: every set of tickets, every
//! split of it, every way to give out roles. It shares nothing with the engine but the parsed ruleset.

mod brute;
mod drawn;

use std::collections::BTreeMap;

use brute::{Brute, Made};
use drawn::{Drawn, Kind};

use crate::matching::{AgsLogic, Match, TickContext, Value, play};

/// Pools of one run of a test. `CREW_POOLS` in the environment asks for another number, and `CREW_SEED`
/// for others.
const POOLS: u64 = 400;

const CONTEXT: TickContext = TickContext {
    now_ms: drawn::NOW_MS,
    tick_id: 1,
    max_answer_bytes: 4 << 20,
};

/// What the engine makes of a pool, as the brute force tells it.
fn played(drawn: &Drawn) -> Vec<Made> {
    let played = play(&AgsLogic, &drawn.ruleset, CONTEXT, drawn.tickets()).expect("a ruleset");
    played.matches.iter().map(made).collect()
}

fn made(one: &Match) -> Made {
    let number = |id: &str| id.parse::<usize>().expect("a number");
    let teams = one.teams.iter().map(|team| {
        let ids = team.tickets.iter().map(|ticket| number(&ticket.id));
        ids.collect()
    });
    let roles = match one.attributes.get("role") {
        Some(Value::Struct(roles)) => Some(
            roles
                .iter()
                .map(|(id, role)| (id.to_string(), role.as_text().expect("a text").to_owned()))
                .collect::<BTreeMap<_, _>>(),
        ),
        _ => None,
    };
    let mode = match one.attributes.get("sub_game_mode") {
        Some(Value::List(modes)) => modes
            .iter()
            .filter_map(Value::as_text)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    };
    Made {
        teams: teams.collect(),
        roles,
        modes: mode,
    }
}

fn agree(kind: Kind, seed: u64) {
    let pools = std::env::var("CREW_POOLS")
        .ok()
        .and_then(|count| count.parse().ok());
    let mut random = fastrand::Rng::with_seed(seed);
    let mut matches = 0;
    for pool in 0..pools.unwrap_or(POOLS) {
        let drawn = Drawn::new(&mut random, kind);
        let found = played(&drawn);
        matches += found.len();
        let mut brute = Brute::new(&drawn);
        if let Err(why) = brute.judge(&found) {
            panic!("pool {pool} of seed {seed}: {why}\n{drawn}\nfound: {found:#?}");
        }
    }
    assert!(
        matches > 100,
        "only {matches} matches: the pools say nothing"
    );
}

#[test]
fn with_roles_no_match_is_missed_or_wrong() {
    agree(Kind::Roles, 1);
}

#[test]
fn with_modes_no_match_is_missed_or_wrong() {
    agree(Kind::Modes, 2);
}

#[test]
fn with_both_no_match_is_missed_or_wrong() {
    agree(Kind::Both, 3);
}
