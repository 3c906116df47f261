//! The first valid match in the order of candidates, by looking at all of them.

use crate::matching::alliance::chosen::Chosen;
use crate::matching::alliance::criteria::Criteria;
use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::alliance::teams::Packer;

/// Steps that one search may take: a test of a candidate each, beside [`ROUNDS`] of all candidates.
/// Far more than any pool that is not made to be hard needs; a search that spends them finds nothing.
const STEPS: u64 = 200_000;

/// How often a search may test all candidates: once for each ticket of a large match.
const ROUNDS: u64 = 64;

/// Candidates that are admitted beside those taken so far; those before `next` are decided.
#[derive(Debug)]
struct Level {
    open: Vec<Id>,
    next: usize,
    /// The open ones from `next` on, by kind.
    spare: Vec<u32>,
}

impl Level {
    fn of(pool: &Pool, criteria: &Criteria<'_>, chosen: &Chosen, candidates: &[Id]) -> Self {
        let admitted = |id: &Id| chosen.admits(criteria, *id).is_ok();
        let open: Vec<Id> = candidates.iter().copied().filter(admitted).collect();
        let mut spare = vec![0; pool.party_kinds.len() as usize];
        for id in &open {
            spare[pool.kinds[*id as usize] as usize] += 1;
        }
        Self {
            open,
            next: 0,
            spare,
        }
    }
}

/// Adds candidates to the pivot in `chosen`: of all subsets that make a valid match, the first in
/// their order, where taking a candidate comes before leaving it. Whether there is one. If not,
/// `chosen` is the pivot alone again.
pub(super) fn find(
    pool: &Pool,
    criteria: &Criteria<'_>,
    chosen: &mut Chosen,
    packer: &mut Packer,
    candidates: &[Id],
) -> bool {
    let mut taken = 0;
    let rounds = ROUNDS.saturating_mul(candidates.len() as u64);
    let end = STEPS + rounds;
    taken += candidates.len() as u64;
    let mut levels = vec![Level::of(pool, criteria, chosen, candidates)];
    while let Some(level) = levels.last_mut() {
        let possible =
            taken < end && packer.can_complete(chosen.kinds(), chosen.apart(), &level.spare);
        let candidate = level.open.get(level.next).copied().filter(|_| possible);
        let Some(id) = candidate else {
            if possible {
                return true;
            }
            levels.pop();
            if !levels.is_empty() {
                chosen.pop(pool, criteria);
            }
            continue;
        };
        level.next += 1;
        level.spare[pool.kinds[id as usize] as usize] -= 1;
        taken += 1;
        chosen.push(pool, criteria, id);
        if packer.can_complete(chosen.kinds(), chosen.apart(), &level.spare) {
            let rest = &level.open[level.next..];
            taken += rest.len() as u64;
            let next = Level::of(pool, criteria, chosen, rest);
            levels.push(next);
        } else {
            chosen.pop(pool, criteria);
        }
    }
    while chosen.tickets().len() > 1 {
        chosen.pop(pool, criteria);
    }
    false
}
