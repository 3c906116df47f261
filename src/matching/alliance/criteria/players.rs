//! A player is in a match once (docs/semantics.md, "Candidates").

use hashbrown::HashMap;

use crate::matching::Reason;
use crate::matching::alliance::intern::Lists;
use crate::matching::alliance::pool::{Id, Pool};

/// The players of every row, as numbers.
#[derive(Debug)]
pub(crate) struct Players {
    of: Lists,
    count: usize,
    /// Whether a player is in two rows. Where none is, nothing is tested.
    shared: bool,
}

/// The players of a group.
#[derive(Debug)]
pub(crate) struct PlayersInside {
    /// For each player, whether it is in the group; empty where no player is in two rows.
    inside: Vec<bool>,
}

impl Players {
    /// Reads the players, and returns the number of each id, too.
    pub(super) fn of(pool: &Pool) -> (Self, HashMap<&str, u32>) {
        let mut numbers: HashMap<&str, u32> = HashMap::with_capacity(pool.rows() as usize);
        let (mut of, mut listed) = (Lists::default(), 0);
        for ticket in pool.all() {
            listed += ticket.players.len();
            of.push(ticket.players.iter().map(|player| {
                let next = u32::try_from(numbers.len()).expect("fewer players than bytes");
                *numbers.entry(&*player.id).or_insert(next)
            }));
        }
        let players = Self {
            of,
            count: numbers.len(),
            shared: numbers.len() < listed,
        };
        (players, numbers)
    }

    /// The numbers of a row's players.
    pub(super) fn get(&self, id: Id) -> &[u32] {
        self.of.get(id)
    }

    /// How many players there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// A group without players.
    pub(crate) fn inside(&self) -> PlayersInside {
        PlayersInside {
            inside: vec![false; if self.shared { self.count } else { 0 }],
        }
    }
}

impl PlayersInside {
    /// Whether no player of the ticket is in the group.
    pub(crate) fn admits(&self, players: &Players, id: Id) -> Result<(), Reason> {
        let twice = players.shared
            && players
                .get(id)
                .iter()
                .any(|player| self.inside[*player as usize]);
        if twice {
            return Err(Reason::SharedPlayer);
        }
        Ok(())
    }

    pub(crate) fn push(&mut self, players: &Players, id: Id) {
        self.mark(players, id, true);
    }

    pub(crate) fn pop(&mut self, players: &Players, id: Id) {
        self.mark(players, id, false);
    }

    /// Whether the group's players decide nothing about later tickets.
    pub(crate) fn is_silent(&self) -> bool {
        self.inside.is_empty()
    }

    fn mark(&mut self, players: &Players, id: Id, present: bool) {
        if players.shared {
            for player in players.get(id) {
                self.inside[*player as usize] = present;
            }
        }
    }
}
