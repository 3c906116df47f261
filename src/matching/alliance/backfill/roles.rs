//! The roles of a session's teams: who plays what already, and who may join (docs/semantics.md, "Roles
//! in backfill").

use std::rc::Rc;

use hashbrown::HashMap;

use super::open_session::players;
use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::alliance::roles::{ANY, Casting, ROLE, RequestId, RoleId, Staff};
use crate::matching::{Session, Text, Value};

/// The roles of a session.
#[derive(Debug, Clone)]
pub(super) struct SessionRoles {
    staff: Rc<Staff>,
    /// Maximum number of players of a team, and of teams.
    players_max: u32,
    teams_max: u32,
    teams: Vec<TeamRoles>,
}

/// The roles of a team.
#[derive(Debug, Clone, Default)]
struct TeamRoles {
    /// Which of the match's places it takes.
    place: usize,
    list: usize,
    /// How many are known to play each role, by its place in the list.
    seated: Vec<(u32, u32)>,
    /// What those ask for of whom it is not known what they play.
    open: Vec<RequestId>,
    /// What those ask for who joined, in that order.
    added: Vec<RequestId>,
}

/// What is known of a player in a team.
#[derive(Debug, Clone, Copy)]
enum Seated {
    /// It plays this role.
    Plays(RoleId),
    /// It plays a role that no player asks for and no list has.
    Unknown,
    /// It plays any of those that it asks for.
    Asks(RequestId),
}

impl SessionRoles {
    /// The roles of a session's teams, which stands in that row of the pool.
    pub(super) fn new(
        staff: Rc<Staff>,
        pool: &Pool,
        session: &Session,
        row: Id,
        [teams_max, players_max]: [u32; 2],
    ) -> Self {
        let requests = staff.requests();
        let ids = players(session);
        let asks: HashMap<&Text, RequestId> = ids
            .iter()
            .map(|player| &player.id)
            .zip(pool.requests.of_row(row).iter().copied())
            .collect();
        let in_tickets: HashMap<&Text, RequestId> = session
            .tickets
            .iter()
            .flat_map(|ticket| ticket.player_ids())
            .filter_map(|id| Some((id, *asks.get(id)?)))
            .collect();
        let told = match session.attributes.get(ROLE) {
            Some(Value::Struct(roles)) => Some(roles),
            _ => None,
        };
        let seated = |id: &Text| {
            let asked = in_tickets.get(id).copied();
            match told
                .and_then(|roles| roles.get(id))
                .and_then(Value::as_text)
            {
                // Where each role may be played once, any number may play this one.
                Some(ANY) | None => Seated::Asks(asked.unwrap_or(requests.wildcard())),
                Some(name) => requests.role(name).map_or(Seated::Unknown, Seated::Plays),
            }
        };
        let rosters: Vec<Vec<Seated>> = session
            .teams
            .iter()
            .map(|team| team.user_ids.iter().map(seated).collect())
            .collect();
        let mut roles = Self {
            staff: Rc::clone(&staff),
            players_max,
            teams_max,
            teams: Vec::with_capacity(rosters.len()),
        };
        let places = roles.places_of(&rosters);
        for (place, roster) in places.into_iter().zip(&rosters) {
            let team = roles.team(place, roster);
            roles.teams.push(team);
        }
        roles
    }

    /// The places of the session's teams: the least ones in order whose lists fit what is known; if there
    /// are none, the first.
    fn places_of(&self, rosters: &[Vec<Seated>]) -> Vec<usize> {
        let all = self.teams_max as usize;
        let first = (0..rosters.len()).collect();
        if !self.staff.has_places() {
            return first;
        }
        let mut places = Vec::with_capacity(rosters.len());
        let mut from = 0;
        for roster in rosters {
            // The least place for one leaves the most for the next.
            let Some(place) = (from..all).find(|place| self.fits(*place, roster)) else {
                return first;
            };
            places.push(place);
            from = place + 1;
        }
        places
    }

    /// Whether the list of a place has room for the known roles of players.
    fn fits(&self, place: usize, roster: &[Seated]) -> bool {
        let list = self.staff.list_of(place);
        let mut counts = HashMap::new();
        roster.iter().all(|one| match self.role_of(list, *one) {
            Role::Of(at) => {
                let count = counts.entry(at).or_insert(0);
                *count += 1;
                let bounds = self.staff.bounds(list).get(at as usize);
                bounds.is_none_or(|(_, max)| *count <= *max)
            }
            Role::Open(_) => true,
            Role::None => matches!(one, Seated::Asks(_)),
        })
    }

