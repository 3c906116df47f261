//! Whether players can fill the roles of a team.
//!
//! A team is right if each of its players has a role that it asks for, no role has more players than
//! its maximum, and each has at least its minimum. That is two questions of matching in a bipartite
//! graph: can all players be placed within the maxima, and how many places of the minima can be
//! filled. Where all can be placed, some placement fills as many of the minima at the same time
//! (Mendelsohn and Dulmage, 1958), so both are answered by augmenting paths: the minima first, then
//! the other players, which empties no place that is taken.

use std::cell::RefCell;
use std::rc::Rc;

use super::RoleId;
use super::desk::{Desk, NOWHERE};
use super::places::are_matched;
use super::requests::{Request, RequestId, Requests};
use super::sums::Sums;
use crate::matching::Text;
use crate::matching::alliance::rules::{Role, Roles, Stage};

/// Who may play what in the teams of a stage.
#[derive(Debug)]
pub(in crate::matching::alliance) struct Staff {
    lists: Vec<List>,
    /// The list of each place of a match; empty if all go by the first.
    of_places: Vec<usize>,
    requests: Rc<Requests>,
    /// Whether minima need only stay within reach: what is made is a team of a session.
    may_wait: bool,
    desk: RefCell<Desk>,
}

/// The roles of a team.
#[derive(Debug, Clone, PartialEq, Eq)]
struct List {
    /// Minimum and maximum number of players of each role; empty if each name may be played once.
    bounds: Vec<(u32, u32)>,
    /// Where each name stands in the list.
    at: Vec<u32>,
    /// How many places of a match go by it.
    places: u32,
    /// Whether all of these have to be used.
    is_required: bool,
    /// Sums of the bounds, if the roles are few.
    sums: Option<Sums>,
}

/// What players can make of a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::matching::alliance) struct Outlook {
    /// Places of the minima that they leave empty at best.
    pub(in crate::matching::alliance) unmet: u32,
}

impl Staff {
    /// The roles of a stage; `None` if they are off.
    pub(in crate::matching::alliance) fn of(
        stage: &Stage,
        requests: &Rc<Requests>,
    ) -> Option<Self> {
        let places = stage.teams.teams_max;
        let mut staff = Self {
            lists: Vec::new(),
            of_places: Vec::new(),
            requests: Rc::clone(requests),
            may_wait: false,
            desk: RefCell::default(),
        };
        match &stage.roles {
            Roles::Off => return None,
            Roles::Unique => staff.lists.push(List {
                bounds: Vec::new(),
                at: Vec::new(),
                places,
                is_required: false,
                sums: None,
            }),
            Roles::Single(list) => {
                let list = List {
                    places,
                    is_required: false,
                    ..List::of(&list.0, requests)
                };
                staff.lists.push(list);
            }
            Roles::Multi(lists) => {
                for list in lists {
                    let list = List::of(&list.0, requests);
                    let same = |known: &List| known.bounds == list.bounds && known.at == list.at;
                    let known = staff.lists.iter().position(same);
                    let at = known.unwrap_or_else(|| {
                        staff.lists.push(list);
                        staff.lists.len() - 1
                    });
                    staff.lists[at].places += 1;
                    staff.of_places.push(at);
                }
            }
        }
        Some(staff)
    }

    /// The same for a single team of a session with that list: its minima may be filled later.
    pub(in crate::matching::alliance) fn for_new_team(&self, list: usize) -> Self {
        let list = List {
            places: 1,
            is_required: false,
            ..self.lists[list].clone()
        };
        Self {
            lists: vec![list],
            of_places: Vec::new(),
            requests: Rc::clone(&self.requests),
            may_wait: true,
            desk: RefCell::default(),
        }
    }

    /// Whether minima need only stay within reach.
    pub(in crate::matching::alliance) fn may_wait(&self) -> bool {
        self.may_wait
    }

    /// How many different lists there are.
    pub(in crate::matching::alliance) fn lists(&self) -> usize {
        self.lists.len()
    }

    /// Whether each place of a match has a list of its own.
    pub(in crate::matching::alliance) fn has_places(&self) -> bool {
        !self.of_places.is_empty()
    }

