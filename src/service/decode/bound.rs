//! What a single ticket or session may be, beyond which it is left out and the stream goes on.

/// A bound on a ticket or a session. Players can choose attributes of their tickets, so a ticket
/// above a bound must not cost the others of its pool anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::service) enum Bound {
    Players,
    Regions,
    ExcludedSessions,
    Attributes,
    AttributeDepth,
    NotFinite,
    Memory,
    SessionTickets,
    SessionLists,
}

impl Bound {
    pub(in crate::service) const ALL: [Self; 9] = [
        Self::Players,
        Self::Regions,
        Self::ExcludedSessions,
        Self::Attributes,
        Self::AttributeDepth,
        Self::NotFinite,
        Self::Memory,
        Self::SessionTickets,
        Self::SessionLists,
    ];

    /// Its name in metrics.
    pub(in crate::service) fn as_str(self) -> &'static str {
        match self {
            Self::Players => "players",
            Self::Regions => "regions",
            Self::ExcludedSessions => "excluded_sessions",
            Self::Attributes => "attributes",
            Self::AttributeDepth => "attribute_depth",
            Self::NotFinite => "not_finite",
            Self::Memory => "memory",
            Self::SessionTickets => "session_tickets",
            Self::SessionLists => "session_lists",
        }
    }

    /// What is wrong with one that is beyond it, and the setting.
    pub(in crate::service) fn broken(self) -> &'static str {
        match self {
            Self::Players => "too many players (MAX_PLAYERS_PER_TICKET)",
            Self::Regions => "too many latencies (MAX_REGIONS_PER_TICKET)",
            Self::ExcludedSessions => "too many excluded sessions (MAX_REGIONS_PER_TICKET)",
            Self::Attributes => "too many attribute values (MAX_ATTRIBUTES_PER_TICKET)",
            Self::AttributeDepth => "attributes nested too deeply (MAX_ATTRIBUTE_DEPTH)",
            Self::NotFinite => "an attribute with a number that is not finite",
            Self::Memory => {
                "too many short entries: in memory, they would take more than three times its bytes"
            }
            Self::SessionTickets => "too many tickets in a session (MAX_PLAYERS_PER_TICKET)",
            Self::SessionLists => "too many teams, parties or regions in a session (4096 of each)",
        }
    }
}
