//! Sub game modes: which of a pool's team layouts a ticket accepts (docs/semantics.md, "Sub game
//! modes").

use smallvec::SmallVec;

use crate::matching::alliance::intern::Lists;
use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::alliance::rules::{AllianceRules, ModeOrder};
use crate::matching::{Reason, Text, Value, mode_rank};

/// The ticket attribute that names modes, and the match attribute that does.
pub(crate) const SUB_GAME_MODE: &str = "sub_game_mode";

/// The number of a mode: its place in the order of names.
pub(crate) type Mode = u32;

/// A bit for each mode.
pub(crate) type ModeSet = u64;

/// What a ruleset without modes has: none that is asked for.
pub(crate) const ANY_MODE: ModeSet = 0;

/// The key part of a row that accepts no mode.
const NONE: &[u32] = &[u32::MAX];

/// The modes of every row.
#[derive(Debug)]
pub(crate) struct Modes<'r> {
    rules: &'r AllianceRules,
    /// In the order of the ticket's list.
    lists: Lists,
    sets: Vec<ModeSet>,
}

impl<'r> Modes<'r> {
    pub(super) fn of(rules: &'r AllianceRules, pool: &Pool) -> Self {
        let mut modes = Self {
            rules,
            lists: Lists::default(),
            sets: Vec::new(),
        };
        if modes.are_on() {
            for ticket in pool.all() {
                let accepted = accepted(rules, ticket.attributes.get(SUB_GAME_MODE));
                modes.sets.push(set_of(&accepted));
                modes.lists.push(accepted);
            }
        }
        modes
    }

    /// Whether the ruleset has modes.
    pub(crate) fn are_on(&self) -> bool {
        !self.rules.modes.is_empty()
    }

    /// The modes that a row accepts.
    pub(crate) fn set(&self, id: Id) -> ModeSet {
        self.sets.get(id as usize).copied().unwrap_or(ANY_MODE)
    }

    /// The same in the order of its list.
    pub(crate) fn list(&self, id: Id) -> &[Mode] {
        if self.are_on() {
            self.lists.get(id)
        } else {
            &[]
        }
    }

    /// In which order a pivot tries its modes.
    pub(crate) fn order(&self, pool: &Pool, tick_id: u64, pivot: Id) -> SmallVec<[Mode; 4]> {
        let mut modes: SmallVec<[Mode; 4]> = self.list(pivot).into();
        if self.rules.mode_order == ModeOrder::Random && modes.len() > 1 {
            let ticket = pool.ticket(pivot);
            // Ascending, so that of equal ranks the first name comes first.
            modes.sort_unstable();
            modes.sort_by_cached_key(|mode| mode_rank(tick_id, ticket, self.name(*mode)));
        }
        modes
    }

    /// Whether a candidate accepts one of the `required` modes, and what it costs that it does not
    /// accept others of the pivot's.
    #[inline]
    pub(crate) fn test(
        &self,
        required: ModeSet,
        pivots: ModeSet,
        candidate: Id,
    ) -> Result<f64, Reason> {
        if required == ANY_MODE {
            return Ok(0.0);
        }
        let own = self.set(candidate);
        if own & required == 0 {
            return Err(Reason::SubGameMode);
        }
        Ok(f64::from((pivots & !own).count_ones()))
    }

    /// Numbers of which two rows share one if they share a mode; at least one.
    pub(crate) fn key_parts(&self, id: Id) -> &[u32] {
        match self.list(id) {
            [] => NONE,
            modes => modes,
        }
    }

    /// The name of a mode.
    pub(crate) fn name(&self, mode: Mode) -> &Text {
        &self.rules.modes[mode as usize].name
    }
}

/// The known modes that an attribute names, each once, in its order.
pub(crate) fn accepted(rules: &AllianceRules, value: Option<&Value>) -> Vec<Mode> {
    let values = match value {
        None => &[],
        Some(Value::List(values)) => &values[..],
        Some(one) => std::slice::from_ref(one),
    };
    let mut seen = 0;
    let known = values.iter().filter_map(|value| {
        let name = value.as_text()?;
        let modes = &rules.modes;
        let mode = modes.binary_search_by(|mode| (*mode.name).cmp(name)).ok()? as Mode;
        let is_new = seen & 1 << mode == 0;
        seen |= 1 << mode;
        is_new.then_some(mode)
    });
    known.collect()
}

/// A bit for each.
pub(crate) fn set_of(modes: &[Mode]) -> ModeSet {
    modes.iter().fold(0, |set, mode| set | 1 << mode)
}