    /// The list of a place.
    pub(in crate::matching::alliance) fn list_of(&self, place: usize) -> usize {
        self.of_places.get(place).copied().unwrap_or(0)
    }

    /// How many places of a match go by a list.
    pub(in crate::matching::alliance) fn places(&self, list: usize) -> u32 {
        self.lists[list].places
    }

    /// Whether each of these places has to have a team.
    pub(in crate::matching::alliance) fn is_required(&self, list: usize) -> bool {
        self.lists[list].is_required
    }

    /// Minimum and maximum number of players of each role of a list, in its order; empty where each
    /// name may be played once.
    pub(in crate::matching::alliance) fn bounds(&self, list: usize) -> &[(u32, u32)] {
        &self.lists[list].bounds
    }

    /// Where a role stands in a list, from 0; where each name may be played once, its number.
    pub(in crate::matching::alliance) fn place_of(&self, list: usize, role: RoleId) -> Option<u32> {
        self.lists[list].place_of(role)
    }

    /// What the players of the queue ask for.
    pub(in crate::matching::alliance) fn requests(&self) -> &Requests {
        &self.requests
    }

    /// The name of the role that stands there in a list.
    pub(super) fn name_at(&self, list: usize, place: u32) -> Option<&Text> {
        let list = &self.lists[list];
        let role = match list.is_free() {
            true => Some(place),
            false => list
                .at
                .iter()
                .position(|at| *at == place)
                .map(|role| role as u32),
        };
        role.map(|role| self.requests.name_of(role))
    }

    /// Whether each of these players can have the first of its wishes, and the team is right then: its
    /// roles cost nothing. `None` if that takes longer to say than what they cost.
    pub(in crate::matching::alliance) fn costs_nothing(
        &self,
        list: usize,
        crew: &[RequestId],
    ) -> Option<bool> {
        let list = &self.lists[list];
        let sums = list.sums.as_ref()?;
        let firsts = crew.iter().map(|request| {
            let request = self.requests.get(*request);
            let named = list.mask_of(request);
            if request.any == Some(0) {
                // What it names besides comes later, and so costs more than what it does not name.
                return sums.all() & !named;
            }
            let first = request.roles.first().filter(|(_, wish)| *wish == 0);
            let first = first.and_then(|(role, _)| list.place_of(*role));
            first.map_or(0, |place| 1 << place)
        });
        Some(
            sums.outlook(firsts)
                .is_some_and(|outlook| outlook.unmet == 0),
        )
    }

    /// The place among its wishes of the best role that a player can have in a list.
    pub(in crate::matching::alliance) fn least_wish(
        &self,
        list: usize,
        request: RequestId,
    ) -> Option<u32> {
        let (list, request) = (&self.lists[list], self.requests.get(request));
        let known = request.roles.iter();
        let named = known.filter(|(role, _)| list.place_of(*role).is_some());
        let named = named.map(|(_, wish)| *wish).min();
        named.into_iter().chain(request.any).min()
    }

    /// Whether these players, by team, can fill the roles of as many teams.
    pub(in crate::matching::alliance) fn fills(&self, crews: &[Vec<RequestId>]) -> bool {
        let is_right = |list: usize, crew: &[RequestId]| {
            let outlook = self.outlook(list, crew);
            outlook.is_some_and(|outlook| outlook.unmet == 0)
        };
        if !self.has_places() {
            return crews.iter().all(|crew| is_right(0, crew));
        }
        let places = 0..self.of_places.len();
        let fits: Vec<Vec<bool>> = places
            .clone()
            .map(|place| {
                let list = self.list_of(place);
                crews.iter().map(|crew| is_right(list, crew)).collect()
            })
            .collect();
        let required: Vec<bool> = places
            .map(|place| self.is_required(self.list_of(place)))
            .collect();
        are_matched(&fits, &required, crews.len())
    }

    /// Maximum number of players of a match whose teams have at most so many.
    pub(in crate::matching::alliance) fn capacity(&self, players_max: u32) -> u64 {
        let of_list = |list: usize| {
            let each = self.max_players(list).min(u64::from(players_max));
            each * u64::from(self.places(list))
        };
        (0..self.lists()).map(of_list).sum()
    }

