//! Splits of a match's parties over a fixed number of teams: by one rule, and by exchanges.

use std::cmp::Reverse;

use super::{Member, TeamBounds};

/// How many exchanges may be looked at to make the teams even.
const EXCHANGES: u32 = 30_000;

/// After so many, the best so far is made.
const LOOKS: u32 = 1_000;

/// The parties of a match and what a split of them has to obey.
#[derive(Debug, Clone, Copy)]
pub(super) struct Roster<'a> {
    pub(super) members: &'a [Member],
    /// For each member, those that may not be in its team.
    pub(super) enemies: &'a [Vec<usize>],
    /// `teams_min` and `teams_max` are equal.
    pub(super) bounds: TeamBounds,
}

/// What exchanges make even.
#[derive(Debug, Clone, Copy)]
enum Aim {
    Players,
    /// The means, at no cost in players.
    Means,
}

#[derive(Debug, Clone, Copy)]
enum Exchange {
    Move { member: usize, to: usize },
    Swap(usize, usize),
}

impl<'a> Roster<'a> {
    pub(super) fn new(
        members: &'a [Member],
        enemies: &'a [Vec<usize>],
        bounds: TeamBounds,
    ) -> Self {
        Roster {
            members,
            enemies,
            bounds,
        }
    }

    pub(super) fn teams(&self) -> usize {
        self.bounds.teams_max as usize
    }

    /// The largest party first, the higher value first among equals: each into the team with the
    /// fewest players that it may join, the lowest value among equals. `None` if that leads to no
    /// valid split.
    pub(super) fn greedy(&self) -> Option<Vec<usize>> {
        let mut order: Vec<usize> = (0..self.members.len()).collect();
        order.sort_by(|&a, &b| {
            let (a, b) = (&self.members[a], &self.members[b]);
            let sizes = Reverse(a.players).cmp(&Reverse(b.players));
            sizes.then(b.value.total_cmp(&a.value))
        });
        let mut teams = vec![(0_u32, 0.0_f64); self.teams()];
        let mut team_of = vec![usize::MAX; self.members.len()];
        for member in order {
            let Member { players, value } = self.members[member];
            let may_join = |&(team, &(there, _)): &(usize, &(u32, f64))| {
                let foe = self.enemies[member].iter().any(|&foe| team_of[foe] == team);
                !foe && players <= self.bounds.players_max - there
            };
            let open = teams.iter().enumerate().filter(may_join);
            let (team, _) =
                open.min_by(|(_, a), (_, b)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)))?;
            team_of[member] = team;
            teams[team].0 += players;
            teams[team].1 += value;
        }
        let filled = |&(players, _): &(u32, f64)| players >= self.bounds.players_min;
        teams.iter().all(filled).then_some(team_of)
    }

    /// The split in which each member in order is in the first team that lets the others find
    /// theirs. `None` if there is none or the steps ran out.
    pub(super) fn in_order(&self, mut steps: u32) -> Option<Vec<usize>> {
        let least = self.bounds.players_min;
        let missing = |players: u32| u64::from(least.saturating_sub(players));
        let mut left: u64 = self.members.iter().map(|one| u64::from(one.players)).sum();
        let mut needed = u64::from(least) * self.teams() as u64;
        let mut players = vec![0_u32; self.teams()];
        let mut team_of: Vec<usize> = Vec::new();
        // How many teams are open before each member.
        let mut open = vec![0];
        let mut from = 0;
        while let Some(&Member { players: size, .. }) = self.members.get(team_of.len()) {
            steps = steps.checked_sub(1)?;
            let member = team_of.len();
            let opened = open[member];
            let fits = |team: &usize| {
                let joined = players[*team] + size.min(self.bounds.players_max - players[*team]);
                let needed = needed - missing(players[*team]) + missing(joined);
                let foe = |&foe: &usize| team_of.get(foe) == Some(team);
                joined - players[*team] == size
                    && needed <= left - u64::from(size)
                    && !self.enemies[member].iter().any(foe)
            };
            if let Some(team) = (from..self.teams().min(opened + 1)).find(fits) {
                needed -= missing(players[team]);
                players[team] += size;
                needed += missing(players[team]);
                left -= u64::from(size);
                team_of.push(team);
                open.push(opened.max(team + 1));
                from = 0;
            } else {
                let team = team_of.pop()?;
                open.pop();
                let size = self.members[team_of.len()].players;
                needed -= missing(players[team]);
                players[team] -= size;
                needed += missing(players[team]);
                left += u64::from(size);
                from = team + 1;
            }
        }
        Some(team_of)
    }

    /// Makes a valid split more even by moving and swapping parties: first in players, then in means.
    pub(super) fn improved(&self, team_of: Vec<usize>) -> Vec<usize> {
        let mut draft = Draft {
            roster: *self,
            players: vec![0; self.teams()],
            values: vec![0.0; self.teams()],
            team_of,
            steps: EXCHANGES,
        };
        for team in 0..self.teams() {
            draft.sum_up(team);
        }
        draft.improve(Aim::Players);
        draft.improve(Aim::Means);
        draft.team_of
    }
}

