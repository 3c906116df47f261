//! The last matches of a stream, after its half-close.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::mpsc::unbounded_channel;
use tokio::time::Instant;
use tonic::Status;

use super::{State, TickStream, intake};
use crate::matching::{Flow, MatchLogic};
use crate::service::outbox::Outbox;
use crate::service::status;
use crate::service::tick::Purpose;

impl<P: Purpose, L: MatchLogic> TickStream<P, L> {
    /// The client has sent everything: what the tick made is sent, what it still makes is made.
    pub(super) fn half_closed(&mut self) -> Result<Flow, Status> {
        if self.flush()? == Flow::Stop {
            return Ok(Flow::Stop);
        }
        self.memory.is_read();
        let State::Reading { tick, .. } = std::mem::replace(&mut self.state, State::Ended) else {
            return Err(intake::ended_early::<P>());
        };
        if P::is_heavy(&tick) {
            self.finish_on_a_thread(tick);
        } else {
            let started = Instant::now();
            let finish = AssertUnwindSafe(|| P::finish(tick, &mut self.out));
            catch_unwind(finish).map_err(|_| status::panicked())?;
            self.out.record.finish = started.elapsed();
        }
        Ok(Flow::Go)
    }

    fn finish_on_a_thread(&mut self, tick: P::Tick) {
        let (sender, answers) = unbounded_channel();
        let mut moved = Outbox::new(self.out.record.fork());
        moved.send_to(sender);
        // From the half-close on: what it waits for its turn is time that its client waits.
        let half_close = Instant::now();
        let deadline = half_close + self.shared.limits.match_time_limit();
        let turns = self.shared.turns.clone();
        let span = self.span.clone();
        let memory = self.memory.memory();
        let thread = tokio::spawn(async move {
            let turn = turns.first(deadline).await;
            let work = move || {
                moved.begin(turn, deadline);
                span.in_scope(|| P::finish(tick, &mut moved));
                drop(span);
                moved.record.finish = half_close.elapsed();
                drop(memory);
                moved.record
            };
            tokio::task::spawn_blocking(work).await.ok()
        });
        self.state = State::Finishing { answers, thread };
    }
}
