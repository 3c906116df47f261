//! Balancing a split by exchanges: parties move to other teams or change places.
//!
//! Each exchange is the best of those that were tried, so this finds a split that no single exchange
//! improves; a better one may exist. It ends because every exchange has to be tried before it is made,
//! and no more than [`MAX_TRIES`] are.

use super::Member;
use super::lineup::Lineup;

/// How many exchanges may be tried to balance the teams.
const MAX_TRIES: u32 = 30_000;

/// After so many, the best of them is made if it is any good, so that the first exchanges of a large
/// match do not use up all tries.
const ENOUGH_TRIES: u32 = 1_000;

/// How often roles may be given out to balance the teams.
const MAX_CASTS: u32 = 2_000;

/// What comes back for a member that moves.
const NO_MEMBER: Member<'_> = Member {
    players: 0,
    value: 0.0,
    kind: 0,
    asks: &[],
};

/// What exchanges balance.
#[derive(Debug, Clone, Copy)]
enum Aim {
    Players,
    /// What roles cost, at no cost in players.
    Roles,
    /// The means, at no cost in players and roles.
    Means,
}

#[derive(Debug, Clone, Copy)]
enum Exchange {
    Move { member: usize, to: usize },
    Swap(usize, usize),
}

impl Exchange {
    /// Makes it in a split. Returns the two teams that it changes.
    fn make(self, team_of: &mut [usize]) -> [usize; 2] {
        match self {
            Self::Move { member, to } => [std::mem::replace(&mut team_of[member], to), to],
            Self::Swap(a, b) => {
                team_of.swap(a, b);
                [team_of[a], team_of[b]]
            }
        }
    }
}

/// Balances a valid split by exchanges: first in players, then in roles, then in means.
pub(super) fn balanced(lineup: &Lineup<'_>, team_of: Vec<usize>) -> Vec<usize> {
    let mut balancing = Balancing {
        lineup: *lineup,
        players: vec![0; lineup.teams()],
        values: vec![0.0; lineup.teams()],
        costs: vec![0; lineup.teams()],
        team_of,
        tries: MAX_TRIES,
        casts: MAX_CASTS,
    };
    for team in 0..lineup.teams() {
        balancing.sum_up(team);
    }
    balancing.improve(Aim::Players);
    if lineup.cast.staff.is_some() {
        balancing.improve(Aim::Roles);
    }
    balancing.improve(Aim::Means);
    balancing.team_of
}

/// A valid split that is being balanced.
struct Balancing<'a> {
    lineup: Lineup<'a>,
    team_of: Vec<usize>,
    /// Of each team.
    players: Vec<u32>,
    /// Of each team.
    values: Vec<f64>,
    /// What the roles of each team cost.
    costs: Vec<u64>,
    /// How many exchanges may still be tried.
    tries: u32,
    /// How often roles may still be given out.
    casts: u32,
}

