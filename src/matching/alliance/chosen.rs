//! The tickets taken into a match so far, and what they ask of the next one.
//!
//! What a group asks only narrows with each ticket that is taken, and widens again when the last one
//! is given back: so each criterion keeps its state as a stack. Testing a ticket costs its own players
//! and values, not the size of the match.

use super::criteria::Criteria;
use super::criteria::answer_size::AnswerSizeInside;
use super::criteria::blocks::BlocksInside;
use super::criteria::cross_play::PlatformsInside;
use super::criteria::must_match::MustMatchInside;
use super::criteria::option::OptionsInside;
use super::criteria::players::PlayersInside;
use super::kinds::PartyKind;
use super::pool::{Id, Pool};
use crate::matching::Reason;

/// A match in the making. The first ticket is the pivot.
#[derive(Debug)]
pub(super) struct Chosen {
    tickets: Vec<Id>,
    kinds: Vec<PartyKind>,
    players: u64,
    must_match: MustMatchInside,
    inside: PlayersInside,
    blocks: BlocksInside,
    options: OptionsInside,
    platforms: PlatformsInside,
    answer_size: AnswerSizeInside,
}

impl Chosen {
    /// Room for matches of these tickets.
    pub(super) fn new(criteria: &Criteria<'_>) -> Self {
        Self {
            tickets: Vec::new(),
            kinds: Vec::new(),
            players: 0,
            must_match: criteria.must_match.inside(),
            inside: criteria.players.inside(),
            blocks: criteria.blocks.inside(&criteria.players),
            options: criteria.options.inside(),
            platforms: criteria.platforms.inside(),
            answer_size: criteria.answer_sizes.inside(),
        }
    }

    /// The tickets, the pivot first, then in the order in which they were taken.
    pub(super) fn tickets(&self) -> &[Id] {
        &self.tickets
    }

    /// The kind of party of each ticket.
    pub(super) fn kinds(&self) -> &[PartyKind] {
        &self.kinds
    }

    /// Players of the match.
    pub(super) fn players(&self) -> u64 {
        self.players
    }

    /// Pairs of places in [`Chosen::tickets`] that may not be in one team.
    pub(super) fn apart(&self) -> &[(u32, u32)] {
        self.blocks.apart()
    }

    /// Begins a match with its pivot.
    pub(super) fn begin(&mut self, pool: &Pool, criteria: &Criteria<'_>, pivot: Id) {
        while !self.tickets.is_empty() {
            self.pop(pool, criteria);
        }
        // The rows after the tickets are sessions.
        let session = pivot.checked_sub(pool.len());
        self.must_match.begin(&criteria.must_match, pivot, session);
        self.platforms.begin(&criteria.platforms, pivot);
        self.push(pool, criteria, pivot);
    }

    /// Whether a ticket that passes every test with the pivot also goes with the others.
    #[inline]
    pub(super) fn admits(&self, criteria: &Criteria<'_>, id: Id) -> Result<(), Reason> {
        self.must_match.admits(&criteria.must_match, id)?;
        self.inside.admits(&criteria.players, id)?;
        self.blocks
            .admits(&criteria.blocks, &criteria.players, id)?;
        self.options.admits(&criteria.options, id)?;
        self.platforms.admits(&criteria.platforms, id)?;
        self.answer_size.admits(&criteria.answer_sizes, id)
    }

    /// Whether a ticket shares a player with the match.
    pub(super) fn has_player_of(&self, criteria: &Criteria<'_>, id: Id) -> bool {
        self.inside.admits(&criteria.players, id).is_err()
    }

    /// Whether a block keeps a ticket out of the match.
    pub(super) fn is_blocked(&self, criteria: &Criteria<'_>, id: Id) -> bool {
        let admitted = self.blocks.admits(&criteria.blocks, &criteria.players, id);
        admitted.is_err()
    }

    /// Whether a ticket and the match have cross-play with each other's platforms.
    pub(super) fn goes_with_platforms(&self, criteria: &Criteria<'_>, id: Id) -> bool {
        self.platforms.admits(&criteria.platforms, id).is_ok()
    }

    /// Takes a ticket that the match [admits](Chosen::admits).
    pub(super) fn push(&mut self, pool: &Pool, criteria: &Criteria<'_>, id: Id) {
        self.must_match.push(&criteria.must_match, id);
        self.inside.push(&criteria.players, id);
        self.blocks.push(&criteria.blocks, &criteria.players, id);
        self.options.push(&criteria.options, id);
        self.platforms.push(&criteria.platforms, id);
        self.answer_size.push(&criteria.answer_sizes, id);
        self.tickets.push(id);
        self.kinds.push(pool.kinds[id as usize]);
        self.players += u64::from(pool.sizes[id as usize]);
    }

    /// Gives back the ticket that was taken last.
    pub(super) fn pop(&mut self, pool: &Pool, criteria: &Criteria<'_>) {
        let Some(id) = self.tickets.pop() else {
            return;
        };
        self.kinds.pop();
        self.players -= u64::from(pool.sizes[id as usize]);
        self.must_match.pop(&criteria.must_match, id);
        self.inside.pop(&criteria.players, id);
        self.blocks.pop(&criteria.blocks, &criteria.players, id);
        self.options.pop(&criteria.options, id);
        self.platforms.pop(&criteria.platforms, id);
        self.answer_size.pop(&criteria.answer_sizes, id);
    }

    /// What tickets that come later find: kinds of parties, attributes and common values. After tickets
    /// of the same key, the same later ones are admitted and the same teams can be made. Replaces what is
    /// in `key`. `false` where more than that counts.
    pub(super) fn key(&self, key: &mut Vec<u32>) -> bool {
        let silent = self.inside.is_silent()
            && self.blocks.is_silent()
            && self.platforms.is_silent()
            && self.answer_size.is_silent();
        if !silent {
            return false;
        }
        key.clear();
        key.extend_from_slice(&self.kinds);
        key.sort_unstable();
        self.must_match.note_key(key);
        self.options.note_key(key)
    }
}
