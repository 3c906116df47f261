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

/// The session's attributes as they are, and beside them what it does not say itself: what the options
/// leave, and the players whom its tickets block.
fn attributes(rules: &AllianceRules, session: &Session, joined: &[Joined]) -> Attributes {
    let before = as_ticket(rules, session);
    let added = joined.iter().map(|one| &one.ticket);
    let tickets: Vec<&Ticket> = std::iter::once(&before).chain(added).collect();
    let options = rules.options.iter();
    let values = options.filter_map(|option| {
        let value = option::common_value(option, &tickets)?;
        Some((option.name.clone(), value))
    });
    let blocked = blocks::united(tickets.iter().map(|ticket| &ticket.attributes));
    let blocked = blocked.map(|blocked| (blocks::BLOCKED_PLAYERS.into(), blocked));
    let mut attributes = session.attributes.clone();
    for (name, value) in values.chain(blocked) {
        if attributes.get(&name).is_none() {
            attributes.set(name, value);
        }
    }
    attributes
}
