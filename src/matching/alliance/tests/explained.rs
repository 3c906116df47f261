//! What an explanation tells: any change that it names gives the ticket a match when the tick is played
//! with it, and a second less of a wait does not.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value as Json;

use super::crews::drawn;
use super::oracle::{pool, quality};
use crate::matching::explain::{Change, Fate, Miss, Scene, copy};
use crate::matching::{
    AgsLogic, MatchLogic, Played, Player, Reason, TickContext, Ticket, Value, play, rules,
};

/// Pools of each kind in one run of a test; `EXPLAINED_POOLS` in the environment asks for another number.
const POOLS: u32 = 25;

fn pools() -> u32 {
    let asked = std::env::var("EXPLAINED_POOLS").ok();
    asked.and_then(|count| count.parse().ok()).unwrap_or(POOLS)
}

fn scene(ruleset: &str, mut tickets: Vec<Ticket>, now_ms: i64) -> Scene {
    for (arrival, ticket) in (0..).zip(&mut tickets) {
        ticket.arrival = arrival;
    }
    Scene {
        rules: rules::object(ruleset).expect("an object"),
        tickets,
        sessions: Vec::new(),
        context: TickContext {
            now_ms,
            tick_id: 1,
            max_answer_bytes: 4 << 20,
        },
    }
}

fn played(scene: &Scene) -> Played {
    let json = Json::Object(scene.rules.clone()).to_string();
    let tickets = scene.tickets.iter().map(copy);
    play(&AgsLogic, &json, scene.context, tickets).expect("a ruleset")
}

/// The number of the match of a ticket, from 1, when the tick is played.
fn match_of(scene: &Scene, place: usize) -> Option<usize> {
    let matches = played(scene).matches;
    let arrival = scene.tickets[place].arrival;
    let has = |made: &crate::matching::Match| made.tickets().any(|one| one.arrival == arrival);
    matches.iter().position(has).map(|at| at + 1)
}

fn check_miss(scene: &Scene, place: usize, miss: &Miss) {
    let changed = scene.with(&miss.changes);
    assert!(match_of(&changed, place).is_some(), "{miss}: {scene:#?}");
    if let [Change::Wait { seconds }] = &*miss.changes
        && *seconds > 1
    {
        let seconds = seconds - 1;
        let earlier = scene.with(&[Change::Wait { seconds }]);
        assert!(
            match_of(&earlier, place).is_none(),
            "{seconds} s: {scene:#?}"
        );
    }
}

/// Holds everything that is explained of a scene against plain plays; how many changes were told.
fn check(scene: &Scene) -> usize {
    let mut told = 0;
    let left = AgsLogic.left(scene, &|_, _| {});
    let mut found: Vec<usize> = left.iter().map(|one| one.place).collect();
    found.sort_unstable();
    let places = 0..scene.tickets.len();
    let expected: Vec<usize> = places
        .filter(|place| match_of(scene, *place).is_none())
        .collect();
    assert_eq!(found, expected, "{scene:#?}");
    for one in &left {
        if let Some(miss) = &one.miss {
            check_miss(scene, one.place, miss);
        }
    }
    for place in 0..scene.tickets.len() {
        let explained = AgsLogic.explain(scene, place).expect("a ruleset");
        match &explained.fate {
            Fate::Matched(matched) => {
                assert_eq!(Some(matched.number), match_of(scene, place), "{scene:#?}");
            }
            Fate::Left(reason) => {
                let one = left.iter().find(|one| one.place == place);
                assert_eq!(one.map(|one| one.reason), Some(*reason), "{scene:#?}");
            }
            Fate::Joined(_) => panic!("no sessions"),
        }
        if let Some(funnel) = &explained.funnel {
            let counts = funnel.steps.iter().map(|step| step.left.tickets);
            let counts: Vec<usize> = std::iter::once(funnel.others.tickets)
                .chain(counts)
                .collect();
            assert!(counts.is_sorted_by(|a, b| a >= b), "{counts:?}");
        }
        for miss in &explained.misses {
            check_miss(scene, place, miss);
        }
        told += explained.misses.len();
    }
    told
}

#[test]
fn a_change_that_is_told_gives_the_ticket_a_match() {
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let strategy = pool::pools(7);
    let mut told = 0;
    for _ in 0..pools() {
        let drawn = strategy.new_tree(&mut runner).expect("a pool").current();
        told += check(&scene(&drawn.rules, drawn.tickets, pool::NOW));
    }
    assert!(told > 20, "{told}");
}

#[test]
fn a_change_that_is_told_helps_with_quality() {
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let strategy = quality::with_quality(7);
    let mut told = 0;
    for _ in 0..pools() {
        let drawn = strategy.new_tree(&mut runner).expect("a pool").current();
        told += check(&scene(&drawn.rules, drawn.tickets, pool::NOW));
    }
    assert!(told > 10, "{told}");
}

#[test]
fn a_match_that_is_put_off_is_told_with_its_cost_and_its_time() {
    let ruleset = r#"{
        "alliance": {"min_number": 2, "max_number": 2, "player_min_number": 1, "player_max_number": 1},
        "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 100}],
        "quality": {"hold": {"point_per_second": {"mmr": 0.01}, "until_s": 30}}
    }"#;
    let now_ms = pool::NOW;
    let ticket = |at: i64| {
        let mmr = Value::Number((1000 + 40 * at) as f64);
        let player = Player {
            id: format!("p{at}").into(),
            attributes: [("mmr".into(), mmr)].into_iter().collect(),
        };
        Ticket {
            id: format!("t{at}").into(),
            players: vec![player],
            created_at_ms: Some(now_ms - 1000 * at),
            ..Ticket::default()
        }
    };
    let scene = scene(ruleset, (0..20).map(ticket).collect(), now_ms);
    let explained = AgsLogic.explain(&scene, 5).expect("a ruleset");
    assert_eq!(explained.fate, Fate::Left(Reason::Held));
    let put_off = explained.put_off.expect("a match that was put off");
    assert_eq!(put_off.size.tickets, 2);
    assert_eq!(put_off.cost, 0.4, "40 points of a reference of 100");
    assert!(put_off.worth < put_off.cost, "{put_off:?}");
    // Its own age or that of its opponent, whichever is older.
    assert_eq!(put_off.wait_s, 24);
    let waits = |miss: &Miss| matches!(&*miss.changes, [Change::Wait { .. }]);
    let wait = explained.misses.iter().find(|miss| waits(miss));
    check_miss(&scene, 5, wait.expect("a wait after which it is matched"));
}

#[test]
fn a_change_that_is_told_helps_with_roles_and_modes() {
    let mut random = fastrand::Rng::with_seed(5);
    let mut told = 0;
    for pool in 0..pools() {
        let kinds = [drawn::Kind::Roles, drawn::Kind::Modes, drawn::Kind::Both];
        let drawn = drawn::Drawn::new(&mut random, kinds[pool as usize % kinds.len()]);
        told += check(&scene(&drawn.ruleset, drawn.tickets(), drawn::NOW_MS));
    }
    assert!(told > 20, "{told}");
}
