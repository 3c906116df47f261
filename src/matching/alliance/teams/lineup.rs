//! The parties of a match that are to be split over a fixed number of teams, and two simple rules that
//! do so: the largest first, and in order.

use super::casts::Cast;
use super::{Member, TeamBounds};
use crate::matching::alliance::roles::RequestId;

/// The parties of a match and what a split of them has to obey. A split is the team of each member,
/// teams numbered from 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lineup<'a> {
    pub(super) members: &'a [Member<'a>],
    /// For each member, those that may not be in its team.
    pub(super) blocked: &'a [Vec<usize>],
    /// `teams_min` and `teams_max` are equal.
    pub(super) bounds: TeamBounds,
    pub(super) cast: Cast<'a>,
}

impl<'a> Lineup<'a> {
    pub(super) fn new(
        members: &'a [Member<'a>],
        blocked: &'a [Vec<usize>],
        bounds: TeamBounds,
        cast: Cast<'a>,
    ) -> Self {
        debug_assert_eq!(bounds.teams_min, bounds.teams_max);
        debug_assert_eq!(members.len(), blocked.len());
        Lineup {
            members,
            blocked,
            bounds,
            cast,
        }
    }

    /// The members of a team.
    pub(super) fn team<'t>(
        &'t self,
        team_of: &'t [usize],
        team: usize,
    ) -> impl Iterator<Item = &'t Member<'t>> {
        let members = self.members.iter().zip(team_of);
        members
            .filter(move |(_, there)| **there == team)
            .map(|(member, _)| member)
    }

    /// The least cost of a team's roles; `None` if it is not right.
    pub(super) fn cost(&self, team_of: &[usize], team: usize) -> Option<u64> {
        let list = self.cast.list_of(team);
        self.cast.cost(list, u64::MAX, self.team(team_of, team))
    }

    pub(super) fn teams(&self) -> usize {
        self.bounds.teams_max as usize
    }

    /// The players of a team and the sum of their values.
    ///
    /// Members are added in ascending order, wherever a team is summed up: rounding then gives equal
    /// teams equal sums.
    pub(super) fn sum(&self, team_of: &[usize], team: usize) -> (u32, f64) {
        let mut sum = (0, 0.0);
        for (member, there) in self.members.iter().zip(team_of) {
            if *there == team {
                sum = (sum.0 + member.players, sum.1 + member.value);
            }
        }
        sum
    }

    /// Whether a member is blocked from a team by one that is in it, leaving aside the one that is
    /// about to leave. `team_of` may end before the last member.
    pub(super) fn is_blocked(
        &self,
        member: usize,
        team: usize,
        team_of: &[usize],
        leaving: Option<usize>,
    ) -> bool {
        self.blocked[member]
            .iter()
            .any(|other| Some(*other) != leaving && team_of.get(*other) == Some(&team))
    }

    /// Whether each team has as many players as the bounds say, and no blocked pair shares one.
    pub(super) fn is_valid(&self, team_of: &[usize]) -> bool {
        let sizes = self.bounds.players_min..=self.bounds.players_max;
        team_of.len() == self.members.len()
            && team_of.iter().all(|team| *team < self.teams())
            && (0..self.teams()).all(|team| sizes.contains(&self.sum(team_of, team).0))
            && (0..team_of.len())
                .all(|member| !self.is_blocked(member, team_of[member], team_of, None))
            && (0..self.teams()).all(|team| self.cost(team_of, team).is_some())
    }

    /// The largest party first, the higher value first among equals: each into the smallest team that
    /// it may join, the lowest value among equals. `None` if that does not lead to a valid split.
    pub(super) fn greedy(&self) -> Option<Vec<usize>> {
        let mut order: Vec<usize> = (0..self.members.len()).collect();
        order.sort_by(|&a, &b| {
            let (a, b) = (&self.members[a], &self.members[b]);
            let by_size = b.players.cmp(&a.players);
            by_size.then(b.value.total_cmp(&a.value))
        });
        let mut teams = vec![(0_u32, 0.0_f64); self.teams()];
        let mut team_of = vec![usize::MAX; self.members.len()];
        for member in order {
            let Member { players, value, .. } = self.members[member];
            let (team, _) = teams
                .iter()
                .enumerate()
                .filter(|(team, (there, _))| {
                    players <= self.bounds.players_max - there
                        && !self.is_blocked(member, *team, &team_of, None)
                        && self.may_play(member, *team, &team_of, self.bounds.players_max - there)
                })
                .min_by(|(_, a), (_, b)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)))?;
            team_of[member] = team;
            teams[team].0 += players;
            teams[team].1 += value;
        }
        let is_right = |(team, (players, _)): (usize, &(u32, f64))| {
            *players >= self.bounds.players_min && self.cost(&team_of, team).is_some()
        };
        teams.iter().enumerate().all(is_right).then_some(team_of)
    }

    /// Whether a right team may come of one and a member, which has so many free seats before.
    fn may_play(&self, member: usize, team: usize, team_of: &[usize], free: u32) -> bool {
        if self.cast.staff.is_none() {
            return true;
        }
        let joins = &self.members[member];
        let crew = self.team(team_of, team).chain([joins]);
        let crew: Vec<RequestId> = crew.flat_map(|member| member.asks).copied().collect();
        let list = self.cast.list_of(team);
        self.cast.may_become(list, &crew, free - joins.players)
    }
}

