//! Parties of a search that are alike, so that it counts them instead of trying each.

use std::cmp::Reverse;

use crate::matching::alliance::kinds::{Kinds, PartyKind};

/// Parties that are alike: of one kind and in no blocked pair; or one party that is in some.
#[derive(Debug)]
pub(super) struct Class {
    pub(super) kind: PartyKind,
    /// The players of each.
    pub(super) size: u32,
    pub(super) members: Vec<usize>,
    /// The classes that may not share its team.
    pub(super) blocked: Vec<usize>,
}

/// Spare parties of one kind.
#[derive(Debug)]
pub(super) struct SpareParties {
    pub(super) kind: PartyKind,
    /// The players of each.
    pub(super) size: u32,
    pub(super) left: u32,
    /// The class of taken parties of this kind that are in no blocked pair.
    pub(super) class: Option<usize>,
}

/// The classes of parties, the largest first; of one kind, those in blocked pairs first.
pub(super) fn classes(parties: &[PartyKind], blocked: &[Vec<usize>], kinds: &Kinds) -> Vec<Class> {
    let mut order: Vec<usize> = (0..parties.len()).collect();
    order.sort_by_key(|&party| (Reverse(parties[party]), blocked[party].is_empty()));
    let mut classes: Vec<Class> = Vec::new();
    let mut class_of = vec![0; parties.len()];
    for party in order {
        let kind = parties[party];
        // Parties in blocked pairs differ in whom they are blocked from, so each is a class by itself.
        let free = blocked[party].is_empty();
        match classes.last_mut() {
            Some(last) if free && last.kind == kind && blocked[last.members[0]].is_empty() => {
                last.members.push(party);
            }
            _ => classes.push(Class {
                kind,
                size: kinds.players(kind),
                members: vec![party],
                blocked: Vec::new(),
            }),
        }
        class_of[party] = classes.len() - 1;
    }
    for (party, others) in blocked.iter().enumerate() {
        classes[class_of[party]]
            .blocked
            .extend(others.iter().map(|&other| class_of[other]));
    }
    classes
}

impl SpareParties {
    /// Spare parties beside taken ones.
    pub(super) fn new(kind: PartyKind, left: u32, kinds: &Kinds, taken: &[Class]) -> Self {
        Self {
            kind,
            size: kinds.players(kind),
            left,
            class: taken
                .iter()
                .position(|class| class.kind == kind && class.blocked.is_empty()),
        }
    }

    /// Their players in all.
    pub(super) fn players(&self) -> u64 {
        u64::from(self.size) * u64::from(self.left)
    }
}
