//! The most balanced split of a few parties, by branch and bound.
//!
//! Teams are filled one after the other, each around the lowest member that has none, with lower
//! members tried first. So every split is met at most once, and of equally good ones the first that
//! is met is the one that [`arrange`](super::arrange) promises.

use hashbrown::HashMap;

use super::lineup::Lineup;

/// The smallest and largest of the teams that are complete, and their lowest and highest mean.
#[derive(Debug, Clone, Copy)]
struct Extremes {
    min_players: u32,
    max_players: u32,
    min_mean: f64,
    max_mean: f64,
    /// What their roles cost together; 0 where roles are off.
    cost: u64,
}

/// How far the extremes are apart, and what the roles cost. Less is better; players count first, then
/// roles.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(super) struct Gaps {
    players: u32,
    cost: u64,
    means: f64,
}

#[derive(Debug)]
struct BranchAndBound<'a> {
    lineup: &'a Lineup<'a>,
    /// Bit sets of those that may not be in each member's team.
    blocked: Vec<u32>,
    /// What teams cost, by their list and members; `None` if they are not right.
    costs: HashMap<(usize, u32), Option<u64>>,
    /// Bit sets of the teams that go by the same list as each.
    alike: Vec<u32>,
    /// Whether each member is just like the one before.
    twins: Vec<bool>,
    /// How far means may be off because their values were added up in another order.
    tolerance: f64,
    best: Gaps,
    /// What the roles of any split cost at least.
    least_cost: u64,
    /// Whether the best split was met here, or is only known to exist.
    met: bool,
    team_of: Vec<usize>,
    /// The split that is being tried.
    trying: Vec<usize>,
}

/// What has no team.
#[derive(Debug, Clone, Copy)]
struct Rest {
    /// A bit per member.
    members: u32,
    players: u64,
    value: f64,
    teams: u32,
    /// A bit per number of a team that is not made. All but those of the last 32 are left out.
    numbers: u32,
}

/// The team that is being filled.
#[derive(Debug, Clone, Copy)]
struct Filling {
    number: usize,
    members: u32,
    players: u32,
    value: f64,
}

/// The best split of at most 32 members. `known` is a valid one.
pub(super) fn best(lineup: &Lineup<'_>, known: Vec<usize>) -> Vec<usize> {
    let members = lineup.members;
    let mut rest = Rest {
        members: 0,
        players: 0,
        value: 0.0,
        teams: lineup.bounds.teams_max,
        // No more teams than members.
        numbers: u32::MAX >> (u32::BITS - lineup.bounds.teams_max.clamp(1, u32::BITS)),
    };
    let mut total = 0.0;
    for (at, member) in members.iter().enumerate() {
        rest.members |= 1 << at;
        rest.players += u64::from(member.players);
        rest.value += member.value;
        total += member.value.abs();
    }
    let mut search = BranchAndBound {
        lineup,
        blocked: lineup.blocked.iter().map(|list| bit_set(list)).collect(),
        costs: HashMap::new(),
        alike: (0..lineup.teams())
            .map(|team| alike(lineup, team))
            .collect(),
        twins: (0..members.len())
            .map(|at| at > 0 && are_twins(lineup, at - 1, at))
            .collect(),
        tolerance: total * 1e-12,
        best: gaps(lineup, &known),
        least_cost: lineup.cast.least_cost(members, lineup.bounds.teams_max),
        met: false,
        trying: known.clone(),
        team_of: known,
    };
    search.next_team(rest, Extremes::NONE);
    // The known split is one of those tried, and nothing as good is cut off before it is met. Only
    // sums beyond the range of a float compare with nothing.
    debug_assert!(search.met || !total.is_finite());
    search.team_of
}

fn bit_set(members: &[usize]) -> u32 {
    members.iter().fold(0, |bits, member| bits | 1 << member)
}

/// The teams that are like this one, itself among them.
fn alike(lineup: &Lineup<'_>, team: usize) -> u32 {
    let teams = 0..lineup.teams();
    let alike = teams.filter(|other| lineup.cast.are_alike(team, *other));
    alike.fold(0, |bits, other| bits | 1 << other)
}

