//! Everything tried: the sets, the splits, and the ways to give out roles.

mod cast;
mod judge;

use std::collections::{BTreeMap, HashMap};

use super::drawn::Drawn;
use crate::matching::alliance::rules::{Layout, Role, RoleList, Roles, Stage};
use cast::{Cast, cast, unique};

/// A match: its teams as tickets, the roles of players, the modes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) teams: Vec<Vec<usize>>,
    pub(super) roles: Option<BTreeMap<String, String>>,
    pub(super) modes: Vec<String>,
}

/// A split: the tickets of each place, empty ones too.
type Split = Vec<Vec<usize>>;

pub(super) struct Brute<'d> {
    drawn: &'d Drawn,
    /// What each player asks for, after players gave up their choice.
    asks: Vec<Vec<Vec<String>>>,
    waits: Vec<bool>,
    /// Whether a set of tickets can be split, by layout, stage and the bits of the set.
    splits: HashMap<(usize, usize, u32), bool>,
}

impl<'d> Brute<'d> {
    pub(super) fn new(drawn: &'d Drawn) -> Self {
        let asks = drawn.tickets.iter().map(|ticket| {
            let players = ticket.players.iter();
            players
                .map(|asks| asks.iter().map(|name| (*name).to_owned()).collect())
                .collect()
        });
        let mut brute = Self {
            drawn,
            asks: asks.collect(),
            waits: Vec::new(),
            splits: HashMap::new(),
        };
        brute.waits = (0..drawn.tickets.len())
            .map(|at| brute.is_valid(at))
            .collect();
        brute.flex();
        brute
    }

    fn layouts(&self) -> Vec<(String, &'d Layout)> {
        let rules = &self.drawn.rules;
        if rules.modes.is_empty() {
            return vec![(String::new(), &rules.layout)];
        }
        let modes = rules.modes.iter();
        modes
            .map(|mode| (mode.name.to_string(), &mode.layout))
            .collect()
    }

    /// The layouts that a ticket accepts, in its order.
    fn accepted(&self, ticket: usize) -> Vec<usize> {
        let layouts = self.layouts();
        if self.drawn.rules.modes.is_empty() {
            return vec![0];
        }
        let named = self.drawn.tickets[ticket].modes.iter();
        named
            .filter_map(|mode| layouts.iter().position(|(name, _)| name == mode))
            .collect()
    }

    /// Whether the ticket could be in a team of some stage that it accepts.
    fn is_valid(&self, ticket: usize) -> bool {
        let layouts = self.layouts();
        let flexes = layouts
            .iter()
            .any(|(_, layout)| layout.role_flexing.is_some());
        let asks: Vec<Vec<String>> = self.asks[ticket]
            .iter()
            .map(|asks| match flexes && !asks.is_empty() {
                true => vec!["any".to_owned()],
                false => asks.clone(),
            })
            .collect();
        let accepted = self.accepted(ticket);
        accepted
            .iter()
            .flat_map(|at| layouts[*at].1.stages())
            .any(|stage| {
                let fits = asks.len() <= stage.teams.players_max as usize;
                let lists = stage.roles.lists();
                fits && match &stage.roles {
                    Roles::Off => true,
                    Roles::Unique => unique(&asks).is_some(),
                    Roles::Single(_) | Roles::Multi(_) => lists.iter().any(|list| {
                        let max = |role: &Role| Role {
                            min: 0,
                            ..role.clone()
                        };
                        let without_min = RoleList(list.0.iter().map(max).collect());
                        cast(&without_min, &asks).is_some()
                    }),
                }
            })
    }

