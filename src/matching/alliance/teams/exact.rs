//! The most even split of a few parties, by branch and bound.
//!
//! Teams are filled one after the other, each around the lowest member that has none, with lower
//! members tried first. So every split is met at most once, and of equally good ones the first that
//! is met is the one that [`arrange`](super::arrange) promises.

use super::balance::Roster;

/// Fullness and height of the teams that are complete.
#[derive(Debug, Clone, Copy)]
struct Range {
    fewest: u32,
    most: u32,
    lowest: f64,
    highest: f64,
}

/// Difference in players, then in means.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
struct Unevenness(u32, f64);

struct Best<'a> {
    roster: &'a Roster<'a>,
    /// Bit sets of each member's foes.
    foes: Vec<u32>,
    /// Whether the member before is just like this one.
    twins: Vec<bool>,
    /// How far sums in another order may be off.
    tolerance: f64,
    best: Unevenness,
    /// Whether the best split was met here, or is only known to exist.
    met: bool,
    team_of: Vec<usize>,
    now: Vec<usize>,
}

/// What has no team.
#[derive(Debug, Clone, Copy)]
struct Rest {
    /// A bit per member.
    members: u32,
    players: u64,
    value: f64,
    teams: u32,
}

/// The team that is being filled.
#[derive(Debug, Clone, Copy)]
struct Filling {
    members: u32,
    players: u32,
    value: f64,
}

/// The best split of at most 32 members. `good` is a valid one.
pub(super) fn best(roster: &Roster<'_>, good: Vec<usize>) -> Vec<usize> {
    let members = roster.members;
    let bits = |list: &Vec<usize>| list.iter().fold(0, |bits, &foe| bits | 1 << foe);
    let alone = |member: usize| roster.enemies[member].is_empty();
    let twins = (0..members.len())
        .map(|at| at > 0 && members[at] == members[at - 1] && alone(at) && alone(at - 1));
    let values = || members.iter().map(|member| member.value);
    let everyone = members.iter().enumerate();
    let rest = everyone.fold(
        Rest::of_teams(roster.bounds.teams_max),
        |rest, (at, one)| Rest {
            members: rest.members | 1 << at,
            players: rest.players + u64::from(one.players),
            value: rest.value + one.value,
            ..rest
        },
    );
    let mut search = Best {
        roster,
        foes: roster.enemies.iter().map(bits).collect(),
        twins: twins.collect(),
        tolerance: values().map(f64::abs).sum::<f64>() * 1e-12,
        best: unevenness(roster, &good),
        met: false,
        now: good.clone(),
        team_of: good,
    };
    search.next_team(rest, Range::EMPTY);
    search.team_of
}

fn unevenness(roster: &Roster<'_>, team_of: &[usize]) -> Unevenness {
    let range = (0..roster.teams()).fold(Range::EMPTY, |range, team| {
        let members = roster.members.iter().zip(team_of);
        let here = members.filter(|(_, there)| **there == team);
        let (players, value) = here.fold((0, 0.0), |sum, (member, _)| {
            (sum.0 + member.players, sum.1 + member.value)
        });
        range.with(players, value)
    });
    range.unevenness()
}

impl Range {
    const EMPTY: Self = Self {
        fewest: u32::MAX,
        most: 0,
        lowest: f64::INFINITY,
        highest: f64::NEG_INFINITY,
    };

    fn with(self, players: u32, value: f64) -> Self {
        let mean = value / f64::from(players);
        Self {
            fewest: self.fewest.min(players),
            most: self.most.max(players),
            lowest: self.lowest.min(mean),
            highest: self.highest.max(mean),
        }
    }

    fn unevenness(&self) -> Unevenness {
        Unevenness(self.most - self.fewest, self.highest - self.lowest)
    }
}

impl Rest {
    fn of_teams(teams: u32) -> Self {
        Self {
            members: 0,
            players: 0,
            value: 0.0,
            teams,
        }
    }
}

