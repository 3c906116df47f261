//! Which candidates may still come, by kind of party.
//!
//! The counts are never too low, so that what cannot be completed with them cannot be completed. They
//! begin with everything that waits in the pivot's cells, and shrink as the walk leaves its reach and
//! candidates fail a test. So a pivot that lacks parties of one kind looks at few others.

use std::rc::Rc;

use crate::matching::Reason;
use crate::matching::alliance::chosen::Chosen;
use crate::matching::alliance::kinds::{KindGroup, Kinds, PartyKind};
use crate::matching::alliance::teams::Packer;
use crate::matching::alliance::watch::Watch;

/// What is known of whether one more candidate may become part of the match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Not asked since the match grew.
    Unknown,
    Open,
    /// For as long as the match only grows.
    Closed,
}

/// Candidates that may still be taken, by kind of party. Its memory goes by the kinds that wait.
#[derive(Debug)]
pub(super) struct Spare {
    kinds: Rc<Kinds>,
    counts: Vec<u32>,
    /// The sum of the counts of each group.
    sums: Vec<u64>,
    /// Whether one more candidate of a group may become part of the match.
    groups: Vec<Verdict>,
    /// The same of each kind, where roles tell kinds of one size apart. They can be so many that each is
    /// asked for only when a candidate of it is met; else all are reviewed together.
    each: Vec<Verdict>,
    /// Whether roles are off, so that kinds of one size have one verdict.
    by_size: bool,
    /// Players that a match can have.
    max_players: u64,
    /// Whether so few of an open group are left that the match has to be looked at again.
    fewer: bool,
    /// The match with one more candidate.
    trial: Vec<PartyKind>,
}

impl Spare {
    /// No candidate of these kinds.
    pub(super) fn new(kinds: &Rc<Kinds>) -> Self {
        let groups = kinds.groups() as usize;
        Self {
            counts: vec![0; kinds.len() as usize],
            kinds: Rc::clone(kinds),
            sums: vec![0; groups],
            groups: vec![Verdict::Open; groups],
            each: match kinds.have_roles() {
                true => vec![Verdict::Unknown; kinds.len() as usize],
                false => Vec::new(),
            },
            by_size: false,
            max_players: 0,
            fewer: false,
            trial: Vec::new(),
        }
    }

    /// No candidate yet, for matches of at most so many players; whether roles count.
    pub(super) fn begin(&mut self, max_players: u64, has_roles: bool) {
        self.max_players = max_players;
        self.by_size = !has_roles;
        self.begin_again();
    }

    /// No candidate yet, all groups open.
    pub(super) fn begin_again(&mut self) {
        self.counts.fill(0);
        self.sums.fill(0);
        let first = if self.is_lazy() {
            Verdict::Unknown
        } else {
            Verdict::Open
        };
        self.groups.fill(first);
        self.each.fill(first);
        self.fewer = false;
    }

    /// Whether kinds are asked for one by one.
    pub(super) fn is_lazy(&self) -> bool {
        !self.each.is_empty()
    }

    /// Counts by kind.
    pub(super) fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// Their players in all.
    pub(super) fn players(&self) -> u64 {
        let players = |(group, sum): (KindGroup, &u64)| {
            u64::from(self.kinds.players_in(group)).saturating_mul(*sum)
        };
        let each = (0..).zip(&self.sums).map(players);
        each.fold(0, u64::saturating_add)
    }

    /// More candidates of a kind.
    pub(super) fn add(&mut self, kind: PartyKind, count: u32) {
        let now = &mut self.counts[kind as usize];
        let more = count.min(u32::MAX - *now);
        *now += more;
        self.sums[self.kinds.group_of(kind) as usize] += u64::from(more);
    }

    /// More candidates of a group that has one kind.
    pub(super) fn add_of(&mut self, group: KindGroup, count: u32) {
        self.add(self.kinds.in_group(group).start, count);
    }

    /// Fewer candidates of a group that has one kind.
    pub(super) fn lose_of(&mut self, group: KindGroup, count: u32) {
        self.lose(self.kinds.in_group(group).start, count);
    }

