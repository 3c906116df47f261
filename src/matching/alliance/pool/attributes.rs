//! Attributes of the waiting tickets: match options, cross-play and must-match (contract A4).

use std::rc::Rc;

use hashbrown::HashMap;

use super::Id;
use crate::matching::alliance::intern::{Interner, Lists};
use crate::matching::alliance::{AllianceRules, MatchOption, OptionKind};
use crate::matching::{Text, Ticket, Value};

/// Ticket attributes that are no must-match attributes, whatever the ruleset says.
const NEVER_TESTED: &[&str] = &[
    "match_attempt",
    "latencies",
    "member_attributes",
    "sub_game_mode",
    "blocked_players",
    "blocked_players_detail",
    "new_session_only",
    "role",
    "cross_platform",
    "current_platform",
];

/// Attributes that are tested even if they are blank.
const ALWAYS_TESTED: [&str; 2] = ["server_name", "client_version"];

/// Whether an attribute that is tested only if it is there counts as not there.
pub(in crate::matching::alliance) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.is_empty(),
        _ => false,
    }
}

/// The values of an option attribute: itself, or its elements if it is a list. `null` is none.
pub(in crate::matching::alliance) fn values_of(value: Option<&Value>) -> &[Value] {
    match value {
        None | Some(Value::Null) => &[],
        Some(Value::List(values)) => values,
        Some(scalar) => std::slice::from_ref(scalar),
    }
}

/// An option attribute of every ticket.
#[derive(Debug)]
pub(in crate::matching::alliance) struct OptionColumn {
    pub(in crate::matching::alliance) kind: OptionKind,
    /// The numbers of each ticket's values, ascending, each once.
    values: Lists,
    /// For `all`: the number of each ticket's set among the distinct sets; 0 is the empty one.
    sets: Vec<u32>,
}

impl OptionColumn {
    pub(super) fn of(option: &MatchOption, tickets: &[Ticket], interner: &mut Interner) -> Self {
        let mut column = Self {
            kind: option.kind,
            values: Lists::default(),
            sets: Vec::new(),
        };
        let mut sets: HashMap<Vec<u32>, u32> = HashMap::new();
        sets.insert(Vec::new(), 0);
        let mut values = Vec::new();
        for ticket in tickets {
            numbers(ticket, &option.name, interner, &mut values);
            column.values.push(values.iter().copied());
            if option.kind == OptionKind::All {
                let next = u32::try_from(sets.len()).expect("fewer sets than tickets");
                let set = sets.get(&values).copied();
                column.sets.push(set.unwrap_or_else(|| {
                    sets.insert(values.clone(), next);
                    next
                }));
            }
        }
        column
    }

    /// The numbers of a ticket's values, ascending; none if it does not have the attribute.
    pub(in crate::matching::alliance) fn values(&self, id: Id) -> &[u32] {
        self.values.get(id)
    }

    /// For `all`: what is equal for tickets with the same set of values.
    pub(in crate::matching::alliance) fn set(&self, id: Id) -> u32 {
        self.sets[id as usize]
    }

    /// Whether no ticket has the attribute.
    pub(in crate::matching::alliance) fn is_unused(&self) -> bool {
        self.kind == OptionKind::Disable || self.values.all_empty()
    }
}

/// Writes down the numbers of an attribute's values, ascending, each once.
fn numbers(ticket: &Ticket, name: &str, interner: &mut Interner, numbers: &mut Vec<u32>) {
    numbers.clear();
    let values = values_of(ticket.attributes.get(name)).iter();
    let values = values.filter(|value| **value != Value::Null);
    numbers.extend(values.map(|value| interner.number(value)));
    numbers.sort_unstable();
    numbers.dedup();
}

/// Cross-play: where each ticket plays, and with whom it would.
#[derive(Debug)]
pub(in crate::matching::alliance) struct Platforms {
    /// The platforms that each ticket is on, ascending.
    pub(in crate::matching::alliance) current: Lists,
    /// The platforms that each ticket plays with, ascending.
    pub(in crate::matching::alliance) crossed: Lists,
}

impl Platforms {
    /// The columns, if an option `cross_platform` of type `any` asks for them.
    pub(super) fn of(
        rules: &AllianceRules,
        tickets: &[Ticket],
        interner: &mut Interner,
    ) -> Option<Self> {
        let asked = |option: &MatchOption| {
            &*option.name == "cross_platform" && option.kind == OptionKind::Any
        };
        if !rules.options.iter().any(asked) {
            return None;
        }
        let mut platforms = Self {
            current: Lists::default(),
            crossed: Lists::default(),
        };
        let mut values = Vec::new();
        for ticket in tickets {
            numbers(ticket, "current_platform", interner, &mut values);
            platforms.current.push(values.iter().copied());
            numbers(ticket, "cross_platform", interner, &mut values);
            platforms.crossed.push(values.iter().copied());
        }
        (!platforms.current.all_empty()).then_some(platforms)
    }
}