/// The split in which each member in order is in the first team with room that lets the others find
/// theirs; a team is opened where no earlier one does. Of the numbers of teams within the bounds it has
/// the one that comes of that. Where each place of a match has a list of roles, `cast` has those of all
/// places, and the teams are places. `None` if there is none or the steps ran out.
pub(super) fn in_order(
    members: &[Member<'_>],
    blocked: &[Vec<usize>],
    bounds: TeamBounds,
    cast: Cast<'_>,
    mut steps: u32,
) -> Option<Vec<usize>> {
    let mut draft = InOrder::new(members, blocked, bounds, cast)?;
    let mut from = 0;
    // Depth first, and for each member the lower teams first: splits are tried in ascending order,
    // each once. So the first that is complete is the one, and the search ends.
    loop {
        steps = steps.checked_sub(1)?;
        let team = if draft.team_of.len() < members.len() {
            draft.first_team(from)
        } else if draft.is_right() {
            break;
        } else {
            None
        };
        from = match team {
            Some(team) => {
                draft.join(team);
                0
            }
            None => draft.leave()? + 1,
        };
    }
    debug_assert_eq!(draft.missing, 0);
    Some(draft.team_of)
}

/// A split that grows in the order of the members.
#[derive(Debug)]
struct InOrder<'a> {
    members: &'a [Member<'a>],
    blocked: &'a [Vec<usize>],
    bounds: TeamBounds,
    cast: Cast<'a>,
    /// The teams of the first members.
    team_of: Vec<usize>,
    /// For each of these members and the next one, how many teams had members before it.
    open: Vec<usize>,
    /// Players of each team.
    players: Vec<u32>,
    /// Players of the members that have no team yet.
    left: u64,
    /// Players that the teams lack, together, to reach their minimum.
    missing: u64,
}

