//! The alliance strategy: matches of teams by AGS's own ruleset (docs/semantics.md, "Alliance
//! strategy").
//!
//! # How a tick goes
//!
//! 1. `tick` collects the queue. When it is complete, `pool` reads each ticket once into columns of
//!    numbers, oldest ticket first.
//! 2. `index` sorts the tickets into cells of those that agree in all that has to be equal, and
//!    within a cell by the most selective matching rule.
//! 3. Each ticket that still waits has its turn as the **pivot**, oldest first. A `walk` leads from
//!    it outwards; `search` tests each candidate beside the pivot (`pair`), ranks those that pass by
//!    score, and takes them in that order into a match in the making (`chosen`), as long as teams can
//!    come of it (`teams`). Where that leads nowhere, it goes back to the last candidate taken and
//!    leaves it.
//! 4. `assemble` spreads the chosen parties over teams, gives their players roles where the ruleset has
//!    them (`roles`), and writes down what the match has in common.
//!
//! `backfill` fills sessions: there a session has its turn, and the same tests say which tickets may
//! join it.

mod assemble;
mod backfill;
mod chosen;
mod criteria;
mod explain;
mod forms;
mod index;
mod intern;
mod kinds;
mod lint;
mod pair;
mod pool;
mod quality;
mod roles;
pub(super) mod rules;
mod search;
mod teams;
#[cfg(test)]
mod tests;
mod tick;
mod walk;
mod watch;

pub use backfill::AllianceBackfill;
pub(super) use lint::explain_unknown_keys;
pub use quality::QualityCounts;

pub use rules::{
    AllianceRules, BlockPolicy, DistanceRule, Hold, Inert, Kept, Layout, MAX_FLEXING, MAX_MODES,
    MAX_OPTIONS, MAX_RULES, MatchOption, ModeOrder, OptionKind, Quality, RatingRule, ReferenceFlex,
    RegionRules, Relaxing, Role, RoleFlexing, RoleList, Roles, Stage, StageFlex, SubGameMode,
    TeamBounds,
};
