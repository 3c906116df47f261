//! The alliance strategy: matches of teams by AGS's own ruleset (ruleset contract A).
//!
//! # How a tick goes
//!
//! 1. `tick` collects the queue. When it is complete, `pool` reads each ticket once into columns of
//!    numbers, oldest ticket first.
//! 2. `index` sorts the tickets into cells of those that agree in all that has to be equal, and
//!    within a cell by the most selective matching rule.
//! 3. Each ticket that still waits has its turn as the **pivot**, oldest first. A `walk` leads from it
//!    outwards; `search` tests each candidate beside the pivot (`pair`), ranks those that pass by score,
//!    and takes them in that order into a match in the making (`chosen`), as long as teams can come of
//!    it (`teams`). Where taking them as they come leads nowhere, it goes back to the last one taken.
//! 4. `assemble` spreads the chosen parties over teams and writes down what the match has in common.
//!
//! `backfill` fills sessions: there a session has its turn, and the same tests say who may join it.
//!
//! # What the contract leaves open
//!
//! - The match of a pivot is the first in the order of candidates: of two sets of candidates, the one
//!   that takes the first candidate in which they differ. So no candidate can be added to a match, and the
//!   best candidates are in it if any match of the pivot has them.
//! - A match has the fewest teams that hold its parties.
//! - An option attribute that is `null` or an empty list counts as absent; so does a must-match
//!   attribute that is `null`.
//! - A pivot without latencies tries all regions by name.

mod assemble;
mod backfill;
mod chosen;
mod criteria;
mod index;
mod intern;
mod kinds;
mod pair;
mod pool;
mod rules;
mod search;
mod teams;
#[cfg(test)]
mod tests;
mod tick;
mod walk;

pub use backfill::AllianceBackfill;
pub use tick::AllianceTick;

pub use rules::{
    AllianceRules, BlockPolicy, DistanceRule, Inert, Kept, MAX_FLEXING, MAX_OPTIONS, MAX_RULES,
    MatchOption, OptionKind, ReferenceFlex, RegionRules, TeamBounds, TeamFlex,
};
