//! The keys of cells.

use crate::matching::alliance::criteria::Criteria;
use crate::matching::alliance::criteria::modes::Mode;
use crate::matching::alliance::pool::{Id, Pool};

/// Cells for each ticket on average, beyond which an option is not indexed.
const MAX_SPREAD: usize = 4;

/// A part of a cell's key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// A value of an option, by its place in the ruleset.
    Option(usize),
    /// A sub game mode.
    Mode,
}

impl Part {
    /// The parts that keep the number of cells of all tickets together in bounds.
    pub(super) fn of(pool: &Pool, criteria: &Criteria<'_>) -> Vec<Self> {
        let rows = pool.rows();
        let max_cells = (rows as usize)
            .saturating_mul(MAX_SPREAD)
            .saturating_add(1024);
        let mut cells = vec![1_usize; rows as usize];
        let mut indexed = Vec::new();
        let mode = criteria.modes.are_on().then_some(Self::Mode);
        let options = criteria.options.keyed().map(Self::Option);
        for part in mode.into_iter().chain(options) {
            let next: Vec<usize> = (0..rows)
                .zip(&cells)
                .map(|(id, cells)| cells.saturating_mul(part.values(criteria, id).len()))
                .collect();
            if next.iter().fold(0_usize, |sum, n| sum.saturating_add(*n)) <= max_cells {
                cells = next;
                indexed.push(part);
            }
        }
        indexed
    }

    /// The values of a row, at least one. Rows that the part does not keep apart share one.
    pub(super) fn values<'c>(&self, criteria: &'c Criteria<'_>, id: Id) -> &'c [u32] {
        match self {
            Self::Option(option) => criteria.options.key_parts(*option, id),
            Self::Mode => criteria.modes.key_parts(id),
        }
    }
}

/// The keys of one ticket after another.
#[derive(Debug, Default)]
pub(super) struct Keys {
    key: Vec<u32>,
    /// Which of its values each part is at.
    turns: Vec<usize>,
}

impl Keys {
    /// Calls back with every key that a ticket has if its group is `group`; with a mode, as if it
    /// accepted only that.
    pub(super) fn each(
        &mut self,
        criteria: &Criteria<'_>,
        parts: &[Part],
        id: Id,
        mode: Option<Mode>,
        group: u32,
        mut with: impl FnMut(&[u32]),
    ) {
        let values = |at: usize| match (parts[at], &mode) {
            (Part::Mode, Some(mode)) => std::slice::from_ref(mode),
            (part, _) => part.values(criteria, id),
        };
        let Self { key, turns } = self;
        key.clear();
        key.push(group);
        key.extend((0..parts.len()).map(|at| values(at)[0]));
        turns.clear();
        turns.resize(parts.len(), 0);
        loop {
            with(key);
            // The next combination, as a number is counted up.
            let Some(at) = (0..parts.len()).find(|at| turns[*at] + 1 < values(*at).len()) else {
                return;
            };
            for (at, turn) in turns.iter_mut().enumerate().take(at) {
                *turn = 0;
                key[at + 1] = values(at)[0];
            }
            turns[at] += 1;
            key[at + 1] = values(at)[turns[at]];
        }
    }
}
