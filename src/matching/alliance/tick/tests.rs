use std::cell::Cell;

use super::*;
use crate::matching::alliance::rules::testing::rules;
use crate::matching::{Match, Player, Value};

const CONTEXT: TickContext = TickContext {
    now_ms: 1_700_000_000_000,
    tick_id: 1,
    max_answer_bytes: 4 << 20,
};

/// An output that says stop at one of the questions.
struct Asked {
    times: Cell<u64>,
    stops_at: u64,
    placed: usize,
    left: Vec<Reason>,
}

impl Asked {
    fn stopping_at(stops_at: u64) -> Self {
        Self {
            times: Cell::new(0),
            stops_at,
            placed: 0,
            left: Vec::new(),
        }
    }
}

impl MatchOut for Asked {
    fn offer(&mut self, made: Match) -> Flow {
        self.placed += made.tickets().count();
        self.flow()
    }

    fn leave(&mut self, _ticket: Ticket, reason: Reason) {
        self.left.push(reason);
    }

    fn flow(&self) -> Flow {
        self.times.set(self.times.get() + 1);
        if self.times.get() >= self.stops_at {
            Flow::Stop
        } else {
            Flow::Go
        }
    }
}

/// Each of ten players needs a value of its own, and all tickets have the same: each pivot looks at
/// tickets until fewer than ten are left, in every region, and finds no match.
const ALL_THE_SAME: &str = r#"{"alliance": {"min_number": 2, "max_number": 2,
    "player_min_number": 5, "player_max_number": 5}, "region_latency_max_ms": 1000,
    "region_latency_initial_range_ms": 900,
    "match_options": {"options": [{"name": "hero", "type": "unique"}]}}"#;

fn solos(count: usize, regions: usize) -> Vec<Ticket> {
    let solo = |at: usize| Ticket {
        id: format!("ticket-{at}").into(),
        arrival: u32::try_from(at).expect("few"),
        players: vec![Player {
            id: format!("player-{at}").into(),
            ..Player::default()
        }],
        latencies: (0..regions)
            .map(|region| (format!("region-{region:03}").into(), 50))
            .collect(),
        attributes: [("hero".into(), Value::from("same"))].into_iter().collect(),
        ..Ticket::default()
    };
    (0..count).map(solo).collect()
}

fn run(tickets: Vec<Ticket>, stops_at: u64) -> Asked {
    let mut out = Asked::stopping_at(stops_at);
    finish(&rules(ALL_THE_SAME), CONTEXT, tickets, &mut out);
    out
}

#[test]
fn the_output_is_asked_within_a_pivot_and_within_its_regions() {
    let (tickets, regions) = (120, 12);
    let out = run(solos(tickets, regions), u64::MAX);
    assert_eq!((out.placed, out.left.len()), (0, tickets));
    // At least so many tickets were looked at, and between two questions are 32 steps.
    let looked_at = (tickets * regions * (tickets - 10)) as u64;
    assert!(out.times.get() > looked_at / 40, "{}", out.times.get());
}

#[test]
fn a_tick_that_is_stopped_ends_at_once_and_says_budget() {
    let all = run(solos(60, 4), u64::MAX).times.get();
    for stops_at in [1, 2, 3, all / 2, all - 1] {
        let out = run(solos(60, 4), stops_at);
        assert_eq!(out.placed + out.left.len(), 60, "a ticket is lost");
        assert_eq!(out.times.get(), stops_at, "it went on");
        assert!(out.left.contains(&Reason::Budget));
    }
    // Its turn came too late.
    let late = run(solos(60, 4), 1);
    assert!(late.left.iter().all(|reason| *reason == Reason::Budget));
}
