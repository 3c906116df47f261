//! Sessions with free seats beside a queue: a backfill tick under alliance rules, on one core.
//!
//! `cargo bench --bench backfill`

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use match_function::matching::{
    AgsLogic, AgsRules, BackfillOut, Flow, MatchLogic, Player, Proposal, Reason, Roster, Session,
    Text, TickContext, Ticket, Value,
};
use mimalloc::MiMalloc;

/// As in the program: its allocator is a part of what a tick costs.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const NOW_MS: i64 = 1_800_000_000_000;

/// The usual game: two teams of five, skill within a distance that grows, three regions.
const FIVES: &str = include_str!("../docs/samples/ruleset-5v5.json");

/// Ranks instead of skill and one mode of several: many tickets are equally good.
const RANKS: &str = r#"{
    "alliance": {"min_number": 2, "max_number": 2, "player_min_number": 5, "player_max_number": 5},
    "matching_rule": [{"attribute": "rank", "criteria": "distance", "reference": 2}],
    "match_options": {"options": [{"name": "mode", "type": "any"}]},
    "region_latency_initial_range_ms": 100, "region_latency_max_ms": 250, "auto_backfill": true}"#;

/// Nothing but seats: every ticket fits every session.
const SEATS: &str = r#"{
    "alliance": {"min_number": 2, "max_number": 3, "player_min_number": 5, "player_max_number": 5},
    "auto_backfill": true}"#;

#[derive(Default)]
struct Counted {
    proposals: usize,
    added: usize,
}

impl BackfillOut for Counted {
    fn propose(&mut self, proposal: Proposal) -> Flow {
        self.proposals += 1;
        self.added += black_box(proposal).added.len();
        Flow::Go
    }

    fn leave(&mut self, ticket: Ticket, reason: Reason) {
        black_box((ticket, reason));
    }

    fn keep_open(&mut self, session: Session, reason: Reason) {
        black_box((session, reason));
    }

    fn flow(&self) -> Flow {
        Flow::Go
    }
}

/// A party at home in a region.
fn party(random: &mut fastrand::Rng, id: &str, size: u64, home: usize) -> Ticket {
    let bell: f64 = (0..6).map(|_| random.f64()).sum();
    let skill = (1500.0 + (bell - 3.0) * 420.0).round();
    let rank = (skill / 100.0).floor();
    let player = |n| Player {
        id: format!("{id}-{n}").into(),
        attributes: [
            ("mmr".into(), Value::Number(skill)),
            ("rank".into(), Value::Number(rank)),
        ]
        .into_iter()
        .collect(),
    };
    let mut latency = |(at, region): (usize, &'static str)| {
        let ms = if at == home {
            random.i64(10..60)
        } else {
            random.i64(80..220)
        };
        (Text::from_static(region), ms)
    };
    let latencies = ["ap", "eu", "us"].into_iter().enumerate().map(&mut latency);
    let latencies = latencies.collect();
    let mode = Value::from(["ctf", "ffa", "koth"][random.usize(..3)]);
    Ticket {
        id: id.into(),
        pool: "pool".into(),
        created_at_ms: Some(NOW_MS - random.i64(..90_000)),
        players: (0..size).map(player).collect(),
        latencies,
        attributes: [("mode".into(), mode)].into_iter().collect(),
        ..Ticket::default()
    }
}

fn stream(sessions: u32, tickets: u32) -> (Vec<Session>, Vec<Ticket>) {
    let mut random = fastrand::Rng::with_seed(1);
    let mut session = |n: u32| {
        let home = random.usize(..3);
        let first = party(&mut random, &format!("s{n}"), 1, home);
        let mut session = Session {
            match_session_id: format!("session-{n}").into(),
            backfill_ticket_id: format!("backfill-{n}").into(),
            arrival: n,
            created_at_ms: first.created_at_ms,
            region_preferences: vec![Text::from_static(["ap", "eu", "us"][home])],
            ..Session::default()
        };
        for team in 0..2 {
            let mut roster = Roster {
                id: format!("session-{n}-{team}").into(),
                ..Roster::default()
            };
            for place in 0..random.u32(2..=4) {
                let id = format!("s{n}-{team}-{place}");
                let mut ticket = party(&mut random, &id, 1, home);
                ticket.players[0].attributes = first.players[0].attributes.clone();
                ticket.attributes = first.attributes.clone();
                roster.add(&ticket);
                session.tickets.push(ticket);
            }
            session.teams.push(roster);
        }
        session
    };
    let sessions = (0..sessions).map(&mut session).collect();
    let mut ticket = |n: u32| {
        let size = if random.u8(..) < 180 {
            1
        } else {
            random.u64(2..=5)
        };
        let home = random.usize(..3);
        Ticket {
            arrival: n,
            ..party(&mut random, &format!("t{n}"), size, home)
        }
    };
    let tickets = (0..tickets).map(&mut ticket).collect();
    (sessions, tickets)
}

fn tick(rules: AgsRules, (sessions, tickets): (Vec<Session>, Vec<Ticket>)) -> Counted {
    let context = TickContext {
        now_ms: NOW_MS,
        tick_id: 1,
        max_answer_bytes: 4 << 20,
    };
    let mut out = Counted::default();
    let mut tick = AgsLogic.open_backfill(rules, context);
    for session in sessions {
        let _ = tick.push_session(session, &mut out);
    }
    for ticket in tickets {
        let _ = tick.push(ticket, &mut out);
    }
    tick.finish(&mut out);
    out
}

#[expect(clippy::print_stdout, reason = "how much was filled")]
fn backfill(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("backfill");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(5));
    for (name, ruleset) in [("5v5", FIVES), ("ranks", RANKS), ("seats", SEATS)] {
        for (sessions, tickets) in [(1_000, 10_000), (5_000, 50_000)] {
            let rules = || AgsLogic.rules(ruleset).expect("a ruleset").rules;
            let size = format!("{sessions}x{tickets}");
            let once = tick(rules(), stream(sessions, tickets));
            println!(
                "{name} {size}: {} proposals of {} tickets",
                once.proposals, once.added
            );
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter_batched(
                    || stream(sessions, tickets),
                    |stream| tick(rules(), stream),
                    BatchSize::PerIteration,
                );
            });
        }
    }
    group.finish();
}

criterion_group!(benches, backfill);
criterion_main!(benches);
