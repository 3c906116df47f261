use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::matching::{Played, Text};

const CONTEXT: TickContext = TickContext {
    now_ms: 1_000_000,
    tick_id: 7,
};

fn ticket(arrival: u32) -> Ticket {
    let id = Text::from(format!("t{arrival}"));
    Ticket {
        id,
        pool: "pool".into(),
        arrival,
        ..Ticket::default()
    }
}

fn run(rules: PairRules, tickets: u32) -> Played {
    let tick = Box::new(PairTick::new(rules, CONTEXT));
    Played::default().run(tick, (0..tickets).map(ticket))
}

fn parse(rules: serde_json::Value) -> Result<ParsedRules<PairRules>, RulesError> {
    let Value::Object(fields) = rules else {
        panic!("no object")
    };
    PairRules::parse(fields)
}

fn counts(rules: serde_json::Value) -> (usize, usize) {
    let rules = parse(rules).expect("valid rules").rules;
    (rules.min(), rules.max())
}

#[test]
fn six_tickets_make_three_pairs_in_order() {
    let out = run(PairRules::default(), 6);
    assert_eq!(out.ids(), [["t0", "t1"], ["t2", "t3"], ["t4", "t5"]]);
    assert!(out.left.is_empty());
    assert!(
        out.matches
            .iter()
            .all(|made| !made.backfill && made.teams.len() == 1)
    );
}

#[test]
fn a_full_match_is_made_before_the_queue_ends() {
    let mut out = Played::default();
    let mut tick = PairTick::new(PairRules::default(), CONTEXT);
    let _ = tick.push(ticket(0), &mut out);
    assert!(out.matches.is_empty());
    let _ = tick.push(ticket(1), &mut out);
    assert_eq!(out.matches.len(), 1);
}

#[test]
fn the_rest_makes_a_smaller_match_if_it_reaches_the_minimum() {
    let rules = PairRules::new(2, 4, true).unwrap();
    let out = run(rules, 7);
    assert_eq!(
        out.matches
            .iter()
            .map(|m| m.tickets().count())
            .collect::<Vec<_>>(),
        [4, 3]
    );
    assert_eq!(
        out.matches.iter().map(|m| m.backfill).collect::<Vec<_>>(),
        [false, true]
    );

    let out = run(rules, 5);
    assert_eq!(out.matches.len(), 1);
    assert_eq!(out.left.len(), 1);
    assert_eq!(out.left[0].1, Reason::NotEnoughTickets);

    let without = PairRules::new(2, 4, false).unwrap();
    assert!(!run(without, 3).matches[0].backfill);
}

#[test]
fn a_sink_that_says_stop_is_heard_at_once() {
    let mut out = Played::stopping_after(1);
    let mut tick = PairTick::new(PairRules::default(), CONTEXT);
    assert_eq!(tick.push(ticket(0), &mut out), Flow::Go);
    assert_eq!(tick.push(ticket(1), &mut out), Flow::Stop);
    // No ticket follows, and what waits is not made a match of.
    let tick = Box::new(PairTick::new(PairRules::default(), CONTEXT));
    let out = Played::stopping_after(1).run(tick, (0..5).map(ticket));
    assert_eq!(out.ids(), [["t0", "t1"]]);
    assert!(out.left.is_empty());
}

#[test]
fn counts_are_taken_only_together() {
    assert_eq!(counts(json!({})), (2, 2));
    assert_eq!(
        counts(json!({"shipCountMin": 3, "shipCountMax": 5})),
        (3, 5)
    );
    assert_eq!(
        counts(json!({"shipCountMin": 3.0, "shipCountMax": 3})),
        (3, 3)
    );
    assert_eq!(
        counts(json!({"shipcountmin": 1, "SHIPCOUNTMAX": 1})),
        (1, 1)
    );
    assert_eq!(counts(json!({"shipCountMax": 5})), (2, 2));
    assert_eq!(counts(json!({"shipCountMin": 3})), (2, 2));
    assert_eq!(
        counts(json!({"shipCountMin": 0, "shipCountMax": 5})),
        (2, 2)
    );
    assert_eq!(
        counts(json!({"shipCountMin": 3, "shipCountMax": null})),
        (2, 2)
    );
}

#[test]
fn all_faults_are_named_together() {
    let wrong = json!({"shipCountMin": -1, "shipCountMax": "two", "auto_backfill": 1});
    let error = parse(wrong).expect_err("three faults").to_string();
    for part in [
        "`shipCountMin` is -1: allowed are whole numbers from 0 to 2147483647",
        "`shipCountMax` is \"two\"",
        "`auto_backfill` is 1: allowed are true and false",
    ] {
        assert!(error.contains(part), "{error}");
    }
    let crossed = parse(json!({"shipCountMin": 3, "shipCountMax": 2})).expect_err("crossed");
    assert!(
        crossed
            .to_string()
            .contains("more than `shipCountMax`, which is 2"),
        "{crossed}"
    );
    assert!(parse(json!({"shipCountMin": 2.5, "shipCountMax": 3})).is_err());
    assert!(parse(json!({"shipCountMin": true, "shipCountMax": 3})).is_err());
}

#[test]
fn keys_without_effect_are_warned_of() {
    let parsed = parse(json!({"matching_rule": [], "my_key": 1})).unwrap();
    let warnings: Vec<_> = parsed.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "`matching_rule`: has no effect without `alliance`",
            "`my_key`: is not a key of a ruleset"
        ]
    );
}

proptest! {
    #[test]
    fn first_come_first_served_and_no_ticket_twice(
        (min, max) in (1_usize..6).prop_flat_map(|min| (Just(min), min..8)),
        tickets in 0_u32..60,
    ) {
        let out = run(PairRules::new(min, max, true).unwrap(), tickets);
        let matched: Vec<u32> =
            out.matches.iter().flat_map(Match::tickets).map(|t| t.arrival).collect();
        let left: Vec<u32> = out.left.iter().map(|(t, _)| t.arrival).collect();
        let all: Vec<u32> = matched.into_iter().chain(left).collect();
        prop_assert_eq!(all, (0..tickets).collect::<Vec<_>>());
        for (at, made) in out.matches.iter().enumerate() {
            let size = made.tickets().count();
            let last = at + 1 == out.matches.len();
            prop_assert!(size == max || (last && size >= min && size < max && made.backfill));
        }
        prop_assert!(out.left.len() < min, "the rest would make a match");
        let mut ids: Vec<_> = out.matches.iter().map(|made| made.teams[0].id).collect();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), out.matches.len());
    }

    #[test]
    fn any_json_is_read_or_refused(text in "\\PC{0,40}", a in any::<f64>(), b in any::<i64>()) {
        if let Ok(fields) = rules::object(&text) {
            let _ = PairRules::parse(fields);
        }
        if let Ok(parsed) = parse(json!({"shipCountMin": a, "shipCountMax": b})) {
            prop_assert!(1 <= parsed.rules.min() && parsed.rules.min() <= parsed.rules.max());
        }
    }
}