/// A valid split that gets more even.
struct Draft<'a> {
    roster: Roster<'a>,
    team_of: Vec<usize>,
    /// Per team.
    players: Vec<u32>,
    values: Vec<f64>,
    steps: u32,
}

impl Draft<'_> {
    fn improve(&mut self, aim: Aim) {
        while let Some(exchange) = self.best_exchange(aim) {
            let teams = match exchange {
                Exchange::Move { member, to } => {
                    [std::mem::replace(&mut self.team_of[member], to), to]
                }
                Exchange::Swap(a, b) => {
                    self.team_of.swap(a, b);
                    [self.team_of[a], self.team_of[b]]
                }
            };
            for team in teams {
                self.sum_up(team);
            }
        }
    }

    /// The exchange that makes the teams most even, the first of equals; in large matches only the
    /// best of many. Only those with an extreme team can help.
    fn best_exchange(&mut self, aim: Aim) -> Option<Exchange> {
        let players = Heights::new(self.players.iter().copied().map(f64::from));
        let means = self.values.iter().zip(&players.of);
        let means = Heights::new(means.map(|(value, players)| value / players));
        let aimed = match aim {
            Aim::Players => &players,
            Aim::Means => &means,
        };
        // If the players cannot be shared out evenly, one apart is the least.
        if matches!(aim, Aim::Players) && aimed.range() < 2.0 {
            return None;
        }
        let mut best = aimed.unevenness();
        let mut chosen = None;
        let mut looks = 0;
        for exchange in self.exchanges(*aimed.order.last()?, aimed.order[0]) {
            if looks == self.steps || (looks >= LOOKS && chosen.is_some()) {
                break;
            }
            looks += 1;
            let Some(changes) = self.changes(exchange) else {
                continue;
            };
            let sizes = changes.map(|(team, size, _)| (team, f64::from(size)));
            let mut after = players.after(sizes);
            if after.range > players.range() {
                continue;
            }
            if let Aim::Means = aim {
                let mean = |(team, size, value)| (team, value / f64::from(size));
                after = means.after(changes.map(mean));
            }
            if after.beats(best, aimed.tolerance) {
                best = after;
                chosen = Some(exchange);
            }
        }
        self.steps -= looks;
        chosen
    }

    /// All exchanges of the two extreme teams with others.
    fn exchanges(&self, highest: usize, lowest: usize) -> impl Iterator<Item = Exchange> {
        let teams = self.players.len();
        let members = || self.team_of.iter().copied().enumerate();
        [highest, lowest].into_iter().flat_map(move |extreme| {
            let inside = members().filter(move |(_, home)| *home == extreme);
            let outside = move || members().filter(move |(_, home)| *home != extreme);
            let out = inside.flat_map(move |(member, _)| {
                let teams = (0..teams).filter(move |&team| team != extreme);
                let moves = teams.map(move |to| Exchange::Move { member, to });
                moves.chain(outside().map(move |(other, _)| Exchange::Swap(member, other)))
            });
            let to = extreme;
            out.chain(outside().map(move |(member, _)| Exchange::Move { member, to }))
        })
    }

    /// What an exchange makes of two teams: their players and values. `None` if it breaks a rule.
    fn changes(&self, exchange: Exchange) -> Option<[(usize, u32, f64); 2]> {
        let nobody = Member {
            players: 0,
            value: 0.0,
        };
        let (a, b, there) = match exchange {
            Exchange::Move { member, to } => (member, None, to),
            Exchange::Swap(a, b) => (a, Some(b), self.team_of[b]),
        };
        let here = self.team_of[a];
        let is_foe = |member: usize, team: usize, leaves: Option<usize>| {
            let mut foes = self.roster.enemies[member].iter();
            foes.any(|&foe| self.team_of[foe] == team && Some(foe) != leaves)
        };
        if is_foe(a, there, b) || b.is_some_and(|b| is_foe(b, here, Some(a))) {
            return None;
        }
        let member = |place: usize| self.roster.members[place];
        let (a, b) = (member(a), b.map_or(nobody, member));
        let bounds = self.roster.bounds;
        let changed = |team: usize, leaves: Member, joins: Member| {
            let players = self.players[team] - leaves.players;
            let players = players.saturating_add(joins.players);
            let value = self.values[team] - leaves.value + joins.value;
            let fits = (bounds.players_min..=bounds.players_max).contains(&players);
            fits.then_some((team, players, value))
        };
        Some([changed(here, a, b)?, changed(there, b, a)?])
    }

    fn sum_up(&mut self, team: usize) {
        let members = self.roster.members.iter().zip(&self.team_of);
        let here = members.filter(|(_, there)| **there == team);
        let sum = |(players, value): (u32, f64), (member, _): (&Member, _)| {
            (players + member.players, value + member.value)
        };
        (self.players[team], self.values[team]) = here.fold((0, 0.0), sum);
    }
}

