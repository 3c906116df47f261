//! Whether a ticket could be in any team at all.

use std::rc::Rc;

use hashbrown::HashMap;

use super::requests::{RequestId, Requests};
use super::staff::Staff;
use crate::matching::TicketFault;
use crate::matching::alliance::criteria::modes::{ANY_MODE, ModeSet};
use crate::matching::alliance::rules::AllianceRules;

/// Remembers which parties could be in a team of some stage.
#[derive(Debug)]
pub(super) struct Fit {
    stages: Vec<OfStage>,
    requests: Rc<Requests>,
    /// Whether players give up their choice of a role sooner or later.
    is_flexed: bool,
    known: HashMap<(ModeSet, Box<[RequestId]>), bool>,
}

/// What a party has to fit.
#[derive(Debug)]
struct OfStage {
    /// The number of the mode.
    layout: usize,
    players_max: u32,
    staff: Option<Staff>,
}

impl Fit {
    pub(super) fn new(rules: &AllianceRules, requests: &Rc<Requests>) -> Self {
        let stages = rules.stages_of(ANY_MODE).map(|(layout, stage)| OfStage {
            layout,
            players_max: stage.teams.players_max,
            staff: Staff::of(stage, requests),
        });
        Self {
            stages: stages.collect(),
            requests: Rc::clone(requests),
            is_flexed: rules.layouts().any(|layout| layout.role_flexing.is_some()),
            known: HashMap::new(),
        }
    }

    /// Whether there is a team for a party that asks for this and accepts these modes. O(players) for a
    /// party whose like was seen before.
    ///
    /// # Errors
    ///
    /// [`TicketFault::NoRoleAsked`] if a player asks for no role, else [`TicketFault::NoRole`].
    pub(super) fn check(&mut self, modes: ModeSet, asks: &[RequestId]) -> Result<(), TicketFault> {
        let asks_for_nothing = |request: &RequestId| self.requests.get(*request).is_nothing();
        let crew = asks.iter().map(
            |request| match self.is_flexed && !asks_for_nothing(request) {
                true => self.requests.wildcard(),
                false => self.requests.plain(*request),
            },
        );
        let mut crew: Box<[RequestId]> = crew.collect();
        crew.sort_unstable();
        let key = (modes, crew);
        let fits = self.known.get(&key).copied();
        let fits = fits.unwrap_or_else(|| {
            let crew = &key.1;
            let fits = self.stages.iter().any(|stage| {
                (modes == ANY_MODE || modes & 1 << stage.layout != 0)
                    && crew.len() <= stage.players_max as usize
                    && stage.staff.as_ref().is_none_or(|staff| {
                        (0..staff.lists()).any(|list| staff.outlook(list, crew).is_some())
                    })
            });
            self.known.insert(key.clone(), fits);
            fits
        });
        match fits {
            true => Ok(()),
            false if asks.iter().any(asks_for_nothing) => Err(TicketFault::NoRoleAsked),
            false => Err(TicketFault::NoRole),
        }
    }
}