    /// Maximum number of players that have a role in a team with that list.
    pub(in crate::matching::alliance) fn max_players(&self, list: usize) -> u64 {
        let list = &self.lists[list];
        match list.is_free() {
            true => u64::MAX,
            false => list.bounds.iter().map(|(_, max)| u64::from(*max)).sum(),
        }
    }

    /// What these players can make of a team with that list. `None` if they cannot all be placed.
    ///
    /// O(p^2 r) for p players and r roles at the worst; a few steps for each player in most teams.
    pub(in crate::matching::alliance) fn outlook(
        &self,
        list: usize,
        crew: &[RequestId],
    ) -> Option<Outlook> {
        self.outlook_beside(list, &[], crew)
    }

    /// The same beside players who have their roles, so many in roles of the list by their places. Where
    /// they are more than a role takes, it takes no other one.
    pub(in crate::matching::alliance) fn outlook_beside(
        &self,
        list: usize,
        seated: &[(u32, u32)],
        crew: &[RequestId],
    ) -> Option<Outlook> {
        let list = &self.lists[list];
        if seated.is_empty()
            && let Some(sums) = &list.sums
        {
            return sums.outlook(crew.iter().map(|request| {
                let request = self.requests.get(*request);
                match request.any {
                    Some(_) => sums.all(),
                    None => list.mask_of(request),
                }
            }));
        }
        let mut desk = self.desk.borrow_mut();
        desk.begin(seated);
        for request in crew {
            let request = self.requests.get(*request);
            if request.any.is_some() {
                if list.is_free() {
                    // It plays `any` at the worst, which is in nobody's way.
                    continue;
                }
                let all = 0..list.bounds.len() as u32;
                desk.options.extend(all);
            } else {
                let known = request.roles.iter();
                let known = known.filter_map(|(role, _)| list.place_of(*role));
                desk.options.extend(known);
            }
            desk.end_player();
        }
        let mut filled = 0;
        let met = |(place, count): &(u32, u32)| {
            list.bounds
                .get(*place as usize)
                .map_or(0, |(min, _)| *count.min(min))
        };
        let needed: u32 = list.bounds.iter().map(|(min, _)| *min).sum();
        let needed = needed - seated.iter().map(met).sum::<u32>();
        if needed > 0 {
            for player in 0..desk.ends.len() {
                filled += u32::from(desk.place(player, &|role| list.bounds[role as usize].0));
                if filled == needed {
                    break;
                }
            }
        }
        let max = |role: u32| list.bounds.get(role as usize).map_or(1, |(_, max)| *max);
        for player in 0..desk.ends.len() {
            if desk.plays[player] == NOWHERE && !desk.place(player, &max) {
                return None;
            }
        }
        Some(Outlook {
            unmet: needed - filled,
        })
    }
}

impl List {
    fn of(roles: &[Role], requests: &Requests) -> Self {
        let mut list = Self {
            bounds: Vec::with_capacity(roles.len()),
            at: vec![NOWHERE; requests.names()],
            places: 0,
            is_required: roles.iter().any(|role| role.min > 0),
            sums: None,
        };
        for (at, role) in (0..).zip(roles) {
            list.bounds.push((role.min, role.max));
            if let Some(name) = requests.role(&role.name) {
                list.at[name as usize] = at;
            }
        }
        list.sums = Sums::of(&list.bounds);
        list
    }

    /// The roles of a list that a player asks for, a bit each.
    fn mask_of(&self, request: &Request) -> usize {
        let known = request.roles.iter();
        let places = known.filter_map(|(role, _)| self.place_of(*role));
        places.fold(0, |mask, place| mask | 1 << place)
    }

    /// Whether any name may be played, once.
    fn is_free(&self) -> bool {
        self.bounds.is_empty()
    }

    /// Where a role stands; where any may be played, its number.
    #[inline]
    fn place_of(&self, role: RoleId) -> Option<u32> {
        if self.is_free() {
            return Some(role);
        }
        let at = self.at.get(role as usize).copied();
        at.filter(|at| *at != NOWHERE)
    }
}
