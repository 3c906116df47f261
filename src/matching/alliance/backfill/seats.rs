//! The teams of a session: who can be seated where.

mod ends;

use std::rc::Rc;

use hashbrown::{HashMap, HashSet};

use super::roles::SessionRoles;
use crate::matching::alliance::criteria::blocks::{BlocksOfTeam, blocked_by};
use crate::matching::alliance::criteria::distance::{balancing_value, mean};
use crate::matching::alliance::criteria::modes::{Mode, ModeSet, set_of};
use crate::matching::alliance::forms::Form;
use crate::matching::alliance::roles::RequestId;
use crate::matching::alliance::{AllianceRules, BlockPolicy};
use crate::matching::{Reason, Session, Text, Ticket};
use ends::Ends;

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
    /// How the session may be played, the first one first. Only one if the ruleset has no modes.
    modes: Vec<ModeSeats>,
    teams: Vec<Team>,
    /// Players of all teams.
    taken: u64,
    /// Players who came with a ticket but are in no team: they count for the match.
    outside: u64,
    /// Whether a place without a team counts as a team of no players: parties are spread over them.
    spreads: bool,
    /// Whether teams of one size differ for a newcomer: the ruleset balances.
    balances: bool,
    /// Whether a team is closed to tickets that block one of its players, or are blocked.
    parts_blocked: bool,
}

/// A sub game mode that a session may be played in; or how it is played without modes.
#[derive(Debug, Clone)]
pub(super) struct ModeSeats {
    pub(super) mode: Option<Mode>,
    /// What teams have to be, flexed by the session's age.
    pub(super) form: Form,
    /// Who plays what; `None` if roles are off.
    pub(super) roles: Option<SessionRoles>,
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
    /// The modes that it accepts.
    pub(super) modes: ModeSet,
    /// Its balancing value, summed over its players.
    pub(super) value: f64,
}

