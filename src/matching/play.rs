//! A tick without a server, for the tests of a logic.

use std::collections::BTreeMap;

use super::{
    BackfillOut, BackfillTick, Flow, Match, MatchLogic, MatchOut, Proposal, Reason, RulesError,
    Session, Tick, TickContext, Ticket,
};

/// What a tick did with its tickets: a sink that keeps everything.
#[derive(Debug, Default)]
pub struct Played {
    /// The matches, in the order they were made.
    pub matches: Vec<Match>,
    /// The other tickets, with the reason.
    pub left: Vec<(Ticket, Reason)>,
    stop_after: Option<usize>,
}

impl Played {
    /// A sink that says [`Flow::Stop`] once it has that many matches, as the server does when the
    /// client is gone. [`run`](Self::run) plays a tick into it.
    pub fn stopping_after(matches: usize) -> Self {
        Self {
            stop_after: Some(matches),
            ..Self::default()
        }
    }

    /// Plays an open tick into this sink: these tickets, numbered in this order. As on the server,
    /// a tick that answers [`Flow::Stop`] to a ticket gets no other one and is not finished.
    pub fn run(
        mut self,
        mut tick: Box<dyn Tick>,
        tickets: impl IntoIterator<Item = Ticket>,
    ) -> Self {
        for (arrival, ticket) in (0..).zip(tickets) {
            if tick.push(Ticket { arrival, ..ticket }, &mut self) == Flow::Stop {
                return self;
            }
        }
        tick.finish(&mut self);
        self
    }

    /// The ids of each match's tickets, team by team.
    pub fn ids(&self) -> Vec<Vec<&str>> {
        let tickets = self.matches.iter().map(Match::tickets);
        tickets
            .map(|tickets| tickets.map(|ticket| &*ticket.id).collect())
            .collect()
    }

    /// Why each other ticket was left, by its id.
    pub fn why_left(&self) -> BTreeMap<&str, Reason> {
        reasons(&self.left)
    }
}

impl MatchOut for Played {
    fn offer(&mut self, made: Match) -> Flow {
        self.matches.push(made);
        self.flow()
    }

    fn leave(&mut self, ticket: Ticket, reason: Reason) {
        self.left.push((ticket, reason));
    }

    fn flow(&self) -> Flow {
        flow(self.matches.len(), self.stop_after)
    }
}

/// What a backfill tick did with its sessions and tickets: a sink that keeps everything.
#[derive(Debug, Default)]
pub struct PlayedBackfill {
    /// The proposals, in the order they were made.
    pub proposals: Vec<Proposal>,
    /// The tickets that join no session, with the reason.
    pub left: Vec<(Ticket, Reason)>,
    /// The sessions that gained no ticket, with the reason.
    pub kept_open: Vec<(Session, Reason)>,
    stop_after: Option<usize>,
}

impl PlayedBackfill {
    /// A sink that says [`Flow::Stop`] once it has that many proposals, as the server does when the
    /// client is gone. [`run`](Self::run) plays a tick into it.
    pub fn stopping_after(proposals: usize) -> Self {
        Self {
            stop_after: Some(proposals),
            ..Self::default()
        }
    }

    /// Plays an open tick into this sink: these sessions, then these tickets, each numbered in this
    /// order. As on the server, a tick that answers [`Flow::Stop`] gets nothing more and is not
    /// finished.
    pub fn run(
        mut self,
        mut tick: Box<dyn BackfillTick>,
        sessions: impl IntoIterator<Item = Session>,
        tickets: impl IntoIterator<Item = Ticket>,
    ) -> Self {
        for (arrival, session) in (0..).zip(sessions) {
            if tick.push_session(Session { arrival, ..session }, &mut self) == Flow::Stop {
                return self;
            }
        }
        for (arrival, ticket) in (0..).zip(tickets) {
            if tick.push(Ticket { arrival, ..ticket }, &mut self) == Flow::Stop {
                return self;
            }
        }
        tick.finish(&mut self);
        self
    }

