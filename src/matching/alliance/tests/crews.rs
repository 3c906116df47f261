//! Roles and sub game modes held against a reading that tries everything: every set of tickets, every
//! split of it, every way to give out roles. It shares nothing with the engine but the parsed ruleset.

mod brute;
pub(super) mod drawn;

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

#[test]
fn improved_matches_of_roles_and_modes_are_right() {
    let mut random = fastrand::Rng::with_seed(21);
    let (mut matches, mut more, mut others) = (0, 0, 0);
    // In most pools there is nothing to improve: no rule measures anything.
    for pool in 0..5 * POOLS {
        let kinds = [Kind::Roles, Kind::Modes, Kind::Both];
        let mut drawn = Drawn::new(&mut random, kinds[pool as usize % kinds.len()]);
        let plain = played(&drawn);
        drawn.ruleset = drawn
            .ruleset
            .replacen('{', r#"{"quality":{"improve":true},"#, 1);
        let found = played(&drawn);
        if let Err(why) = Brute::new(&drawn).judge_valid(&found) {
            panic!("pool {pool}: {why}\n{drawn}");
        }
        let count = |made: &[Made]| -> usize {
            let tickets = made.iter().flat_map(|made| made.teams.iter().flatten());
            tickets
                .map(|ticket| drawn.tickets[*ticket].players.len())
                .sum()
        };
        assert!(count(&found) >= count(&plain), "pool {pool}\n{drawn}");
        matches += found.len();
        more += usize::from(count(&found) > count(&plain));
        others += usize::from(found != plain);
    }
    assert!(matches > 100, "{matches}");
    assert!(
        more > 2 && others > 10,
        "{more} of {others}: improving changes nothing here"
    );
}

/// The tickets of the oldest ticket's match, if that has one.
fn first_of(made: &[Made]) -> Option<Vec<usize>> {
    let first = made.first()?;
    let mut tickets: Vec<usize> = first.teams.iter().flatten().copied().collect();
    tickets.sort_unstable();
    (tickets[0] == 0).then_some(tickets)
}

/// Pools in which nobody gives up a choice.
fn unflexed(random: &mut fastrand::Rng) -> Drawn {
    loop {
        let drawn = Drawn::new(random, Kind::Roles);
        if drawn.rules.layout.role_flexing.is_none() {
            return drawn;
        }
    }
}

#[test]
fn a_player_who_takes_any_role_besides_loses_no_match() {
    let mut random = fastrand::Rng::with_seed(11);
    let mut matches = 0;
    for _ in 0..POOLS {
        let mut drawn = unflexed(&mut random);
        let before = first_of(&played(&drawn));
        let at = random.usize(..drawn.tickets.len());
        let ticket = &mut drawn.tickets[at];
        let place = random.usize(..ticket.players.len());
        ticket.players[place].push("any");
        let after = first_of(&played(&drawn));
        assert!(
            before.is_none() || after.is_some(),
            "ticket {at}, player {place}: {drawn}"
        );
        matches += usize::from(before.is_some());
    }
    assert!(matches > 50, "{matches}");
}

#[test]
fn without_roles_the_oldest_ticket_has_a_match_whenever_it_has_one_with_them() {
    let mut random = fastrand::Rng::with_seed(12);
    let mut matches = 0;
    for _ in 0..POOLS {
        let mut drawn = unflexed(&mut random);
        let before = first_of(&played(&drawn));
        drawn.ruleset = drawn
            .ruleset
            .replace("\"has_combination\":true", "\"has_combination\":false");
        let after = first_of(&played(&drawn));
        assert!(before.is_none() || after.is_some(), "{drawn}");
        matches += usize::from(before.is_some());
    }
    assert!(matches > 50, "{matches}");
}

#[test]
fn roles_of_other_names_are_given_out_alike() {
    let names = [("dps", "mage"), ("healer", "zealot"), ("tank", "archer")];
    let renamed = |name: &str| {
        let pair = names.iter().find(|(old, _)| *old == name);
        pair.map_or("any", |(_, new)| *new)
    };
    let mut random = fastrand::Rng::with_seed(13);
    for _ in 0..POOLS {
        let mut drawn = Drawn::new(&mut random, Kind::Roles);
        let mut expected = played(&drawn);
        for made in &mut expected {
            let roles = made.roles.iter_mut().flat_map(BTreeMap::values_mut);
            roles.for_each(|role| *role = renamed(role).to_owned());
        }
        for (old, new) in names {
            drawn.ruleset = drawn
                .ruleset
                .replace(&format!("\"{old}\""), &format!("\"{new}\""));
        }
        let asks = drawn
            .tickets
            .iter_mut()
            .flat_map(|ticket| &mut ticket.players);
        asks.flatten().for_each(|name| *name = renamed(name));
        assert_eq!(played(&drawn), expected, "{drawn}");
    }
}
