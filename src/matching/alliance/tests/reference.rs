//! The contract read literally: every pivot looks at every ticket. The fast search is compared with
//! it, in results and in time. It shares no code with the search, nor with the oracle.

mod card;
mod exact;
mod group;
pub(super) mod plain;

use std::collections::BTreeMap;

use crate::matching::alliance::AllianceRules;
use crate::matching::alliance::rules::testing::rules;
use crate::matching::{Match, Played, Player, Reason, Text, TickContext, Ticket, Value};

const NOW_MS: i64 = 1_700_000_000_000;

fn plain(rules: &AllianceRules, tickets: &[Ticket]) -> Vec<Vec<u32>> {
    let matches = plain::Queue::new(rules, NOW_MS, tickets).matches();
    arrivals(matches.iter().map(|made| made.tickets.iter().copied()))
}

fn fast(rules: &AllianceRules, tickets: Vec<Ticket>) -> Played {
    let context = TickContext {
        now_ms: NOW_MS,
        tick_id: 1,
        max_answer_bytes: 4 << 20,
    };
    Played::default().run(rules.clone().open(context), tickets)
}

/// The tickets of each match by arrival, lowest first.
fn arrivals<'t>(matches: impl Iterator<Item = impl Iterator<Item = &'t Ticket>>) -> Vec<Vec<u32>> {
    let mut all = Vec::new();
    for tickets in matches {
        let mut arrivals: Vec<u32> = tickets.map(|ticket| ticket.arrival).collect();
        arrivals.sort_unstable();
        all.push(arrivals);
    }
    all
}

/// A pool as the benchmark's: 5v5, one rule with flexing, three regions, two options, parties. Of 256
/// tickets so many are solos for sure; with few of them parties often find no match.
fn crowd(seed: u64, count: u32, solos: u8) -> Vec<Ticket> {
    let mut random = fastrand::Rng::with_seed(seed);
    let text = |text: String| Text::from(text);
    (0..count)
        .map(|arrival| {
            let size = if random.u8(..) < solos {
                1
            } else {
                random.u64(1..=5)
            };
            let bell: f64 = (0..6).map(|_| random.f64()).sum();
            let skill = (1500.0 + (bell - 3.0) * 420.0).round();
            let players = (0..size).map(|place| Player {
                id: text(format!("p{arrival}-{place}")),
                attributes: [(
                    Text::from("mmr"),
                    Value::Number(skill + f64::from(random.u8(..60))),
                )]
                .into_iter()
                .collect(),
            });
            let players = players.collect();
            let home = random.usize(..3);
            let mut latencies = Vec::new();
            for (at, region) in ["ap", "eu", "us"].iter().enumerate() {
                let ms = if at == home {
                    random.i64(10..60)
                } else {
                    random.i64(80..220)
                };
                latencies.push((Text::from(*region), ms));
            }
            let modes = ["ctf", "ffa", "koth"];
            let first = random.usize(..3);
            let mode = Value::List(vec![modes[first].into(), modes[(first + 1) % 3].into()]);
            let map = Value::from(["dust", "lake"][random.usize(..2)]);
            Ticket {
                id: text(format!("t{arrival}")),
                pool: "pool".into(),
                arrival,
                created_at_ms: Some(NOW_MS - random.i64(0..90_000)),
                players,
                latencies,
                attributes: [("map".into(), map), ("mode".into(), mode)]
                    .into_iter()
                    .collect(),
                ..Ticket::default()
            }
        })
        .collect()
}

const FIVE: &str = r#"{
    "alliance": {"min_number": 2, "max_number": 2, "player_min_number": 5, "player_max_number": 5},
    "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 100}],
    "flexing_rule": [
        {"attribute": "mmr", "criteria": "distance", "reference": 200, "duration": 15},
        {"attribute": "mmr", "criteria": "distance", "reference": 400, "duration": 45}],
    "match_options": {"options": [{"name": "mode", "type": "any"}, {"name": "map", "type": "all"}]},
    "region_expansion_rate_ms": 10000, "region_expansion_range_ms": 50,
    "region_latency_initial_range_ms": 20, "region_latency_max_ms": 200}"#;

#[test]
fn the_fast_search_finds_what_the_plain_one_finds() {
    let rules = rules(FIVE);
    for (seed, solos) in (0..6).flat_map(|seed| [(seed, 150), (seed, 0)]) {
        let expected = plain(&rules, &crowd(seed, 300, solos));
        let found = fast(&rules, crowd(seed, 300, solos));
        assert_eq!(
            arrivals(found.matches.iter().map(Match::tickets)),
            expected,
            "seed {seed}, {solos} solos"
        );
        assert!(!expected.is_empty());
    }
}

/// The crowd, where some tickets ask for more than others, and some say little of themselves.
fn mixed_crowd(seed: u64, count: u32) -> Vec<Ticket> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut tickets = crowd(seed, count, 150);
    for ticket in &mut tickets {
        let mut set = |name: &'static str, value: Value| ticket.attributes.set(name.into(), value);
        if random.u8(..3) == 0 {
            set("queue", ["ranked", "casual"][random.usize(..2)].into());
        }
        if random.u8(..3) > 0 {
            set("current_platform", ["pc", "ps"][random.usize(..2)].into());
        }
        let both = ["pc", "ps"].map(Value::from);
        set(
            "cross_platform",
            Value::List(both[random.usize(..2)..].to_vec()),
        );
        for (_, ms) in &mut ticket.latencies {
            if random.u8(..10) == 0 {
                *ms = -1;
            }
        }
        if random.u8(..20) == 0 {
            ticket.created_at_ms = [None, Some(0), Some(-62_135_596_800_000)][random.usize(..3)];
        }
    }
    tickets
}

#[test]
fn the_fast_search_finds_it_where_some_ask_for_more() {
    let any = r#"{"name": "cross_platform", "type": "any"}, {"name": "mode","#;
    let rules = rules(&FIVE.replace(r#"{"name": "mode","#, any));
    let mut matches = 0;
    for seed in 0..6 {
        let expected = plain(&rules, &mixed_crowd(seed, 300));
        let found = fast(&rules, mixed_crowd(seed, 300));
        assert_eq!(
            arrivals(found.matches.iter().map(Match::tickets)),
            expected,
            "seed {seed}"
        );
        matches += expected.len();
    }
    assert!(matches > 30, "{matches}");
}

#[test]
#[ignore = "prints times; run it with --release --nocapture"]
#[expect(clippy::print_stdout, reason = "the times are what it is for")]
fn times() {
    let rules = rules(FIVE);
    for (count, solos) in [1_000, 10_000]
        .into_iter()
        .flat_map(|count| [(count, 150), (count, 0)])
    {
        let started = std::time::Instant::now();
        let found = fast(&rules, crowd(1, count, solos));
        let fast = started.elapsed();
        let started = std::time::Instant::now();
        let expected = plain(&rules, &crowd(1, count, solos));
        let plain = started.elapsed();
        let mut left: BTreeMap<Reason, usize> = BTreeMap::new();
        for (_, reason) in &found.left {
            *left.entry(*reason).or_default() += 1;
        }
        println!(
            "{count} tickets, {solos} of 256 solos: {} matches, fast {fast:?}, plain {plain:?}, left {left:?}",
            found.matches.len(),
        );
        assert_eq!(arrivals(found.matches.iter().map(Match::tickets)), expected);
    }
}
