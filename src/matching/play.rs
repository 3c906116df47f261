//! A tick without a server, for the tests of a logic.

use super::{Flow, Match, MatchLogic, MatchOut, Reason, RulesError, TickContext, Ticket};

/// What a tick did with its tickets.
#[derive(Debug, Default)]
pub struct Played {
    /// The matches, in the order they were made.
    pub matches: Vec<Match>,
    /// The other tickets, with the reason.
    pub left: Vec<(Ticket, Reason)>,
}

impl Played {
    /// The ids of each match's tickets, team by team.
    pub fn ids(&self) -> Vec<Vec<&str>> {
        let tickets = self.matches.iter().map(Match::tickets);
        tickets
            .map(|tickets| tickets.map(|ticket| &*ticket.id).collect())
            .collect()
    }
}

impl MatchOut for Played {
    fn offer(&mut self, made: Match) -> Flow {
        self.matches.push(made);
        Flow::Go
    }

    fn leave(&mut self, ticket: Ticket, reason: Reason) {
        self.left.push((ticket, reason));
    }

    fn flow(&self) -> Flow {
        Flow::Go
    }
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
    let mut tick = logic.open(logic.rules(ruleset)?.rules, context);
    let mut played = Played::default();
    for (arrival, ticket) in (0..).zip(tickets) {
        let ticket = Ticket { arrival, ..ticket };
        if tick.push(ticket, &mut played) == Flow::Stop {
            return Ok(played);
        }
    }
    tick.finish(&mut played);
    Ok(played)
}
