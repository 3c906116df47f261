//! The changes that are tried for a ticket, as far as they have no size to be found out.

use std::collections::BTreeSet;

use super::near::Seek;
use crate::matching::Text;
use crate::matching::alliance::criteria::blocks::blocked_by;
use crate::matching::alliance::criteria::must_match;
use crate::matching::alliance::{AllianceRules, OptionKind};
use crate::matching::explain::Change;

/// Changes of one kind that are tried at most, where there is one for each name or player.
const MAX_NAMES: usize = 8;

impl Seek<'_> {
    /// Every such change.
    pub(super) fn plain(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        let ticket = &self.scene.tickets[self.place];
        changes.extend(self.latencies());
        for option in &self.rules.options {
            if option.kind != OptionKind::Disable {
                let name = option.name.clone();
                changes.push(Change::OptionOff { name });
            }
        }
        changes.extend(self.attributes());
        changes.extend(self.blocks());
        let place = self.place;
        if self.rules.have_roles() {
            changes.push(Change::AnyRole { ticket: place });
        }
        for mode in self.rules.modes.iter().take(MAX_NAMES) {
            let name = mode.name.clone();
            changes.push(Change::Mode {
                ticket: place,
                name,
            });
        }
        let is_bound = ticket.wants_new_session() || !ticket.excluded_sessions.is_empty();
        if !self.scene.sessions.is_empty() && is_bound {
            changes.push(Change::AnySession { ticket: place });
        }
        changes
    }

    /// Each region that is closed to the ticket, opened.
    fn latencies(&self) -> Vec<Change> {
        let ticket = &self.scene.tickets[self.place];
        let measured: Vec<(&Text, i64)> = ticket.measured().collect();
        let Some(best_ms) = measured.iter().map(|(_, ms)| *ms).min() else {
            return Vec::new();
        };
        let age_ms = ticket.age_ms(self.scene.context.now_ms);
        let limit = |best_ms| self.rules.regions.limit_ms(best_ms, age_ms);
        let closed = measured.into_iter().filter(|(_, ms)| *ms > limit(best_ms));
        closed
            .take(MAX_NAMES)
            .map(|(region, from_ms)| Change::Latency {
                ticket: self.place,
                region: region.clone(),
                from_ms,
                // The best one stays the best, or is the cap itself.
                to_ms: limit(best_ms),
            })
            .collect()
    }

    /// The must-match attributes that some of the others have otherwise.
    fn attributes(&self) -> Vec<Change> {
        let own = &self.scene.tickets[self.place];
        let mut names: BTreeSet<&Text> = BTreeSet::new();
        for place in &self.waiting {
            let other = &self.scene.tickets[*place];
            for ticket in [own, other] {
                let asked = must_match::must_match(self.rules, ticket);
                let differs = asked
                    .filter(|(name, _)| own.attributes.get(name) != other.attributes.get(name));
                names.extend(differs.map(|(name, _)| name));
            }
            if names.len() >= MAX_NAMES {
                break;
            }
        }
        let names = names.into_iter().take(MAX_NAMES).cloned();
        names.map(|name| Change::AttributeOff { name }).collect()
    }

    /// Each block between the ticket and another, lifted.
    fn blocks(&self) -> Vec<Change> {
        let own = &self.scene.tickets[self.place];
        let lift = |ticket: usize, player: &Text| Change::Unblock {
            ticket,
            id: self.scene.tickets[ticket].id.clone(),
            player: player.clone(),
        };
        let own_blocks = blocked_by(&own.attributes);
        let mut changes: Vec<Change> = own_blocks
            .take(MAX_NAMES)
            .map(|player| lift(self.place, player))
            .collect();
        for place in &self.waiting {
            let blocked = blocked_by(&self.scene.tickets[*place].attributes);
            let mut own_players = blocked.filter(|id| own.player_ids().any(|own| own == *id));
            if let Some(player) = own_players.next()
                && *place != self.place
            {
                changes.push(lift(*place, player));
            }
            if changes.len() >= 2 * MAX_NAMES {
                break;
            }
        }
        changes
    }
}

/// Every role that a ruleset knows, each once, in its order.
pub(super) fn role_names(rules: &AllianceRules) -> Vec<Text> {
    let mut names: Vec<Text> = Vec::new();
    let lists = rules.stages().flat_map(|stage| stage.roles.lists());
    for role in lists.flat_map(|list| &list.0) {
        if !names.contains(&role.name) && names.len() < MAX_NAMES {
            names.push(role.name.clone());
        }
    }
    names
}