impl Balancing<'_> {
    fn improve(&mut self, aim: Aim) {
        while let Some(exchange) = self.best_exchange(aim) {
            let teams = exchange.make(&mut self.team_of);
            // Summed anew instead of changed by the difference: rounding does not add up, however
            // many exchanges follow.
            for team in teams {
                self.sum_up(team);
            }
            debug_assert!(self.lineup.is_valid(&self.team_of), "{exchange:?}");
        }
    }

    /// The exchange that balances the teams best, the first of equals; in large matches only the
    /// best of many. `None` if none improves them, or all tries are spent.
    fn best_exchange(&mut self, aim: Aim) -> Option<Exchange> {
        let players = Levels::new(self.players.iter().copied().map(f64::from));
        let means = self.values.iter().zip(&players.of);
        let means = Levels::new(means.map(|(value, players)| value / players));
        let costs = match aim {
            Aim::Roles => &self.costs[..],
            Aim::Players | Aim::Means => &[],
        };
        let costs = Levels::new(costs.iter().map(|cost| *cost as f64));
        let aimed = match aim {
            Aim::Players => &players,
            Aim::Roles => &costs,
            Aim::Means => &means,
        };
        let mut least = self.costs.iter().sum::<u64>();
        if matches!(aim, Aim::Roles) && least == 0 {
            return None;
        }
        // One player apart cannot be improved: teams of n and of n + 1 players, some of both, do not
        // add up to equal ones.
        if matches!(aim, Aim::Players) && aimed.range() < 2.0 {
            return None;
        }
        let mut best = aimed.imbalance();
        let mut chosen = None;
        let (mut tries, mut casts) = (0, 0);
        // An exchange without the lowest and the highest team cannot narrow the range.
        for exchange in self.exchanges(*aimed.order.last()?, aimed.order[0]) {
            if tries == self.tries || (tries >= ENOUGH_TRIES && chosen.is_some()) {
                break;
            }
            tries += 1;
            let Some(changes) = self.changes(exchange) else {
                continue;
            };
            let sizes = changes.map(|(team, size, _)| (team, f64::from(size)));
            let mut after = players.after(sizes);
            if after.range > players.range() {
                continue;
            }
            if let Aim::Means = aim {
                let means_after =
                    changes.map(|(team, size, value)| (team, value / f64::from(size)));
                after = means.after(means_after);
            }
            let is_better = matches!(aim, Aim::Roles) || after.beats(best, aimed.tolerance);
            if !is_better {
                continue;
            }
            // Looked at last: giving out roles costs more than all the rest.
            if self.lineup.cast.staff.is_some() {
                casts += 1;
                if casts > self.casts {
                    break;
                }
            }
            let Some(cost) = self.cost_after(exchange) else {
                continue;
            };
            match aim {
                Aim::Players => {}
                Aim::Roles if cost < least => least = cost,
                Aim::Means if cost <= least => {}
                Aim::Roles | Aim::Means => continue,
            }
            best = after;
            chosen = Some(exchange);
        }
        self.tries -= tries;
        self.casts = self.casts.saturating_sub(casts);
        chosen
    }

    /// All exchanges of the two extreme teams with others.
    fn exchanges(&self, highest: usize, lowest: usize) -> impl Iterator<Item = Exchange> {
        [highest, lowest]
            .into_iter()
            .flat_map(|team| self.exchanges_with(team))
    }

    fn exchanges_with(&self, team: usize) -> impl Iterator<Item = Exchange> {
        self.inside(team)
            .flat_map(move |member| self.exchanges_of(member, team))
            .chain(
                self.outside(team)
                    .map(move |member| Exchange::Move { member, to: team }),
            )
    }

    /// The exchanges that take a member out of its team.
    fn exchanges_of(&self, member: usize, home: usize) -> impl Iterator<Item = Exchange> {
        (0..self.players.len())
            .filter(move |team| *team != home)
            .map(move |to| Exchange::Move { member, to })
            .chain(
                self.outside(home)
                    .map(move |other| Exchange::Swap(member, other)),
            )
    }

    fn inside(&self, team: usize) -> impl Iterator<Item = usize> {
        (0..self.team_of.len()).filter(move |member| self.team_of[*member] == team)
    }

    fn outside(&self, team: usize) -> impl Iterator<Item = usize> {
        (0..self.team_of.len()).filter(move |member| self.team_of[*member] != team)
    }

    /// What an exchange makes of two teams: their players and values. `None` if it breaks a rule.
    fn changes(&self, exchange: Exchange) -> Option<[(usize, u32, f64); 2]> {
        let (a, b, there) = match exchange {
            Exchange::Move { member, to } => (member, None, to),
            Exchange::Swap(a, b) => (a, Some(b), self.team_of[b]),
        };
        let here = self.team_of[a];
        let (lineup, team_of) = (&self.lineup, &self.team_of);
        if lineup.is_blocked(a, there, team_of, b)
            || b.is_some_and(|b| lineup.is_blocked(b, here, team_of, Some(a)))
        {
            return None;
        }
        let (a, b) = (
            lineup.members[a],
            b.map_or(NO_MEMBER, |b| lineup.members[b]),
        );
        Some([self.changed(here, a, b)?, self.changed(there, b, a)?])
    }

    /// What the roles of all teams cost after an exchange; `None` if a team is not right then.
    fn cost_after(&self, exchange: Exchange) -> Option<u64> {
        if self.lineup.cast.staff.is_none() {
            return Some(0);
        }
        let mut team_of = self.team_of.clone();
        let teams = exchange.make(&mut team_of);
        let mut sum = self.costs.iter().sum::<u64>();
        for team in teams {
            sum = sum - self.costs[team] + self.lineup.cost(&team_of, team)?;
        }
        Some(sum)
    }

    /// A team after one member left and another joined. `None` if it has too few or too many players
    /// then.
    fn changed(
        &self,
        team: usize,
        leaves: Member<'_>,
        joins: Member<'_>,
    ) -> Option<(usize, u32, f64)> {
        let players = (self.players[team] - leaves.players).saturating_add(joins.players);
        let value = self.values[team] - leaves.value + joins.value;
        (self.lineup.bounds.players_min..=self.lineup.bounds.players_max)
            .contains(&players)
            .then_some((team, players, value))
    }

    fn sum_up(&mut self, team: usize) {
        (self.players[team], self.values[team]) = self.lineup.sum(&self.team_of, team);
        self.costs[team] = self.lineup.cost(&self.team_of, team).unwrap_or(0);
    }
}

