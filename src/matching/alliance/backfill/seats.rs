//! The teams of a session: who can be seated where.

use std::rc::Rc;

use hashbrown::{HashMap, HashSet};

use super::roles::SessionRoles;
use crate::matching::alliance::criteria::blocks::{BlocksOfTeam, blocked_by};
use crate::matching::alliance::criteria::distance::{balancing_value, mean};
use crate::matching::alliance::roles::RequestId;
use crate::matching::alliance::{AllianceRules, BlockPolicy, TeamBounds};
use crate::matching::{Reason, Session, Text, Ticket};

/// Where a ticket would sit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// In the team of that number.
    Team(usize),
    /// In a team that does not exist yet.
    NewTeam,
}

/// The seats of a session.
#[derive(Debug, Clone)]
pub(super) struct Seats {
    bounds: TeamBounds,
    teams: Vec<Team>,
    /// Players of all teams.
    taken: u64,
    /// Players who came with a ticket but are in no team: they count for the match.
    outside: u64,
    /// Whether a place without a team counts as a team of no players: parties are spread over them.
    spreads: bool,
    /// Whether teams of one size differ for a newcomer: the ruleset balances.
    balances: bool,
    /// Who plays what; `None` if roles are off.
    roles: Option<SessionRoles>,
    /// Whether a team is closed to tickets that block one of its players, or are blocked.
    parts_blocked: bool,
}

#[derive(Debug, Clone, Default)]
struct Team {
    /// Seats taken.
    players: u64,
    /// The balancing value of those players whose tickets are known, and how many they are.
    value: f64,
    valued: u64,
    /// Filled in only where blocks keep players out of a team.
    blocks: BlocksOfTeam,
}

/// A ticket as a team sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Newcomer<'t> {
    pub(super) ticket: &'t Ticket,
    /// Which roles its players ask for; nothing where roles are off.
    pub(super) asks: &'t [RequestId],
    /// Its balancing value, summed over its players.
    pub(super) value: f64,
}

impl Seats {
    /// The seats of the session under bounds that are flexed by its age.
    pub(super) fn new(
        rules: &AllianceRules,
        bounds: TeamBounds,
        session: &Session,
        roles: Option<SessionRoles>,
    ) -> Self {
        let mut seats = Self {
            bounds,
            roles,
            teams: Vec::with_capacity(session.teams.len() + 1),
            taken: 0,
            outside: 0,
            spreads: rules.rebalance,
            balances: rules.rebalance && rules.balancing().next().is_some(),
            parts_blocked: rules.blocks == BlockPolicy::DifferentTeam,
        };
        let mut team_of: HashMap<&Text, usize> = HashMap::new();
        for (number, roster) in session.teams.iter().enumerate() {
            let mut team = Team {
                players: roster.user_ids.len() as u64,
                ..Team::default()
            };
            if seats.parts_blocked {
                team.blocks.add_players(&roster.user_ids);
            }
            seats.taken += team.players;
            seats.teams.push(team);
            for id in &roster.user_ids {
                team_of.entry(id).or_insert(number);
            }
        }
        for ticket in &session.tickets {
            for player in ticket.player_ids() {
                match team_of.get(player) {
                    Some(team) => seats.teams[*team].valued += 1,
                    None => seats.outside += 1,
                }
            }
            let Some(team) = ticket.player_ids().find_map(|id| team_of.get(id)) else {
                continue;
            };
            let team = &mut seats.teams[*team];
            if seats.balances {
                team.value += value(rules, ticket);
            }
            if seats.parts_blocked {
                team.blocks.add_blocked(blocked_by(&ticket.attributes));
            }
        }
        if seats.parts_blocked {
            // Whom no ticket names is blocked by a player whose ticket is not known. Any of those who
            // play may be that one, and where no ticket is known, one of any team.
            let named: HashSet<&Text> = session
                .tickets
                .iter()
                .flat_map(|ticket| blocked_by(&ticket.attributes))
                .collect();
            let unnamed = blocked_by(&session.attributes).filter(|id| !named.contains(id));
            let unnamed: Rc<HashSet<Text>> = Rc::new(unnamed.cloned().collect());
            for team in &mut seats.teams {
                if team.players > 0 || session.tickets.is_empty() {
                    team.blocks.share_blocked(&unnamed);
                }
            }
        }
        seats
    }

