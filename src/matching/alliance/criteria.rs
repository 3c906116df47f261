//! What decides whether tickets may play together: one file for each criterion.
//!
//! Each has a column with what the waiting tickets say, and answers for it in every place where the
//! strategy asks:
//!
//! | question | asked by |
//! |---|---|
//! | may this candidate join the pivot, and at what cost: `test` | [`pair`](super::pair) |
//! | may it join those already chosen: `admits`, with `push` and `pop` on a state of its own | [`chosen`](super::chosen) |
//! | which tickets can be left out unseen: a part of a cell's key, a reach, a region | [`index`](super::index) |
//! | what does the match say of it | [`assemble`](super::assemble) |
//!
//! A new criterion is a file here, a field below, and a line in `pair` or `chosen`.

pub(super) mod answer_size;
pub(super) mod blocks;
pub(super) mod cross_play;
pub(super) mod distance;
pub(super) mod modes;
pub(super) mod must_match;
pub(super) mod option;
pub(super) mod players;
pub(super) mod region;

use super::AllianceRules;
use super::intern::Interner;
use super::pool::Pool;
use crate::matching::TickContext;
use answer_size::AnswerSizes;
use blocks::Blocks;
use cross_play::Platforms;
use distance::Distances;
use modes::Modes;
use must_match::{Groups, InPart};
use option::Options;
use players::Players;
use region::Regions;

/// The columns of all criteria, for the rows of a [`Pool`]: tickets, then sessions.
#[derive(Debug)]
pub(super) struct Criteria<'r> {
    pub(super) distances: Distances<'r>,
    pub(super) regions: Regions,
    pub(super) modes: Modes<'r>,
    pub(super) must_match: Groups,
    pub(super) options: Options,
    pub(super) platforms: Platforms,
    pub(super) players: Players,
    pub(super) blocks: Blocks,
    pub(super) answer_sizes: AnswerSizes,
}

/// What the criteria need to know of a session beside the row that stands for it.
#[derive(Debug)]
pub(super) struct OfSession<'s> {
    /// What only some of its tickets have.
    pub(super) in_part: InPart<'s>,
    /// Bytes that it adds to an answer.
    pub(super) answer_bytes: u64,
}

impl<'r> Criteria<'r> {
    /// Reads what the rules look at, once for each row. O(n log n).
    pub(super) fn of(
        rules: &'r AllianceRules,
        context: &TickContext,
        pool: &Pool,
        sessions: &[OfSession<'_>],
    ) -> Self {
        let mut values = Interner::default();
        let in_part = sessions.iter().map(|session| &session.in_part);
        let must_match = Groups::of(rules, pool, in_part, &mut values);
        let answer_bytes = sessions.iter().map(|session| session.answer_bytes);
        let max_players = rules.stages().map(|stage| stage.teams.max_players()).max();
        let options = Options::of(&rules.options, pool, &mut values);
        let platforms = Platforms::of(&rules.options, pool);
        let (players, numbers) = Players::of(pool);
        Self {
            distances: Distances::of(&rules.distances, pool),
            regions: Regions::of(&rules.regions, pool),
            modes: Modes::of(rules, pool),
            must_match,
            options,
            platforms,
            blocks: Blocks::of(rules.blocks, pool, &numbers),
            players,
            answer_sizes: AnswerSizes::of(
                pool,
                answer_bytes,
                max_players.unwrap_or(u64::MAX),
                context,
            ),
        }
    }
}
