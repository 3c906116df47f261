//! The exact search: teams are filled one after the other.
//!
//! The next team is always that of the largest party that has none, so no two ways of numbering the
//! same teams are tried. It gets other taken parties, as many and as large ones as possible first, and
//! then, only if it is too small, as few spare parties as will do. States that failed are not tried
//! again.
//!
//! Nothing is lost by this. Any solution can be changed until it is one that the search tries:
//!
//! - A spare party that its team can do without is left out, and so is a team of spare parties only
//!   beyond `teams_min`. With roles a team needs as few as make it right: of the solutions with the
//!   fewest spare parties none has a team that is right without one of them.
//! - A spare party changes places with a taken one of its kind that is in a later team and in no
//!   blocked pair. No team changes its size, and since a taken party moves to an earlier team each
//!   time, there is an end to it.

mod crew;
mod hopeless;

use foldhash::fast::FixedState;
use hashbrown::HashSet;

use super::TeamBounds;
use super::classes::{Class, SpareParties};
use crate::matching::alliance::kinds::Kinds;
use crate::matching::alliance::roles::{RequestId, Staff};

/// Steps of one search. Parties of real games need a few hundred; the bound is for bin packing
/// puzzles.
pub(super) const SEARCH_STEPS: u32 = 20_000;

/// Classes and kinds of spare parties that a state may have to be written down in one step.
const PER_STEP: usize = 16;

/// How deep the search may nest, so that no stack is too small for it.
const DEPTH: u32 = 2_000;

/// Teams that hold all taken parties.
#[derive(Debug)]
pub(super) struct Packed {
    /// How many; those made of spare parties only may not be counted.
    pub(super) teams: u32,
    /// The team of each taken party.
    pub(super) team_of: Vec<usize>,
    /// The list of roles of each team.
    pub(super) lists: Vec<usize>,
}

/// What teams have to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form<'a> {
    pub(super) bounds: TeamBounds,
    /// The roles of teams; `None` if they are off.
    pub(super) staff: Option<&'a Staff>,
    pub(super) kinds: &'a Kinds,
}

/// Parties of a class that were put into a team.
#[derive(Debug, Clone, Copy)]
struct Placed {
    team: u32,
    class: usize,
    count: u32,
}

/// A search for teams of taken and spare parties.
#[derive(Debug)]
pub(super) struct Packing<'a> {
    bounds: TeamBounds,
    staff: Option<&'a Staff>,
    kinds: &'a Kinds,
    /// Whether players who take any role can be had without end, in place of spare parties.
    has_wildcards: bool,
    /// For each list of roles, how many places of the match go by it and have no team.
    places: Vec<u32>,
    /// The list of each team, up to the one that is being filled.
    lists: Vec<usize>,
    /// What the players of all teams ask for, and where those of the team that is being filled begin.
    crew: Vec<RequestId>,
    crew_start: usize,
    classes: &'a [Class],
    /// How many of each class have no team, and their players.
    left: Vec<u32>,
    players_left: u64,
    /// Descending by kind.
    spare: Vec<SpareParties>,
    placed: Vec<Placed>,
    failed: HashSet<Box<[u32]>, FixedState>,
    steps: u32,
    /// What one move costs: what it writes down grows with the kinds of parties.
    cost: u32,
    depth: u32,
}

impl<'a> Packing<'a> {
    /// A search over those classes, which are not larger than a team, and spare parties, descending
    /// by kind.
    pub(super) fn new(
        form: Form<'a>,
        classes: &'a [Class],
        spare: Vec<SpareParties>,
        steps: u32,
    ) -> Self {
        let Form {
            bounds,
            staff,
            kinds,
        } = form;
        debug_assert!(classes.iter().all(|one| one.size <= bounds.players_max));
        debug_assert!(spare.is_sorted_by(|a, b| a.size >= b.size));
        let left: Vec<u32> = classes
            .iter()
            .map(|class| u32::try_from(class.members.len()).unwrap_or(u32::MAX))
            .collect();
        let places = staff.map(|staff| (0..staff.lists()).map(|list| staff.places(list)));
        Packing {
            bounds,
            staff,
            kinds,
            has_wildcards: false,
            places: places.into_iter().flatten().collect(),
            lists: Vec::new(),
            crew: Vec::new(),
            crew_start: 0,
            classes,
            players_left: classes
                .iter()
                .zip(&left)
                .map(|(class, &count)| u64::from(class.size) * u64::from(count))
                .sum(),
            cost: 1 + u32::try_from((left.len() + spare.len()) / PER_STEP).unwrap_or(u32::MAX - 1),
            left,
            spare,
            placed: Vec::new(),
            failed: HashSet::default(),
            steps,
            depth: 0,
        }
    }