/// Whether two members can replace each other in every split.
fn are_twins(lineup: &Lineup<'_>, a: usize, b: usize) -> bool {
    lineup.members[a] == lineup.members[b]
        && lineup.blocked[a].is_empty()
        && lineup.blocked[b].is_empty()
}

/// How balanced a valid split is.
pub(super) fn gaps(lineup: &Lineup<'_>, team_of: &[usize]) -> Gaps {
    let mut extremes = Extremes::NONE;
    for team in 0..lineup.teams() {
        let (players, value) = lineup.sum(team_of, team);
        let cost = lineup.cost(team_of, team).unwrap_or(u64::MAX);
        extremes = extremes.with(players, value, cost);
    }
    extremes.gaps()
}

impl Extremes {
    const NONE: Self = Self {
        min_players: u32::MAX,
        max_players: 0,
        min_mean: f64::INFINITY,
        max_mean: f64::NEG_INFINITY,
        cost: 0,
    };

    fn with(self, players: u32, value: f64, cost: u64) -> Self {
        let mean = value / f64::from(players);
        Self {
            min_players: self.min_players.min(players),
            max_players: self.max_players.max(players),
            min_mean: self.min_mean.min(mean),
            max_mean: self.max_mean.max(mean),
            cost: self.cost.saturating_add(cost),
        }
    }

    fn gaps(&self) -> Gaps {
        Gaps {
            players: self.max_players - self.min_players,
            cost: self.cost,
            means: self.max_mean - self.min_mean,
        }
    }
}

