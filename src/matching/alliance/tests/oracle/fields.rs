//! What a match says about itself: regions, ids, attributes, flags (docs/semantics.md, "Region
//! preferences" and "Match fields").

use std::collections::BTreeSet;

use super::{Fault, Judge, NAMES, blocked, text, values};
use crate::matching::alliance::OptionKind;
use crate::matching::{Match, Text, Ticket, Value};

impl Judge<'_> {
    /// The preferences must begin with a region that is open to all, and go on with all others that
    /// are, by worst latency and name.
    pub(super) fn preferences(&self, tickets: &[&Ticket], found: &[Text]) -> Fault {
        let named = named(tickets);
        if named.is_empty() {
            return match found {
                [any] if any == "any" => Ok(()),
                _ => Err(format!("region: {found:?}, but no ticket has latencies")),
            };
        }
        let Some(first) = found.first() else {
            return Err("region: no preference".to_owned());
        };
        if !named.contains(first) || !self.region(tickets, first) {
            return Err(format!("region: {first} is not open to all"));
        }
        let worst = |region: &Text| {
            let latencies = tickets.iter().filter_map(|ticket| ticket.latency(region));
            latencies.max()
        };
        let others = named.iter().filter(|region| *region != first);
        let open = others.filter(|region| self.region(tickets, region));
        let mut rest: Vec<_> = open.map(|region| (worst(region), region)).collect();
        rest.sort_unstable();
        let mut expected = vec![first];
        expected.extend(rest.into_iter().map(|(_, region)| region));
        if !found.iter().eq(expected.iter().copied()) {
            return Err(format!("preferences: {found:?} instead of {expected:?}"));
        }
        Ok(())
    }

    /// Teams are told apart by ids that are derived.
    pub(super) fn team_ids(made: &Match) -> Fault {
        let ids: BTreeSet<_> = made.teams.iter().map(|team| team.id).collect();
        if ids.len() != made.teams.len() {
            return Err("team id: one occurs twice".to_owned());
        }
        if ids.iter().any(|id| id.get_version_num() != 5) {
            return Err("team id: not derived".to_owned());
        }
        Ok(())
    }

    /// What the match takes over from its pivot and its tickets.
    pub(super) fn fields(&self, tickets: &[&Ticket], made: &Match) -> Fault {
        for (name, found) in NAMES.iter().zip([&made.server_name, &made.client_version]) {
            if *found != text(self.pivot, name) {
                return Err(format!("{name}: the match has {found:?}"));
            }
        }
        let bounds = self.bounds();
        let players: usize = tickets.iter().map(|ticket| ticket.players.len()).sum();
        let full = bounds.teams_max as usize * bounds.players_max as usize;
        if made.backfill != (self.rules.auto_backfill && players < full) {
            let flag = made.backfill;
            return Err(format!("backfill: {flag} with {players} of {full}"));
        }
        let expected = self.attributes(tickets);
        for (name, value, is_set) in &expected {
            let found = made.attributes.get(name);
            let same = |found| found == value || (*is_set && same_set(found, value));
            if !found.is_some_and(same) {
                return Err(format!("attributes: {name} is {found:?}, not {value:?}"));
            }
        }
        let is_known = |name: &Text| expected.iter().any(|(known, ..)| known == name);
        match made.attributes.iter().find(|(name, _)| !is_known(name)) {
            Some((name, value)) => Err(format!("attributes: {name} is {value:?}, not absent")),
            None => Ok(()),
        }
    }

    /// The attributes of a match of these tickets, and whether the order of a list is free.
    pub(super) fn attributes(&self, tickets: &[&Ticket]) -> Vec<(Text, Value, bool)> {
        let mut expected = Vec::new();
        for option in &self.rules.options {
            if let Some(value) = option_value(option.kind, &option.name, tickets) {
                expected.push((option.name.clone(), value, true));
            }
        }
        for name in NAMES {
            let value = text(self.pivot, name);
            if !value.is_empty() {
                expected.push((name.into(), value.into(), false));
            }
        }
        let ids: BTreeSet<_> = tickets.iter().flat_map(|ticket| blocked(ticket)).collect();
        if !ids.is_empty() {
            let list = ids.into_iter().map(Value::from).collect();
            expected.push(("blocked_players".into(), Value::List(list), true));
        }
        for (name, value) in self.musts().iter() {
            expected.push((name.clone(), value.clone(), false));
        }
        expected
    }
}

/// The regions that the tickets name.
pub(super) fn named(tickets: &[&Ticket]) -> BTreeSet<Text> {
    let names = tickets.iter().flat_map(|ticket| &ticket.latencies);
    names.map(|(region, _)| region.clone()).collect()
}

/// What the match has in common under an option.
fn option_value(kind: OptionKind, name: &str, tickets: &[&Ticket]) -> Option<Value> {
    let inputs = tickets.iter();
    let having: Vec<_> = inputs.filter_map(|ticket| values(ticket, name)).collect();
    let mut left: Vec<&Value> = Vec::new();
    for value in having.iter().flatten() {
        let counts = match kind {
            OptionKind::Any | OptionKind::All => having.iter().all(|other| other.contains(value)),
            OptionKind::Unique => true,
            OptionKind::Disable => false,
        };
        if counts && !left.contains(value) {
            left.push(value);
        }
    }
    let is_list = |ticket: &&Ticket| match ticket.attributes.get(name) {
        Some(Value::List(list)) => !list.is_empty(),
        _ => false,
    };
    match left[..] {
        [] => None,
        [one] if !tickets.iter().any(is_list) => Some(one.clone()),
        _ => Some(Value::List(left.into_iter().cloned().collect())),
    }
}

/// Two lists with the same values, each once, in any order.
fn same_set(a: &Value, b: &Value) -> bool {
    let (Value::List(a), Value::List(b)) = (a, b) else {
        return false;
    };
    a.len() == b.len()
        && a.iter().all(|value| b.contains(value))
        && b.iter().all(|value| a.contains(value))
}
