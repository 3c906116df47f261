//! A finished match: teams, regions and attributes (docs/semantics.md, "Region preferences",
//! "Rebalance" and "Match fields").

use super::chosen::Chosen;
use super::pool::{Pool, Region, blocked_by, is_blank, must_match, values_of};
use super::search::Found;
use super::teams::{Member, arrange};
use super::{AllianceRules, DistanceRule, MatchOption, OptionKind};
use crate::matching::{Attributes, Match, Team, Text, Ticket, Value, team_id};

/// The match of the chosen tickets, which are taken out of the pool. `None`, and nothing is taken,
/// if their parties do not fit into teams after all.
pub(super) fn assemble(
    rules: &AllianceRules,
    pool: &mut Pool,
    chosen: &Chosen,
    found: Found,
    tick_id: u64,
) -> Option<Match> {
    let ids = chosen.tickets();
    let members: Vec<Member> = ids.iter().map(|id| member(rules, pool, *id)).collect();
    let teams = arrange(&members, chosen.foes(), found.bounds, rules.rebalance)?;
    let region_preferences = regions(pool, chosen, found);
    let tickets: Vec<&Ticket> = ids.iter().map(|id| pool.ticket(*id)).collect();
    let attributes = attributes(rules, &tickets);
    let named = |name| match attributes.get(name) {
        Some(Value::Text(text)) => text.clone(),
        _ => Text::new(),
    };
    let (server_name, client_version) = (named("server_name"), named("client_version"));
    let team_ids: Vec<_> = (0..teams.len())
        .map(|team| team_id(tick_id, team, tickets.iter().copied()))
        .collect();
    let backfill = rules.auto_backfill && chosen.players() < found.bounds.max_players();
    let mut take = |place: &usize| {
        pool.take(ids[*place])
            .expect("chosen from the waiting ones")
    };
    let team = |(places, id): (&Vec<usize>, _)| Team {
        id,
        tickets: places.iter().map(&mut take).collect(),
    };
    Some(Match {
        teams: teams.iter().zip(team_ids).map(team).collect(),
        region_preferences,
        attributes,
        backfill,
        server_name,
        client_version,
    })
}

/// A party as the balance of teams sees it.
fn member(rules: &AllianceRules, pool: &Pool, id: u32) -> Member {
    let players = pool.sizes[id as usize];
    let value = |(place, rule): (usize, &DistanceRule)| {
        let sum = pool.means(id)[place] * f64::from(players);
        if rule.normalization > 0.0 {
            sum / rule.normalization
        } else {
            sum
        }
    };
    Member {
        players,
        value: rules.balancing().map(value).sum(),
    }
}

/// The region of the match, then the others that are open to all: by their worst latency, then
/// name.
fn regions(pool: &Pool, chosen: &Chosen, found: Found) -> Vec<Text> {
    let ids = chosen.tickets();
    let first = match found.region {
        Some(region) if !ids.iter().all(|id| pool.regions.fits_any(*id)) => region,
        _ => return vec![Text::from_static("any")],
    };
    let open = |region: &Region| {
        *region != first
            && ids.iter().enumerate().all(|(place, id)| {
                let one_way = found.one_way && place > 0;
                pool.regions.is_open(*id, *region, one_way)
            })
    };
    let worst = |region: &Region| {
        let latencies = ids
            .iter()
            .filter_map(|id| pool.regions.latency(*id, *region));
        (latencies.max(), *region)
    };
    let mut others: Vec<Region> = (0..pool.regions.len()).filter(open).collect();
    others.sort_by_key(worst);
    std::iter::once(first)
        .chain(others)
        .map(|region| pool.regions.name(region).clone())
        .collect()
}

/// What the match has in common. The first ticket is the pivot.
fn attributes(rules: &AllianceRules, tickets: &[&Ticket]) -> Attributes {
    let Some(pivot) = tickets.first() else {
        return Attributes::new();
    };
    let mut attributes: Attributes = must_match(rules, pivot)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let Some(blocked) = all_blocked(tickets) {
        attributes.set("blocked_players".into(), blocked);
    }
    for option in &rules.options {
        if let Some(value) = option_value(option, tickets) {
            attributes.set(option.name.clone(), value);
        }
    }
    for name in ["server_name", "client_version"] {
        if let Some(value) = pivot.attributes.get(name).filter(|value| !is_blank(value)) {
            attributes.set(name.into(), value.clone());
        }
    }
    attributes
}

/// The ids that the tickets block, each once. `None` if they block nobody.
pub(super) fn all_blocked(tickets: &[&Ticket]) -> Option<Value> {
    let mut blocked: Vec<&Text> = Vec::new();
    for id in tickets.iter().flat_map(|ticket| blocked_by(ticket)) {
        if !blocked.contains(&id) {
            blocked.push(id);
        }
    }
    let list = || Value::List(blocked.iter().copied().cloned().map(Value::Text).collect());
    (!blocked.is_empty()).then(list)
}

/// The values that an option leaves: those common to all tickets, or for `unique` all of them; one
/// scalar if every ticket had a scalar. `None` if no ticket has the attribute.
pub(super) fn option_value(option: &MatchOption, tickets: &[&Ticket]) -> Option<Value> {
    let values: Vec<&[Value]> = tickets
        .iter()
        .map(|ticket| values_of(ticket.attributes.get(&option.name)))
        .collect();
    let all = values.iter().copied().flatten();
    let kept: Vec<&Value> = match option.kind {
        OptionKind::Disable => return None,
        OptionKind::Unique => all.collect(),
        OptionKind::Any | OptionKind::All => all
            .filter(|value| values.iter().all(|others| others.contains(value)))
            .collect(),
    };
    let mut distinct: Vec<Value> = Vec::new();
    for value in kept.into_iter().filter(|value| **value != Value::Null) {
        if !distinct.contains(value) {
            distinct.push(value.clone());
        }
    }
    let is_list = |ticket: &&Ticket| {
        let value = ticket.attributes.get(&option.name);
        matches!(value, Some(Value::List(values)) if !values.is_empty())
    };
    match distinct.len() {
        0 => None,
        1 if !tickets.iter().any(is_list) => distinct.pop(),
        _ => Some(Value::List(distinct)),
    }
}
