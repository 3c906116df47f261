//! An alliance ruleset, valid by construction.

mod parse;
mod print;
#[cfg(test)]
pub(in crate::matching) mod testing;
#[cfg(test)]
mod tests;
mod tickets;

use serde_json::{Map, Value};

use crate::matching::Text;

pub use parse::{MAX_FLEXING, MAX_OPTIONS, MAX_RULES};

/// A ruleset with `alliance` (ruleset contract A1). Only the parser makes one, so every number lies
/// in its range and every minimum is at most its maximum.
#[derive(Debug, Clone, PartialEq)]
pub struct AllianceRules {
    /// Teams and their sizes before any flexing (`alliance`).
    pub(in crate::matching) teams: TeamBounds,
    /// What replaces them as the pivot ages (`alliance_flexing_rule`), shortest duration first, each
    /// duration once.
    pub(in crate::matching) team_flexing: Vec<TeamFlex>,
    /// `matching_rule`, in the ruleset's order.
    pub(in crate::matching) distances: Vec<DistanceRule>,
    /// `match_options.options`, in the ruleset's order, each name once.
    pub(in crate::matching) options: Vec<MatchOption>,
    /// Latencies.
    pub(in crate::matching) regions: RegionRules,
    /// `blocked_player_option`.
    pub(in crate::matching) blocks: BlockPolicy,
    /// `auto_backfill`: a match that is not full asks for backfill.
    pub(in crate::matching) auto_backfill: bool,
    /// `rebalance_enable`: teams are balanced (contract A8).
    pub(in crate::matching) rebalance: bool,
    /// `match_options_referred_for_backfill`: backfill tests options, not the must-match attributes.
    pub(in crate::matching) backfill_by_options_only: bool,
    /// What has no effect on matching.
    pub(in crate::matching) kept: Kept,
}

/// Fields of a ruleset that have no effect on matching, as they were stated.
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

/// How many teams a match has and how many players a team has. Each is at least 1, each minimum at
/// most its maximum.
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

/// An entry of `alliance_flexing_rule`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TeamFlex {
    /// It holds for pivots strictly older than this, in ms.
    pub after_ms: i64,
    /// What it replaces all four bounds with.
    pub teams: TeamBounds,
}

/// An entry of `matching_rule`, with the entries of `flexing_rule` that change it.
#[derive(Debug, Clone, PartialEq)]
pub struct DistanceRule {
    /// The player attribute it looks at.
    pub attribute: Text,
    /// The largest distance before any flexing, at least 0; `None` if the criteria is not `distance`
    /// and so has no effect.
    pub reference: Option<f64>,
    /// What it says instead if the criteria is not `distance`.
    pub inert: Option<Inert>,
    /// What replaces the reference as a ticket ages, shortest duration first, each duration once.
    pub flexing: Vec<ReferenceFlex>,
    /// Its weight in the score, 0 to 1000.
    pub weight: f64,
    /// What distances are divided by in the score; 0: they count as they are. The largest reference
    /// if the ruleset does not set it (contract A1).
    pub normalization: f64,
    /// `isForBalancing`.
    pub balancing: Option<bool>,
}

/// An entry of `flexing_rule`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReferenceFlex {
    /// It holds for tickets strictly older than this, in ms.
    pub after_ms: i64,
    /// The reference from then on; `None` if its criteria is not `distance`.
    pub reference: Option<f64>,
    /// What it says instead if the criteria is not `distance`.
    pub inert: Option<Inert>,
}

/// A criteria without effect (contract A1), kept as it was stated.
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
    /// The ticket attribute it looks at, 1 to 64 characters.
    pub name: Text,
    /// How values are compared.
    pub kind: OptionKind,
}

/// The type of a match option (contract A4).
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

