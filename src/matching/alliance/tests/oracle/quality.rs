//! `quality` against the oracle (docs/quality.md): whatever it does, each match is one that some ticket of
//! it could have made as pivot, and each ticket comes out once.

use std::collections::HashSet;

use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseResult;
use serde_json::{Value as Json, json};

use super::check_match;
use super::played::{StoppingSink, accounted, check, run, run_into};
use super::pool::{Drawn, NOW, pools};
use crate::matching::alliance::AllianceRules;
use crate::matching::alliance::rules::testing::rules;
use crate::matching::{Match, Reason, Ticket, Value};

/// A `quality` for a ruleset; `hold` where it has a rule that can be held for.
fn quality() -> impl Strategy<Value = Json> {
    let hold = (
        select(&[1e-6, 1e-3, 0.1, 10.0][..]),
        select(&[0, 60, 3600][..]),
    );
    let maxima = (
        weighted(0.3, select(&[0.51, 0.6, 0.9][..])),
        weighted(0.3, 0..3_u32),
        weighted(0.5, select(&[5, 20][..])),
    );
    let deviation = weighted(0.2, Just("lvl"));
    (any::<bool>(), weighted(0.5, hold), maxima, deviation).prop_map(
        |(improve, hold, (chance, gap, relax_until_s), deviation)| {
            let mut quality = json!({"improve": improve});
            if let Some((rate, until_s)) = hold {
                quality["hold"] = json!({"point_per_second": {"mmr": rate}, "until_s": until_s});
            }
            quality["rating"] = json!({"mmr": {"scale": 100, "deviation": deviation}});
            quality["win_chance_max"] = json!(chance);
            quality["premade_gap_max"] = json!(gap);
            quality["relax_until_s"] = json!(relax_until_s);
            quality
        },
    )
}

/// Pools whose rulesets have a `quality`.
pub(in crate::matching::alliance::tests) fn with_quality(
    tickets: usize,
) -> impl Strategy<Value = Drawn> {
    (pools(tickets), quality()).prop_map(|(mut pool, mut quality)| {
        let mut rules: Json = serde_json::from_str(&pool.rules).expect("JSON");
        let measures = rules["matching_rule"].as_array().into_iter().flatten();
        let mut measures = measures.filter(|rule| rule["criteria"] == "distance");
        if !measures.any(|rule| rule["attribute"] == "mmr") {
            quality.as_object_mut().expect("an object").remove("hold");
        }
        rules["quality"] = quality;
        pool.rules = rules.to_string();
        pool
    })
}

/// Whether some ticket of a match could have made it.
fn is_valid(rules: &AllianceRules, made: &Match) -> Result<(), String> {
    let verdicts = made.tickets().map(|pivot| {
        check_match(rules, NOW, &pivot.id, made)?;
        fair(rules, pivot, made)
    });
    let verdicts: Vec<_> = verdicts.collect();
    match verdicts.contains(&Ok(())) {
        true => Ok(()),
        false => Err(format!("{made:?}: {verdicts:?}")),
    }
}

/// The maxima of `quality`, as they are at the age of a pivot.
fn fair(rules: &AllianceRules, pivot: &Ticket, made: &Match) -> Result<(), String> {
    let Some(quality) = &rules.quality else {
        return Ok(());
    };
    let age_s = (NOW - super::created(NOW, pivot)) as f64 / 1e3;
    let given_way = match quality.relaxing {
        Some(relaxing) => {
            let (from, until) = (
                relaxing.from_ms as f64 / 1e3,
                relaxing.until_ms as f64 / 1e3,
            );
            ((age_s - from) / (until - from)).clamp(0.0, 1.0)
        }
        None => 0.0,
    };
    if given_way == 1.0 {
        return Ok(());
    }
    let teams = made.teams.iter().map(|team| &team.tickets);
    if let Some(max) = quality.premade_gap_max {
        let largest = teams.clone().map(|tickets| {
            let sizes = tickets.iter().map(|ticket| ticket.players.len());
            sizes.max().expect("a ticket")
        });
        let largest: Vec<usize> = largest.collect();
        let gap = largest.iter().max().expect("a team") - largest.iter().min().expect("a team");
        let stage = rules.layout.stage_at((age_s * 1e3) as i64);
        let most = f64::from(stage.teams.players_max.max(max)) - f64::from(max);
        if gap as f64 > f64::from(max) + (most * given_way).floor() {
            return Err(format!("premade: {largest:?}"));
        }
    }
    if let Some(max) = quality.win_chance_max {
        let mmr = |ticket: &Ticket| -> Vec<f64> {
            let numbers = ticket
                .players
                .iter()
                .map(|player| player.attributes.get("mmr"));
            numbers
                .map(|mmr| mmr.and_then(Value::as_number).unwrap_or(0.0))
                .collect()
        };
        let means = teams.map(|tickets| {
            let all: Vec<f64> = tickets.iter().flat_map(mmr).collect();
            all.iter().sum::<f64>() / all.len() as f64
        });
        let means: Vec<f64> = means.collect();
        let best = means.iter().copied().fold(f64::MIN, f64::max);
        let worst = means.iter().copied().fold(f64::MAX, f64::min);
        let chance = 1.0 / (1.0 + 10_f64.powf((worst - best) / 100.0));
        if chance > max + (1.0 - max) * given_way + 1e-9 {
            return Err(format!("win chance: {means:?}"));
        }
    }
    Ok(())
}

