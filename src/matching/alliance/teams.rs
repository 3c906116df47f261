//! Parties into teams: whether they fit, and the final teams of a match (ruleset contract A6 to A8).
//!
//! A party is never split. Only sizes, balancing values and foes count here; who may play with whom
//! is decided elsewhere. Everything is bounded by steps, never by time, so that the same question
//! gets the same answer on every machine.

mod balance;
mod exact;
mod search;
#[cfg(test)]
mod tests;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::TeamBounds;
use super::kinds::{Kinds, PartyKind};
use balance::Roster;
use search::{Search, Spare, classes};

/// What one search may spend. Parties of real games need a few hundred steps; the bound is for bin
/// packing puzzles.
const SEARCH_STEPS: u32 = 20_000;

/// What the searches for the fewest teams may spend together.
const FEWEST_STEPS: u32 = 5 * SEARCH_STEPS;

/// What going through the members in order may spend.
const ORDER_STEPS: u32 = 20_000;

/// Up to this many parties, the best split is found exactly.
const EXACT_PARTIES: usize = 12;

/// What stands between the two halves of a key. It is not a kind: those are numbered from 0.
const END: u32 = u32::MAX;

/// Size of the keys that a packer remembers, in numbers of 4 bytes. Above, it forgets all of them.
const MEMO_NUMBERS: usize = 1 << 22;

/// Answers whether parties can fill teams; remembers its answers for one set of bounds and one table
/// of kinds.
///
/// The answers depend on the arguments only, not on what was asked before.
#[derive(Debug)]
pub(super) struct Packer {
    bounds: TeamBounds,
    kinds: Kinds,
    answers: HashMap<Box<[u32]>, bool, FixedState>,
    numbers: usize,
    /// The question at hand: the kinds taken with their counts, [`END`], the spare kinds with theirs.
    key: Vec<u32>,
    sorted: Vec<PartyKind>,
}

/// A party as it counts in [`arrange`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Member {
    /// Its players, at least 1.
    pub(super) players: u32,
    /// The balancing value, summed over its players; finite.
    pub(super) value: f64,
}

impl Packer {
    /// A packer that remembers nothing yet, for parties of these kinds.
    pub(super) fn new(bounds: TeamBounds, kinds: Kinds) -> Self {
        Self {
            bounds,
            kinds,
            answers: HashMap::default(),
            numbers: 0,
            key: Vec::new(),
            sorted: Vec::new(),
        }
    }

    /// Whether there are teams, as many and as large as the bounds say, that hold all of `taken`,
    /// and else only parties of `spare`, as many of them as it takes; no two foes in one team.
    ///
    /// `taken` holds kinds of the packer's table, in any order; one of 0 players or of more than
    /// `players_max` fits no team. `foes` holds pairs of places in `taken`; a pair of one place, or of
    /// one that is not there, says nothing. `spare[kind]` is how many more parties of that kind there
    /// are; kinds beyond its end have none, those of more than `players_max` players do not count.
    ///
    /// `true` is always right. `false` is, unless the question is so hard that the search gave up
    /// after its 20,000 steps, or needs hundreds of teams of many kinds of parties. With foes it is
    /// never remembered, and costs allocations.
    ///
    /// A remembered answer costs O(t log t + s), for t parties taken and s spare kinds, and
    /// allocates nothing.
    pub(super) fn can_complete(
        &mut self,
        taken: &[PartyKind],
        foes: &[(u32, u32)],
        spare: &[u32],
    ) -> bool {
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
        self.key.push(END);
        let spare_from = self.key.len();
        let with_spares = players.saturating_add(self.note_spare(taken.len(), spare, room));
        if with_spares < bounds.min_players() {
            return false;
        }
        let known = self.answers.get(self.key.as_slice()).copied();
        let fits = known.unwrap_or_else(|| {
            let fits = self.search(taken, &[], &self.key[spare_from..]);
            self.remember(fits);
            fits
        });
        fits && (foes.is_empty() || self.search(taken, foes, &self.key[spare_from..]))
    }

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