/// How latencies decide where tickets may play (contract A5).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegionRules {
    /// One step for this much age, in ms, at least 1 (`region_expansion_rate_ms`).
    pub rate_ms: i64,
    /// What a step adds, in ms (`region_expansion_range_ms`).
    pub range_ms: i64,
    /// Slack over the best region at the first step, in ms (`region_latency_initial_range_ms`).
    pub initial_ms: i64,
    /// Largest latency of all, in ms (`region_latency_max_ms`).
    pub max_ms: Option<i64>,
    /// Weight of the latency in the score, 0 to 1000 (`region_latency_rule_weight`).
    pub weight: f64,
    /// A pivot older than this, in ms, ignores the steps of others
    /// (`disable_bidirectional_latency_after_ms`).
    pub one_way_after_ms: Option<i64>,
}

/// Where players who block each other may play (contract A6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum BlockPolicy {
    /// Not in one match.
    #[default]
    CannotMatch,
    /// Not in one team.
    DifferentTeam,
    /// Anywhere: blocks have no effect.
    CanMatch,
}

impl AllianceRules {
    /// The bounds for a pivot of that age (ms): of the flexing entries that it is strictly older than,
    /// the one with the largest duration.
    pub fn teams_at(&self, age_ms: i64) -> TeamBounds {
        self.team_flexing
            .iter()
            .rev()
            .find(|flex| age_ms > flex.after_ms)
            .map_or(self.teams, |flex| flex.teams)
    }

    /// Every set of bounds that the ruleset knows.
    pub fn all_teams(&self) -> impl Iterator<Item = TeamBounds> {
        std::iter::once(self.teams).chain(self.team_flexing.iter().map(|flex| flex.teams))
    }

    /// The rules whose values balance teams, with their places (contract A8): those with
    /// `isForBalancing` true; if none is true, the first distance rule, provided that a rule leaves it
    /// unset; else none.
    pub fn balancing(&self) -> impl Iterator<Item = (usize, &DistanceRule)> {
        let rules = &self.distances;
        let stated = rules.iter().any(|rule| rule.balancing == Some(true));
        let unset = rules.iter().any(|rule| rule.balancing.is_none());
        let by_default = if !stated && unset {
            rules.iter().position(DistanceRule::is_distance)
        } else {
            None
        };
        rules
            .iter()
            .enumerate()
            .filter(move |(at, rule)| rule.balancing == Some(true) || by_default == Some(*at))
    }
}

impl DistanceRule {
    /// The largest distance for a ticket of that age (ms); `None` if the rule has no effect then.
    pub fn reference_at(&self, age_ms: i64) -> Option<f64> {
        self.flexing
            .iter()
            .rev()
            .find(|flex| age_ms > flex.after_ms)
            .map_or(self.reference, |flex| flex.reference)
    }

    /// Whether the rule has an effect at some age.
    pub fn is_distance(&self) -> bool {
        self.reference.is_some() || self.flexing.iter().any(|flex| flex.reference.is_some())
    }

    /// A distance as it counts in the score.
    pub fn cost(&self, distance: f64) -> f64 {
        if self.normalization > 0.0 {
            distance / self.normalization * self.weight
        } else {
            distance * self.weight
        }
    }
}

impl TeamBounds {
    /// Maximum number of players of a match.
    pub fn most_players(&self) -> u64 {
        u64::from(self.teams_max) * u64::from(self.players_max)
    }

    /// Minimum number of players of a match.
    pub fn fewest_players(&self) -> u64 {
        u64::from(self.teams_min) * u64::from(self.players_min)
    }
}

impl RegionRules {
    /// The largest latency (ms) that is open to a ticket of that age whose best region has `best_ms`.
    pub fn limit_ms(&self, best_ms: i64, age_ms: i64) -> i64 {
        let steps =
            age_ms.div_euclid(self.rate_ms) + i64::from(age_ms.rem_euclid(self.rate_ms) > 0);
        let slack = (steps.max(1) - 1).saturating_mul(self.range_ms);
        let reach = best_ms
            .saturating_add(self.initial_ms)
            .saturating_add(slack);
        self.max_ms.map_or(reach, |cap| reach.min(cap))
    }
}
