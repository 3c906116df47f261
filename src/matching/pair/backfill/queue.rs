//! The tickets that can still join a session.

use std::collections::{HashMap, HashSet};

use super::by_age;
use crate::matching::answer::{room, session_bytes, ticket_bytes};
use crate::matching::{BackfillOut, Flow, Reason, Session, Text, TickContext, Ticket, Value};

/// Tickets looked at between two questions whether to go on.
const LOOK_EVERY: usize = 64;

/// Waiting tickets, oldest first.
pub(super) struct Queue {
    context: TickContext,
    /// `None` where one was taken. The reason is why the last session that looked at it refused it.
    tickets: Vec<Option<(Ticket, Option<Reason>)>>,
    /// For each region that a ticket reports, those that do; lowest latency first once a session has
    /// asked for it.
    by_region: HashMap<Text, Reporting>,
    /// All tickets before this one are taken: sessions do not walk past them again.
    start: usize,
}

/// Places in [`Queue::tickets`].
#[derive(Default)]
struct Reporting {
    places: Vec<usize>,
    is_sorted: bool,
    start: usize,
}

impl Queue {
    /// Sorts the tickets. O(n log n + r) for n tickets that report r latencies.
    pub(super) fn new(context: TickContext, mut tickets: Vec<Ticket>) -> Self {
        tickets.sort_by_key(|ticket| by_age(&context, ticket.created_at_ms, ticket.arrival));
        let mut by_region: HashMap<Text, Reporting> = HashMap::new();
        for (at, ticket) in tickets.iter().enumerate() {
            for (region, _) in ticket.measured() {
                if !by_region.contains_key(region) {
                    by_region.insert(region.clone(), Reporting::default());
                }
                if let Some(reporting) = by_region.get_mut(region) {
                    reporting.places.push(at);
                }
            }
        }
        Self {
            context,
            tickets: tickets.into_iter().map(|one| Some((one, None))).collect(),
            by_region,
            start: 0,
        }
    }

    /// Takes up to `seats` tickets that may join the session, best first: those with the lowest latency
    /// to its region, then, for equal ones and those without, the oldest. The reason says why the best
    /// of the others may not, or that none is left.
    pub(super) fn fill(
        &mut self,
        session: &Session,
        seats: usize,
        flow: &dyn Fn() -> Flow,
    ) -> (Vec<Ticket>, Reason) {
        if seats == 0 {
            return (Vec::new(), Reason::SessionFull);
        }
        let Self {
            context,
            tickets,
            by_region,
            start,
        } = self;
        let region = session.region_preferences.first();
        let reporting = region.and_then(|region| by_region.get_mut(region));
        let near = reporting.map_or(&[][..], |reporting| reporting.in_order(region, tickets));
        while matches!(tickets.get(*start), Some(None)) {
            *start += 1;
        }
        let others = *start..tickets.len();
        let mut taking = Taking::new(context, session);
        for (looked, at) in near.iter().copied().chain(others).enumerate() {
            if taking.added.len() == seats {
                break;
            }
            if looked % LOOK_EVERY == 0 && flow() == Flow::Stop {
                taking.refused.get_or_insert(Reason::Budget);
                break;
            }
            let Some((ticket, reason)) = &mut tickets[at] else {
                continue;
            };
            // It had its turn among those near.
            if looked >= near.len() && region.is_some_and(|one| ticket.latency(one).is_some()) {
                continue;
            }
            if let Err(why) = taking.admits(ticket) {
                *reason = Some(why);
                taking.refused.get_or_insert(why);
                continue;
            }
            if let Some((ticket, _)) = tickets[at].take() {
                taking.take(ticket);
            }
        }
        let refused = taking.refused.unwrap_or(Reason::NotEnoughTickets);
        (taking.added, refused)
    }

    /// Leaves every ticket: with the reason of the last session that looked at it, or else this one.
    pub(super) fn leave(self, unasked: Reason, out: &mut dyn BackfillOut) {
        for (ticket, reason) in self.tickets.into_iter().flatten() {
            out.leave(ticket, reason.unwrap_or(unasked));
        }
    }
}

impl Reporting {
    /// The places of those that wait, lowest latency first.
    fn in_order(
        &mut self,
        region: Option<&Text>,
        tickets: &[Option<(Ticket, Option<Reason>)>],
    ) -> &[usize] {
        if !self.is_sorted {
            // Stable: equal latencies stay in order of age.
            self.places.sort_by_key(|at| {
                let ticket = tickets[*at].as_ref();
                ticket.and_then(|(ticket, _)| ticket.latency(region?))
            });
            self.is_sorted = true;
        }
        let places = &self.places;
        while places
            .get(self.start)
            .is_some_and(|at| tickets[*at].is_none())
        {
            self.start += 1;
        }
        &self.places[self.start..]
    }
}

/// The tickets that join a session.
struct Taking<'s> {
    session: &'s Session,
    /// Everyone who plays in it.
    players: HashSet<Text>,
    /// Bytes that the proposal may still have.
    room: u64,
    added: Vec<Ticket>,
    refused: Option<Reason>,
}

impl<'s> Taking<'s> {
    fn new(context: &TickContext, session: &'s Session) -> Self {
        let listed = session.teams.iter().flat_map(|team| &team.user_ids);
        let players = session.tickets.iter().flat_map(Ticket::player_ids);
        Self {
            session,
            players: players.chain(listed).cloned().collect(),
            room: room(context).saturating_sub(session_bytes(session)),
            added: Vec::new(),
            refused: None,
        }
    }

    /// Whether a ticket may join the session and those that joined before.
    fn admits(&self, ticket: &Ticket) -> Result<(), Reason> {
        let session = self.session;
        if ticket.excluded_sessions.contains(&session.match_session_id) {
            Err(Reason::SessionExcluded)
        } else if ticket.player_ids().any(|id| self.players.contains(id)) {
            Err(Reason::PlayerInSession)
        } else if differs(ticket, "server_name", &session.server_name) {
            Err(Reason::ServerName)
        } else if differs(ticket, "client_version", &session.client_version) {
            Err(Reason::ClientVersion)
        } else if ticket_bytes(ticket) > self.room {
            Err(Reason::TooLarge)
        } else {
            Ok(())
        }
    }

    fn take(&mut self, ticket: Ticket) {
        self.players.extend(ticket.player_ids().cloned());
        self.room -= ticket_bytes(&ticket);
        self.added.push(ticket);
    }
}

/// Whether a ticket names another server or version than the session has. A session without a name
/// takes any ticket; one with a name takes no ticket without one.
fn differs(ticket: &Ticket, name: &str, wanted: &str) -> bool {
    let own = ticket.attributes.get(name).and_then(Value::as_text);
    !wanted.is_empty() && own.unwrap_or_default() != wanted
}
