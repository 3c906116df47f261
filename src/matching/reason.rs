//! Why a ticket or a session was refused: closed sets, so that they can be labels of a metric.

use std::fmt;

/// Why a ticket stayed in the queue, or a session stayed open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// A ticket with this id came before in the stream; this one is ignored.
    DuplicateTicket,
    /// Too few tickets wait to reach the minimum of a match.
    NotEnoughTickets,
    /// No session with a free seat was in the stream.
    NoSession,
    /// Every session that it could join was filled by other tickets before its turn.
    SessionFull,
    /// The ticket asks for a new session only.
    NewSessionOnly,
    /// The ticket excludes the session.
    SessionExcluded,
    /// One of its players is in the session already.
    PlayerInSession,
    /// It needs another game server than the session runs on.
    ServerName,
    /// Its players have another version of the game than the session.
    ClientVersion,
    /// The ticket itself is invalid: no player, one twice, a number that is not finite, more players
    /// than any team has.
    InvalidTicket,
    /// Too few players wait to reach the minimum of a match.
    NotEnoughPlayers,
    /// Too few players with the must-match attributes of the ticket wait.
    Attribute,
    /// Too few of them share the ticket's match options.
    Option,
    /// The ticket accepts no sub game mode of the ruleset, or too few others share one.
    SubGameMode,
    /// Too few of them have cross-play with its platform.
    CrossPlay,
    /// Too few of them are within the distance of a matching rule.
    Distance,
    /// Too few of them have a region in common with it.
    Region,
    /// Too few are left when players who block each other are kept apart.
    Blocked,
    /// Too few are left when no player may be in the match twice.
    SharedPlayer,
    /// Enough players wait, but their parties do not add up to teams.
    TeamSizes,
    /// Their parties add up to teams, but not to teams in which each player has a role that it asks for.
    Role,
    /// Its match was put off: a better one is expected soon.
    Held,
    /// An older ticket fitted its match better.
    Replaced,
    /// Its match had no teams of which the stronger one is not too likely to win.
    WinChance,
    /// Its match had no teams whose largest parties are of similar size.
    Premade,
    /// The time limit or the bound of steps of the tick was reached first.
    Budget,
    /// The answer would be larger than the client takes.
    TooLarge,
    /// The session did not ask to be filled, or the logic does no backfill.
    BackfillOff,
}

impl Reason {
    /// Every reason.
    pub const ALL: &'static [Self] = &[
        Self::DuplicateTicket,
        Self::NotEnoughTickets,
        Self::NoSession,
        Self::SessionFull,
        Self::NewSessionOnly,
        Self::SessionExcluded,
        Self::PlayerInSession,
        Self::ServerName,
        Self::ClientVersion,
        Self::InvalidTicket,
        Self::NotEnoughPlayers,
        Self::Attribute,
        Self::Option,
        Self::SubGameMode,
        Self::CrossPlay,
        Self::Distance,
        Self::Region,
        Self::Blocked,
        Self::SharedPlayer,
        Self::TeamSizes,
        Self::Role,
        Self::Held,
        Self::Replaced,
        Self::WinChance,
        Self::Premade,
        Self::Budget,
        Self::TooLarge,
        Self::BackfillOff,
    ];

    /// Its name in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DuplicateTicket => "duplicate_ticket",
            Self::NotEnoughTickets => "not_enough_tickets",
            Self::NoSession => "no_session",
            Self::SessionFull => "session_full",
            Self::NewSessionOnly => "new_session_only",
            Self::SessionExcluded => "session_excluded",
            Self::PlayerInSession => "player_in_session",
            Self::ServerName => "server_name",
            Self::ClientVersion => "client_version",
            Self::InvalidTicket => "invalid_ticket",
            Self::NotEnoughPlayers => "not_enough_players",
            Self::Attribute => "attribute",
            Self::Option => "option",
            Self::SubGameMode => "sub_game_mode",
            Self::CrossPlay => "cross_play",
            Self::Distance => "distance",
            Self::Region => "region",
            Self::Blocked => "blocked",
            Self::SharedPlayer => "shared_player",
            Self::TeamSizes => "team_sizes",
            Self::Role => "role",
            Self::Held => "held",
            Self::Replaced => "replaced",
            Self::WinChance => "win_chance",
            Self::Premade => "premade",
            Self::Budget => "budget",
            Self::TooLarge => "too_large",
            Self::BackfillOff => "backfill_off",
        }
    }
}

