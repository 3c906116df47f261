//! Who plays what in a team (docs/semantics.md, "Who plays what").
//!
//! The least total cost is a flow of least cost from players over roles, and so is the rest of the
//! order: a role's players cost their number squared, as even numbers have the least sum of squares,
//! and a place of a minimum is worth more than any cost. Players are added one by one, each along the
//! cheapest path on which others change their roles. Then each player in order gets the best that it
//! can have at no cost to the whole: a change that costs nothing is a cycle of weight 0 in what is
//! left of the flow's network.

mod network;

use super::ANY;
use super::requests::RequestId;
use super::staff::Staff;
use crate::matching::Text;
use network::Cost;

/// A player of a team.
#[derive(Debug, Default)]
struct Actor {
    /// The roles that it can play, with the place of each in its wishes. In order of the list.
    options: Vec<(usize, i64)>,
    /// Which of the options it plays.
    plays: Option<usize>,
    holds: Hold,
}

/// What of a player's part is settled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Hold {
    #[default]
    Nothing,
    /// Its cost.
    Cost,
    Role,
}

/// A role of a team.
#[derive(Debug, Clone, Copy)]
struct Part {
    min: u32,
    max: u32,
    /// Those who play it and are not among the actors.
    seated: u32,
    count: u32,
}

/// The roles of a team, while they are given out.
#[derive(Debug)]
pub(in crate::matching::alliance) struct Casting<'s> {
    staff: &'s Staff,
    list: usize,
    parts: Vec<Part>,
    actors: Vec<Actor>,
    /// The number of each part's role where each name may be played once; the last part is `any`.
    names: Vec<u32>,
    is_unique: bool,
    /// Players at the end of the actors who are seated without a role that is known.
    extras: usize,
    /// Places of the minima that may stay empty.
    free: u64,
    /// More than all wishes together.
    much: i64,
}

impl<'s> Casting<'s> {
    /// A team with that list and these players, in the order of the match.
    pub(in crate::matching::alliance) fn new(
        staff: &'s Staff,
        list: usize,
        crew: impl IntoIterator<Item = RequestId>,
    ) -> Self {
        let bounds = staff.bounds(list).iter();
        let part = |&(min, max): &(u32, u32)| Part {
            min,
            max,
            seated: 0,
            count: 0,
        };
        let mut casting = Self {
            staff,
            list,
            parts: bounds.map(part).collect(),
            actors: Vec::new(),
            names: Vec::new(),
            is_unique: staff.bounds(list).is_empty(),
            extras: 0,
            free: 0,
            much: 1,
        };
        for request in crew {
            casting.add(request);
        }
        casting
    }

    /// The team has others already: so many in roles of the list, by their places, and some of whom it is
    /// only known what they ask for. There are `free` seats, which may fill minima later.
    pub(in crate::matching::alliance) fn beside(
        mut self,
        seated: &[(u32, u32)],
        extras: &[RequestId],
        free: u64,
    ) -> Self {
        for (place, count) in seated {
            let part = if self.is_unique {
                self.unique(*place)
            } else {
                *place as usize
            };
            self.parts[part].seated += count;
            self.parts[part].count += count;
        }
        for request in extras {
            let actor = self.actors.len();
            self.add(*request);
            // Nobody knows what they would rather play.
            self.actors[actor]
                .options
                .iter_mut()
                .for_each(|option| option.1 = 0);
        }
        self.extras = extras.len();
        self.free = free;
        self
    }

    /// As many teams together: what all of their roles take.
    pub(in crate::matching::alliance) fn for_teams(mut self, teams: u32) -> Self {
        for part in &mut self.parts {
            part.min = part.min.saturating_mul(teams);
            part.max = part.max.saturating_mul(teams);
        }
        self
    }

    fn add(&mut self, request: RequestId) {
        let request = self.staff.requests().get(request);
        let mut options: Vec<(usize, i64)> = Vec::new();
        for (role, place) in &request.roles {
            if let Some(at) = self.staff.place_of(self.list, *role) {
                let part = if self.is_unique {
                    self.unique(at)
                } else {
                    at as usize
                };
                options.push((part, i64::from(*place)));
            }
        }
        if let Some(any) = request.any.map(i64::from) {
            if self.is_unique {
                // Its part is not there yet: it comes after all names.
                options.push((usize::MAX, any));
            } else {
                let named: Vec<usize> = options.iter().map(|(part, _)| *part).collect();
                let others = (0..self.parts.len()).filter(|part| !named.contains(part));
                options.extend(others.map(|part| (part, any)));
            }
        }
        options.sort_unstable();
        self.much += options.iter().map(|(_, cost)| *cost).max().unwrap_or(0);
        self.actors.push(Actor {
            options,
            ..Actor::default()
        });
    }

    /// Adds the part of those who play `any` because each name may be played once: behind all others.
    fn close(&mut self) {
        if self.is_unique {
            let last = self.parts.len();
            self.parts.push(Part {
                min: 0,
                max: u32::MAX,
                seated: 0,
                count: 0,
            });
            let actors = self.actors.iter_mut();
            for option in actors.flat_map(|actor| &mut actor.options) {
                option.0 = option.0.min(last);
            }
        }
    }

