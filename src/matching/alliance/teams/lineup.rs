//! The parties of a match that are to be split over a fixed number of teams, and two simple rules that
//! do so.

use super::{Member, TeamBounds};

/// The parties of a match and what a split of them has to obey. A split is the team of each member,
/// teams numbered from 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lineup<'a> {
    pub(super) members: &'a [Member],
    /// For each member, those that may not be in its team.
    pub(super) blocked: &'a [Vec<usize>],
    /// `teams_min` and `teams_max` are equal.
    pub(super) bounds: TeamBounds,
}

impl<'a> Lineup<'a> {
    pub(super) fn new(
        members: &'a [Member],
        blocked: &'a [Vec<usize>],
        bounds: TeamBounds,
    ) -> Self {
        debug_assert_eq!(bounds.teams_min, bounds.teams_max);
        debug_assert_eq!(members.len(), blocked.len());
        Lineup {
            members,
            blocked,
            bounds,
        }
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
            let Member { players, value } = self.members[member];
            let (team, _) = teams
                .iter()
                .enumerate()
                .filter(|(team, (there, _))| {
                    players <= self.bounds.players_max - there
                        && !self.is_blocked(member, *team, &team_of, None)
                })
                .min_by(|(_, a), (_, b)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)))?;
            team_of[member] = team;
            teams[team].0 += players;
            teams[team].1 += value;
        }
        teams
            .iter()
            .all(|(players, _)| *players >= self.bounds.players_min)
            .then_some(team_of)
    }

    /// The split in which each member in order is in the first team that lets the others find
    /// theirs. `None` if there is none or the steps ran out.
    pub(super) fn in_order(&self, mut steps: u32) -> Option<Vec<usize>> {
        let mut draft = InOrder::new(*self);
        let mut from = 0;
        // Depth first, and for each member the lower teams first: splits are tried in ascending order,
        // each once. So the first that is complete is the one, and the search ends.
        while draft.team_of.len() < self.members.len() {
            steps = steps.checked_sub(1)?;
            from = match draft.first_team(from) {
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
}

/// A split that grows in the order of the members.
#[derive(Debug)]
struct InOrder<'a> {
    lineup: Lineup<'a>,
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
    fn new(lineup: Lineup<'a>) -> Self {
        let members = lineup.members.iter();
        Self {
            lineup,
            team_of: Vec::new(),
            open: vec![0],
            players: vec![0; lineup.teams()],
            left: members.map(|one| u64::from(one.players)).sum(),
            missing: u64::from(lineup.bounds.players_min) * lineup.teams() as u64,
        }
    }

    /// The first team from this one on that the next member may join.
    fn first_team(&self, from: usize) -> Option<usize> {
        // All teams without members are alike, so only the first of them is tried.
        let end = self.players.len().min(self.open[self.team_of.len()] + 1);
        (from..end).find(|team| self.may_join(*team))
    }

    fn may_join(&self, team: usize) -> bool {
        let member = self.team_of.len();
        let size = self.lineup.members[member].players;
        let there = self.players[team];
        if size > self.lineup.bounds.players_max - there {
            return false;
        }
        // The members after this one have to bring every team to its minimum.
        let missing = self.missing - self.lacks(there) + self.lacks(there + size);
        missing <= self.left - u64::from(size)
            && !self.lineup.is_blocked(member, team, &self.team_of, None)
    }

    /// How many players a team of so many lacks.
    fn lacks(&self, players: u32) -> u64 {
        u64::from(self.lineup.bounds.players_min.saturating_sub(players))
    }

    fn join(&mut self, team: usize) {
        let member = self.team_of.len();
        let size = self.lineup.members[member].players;
        self.set_players(team, self.players[team] + size);
        self.left -= u64::from(size);
        self.open.push(self.open[member].max(team + 1));
        self.team_of.push(team);
    }

    /// Takes the last member out of its team, and returns that.
    fn leave(&mut self) -> Option<usize> {
        let team = self.team_of.pop()?;
        self.open.pop();
        let size = self.lineup.members[self.team_of.len()].players;
        self.set_players(team, self.players[team] - size);
        self.left += u64::from(size);
        Some(team)
    }

    fn set_players(&mut self, team: usize, players: u32) {
        self.missing -= self.lacks(self.players[team]);
        self.players[team] = players;
        self.missing += self.lacks(players);
    }
}