/// A number per team that should be the same for all.
struct Heights {
    of: Vec<f64>,
    /// The teams from the lowest to the highest.
    order: Vec<usize>,
    /// How far sums in another order may be off.
    tolerance: Unevenness,
}

/// How uneven teams are. The squares tell apart what the range does not: with two highest teams it
/// pays to lower one of them.
#[derive(Debug, Clone, Copy)]
struct Unevenness {
    range: f64,
    /// By how much the sum of the squares has changed.
    squares: f64,
}

impl Heights {
    fn new(heights: impl Iterator<Item = f64>) -> Self {
        let of: Vec<f64> = heights.collect();
        let mut order: Vec<usize> = (0..of.len()).collect();
        order.sort_by(|&a, &b| of[a].total_cmp(&of[b]));
        let squares: f64 = of.iter().map(|height| height * height).sum();
        let tolerance = Unevenness {
            range: squares.sqrt() * 1e-12,
            squares: squares * 1e-12,
        };
        Self {
            of,
            order,
            tolerance,
        }
    }

    fn range(&self) -> f64 {
        let ends = self.order.first().zip(self.order.last());
        ends.map_or(0.0, |(&low, &high)| self.of[high] - self.of[low])
    }

    fn unevenness(&self) -> Unevenness {
        Unevenness {
            range: self.range(),
            squares: 0.0,
        }
    }

    /// If two teams had other heights.
    fn after(&self, changes: [(usize, f64); 2]) -> Unevenness {
        let [(a, new_a), (b, new_b)] = changes;
        let same = |team: &&usize| **team != a && **team != b;
        let low = self.order.iter().find(same).map(|&team| self.of[team]);
        let high = self.order.iter().rev().find(same);
        let high = high.map(|&team| self.of[team]);
        let low = low.map_or(new_a, |low| low.min(new_a)).min(new_b);
        let high = high.map_or(new_a, |high| high.max(new_a)).max(new_b);
        let squared = |height: f64| height * height;
        Unevenness {
            range: high - low,
            squares: squared(new_a) - squared(self.of[a]) + squared(new_b) - squared(self.of[b]),
        }
    }
}

impl Unevenness {
    fn beats(self, other: Self, tolerance: Self) -> bool {
        self.range < other.range - tolerance.range
            || (self.range <= other.range + tolerance.range
                && self.squares < other.squares - tolerance.squares)
    }
}
