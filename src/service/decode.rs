//! Tickets and sessions for matching, read from their encoded form.
//!
//! Only what the rules need is read; texts share the received bytes. What is read is checked here,
//! so that matching can trust it.

mod attributes;
mod batch;
mod bound;
mod budget;
mod fault;
mod field;
mod known;
mod latencies;
mod session;
#[cfg(test)]
mod tests;
mod ticket;

pub(super) use batch::Batch;
pub(super) use bound::Bound;
pub(super) use fault::DecodeFault;
pub(super) use known::Known;
pub(super) use session::session;
pub(super) use ticket::{Named, named, refill, ticket};
