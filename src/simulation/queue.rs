//! Who waits, and what a tick makes of them.

use super::traits::Who;
use crate::matching::{
    BackfillOut, BackfillTick, Flow, Match, MatchOut, Proposal, Reason, Session, Tick, Ticket,
};

/// A ticket that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    /// The ticket; `None` while a tick has it, and when it is served.
    pub(super) ticket: Option<Ticket>,
    pub(super) who: Who,
    /// When it came, and when it loses patience, in Unix ms.
    pub(super) created_ms: i64,
    pub(super) goes_ms: i64,
    /// How long its party would stay in a match, in ms.
    pub(super) stays_ms: i64,
    /// Why the last tick left it.
    pub(super) reason: Option<Reason>,
}

/// The queue, oldest first.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) waiting: Vec<Waiting>,
}

/// What a tick of backfill made.
#[derive(Debug, Default)]
pub(super) struct Filled {
    pub(super) proposals: Vec<Proposal>,
    pub(super) open: Vec<(Session, Reason)>,
}

impl Queue {
    /// Plays a tick of matches.
    pub(super) fn match_by(&mut self, mut tick: Box<dyn Tick>) -> Vec<Match> {
        let mut sink = Sink {
            queue: self,
            matches: Vec::new(),
            filled: Filled::default(),
        };
        if sink.push_all(|ticket, sink| tick.push(ticket, sink)) == Flow::Go {
            tick.finish(&mut sink);
        }
        sink.matches
    }

    /// Plays a tick of backfill for these sessions.
    pub(super) fn fill_by(
        &mut self,
        mut tick: Box<dyn BackfillTick>,
        sessions: Vec<Session>,
    ) -> Filled {
        let mut sink = Sink {
            queue: self,
            matches: Vec::new(),
            filled: Filled::default(),
        };
        for session in sessions {
            if tick.push_session(session, &mut sink) == Flow::Stop {
                return sink.filled;
            }
        }
        if sink.push_all(|ticket, sink| tick.push(ticket, sink)) == Flow::Go {
            tick.finish(&mut sink);
        }
        sink.filled
    }

    /// Players who wait.
    pub(super) fn players(&self) -> u64 {
        self.waiting.iter().map(|one| one.who.size as u64).sum()
    }
}

/// Gives tickets back to the queue, and keeps what was made.
struct Sink<'q> {
    queue: &'q mut Queue,
    matches: Vec<Match>,
    filled: Filled,
}

impl Sink<'_> {
    /// Gives the tick each ticket, with its place in the queue as its arrival.
    fn push_all(&mut self, mut push: impl FnMut(Ticket, &mut Self) -> Flow) -> Flow {
        for at in 0..self.queue.waiting.len() {
            if let Some(mut ticket) = self.queue.waiting[at].ticket.take() {
                ticket.arrival = u32::try_from(at).unwrap_or(u32::MAX);
                if push(ticket, self) == Flow::Stop {
                    return Flow::Stop;
                }
            }
        }
        Flow::Go
    }

    fn put_back(&mut self, ticket: Ticket, reason: Reason) {
        if let Some(waiting) = self.queue.waiting.get_mut(ticket.arrival as usize) {
            waiting.ticket = Some(ticket);
            waiting.reason = Some(reason);
        }
    }
}

impl MatchOut for Sink<'_> {
    fn offer(&mut self, made: Match) -> Flow {
        self.matches.push(made);
        Flow::Go
    }

    fn leave(&mut self, ticket: Ticket, reason: Reason) {
        self.put_back(ticket, reason);
    }

    fn flow(&self) -> Flow {
        Flow::Go
    }
}

impl BackfillOut for Sink<'_> {
    fn propose(&mut self, proposal: Proposal) -> Flow {
        self.filled.proposals.push(proposal);
        Flow::Go
    }

    fn leave(&mut self, ticket: Ticket, reason: Reason) {
        self.put_back(ticket, reason);
    }

    fn keep_open(&mut self, session: Session, reason: Reason) {
        self.filled.open.push((session, reason));
    }

    fn flow(&self) -> Flow {
        Flow::Go
    }
}
