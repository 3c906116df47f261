//! A tick that can be played as often as one likes.

use serde_json::{Map, Value};

use super::Change;
use crate::matching::{
    BackfillOut, BackfillTick, Flow, Match, MatchOut, Played, PlayedBackfill, Proposal, Reason,
    Session, Tick, TickContext, Ticket,
};

/// A ruleset, a queue and a time.
#[derive(Debug)]
pub struct Scene {
    /// The ruleset.
    pub rules: Map<String, Value>,
    /// The queue, each ticket with its [`arrival`](Ticket::arrival).
    pub tickets: Vec<Ticket>,
    /// Sessions to fill. If there are any, the tick is one of backfill.
    pub sessions: Vec<Session>,
    /// The time, and what else the tick is to know.
    pub context: TickContext,
}

impl Scene {
    /// The same with changes made in it.
    pub fn with(&self, changes: &[Change]) -> Self {
        self.with_some(changes, |_| true)
    }

    /// The same with changes made in it, as far as it is about the tickets of these places; others are
    /// empty.
    pub fn with_some(&self, changes: &[Change], is_needed: impl Fn(usize) -> bool) -> Self {
        let mut scene = self.copy(is_needed);
        changes.iter().for_each(|change| change.apply(&mut scene));
        scene
    }

    fn copy(&self, is_needed: impl Fn(usize) -> bool) -> Self {
        let tickets = self.tickets.iter().enumerate();
        let tickets = tickets.map(|(place, ticket)| match is_needed(place) {
            true => copy(ticket),
            false => Ticket::default(),
        });
        Self {
            rules: self.rules.clone(),
            tickets: tickets.collect(),
            sessions: self.sessions.iter().map(copy_session).collect(),
            context: self.context,
        }
    }

    /// Plays a tick of matches to its end.
    pub fn played(&self, tick: Box<dyn Tick>) -> Played {
        Played::default().run(tick, self.tickets.iter().map(copy))
    }

    /// Plays a tick of backfill to its end.
    pub fn played_backfill(&self, tick: Box<dyn BackfillTick>) -> PlayedBackfill {
        let sessions = self.sessions.iter().map(copy_session);
        PlayedBackfill::default().run(tick, sessions, self.tickets.iter().map(copy))
    }

    /// Plays a tick of matches; says which tickets are matched. With `until`, the tick ends as soon as the
    /// ticket of that place is.
    pub fn matched_by(self, mut tick: Box<dyn Tick>, until: Option<usize>) -> Vec<bool> {
        let mut seen = self.seen(until);
        let arrivals = self.arrivals();
        for ticket in self.tickets {
            if tick.push(ticket, &mut seen) == Flow::Stop {
                return seen.which(&arrivals);
            }
        }
        tick.finish(&mut seen);
        seen.which(&arrivals)
    }

    /// Plays a tick of backfill; says which tickets join a session.
    pub fn joined_by(self, mut tick: Box<dyn BackfillTick>, until: Option<usize>) -> Vec<bool> {
        let mut seen = self.seen(until);
        let arrivals = self.arrivals();
        for session in self.sessions {
            tick.push_session(session, &mut seen);
        }
        for ticket in self.tickets {
            if tick.push(ticket, &mut seen) == Flow::Stop {
                return seen.which(&arrivals);
            }
        }
        tick.finish(&mut seen);
        seen.which(&arrivals)
    }

    fn arrivals(&self) -> Vec<u32> {
        self.tickets.iter().map(|ticket| ticket.arrival).collect()
    }

    fn seen(&self, until: Option<usize>) -> Seen {
        Seen {
            arrivals: Vec::new(),
            until: until.map(|place| self.tickets[place].arrival),
            is_over: false,
        }
    }
}

/// The arrivals of the tickets that were matched.
struct Seen {
    arrivals: Vec<u32>,
    until: Option<u32>,
    is_over: bool,
}

impl Seen {
    fn which(mut self, arrivals: &[u32]) -> Vec<bool> {
        self.arrivals.sort_unstable();
        let is_seen = |arrival| self.arrivals.binary_search(arrival).is_ok();
        arrivals.iter().map(is_seen).collect()
    }

    fn see<'t>(&mut self, tickets: impl Iterator<Item = &'t Ticket>) -> Flow {
        for ticket in tickets {
            self.arrivals.push(ticket.arrival);
            self.is_over |= self.until == Some(ticket.arrival);
        }
        self.now()
    }

    fn now(&self) -> Flow {
        match self.is_over {
            true => Flow::Stop,
            false => Flow::Go,
        }
    }
}

impl MatchOut for Seen {
    fn offer(&mut self, made: Match) -> Flow {
        self.see(made.tickets())
    }

    fn leave(&mut self, _ticket: Ticket, _reason: Reason) {}

    fn flow(&self) -> Flow {
        self.now()
    }
}

impl BackfillOut for Seen {
    fn propose(&mut self, proposal: Proposal) -> Flow {
        self.see(proposal.added.iter())
    }

    fn leave(&mut self, _ticket: Ticket, _reason: Reason) {}

    fn keep_open(&mut self, _session: Session, _reason: Reason) {}

    fn flow(&self) -> Flow {
        self.now()
    }
}

/// The same ticket for another play of the tick.
pub fn copy(ticket: &Ticket) -> Ticket {
    Ticket {
        id: ticket.id.clone(),
        pool: ticket.pool.clone(),
        arrival: ticket.arrival,
        counted_bytes: ticket.counted_bytes,
        created_at_ms: ticket.created_at_ms,
        players: ticket.players.clone(),
        party_session_id: ticket.party_session_id.clone(),
        latencies: ticket.latencies.clone(),
        excluded_sessions: ticket.excluded_sessions.clone(),
        attributes: ticket.attributes.clone(),
        body: ticket.body.clone(),
    }
}

/// The same session for another play of the tick.
pub fn copy_session(session: &Session) -> Session {
    Session {
        backfill_ticket_id: session.backfill_ticket_id.clone(),
        match_session_id: session.match_session_id.clone(),
        pool: session.pool.clone(),
        arrival: session.arrival,
        created_at_ms: session.created_at_ms,
        tickets: session.tickets.iter().map(copy).collect(),
        teams: session.teams.clone(),
        region_preferences: session.region_preferences.clone(),
        attributes: session.attributes.clone(),
        backfill: session.backfill,
        server_name: session.server_name.clone(),
        client_version: session.client_version.clone(),
    }
}
