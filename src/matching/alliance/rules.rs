//! An alliance ruleset, valid by construction.

pub(in crate::matching) mod ids;
mod layout;
mod parse;
mod quality;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod tickets;

use serde_json::{Map, Value};

use crate::matching::Text;

pub use layout::{
    Layout, ModeOrder, Role, RoleFlexing, RoleList, Roles, Stage, StageFlex, SubGameMode,
};
pub use parse::{MAX_FLEXING, MAX_MODES, MAX_OPTIONS, MAX_RULES};
pub use quality::{Hold, Quality, RatingRule, Relaxing};

/// A ruleset with `alliance` (docs/semantics.md, "Fields"). Only the parser makes one, so every
/// number lies in its range and every minimum is at most its maximum.
#[derive(Debug, Clone, PartialEq)]
pub struct AllianceRules {
    /// How teams are laid out (`alliance`, `alliance_flexing_rule`). Without effect if there are
    /// modes.
    pub(crate) layout: Layout,
    /// `sub_game_modes`, in ascending order of their names, each name once; none if they are off.
    pub(crate) modes: Vec<SubGameMode>,
    /// `sub_gamemode_selection`.
    pub(crate) mode_order: ModeOrder,
    /// `matching_rule`, in the ruleset's order.
    pub(crate) distances: Vec<DistanceRule>,
    /// `match_options.options`, in the ruleset's order, each name once.
    pub(crate) options: Vec<MatchOption>,
    /// How latencies limit the regions of a ticket.
    pub(crate) regions: RegionRules,
    /// `blocked_player_option`.
    pub(crate) blocks: BlockPolicy,
    /// `auto_backfill`: a match that is not full asks for backfill.
    pub(crate) auto_backfill: bool,
    /// `rebalance_enable`: teams are balanced (docs/semantics.md, "Rebalance").
    pub(crate) rebalance: bool,
    /// `match_options_referred_for_backfill`: backfill tests options, not the must-match
    /// attributes.
    pub(crate) backfill_by_options_only: bool,
    /// `quality`; `None` without the key, and then AGS's way is kept.
    pub(crate) quality: Option<Quality>,
    /// Fields without effect on matching.
    pub(crate) kept: Kept,
}

/// Fields of a ruleset that have no effect on matching, with the values of the text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kept {
    /// `rebalance_version`.
    pub rebalance_version: Option<u32>,
    /// `ticket_observability_enable`.
    pub ticket_observability: Option<bool>,
    /// `max_delay_ms`.
    pub max_delay_ms: Option<u32>,
    /// `extra_attributes`.
    pub extra_attributes: Option<Map<String, Value>>,
}

/// How many teams a match has and how many players a team has. All are at least 1, and each minimum
/// is at most its maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TeamBounds {
    /// Minimum number of teams of a match.
    pub teams_min: u32,
    /// Maximum number of teams of a match.
    pub teams_max: u32,
    /// Minimum number of players of a team.
    pub players_min: u32,
    /// Maximum number of players of a team.
    pub players_max: u32,
}

/// An entry of `matching_rule`, with the entries of `flexing_rule` that change it.
#[derive(Debug, Clone, PartialEq)]
pub struct DistanceRule {
    /// The player attribute that it compares.
    pub attribute: Text,
    /// The maximum distance before any flexing, at least 0; `None` if the criteria is not
    /// `distance` and so has no effect.
    pub reference: Option<f64>,
    /// The criteria if it is not `distance`.
    pub inert: Option<Inert>,
    /// What replaces the reference as a ticket ages, in ascending order of duration, each duration
    /// once.
    pub flexing: Vec<ReferenceFlex>,
    /// Its weight in the score, 0 to 1000.
    pub weight: f64,
    /// What distances are divided by in the score; 0 means that they are not divided. The largest
    /// reference if the ruleset does not set it (docs/semantics.md, "Fields").
    pub normalization: f64,
    /// `isForBalancing`.
    pub balancing: Option<bool>,
}

/// An entry of `flexing_rule`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReferenceFlex {
    /// Applies to tickets strictly older than this, in ms.
    pub after_ms: i64,
    /// The reference from then on; `None` if its criteria is not `distance`.
    pub reference: Option<f64>,
    /// The criteria if it is not `distance`.
    pub inert: Option<Inert>,
}

/// A criteria without effect (docs/semantics.md, "Fields"), kept so that the ruleset can be written
/// again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inert {
    /// `average`, `smaller` or `greater`.
    pub criteria: &'static str,
    /// Its reference.
    pub reference: f64,
}

/// An entry of `match_options.options`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchOption {
    /// The ticket attribute that it compares, 1 to 64 characters.
    pub name: Text,
    /// How values are compared.
    pub kind: OptionKind,
}

/// The type of a match option (docs/semantics.md, "Match options").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OptionKind {
    /// All tickets of a match have the same set of values.
    All,
    /// All tickets of a match share at least one value.
    Any,
    /// No value occurs in two tickets of a match.
    Unique,
    /// The attribute is not tested.
    Disable,
}

