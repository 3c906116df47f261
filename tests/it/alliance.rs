//! Worked cases of the alliance strategy: `cases/alliance/*.json`, through the default logic.
//!
//! A file has the ruleset and its runs. A run has tickets (those of the file unless it has its own),
//! fields of the ruleset that differ, and the matches that have to come out, in order: their
//! tickets, the players of each team (largest team first), and what else is to be seen in a match.
//! Every other ticket has to be left.

use std::fs;
use std::path::Path;

use match_function::matching::{
    AgsLogic, Attributes, Match, Played, Player, Text, TickContext, Ticket, Value, play,
};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

const NOW: i64 = 1_700_000_000_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    rules: Map<String, Json>,
    #[serde(default)]
    tickets: Vec<Queued>,
    runs: Vec<Run>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    name: String,
    #[serde(default)]
    rules: Map<String, Json>,
    tickets: Option<Vec<Queued>>,
    matches: Vec<Expected>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Queued {
    id: String,
    age_s: i64,
    players: Vec<Member>,
    #[serde(default)]
    latencies: Map<String, Json>,
    #[serde(default)]
    attributes: Json,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    id: String,
    #[serde(default)]
    attributes: Json,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    tickets: Vec<String>,
    teams: Vec<usize>,
    backfill: Option<bool>,
    region_preferences: Option<Vec<String>>,
    attributes: Option<Json>,
}

fn attributes(json: &Json) -> Attributes {
    match Value::from(json) {
        Value::Struct(attributes) => attributes,
        _ => Attributes::new(),
    }
}

fn ticket((arrival, queued): (usize, &Queued)) -> Ticket {
    let player = |member: &Member| Player {
        id: member.id.as_str().into(),
        attributes: attributes(&member.attributes),
    };
    let latencies = queued.latencies.iter();
    let mut latencies: Vec<(Text, i64)> = latencies
        .map(|(region, ms)| (region.as_str().into(), ms.as_i64().expect("milliseconds")))
        .collect();
    latencies.sort_unstable();
    Ticket {
        id: queued.id.as_str().into(),
        pool: "pool".into(),
        arrival: u32::try_from(arrival).expect("a short queue"),
        created_at_ms: Some(NOW - queued.age_s * 1000),
        players: queued.players.iter().map(player).collect(),
        latencies,
        attributes: attributes(&queued.attributes),
        ..Ticket::default()
    }
}

fn run(rules: &Map<String, Json>, tickets: &[Queued]) -> Played {
    let json = Json::Object(rules.clone()).to_string();
    let context = TickContext {
        now_ms: NOW,
        tick_id: 1,
        max_answer_bytes: 4 << 20,
    };
    let tickets = tickets.iter().enumerate().map(ticket);
    play(&AgsLogic, &json, context, tickets).expect("a ruleset")
}

fn ids<'t>(tickets: impl IntoIterator<Item = &'t Ticket>) -> Vec<String> {
    let ids = tickets.into_iter().map(|ticket| ticket.id.to_string());
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids
}

/// The players of each team, largest team first.
fn sizes(made: &Match) -> Vec<usize> {
    let players = |tickets: &[Ticket]| tickets.iter().map(|ticket| ticket.players.len()).sum();
    let mut sizes: Vec<usize> = made
        .teams
        .iter()
        .map(|team| players(&team.tickets))
        .collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes
}

fn check(made: &Match, expected: &Expected, name: &str) {
    assert_eq!(ids(made.tickets()), expected.tickets, "{name}");
    assert_eq!(sizes(made), expected.teams, "{name}");
    if let Some(backfill) = expected.backfill {
        assert_eq!(made.backfill, backfill, "{name}");
    }
    if let Some(regions) = &expected.region_preferences {
        assert_eq!(made.region_preferences, regions[..], "{name}");
    }
    if let Some(json) = &expected.attributes {
        assert_eq!(made.attributes, attributes(json), "{name}");
    }
}

#[test]
fn the_worked_cases_come_out_as_they_should() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/alliance");
    let mut runs = 0;
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the cases")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort_unstable();
    for path in &files {
        let text = fs::read_to_string(path).expect("a file");
        let case: Case = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        for expected in &case.runs {
            let stem = path.file_stem().unwrap_or_default().display();
            let name = format!("{stem}: {}", expected.name);
            let mut rules = case.rules.clone();
            rules.extend(expected.rules.clone());
            let tickets = expected.tickets.as_ref().unwrap_or(&case.tickets);
            let out = run(&rules, tickets);
            assert_eq!(out.matches.len(), expected.matches.len(), "{name}: {out:?}");
            for (made, expected) in out.matches.iter().zip(&expected.matches) {
                check(made, expected, &name);
            }
            let left = out.left.iter().map(|(ticket, _)| ticket);
            let all = out.matches.iter().flat_map(Match::tickets).chain(left);
            let queued = tickets.iter().enumerate().map(ticket);
            assert_eq!(ids(all), ids(&queued.collect::<Vec<_>>()), "{name}");
            runs += 1;
        }
    }
    assert!(files.len() >= 8 && runs >= 16, "cases are missing: {runs}");
}
