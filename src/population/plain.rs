//! Tickets and sessions of nothing but players, and what all made-up ones begin with.

use std::ops::RangeInclusive;

use crate::matching::{Player, Roster, Session, Text, Ticket};

/// The match pool of everything that is made up.
const POOL: Text = Text::from_static("local-pool");

/// Tickets of nothing but players: parties of `size`, the last one of the rest, created at that time
/// (Unix ms).
pub fn plain_queue(players: u32, size: u32, created_at_ms: i64) -> Vec<Ticket> {
    let firsts = (1..=u64::from(players)).step_by(size.max(1) as usize);
    let mut queue = Vec::new();
    for (arrival, first) in (0..).zip(firsts) {
        let last = (first - 1 + u64::from(size.max(1))).min(players.into());
        let mut ticket = party(arrival, first..=last);
        ticket.created_at_ms = Some(created_at_ms);
        queue.push(ticket);
    }
    queue
}

/// Sessions of one team with one player, created at that time (Unix ms).
pub fn plain_sessions(sessions: u32, created_at_ms: i64) -> Vec<Session> {
    (0..sessions)
        .map(|arrival| {
            let mut session = session(arrival, created_at_ms);
            add_team(&mut session);
            add_solo(&mut session);
            session
        })
        .collect()
}

/// A ticket of these players.
pub(super) fn party(arrival: u32, players: RangeInclusive<u64>) -> Ticket {
    let number = arrival + 1;
    let players: Vec<Player> = players.map(|n| player(format!("player-{n}"))).collect();
    let party_session_id = match players.len() {
        1 => Text::new(),
        _ => format!("party-{number}").into(),
    };
    Ticket {
        id: format!("ticket-{number}").into(),
        pool: POOL,
        arrival,
        players,
        party_session_id,
        ..Ticket::default()
    }
}

fn player(id: String) -> Player {
    Player {
        id: id.into(),
        ..Player::default()
    }
}

/// A session without teams.
pub(super) fn session(arrival: u32, created_at_ms: i64) -> Session {
    let number = arrival + 1;
    Session {
        backfill_ticket_id: format!("backfill-{number}").into(),
        match_session_id: format!("session-{number}").into(),
        pool: POOL,
        arrival,
        created_at_ms: Some(created_at_ms),
        backfill: true,
        ..Session::default()
    }
}

/// Adds an empty team.
pub(super) fn add_team(session: &mut Session) {
    let number = session.teams.len() + 1;
    session.teams.push(Roster {
        id: format!("{}-team-{number}", session.match_session_id).into(),
        ..Roster::default()
    });
}

/// Adds a ticket of one player to the last team.
pub(super) fn add_solo(session: &mut Session) -> &mut Ticket {
    let (id, number) = (&session.match_session_id, session.tickets.len() + 1);
    let ticket = Ticket {
        id: format!("{id}-ticket-{number}").into(),
        pool: POOL,
        created_at_ms: session.created_at_ms,
        players: vec![player(format!("{id}-player-{number}"))],
        ..Ticket::default()
    };
    if let Some(team) = session.teams.last_mut() {
        team.add(&ticket);
    }
    session.tickets.push_mut(ticket)
}