impl BranchAndBound<'_> {
    fn next_team(&mut self, rest: Rest, extremes: Extremes) {
        if rest.teams == 0 {
            debug_assert_eq!(rest.members, 0);
            let found = extremes.gaps();
            // Teams that would be too large or too small beside the best split were not made.
            debug_assert!(found.players <= self.best.players);
            // The known split was made by other rules. Of those as good, the first that is met here
            // is the one to take, so until then the best is only a bound.
            if found < self.best || (found == self.best && !self.met) {
                self.best = found;
                self.met = true;
                self.team_of.clone_from(&self.trying);
            }
            return;
        }
        if self.can_win(rest, extremes) {
            let first = rest.members.trailing_zeros() as usize;
            // Teams that are alike have no order, so this is the first of them that is not made.
            let mut numbers = rest.numbers;
            while numbers != 0 {
                let number = numbers.trailing_zeros() as usize;
                numbers &= !self.alike[number];
                let empty = Filling {
                    number,
                    members: 0,
                    players: 0,
                    value: 0.0,
                };
                let rest = Rest {
                    numbers: rest.numbers & !(1 << number),
                    ..rest
                };
                self.join(first, empty, rest, extremes);
            }
        }
    }

    /// Whether teams of the rest may lead to a better split, or to the first as good as the best.
    fn can_win(&self, rest: Rest, extremes: Extremes) -> bool {
        let bounds = self.lineup.bounds;
        let teams = u64::from(rest.teams);
        let players = rest.players;
        if rest.members.count_ones() < rest.teams
            || players < teams * u64::from(bounds.players_min)
            || players > teams * u64::from(bounds.players_max)
        {
            return false;
        }
        // One of these teams has at least the average of their players, rounded up, and one at most
        // that, rounded down. Teams that are complete stay as they are. So no split of the rest has a
        // smaller gap.
        let max = u64::from(extremes.max_players).max(players.div_ceil(teams));
        let min = u64::from(extremes.min_players).min(players / teams);
        let gap = max - min;
        let best = u64::from(self.best.players);
        if gap != best {
            return gap < best;
        }
        // Now only splits with this gap in players may win, by their roles.
        let cost = extremes.cost.max(self.least_cost);
        if cost != self.best.cost {
            return cost < self.best.cost;
        }
        // And then by their means. Before any team is complete, this is minus infinity.
        let complete = extremes.max_mean - extremes.min_mean;
        // The mean of the rest is the average of its teams' means, weighted by their players. So the
        // same holds for it, up to rounding: `rest.value` came about by subtracting.
        let mean = rest.value / players as f64;
        let gap = extremes.max_mean.max(mean) - extremes.min_mean.min(mean) - self.tolerance;
        if self.met {
            complete < self.best.means && gap < self.best.means
        } else {
            complete <= self.best.means && gap <= self.best.means
        }
    }

    /// Puts a member into the team and goes on with the higher ones.
    fn join(&mut self, member: usize, team: Filling, rest: Rest, extremes: Extremes) {
        let one = self.lineup.members[member];
        let bounds = self.lineup.bounds;
        let team = Filling {
            members: team.members | 1 << member,
            players: team.players.saturating_add(one.players),
            value: team.value + one.value,
            ..team
        };
        // A larger one would be further from the smallest than the best split allows.
        let max = extremes.min_players.saturating_add(self.best.players);
        if team.players > bounds.players_max.min(max) {
            return;
        }
        self.trying[member] = team.number;
        let rest = Rest {
            members: rest.members & !(1 << member),
            players: rest.players - u64::from(one.players),
            value: rest.value - one.value,
            ..rest
        };
        if rest.teams == 1 && rest.members != 0 {
            // The last team takes them all.
            return self.join_next(member, team, rest, extremes);
        }
        self.go_on(member, team, rest, extremes);
    }

    fn join_next(&mut self, member: usize, team: Filling, rest: Rest, extremes: Extremes) {
        let next = rest.members.trailing_zeros() as usize;
        debug_assert!(next > member);
        if self.blocked[next] & team.members == 0 {
            self.join(next, team, rest, extremes);
        }
    }

    /// Tries each higher member as the next of the team, then the team as it is.
    fn go_on(&mut self, member: usize, team: Filling, rest: Rest, extremes: Extremes) {
        let mut higher = rest.members & (u32::MAX << member << 1);
        let mut skipped = None;
        while higher != 0 {
            let next = higher.trailing_zeros() as usize;
            higher &= higher - 1;
            // Its twin has just been tried in its place: that gave the same teams with the two
            // changed, as good and earlier in the order.
            let again = self.twins[next] && skipped == Some(next - 1);
            if !again && self.blocked[next] & team.members == 0 {
                self.join(next, team, rest, extremes);
            }
            skipped = Some(next);
        }
        // A smaller one would be further from the largest than the best split allows.
        let min = extremes.max_players.saturating_sub(self.best.players);
        if team.players >= self.lineup.bounds.players_min.max(min) {
            // `join` has put all members into the last team.
            debug_assert!(rest.teams > 1 || rest.members == 0);
            let rest = Rest {
                teams: rest.teams - 1,
                ..rest
            };
            if let Some(cost) = self.cost(team, rest, extremes) {
                self.next_team(rest, extremes.with(team.players, team.value, cost));
            }
        }
    }

    /// What the roles of a team cost; `None` if it is not right, or cannot win at any cost.
    fn cost(&mut self, team: Filling, rest: Rest, extremes: Extremes) -> Option<u64> {
        let lineup = self.lineup;
        if lineup.cast.staff.is_none() {
            return Some(0);
        }
        // Looked at first: it costs a fraction of giving out the roles.
        let free = extremes.with(team.players, team.value, 0);
        let may_win = match rest.teams {
            0 if self.met => free.gaps() < self.best,
            0 => free.gaps() <= self.best,
            _ => self.can_win(rest, free),
        };
        if !may_win {
            return None;
        }
        let list = lineup.cast.list_of(team.number);
        if let Some(known) = self.costs.get(&(list, team.members)) {
            return *known;
        }
        // What costs more than the best has left cannot win.
        let most = self.best.cost.saturating_sub(extremes.cost);
        let is_in = |at: &usize| team.members & 1 << at != 0;
        let members = (0..lineup.members.len()).filter(is_in);
        let cost = lineup
            .cast
            .cost(list, most, members.map(|at| &lineup.members[at]));
        // With nothing left, it was not asked for its cost.
        if most > 0 || cost.is_some() {
            self.costs.insert((list, team.members), cost);
        }
        cost
    }
}
