//! The network of a team's roles: what each change costs, and the cheapest ways through it.

use std::ops::{Add, Sub};

use super::{Casting, Hold};

/// What a change costs: wishes first, then how even the roles are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost(pub(super) i64, pub(super) i64);

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

/// A node of the network: a role by its part, or one of the two that come after all parts.
///
/// A role's players up to its minimum go to the end by way of the minima, where each that has to be
/// filled is worth more than all wishes; those beyond go there directly.
pub(super) type Node = usize;

/// How a path came to a node.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
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

impl Casting<'_> {
    /// The cheapest ways from the given roles to all others, and to the end.
    pub(super) fn cheapest(
        &self,
        begin: &[(usize, Cost)],
        but: usize,
    ) -> (Vec<Option<Cost>>, Vec<Step>) {
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
    pub(super) fn go(&mut self, steps: &[Step], to: Node) -> usize {
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
}
