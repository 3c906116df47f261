//! The proposal to a session (docs/semantics.md, "Proposals").

use std::collections::HashSet;

use crate::matching::alliance::AllianceRules;
use crate::matching::alliance::criteria::modes::SUB_GAME_MODE;
use crate::matching::alliance::criteria::{blocks, option};
use crate::matching::alliance::roles::ROLE;
use crate::matching::{
    Attributes, Proposal, Roster, Session, TeamIds, Text, TickContext, Ticket, Value, proposal_id,
};

use super::open_session::as_ticket;

/// A ticket that joins, and its team.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) ticket: Ticket,
    /// The team's place among those of the session; new ones come after them.
    pub(super) team: usize,
    /// What its players play; `None` if roles are off.
    pub(super) roles: Option<Vec<Text>>,
}

/// What a session gains.
#[derive(Debug)]
pub(super) struct Filled {
    /// The tickets that join, in that order.
    pub(super) joined: Vec<Joined>,
    /// The names of the sub game modes that it may be played in then; none if the ruleset has none.
    pub(super) modes: Vec<Text>,
}

/// The proposal that these tickets join.
pub(super) fn propose(
    rules: &AllianceRules,
    context: &TickContext,
    session: Session,
    filled: Filled,
) -> Proposal {
    let Filled { joined, modes } = filled;
    let mut attributes = attributes(rules, &session, &joined);
    let added = || joined.iter().map(|one| &one.ticket);
    let mut teams = session.teams.clone();
    let team_ids = TeamIds::new(context.tick_id, added());
    let last = joined.iter().map(|one| one.team).max();
    for number in teams.len()..last.map_or(0, |last| last + 1) {
        teams.push(Roster {
            id: team_ids.of(number).simple().to_string().into(),
            ..Roster::default()
        });
    }
    let mut newcomers = vec![Vec::new(); teams.len()];
    for one in &joined {
        newcomers[one.team].push(&one.ticket);
    }
    for (team, newcomers) in teams.iter_mut().zip(newcomers) {
        team.add_all(newcomers);
    }
    if joined.iter().any(|one| one.roles.is_some()) {
        let roles = roles(&session, &teams, &joined);
        attributes.set(Text::from_static(ROLE), Value::Struct(roles));
    }
    if !modes.is_empty() {
        let modes = modes.into_iter().map(Value::Text).collect();
        attributes.set(Text::from_static(SUB_GAME_MODE), Value::List(modes));
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
    let values = option::common_values(&rules.options, &tickets);
    let blocked = blocks::united(tickets.iter().map(|ticket| &ticket.attributes));
    let blocked = blocked.map(|blocked| (blocks::BLOCKED_PLAYERS.into(), blocked));
    let unsaid = |(name, _): &(Text, Value)| session.attributes.get(name).is_none();
    let mut attributes = session.attributes.clone();
    // The last one of a name counts, and an option may have the name of the blocked players.
    attributes.extend(blocked.into_iter().chain(values).filter(unsaid));
    attributes
}

/// Who plays what: what the session says of players who are still in its teams, and those who join.
fn roles(session: &Session, teams: &[Roster], joined: &[Joined]) -> Attributes {
    let seated: HashSet<&Text> = teams.iter().flat_map(|team| &team.user_ids).collect();
    let told = match session.attributes.get(ROLE) {
        Some(Value::Struct(roles)) => Some(roles),
        _ => None,
    };
    let told = told.into_iter().flat_map(Attributes::iter);
    let told = told.filter(|(id, _)| seated.contains(id));
    let told = told.map(|(id, role)| (id.clone(), role.clone()));
    let added = joined.iter().flat_map(|one| {
        let roles = one.roles.iter().flatten().cloned();
        one.ticket.player_ids().cloned().zip(roles.map(Value::Text))
    });
    told.chain(added).collect()
}
