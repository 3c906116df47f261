//! One tick of the alliance strategy, by size of the queue, shape of a match, parties, the share of
//! tickets that match no other, and roles.
//!
//! `cargo bench --bench matching`; with `-- 5v5` only the names that have it. Before each
//! measurement it prints what one tick made of the queue.

use std::fmt;
use std::hint::black_box;
use std::time::Duration;

use criterion::{
    BatchSize, BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use fastrand::Rng;
use match_function::matching::{
    AgsLogic, Attributes, Played, Player, Text, TickContext, Ticket, Value, play,
};
use match_function::population::of_ruleset;
use mimalloc::MiMalloc;

/// As in the program: its allocator is a part of what a tick costs.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;
use serde_json::{Value as Json, json};

const NOW: i64 = 1_700_000_000_000;
const QUEUES: [usize; 3] = [1_000, 10_000, 100_000];

/// Teams of a match.
#[derive(Debug, Clone, Copy)]
struct Shape {
    name: &'static str,
    teams: usize,
    players: usize,
}

const SHAPES: [Shape; 3] = [
    Shape {
        name: "1v1",
        teams: 2,
        players: 1,
    },
    Shape {
        name: "5v5",
        teams: 2,
        players: 5,
    },
    Shape {
        name: "10x3",
        teams: 10,
        players: 3,
    },
];

/// A queue to match.
#[derive(Debug, Clone, Copy)]
struct Queue {
    shape: Shape,
    tickets: usize,
    /// Players of the largest party.
    party: usize,
    /// Of a hundred tickets, those that match no other.
    unmatchable: usize,
    roles: Roles,
    /// Whether the ruleset asks for better matches.
    improve: bool,
}

/// What players ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Roles {
    /// The ruleset has none.
    Off,
    /// 30 % tank, 50 % dps, 20 % healer; a third has a second choice, and 5 % take any.
    Mixed,
    /// Everybody is dps but for one healer, so that no match comes of it.
    OneHealer,
}

impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, unmatchable) = (self.shape.name, self.unmatchable);
        match self.party {
            1 => write!(f, "{name} solos {unmatchable}%")?,
            largest => write!(f, "{name} parties of 1 to {largest} {unmatchable}%")?,
        }
        write!(f, " unmatchable")?;
        match self.roles {
            Roles::Off if self.improve => write!(f, ", improve"),
            Roles::Off => Ok(()),
            Roles::Mixed => write!(f, ", roles"),
            Roles::OneHealer => write!(f, ", one healer"),
        }
    }
}

/// One distance rule with flexing, three regions, two options.
fn rules(shape: Shape, roles: Roles, improve: bool) -> String {
    let role = |name: &str, min: u32, max: u32| json!({"name": name, "min": min, "max": max});
    let alliances = json!([[role("tank", 1, 2), role("dps", 2, 3), role("healer", 1, 1)]]);
    let flex = |duration: u32, reference: u32| json!({"duration": duration, "attribute": "mmr", "criteria": "distance", "reference": reference});
    json!({
        "alliance": {
            "min_number": shape.teams, "max_number": shape.teams,
            "player_min_number": shape.players, "player_max_number": shape.players,
            "combination": {"has_combination": roles != Roles::Off, "alliances": alliances},
        },
        "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 100}],
        "flexing_rule": [flex(30, 200), flex(60, 400)],
        "match_options": {"options": [
            {"name": "map", "type": "any"},
            {"name": "mode", "type": "all"},
        ]},
        "region_latency_initial_range_ms": 50,
        "region_latency_max_ms": 200,
        "quality": if improve { json!({"improve": true}) } else { Json::Null },
    })
    .to_string()
}

/// A queue of up to two minutes: the skill of parties is normal, each has a home region, and those
/// that match no other have a skill or a map of their own.
fn queue(queue: Queue) -> Vec<Ticket> {
    let mut rng = Rng::with_seed(7);
    let mut tickets: Vec<Ticket> = (0..queue.tickets)
        .map(|at| ticket(queue, at, &mut rng))
        .collect();
    // Drawn apart, so that the queue is the same without roles.
    let mut rng = Rng::with_seed(8);
    let players = tickets.iter_mut().flat_map(|ticket| &mut ticket.players);
    for (at, player) in players.enumerate() {
        let asks = match queue.roles {
            Roles::Off => continue,
            Roles::Mixed => asks(&mut rng),
            Roles::OneHealer if at == 0 => "healer".into(),
            Roles::OneHealer => "dps".into(),
        };
        player.attributes.set(Text::from_static("role"), asks);
    }
    tickets
}

/// What one player asks for.
fn asks(rng: &mut Rng) -> Value {
    if rng.u8(..20) == 0 {
        return "any".into();
    }
    let mut draw = || match rng.u8(..10) {
        0..3 => "tank",
        3..8 => "dps",
        _ => "healer",
    };
    let (first, second) = (draw(), draw());
    match rng.u8(..3) {
        0 => Value::List(vec![first.into(), second.into()]),
        _ => first.into(),
    }
}

