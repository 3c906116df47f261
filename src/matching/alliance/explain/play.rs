//! A tick that is played turn by turn, until it is known what becomes of a ticket.

use std::collections::HashSet;

use super::Plays;
use crate::matching::alliance::AllianceRules;
use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::alliance::quality;
use crate::matching::alliance::rules::Quality;
use crate::matching::alliance::tick::{Made, Turns};
use crate::matching::explain::{PutOff, Scene, copy};
use crate::matching::{Flow, Match, MatchOut, Reason, TickContext, Ticket};

/// A tick that is played turn by turn.
pub(super) struct Play<'r> {
    pub(super) turns: Turns<'r>,
    unfit: Vec<(u32, Reason)>,
}

/// What became of a ticket, and at which turn.
pub(super) enum End<'r> {
    /// It has no turn.
    Unfit(Reason),
    /// Its own turn came, and there was no match; and it was in none of a younger pivot.
    Left {
        reason: Reason,
        /// The arrivals of those that waited then, itself among them.
        at_turn: HashSet<u32>,
    },
    /// It is in the match of that number, from 1.
    Matched {
        number: usize,
        made: Box<Made<'r>>,
        id: Id,
    },
}

/// Keeps why tickets have no turn.
#[derive(Default)]
struct Unfit(Vec<(u32, Reason)>);

impl MatchOut for Unfit {
    fn offer(&mut self, _made: Match) -> Flow {
        Flow::Go
    }

    fn leave(&mut self, ticket: Ticket, reason: Reason) {
        self.0.push((ticket.arrival, reason));
    }

    fn flow(&self) -> Flow {
        Flow::Go
    }
}

impl<'r> Play<'r> {
    pub(super) fn of(rules: &'r AllianceRules, scene: &Scene) -> Self {
        Self::begin(
            rules,
            scene.context,
            scene.tickets.iter().map(copy).collect(),
        )
    }

    /// A tick of these tickets.
    pub(super) fn begin(
        rules: &'r AllianceRules,
        context: TickContext,
        tickets: Vec<Ticket>,
    ) -> Self {
        let mut unfit = Unfit::default();
        let turns = Turns::begin(rules, context, tickets, &mut unfit);
        let unfit = unfit.0;
        Self { turns, unfit }
    }

    /// The ticket that arrived at that place, if it has a turn.
    pub(super) fn id_of(&self, arrival: u32) -> Option<Id> {
        let waiting = self.waiting();
        let mut waiting = waiting.filter(|id| self.turns.pool.ticket(*id).arrival == arrival);
        waiting.next()
    }

    /// The tickets that wait, oldest first.
    pub(super) fn waiting(&self) -> impl Iterator<Item = Id> {
        let pool = &self.turns.pool;
        (0..pool.len()).filter(|id| pool.waits(*id))
    }

    /// Gives each ticket its turn until it is known what becomes of one.
    pub(super) fn until_decided(&mut self, arrival: u32) -> End<'r> {
        let Some(id) = self.id_of(arrival) else {
            let mut unfit = self.unfit.iter();
            let reason = unfit.find(|(of, _)| *of == arrival);
            return End::Unfit(reason.map_or(Reason::InvalidTicket, |(_, reason)| *reason));
        };
        if let Some(quality) = &self.turns.rules.quality {
            return self.decided(quality, id);
        }
        let (mut reason, mut number, mut found) = (Reason::Budget, 0, None);
        let mut at_turn = HashSet::new();
        self.play_to(self.turns.pool.len(), |pool, pivot, taken| {
            match taken {
                Ok(made) => {
                    number += 1;
                    if made.ids.contains(&id) {
                        found = Some(Box::new(made));
                        return Flow::Stop;
                    }
                }
                Err(why) if pivot == id => {
                    reason = why;
                    at_turn = arrivals(pool).collect();
                }
                Err(_) => {}
            }
            Flow::Go
        });
        match found {
            Some(made) => End::Matched { number, made, id },
            None => End::Left { reason, at_turn },
        }
    }

    /// What becomes of a ticket where matches are improved or put off.
    fn decided(&mut self, quality: &'r Quality, id: Id) -> End<'r> {
        let at_turn = arrivals(&self.turns.pool).collect();
        let decided = quality::decide(&mut self.turns, quality, &|| Flow::Go);
        let (mut number, mut found) = (0, None);
        let reasons = decided.make(&mut self.turns, |made| {
            number += 1;
            if made.ids.contains(&id) {
                found = Some((number, Box::new(made)));
            }
        });
        match found {
            Some((number, made)) => End::Matched { number, made, id },
            None => End::Left {
                reason: reasons[id as usize],
                at_turn,
            },
        }
    }

    /// The match that a ticket would make beside all others, and why it is put off.
    pub(super) fn put_off(mut self, arrival: u32) -> Option<PutOff> {
        let hold = self.turns.rules.quality.as_ref()?.hold.as_ref()?;
        let id = self.id_of(arrival)?;
        quality::put_off(&mut self.turns, hold, id)
    }

    /// Gives each ticket before that one its turn, as long as `each` says to go on.
    fn play_to(
        &mut self,
        end: Id,
        mut each: impl FnMut(&Pool, Id, Result<Made<'r>, Reason>) -> Flow,
    ) {
        for pivot in 0..end {
            if !self.turns.pool.waits(pivot) {
                continue;
            }
            let taken = self.turns.take(pivot, &|| Flow::Go);
            let is_over = matches!(taken, Err(Reason::Budget));
            if each(&self.turns.pool, pivot, taken) == Flow::Stop || is_over {
                return;
            }
        }
    }

    /// Plays the tick to its end: the arrival of each ticket that is left, and why.
    pub(super) fn play_out(mut self) -> (Vec<(u32, Reason)>, Plays) {
        let mut at_turn = vec![Reason::Budget; self.turns.pool.len() as usize];
        if let Some(quality) = &self.turns.rules.quality {
            let decided = quality::decide(&mut self.turns, quality, &|| Flow::Go);
            at_turn = decided.make(&mut self.turns, |_| {});
        } else {
            self.play_to(self.turns.pool.len(), |_, pivot, taken| {
                if let Err(reason) = taken {
                    at_turn[pivot as usize] = reason;
                }
                Flow::Go
            });
        }
        let pool = &self.turns.pool;
        let left = self
            .waiting()
            .map(|id| (pool.ticket(id).arrival, at_turn[id as usize]));
        let left = left.chain(self.unfit.iter().copied()).collect();
        (left, Plays::of(&self))
    }

    /// The tick as it is before the turn of a ticket.
    pub(super) fn up_to(mut self, id: Id) -> Self {
        self.play_to(id, |_, _, _| Flow::Go);
        self
    }

    /// Whether the ticket that arrived at that place finds a match at its turn, all others waiting.
    pub(super) fn finds_match(mut self, arrival: u32) -> bool {
        let id = self.id_of(arrival);
        id.is_some_and(|id| self.turns.take(id, &|| Flow::Go).is_ok())
    }
}

/// The arrivals of the tickets that wait.
fn arrivals(pool: &Pool) -> impl Iterator<Item = u32> {
    let waiting = (0..pool.len()).filter(|id| pool.waits(*id));
    waiting.map(|id| pool.ticket(id).arrival)
}
