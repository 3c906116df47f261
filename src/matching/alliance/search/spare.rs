//! Which candidates may still come, by kind of party.
//!
//! The counts are never too low, so that what cannot be completed with them cannot be completed. They
//! begin with everything that waits in the pivot's cells, and shrink as the walk leaves its reach and
//! candidates fail a test. So a pivot that lacks parties of one kind looks at few others.

use crate::matching::Reason;
use crate::matching::alliance::chosen::Chosen;
use crate::matching::alliance::kinds::{Kinds, PartyKind};
use crate::matching::alliance::teams::Packer;
use crate::matching::alliance::watch::Watch;

/// Candidates that may still be taken, by kind of party. Its memory goes by the kinds that wait.
#[derive(Debug)]
pub(super) struct Spare {
    kinds: Kinds,
    counts: Vec<u32>,
    /// Kinds of which one more candidate may become part of the match.
    open: Vec<bool>,
    /// Players that a match can have.
    max_players: u64,
    /// Whether so few of an open kind are left that the match has to be looked at again.
    fewer: bool,
    /// The match with one more candidate.
    trial: Vec<PartyKind>,
}

impl Spare {
    /// No candidate of these kinds.
    pub(super) fn new(kinds: Kinds) -> Self {
        let count = kinds.len() as usize;
        Self {
            kinds,
            counts: vec![0; count],
            open: vec![true; count],
            max_players: 0,
            fewer: false,
            trial: Vec::new(),
        }
    }

    /// No candidate yet, for matches of at most so many players.
    pub(super) fn begin(&mut self, max_players: u64) {
        self.max_players = max_players;
        self.begin_again();
    }

    /// No candidate yet, all kinds open.
    pub(super) fn begin_again(&mut self) {
        self.counts.fill(0);
        self.open.fill(true);
        self.fewer = false;
    }

    /// Counts by kind.
    pub(super) fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// Their players in all.
    pub(super) fn players(&self) -> u64 {
        let players = |(kind, count): (PartyKind, &u32)| {
            u64::from(self.kinds.players(kind)) * u64::from(*count)
        };
        (0..).zip(&self.counts).map(players).sum()
    }

    /// More candidates of a kind.
    pub(super) fn add(&mut self, kind: PartyKind, count: u32) {
        let now = &mut self.counts[kind as usize];
        *now = now.saturating_add(count);
    }

    /// Fewer candidates of a kind: taken, failed, or out of reach.
    pub(super) fn lose(&mut self, kind: PartyKind, count: u32) {
        if count == 0 {
            return;
        }
        let left = &mut self.counts[kind as usize];
        *left = left.saturating_sub(count);
        // While those of this kind alone could fill the match, one less closes no kind.
        self.fewer |= self.open[kind as usize]
            && u64::from(*left) * u64::from(self.kinds.players(kind)) < self.max_players;
    }

    /// Whether one more candidate of a kind may become part of the match.
    pub(super) fn is_open(&self, kind: PartyKind) -> bool {
        self.open[kind as usize]
    }

    /// Whether [`Spare::review`] may find fewer kinds than the last time.
    pub(super) fn is_fewer(&self) -> bool {
        self.fewer
    }

    /// Closes the kinds of which no candidate can become part of the match any more. Whether any is
    /// still open. What is closed stays so while the match only grows.
    ///
    /// # Errors
    ///
    /// [`Reason::Budget`] if the tick has to end.
    pub(super) fn review(
        &mut self,
        packer: &mut Packer,
        chosen: &Chosen,
        watch: Watch<'_>,
    ) -> Result<bool, Reason> {
        self.fewer = false;
        self.trial.clear();
        self.trial.extend(chosen.kinds());
        let mut any = false;
        for kind in 0..self.kinds.len() {
            let at = kind as usize;
            if !self.open[at] {
                continue;
            }
            self.open[at] = self.counts[at] > 0 && {
                self.counts[at] -= 1;
                self.trial.push(kind);
                let joins = packer.can_complete(&self.trial, chosen.apart(), &self.counts);
                self.trial.pop();
                self.counts[at] += 1;
                joins
            };
            any |= self.open[at];
            watch.step(packer.take_steps())?;
        }
        Ok(any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spare(max_players: u64) -> Spare {
        let mut spare = Spare::new(Kinds::of([1, 5]));
        spare.begin(max_players);
        spare
    }

    #[test]
    fn memory_goes_by_kinds_not_by_players_of_a_match() {
        let largest = u64::from(u32::MAX);
        assert_eq!(spare(largest * largest).counts().len(), 2);
    }

    #[test]
    fn counts_are_of_tickets_and_players_go_by_kind() {
        let mut spare = spare(10);
        spare.add(0, 3);
        spare.add(1, 2);
        spare.add(1, u32::MAX);
        assert_eq!(spare.counts(), [3, u32::MAX]);
        spare.lose(1, u32::MAX - 2);
        spare.lose(0, 4);
        assert_eq!(spare.counts(), [0, 2]);
        assert_eq!(spare.players(), 10);
    }

    #[test]
    fn the_match_is_looked_at_again_once_a_kind_alone_cannot_fill_it() {
        let mut spare = spare(10);
        spare.add(1, 3);
        spare.lose(1, 1);
        assert!(!spare.is_fewer());
        spare.lose(1, 0);
        assert!(!spare.is_fewer());
        spare.lose(1, 1);
        assert!(spare.is_fewer());
    }
}