fn all_valid(pool: &Drawn, out: &StoppingSink) -> TestCaseResult {
    let rules = &rules(&pool.rules);
    for made in &out.matches {
        prop_assert_eq!(is_valid(rules, made), Ok(()));
    }
    Ok(())
}

#[test]
fn matches_with_quality_are_valid() {
    check("quality", 1, with_quality(24), |pool, count| {
        let out = run(&pool);
        count.add(&out);
        accounted(&pool.tickets, &out)?;
        all_valid(&pool, &out)
    });
}

#[test]
fn improved_matches_have_as_many_players_and_leave_nobody_for_a_younger_one() {
    check("improve", 2, pools(24), |mut pool, count| {
        let plain = run(&pool);
        let mut with: Json = serde_json::from_str(&pool.rules).expect("JSON");
        with["quality"] = json!({"improve": true});
        pool.rules = with.to_string();
        let improved = run(&pool);
        count.add(&improved);
        let players = |out: &StoppingSink| -> usize {
            let tickets = out.matches.iter().flat_map(Match::tickets);
            tickets.map(|ticket| ticket.players.len()).sum()
        };
        prop_assert!(players(&improved) >= players(&plain));
        // Whoever had a match and has none now gave it to older ones.
        let matched = |out: &StoppingSink| -> HashSet<u32> {
            let tickets = out.matches.iter().flat_map(Match::tickets);
            tickets.map(|ticket| ticket.arrival).collect()
        };
        let (before, after) = (matched(&plain), matched(&improved));
        let place = |ticket: &Ticket| (super::created(NOW, ticket), ticket.arrival);
        let of = |arrival: &u32| place(&pool.tickets[*arrival as usize]);
        let mut lost: Vec<_> = before.difference(&after).map(of).collect();
        let mut won: Vec<_> = after.difference(&before).map(of).collect();
        lost.sort_unstable();
        won.sort_unstable();
        for (lost, won) in lost.iter().zip(&won) {
            prop_assert!(won < lost, "{:?} lost, {:?} won", lost, won);
        }
        let replaced = improved
            .left
            .iter()
            .filter(|(_, why)| *why == Reason::Replaced);
        prop_assert_eq!(replaced.count(), lost.len());
        Ok(())
    });
}

#[test]
fn the_same_pool_gives_the_same_matches_with_quality() {
    check("quality twice", 4, with_quality(24), |pool, count| {
        let (first, second) = (run(&pool), run(&pool));
        count.add(&first);
        prop_assert_eq!(format!("{first:?}"), format!("{second:?}"));
        Ok(())
    });
}

#[test]
fn without_effect_quality_changes_nothing() {
    check("no quality", 4, pools(24), |mut pool, count| {
        let plain = run(&pool);
        count.add(&plain);
        let mut with: Json = serde_json::from_str(&pool.rules).expect("JSON");
        with["quality"] = json!({});
        pool.rules = with.to_string();
        let same = run(&pool);
        prop_assert_eq!(
            format!("{:?}", plain.matches),
            format!("{:?}", same.matches)
        );
        prop_assert_eq!(format!("{:?}", plain.left), format!("{:?}", same.left));
        Ok(())
    });
}

#[test]
fn a_tick_with_quality_that_is_stopped_keeps_every_ticket() {
    let stops = (with_quality(24), 0..40_usize);
    check("quality stopped", 2, stops, |(pool, most), count| {
        let limited = StoppingSink {
            most_questions: Some(most),
            ..StoppingSink::default()
        };
        let out = run_into(limited, &pool.rules, &pool.tickets);
        count.add(&out);
        accounted(&pool.tickets, &out)?;
        all_valid(&pool, &out)
    });
}
