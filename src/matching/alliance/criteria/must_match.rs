//! Must-match attributes: what a pivot has, every other ticket of its match has to have
//! (docs/semantics.md, "Must-match attributes").

use std::rc::Rc;

use hashbrown::HashMap;

use crate::matching::alliance::AllianceRules;
use crate::matching::alliance::intern::Interner;
use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::{Reason, Text, Ticket, Value};

/// Ticket attributes that are not must-match attributes, whatever the ruleset says.
const NEVER_TESTED: &[&str] = &[
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

/// A must-match attribute if the ruleset has match options and none of this name, as on AGS.
const BESIDE_OPTIONS: &str = "cross_platform";

/// Attributes that are tested even if they are blank.
const ALWAYS_TESTED: [&str; 2] = ["server_name", "client_version"];

/// Groups in all lists of candidates that are kept, 4 bytes each; beyond, they are sought again.
const MAX_KEPT: usize = 1 << 22;

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
    pairs: Vec<Vec<Pair>>,
    /// How many groups tickets are in. Those that only sessions are in come after them.
    held: usize,
    /// The groups of tickets that have a pair.
    holders: HashMap<Pair, Vec<u32>>,
    /// For each group as a pivot's, the groups of its candidates, once it was asked for.
    compatible: HashMap<u32, Rc<[u32]>>,
    /// How many groups are in all those lists.
    kept: usize,
    /// How many names of attributes there are.
    names: usize,
    /// For each session, what only some of its tickets have.
    in_part: Vec<Vec<Pair>>,
}

/// An attribute: the number of its name, then of its value.
type Pair = (u32, u32);

/// Stands for the value of an attribute of which a session's tickets have several: no ticket has it.
const SEVERAL: u32 = u32::MAX;

/// The attributes that only some of a session's tickets have; `None` where their values differ.
pub(crate) type InPart<'s> = Vec<(&'s Text, Option<&'s Value>)>;

/// What the tickets of a group have beside the pivot's must-match attributes: each of these has one
/// value in a match, or tickets that ask for different things would meet through one that asks for
/// nothing.
#[derive(Debug)]
pub(crate) struct MustMatchInside {
    /// The must-match group of the pivot. Its tickets bring nothing that the pivot does not have.
    pivot: u32,
    /// For each name, its value and how many tickets brought it.
    brought: Vec<(u32, u32)>,
    /// The names that are there before any ticket is taken: those of a session.
    begun: Vec<u32>,
}