    fn team(&self, place: usize, roster: &[Seated]) -> TeamRoles {
        let list = self.staff.list_of(place);
        let mut team = TeamRoles {
            place,
            list,
            ..TeamRoles::default()
        };
        for one in roster {
            match self.role_of(list, *one) {
                Role::Of(at) => match team.seated.iter_mut().find(|(known, _)| *known == at) {
                    Some((_, count)) => *count += 1,
                    None => team.seated.push((at, 1)),
                },
                Role::Open(request) => team.open.push(request),
                Role::None => {}
            }
        }
        team
    }

    /// What a player counts as in a team with that list.
    fn role_of(&self, list: usize, seated: Seated) -> Role {
        match seated {
            Seated::Unknown => Role::None,
            Seated::Plays(role) => self.staff.place_of(list, role).map_or(Role::None, Role::Of),
            Seated::Asks(request) => {
                let asked = self.staff.requests().get(request);
                let known = asked.roles.iter();
                let mut known = known.filter_map(|(role, _)| self.staff.place_of(list, *role));
                match (asked.any, known.next(), known.next()) {
                    (Some(_), ..) | (None, Some(_), Some(_)) => Role::Open(request),
                    (None, Some(only), None) => Role::Of(only),
                    (None, None, _) => Role::None,
                }
            }
        }
    }

    /// Maximum number of players of a team.
    pub(super) fn capacity(&self, team: usize) -> u32 {
        self.capacity_of(self.teams.get(team).map_or(0, |team| team.list))
    }

    fn capacity_of(&self, list: usize) -> u32 {
        let roles = u32::try_from(self.staff.max_players(list)).unwrap_or(u32::MAX);
        roles.min(self.players_max)
    }

    /// Maximum number of players of a new team.
    pub(super) fn capacity_of_new(&self) -> u32 {
        let free = self.free_places();
        let capacities = free.map(|place| self.capacity_of(self.staff.list_of(place)));
        capacities.max().unwrap_or(0)
    }

    /// Whether players who ask for this may join a team that has so many free seats then.
    pub(super) fn may_join(&self, team: usize, asks: &[RequestId], free: u32) -> bool {
        let team = &self.teams[team];
        let crew = [&team.open[..], &team.added, asks].concat();
        let outlook = self.staff.outlook_beside(team.list, &team.seated, &crew);
        outlook.is_some_and(|outlook| outlook.unmet <= free)
    }

    /// Whether all players of each team can be placed in its roles.
    pub(super) fn are_within_maxima(&self) -> bool {
        self.teams.iter().all(|team| {
            let crew = [&team.open[..], &team.added].concat();
            let outlook = self.staff.outlook_beside(team.list, &team.seated, &crew);
            outlook.is_some()
        })
    }

    fn free_places(&self) -> impl Iterator<Item = usize> {
        let all = match self.staff.has_places() {
            true => 0..self.teams_max as usize,
            // All are alike.
            false => self.teams.len()..self.teams.len() + 1,
        };
        all.filter(|place| self.teams.iter().all(|team| team.place != *place))
    }

    /// The place of a new team that begins with players who ask for this; `None` if they fit into none.
    fn place_for(&self, asks: &[RequestId]) -> Option<usize> {
        let free = self.players_max.saturating_sub(asks.len() as u32);
        self.free_places().find(|place| {
            let outlook = self.staff.outlook(self.staff.list_of(*place), asks);
            outlook.is_some_and(|outlook| outlook.unmet <= free)
        })
    }

    /// The list of a new team that begins with players who ask for this.
    pub(super) fn list_for(&self, asks: &[RequestId]) -> Option<usize> {
        self.place_for(asks).map(|place| self.staff.list_of(place))
    }

    /// Opens a team for players who ask for this.
    pub(super) fn open(&mut self, asks: &[RequestId]) {
        let place = self.place_for(asks).unwrap_or(self.teams.len());
        self.teams.push(TeamRoles {
            place,
            list: self.staff.list_of(place),
            ..TeamRoles::default()
        });
    }

    /// Players who ask for this join a team.
    pub(super) fn join(&mut self, team: usize, asks: &[RequestId]) {
        self.teams[team].added.extend_from_slice(asks);
    }

    /// The roles of those who joined a team of so many players, in that order.
    pub(super) fn of_added(&self, team: usize, players: u64) -> Vec<Text> {
        let TeamRoles {
            list,
            seated,
            open,
            added,
            ..
        } = &self.teams[team];
        let free = u64::from(self.players_max).saturating_sub(players);
        let casting = Casting::new(&self.staff, *list, added.iter().copied());
        let roles = casting.beside(seated, open, free).roles();
        debug_assert!(roles.is_some(), "each was asked before it joined");
        roles.unwrap_or_default()
    }
}

/// What a player counts as in a team.
enum Role {
    /// One of this role of its list.
    Of(u32),
    /// One of any that it asks for.
    Open(RequestId),
    /// A seat.
    None,
}
