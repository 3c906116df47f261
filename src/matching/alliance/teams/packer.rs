//! Whether parties can be completed to teams, with a memory of the answers.
//!
//! Where roles count there can be hundreds of kinds of parties, so a question is put in several forms, of
//! which the first mostly say all that is needed: with players who take any role instead of spare parties
//! (if that is impossible, so is the match), with spare parties of one player, of two, and with all.

use std::rc::Rc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::classes::{SpareParties, classes};
use super::packing::{Form, Packing, SEARCH_STEPS};
use super::{TeamBounds, blocked_lists};
use crate::matching::alliance::kinds::{Kinds, PartyKind};
use crate::matching::alliance::roles::Staff;

/// What stands between the two halves of a key. It is not a kind: those are numbered from 0.
const END: u32 = u32::MAX;

/// What stands behind the first half of a key instead, where players who take any role are at hand.
const WILDCARDS: u32 = u32::MAX - 1;

/// Size of the keys that a packer remembers, in numbers of 4 bytes. Above, it forgets all of them.
const MEMO_NUMBERS: usize = 1 << 22;

/// Spare kinds that one step looks at.
const PER_STEP: u64 = 64;

/// Answers whether parties can fill teams; remembers its answers for one set of bounds, one set of
/// roles and one table of kinds.
///
/// The answers depend on the arguments only, not on what was asked before.
#[derive(Debug)]
pub(crate) struct Packer {
    bounds: TeamBounds,
    staff: Option<Rc<Staff>>,
    kinds: Rc<Kinds>,
    /// Where roles are off, but the table tells kinds apart by them: the kind of each by its size.
    sizes: Option<BySize>,
    answers: HashMap<Box<[u32]>, bool, FixedState>,
    /// How many numbers the keys of `answers` have together.
    numbers: usize,
    /// The question at hand: the kinds taken with their counts, [`END`], the spare kinds with theirs.
    key: Vec<u32>,
    sorted: Vec<PartyKind>,
    /// Steps of searches since they were last taken.
    steps: u64,
}

/// Kinds by nothing but size.
#[derive(Debug)]
struct BySize {
    kind_of: Vec<PartyKind>,
    taken: Vec<PartyKind>,
    spare: Vec<u32>,
}

impl Packer {
    /// A packer that remembers nothing yet, for parties of these kinds.
    pub(crate) fn new(bounds: TeamBounds, staff: Option<Rc<Staff>>, kinds: &Rc<Kinds>) -> Self {
        let mut packer = Self {
            bounds,
            staff,
            kinds: Rc::clone(kinds),
            sizes: None,
            answers: HashMap::default(),
            numbers: 0,
            key: Vec::new(),
            sorted: Vec::new(),
            steps: 0,
        };
        if packer.staff.is_none() && kinds.have_roles() {
            let sizes = (0..kinds.len()).map(|kind| kinds.players(kind));
            let by_size = Kinds::of(sizes.clone());
            let kind_of = sizes.map(|size| by_size.kind_of(size).expect("one of these sizes"));
            packer.sizes = Some(BySize {
                kind_of: kind_of.collect(),
                taken: Vec::new(),
                spare: Vec::new(),
            });
            packer.kinds = Rc::new(by_size);
        }
        packer
    }

    /// Steps that it searched since the last call.
    pub(crate) fn take_steps(&mut self) -> u64 {
        std::mem::take(&mut self.steps)
    }

    /// Whether there are teams, as many and as large as the bounds say and right by their roles, that
    /// hold all of `taken` and otherwise only parties of `spare`, as many of them as needed; no blocked
    /// pair in one team.
    ///
    /// `taken` holds kinds of the packer's table, in any order; one of 0 players or of more than
    /// `players_max` fits no team. `blocked` holds pairs of places in `taken`; a pair of one place, or
    /// of one that is not there, says nothing. `spare[kind]` is how many more parties of that kind
    /// there are; kinds beyond its end have none, those of more than `players_max` players do not
    /// count.
    ///
    /// `true` is always right. `false` is, unless the question is so hard that the search gave up
    /// after its 20,000 steps, or needs hundreds of teams of many kinds of parties. With blocked pairs
    /// a `true` is not remembered, and costs allocations.
    ///
    /// A remembered answer costs O(t log t + s), for t parties taken and s spare kinds, and
    /// allocates nothing.
    pub(crate) fn can_complete(
        &mut self,
        taken: &[PartyKind],
        blocked: &[(u32, u32)],
        spare: &[u32],
    ) -> bool {
        let Some(mut sizes) = self.sizes.take() else {
            return self.completes(taken, blocked, spare);
        };
        sizes.taken.clear();
        let kinds = taken.iter().map(|kind| sizes.kind_of[*kind as usize]);
        sizes.taken.extend(kinds);
        sizes.spare.clear();
        sizes.spare.resize(self.kinds.len() as usize, 0);
        for (kind, count) in sizes.kind_of.iter().zip(spare) {
            let sum = &mut sizes.spare[*kind as usize];
            *sum = sum.saturating_add(*count);
        }
        self.steps += spare.len() as u64 / PER_STEP;
        let completes = self.completes(&sizes.taken, blocked, &sizes.spare);
        self.sizes = Some(sizes);
        completes
    }