    /// Players give up their choice.
    fn flex(&mut self) {
        let valid: Vec<usize> = (0..self.asks.len()).filter(|at| self.waits[*at]).collect();
        let Some(oldest) = valid.first() else {
            return;
        };
        let age_ms = self.drawn.tickets[*oldest].age_ms;
        // All periods of a pool are equal.
        let layouts = self.layouts();
        let mut best: Option<&Layout> = None;
        for (_, layout) in &layouts {
            let Some(flexing) = layout.role_flexing else {
                continue;
            };
            let known = best.and_then(|layout| layout.role_flexing);
            if known.is_none_or(|known| flexing.players > known.players) {
                best = Some(layout);
            }
        }
        let Some((layout, flexing)) = best.and_then(|one| Some((one, one.role_flexing?))) else {
            return;
        };
        let target = (age_ms / flexing.period_ms) * i64::from(flexing.players);
        let is_wildcard = |asks: &Vec<String>| asks.iter().any(|name| name == "any");
        let mut needs: Vec<(String, i64)> = Vec::new();
        let teams = match layout.first.roles {
            Roles::Single(_) => i64::from(layout.first.teams.teams_min),
            _ => 1,
        };
        for role in layout.first.roles.lists().iter().flat_map(|list| &list.0) {
            let more = i64::from(role.min) * teams;
            match needs.iter_mut().find(|(name, _)| *name == *role.name) {
                Some((_, need)) => *need += more,
                None => needs.push((role.name.to_string(), more)),
            }
        }
        for (name, need) in &mut needs {
            let players = valid.iter().flat_map(|at| &self.asks[*at]);
            *need -= players.filter(|asks| asks.contains(name)).count() as i64;
        }
        needs.sort_by_key(|(_, lack)| *lack);
        let mut wildcards = valid
            .iter()
            .flat_map(|at| &self.asks[*at])
            .filter(|asks| is_wildcard(asks))
            .count() as i64;
        for (name, _) in needs {
            for at in valid.iter().rev() {
                for asks in &mut self.asks[*at] {
                    if wildcards < target && asks.contains(&name) && !is_wildcard(asks) {
                        asks.push("any".to_owned());
                        wildcards += 1;
                    }
                }
            }
        }
    }

    /// Whether these matches are those that the rules ask for.
    pub(super) fn judge(&mut self, found: &[Made]) -> Result<(), String> {
        let mut found = found.iter();
        for pivot in 0..self.drawn.tickets.len() {
            if !self.waits[pivot] {
                continue;
            }
            let Some((layout, taken)) = self.first_match(pivot) else {
                continue;
            };
            let Some(made) = found.next() else {
                return Err(format!(
                    "ticket {pivot} has a match {taken:?}, and none was made"
                ));
            };
            let mut tickets: Vec<usize> = made.teams.iter().flatten().copied().collect();
            tickets.sort_unstable();
            let mut expected = taken.clone();
            expected.sort_unstable();
            if tickets != expected {
                return Err(format!(
                    "the match of {pivot} has {tickets:?} and not {expected:?}"
                ));
            }
            self.judge_split(pivot, layout, &taken, made)?;
            for ticket in taken {
                self.waits[ticket] = false;
            }
        }
        match found.next() {
            Some(made) => Err(format!("{made:?} is no match")),
            None => Ok(()),
        }
    }

    fn stage(&self, pivot: usize, layout: usize) -> (usize, &'d Stage) {
        let layout = self.layouts()[layout].1;
        let age_ms = self.drawn.tickets[pivot].age_ms;
        let elapsed = layout.flexing.iter().enumerate();
        let elapsed = elapsed.filter(|(_, flex)| age_ms > flex.after_ms);
        match elapsed.max_by_key(|(_, flex)| flex.after_ms) {
            Some((at, flex)) => (at + 1, &flex.stage),
            None => (0, &layout.first),
        }
    }

    /// The tickets of a pivot's match in the order in which they are taken, and its layout.
    fn first_match(&mut self, pivot: usize) -> Option<(usize, Vec<usize>)> {
        let own = self.accepted(pivot);
        for layout in &own {
            let accepts = |at: &usize| self.accepted(*at).contains(layout);
            let missing = |at: usize| {
                let accepted = self.accepted(at);
                own.iter().filter(|mode| !accepted.contains(mode)).count()
            };
            let mut candidates: Vec<usize> = (0..self.waits.len())
                .filter(|at| *at != pivot && self.waits[*at])
                .filter(accepts)
                .collect();
            candidates.sort_by_key(|at| (missing(*at), *at));
            if let Some(taken) = self.first_set(pivot, *layout, &candidates) {
                return Some((*layout, taken));
            }
        }
        None
    }