/// Tickets grouped by their must-match attributes.
#[derive(Debug, Default)]
pub(in crate::matching::alliance) struct Groups {
    /// The group of each ticket.
    of: Vec<u32>,
    /// The attributes of each group, as numbers of name and value, ascending.
    pairs: Vec<Vec<(u32, u32)>>,
    /// How many groups tickets are in. Those that only sessions are in come after them.
    held: usize,
    /// The groups of tickets that have a pair.
    holders: HashMap<(u32, u32), Vec<u32>>,
    /// For each group as a pivot's, the groups of its candidates, once it was asked for.
    compatible: Vec<Option<Rc<[u32]>>>,
}

impl Groups {
    /// Groups the first `waiting` tickets; the others stand for sessions. A session asks for nothing
    /// that it does not have, and if the ruleset says so not for must-match attributes either.
    pub(super) fn of(
        rules: &AllianceRules,
        tickets: &[Ticket],
        waiting: usize,
        interner: &mut Interner,
    ) -> Self {
        let by_options_only = rules.backfill_by_options_only && waiting < tickets.len();
        let mut groups = Self::default();
        let mut known: HashMap<Vec<(u32, u32)>, u32> = HashMap::new();
        let blank = interner.number(&Value::from(""));
        let always = ALWAYS_TESTED.map(|name| (name, interner.number(&Value::from(name))));
        let mut pairs = Vec::new();
        for (at, ticket) in tickets.iter().enumerate() {
            let waits = at < waiting;
            pairs.clear();
            for (name, number) in always {
                let value = ticket.attributes.get(name).filter(|value| !is_blank(value));
                let value = value.map(|value| interner.number(value));
                if let Some(value) = value.or(waits.then_some(blank)) {
                    pairs.push((number, value));
                }
            }
            let tested = must_match(rules, ticket).filter(|_| !by_options_only);
            pairs.extend(tested.map(|(name, value)| (interner.text(name), interner.number(value))));
            pairs.sort_unstable();
            let group = match known.get(&pairs) {
                Some(group) => *group,
                None => {
                    let group = u32::try_from(known.len()).expect("fewer groups than tickets");
                    known.insert(pairs.clone(), group);
                    if waits {
                        groups.held += 1;
                        for pair in &pairs {
                            groups.holders.entry(*pair).or_default().push(group);
                        }
                    }
                    groups.pairs.push(pairs.clone());
                    groups.compatible.push(None);
                    group
                }
            };
            groups.of.push(group);
        }
        groups
    }

    /// The group of a ticket.
    pub(in crate::matching::alliance) fn group(&self, id: Id) -> u32 {
        self.of[id as usize]
    }

    /// How many groups tickets are in.
    pub(in crate::matching::alliance) fn len(&self) -> usize {
        self.held
    }

    /// Whether tickets of `candidate` have all that pivots of `pivot` ask for.
    pub(in crate::matching::alliance) fn fit(&self, pivot: u32, candidate: u32) -> bool {
        let offered = &self.pairs[candidate as usize];
        let has = |pair| offered.binary_search(pair).is_ok();
        pivot == candidate || self.pairs[pivot as usize].iter().all(has)
    }

    /// The groups whose tickets may join a pivot of this group, ascending. They are sought once, among
    /// those that have the pivot's rarest attribute.
    pub(in crate::matching::alliance) fn compatible(&mut self, pivot: u32) -> Rc<[u32]> {
        if let Some(groups) = &self.compatible[pivot as usize] {
            return Rc::clone(groups);
        }
        let holders = |pair| self.holders.get(pair).map_or(&[][..], Vec::as_slice);
        let rarest = self.pairs[pivot as usize]
            .iter()
            .map(holders)
            .min_by_key(|holders| holders.len());
        let fitting: Rc<[u32]> = match rarest {
            Some(rarest) => {
                let fits = |group: &u32| self.fit(pivot, *group);
                rarest.iter().copied().filter(fits).collect()
            }
            None => (0..self.held as u32).collect(),
        };
        self.compatible[pivot as usize] = Some(Rc::clone(&fitting));
        fitting
    }
}

/// The attributes that a pivot asks of others, beside those that are always tested.
pub(in crate::matching::alliance) fn must_match<'t>(
    rules: &AllianceRules,
    ticket: &'t Ticket,
) -> impl Iterator<Item = (&'t Text, &'t Value)> {
    let option = |name: &Text| rules.options.iter().any(|option| option.name == *name);
    ticket.attributes.iter().filter(move |(name, value)| {
        !is_blank(value)
            && !NEVER_TESTED.contains(&&***name)
            && !ALWAYS_TESTED.contains(&&***name)
            && !option(name)
    })
}
