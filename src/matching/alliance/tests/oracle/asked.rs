//! What the attributes of a ticket ask of others (docs/semantics.md, "Attributes").

use std::collections::BTreeSet;

use super::{Fault, Judge, NAMES, pairs};
use crate::matching::alliance::{MatchOption, OptionKind};
use crate::matching::{Attributes, Ticket, Value};

/// Ticket attributes that the must-match rule leaves alone, besides the options.
const NEVER_TESTED: [&str; 9] = [
    "match_attempt",
    "latencies",
    "member_attributes",
    "sub_game_mode",
    "blocked_players",
    "blocked_players_detail",
    "new_session_only",
    "role",
    "current_platform",
];

impl Judge<'_> {
    /// The pivot and every ticket that is older: what one of these asks for, all others have to give.
    fn asking<'t>(&self, tickets: &[&'t Ticket]) -> Vec<&'t Ticket> {
        let asks = |ticket: &&&Ticket| self.is_pivot(ticket) || self.is_older(ticket);
        tickets.iter().filter(asks).copied().collect()
    }

    /// The must-match attributes of a ticket, without the two names. What is `null` or empty asks
    /// for nothing.
    pub(super) fn musts(&self, ticket: &Ticket) -> Attributes {
        let options = &self.rules.options;
        let is_option = |name: &str| options.iter().any(|option| option.name == name);
        let own = ticket.attributes.iter();
        own.filter(|(name, value)| {
            let without_option = **name != "cross_platform" || !options.is_empty();
            without_option
                && !is_option(name)
                && !NEVER_TESTED.contains(&&***name)
                && !NAMES.contains(&&***name)
                && !matches!(value, Value::Null)
                && **value != Value::from("")
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
    }

    /// The tickets that have an attribute have one value; if one that asks has it, all do.
    pub(super) fn must_match(&self, tickets: &[&Ticket]) -> Fault {
        let own: Vec<Attributes> = tickets.iter().map(|ticket| self.musts(ticket)).collect();
        let asking = self.asking(tickets);
        let names: BTreeSet<&str> = own
            .iter()
            .flat_map(|own| own.iter().map(|(name, _)| &**name))
            .collect();
        for name in names {
            let fault = |why| Err(format!("must-match: {name}: {why}"));
            let mut having = own.iter().filter_map(|own| own.get(name));
            let first = having.next();
            if having.any(|other| Some(other) != first) {
                return fault("two values");
            }
            let asked = asking
                .iter()
                .any(|ticket| self.musts(ticket).get(name).is_some());
            if asked && own.iter().any(|own| own.get(name).is_none()) {
                return fault("one asks for it, another lacks it");
            }
        }
        Ok(())
    }

    /// Every ticket has the server and the version of the pivot.
    pub(super) fn names(&self, tickets: &[&Ticket]) -> Fault {
        for name in NAMES {
            let all: BTreeSet<&str> = tickets.iter().map(|ticket| text(ticket, name)).collect();
            if all.len() > 1 {
                return Err(format!("{name}: {all:?}"));
            }
        }
        Ok(())
    }

    pub(super) fn options(&self, tickets: &[&Ticket]) -> Fault {
        for option in &self.rules.options {
            let fault = self.option(option, tickets);
            fault.map_err(|why| format!("option: {}: {why}", option.name))?;
        }
        Ok(())
    }

    fn option(&self, option: &MatchOption, tickets: &[&Ticket]) -> Result<(), &'static str> {
        let name = &option.name;
        let having: Vec<Vec<&Value>> = tickets
            .iter()
            .filter_map(|ticket| values(ticket, name))
            .collect();
        let Some((first, others)) = having.split_first() else {
            return Ok(());
        };
        let all_have = having.len() == tickets.len();
        let is_kept = match option.kind {
            OptionKind::Disable => true,
            OptionKind::Any | OptionKind::All if !all_have => {
                return Err("one has it, another lacks it");
            }
            OptionKind::Any => {
                let shared = |value: &&&Value| others.iter().all(|other| other.contains(value));
                first.iter().find(shared).is_some()
            }
            OptionKind::All => others.iter().all(|other| {
                other.iter().all(|value| first.contains(value))
                    && first.iter().all(|value| other.contains(value))
            }),
            OptionKind::Unique => {
                let mut asking = self.asking(tickets).into_iter();
                if !all_have && asking.any(|ticket| values(ticket, name).is_some()) {
                    return Err("one asks for it, another lacks it");
                }
                !pairs(&having).any(|(a, b)| a.iter().any(|value| b.contains(value)))
            }
        };
        is_kept.then_some(()).ok_or("the values do not fit")
    }

    pub(super) fn cross_play(&self, tickets: &[&Ticket]) -> Fault {
        let is_active = |option: &MatchOption| {
            option.name == "cross_platform" && option.kind == OptionKind::Any
        };
        let mut asking = self.asking(tickets).into_iter();
        if !self.rules.options.iter().any(is_active)
            || !asking.any(|ticket| values(ticket, "current_platform").is_some())
        {
            return Ok(());
        }
        for ticket in tickets {
            if values(ticket, "current_platform").is_none() {
                return Err(format!("cross-play: `{}` has no platform", ticket.id));
            }
        }
        for (a, b) in pairs(tickets) {
            for (from, to) in [(a, b), (b, a)] {
                let current = values(from, "current_platform").unwrap_or_default();
                let allowed = values(to, "cross_platform").unwrap_or_default();
                if !current.iter().all(|platform| allowed.contains(platform)) {
                    return Err(format!(
                        "cross-play: `{}` does not play with `{}`",
                        to.id, from.id
                    ));
                }
            }
        }
        Ok(())
    }
}

/// The values of an option: `None` without the attribute, for `null` and for an empty list.
pub(super) fn values<'t>(ticket: &'t Ticket, name: &str) -> Option<Vec<&'t Value>> {
    match ticket.attributes.get(name)? {
        Value::Null => None,
        Value::List(list) if list.is_empty() => None,
        Value::List(list) => Some(list.iter().collect()),
        scalar => Some(vec![scalar]),
    }
}

/// A text attribute; empty when it is absent.
pub(super) fn text<'t>(ticket: &'t Ticket, name: &str) -> &'t str {
    let value = ticket.attributes.get(name);
    value.and_then(Value::as_text).unwrap_or_default()
}
