//! Sentences of the contract by themselves: each judged by both readings, with the tickets that it
//! speaks of.

use serde_json::{Value as Json, json};

use super::brute::replay;
use super::pool::NOW;
use super::split::{Balance, every_split, fairest, to_the_brim};
use super::{Judge, players};
use crate::matching::alliance::rules::testing::rules;
use crate::matching::alliance::tests::reference::plain::Queue;
use crate::matching::{Attributes, Player, Ticket, Value};

/// Two teams of one.
const DUEL: &str = r#""alliance": {"min_number": 2, "max_number": 2,
    "player_min_number": 1, "player_max_number": 1}"#;
/// Three teams of one.
const THREE: &str = r#""alliance": {"min_number": 3, "max_number": 3,
    "player_min_number": 1, "player_max_number": 1}"#;
const CROSS: &str =
    r#", "match_options": {"options": [{"name": "cross_platform", "type": "any"}]}"#;

/// A ticket of so many players, the first one the oldest.
fn party(at: usize, size: usize) -> Ticket {
    let player = |place| Player {
        id: format!("{at}-{place}").into(),
        ..Player::default()
    };
    let arrival = u32::try_from(at).expect("few");
    Ticket {
        id: at.to_string().into(),
        arrival,
        created_at_ms: Some(NOW - 10_000 + i64::from(arrival)),
        players: (0..size).map(player).collect(),
        ..Ticket::default()
    }
}

/// Solos with these attributes, the first one the oldest.
fn solos(attributes: &[Json]) -> Vec<Ticket> {
    let all = attributes.iter().enumerate();
    all.map(|(at, json)| Ticket {
        attributes: of_json(json),
        ..party(at, 1)
    })
    .collect()
}

fn of_json(json: &Json) -> Attributes {
    match Value::from(json) {
        Value::Struct(attributes) => attributes,
        other => panic!("not an object: {other:?}"),
    }
}

/// How many tickets each match has, if both readings agree.
fn matches(ruleset: &str, tickets: &[Ticket]) -> Vec<usize> {
    let rules = rules(&format!("{{{ruleset}}}"));
    let plain = Queue::new(&rules, NOW, tickets).matches();
    let plain: Vec<usize> = plain.iter().map(|made| made.tickets.len()).collect();
    let choices = replay(&rules, NOW, tickets);
    let brute: Vec<usize> = choices.iter().map(|made| made.tickets.len()).collect();
    assert_eq!(plain, brute, "the readings: {tickets:?}");
    plain
}

#[test]
fn attributes_have_one_value_in_a_match() {
    let cases = [
        // The older one keeps what it asked for; a younger one joins a pivot that does not ask.
        (DUEL, vec![json!({"mode": "x"}), json!({})], 0),
        (DUEL, vec![json!({}), json!({"mode": "x"})], 1),
        (DUEL, vec![json!({"mode": ""}), json!({"mode": "x"})], 1),
        (DUEL, vec![json!({"mode": "x"}), json!({"mode": ""})], 0),
        (DUEL, vec![json!({"mode": null}), json!({"mode": "x"})], 1),
        (
            DUEL,
            vec![json!({"role": "x"}), json!({"current_platform": "y"})],
            1,
        ),
        (
            THREE,
            vec![json!({}), json!({"mode": "x"}), json!({"mode": "y"})],
            0,
        ),
        (
            THREE,
            vec![json!({}), json!({"mode": "x"}), json!({"mode": "x"})],
            1,
        ),
        (
            THREE,
            vec![json!({}), json!({"mode": "x"}), json!({"mode": ""})],
            1,
        ),
        (DUEL, vec![json!({"server_name": "s"}), json!({})], 0),
        (DUEL, vec![json!({}), json!({"server_name": "s"})], 0),
        (DUEL, vec![json!({}), json!({"client_version": ""})], 1),
    ];
    for (ruleset, attributes, expected) in cases {
        let found = matches(ruleset, &solos(&attributes)).len();
        assert_eq!(found, expected, "{attributes:?}");
    }
}

