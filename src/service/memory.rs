//! One budget for the memory of all open calls (MAX_MEMORY_BYTES).
//!
//! A call is charged with what it holds, as far as a client decides on that: the bytes that have come
//! and do not make a message yet, its tickets and sessions as they were parsed, and answers that are
//! not sent. Nothing is allocated by the budget; it only counts, in grains of 16 KiB.
//!
//! | Used | What happens |
//! |---|---|
//! | below 80 % | nothing |
//! | 80 to 95 % | large calls are not read from: the newest of them at first, the oldest last |
//! | 95 % | the newest large call that is still being read is refused |
//! | 100 % | no call is read from; a small one is refused if there is no large one to refuse |
//!
//! The last 5 % are for small calls: they are answered while large ones wait. The oldest large call
//! is never held back below 95 %, and at 95 % one is refused, so calls never all wait for each other.
//! A call is large from 1 MiB on.

mod budget;
mod call;
mod container;
mod freed;
mod layer;
mod ledger;
#[cfg(test)]
mod tests;

pub(super) use budget::{MemoryBudget, NoRoom};
pub(super) use call::CallMemory;
pub(super) use container::default_budget;
pub(super) use layer::Metered;
pub(super) use ledger::Ledger;