    /// The largest party that may find a place, in players; 0: the session is full.
    pub(super) fn largest_party(&self, may_open: bool) -> u32 {
        let teams = (0..self.teams.len()).map(|team| self.room(team)).max();
        let new = match &self.roles {
            _ if !(may_open && self.may_open()) => 0,
            Some(roles) => roles.capacity_of_new(),
            None => self.bounds.players_max,
        };
        let most = u64::from(teams.unwrap_or(0).max(new)).min(self.room_in_all());
        u32::try_from(most).unwrap_or(u32::MAX)
    }

    /// Free seats of a team.
    pub(super) fn room(&self, team: usize) -> u32 {
        let most = match &self.roles {
            Some(roles) => roles.capacity(team),
            None => self.bounds.players_max,
        };
        let free = u64::from(most).saturating_sub(self.teams[team].players);
        u32::try_from(free.min(self.room_in_all())).unwrap_or(u32::MAX)
    }

    /// Players of a team.
    pub(super) fn players(&self, team: usize) -> u64 {
        self.teams[team].players
    }

    /// Whether the session may have one more team.
    fn may_open(&self) -> bool {
        self.teams.len() < self.bounds.teams_max as usize
    }

    /// Free seats of the whole match. The teams say it all unless somebody is in none of them.
    fn room_in_all(&self) -> u64 {
        if self.outside == 0 {
            return u64::MAX;
        }
        self.bounds
            .max_players()
            .saturating_sub(self.taken + self.outside)
    }

    /// The place of a ticket: the smallest team that has room and no blocked player; of equal ones
    /// the one that leaves the means of the teams closest together, then the first. A new one where
    /// none is, or where parties are spread and each has players.
    ///
    /// # Errors
    ///
    /// There is no room, only beside a blocked player, or only without a role for each.
    pub(super) fn place(&self, newcomer: Newcomer<'_>, may_open: bool) -> Result<Place, Reason> {
        let size = newcomer.ticket.players.len() as u64;
        let mut best: Option<(u64, f64, usize)> = None;
        let (mut blocked, mut lacks_roles) = (false, false);
        let ends = self.balances.then(|| Ends::of(&self.teams));
        for (at, team) in self.teams.iter().enumerate() {
            if size > u64::from(self.room(at)) {
                continue;
            }
            if self.is_blocked(at, newcomer.ticket) {
                blocked = true;
                continue;
            }
            if !self.have_roles(at, newcomer.asks) {
                lacks_roles = true;
                continue;
            }
            if best.is_some_and(|(players, ..)| players < team.players) {
                continue;
            }
            let uneven = ends
                .as_ref()
                .map_or(0.0, |ends| ends.unevenness(at, team, newcomer));
            let better =
                best.is_none_or(|(players, least, _)| (team.players, uneven) < (players, least));
            if better {
                best = Some((team.players, uneven, at));
            }
        }
        let mut may_open = may_open && self.may_open() && size <= self.room_in_all();
        if may_open && self.roles.is_some() && self.list_for(newcomer.asks).is_none() {
            (may_open, lacks_roles) = (false, true);
        }
        match best {
            Some((1.., ..)) if self.spreads && may_open => Ok(Place::NewTeam),
            Some((.., team)) => Ok(Place::Team(team)),
            None if may_open => Ok(Place::NewTeam),
            None if lacks_roles => Err(Reason::Role),
            None if blocked => Err(Reason::Blocked),
            None => Err(Reason::TeamSizes),
        }
    }

    /// Whether a player of the ticket and one of the team may not be in one team.
    pub(super) fn is_blocked(&self, team: usize, ticket: &Ticket) -> bool {
        self.parts_blocked && self.teams[team].blocks.meets(ticket)
    }

