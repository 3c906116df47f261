use std::collections::BTreeMap;

use super::*;
use crate::matching::alliance::rules::testing::rules;
use crate::matching::{Player, Proposal, Roster, Text};

mod golden;
mod oracle;
mod streams;

pub(super) const CONTEXT: TickContext = TickContext {
    now_ms: 1_700_000_000_000,
    tick_id: 7,
};

/// What a tick decided.
#[derive(Default, Debug)]
pub(super) struct Kept {
    pub(super) proposals: Vec<Proposal>,
    pub(super) left: BTreeMap<String, Reason>,
    pub(super) open: BTreeMap<String, Reason>,
}

impl BackfillOut for Kept {
    fn propose(&mut self, proposal: Proposal) -> Flow {
        self.proposals.push(proposal);
        Flow::Go
    }

    fn leave(&mut self, ticket: Ticket, reason: Reason) {
        assert_eq!(self.left.insert(ticket.id.to_string(), reason), None);
    }

    fn keep_open(&mut self, session: Session, reason: Reason) {
        let id = session.match_session_id.to_string();
        assert_eq!(self.open.insert(id, reason), None);
    }

    fn flow(&self) -> Flow {
        Flow::Go
    }
}

impl Kept {
    /// For each proposal, the session and who joins it.
    pub(super) fn joined(&self) -> Vec<(String, Vec<String>)> {
        let ids = |tickets: &[Ticket]| tickets.iter().map(|t| t.id.to_string()).collect();
        let one = |p: &Proposal| (p.session.match_session_id.to_string(), ids(&p.added));
        self.proposals.iter().map(one).collect()
    }

    /// The players of each team of the only proposal.
    pub(super) fn teams(&self) -> Vec<Vec<String>> {
        assert_eq!(self.proposals.len(), 1, "{self:?}");
        let ids = |team: &Roster| team.user_ids.iter().map(ToString::to_string).collect();
        self.proposals[0].teams.iter().map(ids).collect()
    }
}

pub(super) fn run(rules: &AllianceRules, sessions: Vec<Session>, tickets: Vec<Ticket>) -> Kept {
    let mut out = Kept::default();
    let mut tick = Box::new(AllianceBackfill::new(rules.clone(), CONTEXT));
    for (arrival, session) in (0..).zip(sessions) {
        let _ = tick.push_session(Session { arrival, ..session }, &mut out);
    }
    for (arrival, ticket) in (0..).zip(tickets) {
        let _ = tick.push(Ticket { arrival, ..ticket }, &mut out);
    }
    tick.finish(&mut out);
    out
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

pub(super) fn teams_of(teams: u32, fewest: u32, most: u32, more: &str) -> AllianceRules {
    rules(&format!(
        r#"{{"alliance": {{"min_number": 1, "max_number": {teams},
            "player_min_number": {fewest}, "player_max_number": {most}}},
            "auto_backfill": true {more}}}"#
    ))
}

pub(super) fn joined(pairs: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
    let owned = |ids: &[&str]| ids.iter().map(ToString::to_string).collect();
    pairs
        .iter()
        .map(|(session, ids)| ((*session).to_owned(), owned(ids)))
        .collect()
}
