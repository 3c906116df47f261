//! Sessions with free seats, and proposals to fill them (docs/semantics.md, "Backfill").

use std::collections::HashMap;
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

    /// Adds a ticket's players, and its party if it has one. O(players + parties).
    pub fn add(&mut self, ticket: &Ticket) {
        self.add_all([ticket]);
    }

    /// Adds the players of tickets, and their parties. O(players + parties) for all of them together.
    pub fn add_all<'t>(&mut self, tickets: impl IntoIterator<Item = &'t Ticket>) {
        // Where each of the first parties is. Only used where there are many of them: a few are
        // faster to look through.
        let mut places: HashMap<Text, usize> = HashMap::new();
        let mut placed = 0;
        for ticket in tickets {
            self.user_ids.extend(ticket.player_ids().cloned());
            let id = &ticket.party_session_id;
            if id.is_empty() {
                continue;
            }
            let place = if self.parties.len() <= FEW_PARTIES {
                self.parties.iter().position(|party| party.is(id))
            } else {
                for (at, party) in self.parties.iter().enumerate().skip(placed) {
                    places.entry(party.id.clone()).or_insert(at);
                }
                placed = self.parties.len();
                places.get(id).copied()
            };
            let at = place.unwrap_or_else(|| {
                self.parties.push(Party {
                    id: id.clone(),
                    user_ids: Vec::with_capacity(ticket.players.len()),
                });
                self.parties.len() - 1
            });
            let players = ticket.player_ids().cloned();
            self.parties[at].user_ids.extend(players);
        }
    }
}

impl Party {
    fn is(&self, id: &Text) -> bool {
        #[cfg(test)]
        super::steps::step();
        self.id == *id
    }
}

/// Up to this many parties of a team are looked through one by one.
const FEW_PARTIES: usize = 16;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::{Player, steps};

    fn ticket(number: usize, party: &str) -> Ticket {
        Ticket {
            party_session_id: party.into(),
            players: vec![Player {
                id: format!("player {number}").into(),
                ..Player::default()
            }],
            ..Ticket::default()
        }
    }

    #[test]
    fn tickets_join_the_party_of_their_id_among_few_and_many() {
        let tickets: Vec<_> = (0..90)
            .map(|number| ticket(number, &format!("party {}", number % 30)))
            .collect();
        let mut roster = Roster::default();
        roster.add_all(&tickets[..40]);
        for ticket in &tickets[40..] {
            roster.add(ticket);
        }
        assert_eq!(roster.user_ids.len(), 90);
        assert_eq!(roster.parties.len(), 30);
        for (number, party) in roster.parties.iter().enumerate() {
            assert_eq!(&*party.id, format!("party {number}"));
            let players = [0, 30, 60].map(|more| format!("player {}", number + more));
            assert_eq!(party.user_ids, players);
        }
    }

    #[test]
    fn the_first_of_two_parties_of_one_id_grows() {
        let party = |id: usize| Party {
            id: (id % 20).to_string().into(),
            user_ids: Vec::new(),
        };
        let mut roster = Roster {
            parties: (0..40).map(party).collect(),
            ..Roster::default()
        };
        roster.add_all([&ticket(0, "7"), &ticket(1, "7"), &ticket(2, "new")]);
        assert_eq!(roster.parties[7].user_ids.len(), 2);
        assert!(roster.parties[27].user_ids.is_empty());
        assert_eq!(roster.parties.len(), 41);
    }

    #[test]
    fn parties_are_compared_as_often_as_there_are_tickets() {
        let count = 10_000;
        let tickets: Vec<_> = (0..count).map(|at| ticket(at, &at.to_string())).collect();
        let mut roster = Roster::default();
        let steps = steps::of(|| roster.add_all(&tickets));
        assert!(steps <= (FEW_PARTIES * FEW_PARTIES) as u64, "{steps}");
        assert_eq!(roster.parties.len(), count);
    }

    #[test]
    fn a_session_holds_its_lists_and_those_of_its_tickets() {
        let empty = Session::default().held_bytes();
        assert_eq!(empty, size_of::<Session>());
        let mut tickets = vec![ticket(0, "party")];
        tickets[0].body = vec![0; 1000].into();
        let mut roster = Roster::default();
        roster.add_all(&tickets);
        let session = Session {
            tickets,
            teams: vec![roster],
            ..Session::default()
        };
        let lists = size_of::<Ticket>() + size_of::<Player>() + size_of::<Roster>();
        let ids = size_of::<Party>() + 2 * size_of::<Text>();
        let held = session.held_bytes() - empty;
        // A list may have room for more.
        assert!((lists + ids..1000).contains(&held), "{held}");
    }
}