    /// Whether roles are left in a team for players who ask for this.
    pub(super) fn have_roles(&self, team: usize, asks: &[RequestId]) -> bool {
        self.roles.as_ref().is_none_or(|roles| {
            let most = u64::from(self.bounds.players_max);
            let free = most.saturating_sub(self.teams[team].players + asks.len() as u64);
            roles.may_join(team, asks, u32::try_from(free).unwrap_or(u32::MAX))
        })
    }

    /// The list of roles of a new team for players who ask for this; `None` if there is none, or roles
    /// are off.
    pub(super) fn list_for(&self, asks: &[RequestId]) -> Option<usize> {
        self.roles.as_ref()?.list_for(asks)
    }

    /// The roles of those who joined a team, in that order; `None` if roles are off.
    pub(super) fn roles_of_added(&self, team: usize) -> Option<Vec<Text>> {
        let roles = self.roles.as_ref()?;
        Some(roles.of_added(team, self.teams[team].players))
    }

    /// Opens a team for players who ask for this; its number.
    pub(super) fn open(&mut self, asks: &[RequestId]) -> usize {
        if let Some(roles) = &mut self.roles {
            roles.open(asks);
        }
        self.teams.push(Team::default());
        self.teams.len() - 1
    }

    /// Seats a ticket.
    pub(super) fn seat(&mut self, team: usize, newcomer: Newcomer<'_>) {
        let players = newcomer.ticket.players.len() as u64;
        self.taken += players;
        if let Some(roles) = &mut self.roles {
            roles.join(team, newcomer.asks);
        }
        let team = &mut self.teams[team];
        team.players += players;
        team.valued += players;
        team.value += newcomer.value;
        if self.parts_blocked {
            team.blocks.add_players(newcomer.ticket.player_ids());
            let blocked = blocked_by(&newcomer.ticket.attributes);
            team.blocks.add_blocked(blocked);
        }
    }
}

/// The two lowest and the two highest means of teams, each with the number of its team: whichever team
/// changes, the lowest and the highest of the others are among them.
struct Ends {
    lowest: [(f64, usize); 2],
    highest: [(f64, usize); 2],
}

impl Ends {
    /// O(teams).
    fn of(teams: &[Team]) -> Self {
        let mut ends = Self {
            lowest: [(f64::INFINITY, usize::MAX); 2],
            highest: [(f64::NEG_INFINITY, usize::MAX); 2],
        };
        for (at, team) in teams.iter().enumerate().filter(|(_, team)| team.valued > 0) {
            #[cfg(test)]
            crate::matching::steps::step();
            let mean = (team.value / team.valued as f64, at);
            let [first, second] = ends.lowest;
            if mean.0 < first.0 {
                ends.lowest = [mean, first];
            } else if mean.0 < second.0 {
                ends.lowest[1] = mean;
            }
            let [first, second] = ends.highest;
            if mean.0 > first.0 {
                ends.highest = [mean, first];
            } else if mean.0 > second.0 {
                ends.highest[1] = mean;
            }
        }
        ends
    }

    /// The difference between the highest and the lowest mean once the newcomer has joined `team`, which
    /// has that number.
    fn unevenness(&self, number: usize, team: &Team, newcomer: Newcomer<'_>) -> f64 {
        let players = team.valued + newcomer.ticket.players.len() as u64;
        let mean = (team.value + newcomer.value) / players as f64;
        let of_others = |ends: &[(f64, usize); 2]| ends[usize::from(ends[0].1 == number)].0;
        of_others(&self.highest).max(mean) - of_others(&self.lowest).min(mean)
    }
}

/// The balancing value of a ticket, summed over its players (docs/semantics.md, "Rebalance").
pub(super) fn value(rules: &AllianceRules, ticket: &Ticket) -> f64 {
    let players = u32::try_from(ticket.players.len()).unwrap_or(u32::MAX);
    balancing_value(rules, players, |_, rule| mean(ticket, &rule.attribute))
}

#[cfg(test)]
mod tests;
