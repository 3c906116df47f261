//! What a session is, key by key, and what it asks of a ticket.

use std::collections::BTreeSet;

use super::running::{Running, created, listed};
use crate::matching::alliance::{MatchOption, OptionKind};
use crate::matching::{Attributes, Text, Ticket, Value};

/// Keys that never have to be equal.
const FREE: [&str; 11] = [
    "match_attempt",
    "latencies",
    "member_attributes",
    "sub_game_mode",
    "blocked_players",
    "blocked_players_detail",
    "new_session_only",
    "role",
    "current_platform",
    "server_name",
    "client_version",
];

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_text).unwrap_or_default()
}

/// A value that asks for something.
fn asked(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| **value != Value::Null && **value != Value::from(""))
}

impl<'a> Running<'a> {
    /// What the session says under that name: its attribute, else what each of its tickets says.
    fn says(&self, name: &str) -> Vec<Option<&'a Value>> {
        let own = self.session.attributes.get(name);
        let tickets = self.session.tickets.iter();
        match own {
            None if !self.session.tickets.is_empty() => {
                tickets.map(|ticket| ticket.attributes.get(name)).collect()
            }
            own => vec![own],
        }
    }

    /// Whether the ticket waited before the session asked to be filled.
    fn is_newer_than(&self, ticket: &Ticket) -> bool {
        created(ticket.created_at_ms) < created(self.session.created_at_ms)
    }

    pub(super) fn has_names_of(&self, ticket: &Ticket) -> bool {
        [
            ("server_name", &self.session.server_name),
            ("client_version", &self.session.client_version),
        ]
        .into_iter()
        .all(|(name, field)| {
            let said: BTreeSet<&str> = self.says(name).into_iter().map(text).collect();
            let own = match said.first() {
                _ if !field.is_empty() => field,
                Some(one) if said.len() == 1 => *one,
                _ => "",
            };
            own.is_empty() || own == text(ticket.attributes.get(name))
        })
    }

    /// The must-match attributes.
    pub(super) fn attributes_fit(&self, ticket: &Ticket) -> bool {
        let options = &self.rules.options;
        let is_free = |name: &str| {
            FREE.contains(&name)
                || options.iter().any(|option| *option.name == *name)
                || (name == "cross_platform" && options.is_empty())
        };
        let tickets = self
            .session
            .tickets
            .iter()
            .chain(self.added.iter().copied());
        let all = tickets.chain([ticket]).map(|one| &one.attributes);
        let names: BTreeSet<&str> = all
            .chain([&self.session.attributes])
            .flat_map(Attributes::iter)
            .map(|(name, _)| &**name)
            .collect();
        self.rules.backfill_by_options_only
            || names
                .into_iter()
                .all(|name| is_free(name) || self.attribute_fits(name, ticket))
    }

    fn attribute_fits(&self, name: &str, ticket: &Ticket) -> bool {
        let said: Vec<Option<&Value>> = self.says(name).into_iter().map(asked).collect();
        let own = asked(ticket.attributes.get(name));
        let in_common = said[0].filter(|_| said.iter().all(|one| *one == said[0]));
        if in_common.is_some() {
            return own == in_common;
        }
        let added = self.added.iter().map(|one| asked(one.attributes.get(name)));
        let mut having = said.into_iter().chain(added).flatten();
        own.is_none_or(|own| having.all(|other| other == own) && !self.is_newer_than(ticket))
    }

    pub(super) fn options_fit(&self, ticket: &Ticket) -> bool {
        let mut all = self.rules.options.iter();
        all.all(|option| self.option_fits(option, ticket))
    }

    /// The values under an option: of the session, then of each ticket that has joined.
    fn values(&self, option: &MatchOption) -> (Vec<Vec<&'a Value>>, Vec<Vec<&'a Value>>) {
        let said = self.says(&option.name).into_iter().map(listed);
        let added = self.added.iter();
        let added = added.map(|one| listed(one.attributes.get(&option.name)));
        (said.collect(), added.collect())
    }

    fn option_fits(&self, option: &MatchOption, ticket: &Ticket) -> bool {
        let own = listed(ticket.attributes.get(&option.name));
        let (said, added) = self.values(option);
        let mut others = said.iter().chain(&added);
        let has = said.iter().any(|values| !values.is_empty());
        match option.kind {
            OptionKind::Disable => true,
            OptionKind::Any if own.is_empty() => others.all(Vec::is_empty),
            OptionKind::Any => own.iter().any(|one| {
                let mut others = said.iter().chain(&added);
                others.all(|values| values.contains(one))
            }),
            OptionKind::All => others.all(|values| {
                values.iter().all(|one| own.contains(one))
                    && own.iter().all(|one| values.contains(one))
            }),
            OptionKind::Unique if own.is_empty() => !has,
            OptionKind::Unique => {
                (has || !self.is_newer_than(ticket))
                    && !others.any(|values| values.iter().any(|one| own.contains(one)))
            }
        }
    }

    pub(super) fn platforms_fit(&self, ticket: &Ticket) -> bool {
        let cross = |option: &MatchOption| {
            *option.name == *"cross_platform" && option.kind == OptionKind::Any
        };
        if !self.rules.options.iter().any(cross) {
            return true;
        }
        let lists = |name: &str| -> Vec<Vec<&Value>> {
            let added = self.added.iter().map(|one| one.attributes.get(name));
            self.says(name)
                .into_iter()
                .chain(added)
                .map(listed)
                .collect()
        };
        let on = listed(ticket.attributes.get("current_platform"));
        let with = listed(ticket.attributes.get("cross_platform"));
        let said = self.says("current_platform");
        if said.into_iter().all(|value| listed(value).is_empty()) {
            return on.is_empty() || !self.is_newer_than(ticket);
        }
        let theirs = lists("current_platform");
        let allowed = lists("cross_platform");
        !on.is_empty()
            && theirs.iter().flatten().all(|one| with.contains(one))
            && allowed
                .iter()
                .all(|list| on.iter().all(|one| list.contains(one)))
    }
}

