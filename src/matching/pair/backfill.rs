//! Filling sessions under pair rules: a session takes tickets until it holds `shipCountMax`
//! (docs/semantics.md, "Sessions under pair rules").

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use super::PairRules;
use crate::matching::{
    BackfillOut, BackfillTick, Flow, Proposal, Reason, Roster, Session, Text, TickContext, Ticket,
    Value, proposal_id, queued_at, team_id,
};

/// A backfill tick by [`PairRules`].
///
/// Sessions are served oldest first. Each takes the tickets with the lowest latency to its region,
/// then the oldest; a ticket without that latency comes last. They join its first team.
#[derive(Debug)]
pub struct PairBackfill {
    rules: PairRules,
    context: TickContext,
    sessions: Vec<Session>,
    tickets: Vec<Ticket>,
}

impl PairBackfill {
    /// A tick with neither sessions nor tickets.
    pub fn new(rules: PairRules, context: TickContext) -> Self {
        Self {
            rules,
            context,
            sessions: Vec::new(),
            tickets: Vec::new(),
        }
    }
}

impl BackfillTick for PairBackfill {
    fn push_session(&mut self, session: Session, _out: &mut dyn BackfillOut) -> Flow {
        self.sessions.push(session);
        Flow::Go
    }

    fn push(&mut self, ticket: Ticket, _out: &mut dyn BackfillOut) -> Flow {
        self.tickets.push(ticket);
        Flow::Go
    }

    fn finish(self: Box<Self>, out: &mut dyn BackfillOut) {
        let Self {
            rules,
            context,
            mut sessions,
            tickets,
        } = *self;
        sessions.sort_by_key(|session| by_age(&context, session.created_at_ms, session.arrival));
        // The reason of a ticket that no session looks at: there is none, or each was full before
        // its turn.
        let unasked = if sessions.is_empty() {
            Reason::NoSession
        } else {
            Reason::SessionFull
        };
        let mut queue = Queue::new(&context, tickets, unasked, out);
        for session in sessions {
            if out.flow() == Flow::Stop {
                return;
            }
            let seats = rules.max().saturating_sub(session.tickets.len());
            let (added, refused) = queue.fill(&session, seats);
            if added.is_empty() {
                let reason = if seats == 0 {
                    Reason::SessionFull
                } else {
                    refused
                };
                out.keep_open(session, reason);
            } else if out.propose(proposal(&context, session, added)) == Flow::Stop {
                return;
            }
        }
        queue.leave(out);
    }
}

/// Sorts tickets and sessions, oldest first. Age counts from the time of creation, as AGS counts
/// it; what has none counts as created now.
fn by_age(context: &TickContext, created_at_ms: Option<i64>, arrival: u32) -> (i64, u32) {
    (queued_at(created_at_ms, context.now_ms), arrival)
}

fn proposal(context: &TickContext, mut session: Session, added: Vec<Ticket>) -> Proposal {
    let mut teams = session.teams.clone();
    if teams.is_empty() {
        let id = team_id(context.tick_id, 0, &added).simple().to_string();
        teams.push(Roster {
            id: id.into(),
            ..Roster::default()
        });
    }
    for ticket in &added {
        teams[0].add(ticket);
    }
    Proposal {
        id: proposal_id(context.tick_id, &session, &added),
        attributes: std::mem::take(&mut session.attributes),
        session,
        added,
        teams,
        created_at_ms: context.now_ms,
    }
}

/// The tickets that can still join a session.
struct Queue {
    /// Oldest first; `None` where one was taken. The reason is why the last session refused it.
    tickets: Vec<Option<(Ticket, Reason)>>,
    /// For each region asked for, the order in which its sessions take tickets.
    by_region: HashMap<Text, RegionOrder>,
}

/// Places in [`Queue::tickets`], best first.
struct RegionOrder {
    places: Vec<usize>,
    /// All places before this one are empty: sessions do not walk past them again.
    start: usize,
}

impl Queue {
    fn new(
        context: &TickContext,
        mut tickets: Vec<Ticket>,
        unasked: Reason,
        out: &mut dyn BackfillOut,
    ) -> Self {
        tickets.sort_by_key(|ticket| by_age(context, ticket.created_at_ms, ticket.arrival));
        let mut waiting = Vec::with_capacity(tickets.len());
        for ticket in tickets {
            if ticket
                .attributes
                .get("new_session_only")
                .is_some_and(Value::is_true)
            {
                out.leave(ticket, Reason::NewSessionOnly);
            } else if ticket.players.is_empty() {
                out.leave(ticket, Reason::InvalidTicket);
            } else {
                waiting.push(Some((ticket, unasked)));
            }
        }
        Self {
            tickets: waiting,
            by_region: HashMap::new(),
        }
    }

    /// Takes up to `seats` tickets that may join the session, best first; the reason says why the
    /// best of the others may not, or that none is left.
    fn fill(&mut self, session: &Session, seats: usize) -> (Vec<Ticket>, Reason) {
        let tickets = &mut self.tickets;
        let region = session
            .region_preferences
            .first()
            .cloned()
            .unwrap_or_default();
        let order = self.by_region.entry(region).or_insert_with_key(|region| {
            let mut places: Vec<usize> = (0..tickets.len()).collect();
            // Stable: equal latencies stay in order of age.
            places.sort_by_key(|&at| {
                let latency = tickets[at]
                    .as_ref()
                    .and_then(|(ticket, _)| ticket.latency(region));
                latency.unwrap_or(i64::MAX)
            });
            RegionOrder { places, start: 0 }
        });
        while order
            .places
            .get(order.start)
            .is_some_and(|&at| tickets[at].is_none())
        {
            order.start += 1;
        }
        let listed = session.teams.iter().flat_map(|team| &team.user_ids);
        let players = session
            .tickets
            .iter()
            .flat_map(Ticket::player_ids)
            .chain(listed);
        let mut players: HashSet<Text> = players.cloned().collect();
        let mut added = Vec::new();
        let mut refused = None;
        for &at in &order.places[order.start..] {
            if added.len() == seats {
                break;
            }
            let Some((ticket, reason)) = &mut tickets[at] else {
                continue;
            };
            if let Some(why) = refusal(ticket, session, &players) {
                *reason = why;
                refused = refused.or(Some(why));
                continue;
            }
            players.extend(ticket.player_ids().cloned());
            added.extend(tickets[at].take().map(|(ticket, _)| ticket));
        }
        (added, refused.unwrap_or(Reason::NotEnoughTickets))
    }

    fn leave(self, out: &mut dyn BackfillOut) {
        for (ticket, reason) in self.tickets.into_iter().flatten() {
            out.leave(ticket, reason);
        }
    }
}

/// Why a ticket may not join the session.
fn refusal(ticket: &Ticket, session: &Session, players: &HashSet<Text>) -> Option<Reason> {
    if ticket.excluded_sessions.contains(&session.match_session_id) {
        Some(Reason::SessionExcluded)
    } else if ticket.player_ids().any(|id| players.contains(id)) {
        Some(Reason::PlayerInSession)
    } else if differs(ticket, "server_name", &session.server_name) {
        Some(Reason::ServerName)
    } else if differs(ticket, "client_version", &session.client_version) {
        Some(Reason::ClientVersion)
    } else {
        None
    }
}

/// Whether a ticket names another server or version than the session has. A session without a name
/// takes any ticket; one with a name takes no ticket without one.
fn differs(ticket: &Ticket, name: &str, wanted: &str) -> bool {
    let own = ticket.attributes.get(name).and_then(Value::as_text);
    !wanted.is_empty() && own.unwrap_or_default() != wanted
}
