//! The matchmaking core: rules and tickets in, matches out, and nothing else.
//!
//! It does no input or output, reads no clock, uses no random numbers, and depends on neither protobuf
//! nor tokio. Time, ids and limits are arguments ([`TickContext`]), so the same tickets under the
//! same rules give the same matches, byte for byte.
//!
//! # Words
//!
//! - **Player**: one person. **Party**: players who queue together. **Ticket**: one party (or one
//!   player) in the queue; it is never split.
//! - **Match pool**: a queue that AGS keeps for one game mode.
//! - **Ruleset**: the studio's JSON that says who may play with whom.
//! - **Tick**: one run of the match function over the whole queue of one pool.
//! - **Match**: a finished group of tickets, in teams. **Session**: a match that is being played;
//!   **backfill** fills its free seats through a **proposal**.
//! - **Region**: a place with game servers; tickets carry their latency to each, in milliseconds.
//!
//! # The life of a tick
//!
//! [`MatchLogic::rules`] reads the ruleset once, [`MatchLogic::open`] opens a [`Tick`], the server
//! [pushes](Tick::push) tickets as they arrive and [finishes](Tick::finish) when the last one is
//! in. Matches leave through a [`MatchOut`] as soon as they are complete; the sink can answer
//! "stop" (the client is gone, the time is spent).
//!
//! # What always holds
//!
//! - A [`Ticket`] cannot be cloned: putting it into a match moves it there. So no ticket is in two
//!   matches.
//! - Every pushed ticket ends in a match or in [`MatchOut::leave`] with a [`Reason`], unless the
//!   sink answered "stop".
//! - Nothing survives a tick: the next one gets the whole queue again.

mod ags;
pub mod alliance;
pub mod answer;
mod backfill;
pub mod explain;
mod ids;
mod logic;
pub mod pair;
mod play;
mod reason;
mod region;
pub mod rules;
#[cfg(test)]
pub(crate) mod steps;
mod tick;
mod ticket;
mod value;

pub use ags::{AgsLogic, AgsRules};
pub use alliance::QualityCounts;
pub use backfill::{BackfillOut, BackfillTick, NoBackfill, Party, Proposal, Roster, Session};
pub use ids::{TeamIds, mode_rank, proposal_id, team_id};
pub use logic::{Enrichment, LintContext, MatchLogic, Needs, Wanted};
pub use play::{Played, PlayedBackfill, play, play_backfill};
pub use reason::{Reason, TicketFault};
pub use region::region_preferences;
pub use rules::{ParsedRules, RuleFault, RuleWarning, RulesError};
pub use tick::{Flow, Goodness, Match, MatchOut, Measure, Team, Tick, TickContext, whole_queue};
pub use ticket::{Player, Text, Ticket, queued_at};
pub(crate) use value::last_of_each;
pub use value::{Attributes, Value};