/// A number of each team that should be the same for all: its players, or its mean.
struct Levels {
    of: Vec<f64>,
    /// The teams from the lowest to the highest.
    order: Vec<usize>,
    /// What is no improvement, but may be rounding: sums of the same values in another order differ.
    /// Without it, teams that are equally good could be exchanged for each other until all tries are
    /// spent.
    tolerance: Imbalance,
}

/// How far teams are from being equal. The squares tell apart what the range does not: of two highest
/// teams one has to become lower first.
#[derive(Debug, Clone, Copy)]
struct Imbalance {
    range: f64,
    /// By how much the sum of the squares has changed.
    squares: f64,
}

impl Levels {
    fn new(levels: impl Iterator<Item = f64>) -> Self {
        let of: Vec<f64> = levels.collect();
        let mut order: Vec<usize> = (0..of.len()).collect();
        order.sort_by(|&a, &b| of[a].total_cmp(&of[b]));
        let squares: f64 = of.iter().copied().map(square).sum();
        // Far above the rounding of some thousand sums, far below any difference that players see.
        let tolerance = Imbalance {
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

    fn imbalance(&self) -> Imbalance {
        Imbalance {
            range: self.range(),
            squares: 0.0,
        }
    }

    /// How it is if two teams have other levels.
    fn after(&self, changes: [(usize, f64); 2]) -> Imbalance {
        let [(a, new_a), (b, new_b)] = changes;
        // The other teams keep their order, so their ends are a few steps from the ends of all.
        let mut others = self
            .order
            .iter()
            .filter(|team| **team != a && **team != b)
            .map(|team| self.of[*team]);
        let low = others.next();
        let high = others.next_back().or(low);
        let low = low.map_or(new_a, |low| low.min(new_a)).min(new_b);
        let high = high.map_or(new_a, |high| high.max(new_a)).max(new_b);
        Imbalance {
            range: high - low,
            squares: square(new_a) - square(self.of[a]) + square(new_b) - square(self.of[b]),
        }
    }
}

fn square(level: f64) -> f64 {
    level * level
}

impl Imbalance {
    fn beats(self, other: Self, tolerance: Self) -> bool {
        self.range < other.range - tolerance.range
            || (self.range <= other.range + tolerance.range
                && self.squares < other.squares - tolerance.squares)
    }
}