impl Groups {
    /// Groups tickets and sessions. A session asks for nothing that it does not have, and if the
    /// ruleset says so not for must-match attributes either. `in_part` is for each session.
    pub(super) fn of<'s>(
        rules: &AllianceRules,
        pool: &Pool,
        in_part: impl Iterator<Item = &'s InPart<'s>>,
        interner: &mut Interner,
    ) -> Self {
        let by_options_only = rules.backfill_by_options_only && pool.len() < pool.rows();
        let mut names = Interner::default();
        let always = ALWAYS_TESTED.map(|name| (name, names.number(&Value::from(name))));
        let mut groups = Self::default();
        let blank = interner.number(&Value::from(""));
        let mut known: HashMap<Vec<Pair>, u32> = HashMap::new();
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
            if !by_options_only {
                let tested = must_match(rules, ticket);
                pairs
                    .extend(tested.map(|(name, value)| (names.text(name), interner.number(value))));
            }
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
                    group
                }
            };
            groups.of.push(group);
        }
        for attributes in in_part {
            let pairs = attributes.iter().filter(|_| !by_options_only);
            let numbered = pairs.map(|(name, value)| {
                let value = value.map_or(SEVERAL, |value| interner.number(value));
                (names.text(name), value)
            });
            groups.in_part.push(numbered.collect());
        }
        groups.names = names.len();
        groups
    }

    /// A group without tickets.
    pub(crate) fn inside(&self) -> MustMatchInside {
        MustMatchInside {
            pivot: 0,
            brought: vec![(0, 0); self.names],
            begun: Vec::new(),
        }
    }

    /// The group of a ticket.
    pub(crate) fn group(&self, id: Id) -> u32 {
        self.of[id as usize]
    }

    /// How many groups tickets are in.
    pub(crate) fn len(&self) -> usize {
        self.held
    }

    /// Whether the candidate has all that the pivot asks for; and the pivot all that the candidate
    /// does, if it has to be asked back.
    pub(crate) fn test(&self, pivot: Id, candidate: Id, asked_back: bool) -> Result<(), Reason> {
        let (pivot, candidate) = (self.group(pivot), self.group(candidate));
        if self.fit(pivot, candidate) && (!asked_back || self.fit_back(pivot, candidate)) {
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

    /// Whether the pivot has all that the candidate asks for. Names are left out: tickets have asked
    /// each other for them, and a session that has none takes any.
    fn fit_back(&self, pivot: u32, candidate: u32) -> bool {
        let offered = &self.pairs[pivot as usize];
        let mut asked = self.pairs[candidate as usize]
            .iter()
            .filter(|(name, _)| *name >= ALWAYS_TESTED.len() as u32);
        pivot == candidate || asked.all(|pair| offered.binary_search(pair).is_ok())
    }

    /// The groups whose tickets may join a pivot of this group, ascending. They are sought once, among
    /// those that have the pivot's rarest attribute.
    pub(crate) fn compatible(&mut self, pivot: u32) -> Rc<[u32]> {
        if let Some(groups) = self.compatible.get(&pivot) {
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
        // Lists can be as long as there are groups, and there can be as many of them.
        self.kept += fitting.len();
        if self.kept > MAX_KEPT {
            self.compatible.clear();
            self.kept = fitting.len();
        }
        self.compatible.insert(pivot, Rc::clone(&fitting));
        fitting
    }
}

impl MustMatchInside {
    /// Begins a group with its pivot; `session` is the pivot's number among the sessions if it is one.
    pub(crate) fn begin(&mut self, groups: &Groups, pivot: Id, session: Option<u32>) {
        for name in self.begun.drain(..) {
            self.brought[name as usize].1 -= 1;
        }
        self.pivot = groups.group(pivot);
        let in_part = session.and_then(|session| groups.in_part.get(session as usize));
        for (name, value) in in_part.into_iter().flatten() {
            self.brought[*name as usize] = (*value, 1);
            self.begun.push(*name);
        }
    }

    /// Whether the ticket brings no other value of an attribute than those before it.
    pub(crate) fn admits(&self, groups: &Groups, id: Id) -> Result<(), Reason> {
        let agrees = |(name, value): &Pair| {
            let (known, tickets) = self.brought[*name as usize];
            tickets == 0 || known == *value
        };
        if self.beside(groups, id).iter().all(agrees) {
            Ok(())
        } else {
            Err(Reason::Attribute)
        }
    }

    pub(crate) fn push(&mut self, groups: &Groups, id: Id) {
        for (name, value) in self.beside(groups, id) {
            let brought = &mut self.brought[*name as usize];
            *brought = (*value, brought.1 + 1);
        }
    }

    /// Undoes the last push.
    pub(crate) fn pop(&mut self, groups: &Groups, id: Id) {
        for (name, _) in self.beside(groups, id) {
            self.brought[*name as usize].1 -= 1;
        }
    }

    /// Adds to `key` what decides about later tickets.
    pub(crate) fn note_key(&self, key: &mut Vec<u32>) {
        key.push(u32::MAX);
        for (name, (value, tickets)) in (0..).zip(&self.brought) {
            if *tickets > 0 {
                key.extend([name, *value]);
            }
        }
    }

    /// The must-match attributes of a ticket; none if it has exactly those of the pivot.
    fn beside<'g>(&self, groups: &'g Groups, id: Id) -> &'g [Pair] {
        let group = groups.group(id);
        if group == self.pivot {
            return &[];
        }
        // The names come first. Tickets of a match agree in them, and a session that has none takes
        // tickets of any.
        &groups.pairs[group as usize][ALWAYS_TESTED.len()..]
    }
}

/// The attributes that a pivot asks of others, beside those that are always tested; its match says
/// them, too.
pub(crate) fn must_match<'t>(
    rules: &AllianceRules,
    ticket: &'t Ticket,
) -> impl Iterator<Item = (&'t Text, &'t Value)> {
    let is_option = |name: &Text| rules.options.iter().any(|option| option.name == *name);
    ticket.attributes.iter().filter(move |(name, value)| {
        !is_blank(value)
            && !NEVER_TESTED.contains(&&***name)
            && !ALWAYS_TESTED.contains(&&***name)
            && (**name != BESIDE_OPTIONS || !rules.options.is_empty())
            && !is_option(name)
    })
}

/// What a match says of game server and version of the game: what its pivot says, unless it is
/// blank.
pub(crate) fn names(pivot: &Ticket) -> impl Iterator<Item = (&'static str, &Value)> {
    ALWAYS_TESTED.into_iter().filter_map(|name| {
        let value = pivot.attributes.get(name)?;
        (!is_blank(value)).then_some((name, value))
    })
}