    /// The first teams found; `None` if there are none or the steps ran out.
    pub(super) fn run(&mut self) -> Option<Packed> {
        if !self.next_team(0) {
            return None;
        }
        let count = self.classes.iter().map(|class| class.members.len()).sum();
        let mut team_of = vec![usize::MAX; count];
        let mut rest: Vec<_> = self
            .classes
            .iter()
            .map(|class| &class.members[..])
            .collect();
        let mut teams = 0;
        for &Placed { team, class, count } in &self.placed {
            let (these, others) = rest[class].split_at(count as usize);
            rest[class] = others;
            for &member in these {
                team_of[member] = team as usize;
            }
            teams = teams.max(team + 1);
        }
        debug_assert!(rest.iter().all(|others| others.is_empty()));
        debug_assert!(teams <= self.bounds.teams_max);
        let lists = std::mem::take(&mut self.lists);
        Some(Packed {
            teams,
            team_of,
            lists,
        })
    }

    /// What is left of the steps; 0 if the search gave up.
    pub(super) fn steps_left(&self) -> u32 {
        self.steps
    }

    /// One step deeper, unless the search has to give up. Each team and each class in it leads through
    /// here, so the search ends after its steps at the latest.
    fn deeper(&mut self, step: impl FnOnce(&mut Self) -> bool) -> bool {
        if self.depth == DEPTH {
            self.steps = 0;
        }
        if self.steps == 0 {
            return false;
        }
        self.steps = self.steps.saturating_sub(self.cost);
        self.depth += 1;
        let found = step(self);
        self.depth -= 1;
        found
    }

    /// Makes all teams from the one of this number on.
    fn next_team(&mut self, team: u32) -> bool {
        debug_assert!(team <= self.bounds.teams_max);
        let first = self.left.iter().position(|&count| count > 0);
        if first.is_none() && self.are_enough(team) {
            return true;
        }
        if self.is_hopeless(team) {
            return false;
        }
        // Teams that are complete restrict the later ones only by what they have used up, so this
        // decides what can still be made.
        let state = self.state(team);
        if self.failed.contains(&state) {
            return false;
        }
        // The largest party needs a team, and teams have no order: it may as well be the next one.
        let found = self.deeper(|search| search.open(team, first));
        debug_assert!(found || state == self.state(team), "not undone: {state:?}");
        // Without steps a failure proves nothing.
        if !found && self.steps > 0 {
            self.failed.insert(state);
        }
        found
    }

    /// Whether all teams are made that have to be, or can be at once.
    fn are_enough(&self, team: u32) -> bool {
        let missing = self.teams_missing(team);
        match self.staff {
            None => self.spare_teams() >= missing,
            // A team of players who take any role is always right.
            Some(_) => missing == 0 || self.has_wildcards,
        }
    }

    /// Makes a team, around a party of that class if there is one, and all later ones.
    fn open(&mut self, team: u32, first: Option<usize>) -> bool {
        let Some(staff) = self.staff else {
            return match first {
                Some(class) => self.add_taken(team, 0, 0, class, 1),
                None => self.add_spare(team, 0, 0, 0),
            };
        };
        let must_be = |list: usize| first.is_none() && staff.is_required(list);
        let is_any_required = (0..staff.lists()).any(|list| must_be(list) && self.places[list] > 0);
        let crew_start = std::mem::replace(&mut self.crew_start, self.crew.len());
        for list in 0..staff.lists() {
            // Places that have to be used come first once nothing else tells the order of teams.
            if self.places[list] == 0 || (is_any_required && !must_be(list)) {
                continue;
            }
            self.places[list] -= 1;
            self.lists.push(list);
            let unmet = staff.outlook(list, &[]).map_or(0, |outlook| outlook.unmet);
            let found = self.deeper(|search| match first {
                Some(class) => search.add_taken(team, 0, unmet, class, 1),
                None => search.add_spare(team, 0, unmet, 0),
            });
            if found {
                return true;
            }
            self.lists.pop();
            self.places[list] += 1;
            if is_any_required {
                break;
            }
        }
        self.crew_start = crew_start;
        false
    }