    #[inline]
    fn completes(&mut self, taken: &[PartyKind], blocked: &[(u32, u32)], spare: &[u32]) -> bool {
        let bounds = self.bounds;
        let mut players = 0_u64;
        for &kind in taken {
            let size = self.kinds.players(kind);
            if !(1..=bounds.players_max).contains(&size) {
                return false;
            }
            players += u64::from(size);
        }
        let Some(room) = bounds.max_players().checked_sub(players) else {
            return false;
        };
        self.note_taken(taken);
        let spare_from = self.key.len() + 1;
        if self.staff.is_some() {
            self.key.push(WILDCARDS);
            if !self.knows(taken, spare_from) {
                return false;
            }
            for players_max in [1, 2] {
                let few = self.kinds.up_to(players_max);
                if (1..spare.len()).contains(&few)
                    && self.completes_with(
                        taken,
                        blocked,
                        &spare[..few],
                        (players, room),
                        spare_from,
                    )
                {
                    return true;
                }
            }
        }
        self.completes_with(taken, blocked, spare, (players, room), spare_from)
    }

    /// The question with these spare parties; the key has the parties taken already. `players` are
    /// those of the parties taken, `room` those that the match can have besides.
    #[inline]
    fn completes_with(
        &mut self,
        taken: &[PartyKind],
        blocked: &[(u32, u32)],
        spare: &[u32],
        (players, room): (u64, u64),
        spare_from: usize,
    ) -> bool {
        self.key.truncate(spare_from - 1);
        self.key.push(END);
        let with_spare = players.saturating_add(self.note_spare(taken.len(), spare, room));
        if with_spare < self.bounds.min_players() {
            return false;
        }
        // Without blocked pairs, parties of a kind are interchangeable and their order says nothing:
        // the key is the whole question. Blocked pairs only forbid teams, so what is impossible
        // without them costs no second search.
        self.knows(taken, spare_from)
            && (blocked.is_empty() || self.search(taken, blocked, spare_from))
    }

    /// The answer to the question of the key, without blocked pairs.
    #[inline]
    fn knows(&mut self, taken: &[PartyKind], spare_from: usize) -> bool {
        let known = self.answers.get(self.key.as_slice()).copied();
        known.unwrap_or_else(|| {
            let fits = self.search(taken, &[], spare_from);
            self.remember(fits);
            fits
        })
    }

    /// Begins the key with the kinds taken and their counts.
    fn note_taken(&mut self, taken: &[PartyKind]) {
        self.sorted.clear();
        self.sorted.extend_from_slice(taken);
        self.sorted.sort_unstable();
        self.key.clear();
        for same in self.sorted.chunk_by(|a, b| a == b) {
            let count = u32::try_from(same.len()).unwrap_or(u32::MAX);
            self.key.extend([same[0], count]);
        }
    }

    /// Adds the spare parties that could be of use to the key, and returns their players. The others
    /// are cut off, so that questions which differ in nothing else have one key.
    fn note_spare(&mut self, taken: usize, spare: &[u32], room: u64) -> u64 {
        let bounds = self.bounds;
        let taken = u32::try_from(taken).unwrap_or(u32::MAX);
        // Nothing is lost: if there are such teams at all, consider those that need the smallest
        // number of spare parties. A team of spare parties only is one that `teams_min` requires, so
        // there are at most this many teams:
        let teams = u64::from(taken.min(bounds.teams_max).max(bounds.teams_min));
        // A place of the match that has to be used may be one more.
        let teams = match &self.staff {
            Some(staff) if staff.has_places() => u64::from(bounds.teams_max),
            _ => teams,
        };
        self.steps += spare.len() as u64 / PER_STEP;
        let mut players = 0_u64;
        for (kind, &count) in (0..self.kinds.len()).zip(spare) {
            let size = self.kinds.players(kind);
            if u64::from(size) > room.min(bounds.players_max.into()) {
                break;
            }
            if count == 0 || size == 0 {
                continue;
            }
            // And no team can do without one of its spare parties: the others would be below
            // `players_min`. So in a team, all but one of the spare parties of a kind are below it.
            let of_each = match self.staff {
                None => bounds.players_min.div_ceil(size),
                // One may be there for its role instead.
                Some(_) => bounds.players_max / size,
            };
            let of_use = teams * u64::from(of_each);
            let max = of_use.min(room / u64::from(size));
            let count = u32::try_from(max).map_or(count, |max| count.min(max));
            if count > 0 {
                self.key.extend([kind, count]);
                players = players.saturating_add(u64::from(size) * u64::from(count));
            }
        }
        players
    }

    fn remember(&mut self, fits: bool) {
        self.numbers += self.key.len();
        if self.numbers > MEMO_NUMBERS {
            self.answers.clear();
            self.numbers = self.key.len();
        }
        self.answers.insert(self.key.as_slice().into(), fits);
    }

    /// Searches for teams of `taken` and of the spare parties that the key has from `spare_from` on. It
    /// says `true` only for teams that it has made, so that is right whatever was cut off or given up.
    fn search(&mut self, taken: &[PartyKind], blocked: &[(u32, u32)], spare_from: usize) -> bool {
        let classes = classes(taken, &blocked_lists(taken.len(), blocked), &self.kinds);
        let spare = self.key[spare_from..]
            .chunks_exact(2)
            .rev()
            .map(|pair| SpareParties::new(pair[0], pair[1], &self.kinds, &classes));
        let form = Form {
            bounds: self.bounds,
            staff: self.staff.as_deref(),
            kinds: &self.kinds,
        };
        let mut packing = Packing::new(form, &classes, spare.collect(), SEARCH_STEPS);
        if self.key[spare_from - 1] == WILDCARDS {
            packing = packing.with_wildcards();
        }
        let found = packing.run().is_some();
        self.steps += u64::from(SEARCH_STEPS - packing.steps_left());
        found
    }
}