impl Seats {
    /// The seats of a session that may be played in these modes, at least one.
    pub(super) fn new(rules: &AllianceRules, session: &Session, modes: Vec<ModeSeats>) -> Self {
        let mut seats = Self {
            modes,
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

    /// The modes that the session may be played in, the first one first.
    pub(super) fn modes(&self) -> impl Iterator<Item = Mode> {
        self.modes.iter().filter_map(|one| one.mode)
    }

    /// Maximum number of players of a team in any mode.
    pub(super) fn players_max(&self) -> u32 {
        let most = self.modes.iter().map(|one| one.form.bounds.players_max);
        most.max().unwrap_or(0)
    }

    /// The largest party that may find a place, in players; 0: the session is full.
    pub(super) fn largest_party(&self, may_open: bool) -> u32 {
        let largest = self.modes.iter().map(|mode| {
            let teams = (0..self.teams.len())
                .map(|team| self.room_in(mode, team))
                .max();
            let new = match &mode.roles {
                _ if !(may_open && self.may_open(mode)) => 0,
                Some(roles) => roles.capacity_of_new(),
                None => mode.form.bounds.players_max,
            };
            let most = u64::from(teams.unwrap_or(0).max(new)).min(self.room_in_all(mode));
            u32::try_from(most).unwrap_or(u32::MAX)
        });
        largest.max().unwrap_or(0)
    }

    /// Free seats of a team in the first mode.
    pub(super) fn room(&self, team: usize) -> u32 {
        self.room_in(&self.modes[0], team)
    }

    fn room_in(&self, mode: &ModeSeats, team: usize) -> u32 {
        let most = match &mode.roles {
            Some(roles) => roles.capacity(team),
            None => mode.form.bounds.players_max,
        };
        let free = u64::from(most).saturating_sub(self.teams[team].players);
        u32::try_from(free.min(self.room_in_all(mode))).unwrap_or(u32::MAX)
    }

    /// Players of a team.
    pub(super) fn players(&self, team: usize) -> u64 {
        self.teams[team].players
    }

    /// Whether the session may have one more team.
    fn may_open(&self, mode: &ModeSeats) -> bool {
        self.teams.len() < mode.form.bounds.teams_max as usize
    }

    /// Free seats of the whole match. The teams say it all unless somebody is in none of them.
    fn room_in_all(&self, mode: &ModeSeats) -> u64 {
        if self.outside == 0 {
            return u64::MAX;
        }
        let bounds = mode.form.bounds;
        bounds
            .max_players()
            .saturating_sub(self.taken + self.outside)
    }

    /// The place of a ticket, and in which of the session's modes: the first that it accepts and that
    /// has one.
    ///
    /// # Errors
    ///
    /// Why the first of those has none.
    pub(super) fn place(
        &self,
        newcomer: Newcomer<'_>,
        may_open: bool,
    ) -> Result<(Place, usize), Reason> {
        let mut first = None;
        for (at, mode) in self.modes.iter().enumerate() {
            if !newcomer.accepts(mode) {
                continue;
            }
            match self.place_in(mode, newcomer, may_open) {
                Ok(place) => return Ok((place, at)),
                Err(reason) => first = first.or(Some(reason)),
            }
        }
        Err(first.unwrap_or(Reason::SubGameMode))
    }

    /// The place of a ticket: the smallest team that has room and no blocked player; of equal ones
    /// the one that leaves the means of the teams closest together, then the first. A new one where
    /// none is, or where parties are spread and each has players.
    ///
    /// # Errors
    ///
    /// There is no room, only beside a blocked player, or only without a role for each.
    fn place_in(
        &self,
        mode: &ModeSeats,
        newcomer: Newcomer<'_>,
        may_open: bool,
    ) -> Result<Place, Reason> {
        let size = newcomer.ticket.players.len() as u64;
        let mut best: Option<(u64, f64, usize)> = None;
        let (mut blocked, mut lacks_roles) = (false, false);
        let ends = self.balances.then(|| Ends::of(&self.teams));
        for (at, team) in self.teams.iter().enumerate() {
            if size > u64::from(self.room_in(mode, at)) {
                continue;
            }
            if self.is_blocked(at, newcomer.ticket) {
                blocked = true;
                continue;
            }
            if !self.have_roles_in(mode, at, newcomer.asks) {
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
        let mut may_open = may_open && self.may_open(mode) && size <= self.room_in_all(mode);
        if may_open
            && let Some(roles) = &mode.roles
            && roles.list_for(newcomer.asks).is_none()
        {
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

    /// Whether a ticket accepts the first mode, and roles are left there in a team.
    pub(super) fn may_play(&self, team: usize, newcomer: Newcomer<'_>) -> Result<(), Reason> {
        let mode = &self.modes[0];
        if !newcomer.accepts(mode) {
            return Err(Reason::SubGameMode);
        }
        match self.have_roles_in(mode, team, newcomer.asks) {
            true => Ok(()),
            false => Err(Reason::Role),
        }
    }

    /// Whether roles are left in a team for players who ask for this.
    fn have_roles_in(&self, mode: &ModeSeats, team: usize, asks: &[RequestId]) -> bool {
        mode.roles.as_ref().is_none_or(|roles| {
            let most = u64::from(mode.form.bounds.players_max);
            let free = most.saturating_sub(self.teams[team].players + asks.len() as u64);
            roles.may_join(team, asks, u32::try_from(free).unwrap_or(u32::MAX))
        })
    }

    /// What a new team has to be in a mode that begins with players who ask for this.
    pub(super) fn form_of_new(&self, mode: usize, asks: &[RequestId]) -> Form {
        let mode = &self.modes[mode];
        let list = mode.roles.as_ref().and_then(|roles| roles.list_for(asks));
        mode.form.of_new_team(list.unwrap_or(0))
    }

    /// The roles of those who joined a team, in that order; `None` if roles are off.
    pub(super) fn roles_of_added(&self, team: usize) -> Option<Vec<Text>> {
        let roles = self.modes[0].roles.as_ref()?;
        Some(roles.of_added(team, self.teams[team].players))
    }

    /// Opens a team for players who ask for this; its number.
    pub(super) fn open(&mut self, asks: &[RequestId]) -> usize {
        for mode in &mut self.modes {
            if let Some(roles) = &mut mode.roles {
                roles.open(asks);
            }
        }
        self.teams.push(Team::default());
        self.teams.len() - 1
    }

    /// Seats a ticket that finds its place in a mode. The session may then be played in that one, and in
    /// the others that the ticket accepts and whose maxima still hold.
    pub(super) fn seat(&mut self, team: usize, newcomer: Newcomer<'_>, mode: usize) {
        let players = newcomer.ticket.players.len() as u64;
        self.taken += players;
        for mode in &mut self.modes {
            if let Some(roles) = &mut mode.roles {
                roles.join(team, newcomer.asks);
            }
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
        if self.modes.len() > 1 {
            let decided = self.modes.remove(mode);
            let (count, largest) = (self.teams.len(), self.teams.iter().map(|team| team.players));
            let largest = largest.max().unwrap_or(0);
            self.modes.retain(|mode| {
                let bounds = mode.form.bounds;
                newcomer.accepts(mode)
                    && count <= bounds.teams_max as usize
                    && largest <= u64::from(bounds.players_max)
                    && mode
                        .roles
                        .as_ref()
                        .is_none_or(SessionRoles::are_within_maxima)
            });
            self.modes.insert(0, decided);
        }
    }
}

impl Newcomer<'_> {
    fn accepts(&self, mode: &ModeSeats) -> bool {
        mode.mode
            .is_none_or(|mode| self.modes & set_of(&[mode]) != 0)
    }
}

/// The balancing value of a ticket, summed over its players (docs/semantics.md, "Rebalance").
pub(super) fn value(rules: &AllianceRules, ticket: &Ticket) -> f64 {
    let players = u32::try_from(ticket.players.len()).unwrap_or(u32::MAX);
    balancing_value(rules, players, |_, rule| mean(ticket, &rule.attribute))
}

#[cfg(test)]
mod tests;