#[test]
fn options_ask_in_both_directions() {
    let with = |kind: &str, teams: &str| {
        format!(r#"{teams}, "match_options": {{"options": [{{"name": "map", "type": "{kind}"}}]}}"#)
    };
    let (x, y, xy) = (
        json!({"map": "x"}),
        json!({"map": "y"}),
        json!({"map": ["x", "y"]}),
    );
    let none = json!({});
    let cases = [
        ("any", DUEL, vec![&x, &xy], 1),
        ("any", DUEL, vec![&x, &y], 0),
        ("any", DUEL, vec![&x, &none], 0),
        ("any", DUEL, vec![&none, &x], 0),
        ("any", THREE, vec![&xy, &x, &y], 0),
        ("all", DUEL, vec![&x, &xy], 0),
        ("all", DUEL, vec![&none, &x], 0),
        ("unique", DUEL, vec![&x, &y], 1),
        ("unique", DUEL, vec![&x, &xy], 0),
        ("unique", DUEL, vec![&none, &x], 1),
        ("unique", DUEL, vec![&x, &none], 0),
        ("unique", THREE, vec![&none, &x, &x], 0),
        ("disable", THREE, vec![&none, &x, &y], 1),
    ];
    for (kind, teams, attributes, expected) in cases {
        let attributes: Vec<Json> = attributes.into_iter().cloned().collect();
        let found = matches(&with(kind, teams), &solos(&attributes)).len();
        assert_eq!(found, expected, "{kind}: {attributes:?}");
    }
}

#[test]
fn platforms_are_looked_at_when_the_pivot_has_one() {
    let on = |platform: &str, with: &[&str]| json!({"current_platform": platform, "cross_platform": with});
    let both = ["pc", "ps"];
    let silent = || json!({"cross_platform": both});
    let cases = [
        (DUEL, vec![on("pc", &both), on("ps", &both)], 1),
        (DUEL, vec![on("pc", &both), on("ps", &["ps"])], 0),
        (DUEL, vec![on("pc", &["pc"]), on("ps", &both)], 0),
        // Without a platform it does not join a pivot that has one, nor the other way round.
        (DUEL, vec![on("pc", &both), silent()], 0),
        (DUEL, vec![silent(), on("pc", &both)], 1),
        (THREE, vec![silent(), on("pc", &both), on("ps", &["ps"])], 1),
        (
            THREE,
            vec![on("pc", &both), on("ps", &both), on("ps", &["ps"])],
            0,
        ),
    ];
    for (teams, attributes, expected) in cases {
        let found = matches(&format!("{teams}{CROSS}"), &solos(&attributes)).len();
        assert_eq!(found, expected, "{attributes:?}");
    }
    // As an `all` option the lists have to be the same, and platforms do not matter.
    let all = format!("{DUEL}{}", CROSS.replace("any", "all"));
    let same = [on("pc", &["ps"]), on("ps", &["ps"])];
    assert_eq!(matches(&all, &solos(&same)), [2]);
    // As must-match it is tested beside other options only.
    let lists = [
        json!({"cross_platform": ["pc"]}),
        json!({"cross_platform": ["ps"]}),
    ];
    assert_eq!(matches(DUEL, &solos(&lists)), [2]);
    let other = format!("{DUEL}{}", CROSS.replace("cross_platform", "map"));
    assert_eq!(matches(&other, &solos(&lists)), [0_usize; 0]);
    let off = format!("{DUEL}{}", CROSS.replace("any", "disable"));
    assert_eq!(matches(&off, &solos(&lists)), [2]);
}

#[test]
fn a_negative_latency_is_not_a_measurement() {
    let region = |latencies: [&[(&'static str, i64)]; 2]| {
        let with = |(at, all): (usize, &[(&'static str, i64)])| Ticket {
            latencies: all.iter().map(|(name, ms)| ((*name).into(), *ms)).collect(),
            ..party(at, 1)
        };
        let tickets: Vec<Ticket> = latencies.into_iter().enumerate().map(with).collect();
        let rules = rules(&format!("{{{DUEL}}}"));
        let found = Queue::new(&rules, NOW, &tickets).matches();
        let regions: Vec<_> = found
            .iter()
            .map(|made| made.region.map(str::to_owned))
            .collect();
        let brute: Vec<_> = replay(&rules, NOW, &tickets)
            .into_iter()
            .map(|made| made.region.map(|name| name.to_string()))
            .collect();
        assert_eq!(regions, brute);
        regions
    };
    let eu = vec![Some("eu".to_owned())];
    assert_eq!(
        region([&[("eu", 40), ("us", -1)], &[("eu", 45), ("us", -1)]]),
        eu
    );
    assert_eq!(
        region([&[("eu", 40), ("us", -1)], &[("eu", 45), ("us", 5)]]),
        eu
    );
    assert_eq!(region([&[("us", -1)], &[("eu", 45)]]), []);
    assert_eq!(region([&[], &[("ap", -1), ("eu", 45)]]), eu);
}

#[test]
fn a_time_that_was_never_set_is_now() {
    let flexed = r#""alliance": {"min_number": 2, "max_number": 2, "player_min_number": 2,
        "player_max_number": 2}, "alliance_flexing_rule": [{"duration": 30, "min_number": 1,
        "max_number": 1, "player_min_number": 1, "player_max_number": 1}]"#;
    let of_time = |created_at_ms| {
        let ticket = Ticket {
            created_at_ms,
            ..party(0, 1)
        };
        matches(flexed, &[ticket]).len()
    };
    assert_eq!(of_time(Some(946_684_800_000)), 1);
    for never in [
        None,
        Some(946_684_799_999),
        Some(0),
        Some(-62_135_596_800_000),
    ] {
        assert_eq!(of_time(never), 0, "{never:?}");
    }
}

#[test]
fn blocked_players_may_be_one_text() {
    for blocked in [json!("1-0"), json!(["1-0"])] {
        let tickets = solos(&[json!({ "blocked_players": blocked }), json!({})]);
        assert_eq!(matches(DUEL, &tickets), [0_usize; 0]);
    }
    let tickets = solos(&[json!({"blocked_players": "1-1"}), json!({})]);
    assert_eq!(matches(DUEL, &tickets), [2]);
}

/// The players of each team that these parties should make, in order of size.
fn teams(bounds: [u32; 4], rebalance: bool, parties: &[usize]) -> Vec<usize> {
    let [teams_min, teams_max, players_min, players_max] = bounds;
    let rules = rules(&format!(
        r#"{{"alliance": {{"min_number": {teams_min}, "max_number": {teams_max},
            "player_min_number": {players_min}, "player_max_number": {players_max}}}}}"#
    ));
    let all = parties.iter().enumerate();
    let tickets: Vec<Ticket> = all.map(|(at, size)| party(at, *size)).collect();
    let tickets: Vec<&Ticket> = tickets.iter().collect();
    let judge = Judge::new(&rules, NOW, tickets[0]);
    let mut found = if rebalance {
        let best = fairest(&judge, &tickets).expect("valid teams");
        let mut all = Vec::new();
        every_split(&judge, &tickets, &mut |teams| {
            let is_best = judge.teams(teams).is_ok() && Balance::of(&judge, teams) == best;
            if is_best {
                all = teams.iter().map(|team| players(team)).collect();
            }
            is_best
        });
        all
    } else {
        let teams = to_the_brim(&judge, &tickets);
        teams.iter().map(|team| players(team)).collect()
    };
    found.sort_by_key(|size| std::cmp::Reverse(*size));
    found
}

