//! The first valid match in the order of candidates, by looking at all of them.

use crate::matching::alliance::chosen::Chosen;
use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::alliance::teams::Packer;

/// Steps that one search may take: a test of a candidate each, beside [`ROUNDS`] of all candidates.
/// Far more than any pool that is not made to be hard needs; a search that spends them finds nothing.
const STEPS: u64 = 200_000;

/// How often a search may test all candidates: once for each ticket of a large match.
const ROUNDS: u64 = 64;

/// Exact searches, bounded in steps one by one and all together.
#[derive(Debug)]
pub(in crate::matching::alliance) struct Exact {
    taken: u64,
    most: u64,
}

/// Candidates that are admitted beside those taken so far; those before `next` are decided.
#[derive(Debug)]
struct Level {
    open: Vec<Id>,
    next: usize,
    /// The open ones from `next` on, by size.
    spare: Vec<u32>,
}

impl Level {
    fn of(pool: &Pool, chosen: &Chosen, candidates: &[Id]) -> Level {
        let admitted = |id: &Id| chosen.admits(pool, *id).is_ok();
        let open: Vec<Id> = candidates.iter().copied().filter(admitted).collect();
        let mut spare = Vec::new();
        for id in &open {
            let size = pool.sizes[*id as usize] as usize;
            if spare.len() <= size {
                spare.resize(size + 1, 0);
            }
            spare[size] += 1;
        }
        Level {
            open,
            next: 0,
            spare,
        }
    }
}

impl Exact {
    /// Searches that take at most `most` steps all together.
    pub(in crate::matching::alliance) fn new(most: u64) -> Exact {
        Exact { taken: 0, most }
    }

    /// Steps taken so far.
    pub(in crate::matching::alliance) fn steps(&self) -> u64 {
        self.taken
    }

    /// Adds candidates to the pivot in `chosen`: of all subsets that make a valid match, the first in
    /// their order, where taking a candidate comes before leaving it. Whether there is one. If not,
    /// `chosen` is the pivot alone again.
    pub(in crate::matching::alliance) fn find(
        &mut self,
        pool: &Pool,
        chosen: &mut Chosen,
        packer: &mut Packer,
        candidates: &[Id],
    ) -> bool {
        let rounds = ROUNDS.saturating_mul(candidates.len() as u64);
        let end = self.most.min(self.taken.saturating_add(STEPS + rounds));
        self.taken += candidates.len() as u64;
        let mut levels = vec![Level::of(pool, chosen, candidates)];
        while let Some(level) = levels.last_mut() {
            let possible = self.taken < end
                && packer.can_complete(chosen.sizes(), chosen.foes(), &level.spare);
            let candidate = level.open.get(level.next).copied().filter(|_| possible);
            let Some(id) = candidate else {
                if possible {
                    return true;
                }
                levels.pop();
                if !levels.is_empty() {
                    chosen.pop(pool);
                }
                continue;
            };
            level.next += 1;
            level.spare[pool.sizes[id as usize] as usize] -= 1;
            self.taken += 1;
            chosen.push(pool, id);
            if packer.can_complete(chosen.sizes(), chosen.foes(), &level.spare) {
                let rest = &level.open[level.next..];
                self.taken += rest.len() as u64;
                let next = Level::of(pool, chosen, rest);
                levels.push(next);
            } else {
                chosen.pop(pool);
            }
        }
        chosen.back_to_pivot(pool);
        false
    }
}