    /// The part of a name that may be played once.
    fn unique(&mut self, name: u32) -> usize {
        let known = self.names.iter().position(|known| *known == name);
        known.unwrap_or_else(|| {
            self.names.push(name);
            self.parts.push(Part {
                min: 0,
                max: 1,
                seated: 0,
                count: 0,
            });
            self.names.len() - 1
        })
    }

    /// The least total cost of all ways to give each player a role, so that the team is right; `None`
    /// if there is none. O(p (p r + r^2)) for p players and r roles in most teams.
    pub(in crate::matching::alliance) fn least_cost(mut self) -> Option<u64> {
        self.seat_all().then(|| self.wishes())
    }

    /// The role of each player, those who were seated before left out. Of the ways of least total cost the one with the most even numbers; of these the one with the least costs, and
    /// then the one with the first roles of the list, in the order of the players. `None` if there is
    /// none.
    pub(in crate::matching::alliance) fn roles(mut self) -> Option<Vec<Text>> {
        if !self.seat_all() {
            return None;
        }
        let crew = self.actors.len() - self.extras;
        for hold in [Hold::Cost, Hold::Role] {
            for actor in 0..crew {
                self.settle(actor, hold);
            }
        }
        let names = self.actors[..crew].iter().map(|actor| {
            let (part, _) = actor.options[actor.plays?];
            let place = if self.is_unique {
                self.names.get(part).copied()
            } else {
                Some(part as u32)
            };
            match place {
                Some(place) => self.staff.name_at(self.list, place).cloned(),
                None => Some(Text::from_static(ANY)),
            }
        });
        names.collect()
    }

    fn seat_all(&mut self) -> bool {
        self.close();
        if !self.seat_first_wishes() {
            for actor in 0..self.actors.len() {
                if !self.seat(actor) {
                    return false;
                }
            }
        }
        self.filled() >= self.required()
    }

    /// Places of the minima that are filled by the actors.
    fn filled(&self) -> u64 {
        let parts = self.parts.iter();
        let filled = parts.map(|part| part.count.min(part.min) - part.seated.min(part.min));
        filled.map(u64::from).sum()
    }

    /// Places of the minima that the actors have to fill.
    fn required(&self) -> u64 {
        let parts = self.parts.iter();
        let lacking = parts.map(|part| u64::from(part.min.saturating_sub(part.seated)));
        lacking.sum::<u64>().saturating_sub(self.free)
    }

    /// Gives each player its first wish, if each has one and all go together. No other way costs as
    /// little then.
    fn seat_first_wishes(&mut self) -> bool {
        for at in 0..self.actors.len() {
            let mut first = (0..).zip(&self.actors[at].options);
            let mut first = first.by_ref().filter(|(_, (_, cost))| *cost == 0);
            let only = match (first.next(), first.next()) {
                (Some((option, (part, _))), None) => Some((option, *part)),
                _ => None,
            };
            let Some((option, part)) =
                only.filter(|(_, part)| self.parts[*part].count < self.parts[*part].max)
            else {
                self.unseat_all();
                return false;
            };
            self.actors[at].plays = Some(option);
            self.parts[part].count += 1;
        }
        if self.filled() >= self.required() {
            return true;
        }
        self.unseat_all();
        false
    }

    fn unseat_all(&mut self) {
        self.actors.iter_mut().for_each(|actor| actor.plays = None);
        self.parts
            .iter_mut()
            .for_each(|part| part.count = part.seated);
    }

    fn wishes(&self) -> u64 {
        let costs = self.actors.iter().map(|actor| {
            let option = actor.plays.map(|plays| actor.options[plays]);
            option.map_or(0, |(_, cost)| cost.unsigned_abs())
        });
        costs.sum()
    }

    /// Seats one more player at the least cost. `false` if there is no way.
    fn seat(&mut self, actor: usize) -> bool {
        let begin: Vec<(usize, Cost)> = self.actors[actor]
            .options
            .iter()
            .map(|(part, cost)| (*part, Cost(*cost, 0)))
            .collect();
        let end = self.parts.len() + 1;
        let (costs, steps) = self.cheapest(&begin, actor);
        if costs[end].is_none() {
            return false;
        }
        let first = self.go(&steps, end);
        self.play(actor, first);
        true
    }

    fn play(&mut self, actor: usize, part: usize) {
        let mut options = self.actors[actor].options.iter();
        self.actors[actor].plays = options.position(|(own, _)| *own == part);
    }

    /// Gives a player the best that it can have at no cost to the whole: a lower cost, or with its cost
    /// settled an earlier role.
    fn settle(&mut self, actor: usize, hold: Hold) {
        let Some(plays) = self.actors[actor].plays else {
            return;
        };
        let (here, own) = self.actors[actor].options[plays];
        let options = self.actors[actor].options.iter();
        let mut better: Vec<(i64, usize)> = match hold {
            Hold::Cost => options
                .filter(|(_, cost)| *cost < own)
                .map(|(part, cost)| (*cost, *part))
                .collect(),
            Hold::Nothing | Hold::Role => options
                .filter(|(part, cost)| *cost == own && *part < here)
                .map(|(part, cost)| (*cost, *part))
                .collect(),
        };
        better.sort_unstable();
        for (cost, part) in better {
            let (costs, steps) = self.cheapest(&[(part, Cost(cost - own, 0))], actor);
            if costs[here] == Some(Cost::default()) {
                self.go(&steps, here);
                self.play(actor, part);
                break;
            }
        }
        self.actors[actor].holds = hold;
    }
}