#[test]
fn parties_are_spread_over_the_places() {
    // One team of all is balanced by itself, were it not for the empty place.
    for (solos, expected) in [
        (2, vec![1, 1]),
        (3, vec![2, 1]),
        (4, vec![2, 2]),
        (5, vec![3, 2]),
    ] {
        assert_eq!(teams([1, 2, 1, 5], true, &vec![1; solos]), expected);
    }
    assert_eq!(teams([2, 4, 1, 5], true, &[1; 6]), [2, 2, 1, 1]);
    assert_eq!(teams([1, 10, 1, 5], true, &[1; 7]), [1; 7]);
    // Where no team may be smaller, fewer teams; more of them if the difference is the same.
    assert_eq!(teams([1, 4, 2, 5], true, &[1; 6]), [2, 2, 2]);
    assert_eq!(teams([1, 4, 2, 3], true, &[3, 2, 1]), [3, 3]);
    assert_eq!(teams([1, 3, 1, 5], true, &[4, 1]), [4, 1]);
    assert_eq!(teams([1, 4, 1, 4], true, &[3, 1, 1, 1]), [3, 1, 1, 1]);
}

#[test]
fn without_rebalancing_teams_are_filled_to_the_brim() {
    assert_eq!(teams([1, 2, 1, 5], false, &[1; 5]), [5]);
    assert_eq!(teams([1, 2, 1, 5], false, &[1; 6]), [5, 1]);
    assert_eq!(teams([1, 4, 1, 4], false, &[3, 2, 1, 2]), [4, 4]);
    // The first that leaves a valid match.
    assert_eq!(teams([2, 2, 1, 3], false, &[1; 3]), [2, 1]);
    assert_eq!(teams([2, 2, 1, 4], false, &[2, 1, 3, 2]), [4, 4]);
}
