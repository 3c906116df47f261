//! One run of the match function over the queue of one match pool.

use std::fmt;

use smallvec::SmallVec;
use uuid::Uuid;

use super::{Attributes, QualityCounts, Reason, TeamIds, Text, Ticket, region_preferences};

/// Everything a tick needs to know that is not data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TickContext {
    /// The time, in Unix ms, read once when the tick's parameters arrived. Ages are measured to it.
    pub now_ms: i64,
    /// AGS's number of the tick; a retried tick has the same one.
    pub tick_id: u64,
    /// Bytes that a match or a proposal may have in its encoded form, see [`answer`](super::answer).
    pub max_answer_bytes: u64,
}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Go,
    /// End the tick: the client is gone or the time is spent. What is left waits for the next one.
    Stop,
}

/// Where a tick puts what it has decided.
pub trait MatchOut {
    /// Takes a match as soon as it is complete. May block while the client is slow to read.
    fn offer(&mut self, made: Match) -> Flow;

    /// Takes back a ticket that is in no match, with the reason.
    fn leave(&mut self, ticket: Ticket, reason: Reason);

    /// Says that so many values of an attribute that rules measure are not numbers, and so count as
    /// 0. To be said once for each attribute.
    fn wrong_type(&mut self, _attribute: &Text, _values: u64) {}

    /// Says how good the next match is, as far as its rules can tell. To be said right before it is
    /// offered.
    fn goodness(&mut self, _of: &Goodness<'_>) {}

    /// Says what was done for the quality of the matches. To be said once, before they are offered.
    fn quality(&mut self, _counts: QualityCounts) {}

    /// Whether to go on. To be asked now and then in long work; costs one clock reading.
    fn flow(&self) -> Flow;
}

/// A tick under way: a state machine fed by the stream.
pub trait Tick: fmt::Debug + Send {
    /// Takes the next ticket of the queue. It must be quick (it runs where the stream is read);
    /// long work belongs in [`Tick::finish`]. After [`Flow::Stop`] nothing more is pushed.
    fn push(&mut self, ticket: Ticket, out: &mut dyn MatchOut) -> Flow;

    /// The queue is complete: makes the last matches and leaves every other ticket.
    fn finish(self: Box<Self>, out: &mut dyn MatchOut);

    /// Whether [`Tick::finish`] can take longer than a few microseconds. It then runs on a thread
    /// of its own, so that it holds up no other call.
    fn finish_is_heavy(&self) -> bool {
        true
    }
}

/// A tick of a logic that looks at all tickets together: `finish` gets them, in the order of the
/// queue, when the last one is in. It has to offer or leave each, unless the sink says stop.
pub fn whole_queue(
    finish: impl FnOnce(Vec<Ticket>, &mut dyn MatchOut) + Send + 'static,
) -> Box<dyn Tick> {
    Box::new(WholeQueue {
        tickets: Vec::new(),
        finish,
    })
}

struct WholeQueue<F> {
    tickets: Vec<Ticket>,
    finish: F,
}

impl<F> fmt::Debug for WholeQueue<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tickets = self.tickets.len();
        write!(f, "WholeQueue of {tickets} tickets")
    }
}

impl<F: FnOnce(Vec<Ticket>, &mut dyn MatchOut) + Send> Tick for WholeQueue<F> {
    fn push(&mut self, ticket: Ticket, _out: &mut dyn MatchOut) -> Flow {
        self.tickets.push(ticket);
        Flow::Go
    }

    fn finish(self: Box<Self>, out: &mut dyn MatchOut) {
        (self.finish)(self.tickets, out);
    }
}

/// How good a match is, as far as its rules can tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Goodness<'r> {
    /// What its rules measure, each attribute once.
    pub measures: SmallVec<[Measure<'r>; 2]>,
    /// The worst latency of a ticket in the region of the match, in ms; `None` if none is known.
    pub latency_ms: Option<i64>,
    /// Its players beside those that it can have, above 0 to 1.
    pub fill: f64,
}

/// A measured attribute in a match, by the means of its parties.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure<'r> {
    /// Its name.
    pub attribute: &'r Text,
    /// The largest difference between two parties, beside the largest reference of its rule.
    pub spread: f64,
    /// The largest difference between the means of two teams, beside the same.
    pub gap: f64,
}

/// A finished match.
#[derive(Debug, Default)]
pub struct Match {
    /// The teams, each with its tickets. A ticket is never split.
    pub teams: Vec<Team>,
    /// Regions to look for a game server in, best first; `any` alone if none is preferred.
    pub region_preferences: Vec<Text>,
    /// What the match has in common; becomes the session's attributes.
    pub attributes: Attributes,
    /// Whether players may join later.
    pub backfill: bool,
    /// The game server that the match asks for; empty for any.
    pub server_name: Text,
    /// The version of the game that its players have; empty for any.
    pub client_version: Text,
}

impl Match {
    /// A match of these teams, each a list of tickets: it may be played in any region that they can
    /// reach, and asks for no backfill.
    pub fn of_teams(context: &TickContext, teams: impl IntoIterator<Item = Vec<Ticket>>) -> Self {
        let unnamed = |tickets| Team {
            id: Uuid::nil(),
            tickets,
        };
        let mut made = Self {
            teams: teams.into_iter().map(unnamed).collect(),
            ..Self::default()
        };
        let ids = TeamIds::new(context.tick_id, made.tickets());
        for (number, team) in made.teams.iter_mut().enumerate() {
            team.id = ids.of(number);
        }
        made.region_preferences = region_preferences(made.tickets());
        made
    }

    /// The tickets of all teams, team by team.
    pub fn tickets(&self) -> impl Iterator<Item = &Ticket> {
        self.teams.iter().flat_map(|team| &team.tickets)
    }
}

/// A team of a match.
#[derive(Debug)]
pub struct Team {
    /// Its id, see [`team_id`](super::team_id).
    pub id: Uuid,
    /// The parties that play in it.
    pub tickets: Vec<Ticket>,
}
