//! Blocked players: never in one match, never in one team, or without effect (docs/semantics.md,
//! "Blocks").

use std::rc::Rc;

use hashbrown::{HashMap, HashSet};

use super::players::Players;
use crate::matching::alliance::BlockPolicy;
use crate::matching::alliance::intern::Lists;
use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::{Attributes, Reason, Text, Ticket, Value};

/// The ticket attribute that lists the ids of blocked players.
pub(crate) const BLOCKED_PLAYERS: &str = "blocked_players";

/// The players that every row blocks.
#[derive(Debug)]
pub(crate) struct Blocks {
    policy: BlockPolicy,
    /// Numbers of the players that a row blocks, as far as they are in the pool, ascending.
    of: Lists,
    /// Whether a player in the pool is blocked and the rules care.
    matter: bool,
}

/// The blocks of a group.
#[derive(Debug)]
pub(crate) struct BlocksInside {
    /// For each player, whether it is in the group.
    inside: Vec<bool>,
    /// For each player, how many tickets of the group block it.
    blocked: Vec<u32>,
    tickets: Vec<Id>,
    /// Pairs of places in the group that may not be in one team.
    apart: Vec<(u32, u32)>,
}

impl Blocks {
    pub(super) fn of(policy: BlockPolicy, pool: &Pool, numbers: &HashMap<&str, u32>) -> Self {
        let mut of = Lists::default();
        let mut blocked: Vec<u32> = Vec::new();
        for ticket in pool.all() {
            blocked.clear();
            // A player who is not in the pool cannot be met.
            blocked.extend(blocked_by(&ticket.attributes).filter_map(|id| numbers.get(&**id)));
            blocked.sort_unstable();
            blocked.dedup();
            of.push(blocked.iter().copied());
        }
        Self {
            policy,
            matter: policy != BlockPolicy::CanMatch && !of.all_empty(),
            of,
        }
    }

    /// A group without tickets.
    pub(crate) fn inside(&self, players: &Players) -> BlocksInside {
        let count = if self.matter { players.len() } else { 0 };
        BlocksInside {
            inside: vec![false; count],
            blocked: vec![0; count],
            tickets: Vec::new(),
            apart: Vec::new(),
        }
    }

    /// Whether a player of one row is blocked by the other.
    fn between(&self, players: &Players, a: Id, b: Id) -> bool {
        self.blocks(players, a, b) || self.blocks(players, b, a)
    }

    fn blocks(&self, players: &Players, a: Id, b: Id) -> bool {
        let blocked = self.of.get(a);
        let mut players = players.get(b).iter();
        players.any(|player| blocked.binary_search(player).is_ok())
    }
}

impl BlocksInside {
    /// Pairs of places in the group that may not be in one team.
    pub(crate) fn apart(&self) -> &[(u32, u32)] {
        &self.apart
    }

    /// Whether the ticket may be in one match with the group.
    pub(crate) fn admits(&self, blocks: &Blocks, players: &Players, id: Id) -> Result<(), Reason> {
        if blocks.policy == BlockPolicy::CannotMatch && self.meets(blocks, players, id) {
            return Err(Reason::Blocked);
        }
        Ok(())
    }

    /// Whether the ticket blocks a player of the group, or one of the group blocks it.
    fn meets(&self, blocks: &Blocks, players: &Players, id: Id) -> bool {
        let blocked = |player: &u32| self.blocked[*player as usize] > 0;
        let inside = |player: &u32| self.inside[*player as usize];
        blocks.matter
            && (blocks.of.get(id).iter().any(inside) || players.get(id).iter().any(blocked))
    }

    pub(crate) fn push(&mut self, blocks: &Blocks, players: &Players, id: Id) {
        if !blocks.matter {
            return;
        }
        if blocks.policy == BlockPolicy::DifferentTeam && self.meets(blocks, players, id) {
            let place = self.tickets.len() as u32;
            for (other, ticket) in (0..).zip(&self.tickets) {
                if blocks.between(players, *ticket, id) {
                    self.apart.push((other, place));
                }
            }
        }
        self.tickets.push(id);
        for player in players.get(id) {
            self.inside[*player as usize] = true;
        }
        for player in blocks.of.get(id) {
            self.blocked[*player as usize] += 1;
        }
    }

    /// Undoes the last push.
    pub(crate) fn pop(&mut self, blocks: &Blocks, players: &Players, id: Id) {
        if !blocks.matter {
            return;
        }
        self.tickets.pop();
        let place = self.tickets.len() as u32;
        while self.apart.last().is_some_and(|(_, later)| *later == place) {
            self.apart.pop();
        }
        for player in players.get(id) {
            self.inside[*player as usize] = false;
        }
        for player in blocks.of.get(id) {
            self.blocked[*player as usize] -= 1;
        }
    }

    /// Whether the group's blocks decide nothing about later tickets.
    pub(crate) fn is_silent(&self) -> bool {
        self.inside.is_empty()
    }
}

/// Players of a running session's team and those whom they block.
#[derive(Debug, Clone, Default)]
pub(crate) struct BlocksOfTeam {
    inside: HashSet<Text>,
    blocked: HashSet<Text>,
    /// Players whom some of the session block, and teams share the list.
    shared: Rc<HashSet<Text>>,
}

impl BlocksOfTeam {
    /// Adds players of whom nothing but the id is known.
    pub(crate) fn add_players<'t>(&mut self, ids: impl IntoIterator<Item = &'t Text>) {
        self.inside.extend(ids.into_iter().cloned());
    }

    /// Adds players whom one of the team blocks.
    pub(crate) fn add_blocked<'t>(&mut self, ids: impl IntoIterator<Item = &'t Text>) {
        self.blocked.extend(ids.into_iter().cloned());
    }

    /// Sets the players who count as blocked in other teams as well.
    pub(crate) fn share_blocked(&mut self, ids: &Rc<HashSet<Text>>) {
        self.shared = Rc::clone(ids);
    }

    /// How many teams have the list that this one shares.
    #[cfg(test)]
    pub(crate) fn shared_by(&self) -> usize {
        Rc::strong_count(&self.shared)
    }

    /// Whether the ticket may not be in this team.
    pub(crate) fn meets(&self, ticket: &Ticket) -> bool {
        let mut players = ticket.player_ids();
        players.any(|id| self.blocked.contains(id) || self.shared.contains(id))
            || blocked_by(&ticket.attributes).any(|id| self.inside.contains(id))
    }
}

/// The ids that the attribute `blocked_players` lists; one alone may be a plain text.
pub(crate) fn blocked_by(attributes: &Attributes) -> impl Iterator<Item = &Text> {
    let listed = match attributes.get(BLOCKED_PLAYERS) {
        Some(Value::List(listed)) => &listed[..],
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    listed.iter().filter_map(|value| match value {
        Value::Text(id) if !id.is_empty() => Some(id),
        _ => None,
    })
}

/// What a match says: the ids that its tickets block, each once. `None` if they block no player.
pub(crate) fn united<'t>(attributes: impl IntoIterator<Item = &'t Attributes>) -> Option<Value> {
    let mut blocked: Vec<Value> = Vec::new();
    let mut seen = HashSet::new();
    for id in attributes.into_iter().flat_map(blocked_by) {
        if seen.insert(id) {
            blocked.push(Value::Text(id.clone()));
        }
    }
    (!blocked.is_empty()).then_some(Value::List(blocked))
}
