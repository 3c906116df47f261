//! Why a ticket was matched as it was, or waits: facts, for whoever shows them.
//!
//! A [`Scene`] is a tick that can be played as often as one likes, and a [`Change`] is what could be
//! different in it. A change is told only if the tick was played again with it and the ticket was then
//! matched.

mod age;
mod change;
mod scene;

use std::fmt;

use super::{Played, PlayedBackfill, Reason, Text, Ticket};

pub use age::{Aging, Held};
pub use change::Change;
pub use scene::{Scene, copy, copy_session};

/// What became of a ticket in a tick, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// What became of it.
    pub fate: Fate,
    /// How many of the others passed each test with it, when its turn came.
    pub funnel: Option<Funnel>,
    /// The changes that give it a match, each by itself, the smallest first. If no single one does,
    /// pairs of changes.
    pub misses: Vec<Miss>,
    /// The ticket that came closest: the one that failed one test only, and that by least.
    pub closest: Option<Closest>,
    /// The match that was put off, if that is why it waits.
    pub put_off: Option<PutOff>,
}

impl Explanation {
    /// A fate without anything else to say.
    pub fn of(fate: Fate) -> Self {
        Self {
            fate,
            funnel: None,
            misses: Vec::new(),
            closest: None,
            put_off: None,
        }
    }
}

/// A match that a ticket would make, and that a ruleset with `hold` puts off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PutOff {
    /// Tickets and players of the match.
    pub size: Count,
    /// What it costs in the score, by the attributes that have an exchange rate.
    pub cost: f64,
    /// What it may cost so as not to be put off: the worth of the time of its tickets.
    pub worth: f64,
    /// After how many more seconds it is not put off any longer, whatever it costs; at least 1.
    pub wait_s: i64,
}

/// What became of a ticket.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It was matched.
    Matched(Matched),
    /// It joined the session of that id.
    Joined(Text),
    /// It waits on.
    Left(Reason),
}

impl Fate {
    /// What a tick of matches did with the ticket of that arrival, without more about its match.
    pub fn in_tick(played: &Played, arrival: u32) -> Self {
        for (number, made) in (1..).zip(&played.matches) {
            if made.tickets().any(|ticket| ticket.arrival == arrival) {
                let mut size = Count::default();
                for ticket in made.tickets() {
                    size.add(u32::try_from(ticket.players.len()).unwrap_or(u32::MAX));
                }
                return Self::Matched(Matched::of(number, size));
            }
        }
        Self::left(&played.left, arrival)
    }

    /// What a tick of backfill did with it.
    pub fn in_backfill(played: &PlayedBackfill, arrival: u32) -> Self {
        let joined = played.proposals.iter().find(|proposal| {
            let mut added = proposal.added.iter();
            added.any(|ticket| ticket.arrival == arrival)
        });
        match joined {
            Some(proposal) => Self::Joined(proposal.session.match_session_id.clone()),
            None => Self::left(&played.left, arrival),
        }
    }

    fn left(left: &[(Ticket, Reason)], arrival: u32) -> Self {
        let mut left = left.iter();
        let reason = left.find(|(ticket, _)| ticket.arrival == arrival);
        Self::Left(reason.map_or(Reason::Budget, |(_, reason)| *reason))
    }
}

/// A match from the side of one of its tickets.
#[derive(Debug, Clone, PartialEq)]
pub struct Matched {
    /// The number of the match in the tick, from 1.
    pub number: usize,
    /// Tickets and players of the match.
    pub size: Count,
    /// The region that it was made for, if any ticket reports one.
    pub region: Option<Text>,
    /// Its sub game mode, if the ruleset has them.
    pub mode: Option<Text>,
    /// The id of the pivot's ticket; `None` if this ticket is the pivot.
    pub pivot: Option<Text>,
    /// Its place among all candidates of the pivot by score, from 1, and how many there were. `None` for
    /// the pivot.
    pub place: Option<(usize, usize)>,
    /// What its score is made of.
    pub terms: Vec<Term>,
}

impl Matched {
    /// A match of that number and size of which nothing else is known.
    pub fn of(number: usize, size: Count) -> Self {
        Self {
            number,
            size,
            region: None,
            mode: None,
            pivot: None,
            place: None,
            terms: Vec::new(),
        }
    }
}

/// A part of a score; lower is better.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// What it counts, such as `mmr is 40 away`.
    pub what: String,
    /// What it adds to the score.
    pub cost: f64,
}

/// Tickets, and their players.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Tickets.
    pub tickets: usize,
    /// Players of these tickets.
    pub players: u64,
}

impl Count {
    /// Counts a ticket of so many players, too.
    pub fn add(&mut self, players: u32) {
        self.tickets += 1;
        self.players += u64::from(players);
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tickets, players } = self;
        let many = |count: u64| if count == 1 { "" } else { "s" };
        let (of_tickets, of_players) = (many(*tickets as u64), many(*players));
        write!(
            f,
            "{tickets} ticket{of_tickets} with {players} player{of_players}"
        )
    }
}

/// How many other tickets passed each test with a ticket at its turn as pivot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Funnel {
    /// The region that was tried first, if any ticket reports one.
    pub region: Option<Text>,
    /// The sub game mode that was tried first, if the ruleset has them.
    pub mode: Option<Text>,
    /// The others that waited at its turn.
    pub others: Count,
    /// Each test in order, and who was left after it.
    pub steps: Vec<Step>,
    /// What a match needs.
    pub needs: Needed,
}

/// A test of a funnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was tested.
    pub test: String,
    /// Who was left.
    pub left: Count,
}

/// What a match of a ticket needs at least and takes at most, at its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needed {
    /// Players of the ticket itself.
    pub own: u32,
    /// Teams, minimum and maximum.
    pub teams: (u32, u32),
    /// Players of a team, minimum and maximum.
    pub players: (u32, u32),
    /// Whether each player has to have a role.
    pub roles: bool,
}

/// The ticket that came closest.
#[derive(Debug, Clone, PartialEq)]
pub struct Closest {
    /// Its id.
    pub ticket: Text,
    /// The only test that it failed.
    pub test: String,
    /// By how much, such as `by 12`; empty where there is nothing to measure.
    pub by: String,
}

/// What would have given a ticket a match: one change, or two together.
#[derive(Debug, Clone, PartialEq)]
pub struct Miss {
    /// The changes.
    pub changes: Vec<Change>,
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, change) in self.changes.iter().enumerate() {
            if at > 0 {
                f.write_str(", and ")?;
            }
            write!(f, "{change}")?;
        }
        Ok(())
    }
}

/// A ticket that waits on, and the smallest change that was found to give it a match.
#[derive(Debug, Clone, PartialEq)]
pub struct Left {
    /// Its place among the scene's tickets.
    pub place: usize,
    /// Why it waits.
    pub reason: Reason,
    /// What would have given it a match; `None` if nothing was found.
    pub miss: Option<Miss>,
}
