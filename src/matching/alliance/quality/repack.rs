//! Left tickets come into matches that are made anew: those of some drafts and as many left tickets as one
//! more match takes, sorted by the attribute that tells most apart, and cut into pieces.

use super::drafts::{Draft, Drafts, Spent};
use crate::matching::alliance::criteria::modes::Mode;
use crate::matching::alliance::criteria::region::Region;
use crate::matching::alliance::pool::Id;

/// Drafts that are made anew together, at most.
const DRAFTS: usize = 3;

/// Left tickets that one looks at, the nearest first.
const LEFT: usize = 64;

/// Tickets of a piece that are tried as its pivot: the oldest, and those nearest to its middle.
const OLDEST: usize = 2;
const MIDDLE: usize = 3;

/// Regions in which a piece is tried.
const REGIONS: usize = 2;

impl Drafts<'_, '_> {
    /// Makes one more match of some drafts and left tickets; whether there was one.
    pub(super) fn repack(&mut self) -> Result<bool, Spent> {
        let mut any = false;
        for id in self.left_ids() {
            for drafts in 1..=DRAFTS.min(self.all.len()) {
                if self.is_left(id) && self.repacked(id, drafts)? {
                    self.rescued += 1;
                    any = true;
                    break;
                }
            }
        }
        Ok(any)
    }

    /// One more match out of the drafts nearest to a left ticket.
    fn repacked(&mut self, id: Id, drafts: usize) -> Result<bool, Spent> {
        let near = self.near(self.place(id), drafts);
        self.step(1 + near.len() as u64)?;
        let Some(first) = near.first() else {
            return Ok(false);
        };
        let (mode, bounds) = {
            let pivot = &self.all[*first].pivot;
            (pivot.mode, pivot.form.bounds)
        };
        let size = bounds.max_players();
        let is_full = |at: &usize| {
            let draft = &self.all[*at];
            draft.pivot.mode == mode && self.players(draft) == size
        };
        if !near.iter().all(is_full) {
            return Ok(false);
        }
        // The left ones nearest to it, as many as a match takes.
        let place = self.place(id);
        let mut left = self.left_near(place, LEFT);
        self.step(left.len() as u64)?;
        let away = |id: Id| (self.place(id) - place).abs();
        left.sort_by(|a, b| away(*a).total_cmp(&away(*b)).then(a.cmp(b)));
        let (mut free, mut come) = (size - u64::from(self.size(id)).min(size), vec![id]);
        for other in left {
            let players = u64::from(self.size(other));
            if other != id && players <= free {
                free -= players;
                come.push(other);
            }
        }
        if free > 0 {
            return Ok(false);
        }
        let mut regions: Vec<Option<Region>> = Vec::new();
        for at in &near {
            let region = self.all[*at].pivot.region;
            if !regions.contains(&region) && regions.len() < REGIONS {
                regions.push(region);
            }
        }
        let tickets = near.iter().flat_map(|at| &self.all[*at].ids).copied();
        let mut all: Vec<Id> = tickets.chain(come.iter().copied()).collect();
        all.sort_unstable_by(|a, b| self.place(*a).total_cmp(&self.place(*b)).then(a.cmp(b)));
        let Some(pieces) = self.pieces(&all, near.len() + 1, size) else {
            return Ok(false);
        };
        let mut made = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let Some(draft) = self.of_piece(&piece, mode, &regions)? else {
                return Ok(false);
            };
            made.push(draft);
        }
        for (at, draft) in near.iter().zip(made.drain(1..).collect::<Vec<_>>()) {
            self.all[*at] = draft;
        }
        self.all.extend(made);
        for id in come {
            self.placed(id);
        }
        Ok(true)
    }

    /// Cuts tickets into so many pieces of so many players, each of neighbours as far as parties allow.
    fn pieces(&self, all: &[Id], count: usize, size: u64) -> Option<Vec<Vec<Id>>> {
        let mut rest = all.to_vec();
        let mut pieces = Vec::with_capacity(count);
        for _ in 0..count {
            let (mut free, mut piece) = (size, Vec::new());
            rest.retain(|id| {
                let players = u64::from(self.size(*id));
                let takes = players <= free;
                if takes {
                    free -= players;
                    piece.push(*id);
                }
                !takes
            });
            if free > 0 {
                return None;
            }
            pieces.push(piece);
        }
        Some(pieces)
    }

    /// The match of tickets by the first pivot and in the first region that make one.
    fn of_piece(
        &mut self,
        piece: &[Id],
        mode: Option<Mode>,
        regions: &[Option<Region>],
    ) -> Result<Option<Draft>, Spent> {
        let mut oldest = piece.to_vec();
        oldest.sort_unstable();
        oldest.truncate(OLDEST);
        let middle = self.place(piece[piece.len() / 2]);
        let mut central = piece.to_vec();
        let away = |id: Id| (self.place(id) - middle).abs();
        central.sort_by(|a, b| away(*a).total_cmp(&away(*b)).then(a.cmp(b)));
        central.truncate(MIDDLE);
        for region in regions {
            for id in oldest.iter().chain(&central) {
                let Some(pivot) = self.pivot_in(*id, mode, *region) else {
                    continue;
                };
                let alone = Draft::alone(pivot);
                let others: Vec<Id> = piece.iter().copied().filter(|other| other != id).collect();
                let made = self.changed(&alone, &[], &others, f64::INFINITY)?;
                if made.is_some() {
                    return Ok(made);
                }
            }
        }
        Ok(None)
    }
}
