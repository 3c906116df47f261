//! Where a tick puts its matches: a queue while the stream is read, a channel while a long finish
//! runs on a thread of its own.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use super::metrics::TickRecord;
use crate::matching::{BackfillOut, Flow, Match, MatchOut, Proposal, Reason, Session, Ticket};

/// The sink of one stream. `T` is a match or a proposal; it is encoded when the client takes it.
///
/// The queue needs no bound of its own: an answer consists of tickets that the tick held already,
/// and shares their bytes.
#[derive(Debug)]
pub(super) struct Outbox<T> {
    ready: VecDeque<T>,
    /// Where a finish on another thread sends its answers.
    channel: Option<UnboundedSender<T>>,
    deadline: Option<Instant>,
    pub(super) record: TickRecord,
}

impl<T> Outbox<T> {
    /// An empty outbox that continues this record.
    pub(super) fn new(record: TickRecord) -> Self {
        Self {
            ready: VecDeque::new(),
            channel: None,
            deadline: None,
            record,
        }
    }

    /// The next answer made while the stream was read.
    pub(super) fn pop(&mut self) -> Option<T> {
        self.ready.pop_front()
    }

    /// From now on the tick may take `limit`.
    pub(super) fn start_clock(&mut self, limit: Duration) {
        self.deadline = Instant::now().checked_add(limit);
    }

    /// From now on answers go through the channel.
    pub(super) fn send_to(&mut self, channel: UnboundedSender<T>) {
        self.channel = Some(channel);
    }

    fn put(&mut self, answer: T) -> Flow {
        match &self.channel {
            // An error means that the stream was dropped; `flow` then says stop.
            Some(channel) => drop(channel.send(answer)),
            None => self.ready.push_back(answer),
        }
        self.flow()
    }

    fn flow(&self) -> Flow {
        let gone = self
            .channel
            .as_ref()
            .is_some_and(UnboundedSender::is_closed);
        if gone
            || self
                .deadline
                .is_some_and(|deadline| Instant::now() >= deadline)
        {
            Flow::Stop
        } else {
            Flow::Go
        }
    }
}

impl MatchOut for Outbox<Match> {
    fn offer(&mut self, made: Match) -> Flow {
        self.record.placed(made.tickets());
        self.put(made)
    }

    fn leave(&mut self, _ticket: Ticket, reason: Reason) {
        self.record.left(reason);
    }

    fn flow(&self) -> Flow {
        Self::flow(self)
    }
}

impl BackfillOut for Outbox<Proposal> {
    fn propose(&mut self, proposal: Proposal) -> Flow {
        self.record.placed(proposal.added.iter());
        self.put(proposal)
    }

    fn leave(&mut self, _ticket: Ticket, reason: Reason) {
        self.record.left(reason);
    }

    fn keep_open(&mut self, _session: Session, reason: Reason) {
        self.record.left(reason);
    }

    fn flow(&self) -> Flow {
        Self::flow(self)
    }
}
