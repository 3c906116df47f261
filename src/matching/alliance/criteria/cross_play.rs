//! Cross-play: every platform that a ticket is on is one that all others play with
//! (docs/semantics.md, "Cross-play").

use super::option;
use crate::matching::alliance::intern::{Interner, Lists};
use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::alliance::{MatchOption, OptionKind};
use crate::matching::{Reason, Ticket, Value};

/// The ticket attribute of the platforms that the party plays with.
const WITH: &str = "cross_platform";

/// The ticket attribute of the platforms that the party is on.
const ON: &str = "current_platform";

/// The platforms of every row.
#[derive(Debug, Default)]
pub(crate) struct Platforms {
    /// Those that it is on, ascending. No lists at all where cross-play is off.
    on: Lists,
    /// Those that it plays with, ascending.
    with: Lists,
    /// How many there are; 0 where cross-play is off.
    count: usize,
}

/// The platforms of a group whose pivot makes them matter.
#[derive(Debug, Default)]
pub(crate) struct PlatformsInside {
    active: bool,
    tickets: u32,
    /// For each platform, how many tickets are on it.
    on: Vec<u32>,
    /// For each platform, how many tickets play with it.
    with: Vec<u32>,
    /// The platforms that some ticket is on.
    present: Vec<u32>,
}

impl Platforms {
    /// Cross-play is on if an option `cross_platform` of type `any` asks for it.
    pub(super) fn of(options: &[MatchOption], pool: &Pool) -> Self {
        let mut platforms = Self::default();
        let asks = |option: &MatchOption| &*option.name == WITH && option.kind == OptionKind::Any;
        if !options.iter().any(asks) {
            return platforms;
        }
        let mut interner = Interner::default();
        let mut numbers = Vec::new();
        for ticket in pool.all() {
            option::numbers(ticket, ON, &mut interner, &mut numbers);
            platforms.on.push(numbers.iter().copied());
            option::numbers(ticket, WITH, &mut interner, &mut numbers);
            platforms.with.push(numbers.iter().copied());
        }
        if !platforms.on.all_empty() {
            platforms.count = interner.len();
        }
        platforms
    }

    /// A group without tickets.
    pub(crate) fn inside(&self) -> PlatformsInside {
        PlatformsInside {
            on: vec![0; self.count],
            with: vec![0; self.count],
            ..PlatformsInside::default()
        }
    }
}

impl PlatformsInside {
    /// Begins a group with its pivot.
    pub(crate) fn begin(&mut self, platforms: &Platforms, pivot: Id) {
        self.active = platforms.count > 0 && !platforms.on.get(pivot).is_empty();
    }

    /// Whether every platform that one side is on is one that the other plays with.
    pub(crate) fn admits(&self, platforms: &Platforms, id: Id) -> Result<(), Reason> {
        if !self.active {
            return Ok(());
        }
        let with = platforms.with.get(id);
        let mut on = platforms.on.get(id).iter();
        let mut present = self.present.iter();
        if on.all(|platform| self.with[*platform as usize] == self.tickets)
            && present.all(|platform| with.binary_search(platform).is_ok())
        {
            Ok(())
        } else {
            Err(Reason::CrossPlay)
        }
    }

    pub(crate) fn push(&mut self, platforms: &Platforms, id: Id) {
        if !self.active {
            return;
        }
        self.tickets += 1;
        for platform in platforms.on.get(id) {
            self.on[*platform as usize] += 1;
            if self.on[*platform as usize] == 1 {
                self.present.push(*platform);
            }
        }
        for platform in platforms.with.get(id) {
            self.with[*platform as usize] += 1;
        }
    }

    /// Undoes the last push.
    pub(crate) fn pop(&mut self, platforms: &Platforms, id: Id) {
        if !self.active {
            return;
        }
        self.tickets -= 1;
        for platform in platforms.on.get(id).iter().rev() {
            self.on[*platform as usize] -= 1;
            if self.on[*platform as usize] == 0 {
                self.present.pop();
            }
        }
        for platform in platforms.with.get(id) {
            self.with[*platform as usize] -= 1;
        }
    }

    /// Whether platforms decide nothing about later tickets.
    pub(crate) fn is_silent(&self) -> bool {
        !self.active
    }
}

/// The platforms that any of the tickets is on, under the name of the attribute.
pub(crate) fn united(tickets: &[&Ticket]) -> Option<(&'static str, Value)> {
    let any_of_them = MatchOption {
        name: ON.into(),
        kind: OptionKind::Unique,
    };
    Some((ON, option::common_value(&any_of_them, tickets)?))
}