    /// What has no team before that one: taken parties by class, spare ones by kind, places by list.
    fn state(&self, team: u32) -> Box<[u32]> {
        let spare = self.spare.iter().map(|spare| spare.left);
        let left = self.left.iter().copied();
        let places = self.places.iter().copied();
        left.chain(spare).chain(places).chain([team]).collect()
    }

    /// Completes the team with parties of this class, `min` or more of them, and of smaller ones,
    /// and makes the later teams. `unmet` places of the minima of its roles are empty.
    fn add_taken(&mut self, team: u32, players: u32, unmet: u32, class: usize, min: u32) -> bool {
        let Class {
            kind,
            size,
            ref blocked,
            ..
        } = self.classes[class];
        let room = self.bounds.players_max - players;
        let later =
            u64::from(self.bounds.teams_max - team - 1) * u64::from(self.bounds.players_max);
        // However full this team gets, the later ones cannot hold the rest.
        if self.players_left.saturating_sub(u64::from(room)) > later {
            return false;
        }
        // Parties are placed team by team, so those of this one come last.
        let is_blocked = self
            .placed
            .iter()
            .rev()
            .take_while(|placed| placed.team == team)
            .any(|placed| blocked.contains(&placed.class));
        let max = if is_blocked {
            0
        } else {
            self.left[class].min(room / size)
        };
        for count in (min..=max).rev() {
            let moved = count * size;
            let (players, room) = (players + moved, room - moved);
            let unmet = match count {
                0 => Some(unmet),
                _ => self.join(kind, count, players),
            };
            let Some(unmet) = unmet else {
                continue;
            };
            self.left[class] -= count;
            self.players_left -= u64::from(moved);
            if count > 0 {
                self.placed.push(Placed { team, class, count });
            }
            let next = (class + 1..self.classes.len())
                .find(|&next| self.left[next] > 0 && self.classes[next].size <= room);
            let found = self.deeper(|search| match next {
                Some(next) => search.add_taken(team, players, unmet, next, 0),
                // This team takes no more of them, so the later ones have to hold the rest.
                None => search.players_left <= later && search.add_spare(team, players, unmet, 0),
            });
            if found {
                return true;
            }
            if count > 0 {
                self.placed.pop();
            }
            self.part(kind, count);
            self.left[class] += count;
            self.players_left += u64::from(moved);
            if self.steps == 0 {
                return false;
            }
        }
        false
    }

    /// Completes the team with spare parties from this place on, if it needs any, and makes the
    /// later teams.
    fn add_spare(&mut self, team: u32, players: u32, unmet: u32, from: usize) -> bool {
        debug_assert!(players <= self.bounds.players_max);
        let missing = self.bounds.players_min.saturating_sub(players);
        // Any more spare parties are unneeded, and later teams may need them.
        let may_wait = self.staff.is_some_and(Staff::may_wait);
        if (missing == 0 && (unmet == 0 || may_wait)) || self.has_wildcards {
            return self.next_team(team + 1);
        }
        let room = self.bounds.players_max - players;
        let usable = self.spare.iter().skip(from);
        let usable = usable.filter(|spare| self.may_join(spare, room));
        let mut at_hand = usable.fold(0_u64, |sum, spare| sum.saturating_add(spare.players()));
        for place in from..self.spare.len() {
            if at_hand < u64::from(missing) || at_hand == 0 {
                return false;
            }
            let spare = &self.spare[place];
            if !self.may_join(spare, room) {
                continue;
            }
            at_hand -= spare.players();
            let (kind, size) = (spare.kind, spare.size);
            // One more than what is missing takes would be unneeded, unless it is for its roles.
            let of_use = match self.staff {
                None => missing.div_ceil(size),
                Some(_) => room / size,
            };
            let max = spare.left.min(room / size).min(of_use);
            for count in (1..=max).rev() {
                let players = players + count * size;
                let Some(unmet) = self.join(kind, count, players) else {
                    continue;
                };
                self.spare[place].left -= count;
                let found = self.deeper(|search| search.add_spare(team, players, unmet, place + 1));
                self.spare[place].left += count;
                if found {
                    return true;
                }
                self.part(kind, count);
                if self.steps == 0 {
                    return false;
                }
            }
        }
        false
    }
}