    /// The first set in the order of candidates: each is taken if those before and it, and some of those
    /// after it, can be split.
    fn first_set(
        &mut self,
        pivot: usize,
        layout: usize,
        candidates: &[usize],
    ) -> Option<Vec<usize>> {
        let mut taken = vec![pivot];
        if !self.can_become(pivot, layout, &taken, candidates) {
            return None;
        }
        for (at, candidate) in candidates.iter().enumerate() {
            taken.push(*candidate);
            if !self.can_become(pivot, layout, &taken, &candidates[at + 1..]) {
                taken.pop();
            }
        }
        Some(taken)
    }

    fn can_become(
        &mut self,
        pivot: usize,
        layout: usize,
        taken: &[usize],
        later: &[usize],
    ) -> bool {
        (0..1_u32 << later.len()).any(|bits| {
            let chosen = later
                .iter()
                .enumerate()
                .filter(|(at, _)| bits & 1 << at != 0);
            let set: Vec<usize> = taken
                .iter()
                .copied()
                .chain(chosen.map(|(_, one)| *one))
                .collect();
            self.can_be_split(pivot, layout, &set)
        })
    }

    fn can_be_split(&mut self, pivot: usize, layout: usize, set: &[usize]) -> bool {
        let (number, stage) = self.stage(pivot, layout);
        let bits = set.iter().fold(0, |bits, ticket| bits | 1 << ticket);
        let key = (layout, number, bits);
        if let Some(known) = self.splits.get(&key) {
            return *known;
        }
        let found = !self.splits_of(stage, set).is_empty();
        self.splits.insert(key, found);
        found
    }

    /// Every valid split of a set into the places of a match, with the cost of its roles.
    fn splits_of(&self, stage: &Stage, set: &[usize]) -> Vec<(Split, u32)> {
        let places = stage.teams.teams_max as usize;
        let players: usize = set.iter().map(|ticket| self.asks[*ticket].len()).sum();
        if players > places * stage.teams.players_max as usize {
            return Vec::new();
        }
        let mut found = Vec::new();
        let mut split: Split = vec![Vec::new(); places];
        self.place(stage, set, &mut split, &mut found);
        found
    }

    fn place(
        &self,
        stage: &Stage,
        rest: &[usize],
        split: &mut Split,
        found: &mut Vec<(Split, u32)>,
    ) {
        let Some((ticket, rest)) = rest.split_first() else {
            if let Some(cost) = self.cost_of(stage, split) {
                found.push((split.clone(), cost));
            }
            return;
        };
        let are_alike = stage.roles.lists().len() < 2;
        for place in 0..split.len() {
            let is_new = split[place].is_empty();
            split[place].push(*ticket);
            let players: usize = split[place].iter().map(|one| self.asks[*one].len()).sum();
            if players <= stage.teams.players_max as usize {
                self.place(stage, rest, split, found);
            }
            split[place].pop();
            // Places that are alike are used in order.
            if is_new && are_alike {
                break;
            }
        }
    }

    fn cost_of(&self, stage: &Stage, split: &Split) -> Option<u32> {
        let used = split.iter().filter(|team| !team.is_empty()).count() as u32;
        let teams = stage.teams;
        if !(teams.teams_min..=teams.teams_max).contains(&used) {
            return None;
        }
        let mut cost = 0;
        for (place, team) in split.iter().enumerate() {
            if team.is_empty() {
                let list = match &stage.roles {
                    Roles::Multi(lists) => lists.get(place),
                    _ => None,
                };
                if list.is_some_and(|list| list.0.iter().any(|role| role.min > 0)) {
                    return None;
                }
                continue;
            }
            let players: usize = team.iter().map(|one| self.asks[*one].len()).sum();
            if players < teams.players_min as usize {
                return None;
            }
            cost += self.cast_of(stage, place, team)?.0;
        }
        Some(cost)
    }

    /// The best way to give out the roles of a team.
    fn cast_of(&self, stage: &Stage, place: usize, team: &[usize]) -> Option<Cast> {
        let asks: Vec<Vec<String>> = team
            .iter()
            .flat_map(|ticket| &self.asks[*ticket])
            .cloned()
            .collect();
        match &stage.roles {
            Roles::Off => Some((0, 0, Vec::new(), Vec::new(), Vec::new())),
            Roles::Unique => unique(&asks),
            Roles::Single(list) => cast(list, &asks),
            Roles::Multi(lists) => cast(&lists[place], &asks),
        }
    }
}
