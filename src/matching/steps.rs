//! Counted steps: tests hold the work for the worst input against its size by them, not by time.

use std::cell::Cell;

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// One more step on this thread.
pub(crate) fn step() {
    STEPS.set(STEPS.get() + 1);
}

/// The steps that this work takes.
pub(crate) fn of(work: impl FnOnce()) -> u64 {
    let before = STEPS.get();
    work();
    STEPS.get() - before
}
