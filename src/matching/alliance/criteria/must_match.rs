//! Must-match attributes: what a pivot has, every other ticket of its match has to have
//! (docs/semantics.md, "Must-match attributes").

use std::rc::Rc;

use hashbrown::HashMap;

use crate::matching::alliance::AllianceRules;
use crate::matching::alliance::intern::Interner;
use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::{Attributes, Reason, Text, Ticket, Value};

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
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.is_empty(),
        _ => false,
    }
}

/// Tickets grouped by their must-match attributes.
#[derive(Debug, Default)]
pub(crate) struct Groups {
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
    /// Groups tickets and sessions. A session asks for nothing that it does not have, and if the
    /// ruleset says so not for must-match attributes either.
    pub(super) fn of(rules: &AllianceRules, pool: &Pool, interner: &mut Interner) -> Self {
        let by_options_only = rules.backfill_by_options_only && pool.len() < pool.rows();
        let mut groups = Self::default();
        let mut known: HashMap<Vec<(u32, u32)>, u32> = HashMap::new();
        let blank = interner.number(&Value::from(""));
        let always = ALWAYS_TESTED.map(|name| (name, interner.number(&Value::from(name))));
        let mut pairs = Vec::new();
        for (id, ticket) in (0..).zip(pool.all()) {
            let waits = id < pool.len();
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
    pub(crate) fn group(&self, id: Id) -> u32 {
        self.of[id as usize]
    }

    /// How many groups tickets are in.
    pub(crate) fn len(&self) -> usize {
        self.held
    }

    /// Whether the candidate has all that the pivot asks for.
    pub(crate) fn test(&self, pivot: Id, candidate: Id) -> Result<(), Reason> {
        if self.fit(self.group(pivot), self.group(candidate)) {
            Ok(())
        } else {
            Err(Reason::Attribute)
        }
    }

    /// Whether tickets of the group `candidate` have all that pivots of the group `pivot` ask for.
    fn fit(&self, pivot: u32, candidate: u32) -> bool {
        let offered = &self.pairs[candidate as usize];
        let has = |pair| offered.binary_search(pair).is_ok();
        pivot == candidate || self.pairs[pivot as usize].iter().all(has)
    }

    /// The groups whose tickets may join a pivot of this group, ascending. They are sought once,
    /// among those that have the pivot's rarest attribute.
    pub(crate) fn compatible(&mut self, pivot: u32) -> Rc<[u32]> {
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
pub(crate) fn must_match<'t>(
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

/// What a match says: the must-match attributes of its pivot.
pub(crate) fn attributes(rules: &AllianceRules, pivot: &Ticket) -> Attributes {
    must_match(rules, pivot)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// What a match says of game server and version of the game: what its pivot says, unless it is
/// blank.
pub(crate) fn names(pivot: &Ticket) -> impl Iterator<Item = (&'static str, &Value)> {
    ALWAYS_TESTED.into_iter().filter_map(|name| {
        let value = pivot.attributes.get(name)?;
        (!is_blank(value)).then_some((name, value))
    })
}
