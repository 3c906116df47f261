//! A ruleset that is tuned: many like it are simulated with the same players, and those are kept that
//! nobody beats in both wait and quality (docs/quality.md, "Tuning").
//!
//! No I/O, and no clock: the same search gives the same proposals, on however many threads.

mod frontier;
mod knobs;
mod search;
#[cfg(test)]
mod tests;

pub use frontier::{Proposal, Style};
pub use knobs::Knobs;
pub use search::{Found, Search, Tried};
