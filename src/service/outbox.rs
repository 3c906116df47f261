//! Where a tick puts its matches: a queue while the stream is read, a channel while a long finish
//! runs on a thread of its own.

use std::collections::VecDeque;

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::metrics::TickRecord;
use super::turns::Turn;
use crate::matching::{
    BackfillOut, Flow, Goodness, Match, MatchOut, Proposal, QualityCounts, Reason, Session, Text,
    Ticket,
};

/// The sink of one stream. `T` is a match or a proposal; it is encoded when the client takes it.
///
/// The queue needs no bound of its own: an answer consists of tickets that the tick held already,
/// and shares their bytes.
#[derive(Debug)]
pub(super) struct Outbox<T> {
    ready: VecDeque<T>,
    /// Where a finish on another thread sends its answers.
    channel: Option<UnboundedSender<T>>,
    /// When matching has to end.
    deadline: Option<Instant>,
    /// The tick's turn among others.
    turn: Option<Turn>,
    pub(super) record: TickRecord,
}

impl<T> Outbox<T> {
    /// An empty outbox that continues this record.
    pub(super) fn new(record: TickRecord) -> Self {
        Self {
            ready: VecDeque::new(),
            channel: None,
            deadline: None,
            turn: None,
            record,
        }
    }

    /// The next answer made while the stream was read.
    pub(super) fn pop(&mut self) -> Option<T> {
        self.ready.pop_front()
    }

    /// From now on the tick matches until the deadline, while it is its turn; without one, which is when
    /// the deadline has passed, it only leaves its tickets.
    pub(super) fn begin(&mut self, turn: Option<Turn>, deadline: Instant) {
        self.turn = turn;
        self.deadline = Some(deadline);
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
        let (Some(channel), Some(deadline)) = (&self.channel, self.deadline) else {
            return Flow::Go;
        };
        if let Some(turn) = &self.turn {
            turn.give_way(deadline, channel.closed());
        }
        if channel.is_closed() || Instant::now() >= deadline {
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

    fn wrong_type(&mut self, attribute: &Text, values: u64) {
        self.record.wrong_type(attribute, values);
    }

    fn goodness(&mut self, of: &Goodness<'_>) {
        self.record.goodness(of);
    }

    fn quality(&mut self, counts: QualityCounts) {
        self.record.quality(counts);
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

    fn wrong_type(&mut self, attribute: &Text, values: u64) {
        self.record.wrong_type(attribute, values);
    }

    fn keep_open(&mut self, _session: Session, reason: Reason) {
        self.record.left(reason);
    }

    fn flow(&self) -> Flow {
        Self::flow(self)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use prometheus::IntGauge;
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;
    use crate::service::ServiceMetrics;
    use crate::service::metrics::TickKind;
    use crate::service::turns::Turns;

    const SECOND: Duration = Duration::from_secs(1);

    /// An outbox of a finish on a thread, and its other side.
    fn outbox() -> (Outbox<Match>, tokio::sync::mpsc::UnboundedReceiver<Match>) {
        let (sender, receiver) = unbounded_channel();
        let record = ServiceMetrics::default().tick_begins(TickKind::Match);
        let mut outbox = Outbox::new(record);
        outbox.send_to(sender);
        (outbox, receiver)
    }

    #[tokio::test(start_paused = true)]
    async fn matching_ends_at_its_deadline() {
        let (mut outbox, _receiver) = outbox();
        outbox.begin(None, Instant::now() + 4 * SECOND);
        tokio::time::advance(4 * SECOND - Duration::from_millis(1)).await;
        assert_eq!(outbox.flow(), Flow::Go);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(outbox.flow(), Flow::Stop);
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_comes_late_has_what_is_left() {
        let turns = Turns::new(1, IntGauge::new("waiting", "help").unwrap());
        let deadline = Instant::now() + 4 * SECOND;
        let other = turns.first(deadline).await;
        let waits = tokio::spawn({
            let turns = turns.clone();
            async move { turns.first(deadline).await }
        });
        tokio::time::sleep(3 * SECOND).await;
        drop(other);
        let (mut outbox, _receiver) = outbox();
        outbox.begin(waits.await.unwrap(), deadline);
        assert_eq!(outbox.flow(), Flow::Go);
        tokio::time::advance(SECOND).await;
        assert_eq!(outbox.flow(), Flow::Stop);
    }

    #[tokio::test(start_paused = true)]
    async fn matching_ends_when_the_client_has_gone() {
        let (mut outbox, receiver) = outbox();
        outbox.begin(None, Instant::now() + SECOND);
        assert_eq!(outbox.flow(), Flow::Go);
        drop(receiver);
        assert_eq!(outbox.flow(), Flow::Stop);
    }
}
