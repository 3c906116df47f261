//! The exact search: teams are filled one after the other.
//!
//! The next team is always the one of the largest party that has none, so no two ways of numbering
//! the same teams are tried. It gets other taken parties, as many and as large ones as possible
//! first, and then, only if it is too small, as few spare parties as will do. States that failed are
//! not tried again.
//!
//! Nothing is lost by this. A spare party that its team can do without may be left out of any
//! solution, and so may a team of spare parties above the fewest teams. A spare party and a taken one
//! of the same kind without foes may change places, so the earlier team can have the taken one.

use std::cmp::Reverse;

use foldhash::fast::FixedState;
use hashbrown::HashSet;

use super::TeamBounds;
use super::{Kinds, PartyKind};

/// How deep the search may nest, so that no stack is too small for it.
const DEPTH: u32 = 2_000;

/// Parties that are alike: of one kind and without foes; or one party with foes.
#[derive(Debug)]
pub(super) struct Class {
    kind: PartyKind,
    /// The players of each.
    size: u32,
    members: Vec<usize>,
    /// The classes of its foes.
    foes: Vec<usize>,
}

/// Spare parties of one kind.
#[derive(Debug)]
pub(super) struct Spare {
    /// The players of each.
    size: u32,
    left: u32,
    /// The class of taken parties of this kind without foes.
    class: Option<usize>,
}

/// Teams that hold all parties.
#[derive(Debug)]
pub(super) struct Found {
    /// How many; those made of spare parties only may not be counted.
    pub(super) teams: usize,
    /// The team of each taken party.
    pub(super) team_of: Vec<usize>,
}

/// The classes of parties, the largest first; of one kind those with foes first.
pub(super) fn classes(parties: &[PartyKind], enemies: &[Vec<usize>], kinds: &Kinds) -> Vec<Class> {
    let mut order: Vec<usize> = (0..parties.len()).collect();
    order.sort_by_key(|&party| (Reverse(parties[party]), enemies[party].is_empty()));
    let mut classes: Vec<Class> = Vec::new();
    let mut class_of = vec![0; parties.len()];
    for party in order {
        let kind = parties[party];
        let alone = enemies[party].is_empty();
        match classes.last_mut() {
            Some(last) if alone && last.kind == kind && enemies[last.members[0]].is_empty() => {
                last.members.push(party);
            }
            _ => classes.push(Class {
                kind,
                size: kinds.players(kind),
                members: vec![party],
                foes: Vec::new(),
            }),
        }
        class_of[party] = classes.len() - 1;
    }
    for (party, list) in enemies.iter().enumerate() {
        classes[class_of[party]]
            .foes
            .extend(list.iter().map(|&foe| class_of[foe]));
    }
    classes
}

impl Spare {
    /// Spare parties beside taken ones.
    pub(super) fn new(kind: PartyKind, left: u32, kinds: &Kinds, taken: &[Class]) -> Self {
        Self {
            size: kinds.players(kind),
            left,
            class: taken
                .iter()
                .position(|class| class.kind == kind && class.foes.is_empty()),
        }
    }
}

#[derive(Debug)]
pub(super) struct Search<'a> {
    bounds: TeamBounds,
    classes: &'a [Class],
    /// How many of each class have no team, and their players.
    left: Vec<u32>,
    players_left: u64,
    /// Descending by kind.
    spare: Vec<Spare>,
    /// Team, class, how many of it.
    placed: Vec<(u32, usize, u32)>,
    failed: HashSet<Box<[u32]>, FixedState>,
    steps: u32,
    depth: u32,
}

impl<'a> Search<'a> {
    /// A search over those classes, which are not larger than a team, and spare parties, descending
    /// by kind.
    pub(super) fn new(
        bounds: TeamBounds,
        classes: &'a [Class],
        spare: Vec<Spare>,
        steps: u32,
    ) -> Self {
        let left = classes.iter().map(|class| class.members.len());
        let left: Vec<u32> = left
            .map(|count| u32::try_from(count).unwrap_or(u32::MAX))
            .collect();
        let players = classes.iter().zip(&left);
        Search {
            bounds,
            classes,
            players_left: players
                .map(|(class, &count)| u64::from(class.size) * u64::from(count))
                .sum(),
            left,
            spare,
            placed: Vec::new(),
            failed: HashSet::default(),
            steps,
            depth: 0,
        }
    }

    /// The first teams found; `None` if there are none or the steps ran out.
    pub(super) fn run(&mut self) -> Option<Found> {
        self.next_team(0).then(|| {
            let count = self.classes.iter().map(|class| class.members.len()).sum();
            let mut team_of = vec![0; count];
            let mut rest: Vec<_> = self
                .classes
                .iter()
                .map(|class| &class.members[..])
                .collect();
            let mut teams = 0;
            for &(team, class, count) in &self.placed {
                let (these, others) = rest[class].split_at(count as usize);
                rest[class] = others;
                for &member in these {
                    team_of[member] = team as usize;
                }
                teams = teams.max(team as usize + 1);
            }
            Found { teams, team_of }
        })
    }

    /// What is left of the steps; 0 if the search gave up.
    pub(super) fn steps_left(&self) -> u32 {
        self.steps
    }

    /// One step deeper, unless the search has to give up.
    fn deeper(&mut self, step: impl FnOnce(&mut Self) -> bool) -> bool {
        if self.depth == DEPTH {
            self.steps = 0;
        }
        if self.steps == 0 {
            return false;
        }
        self.steps -= 1;
        self.depth += 1;
        let found = step(self);
        self.depth -= 1;
        found
    }

