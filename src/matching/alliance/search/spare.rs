//! Which candidates may still come, by size.
//!
//! The counts are never too low, so that what cannot be completed with them cannot be completed. They
//! begin with everybody in the pivot's cells, and shrink as the walk leaves its reach and candidates
//! fail a test. So a pivot that lacks parties of one size looks at few others.

use crate::matching::alliance::chosen::Chosen;
use crate::matching::alliance::teams::Packer;

/// Candidates that may still be taken, by size in players.
#[derive(Debug, Default)]
pub(in crate::matching::alliance) struct Spare {
    counts: Vec<u32>,
    /// Sizes of which one more candidate may become part of the match.
    open: Vec<bool>,
    /// Players that a match can have.
    most: u64,
    /// Whether so few of an open size are left that the match has to be looked at again.
    fewer: bool,
    sizes: Vec<u32>,
}

impl Spare {
    /// Nobody yet, for matches of at most so many players and parties of at most `largest`.
    pub(in crate::matching::alliance) fn begin(&mut self, largest: u32, most: u64) {
        self.counts.resize(largest as usize + 1, 0);
        self.open.resize(largest as usize + 1, true);
        self.most = most;
        self.begin_again();
    }

    /// Nobody yet, all sizes open.
    pub(in crate::matching::alliance) fn begin_again(&mut self) {
        self.counts.fill(0);
        self.open.fill(true);
        self.fewer = false;
    }

    /// Counts by size.
    pub(in crate::matching::alliance) fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// Their players in all.
    pub(in crate::matching::alliance) fn players(&self) -> u64 {
        let players = |(size, count): (usize, &u32)| size as u64 * u64::from(*count);
        self.counts.iter().enumerate().map(players).sum()
    }

    /// More candidates of a size.
    pub(in crate::matching::alliance) fn add(&mut self, size: u32, count: u32) {
        let now = &mut self.counts[size as usize];
        *now = now.saturating_add(count);
    }

    /// Fewer candidates of a size: taken, failed, or out of reach.
    pub(in crate::matching::alliance) fn lose(&mut self, size: u32, count: u32) {
        let at = size as usize;
        self.counts[at] = self.counts[at].saturating_sub(count);
        self.fewer |=
            count > 0 && self.open[at] && u64::from(self.counts[at]) * u64::from(size) < self.most;
    }

    /// Whether one more candidate of a size may become part of the match.
    pub(in crate::matching::alliance) fn is_open(&self, size: u32) -> bool {
        self.open[size as usize]
    }

    /// Whether [`Spare::review`] may find fewer sizes than the last time.
    pub(in crate::matching::alliance) fn is_fewer(&self) -> bool {
        self.fewer
    }

    /// Closes the sizes of which no candidate can become part of the match any more. Whether any is
    /// still open. What is closed stays so while the match only grows.
    pub(in crate::matching::alliance) fn review(
        &mut self,
        packer: &mut Packer,
        chosen: &Chosen,
    ) -> bool {
        self.fewer = false;
        self.sizes.clear();
        self.sizes.extend(chosen.sizes());
        let mut any = false;
        for size in 1..self.counts.len() {
            if !self.open[size] {
                continue;
            }
            self.open[size] = self.counts[size] > 0 && {
                self.counts[size] -= 1;
                self.sizes.push(size as u32);
                let joins = packer.can_complete(&self.sizes, chosen.apart(), &self.counts);
                self.sizes.pop();
                self.counts[size] += 1;
                joins
            };
            any |= self.open[size];
        }
        any
    }
}
