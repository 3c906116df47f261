//! How the teams of a match are laid out: their number, their sizes, and who plays which role.

use super::TeamBounds;
use crate::matching::Text;

/// `alliance` with its `alliance_flexing_rule`, at the root or of a sub game mode.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// Before any flexing.
    pub first: Stage,
    /// What replaces it as the pivot ages, in ascending order of duration, each duration once.
    pub flexing: Vec<StageFlex>,
    /// How players give up their choice of a role as the queue ages; `None` if they never do. The
    /// first stage decides, whatever the pivot's age.
    pub role_flexing: Option<RoleFlexing>,
}

/// What a match goes by: the bounds and the roles of its teams.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Teams and their sizes.
    pub teams: TeamBounds,
    /// Who plays which role.
    pub roles: Roles,
}

/// An entry of `alliance_flexing_rule`.
#[derive(Debug, Clone, PartialEq)]
pub struct StageFlex {
    /// Applies to pivots strictly older than this, in ms.
    pub after_ms: i64,
    /// What holds from then on, in all: roles that it does not have are off.
    pub stage: Stage,
}

/// Who plays which role in a team (`combination`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Roles {
    /// Roles are not looked at.
    #[default]
    Off,
    /// Each player has one of the roles that it asked for, and no role occurs twice in a team.
    Unique,
    /// Every team goes by the same list.
    Single(RoleList),
    /// The team at each place goes by its own list. As many lists as a match has teams at most, and
    /// at least two.
    Multi(Vec<RoleList>),
}

/// The roles of a team, each name once. Their maxima are not all 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleList(pub Vec<Role>);

/// A role in a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// 1 to 64 characters; compared exactly.
    pub name: Text,
    /// Minimum number of players of a team that play it.
    pub min: u32,
    /// Maximum number of players of a team that play it; at least the minimum.
    pub max: u32,
}

/// How players give up their choice of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleFlexing {
    /// The period by which the age of the oldest ticket counts, in ms; more than 0.
    pub period_ms: i64,
    /// Players that become wildcards with each period; more than 0.
    pub players: u32,
}

/// An entry of `sub_game_modes`.
#[derive(Debug, Clone, PartialEq)]
pub struct SubGameMode {
    /// Its key, 1 to 64 characters.
    pub name: Text,
    /// The layout of its teams.
    pub layout: Layout,
}

/// `sub_gamemode_selection`: in which order a pivot's modes are tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ModeOrder {
    /// By a hash over tick, pool, ticket and mode: another order at each tick.
    #[default]
    Random,
    /// As the ticket lists them.
    TicketOrder,
}

impl Layout {
    /// What holds for a pivot of that age (ms): of the flexing entries that it is strictly older
    /// than, the one with the largest duration.
    pub fn stage_at(&self, age_ms: i64) -> &Stage {
        self.stage(self.stage_number_at(age_ms))
    }

    /// The number of that stage: 0 is the first, 1 that of the first flexing entry.
    pub fn stage_number_at(&self, age_ms: i64) -> usize {
        // In ascending order of duration, so the last one that applies has the largest.
        let last = self.flexing.iter().rposition(|flex| age_ms > flex.after_ms);
        last.map_or(0, |at| at + 1)
    }

    /// The stage of that number.
    ///
    /// # Panics
    ///
    /// If there are not so many.
    pub fn stage(&self, number: usize) -> &Stage {
        match number.checked_sub(1) {
            Some(at) => &self.flexing[at].stage,
            None => &self.first,
        }
    }

    /// Whether roles are on at some age.
    pub fn has_roles(&self) -> bool {
        self.stages().any(|stage| stage.roles.are_on())
    }

    /// Everything that can hold: the first stage, then that of each flexing entry.
    pub fn stages(&self) -> impl Iterator<Item = &Stage> {
        let flexing = self.flexing.iter().map(|flex| &flex.stage);
        std::iter::once(&self.first).chain(flexing)
    }
}

impl Roles {
    /// The lists; none if each role may be played once, or roles are off.
    pub fn lists(&self) -> &[RoleList] {
        match self {
            Self::Off | Self::Unique => &[],
            Self::Single(list) => std::slice::from_ref(list),
            Self::Multi(lists) => lists,
        }
    }

    /// Whether roles are looked at.
    pub fn are_on(&self) -> bool {
        *self != Self::Off
    }
}

impl RoleList {
    /// Maximum number of players that have a role.
    pub fn max_players(&self) -> u64 {
        self.0.iter().map(|role| u64::from(role.max)).sum()
    }

    /// Minimum number of players that have a role.
    pub fn min_players(&self) -> u64 {
        self.0.iter().map(|role| u64::from(role.min)).sum()
    }
}