    /// All teams from the one of this number on.
    fn next_team(&mut self, team: u32) -> bool {
        let first = self.left.iter().position(|&count| count > 0);
        if first.is_none() && self.spare_teams() >= self.teams_missing(team) {
            return true;
        }
        if self.is_hopeless(team) {
            return false;
        }
        let spare = self.spare.iter().map(|spare| spare.left);
        let state = self.left.iter().copied().chain(spare).chain([team]);
        let state: Box<[u32]> = state.collect();
        if self.failed.contains(&state) {
            return false;
        }
        let found = self.deeper(|search| match first {
            Some(class) => search.add_taken(team, 0, class, 1),
            None => search.add_spare(team, 0, 0),
        });
        if !found && self.steps > 0 {
            self.failed.insert(state);
        }
        found
    }

    /// Completes the team with parties of this class, `least` or more of them, and of smaller ones,
    /// and makes the others.
    fn add_taken(&mut self, team: u32, players: u32, class: usize, least: u32) -> bool {
        let Class { size, ref foes, .. } = self.classes[class];
        let mut here = self.placed.iter().rev().take_while(|place| place.0 == team);
        let most = if here.any(|place| foes.contains(&place.1)) {
            0
        } else {
            self.left[class].min((self.bounds.players_max - players) / size)
        };
        let later = u64::from(self.bounds.teams_max - team - 1);
        let later = later * u64::from(self.bounds.players_max);
        for count in (least..=most).rev() {
            let players = players + count * size;
            let moved = u64::from(count) * u64::from(size);
            let room = self.bounds.players_max - players;
            // With fewer of this class even more would be left over.
            if (self.players_left - moved).saturating_sub(u64::from(room)) > later {
                return false;
            }
            self.left[class] -= count;
            self.players_left -= moved;
            if count > 0 {
                self.placed.push((team, class, count));
            }
            let rest = class + 1..self.classes.len();
            let next = rest
                .into_iter()
                .find(|&next| self.left[next] > 0 && self.classes[next].size <= room);
            let found = self.deeper(|search| match next {
                Some(next) => search.add_taken(team, players, next, 0),
                None => search.players_left <= later && search.add_spare(team, players, 0),
            });
            if found {
                return true;
            }
            if count > 0 {
                self.placed.pop();
            }
            self.left[class] += count;
            self.players_left += moved;
            if self.steps == 0 {
                return false;
            }
        }
        false
    }

    /// Completes the team with spare parties from this place on, if it needs any, and makes the
    /// others.
    fn add_spare(&mut self, team: u32, players: u32, from: usize) -> bool {
        if players >= self.bounds.players_min {
            return self.next_team(team + 1);
        }
        let missing = self.bounds.players_min - players;
        let room = self.bounds.players_max - players;
        let may_join = |spare: &Spare| {
            let taken_left = spare.class.is_some_and(|class| self.left[class] > 0);
            spare.left > 0 && spare.size <= room && !taken_left
        };
        let rest = self.spare.iter().enumerate().skip(from);
        let mut rest = rest.filter(|(_, spare)| may_join(spare));
        let Some((place, first)) = rest.next() else {
            return false;
        };
        let at_hand = rest.fold(spare_players(first), |sum, (_, spare)| {
            sum.saturating_add(spare_players(spare))
        });
        if at_hand < u64::from(missing) {
            return false;
        }
        let size = first.size;
        let most = first.left.min(room / size).min(missing.div_ceil(size));
        for count in (0..=most).rev() {
            self.spare[place].left -= count;
            let players = players + count * size;
            let found = self.deeper(|search| search.add_spare(team, players, place + 1));
            self.spare[place].left += count;
            if found || self.steps == 0 {
                return found;
            }
        }
        false
    }

    /// How many teams have to be made from this one on.
    fn teams_missing(&self, team: u32) -> u64 {
        u64::from(self.bounds.teams_min.saturating_sub(team))
    }

    /// How many teams of spare parties can be made at once: those of one kind each.
    fn spare_teams(&self) -> u64 {
        let bounds = self.bounds;
        let of_size = |spare: &Spare| {
            let parties = bounds.players_min.div_ceil(spare.size);
            let fits = u64::from(parties) * u64::from(spare.size) <= u64::from(bounds.players_max);
            if fits {
                u64::from(spare.left / parties)
            } else {
                0
            }
        };
        self.spare.iter().map(of_size).sum()
    }

    /// Whether the teams from this one on cannot hold the taken parties, or cannot be filled.
    fn is_hopeless(&self, team: u32) -> bool {
        let bounds = self.bounds;
        let most = u64::from(bounds.teams_max - team);
        let taken = || self.classes.iter().zip(&self.left);
        // No two of these share a team.
        let large = taken().filter(|(class, _)| class.size > bounds.players_max / 2);
        let large: u64 = large.map(|(_, &left)| u64::from(left)).sum();
        if self.players_left > most * u64::from(bounds.players_max) || large > most {
            return true;
        }
        // A team has a party that is large enough, or others that are together.
        let mut teams = 0_u64;
        let mut small = 0_u64;
        let spare = self.spare.iter().map(|spare| (spare.size, spare.left));
        for (size, left) in taken()
            .map(|(class, &left)| (class.size, left))
            .chain(spare)
        {
            if size >= bounds.players_min {
                teams += u64::from(left);
            } else {
                small = small.saturating_add(u64::from(size) * u64::from(left));
            }
        }
        teams + small / u64::from(bounds.players_min) < self.teams_missing(team)
    }
}

fn spare_players(spare: &Spare) -> u64 {
    u64::from(spare.size) * u64::from(spare.left)
}
