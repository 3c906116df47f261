//! Whether a ticket could be in any team at all.

use std::rc::Rc;

use hashbrown::HashMap;

use super::requests::{RequestId, Requests};
use super::staff::Staff;
use crate::matching::TicketFault;
use crate::matching::alliance::rules::AllianceRules;

/// Remembers which parties could be in a team of some stage.
#[derive(Debug)]
pub(super) struct Fit {
    /// Maximum number of players of a team of each stage, and its roles.
    stages: Vec<(u32, Option<Staff>)>,
    requests: Rc<Requests>,
    /// Whether players give up their choice of a role sooner or later.
    is_flexed: bool,
    known: HashMap<Box<[RequestId]>, bool>,
    crew: Vec<RequestId>,
}

impl Fit {
    pub(super) fn new(rules: &AllianceRules, requests: &Rc<Requests>) -> Self {
        let stages = rules.stages();
        let stages = stages.map(|stage| (stage.teams.players_max, Staff::of(stage, requests)));
        Self {
            stages: stages.collect(),
            requests: Rc::clone(requests),
            is_flexed: rules.layouts().any(|layout| layout.role_flexing.is_some()),
            known: HashMap::new(),
            crew: Vec::new(),
        }
    }

    /// Whether there is a team for a party that asks for this. O(players) for a party whose like was
    /// seen before.
    ///
    /// # Errors
    ///
    /// [`TicketFault::NoRoleAsked`] if a player asks for no role, else [`TicketFault::NoRole`].
    pub(super) fn check(&mut self, asks: &[RequestId]) -> Result<(), TicketFault> {
        let asks_for_nothing = |request: &RequestId| self.requests.get(*request).is_nothing();
        self.crew.clear();
        self.crew.extend(asks.iter().map(|request| {
            match self.is_flexed && !asks_for_nothing(request) {
                true => self.requests.wildcard(),
                false => self.requests.plain(*request),
            }
        }));
        self.crew.sort_unstable();
        let crew = &self.crew[..];
        let fits = self.known.get(crew).copied().unwrap_or_else(|| {
            let fits = self.stages.iter().any(|(players_max, staff)| {
                crew.len() <= *players_max as usize
                    && staff.as_ref().is_none_or(|staff| {
                        (0..staff.lists()).any(|list| staff.outlook(list, crew).is_some())
                    })
            });
            self.known.insert(crew.into(), fits);
            fits
        });
        match fits {
            true => Ok(()),
            false if asks.iter().any(asks_for_nothing) => Err(TicketFault::NoRoleAsked),
            false => Err(TicketFault::NoRole),
        }
    }
}
