//! Ids that are derived instead of random: a tick that is sent again gets the same ones
//! (docs/semantics.md, "Determinism"), so a retry by the proxy cannot make the same match twice
//! under two ids.

use sha1::{Digest, Sha1};
use uuid::Uuid;

use super::{Session, Ticket};

/// Namespace of our name-based UUIDs: the UUIDv5 of this project's package name in the DNS space.
const NAMESPACE: Uuid = Uuid::from_u128(0x0c2d_fbee_9c82_5c69_9d48_a6ea_ed42_b3e1);

/// The id of team number `team` of a match of these tickets, made at that tick: a UUIDv5 over the
/// pool, the tick id, the ids of the match's tickets and the number.
///
/// A ticket without an id counts by its place in the stream. O(bytes of the ids); for several teams of
/// a match, [`TeamIds`] reads the tickets once.
pub fn team_id<'t>(
    tick_id: u64,
    team: usize,
    tickets: impl IntoIterator<Item = &'t Ticket>,
) -> Uuid {
    TeamIds::new(tick_id, tickets).of(team)
}

/// The [`team_id`] of every team of a match.
#[derive(Debug, Clone)]
pub struct TeamIds {
    /// The hash of all but the team's number.
    of_match: Sha1,
}

impl TeamIds {
    /// Of a match of these tickets, made at that tick. O(bytes of the ids).
    pub fn new<'t>(tick_id: u64, tickets: impl IntoIterator<Item = &'t Ticket>) -> Self {
        let mut name = Name::new(b't', tick_id);
        name.tickets(tickets);
        Self {
            of_match: name.hash(),
        }
    }

    /// The id of team number `team`. O(1).
    pub fn of(&self, team: usize) -> Uuid {
        let hash = self.of_match.clone();
        uuid_of(hash.chain_update((team as u64).to_le_bytes()))
    }
}

/// The id of the proposal to add these tickets to a session at that tick.
pub fn proposal_id<'t>(
    tick_id: u64,
    session: &Session,
    added: impl IntoIterator<Item = &'t Ticket>,
) -> Uuid {
    let mut name = Name::new(b'p', tick_id);
    name.text(&session.backfill_ticket_id);
    name.text(&session.match_session_id);
    name.tickets(added);
    uuid_of(name.hash())
}

/// By what a ticket's sub game modes are ordered at that tick: a UUIDv5 over the pool, the tick id, the
/// ticket and the mode.
pub fn mode_rank(tick_id: u64, ticket: &Ticket, mode: &str) -> Uuid {
    let mut name = Name::new(b'm', tick_id);
    name.tickets([ticket]);
    name.text(mode);
    uuid_of(name.hash())
}

fn uuid_of(name: Sha1) -> Uuid {
    let mut first = [0; 16];
    first.copy_from_slice(&name.finalize()[..16]);
    uuid::Builder::from_sha1_bytes(first).into_uuid()
}

/// The name that a UUID is derived from: parts with their lengths, so that no two lists of parts
/// have the same bytes. Most names are hashed in two blocks of 64 bytes.
///
/// The parts are gathered and hashed at once, which costs half of hashing them one by one.
struct Name {
    usual: [u8; USUAL],
    len: usize,
    /// The whole name once it has become longer.
    long: Vec<u8>,
}

/// Bytes of most names: a pool and the ids of a few tickets.
const USUAL: usize = 256;

impl Name {
    fn new(kind: u8, tick_id: u64) -> Self {
        let mut name = Self {
            usual: [0; USUAL],
            len: 0,
            long: Vec::new(),
        };
        name.put(NAMESPACE.as_bytes());
        name.put(&[kind]);
        name.number(tick_id);
        name
    }

    #[inline]
    fn put(&mut self, part: &[u8]) {
        match self.usual[self.len..].get_mut(..part.len()) {
            Some(room) if self.long.is_empty() => {
                room.copy_from_slice(part);
                self.len += part.len();
            }
            _ => {
                if self.long.is_empty() {
                    self.long.extend_from_slice(&self.usual[..self.len]);
                }
                self.long.extend_from_slice(part);
            }
        }
    }

    fn number(&mut self, number: u64) {
        self.put(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        // 255 announces a length of 8 bytes, so that every name reads in one way only.
        match u8::try_from(text.len()) {
            Ok(len) if len < u8::MAX => self.put(&[len]),
            _ => {
                self.put(&[u8::MAX]);
                self.number(text.len() as u64);
            }
        }
        self.put(text.as_bytes());
    }

    fn tickets<'t>(&mut self, tickets: impl IntoIterator<Item = &'t Ticket>) {
        for (at, ticket) in tickets.into_iter().enumerate() {
            // All tickets of a match wait in one pool.
            if at == 0 {
                self.text(&ticket.pool);
            }
            self.text(&ticket.id);
            if ticket.id.is_empty() {
                self.number(u64::from(ticket.arrival));
            }
        }
    }

    fn hash(&self) -> Sha1 {
        Sha1::new_with_prefix(if self.long.is_empty() {
            &self.usual[..self.len]
        } else {
            &self.long
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(pool: &str, id: &str, arrival: u32) -> Ticket {
        Ticket {
            pool: pool.into(),
            id: id.into(),
            arrival,
            ..Ticket::default()
        }
    }

    #[test]
    fn the_same_match_has_the_same_id_and_another_has_another() {
        let base = team_id(1, 0, &[ticket("p", "a", 0), ticket("p", "b", 1)]);
        assert_eq!(
            base,
            team_id(1, 0, &[ticket("p", "a", 5), ticket("p", "b", 6)])
        );
        let others = [
            team_id(2, 0, &[ticket("p", "a", 0), ticket("p", "b", 1)]),
            team_id(1, 1, &[ticket("p", "a", 0), ticket("p", "b", 1)]),
            team_id(1, 0, &[ticket("q", "a", 0), ticket("q", "b", 1)]),
            team_id(1, 0, &[ticket("p", "ab", 0), ticket("p", "", 1)]),
            team_id(1, 0, &[ticket("p", "b", 0), ticket("p", "a", 1)]),
        ];
        assert!(!others.contains(&base));
        assert_eq!(base.get_version_num(), 5);
    }

    #[test]
    fn long_names_are_hashed_whole() {
        let long = "x".repeat(300);
        let ids = |last: &str| team_id(1, 0, &[ticket("p", &long, 0), ticket("p", last, 1)]);
        assert_ne!(ids("a"), ids("b"));
        assert_ne!(ids(&long), ids(&long[1..]));
        assert_ne!(ids(&long[..254]), ids(&long[..255]));
    }

    #[test]
    fn a_match_is_read_once_for_all_of_its_teams() {
        let tickets: Vec<_> = (0..100)
            .map(|at| ticket("p", &at.to_string(), at))
            .collect();
        let mut read = 0;
        let ids = TeamIds::new(1, tickets.iter().inspect(|_| read += 1));
        let ids: Vec<_> = (0..1000).map(|team| ids.of(team)).collect();
        assert_eq!(read, tickets.len());
        assert!(
            (0..)
                .zip(ids)
                .all(|(team, id)| id == team_id(1, team, &tickets))
        );
    }

    #[test]
    fn tickets_without_an_id_are_told_apart_by_their_place() {
        assert_ne!(
            team_id(1, 0, &[ticket("p", "", 0)]),
            team_id(1, 0, &[ticket("p", "", 1)])
        );
    }
}