    /// Notes the spare parties that could be of use, and returns their players. The others are cut
    /// off so that questions which differ in nothing else have one key.
    fn note_spare(&mut self, taken: usize, spare: &[u32], room: u64) -> u64 {
        let bounds = self.bounds;
        let taken = u32::try_from(taken).unwrap_or(u32::MAX);
        // A team that no taken party is in is needed only up to the fewest teams; and a spare party
        // only in a team that is too small without it.
        let teams = u64::from(taken.min(bounds.teams_max).max(bounds.teams_min));
        let mut players = 0_u64;
        for (kind, &count) in (0..self.kinds.len()).zip(spare) {
            let size = self.kinds.players(kind);
            if size > bounds.players_max {
                break;
            }
            if count == 0 || size == 0 {
                continue;
            }
            let of_use = teams * u64::from(bounds.players_min.div_ceil(size));
            let most = of_use.min(room / u64::from(size));
            let count = u32::try_from(most).map_or(count, |most| count.min(most));
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

    /// Searches for teams of `taken` and of spare parties, given as kinds with their counts.
    fn search(&self, taken: &[PartyKind], foes: &[(u32, u32)], spare: &[u32]) -> bool {
        let classes = classes(taken, &enemies(taken.len(), foes), &self.kinds);
        let spare = spare
            .chunks_exact(2)
            .rev()
            .map(|pair| Spare::new(pair[0], pair[1], &self.kinds, &classes));
        Search::new(self.bounds, &classes, spare.collect(), SEARCH_STEPS)
            .run()
            .is_some()
    }
}

/// Spreads parties over teams: the final teams of a match, as places in `members`. `None` if no
/// valid split exists.
///
/// The teams are the fewest, from `teams_min` on, that validly hold all members. `foes` are pairs of
/// places in `members` that may not share a team, as in [`Packer::can_complete`]; whenever that says
/// yes to these parties with nothing spare, there is a split.
///
/// With `rebalance` the split is the one with the least difference between the largest and the
/// smallest team in players, and of those the one with the least difference between the highest and
/// the lowest team mean: the values of its members over its players. Up to 12 parties it is exactly
/// that; of equally good splits, it is the one whose first team has the lowest member that the first
/// teams do not share, and if these are the same, the second teams decide, and so on. With more
/// parties it is the best that exchanges find within a bound of steps, starting from the largest
/// party first, each into the smallest team.
///
/// Without `rebalance`, each member in order joins the first team that lets the others still find
/// theirs. If that takes too many steps, it is the split that the search found first.
///
/// Members stand in ascending order, teams in the order of their first members.
pub(super) fn arrange(
    members: &[Member],
    foes: &[(u32, u32)],
    bounds: TeamBounds,
    rebalance: bool,
) -> Option<Vec<Vec<usize>>> {
    let enemies = enemies(members.len(), foes);
    let (teams, start) = fewest_teams(members, &enemies, bounds)?;
    let bounds = TeamBounds {
        teams_min: u32::try_from(teams).unwrap_or(u32::MAX),
        teams_max: u32::try_from(teams).unwrap_or(u32::MAX),
        ..bounds
    };
    let roster = Roster::new(members, &enemies, bounds);
    let team_of = if !rebalance {
        roster.in_order(ORDER_STEPS).unwrap_or(start)
    } else {
        let good = roster.improved(start);
        if members.len() <= EXACT_PARTIES {
            exact::best(&roster, good)
        } else {
            good
        }
    };
    Some(grouped(&team_of, teams))
}

/// The fewest teams that hold all members, and such a split: the team of each member.
fn fewest_teams(
    members: &[Member],
    enemies: &[Vec<usize>],
    bounds: TeamBounds,
) -> Option<(usize, Vec<usize>)> {
    let sizes = || members.iter().map(|member| member.players);
    if !sizes().all(|size| (1..=bounds.players_max).contains(&size)) {
        return None;
    }
    let players: u64 = sizes().map(u64::from).sum();
    let least = players.div_ceil(u64::from(bounds.players_max));
    let least = least.max(u64::from(bounds.teams_min));
    let most = (players / u64::from(bounds.players_min)).min(members.len() as u64);
    let most = most.min(u64::from(bounds.teams_max));
    let kinds = Kinds::of(sizes());
    let kind_of_each: Vec<PartyKind> = sizes().filter_map(|size| kinds.kind_of(size)).collect();
    let classes = classes(&kind_of_each, enemies, &kinds);
    let split = |bounds: TeamBounds, steps: u32| {
        let mut search = Search::new(bounds, &classes, Vec::new(), steps);
        let teams = search.run();
        (teams, search.steps_left())
    };
    let mut steps = FEWEST_STEPS;
    for teams in least..=most {
        // At most as many as members, and at most `teams_max`.
        let count = u32::try_from(teams).unwrap_or(u32::MAX);
        let bounds = TeamBounds {
            teams_min: count,
            teams_max: count,
            ..bounds
        };
        if let Some(team_of) = Roster::new(members, enemies, bounds).greedy() {
            return Some((count as usize, team_of));
        }
        let budget = steps.min(SEARCH_STEPS);
        let (found, left) = split(bounds, budget);
        if let Some(found) = found {
            return Some((found.teams, found.team_of));
        }
        steps -= budget - left;
    }
    // The searches above may have given up where the one that `can_complete` did has not.
    let (found, _) = split(bounds, SEARCH_STEPS);
    found.map(|found| (found.teams, found.team_of))
}

/// For each of `count` parties, those that may not be in its team.
fn enemies(count: usize, foes: &[(u32, u32)]) -> Vec<Vec<usize>> {
    let mut enemies = vec![Vec::new(); count];
    for &(a, b) in foes {
        let (a, b) = (a as usize, b as usize);
        if a != b && a < count && b < count {
            enemies[a].push(b);
            enemies[b].push(a);
        }
    }
    for list in &mut enemies {
        list.sort_unstable();
        list.dedup();
    }
    enemies
}

/// The members of each team, ascending, teams by their first member.
fn grouped(team_of: &[usize], teams: usize) -> Vec<Vec<usize>> {
    let mut grouped = vec![Vec::new(); teams];
    for (member, &team) in team_of.iter().enumerate() {
        grouped[team].push(member);
    }
    grouped.sort_unstable();
    grouped
}