/// How latencies limit the regions of a ticket (docs/semantics.md, "Regions").
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegionRules {
    /// Age per step, in ms, at least 1 (`region_expansion_rate_ms`).
    pub rate_ms: i64,
    /// What a step adds, in ms (`region_expansion_range_ms`).
    pub range_ms: i64,
    /// Latency above that of the best region that the first step allows, in ms
    /// (`region_latency_initial_range_ms`).
    pub initial_ms: i64,
    /// Maximum latency at any age, in ms (`region_latency_max_ms`); `None` for no maximum.
    pub max_ms: Option<i64>,
    /// Weight of the latency in the score, 0 to 1000 (`region_latency_rule_weight`).
    pub weight: f64,
    /// A pivot older than this, in ms, ignores the steps of others
    /// (`disable_bidirectional_latency_after_ms`).
    pub one_way_after_ms: Option<i64>,
}

/// Where a ticket and a player that it blocks may be (docs/semantics.md, "Blocks").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum BlockPolicy {
    /// Not in one match.
    #[default]
    CannotMatch,
    /// In one match, but not in one team.
    DifferentTeam,
    /// Anywhere: blocking has no effect.
    CanMatch,
}

impl AllianceRules {
    /// Every layout that can apply: those of the modes, or else that of the root.
    pub fn layouts(&self) -> impl Iterator<Item = &Layout> {
        let root = self.modes.is_empty().then_some(&self.layout);
        let modes = self.modes.iter().map(|mode| &mode.layout);
        root.into_iter().chain(modes)
    }

    /// Every stage that can apply to a pivot.
    pub fn stages(&self) -> impl Iterator<Item = &Stage> {
        self.layouts().flat_map(Layout::stages)
    }

    /// Whether some stage looks at roles.
    pub fn have_roles(&self) -> bool {
        self.stages().any(|stage| stage.roles.are_on())
    }

    /// The rules whose values balance teams, with their places (docs/semantics.md, "Rebalance"):
    /// those with `isForBalancing` true; if none has, the first distance rule, provided that a rule
    /// leaves it unset; otherwise none.
    pub fn balancing(&self) -> impl Iterator<Item = (usize, &DistanceRule)> {
        let default = self.balancing_by_default();
        self.distances
            .iter()
            .enumerate()
            .filter(move |(place, rule)| rule.balancing == Some(true) || Some(*place) == default)
    }

    /// The place of the rule that balances teams although it does not say so.
    fn balancing_by_default(&self) -> Option<usize> {
        let mut unset = false;
        for rule in &self.distances {
            match rule.balancing {
                Some(true) => return None,
                Some(false) => {}
                None => unset = true,
            }
        }
        // A studio that sets the switch of each rule to false wants none.
        self.distances
            .iter()
            .position(|rule| unset && rule.is_distance())
    }
}

impl DistanceRule {
    /// The maximum distance for a ticket of that age (ms); `None` if the rule has no effect then.
    pub fn reference_at(&self, age_ms: i64) -> Option<f64> {
        self.flexing
            .iter()
            .rev()
            .find(|flex| age_ms > flex.after_ms)
            .map_or(self.reference, |flex| flex.reference)
    }

    /// Its reference, then those of its flexing; `None` where it has no effect.
    pub fn references(&self) -> impl Iterator<Item = Option<f64>> {
        let flexed = self.flexing.iter().map(|flex| flex.reference);
        std::iter::once(self.reference).chain(flexed)
    }

    /// Whether the rule has an effect at any age.
    pub fn is_distance(&self) -> bool {
        self.references().any(|reference| reference.is_some())
    }

    /// What a distance adds to the score.
    pub fn cost(&self, distance: f64) -> f64 {
        if self.normalization > 0.0 {
            distance / self.normalization * self.weight
        } else {
            distance * self.weight
        }
    }
}

impl TeamBounds {
    /// The maximum number of players of a match.
    pub fn max_players(&self) -> u64 {
        u64::from(self.teams_max) * u64::from(self.players_max)
    }

    /// The minimum number of players of a match.
    pub fn min_players(&self) -> u64 {
        u64::from(self.teams_min) * u64::from(self.players_min)
    }
}

impl RegionRules {
    /// The maximum latency (ms) of the regions that are open to a ticket of that age whose best
    /// region has `best_ms`.
    pub fn limit_ms(&self, best_ms: i64, age_ms: i64) -> i64 {
        // Rounded up: a step lasts until its period has passed completely, so at exactly one period
        // the first step still applies.
        let steps =
            age_ms.div_euclid(self.rate_ms) + i64::from(age_ms.rem_euclid(self.rate_ms) > 0);
        let slack = (steps.max(1) - 1).saturating_mul(self.range_ms);
        let reach = best_ms
            .saturating_add(self.initial_ms)
            .saturating_add(slack);
        self.max_ms.map_or(reach, |cap| reach.min(cap))
    }
}
