//! Streams that were reported, as AGS sends them: `cases/reported/*.json`, through the default logic.
//!
//! A file has runs. A run has a ruleset, the messages of a stream as protobuf JSON, and what has to come
//! out: matches (the tickets, the players of each team with the largest first, perhaps the regions) or
//! proposals. `invalid` names the tickets that are left for their own fault.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use match_function::matching::{
    AgsLogic, Attributes, Match, MatchLogic, Player, Proposal, Reason, Roster, Session, Text,
    TickContext, Ticket, Value, play, play_backfill,
};
use prost_types::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

/// 25 November 2026, 10:01:00 UTC.
const CONTEXT: TickContext = TickContext {
    now_ms: 1_795_600_860_000,
    tick_id: 1,
    max_answer_bytes: 4 << 20,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    runs: Vec<Run>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    name: String,
    rules: Json,
    stream: Vec<Message>,
    matches: Option<Vec<ExpectedMatch>>,
    proposals: Option<Vec<ExpectedProposal>>,
    #[serde(default)]
    invalid: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Message {
    Ticket(Queued),
    BackfillTicket(Asking),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Queued {
    #[serde(default)]
    ticket_id: String,
    match_pool: String,
    #[serde(rename = "CreatedAt")]
    created_at: Option<String>,
    players: Vec<Member>,
    #[serde(default)]
    ticket_attributes: Map<String, Json>,
    /// 64-bit numbers are texts in protobuf JSON.
    #[serde(default)]
    latencies: std::collections::BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    player_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asking {
    ticket_id: String,
    match_pool: String,
    match_session_id: String,
    partial_match: Partial,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Partial {
    teams: Vec<Team>,
    tickets: Vec<Queued>,
    #[serde(default)]
    match_attributes: Map<String, Json>,
    backfill: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Team {
    user_ids: Vec<String>,
    team_id: String,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct ExpectedMatch {
    tickets: Vec<String>,
    teams: Vec<usize>,
    regions: Option<Vec<String>>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct ExpectedProposal {
    session: String,
    added: Vec<String>,
    teams: Vec<Vec<String>>,
    attributes: Json,
}

fn attributes(fields: &Map<String, Json>) -> Attributes {
    let pairs = fields.iter();
    pairs
        .map(|(name, value)| (Text::from(name.as_str()), Value::from(value)))
        .collect()
}

fn text(text: &str) -> Text {
    text.into()
}

impl Queued {
    fn ticket(&self) -> Ticket {
        let created = self.created_at.as_ref().map(|text| {
            let time: Timestamp = text.parse().expect("a time");
            time.seconds * 1000 + i64::from(time.nanos) / 1_000_000
        });
        let players = self.players.iter().map(|member| Player {
            id: text(&member.player_id),
            ..Player::default()
        });
        let latencies = self.latencies.iter();
        Ticket {
            id: text(&self.ticket_id),
            pool: text(&self.match_pool),
            created_at_ms: created,
            players: players.collect(),
            latencies: latencies
                .map(|(region, ms)| (text(region), ms.parse().expect("milliseconds")))
                .collect(),
            attributes: attributes(&self.ticket_attributes),
            ..Ticket::default()
        }
    }
}

impl Asking {
    fn session(&self) -> Session {
        let partial = &self.partial_match;
        let team = |team: &Team| Roster {
            id: text(&team.team_id),
            user_ids: team.user_ids.iter().map(|id| text(id)).collect(),
            ..Roster::default()
        };
        Session {
            backfill_ticket_id: text(&self.ticket_id),
            match_session_id: text(&self.match_session_id),
            pool: text(&self.match_pool),
            tickets: partial.tickets.iter().map(Queued::ticket).collect(),
            teams: partial.teams.iter().map(team).collect(),
            attributes: attributes(&partial.match_attributes),
            backfill: partial.backfill,
            ..Session::default()
        }
    }
}

fn shown(made: &Match, with_regions: bool) -> ExpectedMatch {
    let mut tickets: Vec<String> = made.tickets().map(|ticket| ticket.id.to_string()).collect();
    tickets.sort_unstable();
    let players = |tickets: &[Ticket]| tickets.iter().map(|ticket| ticket.players.len()).sum();
    let mut teams: Vec<usize> = made
        .teams
        .iter()
        .map(|team| players(&team.tickets))
        .collect();
    teams.sort_unstable_by(|a, b| b.cmp(a));
    let regions = made.region_preferences.iter().map(ToString::to_string);
    ExpectedMatch {
        tickets,
        teams,
        regions: with_regions.then(|| regions.collect()),
    }
}

fn invalid(left: &[(Ticket, Reason)]) -> BTreeSet<String> {
    let by_fault = left.iter().filter(|(_, reason)| {
        // Without a region that it can reach a ticket is as invalid; the reason is the region.
        matches!(reason, Reason::InvalidTicket | Reason::Region)
    });
    by_fault.map(|(ticket, _)| ticket.id.to_string()).collect()
}

fn make_matches(run: &Run, name: &str, expected: &[ExpectedMatch]) {
    let tickets = || {
        run.stream.iter().map(|message| match message {
            Message::Ticket(queued) => queued.ticket(),
            Message::BackfillTicket(_) => panic!("{name}: a session among tickets"),
        })
    };
    let rules = run.rules.to_string();
    let out = play(&AgsLogic, &rules, CONTEXT, tickets()).expect("a ruleset");
    let regions = |at: usize| expected.get(at).is_some_and(|made| made.regions.is_some());
    let all = out.matches.iter().enumerate();
    let found: Vec<_> = all.map(|(at, made)| shown(made, regions(at))).collect();
    assert_eq!(found, expected, "{name}");
    let matched: usize = out.matches.iter().map(|made| made.tickets().count()).sum();
    assert_eq!(matched + out.left.len(), run.stream.len(), "{name}");
    if !run.invalid.is_empty() {
        assert_eq!(invalid(&out.left), run.invalid, "{name}");
    }
    let parsed = AgsLogic.rules(&rules).expect("a ruleset").rules;
    for ticket in tickets() {
        let refused = AgsLogic.validate_ticket(&parsed, &ticket).is_err();
        assert_eq!(refused, run.invalid.contains(&*ticket.id), "{name}");
    }
}

fn fill(run: &Run, name: &str, expected: &[ExpectedProposal]) {
    let (mut sessions, mut tickets) = (Vec::new(), Vec::new());
    for message in &run.stream {
        match message {
            Message::Ticket(queued) => tickets.push(queued.ticket()),
            Message::BackfillTicket(asking) => sessions.push(asking.session()),
        }
    }
    let rules = run.rules.to_string();
    let (asking, queued) = (sessions.len(), tickets.len());
    let out = play_backfill(&AgsLogic, &rules, CONTEXT, sessions, tickets).expect("a ruleset");
    let of = |made: &ExpectedProposal| attributes(made.attributes.as_object().expect("an object"));
    let found: Vec<_> = out.proposals.iter().map(joined).collect();
    let wanted: Vec<_> = expected
        .iter()
        .map(|made| (made.session.clone(), made.added.clone(), made.teams.clone()))
        .collect();
    assert_eq!(found, wanted, "{name}");
    for (made, expected) in out.proposals.iter().zip(expected) {
        assert_eq!(made.attributes, of(expected), "{name}");
    }
    let added: usize = out.proposals.iter().map(|made| made.added.len()).sum();
    assert_eq!(added + out.left.len(), queued, "{name}");
    assert_eq!(out.proposals.len() + out.kept_open.len(), asking, "{name}");
}

/// A proposal's session, the tickets that join, and the players of each team.
fn joined(made: &Proposal) -> (String, Vec<String>, Vec<Vec<String>>) {
    let ids = made.added.iter().map(|ticket| ticket.id.to_string());
    let teams = made.teams.iter();
    let teams = teams.map(|team| team.user_ids.iter().map(ToString::to_string).collect());
    (
        made.session.match_session_id.to_string(),
        ids.collect(),
        teams.collect(),
    )
}

fn check(file: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/reported");
    let text = fs::read_to_string(folder.join(file).with_extension("json")).expect("a file");
    let case: Case = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{file}: {e}"));
    assert!(!case.runs.is_empty());
    for run in &case.runs {
        let name = format!("{file}: {}", run.name);
        match (&run.matches, &run.proposals) {
            (Some(expected), None) => make_matches(run, &name, expected),
            (None, Some(expected)) => fill(run, &name, expected),
            _ => panic!("{name}: either matches or proposals"),
        }
    }
}

#[test]
fn a_negative_latency_is_not_a_measurement() {
    check("a_negative_latency_is_not_a_measurement");
}

#[test]
fn a_session_has_the_mode_of_its_match() {
    check("a_session_has_the_mode_of_its_match");
}

#[test]
fn a_session_is_filled_whatever_auto_backfill_says() {
    check("a_session_is_filled_whatever_auto_backfill_says");
}

#[test]
fn a_session_plays_the_map_of_its_match() {
    check("a_session_plays_the_map_of_its_match");
}

#[test]
fn a_ticket_that_wants_a_new_session_joins_none() {
    check("a_ticket_that_wants_a_new_session_joins_none");
}

#[test]
fn a_ticket_without_players_is_not_a_pair() {
    check("a_ticket_without_players_is_not_a_pair");
}

#[test]
fn a_time_that_was_never_set_is_now() {
    check("a_time_that_was_never_set_is_now");
}

#[test]
fn an_older_ticket_keeps_what_it_asked_for() {
    check("an_older_ticket_keeps_what_it_asked_for");
}

#[test]
fn parties_are_spread_over_the_teams_that_there_may_be() {
    check("parties_are_spread_over_the_teams_that_there_may_be");
}
