//! A session as the tickets see it: what it asks of those that would join.

use std::collections::HashSet;

use crate::matching::alliance::fields::{all_blocked, option_value};
use crate::matching::alliance::pool::{must_match, values_of};
use crate::matching::alliance::{AllianceRules, MatchOption, OptionKind};
use crate::matching::{Attributes, Player, Session, Text, Ticket, Value};

/// What a session's region says if no ticket of its match had latencies (ruleset contract A5).
const ANY_REGION: &str = "any";

/// A ticket that stands for the session: its players, what its tickets have in common, its age, and
/// its region as the one that it reports.
pub(super) fn stand_in(rules: &AllianceRules, session: &Session) -> Ticket {
    let tickets: Vec<&Ticket> = session.tickets.iter().collect();
    let mut attributes = match tickets.is_empty() {
        true => session.attributes.clone(),
        false => in_common(rules, &tickets),
    };
    for (name, text) in [
        ("server_name", &session.server_name),
        ("client_version", &session.client_version),
    ] {
        attributes.set(name.into(), Value::Text(text.clone()));
    }
    let region = session.region_preferences.first();
    let region = region.filter(|region| !region.is_empty() && **region != ANY_REGION);
    Ticket {
        created_at_ms: session.created_at_ms,
        players: players(session),
        latencies: region
            .map(|region| (region.clone(), 0))
            .into_iter()
            .collect(),
        attributes,
        ..Ticket::default()
    }
}

/// Everybody in the session, each once.
fn players(session: &Session) -> Vec<Player> {
    let mut seen = HashSet::new();
    let listed = session.teams.iter().flat_map(|team| &team.user_ids);
    let ids = session.tickets.iter().flat_map(Ticket::player_ids);
    let player = |id: &Text| Player {
        id: id.clone(),
        ..Player::default()
    };
    ids.chain(listed)
        .filter(|id| seen.insert(*id))
        .map(player)
        .collect()
}

/// The must-match attributes that all tickets share, what the options leave, every platform that
/// they are on, and everybody whom they block.
fn in_common(rules: &AllianceRules, tickets: &[&Ticket]) -> Attributes {
    let Some((first, others)) = tickets.split_first() else {
        return Attributes::new();
    };
    let shared = |(name, value): &(&Text, &Value)| {
        others
            .iter()
            .all(|other| other.attributes.get(name) == Some(*value))
    };
    let mut attributes: Attributes = must_match(rules, first)
        .filter(shared)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let platforms = MatchOption {
        name: "current_platform".into(),
        kind: OptionKind::Unique,
    };
    for option in rules.options.iter().chain([&platforms]) {
        if let Some(value) = option_value(option, tickets) {
            attributes.set(option.name.clone(), value);
        }
    }
    if let Some(blocked) = all_blocked(tickets) {
        attributes.set("blocked_players".into(), blocked);
    }
    attributes
}

/// Whether the session's own tickets do not go together by the options, so that nobody can join.
pub(super) fn contradicts_itself(rules: &AllianceRules, session: &Session) -> bool {
    let contradicted = |option: &MatchOption| {
        let mut each = session.tickets.iter().map(|ticket| {
            let values = values_of(ticket.attributes.get(&option.name)).iter();
            values
                .filter(|value| **value != Value::Null)
                .collect::<Vec<_>>()
        });
        let Some(first) = each.next() else {
            return false;
        };
        let within = |few: &[&Value], many: &[&Value]| few.iter().all(|one| many.contains(one));
        match option.kind {
            OptionKind::All => each.any(|set| !within(&set, &first) || !within(&first, &set)),
            OptionKind::Any => {
                let mut common = first.clone();
                let keeps = |values: Vec<&Value>| {
                    common.retain(|value| values.contains(value));
                    common.is_empty() == first.is_empty() && values.is_empty() == first.is_empty()
                };
                !each.all(keeps)
            }
            OptionKind::Unique | OptionKind::Disable => false,
        }
    };
    rules.options.iter().any(contradicted)
}
