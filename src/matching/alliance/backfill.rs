//! Filling sessions under alliance rules (docs/semantics.md, "Backfill").
//!
//! # How a tick goes
//!
//! 1. The tick collects sessions and tickets. When they are complete, the [`Pool`] reads the
//!    tickets, and each session in the form of a ticket ([`open_session`]): so all tests of a pivot
//!    and a candidate also tell which tickets may join a session.
//! 2. Sessions are served oldest first. Each takes the best ticket that may join, is measured anew,
//!    and looks again ([`fill`]), until its seats are taken or no ticket fits. [`shelf`] finds the
//!    best without a look at all tickets, [`seats`] knows which team it joins.
//!    Where the ruleset has roles, [`roles`] knows who plays what there.
//! 3. [`proposal`] writes down which tickets joined.

mod fill;
mod means;
mod open_session;
mod proposal;
mod roles;
mod seats;
mod shelf;
#[cfg(test)]
mod tests;

use super::AllianceRules;
use super::pool::Pool;
use crate::matching::{
    BackfillOut, BackfillTick, Flow, Reason, Session, TickContext, Ticket, queued_at,
};
use fill::Fill;
use open_session::as_ticket;
use proposal::propose;

/// A backfill tick by [`AllianceRules`].
#[derive(Debug)]
pub struct AllianceBackfill {
    rules: AllianceRules,
    context: TickContext,
    sessions: Vec<Session>,
    tickets: Vec<Ticket>,
}

impl AllianceBackfill {
    /// A tick with neither sessions nor tickets.
    pub fn new(rules: AllianceRules, context: TickContext) -> Self {
        Self {
            rules,
            context,
            sessions: Vec::new(),
            tickets: Vec::new(),
        }
    }
}

impl BackfillTick for AllianceBackfill {
    fn push_session(&mut self, session: Session, _out: &mut dyn BackfillOut) -> Flow {
        self.sessions.push(session);
        Flow::Go
    }

    /// A ticket that wants a new session is left at once.
    fn push(&mut self, ticket: Ticket, out: &mut dyn BackfillOut) -> Flow {
        if ticket.wants_new_session() {
            out.leave(ticket, Reason::NewSessionOnly);
        } else {
            self.tickets.push(ticket);
        }
        Flow::Go
    }

    /// Serves the sessions, oldest first.
    fn finish(self: Box<Self>, out: &mut dyn BackfillOut) {
        let Self {
            rules,
            context,
            mut sessions,
            tickets,
        } = *self;
        let now_ms = context.now_ms;
        sessions.sort_by_key(|one| (queued_at(one.created_at_ms, now_ms), one.arrival));
        let mut unasked = sessions.is_empty().then_some(Reason::NoSession);
        let rows = sessions.iter().map(|one| as_ticket(&rules, one)).collect();
        let (pool, unfit) = Pool::with_sessions(&rules, now_ms, tickets, rows);
        for (ticket, reason) in unfit {
            out.leave(ticket, reason);
        }
        let mut fill = Fill::new(&rules, &context, pool, &sessions);
        fill.begin(out);
        let mut sessions = sessions.into_iter();
        for (number, session) in (0..).zip(sessions.by_ref()) {
            match fill.serve(&session, number, &|| out.flow()) {
                Ok(filled) => {
                    let proposal = propose(&rules, &context, session, filled);
                    if out.propose(proposal) == Flow::Stop {
                        unasked = Some(Reason::Budget);
                        break;
                    }
                }
                Err(Reason::Budget) => {
                    unasked = Some(Reason::Budget);
                    out.keep_open(session, Reason::Budget);
                    break;
                }
                Err(reason) => out.keep_open(session, reason),
            }
        }
        sessions.for_each(|one| out.keep_open(one, Reason::Budget));
        fill.leave(unasked, out);
    }
}
