//! Every reason of a refusal.

use crate::matching::{Reason, TicketFault};

/// A ruleset that cannot be used, as the reason of a refusal.
pub(in crate::service) const RULESET_REFUSED: &str = "ruleset";

/// A ticket or a session that cannot be read, as the reason of a refusal.
pub(in crate::service) const MESSAGE_REFUSED: &str = "message";

/// The reasons' names, as labels have them.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    let reasons = Reason::ALL.iter().map(|reason| reason.as_str());
    let faults = ticket_faults().map(|fault| fault.as_str());
    reasons
        .chain(faults)
        .chain([RULESET_REFUSED, MESSAGE_REFUSED])
}

/// A fault of each kind.
fn ticket_faults() -> [TicketFault; 7] {
    [
        TicketFault::NoPlayer,
        TicketFault::EmptyPlayerId,
        TicketFault::PlayerTwice,
        TicketFault::NotFinite(String::new()),
        TicketFault::TooManyPlayers {
            players: 0,
            allowed: 0,
        },
        TicketFault::NoRegionUnderCap {
            best_ms: 0,
            cap_ms: 0,
        },
        TicketFault::Unfit(""),
    ]
}