/// Whether these are the session's attributes after the tickets have joined: nothing that it had is
/// changed; what it had not said are the values of options and who is blocked.
pub(in super::super) fn is_updated(
    running: &Running<'_>,
    found: &Attributes,
) -> Result<(), String> {
    let old = &running.session.attributes;
    for (name, value) in old.iter() {
        if found.get(name) != Some(value) {
            let now = found.get(name);
            return Err(format!("attributes: {name} was {value:?}, becomes {now:?}"));
        }
    }
    let mut expected: Vec<(Text, Value)> = Vec::new();
    for option in &running.rules.options {
        expected.extend(common(running, option).map(|value| (option.name.clone(), value)));
    }
    let tickets = running
        .session
        .tickets
        .iter()
        .chain(running.added.iter().copied());
    let blocked: Vec<&Value> = tickets
        .flat_map(|one| listed(one.attributes.get("blocked_players")))
        .collect();
    if !blocked.is_empty() {
        let ids = blocked.into_iter().cloned().collect();
        expected.push(("blocked_players".into(), Value::List(ids)));
    }
    expected.retain(|(name, _)| old.get(name).is_none());
    for (name, value) in &expected {
        let now = found.get(name);
        if !now.is_some_and(|now| is_same(now, value)) {
            return Err(format!("attributes: {name} is {now:?}, not {value:?}"));
        }
    }
    let is_known =
        |name: &Text| old.get(name).is_some() || expected.iter().any(|(known, _)| known == name);
    match found.iter().find(|(name, _)| !is_known(name)) {
        Some((name, value)) => Err(format!("attributes: {name} becomes {value:?}")),
        None => Ok(()),
    }
}

/// What session and tickets have in common under an option; all their values if it is `unique`.
fn common(running: &Running<'_>, option: &MatchOption) -> Option<Value> {
    let (said, added) = running.values(option);
    let all: Vec<Vec<&Value>> = said.into_iter().chain(added).collect();
    let is_common = |one: &&&Value| match option.kind {
        OptionKind::Any | OptionKind::All => all.iter().all(|values| values.contains(*one)),
        OptionKind::Unique => true,
        OptionKind::Disable => false,
    };
    let mut left: Vec<&Value> = all.iter().flatten().filter(is_common).copied().collect();
    let mut seen: Vec<&Value> = Vec::new();
    left.retain(|one| {
        !seen.contains(one) && {
            seen.push(one);
            true
        }
    });
    let added = running
        .added
        .iter()
        .map(|one| one.attributes.get(&option.name));
    let mut inputs = running.says(&option.name).into_iter().chain(added);
    let is_list = inputs.any(|value| matches!(value, Some(Value::List(list)) if !list.is_empty()));
    match left[..] {
        [] => None,
        [one] if !is_list => Some(one.clone()),
        _ => Some(Value::List(left.into_iter().cloned().collect())),
    }
}

/// Equal, where the order of a list and what occurs twice in it mean nothing.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => {
            a.iter().all(|one| b.contains(one)) && b.iter().all(|one| a.contains(one))
        }
        _ => a == b,
    }
}
