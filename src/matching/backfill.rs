//! Sessions with free seats, and proposals to fill them (docs/semantics.md, "Backfill").

use std::fmt;

use uuid::Uuid;

use super::ticket::room;
use super::{Attributes, Flow, Reason, Text, Ticket};

/// A running session that has free seats.
#[derive(Debug, Default)]
pub struct Session {
    /// Id of the request for backfill.
    pub backfill_ticket_id: Text,
    /// The game session.
    pub match_session_id: Text,
    /// The match pool that the session came from.
    pub pool: Text,
    /// Its place among the sessions of the stream, from 0.
    pub arrival: u32,
    /// When backfill was asked for, in Unix ms; `None` if AGS did not say.
    pub created_at_ms: Option<i64>,
    /// The tickets that the session was made of, as far as AGS knows them.
    pub tickets: Vec<Ticket>,
    /// Its teams. A player who is in a team but in no ticket takes a seat like any other.
    pub teams: Vec<Roster>,
    /// Its regions; the first is the one it runs in.
    pub region_preferences: Vec<Text>,
    /// Its attributes.
    pub attributes: Attributes,
    /// Whether the session asked to be filled up.
    pub backfill: bool,
    /// The game server that it runs on; empty if AGS did not say.
    pub server_name: Text,
    /// The version of the game that it runs; empty if AGS did not say.
    pub client_version: Text,
}

impl Session {
    /// Bytes of memory that the session holds beside the message that it was read from, of which its
    /// texts and the bodies of its tickets are slices. O(players + attribute values).
    pub fn held_bytes(&self) -> usize {
        let tickets = self.tickets.iter().map(Ticket::list_bytes);
        let teams = self.teams.iter().map(Roster::list_bytes);
        size_of::<Self>()
            + room(&self.tickets)
            + tickets.sum::<usize>()
            + room(&self.teams)
            + teams.sum::<usize>()
            + room(&self.region_preferences)
            + self.attributes.held_bytes()
    }
}

/// The players of a team.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Roster {
    /// The team's id.
    pub id: Text,
    /// Its players.
    pub user_ids: Vec<Text>,
    /// Which of them came together.
    pub parties: Vec<Party>,
}

/// Players who came together.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Party {
    /// The party session.
    pub id: Text,
    /// Its players.
    pub user_ids: Vec<Text>,
}

impl Roster {
    /// Bytes of memory of its lists, without those of texts.
    fn list_bytes(&self) -> usize {
        let parties = self.parties.iter().map(|party| room(&party.user_ids));
        room(&self.user_ids) + room(&self.parties) + parties.sum::<usize>()
    }

    /// Adds a ticket's players, and its party if it has one.
    pub fn add(&mut self, ticket: &Ticket) {
        self.user_ids.extend(ticket.player_ids().cloned());
        if ticket.party_session_id.is_empty() {
            return;
        }
        match self
            .parties
            .iter_mut()
            .find(|party| party.id == ticket.party_session_id)
        {
            Some(party) => party.user_ids.extend(ticket.player_ids().cloned()),
            None => self.parties.push(Party {
                id: ticket.party_session_id.clone(),
                user_ids: ticket.player_ids().cloned().collect(),
            }),
        }
    }
}

/// Tickets to add to a session.
#[derive(Debug)]
pub struct Proposal {
    /// Its id, see [`proposal_id`](super::proposal_id).
    pub id: Uuid,
    /// The session, with its old teams.
    pub session: Session,
    /// The tickets that join.
    pub added: Vec<Ticket>,
    /// Every team of the session as it will be: old players where they were, new ones added.
    pub teams: Vec<Roster>,
    /// The session's attributes as they will be.
    pub attributes: Attributes,
    /// When it was made: the tick's time, in Unix ms.
    pub created_at_ms: i64,
}

/// Where a backfill tick puts what it has decided.
pub trait BackfillOut {
    /// Takes a proposal. May block while the client is slow to read.
    fn propose(&mut self, proposal: Proposal) -> Flow;

    /// Takes back a ticket that joins no session, with the reason.
    fn leave(&mut self, ticket: Ticket, reason: Reason);

    /// Takes back a session that gained no ticket, with the reason.
    fn keep_open(&mut self, session: Session, reason: Reason);

    /// Says that so many values of an attribute that rules measure are not numbers, and so count as
    /// 0. To be said once for each attribute.
    fn wrong_type(&mut self, _attribute: &Text, _values: u64) {}

    /// Whether to go on. To be asked now and then in long work; costs one clock reading.
    fn flow(&self) -> Flow;
}

/// The backfill tick of a logic that fills no sessions: everything stays as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoBackfill;

impl BackfillTick for NoBackfill {
    fn push_session(&mut self, session: Session, out: &mut dyn BackfillOut) -> Flow {
        out.keep_open(session, Reason::BackfillOff);
        Flow::Go
    }

    fn push(&mut self, ticket: Ticket, out: &mut dyn BackfillOut) -> Flow {
        out.leave(ticket, Reason::NoSession);
        Flow::Go
    }

    fn finish(self: Box<Self>, _out: &mut dyn BackfillOut) {}
}

/// A backfill tick under way: sessions and tickets come in any order.
pub trait BackfillTick: fmt::Debug + Send {
    /// Takes the next session. It must be quick, as [`Tick::push`](super::Tick::push).
    fn push_session(&mut self, session: Session, out: &mut dyn BackfillOut) -> Flow;

    /// Takes the next ticket of the queue. It must be quick, as [`Tick::push`](super::Tick::push).
    fn push(&mut self, ticket: Ticket, out: &mut dyn BackfillOut) -> Flow;

    /// The stream is complete: makes the last proposals, leaves every other ticket and session.
    /// Runs on a thread of its own.
    fn finish(self: Box<Self>, out: &mut dyn BackfillOut);
}