fn ticket(queue: Queue, at: usize, rng: &mut Rng) -> Ticket {
    let normal = |rng: &mut Rng| (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0;
    let alone = (at * 61) % 100 < queue.unmatchable;
    let (far, own_map) = (
        alone && at.is_multiple_of(2),
        alone && !at.is_multiple_of(2),
    );
    let skill = if far {
        1e6 + 1e4 * at as f64
    } else {
        1_500.0 + 300.0 * normal(rng)
    };
    let player = |place, rng: &mut Rng| {
        let mmr = Value::from((skill + 40.0 * normal(rng)).round());
        Player {
            id: format!("p{at}-{place}").into(),
            attributes: [(Text::from_static("mmr"), mmr)].into_iter().collect(),
        }
    };
    let players = (0..rng.usize(1..=queue.party))
        .map(|place| player(place, rng))
        .collect();
    let maps = if own_map {
        vec![Value::Text(format!("m{at}").into())]
    } else {
        let (first, second) = (rng.usize(..4), rng.usize(..4));
        let maps = ["canyon", "docks", "ruins", "temple"];
        vec![maps[first].into(), maps[second].into()]
    };
    let mode = if rng.u8(..4) == 0 { "casual" } else { "ranked" };
    let home = rng.usize(..3);
    let latency = |region: usize, rng: &mut Rng| match region == home {
        true => rng.i64(15..60),
        false => rng.i64(80..220),
    };
    let regions = ["ap-southeast-1", "eu-central-1", "us-west-2"];
    let latencies = regions.iter().enumerate();
    Ticket {
        id: format!("t{at}").into(),
        pool: "pool".into(),
        arrival: u32::try_from(at).expect("a queue of AGS"),
        created_at_ms: Some(NOW - rng.i64(0..120_000)),
        players,
        latencies: latencies
            .map(|(region, name)| (Text::from_static(name), latency(region, rng)))
            .collect(),
        attributes: Attributes::from_iter([
            (Text::from_static("map"), Value::List(maps)),
            (Text::from_static("mode"), mode.into()),
        ]),
        ..Ticket::default()
    }
}

/// A ticket of the same content; the texts are shared.
fn twin(ticket: &Ticket) -> Ticket {
    Ticket {
        id: ticket.id.clone(),
        pool: ticket.pool.clone(),
        arrival: ticket.arrival,
        created_at_ms: ticket.created_at_ms,
        players: ticket.players.clone(),
        latencies: ticket.latencies.clone(),
        attributes: ticket.attributes.clone(),
        ..Ticket::default()
    }
}

fn tick(rules: &str, tickets: Vec<Ticket>) -> Played {
    let context = TickContext {
        now_ms: NOW,
        tick_id: 1,
        max_answer_bytes: 4 << 20,
    };
    play(&AgsLogic, rules, context, tickets).expect("a ruleset")
}

fn matching(c: &mut Criterion) {
    let plain = |shape, party, unmatchable| Queue {
        shape,
        tickets: 0,
        party,
        unmatchable,
        roles: Roles::Off,
        improve: false,
    };
    for shape in SHAPES {
        for unmatchable in [0, 50] {
            by_size(c, plain(shape, 1, unmatchable));
            if shape.players > 1 {
                by_size(c, plain(shape, shape.players, unmatchable));
            }
        }
    }
    let shape = SHAPES[1];
    for party in [1, shape.players] {
        for roles in [Roles::Mixed, Roles::OneHealer] {
            let plain = plain(shape, party, 0);
            by_size(c, Queue { roles, ..plain });
        }
    }
    for (shape, party) in [(SHAPES[0], 1), (shape, 1), (shape, shape.players)] {
        let improve = true;
        let plain = plain(shape, party, 0);
        by_size(c, Queue { improve, ..plain });
    }
}

fn by_size(c: &mut Criterion, kind: Queue) {
    let kind = |tickets| Queue { tickets, ..kind };
    let mut group = c.benchmark_group(kind(0).to_string());
    group
        .sample_size(10)
        .sampling_mode(SamplingMode::Flat)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_secs(2));
    let Queue {
        shape,
        roles,
        improve,
        ..
    } = kind(0);
    let rules = rules(shape, roles, improve);
    for tickets in QUEUES {
        // Made when it is first asked for: names that are not chosen cost nothing.
        let mut made: Option<Vec<Ticket>> = None;
        group.throughput(Throughput::Elements(tickets as u64));
        group.bench_function(BenchmarkId::from_parameter(tickets), |b| {
            let all = made.get_or_insert_with(|| {
                let all = queue(kind(tickets));
                let out = tick(&rules, all.iter().map(twin).collect());
                show(&kind(tickets), &out);
                all
            });
            b.iter_batched(
                || all.iter().map(twin).collect(),
                |tickets| black_box(tick(&rules, tickets)),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// The queue of a live game, as `client --random` and `simulate` draw it, under the rulesets of
/// docs/samples.
fn live(c: &mut Criterion) {
    for (name, rules) in [
        ("5v5", include_str!("../docs/samples/ruleset-5v5.json")),
        ("roles", include_str!("../docs/samples/ruleset-roles.json")),
    ] {
        let mut group = c.benchmark_group(format!("live queue, {name}"));
        group
            .sample_size(10)
            .sampling_mode(SamplingMode::Flat)
            .measurement_time(Duration::from_secs(2));
        for tickets in [1_000, 10_000] {
            let mut made: Option<Vec<Ticket>> = None;
            group.throughput(Throughput::Elements(tickets.into()));
            group.bench_function(BenchmarkId::from_parameter(tickets), |b| {
                let all = made.get_or_insert_with(|| of_ruleset(rules).queue(tickets, 7, NOW));
                b.iter_batched(
                    || all.iter().map(twin).collect(),
                    |tickets| black_box(tick(rules, tickets)),
                    BatchSize::PerIteration,
                );
            });
        }
        group.finish();
    }
}

#[expect(clippy::print_stderr, reason = "what was measured")]
fn show(queue: &Queue, out: &Played) {
    let matched: usize = out.matches.iter().map(|made| made.tickets().count()).sum();
    let share = 100.0 * matched as f64 / queue.tickets as f64;
    let (tickets, matches) = (queue.tickets, out.matches.len());
    eprintln!("{queue}, {tickets} tickets: {matches} matches with {share:.1} % of them");
}

criterion_group!(benches, matching, live);
criterion_main!(benches);
