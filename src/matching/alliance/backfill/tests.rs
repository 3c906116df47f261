use super::*;
use crate::matching::alliance::rules::testing::rules;
use crate::matching::{PlayedBackfill, Player, Proposal, Roster, Text, Value};

mod joining;
mod oracle;
mod seats;
mod streams;

pub(super) const CONTEXT: TickContext = TickContext {
    now_ms: 1_700_000_000_000,
    tick_id: 7,
    max_answer_bytes: 4 << 20,
};

/// Plays a tick, in which each ticket and each session is decided once.
pub(super) fn run(
    rules: &AllianceRules,
    sessions: Vec<Session>,
    tickets: Vec<Ticket>,
) -> PlayedBackfill {
    let tick = Box::new(AllianceBackfill::new(rules.clone(), CONTEXT));
    let out = PlayedBackfill::default().run(tick, sessions, tickets);
    assert_eq!(out.why_left().len(), out.left.len(), "{out:?}");
    assert_eq!(out.why_open().len(), out.kept_open.len(), "{out:?}");
    out
}

/// The players of each team of the only proposal.
pub(super) fn teams(out: &PlayedBackfill) -> Vec<Vec<&str>> {
    let [made] = &out.proposals[..] else {
        panic!("not one proposal: {out:?}")
    };
    let mut teams = Vec::with_capacity(made.teams.len());
    for team in &made.teams {
        teams.push(team.user_ids.iter().map(|id| &**id).collect());
    }
    teams
}

/// A party of so many players, each with that skill.
pub(super) fn party(id: &str, age_ms: i64, players: u32, skill: f64) -> Ticket {
    let player = |n| Player {
        id: format!("{id}{n}").into(),
        attributes: [("mmr".into(), Value::Number(skill))].into_iter().collect(),
    };
    Ticket {
        id: id.into(),
        created_at_ms: Some(CONTEXT.now_ms - age_ms),
        players: (1..=players).map(player).collect(),
        ..Ticket::default()
    }
}

pub(super) fn solo(id: &str, age_ms: i64) -> Ticket {
    party(id, age_ms, 1, 0.0)
}

/// A session of these teams; each ticket is one party.
pub(super) fn session(id: &str, age_ms: i64, teams: Vec<Vec<Ticket>>) -> Session {
    let mut session = Session {
        match_session_id: id.into(),
        backfill_ticket_id: format!("b-{id}").into(),
        created_at_ms: Some(CONTEXT.now_ms - age_ms),
        backfill: true,
        ..Session::default()
    };
    for (number, tickets) in teams.into_iter().enumerate() {
        let mut roster = Roster {
            id: format!("{id}-team{number}").into(),
            ..Roster::default()
        };
        tickets.iter().for_each(|ticket| roster.add(ticket));
        session.teams.push(roster);
        session.tickets.extend(tickets);
    }
    session
}

/// A session of teams of that many players, with that skill.
pub(super) fn of_sizes(id: &str, age_ms: i64, sizes: &[u32], skill: f64) -> Session {
    let team = |(n, size): (usize, &u32)| {
        let name = format!("{id}-{n}-");
        match *size {
            0 => vec![],
            size => vec![party(&name, 0, size, skill)],
        }
    };
    session(id, age_ms, sizes.iter().enumerate().map(team).collect())
}

pub(super) fn with(mut ticket: Ticket, name: &str, value: impl Into<Value>) -> Ticket {
    ticket.attributes.set(name.into(), value.into());
    ticket
}

pub(super) fn texts(values: &[&str]) -> Value {
    Value::List(values.iter().map(|text| Value::from(*text)).collect())
}

pub(super) fn teams_of(teams: u32, min: u32, max: u32, more: &str) -> AllianceRules {
    rules(&format!(
        r#"{{"alliance": {{"min_number": 1, "max_number": {teams},
            "player_min_number": {min}, "player_max_number": {max}}},
            "auto_backfill": true {more}}}"#
    ))
}

#[test]
fn every_other_reason() {
    let twos = teams_of(1, 1, 2, "");
    let out = run(&twos, vec![], vec![solo("a", 1)]);
    assert_eq!(out.why_left()["a"], Reason::NoSession);
    let out = run(&twos, vec![of_sizes("s", 1, &[1], 0.0)], vec![]);
    assert_eq!(out.why_open()["s"], Reason::NotEnoughTickets);
    let tickets = vec![
        with(solo("new", 1), "new_session_only", true),
        Ticket {
            id: "empty".into(),
            ..Ticket::default()
        },
        party("large", 1, 2, 0.0),
    ];
    let out = run(&twos, vec![of_sizes("s", 1, &[1], 0.0)], tickets);
    assert_eq!(out.why_left()["new"], Reason::NewSessionOnly);
    assert_eq!(out.why_left()["empty"], Reason::InvalidTicket);
    assert_eq!(out.why_left()["large"], Reason::TeamSizes);
    assert_eq!(out.why_open()["s"], Reason::TeamSizes);
    let all = teams_of(
        1,
        1,
        9,
        r#", "match_options": {"options": [{"name": "m", "type": "all"}]}"#,
    );
    let odd = session(
        "s",
        1,
        vec![vec![with(solo("x", 0), "m", "1"), solo("y", 0)]],
    );
    let out = run(&all, vec![odd], vec![with(solo("a", 1), "m", "1")]);
    assert_eq!(out.why_open()["s"], Reason::Option);
    assert_eq!(out.why_left()["a"], Reason::Option);
}

#[test]
fn a_sink_that_says_stop_gets_everything_back() {
    let mut out = PlayedBackfill::stopping_after(1);
    let mut tick = Box::new(AllianceBackfill::new(teams_of(1, 1, 2, ""), CONTEXT));
    for id in ["s", "t"] {
        let _ = tick.push_session(of_sizes(id, 1, &[1], 0.0), &mut out);
        let _ = tick.push(solo(&format!("{id}-ticket"), 1), &mut out);
    }
    tick.finish(&mut out);
    assert_eq!(out.proposals.len(), 1);
    assert_eq!(out.why_open()["t"], Reason::Budget);
    assert_eq!(
        out.why_left().into_values().collect::<Vec<_>>(),
        [Reason::Budget]
    );
}