impl<'a> InOrder<'a> {
    /// `None` if there are not enough players for the minimum of teams.
    fn new(
        members: &'a [Member<'a>],
        blocked: &'a [Vec<usize>],
        bounds: TeamBounds,
        cast: Cast<'a>,
    ) -> Option<Self> {
        let left = members.iter().map(|one| u64::from(one.players)).sum();
        // A team has a member, so more of them cannot be opened, whatever the ruleset says.
        let teams = match cast.lists.len() {
            0 => members.len().min(bounds.teams_max as usize),
            places => places,
        };
        let mut draft = Self {
            members,
            blocked,
            bounds,
            cast,
            team_of: Vec::new(),
            open: vec![0],
            players: vec![0; teams],
            left,
            missing: bounds.min_players(),
        };
        if draft.has_places() {
            draft.missing = (0..teams).map(|team| draft.lacks(team, 0)).sum();
        }
        (draft.missing <= left).then_some(draft)
    }

    /// Whether teams are places with a list each.
    fn has_places(&self) -> bool {
        !self.cast.lists.is_empty()
    }

    /// The first team from this one on that the next member may join.
    fn first_team(&self, from: usize) -> Option<usize> {
        // All teams without members are alike, so only the first of them is tried; of places, the first
        // with each list.
        let end = match self.has_places() {
            true => self.players.len(),
            false => self.players.len().min(self.open[self.team_of.len()] + 1),
        };
        let is_new = |team: usize| {
            let mut before = 0..team;
            let is_like =
                |other: usize| self.players[other] == 0 && self.cast.are_alike(other, team);
            self.players[team] > 0 || !before.any(is_like)
        };
        let mut teams = from..end;
        teams.find(|team| (!self.has_places() || is_new(*team)) && self.may_join(*team))
    }

    fn may_join(&self, team: usize) -> bool {
        let member = self.team_of.len();
        let size = self.members[member].players;
        let there = self.players[team];
        if size > self.bounds.players_max - there {
            return false;
        }
        // The members after this one have to bring every team to its minimum.
        let missing = self.missing - self.lacks(team, there) + self.lacks(team, there + size);
        missing <= self.left - u64::from(size)
            && !self.is_blocked(member, team)
            && self.may_play(member, team, self.bounds.players_max - there - size)
    }

    fn is_blocked(&self, member: usize, team: usize) -> bool {
        let mut others = self.blocked[member].iter();
        others.any(|other| self.team_of.get(*other) == Some(&team))
    }

    /// Whether a right team with so many free seats can come of one and a member.
    fn may_play(&self, member: usize, team: usize, free: u32) -> bool {
        if self.cast.staff.is_none() {
            return true;
        }
        let crew = self.team(team).chain([&self.members[member]]);
        let crew: Vec<RequestId> = crew.flat_map(|member| member.asks).copied().collect();
        self.cast.may_become(self.cast.list_of(team), &crew, free)
    }

    fn team(&self, team: usize) -> impl Iterator<Item = &Member<'a>> {
        let members = self.members.iter().zip(&self.team_of);
        members
            .filter(move |(_, there)| **there == team)
            .map(|(member, _)| member)
    }

    /// Whether the roles of all teams are filled, and every place has a team that has to have one.
    fn is_right(&self) -> bool {
        if self.cast.staff.is_none() {
            return true;
        }
        let used = |team: &usize| self.players[*team] > 0;
        let teams = 0..self.players.len();
        let cost = |team: usize| {
            self.cast
                .cost(self.cast.list_of(team), u64::MAX, self.team(team))
        };
        teams.clone().filter(used).count() >= self.bounds.teams_min as usize
            && teams.filter(used).all(|team| cost(team).is_some())
    }

    /// How many players a team of so many lacks. Beyond the minimum of teams one that is not opened
    /// lacks none; nor does a place that may stay empty.
    fn lacks(&self, team: usize, players: u32) -> u64 {
        if players == 0 && !self.has_to_be(team) {
            return 0;
        }
        u64::from(self.bounds.players_min.saturating_sub(players))
    }

    fn has_to_be(&self, team: usize) -> bool {
        match self.cast.staff.filter(|_| self.has_places()) {
            Some(staff) => staff.is_required(self.cast.list_of(team)),
            None => team < self.bounds.teams_min as usize,
        }
    }

    fn join(&mut self, team: usize) {
        let member = self.team_of.len();
        let size = self.members[member].players;
        self.set_players(team, self.players[team] + size);
        self.left -= u64::from(size);
        self.open.push(self.open[member].max(team + 1));
        self.team_of.push(team);
    }

    /// Takes the last member out of its team, and returns that.
    fn leave(&mut self) -> Option<usize> {
        let team = self.team_of.pop()?;
        self.open.pop();
        let size = self.members[self.team_of.len()].players;
        self.set_players(team, self.players[team] - size);
        self.left += u64::from(size);
        Some(team)
    }

    fn set_players(&mut self, team: usize, players: u32) {
        self.missing -= self.lacks(team, self.players[team]);
        self.players[team] = players;
        self.missing += self.lacks(team, players);
    }
}
