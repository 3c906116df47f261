//! A finished match: teams, regions and attributes (docs/semantics.md, "Region preferences",
//! "Rebalance" and "Match fields").

use super::AllianceRules;
use super::chosen::Chosen;
use super::criteria::distance::balancing_value;
use super::criteria::{Criteria, blocks, must_match, option};
use super::pool::Pool;
use super::search::Found;
use super::teams::{Member, arrange};
use crate::matching::{Attributes, Match, Team, TeamIds, Text, Ticket, Value};

/// The match of the chosen tickets, which are taken out of the pool. `None`, and nothing is taken,
/// if their parties do not fit into teams after all.
pub(super) fn assemble(
    rules: &AllianceRules,
    pool: &mut Pool,
    criteria: &Criteria<'_>,
    chosen: &Chosen,
    found: Found,
    tick_id: u64,
) -> Option<Match> {
    let ids = chosen.tickets();
    let members: Vec<Member> = ids
        .iter()
        .map(|id| {
            let players = pool.sizes[*id as usize];
            let mean = |rule, _: &_| criteria.distances.value(*id, rule);
            Member {
                players,
                value: balancing_value(rules, players, mean),
            }
        })
        .collect();
    let teams = arrange(&members, chosen.apart(), found.bounds, rules.rebalance)?;
    let region_preferences = criteria
        .regions
        .preferences(found.region, ids, found.one_way);
    let tickets: Vec<&Ticket> = ids.iter().map(|id| pool.ticket(*id)).collect();
    let attributes = attributes(rules, &tickets);
    let named = |name| match attributes.get(name) {
        Some(Value::Text(text)) => text.clone(),
        _ => Text::new(),
    };
    let (server_name, client_version) = (named("server_name"), named("client_version"));
    let team_ids = TeamIds::new(tick_id, tickets);
    let backfill = rules.auto_backfill && chosen.players() < found.bounds.max_players();
    let mut take = |place: &usize| {
        pool.take(ids[*place])
            .expect("chosen from the waiting ones")
    };
    let team = |(number, places): (usize, &Vec<usize>)| Team {
        id: team_ids.of(number),
        tickets: places.iter().map(&mut take).collect(),
    };
    Some(Match {
        teams: teams.iter().enumerate().map(team).collect(),
        region_preferences,
        attributes,
        backfill,
        server_name,
        client_version,
    })
}

/// What the match has in common. The first ticket is the pivot.
fn attributes(rules: &AllianceRules, tickets: &[&Ticket]) -> Attributes {
    let Some(pivot) = tickets.first() else {
        return Attributes::new();
    };
    let own = must_match::must_match(rules, pivot);
    let own = own.map(|(name, value)| (name.clone(), value.clone()));
    let blocked = blocks::united(tickets.iter().map(|ticket| &ticket.attributes));
    let blocked = blocked.map(|blocked| (blocks::BLOCKED_PLAYERS.into(), blocked));
    let names = must_match::names(pivot);
    let names = names.map(|(name, value)| (name.into(), value.clone()));
    // The last one of a name counts.
    let options = option::common_values(&rules.options, tickets);
    own.chain(blocked).chain(options).chain(names).collect()
}
