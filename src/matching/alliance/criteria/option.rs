//! Match options: attributes whose values a match has in common, or each once (docs/semantics.md,
//! "Match options").

mod common;

use hashbrown::HashMap;

use crate::matching::alliance::intern::{Interner, Lists};
use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::alliance::{MatchOption, OptionKind};
use crate::matching::{Reason, Ticket, Value};

pub(crate) use common::{common_value, common_values, contradict};

/// The key part of a ticket that does not have the attribute of an `any` option.
const ABSENT: &[u32] = &[u32::MAX];

/// The option attributes of every row.
#[derive(Debug)]
pub(crate) struct Options {
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    kind: OptionKind,
    /// The numbers of each row's values, ascending, each once.
    values: Lists,
    /// For `unique`: how many numbers there are. They are the option's own.
    count: usize,
    /// For `all`: the number of each row's set among the distinct sets.
    sets: Vec<u32>,
}

/// What the options make of a group.
#[derive(Debug)]
pub(crate) struct OptionsInside(Vec<Inside>);

/// What one option makes of a group.
#[derive(Debug)]
enum Inside {
    /// Nothing that the pivot alone does not say.
    Nothing,
    /// `any`: the values common to all tickets.
    Common(Common),
    /// `unique`: for each value, whether a ticket has it.
    Used(Vec<bool>),
}

/// Values that narrow: those of the first ticket, those common to the first two, and so on, as a
/// stack of lists in one piece of memory.
#[derive(Debug, Default)]
struct Common {
    values: Vec<u32>,
    starts: Vec<usize>,
}

impl Options {
    pub(super) fn of(options: &[MatchOption], pool: &Pool, interner: &mut Interner) -> Self {
        let columns = options.iter().map(|option| match option.kind {
            // A group keeps something for each number.
            OptionKind::Unique => Column::of(option, pool, &mut Interner::default()),
            OptionKind::All | OptionKind::Any | OptionKind::Disable => {
                Column::of(option, pool, interner)
            }
        });
        Self {
            columns: columns.collect(),
        }
    }

    /// What the options say of these two alone; also in the other direction if the candidate has to be
    /// asked back.
    pub(crate) fn test(&self, pivot: Id, candidate: Id, asked_back: bool) -> Result<(), Reason> {
        let fits = |column: &Column| {
            // Only `unique` asks something else in the other direction.
            let back = asked_back && column.kind == OptionKind::Unique;
            column.fit(pivot, candidate) && (!back || column.fit(candidate, pivot))
        };
        if self.columns.iter().all(fits) {
            Ok(())
        } else {
            Err(Reason::Option)
        }
    }

    /// A group without tickets.
    pub(crate) fn inside(&self) -> OptionsInside {
        let inside = |column: &Column| match column.kind {
            OptionKind::Any => Inside::Common(Common::default()),
            OptionKind::Unique => Inside::Used(vec![false; column.count]),
            OptionKind::All | OptionKind::Disable => Inside::Nothing,
        };
        OptionsInside(self.columns.iter().map(inside).collect())
    }

    /// The options that can be part of a cell's key, by place.
    pub(crate) fn keyed(&self) -> impl Iterator<Item = usize> {
        let keyed = |(_, column): &(usize, &Column)| match column.kind {
            OptionKind::All | OptionKind::Any => !column.values.all_empty(),
            OptionKind::Unique | OptionKind::Disable => false,
        };
        let columns = self.columns.iter().enumerate();
        columns.filter(keyed).map(|(at, _)| at)
    }

    /// Numbers of which two rows share one if and only if the option does not keep them apart; at
    /// least one. The option has to be one of the [keyed](Self::keyed).
    pub(crate) fn key_parts(&self, option: usize, id: Id) -> &[u32] {
        let column = &self.columns[option];
        if column.kind == OptionKind::All {
            return std::slice::from_ref(&column.sets[id as usize]);
        }
        match column.values.get(id) {
            [] => ABSENT,
            values => values,
        }
    }
}

