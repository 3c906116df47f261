//! The contract read literally: every pivot looks at every ticket. The fast search is compared with
//! it, in results and in time.

mod exact;

use std::collections::BTreeMap;

use crate::matching::alliance::AllianceRules;
use crate::matching::alliance::chosen::Chosen;
use crate::matching::alliance::criteria::Criteria;
use crate::matching::alliance::pair::Pivot;
use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::alliance::rules::testing::rules;
use crate::matching::alliance::teams::Packer;
use crate::matching::alliance::walk::Rank;
use crate::matching::{Played, Player, Reason, Text, TickContext, Ticket, Value};

const NOW_MS: i64 = 1_700_000_000_000;

/// The tickets of each match by arrival, the pivot first and then in the order in which they were
/// taken.
fn plain(rules: &AllianceRules, tickets: Vec<Ticket>) -> Vec<Vec<u32>> {
    let (mut pool, _) = Pool::new(rules, NOW_MS, tickets);
    let criteria = Criteria::of(rules, &pool);
    let mut chosen = Chosen::new(&criteria);
    let mut matches = Vec::new();
    for pivot in 0..pool.len() {
        if !pool.waits(pivot) || !find(rules, &pool, &criteria, &mut chosen, pivot) {
            continue;
        }
        let mut arrivals = Vec::new();
        for id in chosen.tickets() {
            arrivals.push(pool.take(*id).expect("waits").arrival);
        }
        matches.push(arrivals);
    }
    matches
}

fn find(
    rules: &AllianceRules,
    pool: &Pool,
    criteria: &Criteria<'_>,
    chosen: &mut Chosen,
    pivot: Id,
) -> bool {
    let mut pivot = Pivot::new(rules, pool, pivot);
    if pool.sizes[pivot.id as usize] > pivot.bounds.players_max {
        return false;
    }
    let mut packer = Packer::new(pivot.bounds, pool.party_kinds.clone());
    for region in criteria.regions.of_pivot(pivot.id) {
        pivot.region = region;
        let waiting = (0..pool.len()).filter(|id| *id != pivot.id && pool.waits(*id));
        let scored = waiting.filter_map(|id| {
            let score = pivot.score(pool, criteria, id).ok()?;
            Some(Rank { score, tie: 0, id })
        });
        let mut ranked: Vec<Rank> = scored.collect();
        ranked.sort_unstable();
        let candidates: Vec<Id> = ranked.iter().map(|rank| rank.id).collect();
        chosen.begin(pool, criteria, pivot.id);
        if exact::find(pool, criteria, chosen, &mut packer, &candidates) {
            return true;
        }
    }
    false
}

fn fast(rules: &AllianceRules, tickets: Vec<Ticket>) -> Played {
    let context = TickContext {
        now_ms: NOW_MS,
        tick_id: 1,
    };
    Played::default().run(rules.clone().open(context), tickets)
}

/// The tickets of each match by arrival, lowest first.
fn arrivals(played: &Played) -> Vec<Vec<u32>> {
    let mut all = Vec::with_capacity(played.matches.len());
    for made in &played.matches {
        all.push(sorted(
            made.tickets().map(|ticket| ticket.arrival).collect(),
        ));
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
                created_at_ms: Some(NOW_MS - random.i64(..90_000)),
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

fn sorted(mut arrivals: Vec<u32>) -> Vec<u32> {
    arrivals.sort_unstable();
    arrivals
}

#[test]
fn the_fast_search_finds_what_the_plain_one_finds() {
    let rules = rules(FIVE);
    for (seed, solos) in (0..12).flat_map(|seed| [(seed, 150), (seed, 0)]) {
        let expected = plain(&rules, crowd(seed, 300, solos));
        let expected: Vec<_> = expected.into_iter().map(sorted).collect();
        let found = fast(&rules, crowd(seed, 300, solos));
        assert_eq!(arrivals(&found), expected, "seed {seed}, {solos} solos");
        assert!(!expected.is_empty());
    }
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
        let expected = plain(&rules, crowd(1, count, solos));
        let plain = started.elapsed();
        let mut left: BTreeMap<Reason, usize> = BTreeMap::new();
        for (_, reason) in &found.left {
            *left.entry(*reason).or_default() += 1;
        }
        println!(
            "{count} tickets, {solos} of 256 solos: {} matches, fast {fast:?}, plain {plain:?}, left {left:?}",
            found.matches.len(),
        );
        let expected: Vec<_> = expected.into_iter().map(sorted).collect();
        assert_eq!(arrivals(&found), expected);
    }
}
