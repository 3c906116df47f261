//! How long a tick may go on. Every loop that a client's tickets can make long asks here.

use std::cell::Cell;

use crate::matching::{Flow, Reason};

/// Steps between two looks at the output. A step takes 0.1 ms at the worst (a candidate with the
/// maximum number of option values), and some hundred looks take as long.
const LOOK_EVERY: u64 = 32;

/// The steps of a tick: tickets looked at, lanes entered, states of a search for teams.
#[derive(Debug)]
pub(super) struct Steps {
    taken: Cell<u64>,
    next_look: Cell<u64>,
    /// Beyond these the rest of the tickets waits for the next tick. Unlike the time limit, which on
    /// most machines ends a tick before, this gives the same answers on every machine.
    max: u64,
    ended: Cell<bool>,
}

impl Steps {
    /// None taken yet, of at most `max`.
    pub(super) fn at_most(max: u64) -> Self {
        Self {
            taken: Cell::new(0),
            next_look: Cell::new(0),
            max,
            ended: Cell::new(false),
        }
    }

    /// Takes `count` steps.
    ///
    /// # Errors
    ///
    /// [`Reason::Budget`] once `flow` says to stop, or more than the maximum were taken; also from then
    /// on.
    pub(super) fn take(&self, count: u64, flow: &dyn Fn() -> Flow) -> Result<(), Reason> {
        let taken = self.taken.get().saturating_add(count);
        self.taken.set(taken);
        if taken < self.next_look.get() {
            return Ok(());
        }
        self.next_look.set(taken.saturating_add(LOOK_EVERY));
        if self.ended.get() || taken > self.max || flow() == Flow::Stop {
            self.ended.set(true);
            self.next_look.set(0);
            return Err(Reason::Budget);
        }
        Ok(())
    }

    /// How many were taken.
    pub(super) fn taken(&self) -> u64 {
        self.taken.get()
    }

    /// Whether the tick has to end.
    pub(super) fn ended(&self) -> bool {
        self.ended.get()
    }
}

/// The steps of a tick beside what says whether it may go on.
#[derive(Clone, Copy)]
pub(super) struct Watch<'w> {
    steps: &'w Steps,
    flow: &'w dyn Fn() -> Flow,
}

impl<'w> Watch<'w> {
    pub(super) fn new(steps: &'w Steps, flow: &'w dyn Fn() -> Flow) -> Self {
        Self { steps, flow }
    }

    /// [`Steps::take`].
    pub(super) fn step(&self, count: u64) -> Result<(), Reason> {
        self.steps.take(count, self.flow)
    }
}