impl Column {
    fn of(option: &MatchOption, pool: &Pool, interner: &mut Interner) -> Self {
        let mut column = Self {
            kind: option.kind,
            values: Lists::default(),
            count: 0,
            sets: Vec::new(),
        };
        let mut sets: HashMap<Vec<u32>, u32> = HashMap::new();
        let mut values = Vec::new();
        for ticket in pool.all() {
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
        column.count = interner.len();
        column
    }

    #[inline]
    fn fit(&self, pivot: Id, candidate: Id) -> bool {
        let (own, other) = (self.values.get(pivot), self.values.get(candidate));
        match self.kind {
            OptionKind::All => self.sets[pivot as usize] == self.sets[candidate as usize],
            OptionKind::Any if own.is_empty() => other.is_empty(),
            OptionKind::Any => meet(own, other),
            OptionKind::Unique if own.is_empty() => true,
            OptionKind::Unique => !other.is_empty() && !meet(own, other),
            OptionKind::Disable => true,
        }
    }
}

impl OptionsInside {
    /// Whether a ticket that fits the pivot also goes with the others of the group.
    pub(crate) fn admits(&self, options: &Options, id: Id) -> Result<(), Reason> {
        for (inside, column) in self.0.iter().zip(&options.columns) {
            let values = column.values.get(id);
            let fits = match inside {
                Inside::Nothing => true,
                Inside::Common(common) => common.meets(values),
                Inside::Used(used) => !values.iter().any(|value| used[*value as usize]),
            };
            if !fits {
                return Err(Reason::Option);
            }
        }
        Ok(())
    }

    pub(crate) fn push(&mut self, options: &Options, id: Id) {
        for (inside, column) in self.0.iter_mut().zip(&options.columns) {
            match inside {
                Inside::Nothing => {}
                Inside::Common(common) => common.push(column.values.get(id)),
                Inside::Used(used) => mark(used, column.values.get(id), true),
            }
        }
    }

    /// Undoes the last push.
    pub(crate) fn pop(&mut self, options: &Options, id: Id) {
        for (inside, column) in self.0.iter_mut().zip(&options.columns) {
            match inside {
                Inside::Nothing => {}
                Inside::Common(common) => common.pop(),
                Inside::Used(used) => mark(used, column.values.get(id), false),
            }
        }
    }

    /// Adds to `key` what decides about later tickets. Whether that is all of it: it is not where a
    /// `unique` option counts.
    pub(crate) fn note_key(&self, key: &mut Vec<u32>) -> bool {
        for inside in &self.0 {
            match inside {
                Inside::Nothing => {}
                Inside::Common(common) => {
                    key.push(u32::MAX);
                    key.extend(common.top());
                }
                Inside::Used(_) => return false,
            }
        }
        true
    }
}

impl Common {
    fn top(&self) -> &[u32] {
        match self.starts.last() {
            Some(start) => &self.values[*start..],
            None => &[],
        }
    }

    /// Whether a ticket with these values shares one with all before. Tickets without the attribute
    /// share it with others that do not have it.
    fn meets(&self, values: &[u32]) -> bool {
        let common = self.top();
        if common.is_empty() || values.is_empty() {
            return common.is_empty() && values.is_empty();
        }
        meet(common, values)
    }

    fn push(&mut self, values: &[u32]) {
        let end = self.values.len();
        if let Some(start) = self.starts.last().copied() {
            for at in start..end {
                let value = self.values[at];
                if values.binary_search(&value).is_ok() {
                    self.values.push(value);
                }
            }
        } else {
            self.values.extend(values);
        }
        self.starts.push(end);
    }

    fn pop(&mut self) {
        if let Some(start) = self.starts.pop() {
            self.values.truncate(start);
        }
    }
}

/// Whether two ascending lists share a value.
fn meet(a: &[u32], b: &[u32]) -> bool {
    let (few, many) = if a.len() < b.len() { (a, b) } else { (b, a) };
    few.iter().any(|value| many.binary_search(value).is_ok())
}

fn mark(used: &mut [bool], values: &[u32], present: bool) {
    for value in values {
        used[*value as usize] = present;
    }
}

/// Writes down the numbers of an attribute's values, ascending, each once.
pub(super) fn numbers(
    ticket: &Ticket,
    name: &str,
    interner: &mut Interner,
    numbers: &mut Vec<u32>,
) {
    numbers.clear();
    numbers.extend(values(ticket, name).map(|value| interner.number(value)));
    numbers.sort_unstable();
    numbers.dedup();
}

/// The values of an option attribute: itself, or its elements if it is a list. `null` is not a
/// value.
fn values<'t>(ticket: &'t Ticket, name: &str) -> impl Iterator<Item = &'t Value> + Clone {
    let values = match ticket.attributes.get(name) {
        None => &[],
        Some(Value::List(values)) => &values[..],
        Some(scalar) => std::slice::from_ref(scalar),
    };
    values.iter().filter(|value| **value != Value::Null)
}