impl Reason {
    /// What it means, as the rest of a sentence that begins with "it waits, as" (of a ticket).
    pub fn describe(self) -> &'static str {
        match self {
            Self::DuplicateTicket => "a ticket with this id came before",
            Self::NotEnoughTickets => "too few tickets wait for a match",
            Self::NoSession => "there is no session with a free seat",
            Self::SessionFull => "others filled every session that it could join",
            Self::NewSessionOnly => "it asks for a new session only",
            Self::SessionExcluded => "it excludes the session",
            Self::PlayerInSession => "one of its players is in the session already",
            Self::ServerName => "it needs another game server than the session runs on",
            Self::ClientVersion => "its players have another version of the game",
            Self::InvalidTicket => "the ticket itself is invalid",
            Self::NotEnoughPlayers => "too few players wait for a match",
            Self::Attribute => "too few players have its must-match attributes",
            Self::Option => "too few players share its match options",
            Self::SubGameMode => "too few players accept a sub game mode that it accepts",
            Self::CrossPlay => "too few players have cross-play with its platform",
            Self::Distance => "too few players are within the distance of the matching rules",
            Self::Region => "too few players have a region in common with it",
            Self::Blocked => "players who block each other leave too few",
            Self::SharedPlayer => "tickets that share a player leave too few",
            Self::TeamSizes => "the parties do not add up to teams",
            Self::Role => "the players do not add up to teams in which each has a role",
            Self::Held => "its match was put off, as a better one is expected soon",
            Self::Replaced => "an older ticket fitted its match better",
            Self::WinChance => "in each of its matches one team was too likely to win",
            Self::Premade => {
                "in each of its matches one team had too large a party beside the others"
            }
            Self::Budget => "the bound of steps of the tick was reached first",
            Self::TooLarge => "the answer would be larger than the client takes",
            Self::BackfillOff => "the session did not ask to be filled",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a ticket cannot be matched, whatever else is in the queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TicketFault {
    /// The ticket has no player.
    #[error("the ticket has no player")]
    NoPlayer,
    /// A player's id is empty.
    #[error("a player of the ticket has an empty id")]
    EmptyPlayerId,
    /// A player is in the ticket twice.
    #[error("a player is in the ticket twice")]
    PlayerTwice,
    /// A number is NaN or infinite.
    #[error("attribute `{0}` holds a number that is not finite")]
    NotFinite(String),
    /// More players than any team of the ruleset takes.
    #[error("the ticket has {players} players; a team has at most {allowed}")]
    TooManyPlayers {
        /// Players of the ticket.
        players: usize,
        /// Maximum number of players of a team.
        allowed: u32,
    },
    /// Every latency of the ticket is above the ruleset's cap.
    #[error(
        "the ticket's best region has a latency of {best_ms} ms; region_latency_max_ms is {cap_ms}"
    )]
    NoRegionUnderCap {
        /// The ticket's lowest latency, in ms.
        best_ms: i64,
        /// The ruleset's cap, in ms.
        cap_ms: i64,
    },
    /// Every latency of the ticket is negative: no probe got an answer.
    #[error("each latency of the ticket is negative, so none was measured")]
    NoRegionMeasured,
    /// The ticket accepts no sub game mode of the ruleset.
    #[error("the ticket accepts none of the sub game modes {0}")]
    NoMode(String),
    /// In no team of the ruleset there are roles for all players of the ticket.
    #[error("the ticket's players cannot be given roles in one team")]
    NoRole,
    /// A player asks for no role, where each has to have one.
    #[error("a player of the ticket asks for no role")]
    NoRoleAsked,
    /// A requirement of a studio's own logic that the ticket does not meet, as text.
    #[error("{0}")]
    Unfit(&'static str),
}

impl TicketFault {
    /// Its name in metrics and logs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NoPlayer => "no_player",
            Self::EmptyPlayerId => "empty_player_id",
            Self::PlayerTwice => "player_twice",
            Self::NotFinite(_) => "not_finite",
            Self::TooManyPlayers { .. } => "too_many_players",
            Self::NoRegionUnderCap { .. } => "no_region_under_cap",
            Self::NoRegionMeasured => "no_region_measured",
            Self::NoMode(_) => "no_mode",
            Self::NoRole | Self::NoRoleAsked => "no_role",
            Self::Unfit(_) => "unfit",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_distinct() {
        let names: HashSet<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(names.len(), Reason::ALL.len());
    }
}
