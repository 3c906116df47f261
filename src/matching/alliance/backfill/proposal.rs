//! The proposal to a session (docs/semantics.md, "Proposals").

use crate::matching::alliance::AllianceRules;
use crate::matching::alliance::criteria::{blocks, option};
use crate::matching::{
    Attributes, Proposal, Roster, Session, TickContext, Ticket, proposal_id, team_id,
};

use super::open_session::as_ticket;

/// A ticket that joins, and its team.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) ticket: Ticket,
    /// The team's place among those of the session; new ones come after them.
    pub(super) team: usize,
}

/// The proposal that these tickets join.
pub(super) fn propose(
    rules: &AllianceRules,
    context: &TickContext,
    session: Session,
    joined: Vec<Joined>,
) -> Proposal {
    let attributes = attributes(rules, &session, &joined);
    let added = || joined.iter().map(|one| &one.ticket);
    let mut teams = session.teams.clone();
    for one in &joined {
        while teams.len() <= one.team {
            let id = team_id(context.tick_id, teams.len(), added());
            teams.push(Roster {
                id: id.simple().to_string().into(),
                ..Roster::default()
            });
        }
        teams[one.team].add(&one.ticket);
    }
    Proposal {
        id: proposal_id(context.tick_id, &session, added()),
        attributes,
        session,
        added: joined.into_iter().map(|one| one.ticket).collect(),
        teams,
        created_at_ms: context.now_ms,
    }
}

/// The session's attributes, with what the options leave and all players that are blocked.
fn attributes(rules: &AllianceRules, session: &Session, joined: &[Joined]) -> Attributes {
    let before = as_ticket(rules, session);
    let of_match = Ticket {
        attributes: session.attributes.clone(),
        ..Ticket::default()
    };
    let added = joined.iter().map(|one| &one.ticket);
    let tickets: Vec<&Ticket> = std::iter::once(&before).chain(added).collect();
    let mut attributes = session.attributes.clone();
    for option in &rules.options {
        if let Some(value) = option::common_value(option, &tickets) {
            attributes.set(option.name.clone(), value);
        }
    }
    let blocking: Vec<&Ticket> = std::iter::once(&of_match).chain(tickets).collect();
    if let Some(blocked) = blocks::united(&blocking) {
        attributes.set(blocks::BLOCKED_PLAYERS.into(), blocked);
    }
    attributes
}
