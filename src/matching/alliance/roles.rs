//! Roles: what players ask for, and who plays what (docs/semantics.md, "Roles").
//!
//! - [`asked`] reads what a player asks for, [`requests`] keeps it for the whole queue, and
//!   [`flexing`] lets players give up their choice as the queue ages.
//! - [`staff`] says whether players can fill the roles of a team: all that a search for a match asks.
//! - [`cast`] gives each player of a finished team its role.

mod asked;
mod cast;
mod desk;
mod fit;
mod flexing;
mod places;
mod requests;
mod staff;
mod sums;

use std::rc::Rc;

use super::rules::AllianceRules;
use crate::matching::{Ticket, TicketFault};
use fit::Fit;

pub(super) use asked::AskedRoles;
pub(super) use cast::Casting;
pub(super) use requests::{RequestId, Requests};
pub(super) use staff::Staff;

/// The number of a role's name.
pub(super) type RoleId = u32;

/// The role of a player who plays any.
pub(super) const ANY: &str = "any";

/// The player attribute that says which roles a player asks for, and the one that AGS clients set.
pub(super) const ROLE: &str = "role";
pub(super) const ROLES: &str = "roles";

/// Whether a ticket's players can be given roles in a team of some stage (docs/semantics.md, "Unary
/// calls"). O(stages, and players times roles for each).
///
/// # Errors
///
/// [`TicketFault::NoRoleAsked`] if a player asks for no role, else [`TicketFault::NoRole`].
pub(super) fn fits_some_team(rules: &AllianceRules, ticket: &Ticket) -> Result<(), TicketFault> {
    let modes = rules.modes_of(ticket)?;
    let mut requests = Requests::by(rules);
    let crew = requests.read_all(ticket);
    Fit::new(rules, &Rc::new(requests)).check(modes, &crew)
}