impl Best<'_> {
    fn next_team(&mut self, rest: Rest, range: Range) {
        if rest.teams == 0 {
            let found = range.unevenness();
            if found < self.best || (found == self.best && !self.met) {
                self.best = found;
                self.met = true;
                self.team_of.clone_from(&self.now);
            }
            return;
        }
        if self.can_win(rest, range) {
            let first = rest.members.trailing_zeros() as usize;
            let empty = Filling {
                members: 0,
                players: 0,
                value: 0.0,
            };
            self.join(first, empty, rest, range);
        }
    }

    /// Whether teams of the rest may lead to a better split, or to the first as good as the best.
    fn can_win(&self, rest: Rest, range: Range) -> bool {
        let bounds = self.roster.bounds;
        let most = u64::from(rest.teams) * u64::from(bounds.players_max);
        let least = u64::from(rest.teams) * u64::from(bounds.players_min);
        let players = rest.players;
        if rest.members.count_ones() < rest.teams || players < least || players > most {
            return false;
        }
        // One of them has at least the mean of the rest, and one at most.
        let teams = u64::from(rest.teams);
        let most = u64::from(range.most).max(players.div_ceil(teams));
        let fewest = u64::from(range.fewest).min(players / teams);
        let apart = u64::from(self.best.0);
        if most - fewest != apart {
            return most - fewest < apart;
        }
        // Before any team is complete, this is minus infinity.
        let sure = range.highest - range.lowest;
        let mean = rest.value / players as f64;
        let likely = range.highest.max(mean) - range.lowest.min(mean) - self.tolerance;
        if self.met {
            sure < self.best.1 && likely < self.best.1
        } else {
            sure <= self.best.1 && likely <= self.best.1
        }
    }

    /// Puts a member into the team and goes on with the higher ones.
    fn join(&mut self, member: usize, team: Filling, rest: Rest, range: Range) {
        let one = self.roster.members[member];
        let bounds = self.roster.bounds;
        let team = Filling {
            members: team.members | 1 << member,
            players: team.players.saturating_add(one.players),
            value: team.value + one.value,
        };
        // A fuller one is no better than what is known.
        let most = range.fewest.saturating_add(self.best.0);
        if team.players > bounds.players_max.min(most) {
            return;
        }
        self.now[member] = (bounds.teams_max - rest.teams) as usize;
        let rest = Rest {
            members: rest.members & !(1 << member),
            players: rest.players - u64::from(one.players),
            value: rest.value - one.value,
            ..rest
        };
        if rest.teams == 1 && rest.members != 0 {
            // The last team takes them all.
            return self.join_next(member, team, rest, range);
        }
        self.go_on(member, team, rest, range);
    }

    fn join_next(&mut self, member: usize, team: Filling, rest: Rest, range: Range) {
        let next = rest.members.trailing_zeros() as usize;
        debug_assert!(next > member);
        if self.foes[next] & team.members == 0 {
            self.join(next, team, rest, range);
        }
    }

    /// Tries each higher member as the next of the team, then the team as it is.
    fn go_on(&mut self, member: usize, team: Filling, rest: Rest, range: Range) {
        let mut higher = rest.members & (u32::MAX << member << 1);
        let mut skipped = None;
        while higher != 0 {
            let next = higher.trailing_zeros() as usize;
            higher &= higher - 1;
            // Its twin has just been tried in its place.
            let again = self.twins[next] && skipped == Some(next - 1);
            if !again && self.foes[next] & team.members == 0 {
                self.join(next, team, rest, range);
            }
            skipped = Some(next);
        }
        let least = range.most.saturating_sub(self.best.0);
        if team.players >= self.roster.bounds.players_min.max(least) {
            let rest = Rest {
                teams: rest.teams - 1,
                ..rest
            };
            if rest.teams > 0 || rest.members == 0 {
                self.next_team(rest, range.with(team.players, team.value));
            }
        }
    }
}
