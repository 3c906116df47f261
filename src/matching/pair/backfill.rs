//! Filling sessions under pair rules: a session takes tickets until it holds `shipCountMax`
//! (docs/semantics.md, "Sessions under pair rules").

mod queue;
#[cfg(test)]
mod tests;

use super::PairRules;
use crate::matching::{
    BackfillOut, BackfillTick, Flow, Proposal, Reason, Roster, Session, TickContext, Ticket,
    proposal_id, queued_at, team_id,
};
use queue::Queue;

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

    /// A ticket that no session can take is left at once.
    fn push(&mut self, ticket: Ticket, out: &mut dyn BackfillOut) -> Flow {
        if ticket.wants_new_session() {
            out.leave(ticket, Reason::NewSessionOnly);
        } else if ticket.players.is_empty() {
            out.leave(ticket, Reason::InvalidTicket);
        } else {
            self.tickets.push(ticket);
        }
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
        let mut unasked = if sessions.is_empty() {
            Reason::NoSession
        } else {
            Reason::SessionFull
        };
        let mut queue = Queue::new(context, tickets);
        let mut sessions = sessions.into_iter();
        for session in sessions.by_ref() {
            let seats = rules.max().saturating_sub(session.tickets.len());
            let (added, refused) = queue.fill(&session, seats, &|| out.flow());
            let flow = if added.is_empty() {
                out.keep_open(session, refused);
                out.flow()
            } else {
                out.propose(proposal(&context, session, added))
            };
            if flow == Flow::Stop {
                unasked = Reason::Budget;
                break;
            }
        }
        sessions.for_each(|session| out.keep_open(session, Reason::Budget));
        queue.leave(unasked, out);
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
    teams[0].add_all(&added);
    Proposal {
        id: proposal_id(context.tick_id, &session, &added),
        attributes: std::mem::take(&mut session.attributes),
        session,
        added,
        teams,
        created_at_ms: context.now_ms,
    }
}
