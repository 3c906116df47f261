//! Random rulesets and pools, made so that things collide: few values, ages around the flexing
//! durations, teams that do not divide evenly. Each pool uses only some of the features, or nothing
//! would ever match.

mod rulesets;
mod tickets;

use proptest::collection::vec;
use proptest::prelude::*;

use rulesets::ruleset;
use tickets::{draft, features, tickets_of};

use crate::matching::Ticket;

pub(crate) const NOW: i64 = 1_700_000_000_000;

/// A ruleset and a queue, drawn at random.
#[derive(Debug)]
pub(crate) struct Drawn {
    /// The ruleset's text.
    pub(crate) rules: String,
    pub(crate) tickets: Vec<Ticket>,
}

/// Pools of at most that many tickets.
pub(crate) fn pools(tickets: usize) -> impl Strategy<Value = Drawn> {
    (ruleset(), features(), vec(draft(), tickets / 2..=tickets)).prop_map(
        |(rules, features, drafts)| Drawn {
            rules,
            tickets: tickets_of(&features, drafts),
        },
    )
}
