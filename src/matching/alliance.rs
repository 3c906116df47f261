//! The alliance strategy: matches of teams by AGS's own ruleset (ruleset contract A).

mod rules;

pub use rules::{
    AllianceRules, BlockPolicy, DistanceRule, MatchOption, OptionKind, ReferenceFlex, RegionRules,
    TeamBounds, TeamFlex,
};
