//! The alliance strategy: matches of teams by AGS's own ruleset (ruleset contract A).

mod rules;

pub use rules::{
    AllianceRules, BlockPolicy, DistanceRule, Inert, Kept, MAX_FLEXING, MAX_OPTIONS, MAX_RULES,
    MatchOption, OptionKind, ReferenceFlex, RegionRules, TeamBounds, TeamFlex,
};