    /// Fewer candidates of a kind: taken, failed, or out of reach.
    pub(super) fn lose(&mut self, kind: PartyKind, count: u32) {
        if count == 0 {
            return;
        }
        let group = self.kinds.group_of(kind) as usize;
        let left = &mut self.counts[kind as usize];
        let less = count.min(*left);
        *left -= less;
        let sum = &mut self.sums[group];
        *sum -= u64::from(less);
        if !self.each.is_empty() {
            // A role may be lacking from here on.
            self.fewer |= self.counts[kind as usize] == 0;
            return;
        }
        // While those of this group alone could fill the match, one less closes no group.
        self.fewer |= self.groups[group] == Verdict::Open
            && sum.saturating_mul(u64::from(self.kinds.players(kind))) < self.max_players;
    }

    /// Whether one more candidate of a group may become part of the match.
    pub(super) fn is_open(
        &mut self,
        group: KindGroup,
        packer: &mut Packer,
        chosen: &Chosen,
    ) -> bool {
        let at = group as usize;
        if self.groups[at] == Verdict::Unknown {
            let mut kinds = self.kinds.in_group(group);
            let is_open = kinds
                .any(|kind| self.counts[kind as usize] > 0 && self.takes(kind, packer, chosen));
            self.groups[at] = if is_open {
                Verdict::Open
            } else {
                Verdict::Closed
            };
        }
        self.groups[at] == Verdict::Open
    }

    /// Whether one more candidate of a kind may become part of the match.
    pub(super) fn takes(&mut self, kind: PartyKind, packer: &mut Packer, chosen: &Chosen) -> bool {
        let at = kind as usize;
        if !self.is_lazy() {
            let group = self.kinds.group_of(kind);
            return self.groups[group as usize] == Verdict::Open;
        }
        let at = match self.by_size {
            true => self.kinds.first_of_size(kind) as usize,
            false => at,
        };
        if self.each[at] == Verdict::Unknown {
            self.trial.clear();
            self.trial.extend(chosen.kinds());
            let joins = self.joins(kind, packer, chosen);
            self.each[at] = if joins {
                Verdict::Open
            } else {
                Verdict::Closed
            };
        }
        self.each[at] == Verdict::Open
    }

    /// Whether [`Spare::review`] may find fewer groups than the last time.
    pub(super) fn is_fewer(&self) -> bool {
        self.fewer
    }

    /// [`Spare::takes`], asked anew.
    pub(super) fn still_takes(
        &mut self,
        kind: PartyKind,
        packer: &mut Packer,
        chosen: &Chosen,
    ) -> bool {
        if self.is_lazy() && self.takes(kind, packer, chosen) {
            let at = match self.by_size {
                true => self.kinds.first_of_size(kind) as usize,
                false => kind as usize,
            };
            self.each[at] = Verdict::Unknown;
            let group = self.kinds.group_of(kind) as usize;
            self.groups[group] = Verdict::Unknown;
        }
        self.takes(kind, packer, chosen)
    }

    /// Closes the groups of which no candidate can become part of the match any more. Whether any is
    /// still open, or may be. What is closed stays so while the match only grows.
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
        if self.is_lazy() {
            // What was open is asked again when its turn comes; at once only where a kind ran out.
            if std::mem::take(&mut self.fewer) {
                let verdicts = self.groups.iter_mut().chain(&mut self.each);
                for verdict in verdicts.filter(|verdict| **verdict == Verdict::Open) {
                    *verdict = Verdict::Unknown;
                }
            }
            return Ok(chosen.players() < self.max_players);
        }
        self.fewer = false;
        self.trial.clear();
        self.trial.extend(chosen.kinds());
        let mut any = false;
        for group in 0..self.kinds.groups() {
            let at = group as usize;
            if self.groups[at] == Verdict::Closed {
                continue;
            }
            let kind = self.kinds.in_group(group).start;
            let joins = self.sums[at] > 0 && self.joins(kind, packer, chosen);
            self.groups[at] = if joins {
                Verdict::Open
            } else {
                Verdict::Closed
            };
            any |= joins;
            watch.step(packer.take_steps())?;
        }
        Ok(any)
    }

    /// Whether the match on trial can be completed with one more candidate of a kind.
    fn joins(&mut self, kind: PartyKind, packer: &mut Packer, chosen: &Chosen) -> bool {
        let count = self.counts[kind as usize];
        self.counts[kind as usize] = count.saturating_sub(1);
        self.trial.push(kind);
        let joins = packer.can_complete(&self.trial, chosen.apart(), &self.counts);
        self.trial.pop();
        self.counts[kind as usize] = count;
        joins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spare(max_players: u64) -> Spare {
        let mut spare = Spare::new(&Rc::new(Kinds::of([1, 5])));
        spare.begin(max_players, false);
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
