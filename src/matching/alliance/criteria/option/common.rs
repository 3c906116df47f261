//! What tickets have in common by a match option: what a match says of it, and whether the tickets of a
//! session go together. Linear in the number of values.

use hashbrown::HashSet;

use super::values;
use crate::matching::alliance::intern::Same;
use crate::matching::alliance::{MatchOption, OptionKind};
use crate::matching::{Text, Ticket, Value};

/// What a match says of each option: its name and the [common value](common_value).
pub(crate) fn common_values(
    options: &[MatchOption],
    tickets: &[&Ticket],
) -> impl Iterator<Item = (Text, Value)> {
    options.iter().filter_map(|option| {
        let value = common_value(option, tickets)?;
        Some((option.name.clone(), value))
    })
}

/// What a match says: the values common to all tickets, or for `unique` the values of all; one
/// scalar if every ticket had a scalar. `None` if no ticket has the attribute.
pub(crate) fn common_value(option: &MatchOption, tickets: &[&Ticket]) -> Option<Value> {
    let name = &*option.name;
    // What all have in common the first one has, so the others are only asked for its values.
    let (first, others) = tickets.split_at(tickets.len().min(1));
    let (sources, others) = match option.kind {
        OptionKind::Disable => return None,
        OptionKind::Unique => (tickets, &[][..]),
        OptionKind::Any | OptionKind::All => (first, others),
    };
    let mut kept = distinct(sources.iter().flat_map(|ticket| values(ticket, name)));
    for other in others {
        let held = Held::by(other, name);
        kept.retain(|value| held.has(*value));
    }
    let is_list = |ticket: &&Ticket| {
        let value = ticket.attributes.get(&option.name);
        matches!(value, Some(Value::List(values)) if !values.is_empty())
    };
    match kept.len() {
        0 => None,
        1 if !tickets.iter().any(is_list) => kept.pop().map(|value| value.0.clone()),
        _ => Some(Value::List(
            kept.iter().map(|value| value.0.clone()).collect(),
        )),
    }
}

/// Whether tickets of a session do not go together by an option, so that no ticket can join them.
pub(crate) fn contradict(option: &MatchOption, tickets: &[Ticket]) -> bool {
    let Some((first, others)) = tickets.split_first() else {
        return false;
    };
    let name = &*option.name;
    let mut common = distinct(values(first, name));
    let absent = common.is_empty();
    match option.kind {
        OptionKind::All => {
            let held = Held::by(first, name);
            !others.iter().all(|other| {
                let by_other = Held::by(other, name);
                values(other, name).all(|value| held.has(Same(value)))
                    && common.iter().all(|value| by_other.has(*value))
            })
        }
        OptionKind::Any => !others.iter().all(|other| {
            let held = Held::by(other, name);
            common.retain(|value| held.has(*value));
            common.is_empty() == absent && (values(other, name).next().is_none() == absent)
        }),
        OptionKind::Unique | OptionKind::Disable => false,
    }
}

/// Up to this many values are compared one by one: most lists are short, and that is fastest for them.
const FEW: usize = 16;

/// The values of an option attribute of a ticket, to be asked for one after the other.
struct Held<'t> {
    ticket: &'t Ticket,
    name: &'t str,
    /// If they are many.
    set: Option<HashSet<Same<'t>>>,
}

impl<'t> Held<'t> {
    fn by(ticket: &'t Ticket, name: &'t str) -> Self {
        let set = match ticket.attributes.get(name) {
            Some(Value::List(list)) if list.len() > FEW => Some(list.iter().map(Same).collect()),
            _ => None,
        };
        Self { ticket, name, set }
    }

    fn has(&self, value: Same<'_>) -> bool {
        match &self.set {
            Some(set) => set.contains(&value),
            None => values(self.ticket, self.name).any(|one| Same(one) == value),
        }
    }
}

/// The values in their order, each once.
fn distinct<'t>(values: impl Iterator<Item = &'t Value>) -> Vec<Same<'t>> {
    let mut kept: Vec<Same<'t>> = Vec::new();
    let mut set: HashSet<Same<'t>> = HashSet::new();
    for value in values.map(Same) {
        let is_new = if kept.len() <= FEW {
            !kept.contains(&value)
        } else {
            // The first ones come into the set as well once there are more of them.
            set.extend(&kept[set.len()..]);
            set.insert(value)
        };
        if is_new {
            kept.push(value);
        }
    }
    kept
}

#[cfg(test)]
mod tests;
