//! Who plays what in a team (docs/semantics.md, "Who plays what").
//!
//! The least total cost is a flow of least cost from players over roles, and so is the rest of the
//! order: a role's players cost their number squared, as even numbers have the least sum of squares,
//! and a place of a minimum is worth more than any cost. Players are added one by one, each along the
//! cheapest path on which others change their roles. Then each player in order gets the best that it
//! can have at no cost to the whole: a change that costs nothing is a cycle of weight 0 in what is
//! left of the flow's network.

use std::ops::{Add, Sub};

use super::ANY;
use super::requests::RequestId;
use super::staff::Staff;
use crate::matching::Text;

/// What a change costs: wishes first, then how even the roles are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Cost(i64, i64);

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0, self.1 + other.1)
    }
}

impl Sub for Cost {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0, self.1 - other.1)
    }
}

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

/// A node of the network: a role by its part, or one of the two that come after all parts.
///
/// A role's players up to its minimum go to the end by way of the minima, where each that has to be
/// filled is worth more than all wishes; those beyond go there directly.
type Node = usize;

/// How a path came to a node.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The path begins here.
    Begin,
    /// A player of another role changes to this one: which, and to which of its options.
    Change(usize, usize),
    /// The role gives up a player, because another one got one more.
    GiveUp(Node),
    /// This role gets one more player.
    OneMore(usize),
    /// Nothing but a minimum is filled or left.
    Minimum(Node),
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

/// The cheapest ways that are known.
#[derive(Debug)]
struct Ways {
    costs: Vec<Option<Cost>>,
    steps: Vec<Step>,
    changed: bool,
}

impl Ways {
    /// Goes on from one node to another, if that is cheaper than all ways before.
    fn go(&mut self, from: Node, to: Node, cost: Cost, step: Step) {
        let Some(cost) = self.costs[from].map(|before| before + cost) else {
            return;
        };
        if self.costs[to].is_none_or(|known| cost < known) {
            self.costs[to] = Some(cost);
            self.steps[to] = step;
            self.changed = true;
        }
    }
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

    /// The cheapest ways from the given roles to all others, and to the end.
    fn cheapest(&self, begin: &[(usize, Cost)], but: usize) -> (Vec<Option<Cost>>, Vec<Step>) {
        let (minima, end) = (self.parts.len(), self.parts.len() + 1);
        let mut ways = Ways {
            costs: vec![None; end + 1],
            steps: vec![Step::Begin; end + 1],
            changed: true,
        };
        for (part, cost) in begin {
            ways.costs[*part] = Some(*cost);
        }
        let (filled, required) = (self.filled(), self.required());
        let worth = |counts: bool| Cost(if counts { self.much } else { 0 }, 0);
        // What is seated is as cheap as can be, so no cycle costs less than nothing and no way visits
        // a node twice.
        while std::mem::take(&mut ways.changed) {
            for (number, actor) in self.actors.iter().enumerate() {
                let may_change = number != but && actor.holds != Hold::Role;
                let Some(plays) = actor.plays.filter(|_| may_change) else {
                    continue;
                };
                let (here, own) = actor.options[plays];
                for (option, (there, wish)) in actor.options.iter().enumerate() {
                    if *there != here && (actor.holds == Hold::Nothing || *wish == own) {
                        let cost = Cost(wish - own, 0);
                        ways.go(here, *there, cost, Step::Change(number, option));
                    }
                }
            }
            for (at, part) in self.parts.iter().enumerate() {
                let squares = |count: u32| Cost(0, 2 * i64::from(count) + 1);
                if part.count < part.max {
                    let to = if part.count < part.min { minima } else { end };
                    ways.go(at, to, squares(part.count), Step::OneMore(at));
                }
                if part.count > part.seated {
                    let from = if part.count <= part.min { minima } else { end };
                    let less = Cost::default() - squares(part.count - 1);
                    ways.go(from, at, less, Step::GiveUp(from));
                }
            }
            let gain = Cost::default() - worth(filled < required);
            ways.go(minima, end, gain, Step::Minimum(minima));
            if filled > 0 {
                ways.go(end, minima, worth(filled <= required), Step::Minimum(end));
            }
        }
        (ways.costs, ways.steps)
    }

    /// Makes the changes of a way that ends there, from its end to its beginning. Returns the role at
    /// which it begins.
    fn go(&mut self, steps: &[Step], to: Node) -> usize {
        let mut at = to;
        let mut changes = Vec::new();
        loop {
            at = match steps[at] {
                Step::Begin => break,
                Step::OneMore(part) => {
                    self.parts[part].count += 1;
                    part
                }
                Step::GiveUp(from) => {
                    self.parts[at].count -= 1;
                    from
                }
                Step::Minimum(from) => from,
                Step::Change(actor, option) => {
                    changes.push((actor, option));
                    let plays = self.actors[actor].plays.expect("it is seated");
                    self.actors[actor].options[plays].0
                }
            };
        }
        for (actor, option) in changes {
            self.actors[actor].plays = Some(option);
        }
        at
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