    /// For each proposal the id of the game session and the ids of the tickets that join it.
    pub fn ids(&self) -> Vec<(&str, Vec<&str>)> {
        let mut ids = Vec::with_capacity(self.proposals.len());
        for proposal in &self.proposals {
            let added = proposal.added.iter().map(|ticket| &*ticket.id).collect();
            ids.push((&*proposal.session.match_session_id, added));
        }
        ids
    }

    /// Why each ticket that joins no session was left, by its id.
    pub fn why_left(&self) -> BTreeMap<&str, Reason> {
        reasons(&self.left)
    }

    /// Why each session that gained no ticket stays open, by the id of the game session.
    pub fn why_open(&self) -> BTreeMap<&str, Reason> {
        self.kept_open
            .iter()
            .map(|(session, reason)| (&*session.match_session_id, *reason))
            .collect()
    }
}

impl BackfillOut for PlayedBackfill {
    fn propose(&mut self, proposal: Proposal) -> Flow {
        self.proposals.push(proposal);
        self.flow()
    }

    fn leave(&mut self, ticket: Ticket, reason: Reason) {
        self.left.push((ticket, reason));
    }

    fn keep_open(&mut self, session: Session, reason: Reason) {
        self.kept_open.push((session, reason));
    }

    fn flow(&self) -> Flow {
        flow(self.proposals.len(), self.stop_after)
    }
}

fn flow(made: usize, stop_after: Option<usize>) -> Flow {
    if stop_after.is_some_and(|stop_after| made >= stop_after) {
        Flow::Stop
    } else {
        Flow::Go
    }
}

fn reasons(left: &[(Ticket, Reason)]) -> BTreeMap<&str, Reason> {
    left.iter()
        .map(|(ticket, reason)| (&*ticket.id, *reason))
        .collect()
}

/// Plays one tick of a logic: the ruleset as AGS sends it, then these tickets, numbered in this
/// order. Time and number of the tick are `context`.
///
/// # Errors
///
/// The logic does not take the ruleset.
pub fn play<L: MatchLogic>(
    logic: &L,
    ruleset: &str,
    context: TickContext,
    tickets: impl IntoIterator<Item = Ticket>,
) -> Result<Played, RulesError> {
    let tick = logic.open(logic.rules(ruleset)?.rules, context);
    Ok(Played::default().run(tick, tickets))
}

/// Plays one backfill tick of a logic: the ruleset as AGS sends it, then these sessions and these
/// tickets, each numbered in this order. Time and number of the tick are `context`.
///
/// ```
/// use match_function::matching::{
///     AgsLogic, Player, Session, TickContext, Ticket, play_backfill,
/// };
///
/// let ticket = |id: &'static str| Ticket {
///     id: id.into(),
///     players: vec![Player { id: format!("{id}'s player").into(), ..Player::default() }],
///     ..Ticket::default()
/// };
/// let session = Session {
///     match_session_id: "session".into(),
///     tickets: vec![ticket("inside")],
///     ..Session::default()
/// };
/// let context = TickContext { now_ms: 1_800_000_000_000, tick_id: 1 };
/// let ruleset = r#"{"shipCountMin": 1, "shipCountMax": 2}"#;
/// let queue = [ticket("first"), ticket("second")];
/// let played = play_backfill(&AgsLogic, ruleset, context, [session], queue)?;
/// assert_eq!(played.ids(), [("session", vec!["first"])]);
/// assert_eq!(played.why_left()["second"].as_str(), "session_full");
/// # Ok::<(), match_function::matching::RulesError>(())
/// ```
///
/// # Errors
///
/// The logic does not take the ruleset.
pub fn play_backfill<L: MatchLogic>(
    logic: &L,
    ruleset: &str,
    context: TickContext,
    sessions: impl IntoIterator<Item = Session>,
    tickets: impl IntoIterator<Item = Ticket>,
) -> Result<PlayedBackfill, RulesError> {
    let tick = logic.open_backfill(logic.rules(ruleset)?.rules, context);
    Ok(PlayedBackfill::default().run(tick, sessions, tickets))
}
