//! Splits of a match's parties over a fixed number of teams: by one rule, and by exchanges.

use std::cmp::Reverse;

use super::{Member, TeamBounds};

/// How many exchanges may be looked at to make the teams even.
const EXCHANGES: u32 = 30_000;

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

/// How uneven teams are, lower is better. The last number tells apart what the others do not: with
/// two largest teams it pays to make one of them smaller.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
struct Unevenness {
    players: u64,
    means: f64,
    squares: f64,
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
    ) -> Roster<'a> {
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

    /// The exchange that makes the teams most even; the first of equals. Only those with an extreme
    /// team can help.
    fn best_exchange(&mut self, aim: Aim) -> Option<Exchange> {
        let mut best = self.unevenness(aim, &[]);
        let mut chosen = None;
        for extreme in self.extremes(aim) {
            let count = self.team_of.len();
            for a in 0..count {
                let home = self.team_of[a];
                let mut options: Vec<Exchange> = Vec::new();
                if home == extreme {
                    let others = (0..self.players.len()).filter(|&team| team != extreme);
                    options.extend(others.map(|to| Exchange::Move { member: a, to }));
                    let others = (0..count).filter(|&b| self.team_of[b] != extreme);
                    options.extend(others.map(|b| Exchange::Swap(a, b)));
                } else {
                    options.push(Exchange::Move {
                        member: a,
                        to: extreme,
                    });
                }
                for exchange in options {
                    let Some(steps) = self.steps.checked_sub(1) else {
                        return chosen;
                    };
                    self.steps = steps;
                    if let Some(after) = self.after(exchange, aim)
                        && after < best
                    {
                        best = after;
                        chosen = Some(exchange);
                    }
                }
            }
        }
        chosen
    }

    /// How uneven the teams are after an exchange; `None` if it breaks a rule.
    fn after(&self, exchange: Exchange, aim: Aim) -> Option<Unevenness> {
        let members = self.roster.members;
        let (from, to, gone, come) = match exchange {
            Exchange::Move { member, to } => (self.team_of[member], to, Some(member), None),
            Exchange::Swap(a, b) => (self.team_of[a], self.team_of[b], Some(a), Some(b)),
        };
        let may_join = |member: Option<usize>, team: usize, leaver: Option<usize>| {
            member.is_none_or(|member| {
                let mut foes = self.roster.enemies[member].iter();
                !foes.any(|&foe| self.team_of[foe] == team && Some(foe) != leaver)
            })
        };
        let none = Member {
            players: 0,
            value: 0.0,
        };
        let out = gone.map_or(none, |member| members[member]);
        let back = come.map_or(none, |member| members[member]);
        let sized = |team: usize, leaves: Member, joins: Member| {
            let players = u64::from(self.players[team] - leaves.players) + u64::from(joins.players);
            let players = u32::try_from(players).ok()?;
            let bounds = self.roster.bounds;
            let fits = (bounds.players_min..=bounds.players_max).contains(&players);
            fits.then_some((
                team,
                players,
                self.values[team] - leaves.value + joins.value,
            ))
        };
        let changed = [sized(from, out, back)?, sized(to, back, out)?];
        (may_join(gone, to, come) && may_join(come, from, gone))
            .then(|| self.unevenness(aim, &changed))
    }

    /// How uneven the teams are if some of them had other players and values.
    fn unevenness(&self, aim: Aim, changed: &[(usize, u32, f64)]) -> Unevenness {
        let mut players = (u32::MAX, 0_u32);
        let mut means = (f64::INFINITY, f64::NEG_INFINITY);
        let mut squares = 0.0;
        for team in 0..self.players.len() {
            let now = (team, self.players[team], self.values[team]);
            let (_, size, value) = *changed.iter().find(|one| one.0 == team).unwrap_or(&now);
            players = (players.0.min(size), players.1.max(size));
            let mean = value / f64::from(size);
            means = (means.0.min(mean), means.1.max(mean));
            squares += match aim {
                Aim::Players => f64::from(size) * f64::from(size),
                Aim::Means => mean * mean,
            };
        }
        Unevenness {
            players: u64::from(players.1 - players.0),
            means: match aim {
                Aim::Players => 0.0,
                Aim::Means => means.1 - means.0,
            },
            squares,
        }
    }

    /// The most extreme teams, the upper one first.
    fn extremes(&self, aim: Aim) -> [usize; 2] {
        let height = |team: &usize| match aim {
            Aim::Players => f64::from(self.players[*team]),
            Aim::Means => self.values[*team] / f64::from(self.players[*team]),
        };
        let order = |a: &usize, b: &usize| height(a).total_cmp(&height(b)).then(b.cmp(a));
        let teams = || 0..self.players.len();
        let upper = teams().max_by(order).unwrap_or_default();
        let lower = teams().min_by(order).unwrap_or_default();
        [upper, lower]
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
