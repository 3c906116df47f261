//! Reading an alliance ruleset (docs/semantics.md, "Fields").

use serde_json::{Map, Value};

use super::{
    AllianceRules, BlockPolicy, DistanceRule, Inert, Kept, MatchOption, OptionKind, ReferenceFlex,
    RegionRules, TeamBounds, TeamFlex,
};
use crate::matching::rules::{self, Object, ParsedRules, Report};
use crate::matching::{RulesError, Text};

/// Maximum number of entries of `matching_rule`.
pub const MAX_RULES: usize = 64;

/// Maximum number of entries of `flexing_rule`, and of `alliance_flexing_rule`.
pub const MAX_FLEXING: usize = 256;

/// Maximum number of entries of `match_options.options`.
pub const MAX_OPTIONS: usize = 64;

/// Maximum weight of a matching rule or of the latency.
const MAX_WEIGHT: f64 = 1000.0;

/// Milliseconds of latency per step, and age per step, unless the ruleset says otherwise.
const RANGE_MS: u32 = 50;
const RATE_MS: u32 = 5000;

/// Takes the place of an `alliance` that is wrong, so that the rest is read and its faults are
/// found.
const SMALLEST: TeamBounds = TeamBounds {
    teams_min: 1,
    teams_max: 1,
    players_min: 1,
    players_max: 1,
};

/// Each `criteria`, and the name that is kept of one without effect.
const CRITERIA: &[(&str, Option<&str>)] = &[
    ("distance", None),
    ("average", Some("average")),
    ("smaller", Some("smaller")),
    ("greater", Some("greater")),
];

pub(super) const OPTION_KINDS: &[(&str, OptionKind)] = &[
    ("all", OptionKind::All),
    ("any", OptionKind::Any),
    ("unique", OptionKind::Unique),
    ("disable", OptionKind::Disable),
];

pub(super) const BLOCK_POLICIES: &[(&str, BlockPolicy)] = &[
    ("blockedPlayerCannotMatch", BlockPolicy::CannotMatch),
    (
        "blockedPlayerCanMatchOnDifferentTeam",
        BlockPolicy::DifferentTeam,
    ),
    ("blockedPlayerCanMatch", BlockPolicy::CanMatch),
    ("", BlockPolicy::CannotMatch),
];

impl AllianceRules {
    /// Reads a ruleset: all of its fields, `alliance` among them. Keys are matched exactly first,
    /// then in any case; `null` counts as absent. At most [`MAX_RULES`] matching rules,
    /// [`MAX_FLEXING`] entries of each kind of flexing and [`MAX_OPTIONS`] match options; names
    /// have at most 64 characters. O(length of the text).
    ///
    /// # Errors
    ///
    /// Every fault with its path, or, if nothing else is wrong, that the ruleset asks for roles
    /// (`combination`) or for `sub_game_modes`, which are not matched by.
    pub fn parse(fields: Map<String, Value>) -> Result<ParsedRules<Self>, RulesError> {
        rules::read(fields, Self::of)
    }

    fn of(root: &mut Object<'_>) -> Self {
        root.require("alliance", || {
            "a ruleset for teams has to have it".to_owned()
        });
        // A ruleset with several faults names them in the order of these lines.
        let bounds = root.inner("alliance", teams);
        let team_flexing = team_flexing(root);
        let distances = distances(root);
        let options = options(root);
        let regions = regions(root);
        let blocks = root.choice("blocked_player_option", BLOCK_POLICIES);
        let auto_backfill = root.flag("auto_backfill");
        let rebalance = root.flag("rebalance_enable");
        let by_options_only = root.flag("match_options_referred_for_backfill");
        let kept = Kept {
            rebalance_version: root.whole("rebalance_version", 0),
            ticket_observability: root.flag("ticket_observability_enable"),
            max_delay_ms: root.whole("max_delay_ms", 0),
            extra_attributes: root.map("extra_attributes"),
        };
        no_sub_modes(root);
        root.ignore(
            &["shipCountMin", "shipCountMax"],
            "has no effect with `alliance`",
        );
        Self {
            teams: bounds.unwrap_or(SMALLEST),
            team_flexing,
            distances,
            options,
            regions,
            blocks: blocks.unwrap_or_default(),
            auto_backfill: auto_backfill.unwrap_or(false),
            rebalance: rebalance.unwrap_or(true),
            backfill_by_options_only: by_options_only.unwrap_or(false),
            kept,
        }
    }
}

fn teams(object: &mut Object<'_>) -> TeamBounds {
    let keys = [
        "min_number",
        "max_number",
        "player_min_number",
        "player_max_number",
    ];
    let [teams_min, teams_max, players_min, players_max] =
        keys.map(|key| object.required_whole(key, 1));
    object.at_most(("min_number", teams_min), ("max_number", teams_max));
    object.at_most(
        ("player_min_number", players_min),
        ("player_max_number", players_max),
    );
    if let Some(combination) = object.take("combination").filter(asks_for_roles) {
        let text = "this version of the server does not match by roles; take it out";
        object.unsupported("combination", &combination, text);
    }
    TeamBounds {
        teams_min: teams_min.unwrap_or(1),
        teams_max: teams_max.unwrap_or(1),
        players_min: players_min.unwrap_or(1),
        players_max: players_max.unwrap_or(1),
    }
}

/// Whether `combination` is more than a place holder: AGS switches it by `has_combination`.
fn asks_for_roles(combination: &Value) -> bool {
    match combination {
        Value::Array(entries) => !entries.is_empty(),
        Value::Object(fields) => {
            !fields.is_empty()
                && rules::find(fields, "has_combination") != Some(&Value::Bool(false))
        }
        _ => true,
    }
}

/// Whether `sub_game_modes` is more than a place holder.
fn asks_for_sub_modes(modes: &Value) -> bool {
    match modes {
        Value::Array(entries) => !entries.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}

fn no_sub_modes(root: &mut Object<'_>) {
    if let Some(modes) = root.take("sub_game_modes").filter(asks_for_sub_modes) {
        let text = "this version of the server does not match by sub game modes; take it out";
        root.unsupported("sub_game_modes", &modes, text);
    }
}

fn after_ms(object: &mut Object<'_>) -> Option<i64> {
    let seconds = object.required_whole("duration", 0)?;
    Some(i64::from(seconds) * 1000)
}

fn team_flexing(root: &mut Object<'_>) -> Vec<TeamFlex> {
    let stated = root.each("alliance_flexing_rule", MAX_FLEXING, |object| {
        let after_ms = after_ms(object);
        let teams = teams(object);
        after_ms.map(|after_ms| TeamFlex { after_ms, teams })
    });
    steps(stated, |flex| flex.after_ms, root.report())
}

/// Entries by duration, shortest first. Of those with the same duration the last counts.
fn steps<T>(stated: Vec<(String, T)>, after: impl Fn(&T) -> i64, report: &mut Report) -> Vec<T> {
    let mut sorted: Vec<(String, T)> = Vec::with_capacity(stated.len());
    for (path, flex) in stated {
        match sorted.binary_search_by_key(&after(&flex), |(_, other)| after(other)) {
            Ok(at) => {
                let text = format!("has no effect: `{path}` has the same duration and comes later");
                let (before, _) = std::mem::replace(&mut sorted[at], (path, flex));
                report.warn(before, text);
            }
            Err(at) => sorted.insert(at, (path, flex)),
        }
    }
    sorted.into_iter().map(|(_, flex)| flex).collect()
}

/// What `matching_rule` and `flexing_rule` have in common.
struct Measure {
    attribute: Text,
    reference: Option<f64>,
    inert: Option<Inert>,
}

fn measure(object: &mut Object<'_>) -> Option<Measure> {
    let attribute = object.required_name("attribute");
    let criteria = object.required_choice("criteria", CRITERIA);
    let stated = object.has("reference");
    let reference = object.number("reference", f64::INFINITY);
    if !stated {
        let text = "is missing and counts as 0: only equal values match";
        object.warn("reference", text);
    }
    let (attribute, criteria) = (attribute?, criteria?);
    let reference = reference.unwrap_or_default();
    let inert = criteria.map(|criteria| Inert {
        criteria,
        reference,
    });
    if let Some(Inert { criteria, .. }) = inert {
        let text = format!("has no effect: `{criteria}` is not matched by, only `distance` is");
        object.warn("criteria", text);
    }
    Some(Measure {
        attribute,
        reference: inert.is_none().then_some(reference),
        inert,
    })
}

struct Rule {
    measure: Measure,
    weight: f64,
    /// As stated; 0 if not.
    normalization: f64,
    balancing: Option<bool>,
}

fn matching_rule(object: &mut Object<'_>) -> Option<Rule> {
    let measure = measure(object);
    let weight = object.number("weight", MAX_WEIGHT);
    let normalization = object.number("normalizationMax", f64::INFINITY);
    let balancing = object.flag("isForBalancing");
    Some(Rule {
        measure: measure?,
        weight: weight.unwrap_or(1.0),
        normalization: normalization.unwrap_or_default(),
        balancing,
    })
}

fn flexing_rule(object: &mut Object<'_>) -> Option<(Text, ReferenceFlex)> {
    let after_ms = after_ms(object);
    let measure = measure(object);
    let allowed = "it belongs to the matching rule and may not be flexed";
    for key in ["weight", "normalizationMax"] {
        let Some(value) = object.take(key) else {
            continue;
        };
        // AGS writes 0 for a maximum that was never set.
        if key != "normalizationMax" || value.as_f64() != Some(0.0) {
            object.fault(key, &value, allowed);
        }
    }
    if object.flag("isForBalancing").is_some() {
        object.warn("isForBalancing", "has no effect in a flexing rule");
    }
    let measure = measure?;
    let flex = ReferenceFlex {
        after_ms: after_ms?,
        reference: measure.reference,
        inert: measure.inert,
    };
    Some((measure.attribute, flex))
}

fn distances(root: &mut Object<'_>) -> Vec<DistanceRule> {
    let rules = root.each("matching_rule", MAX_RULES, matching_rule);
    let mut flexing = root.each("flexing_rule", MAX_FLEXING, flexing_rule);
    let mut distances: Vec<DistanceRule> = Vec::with_capacity(rules.len());
    for (path, rule) in rules {
        let attribute = rule.measure.attribute;
        let of_rule = flexing.extract_if(.., |(_, (of, _))| *of == attribute);
        let of_rule = of_rule.map(|(path, (_, flex))| (path, flex)).collect();
        let mut distance = DistanceRule {
            reference: rule.measure.reference,
            inert: rule.measure.inert,
            flexing: steps(of_rule, |flex| flex.after_ms, root.report()),
            weight: rule.weight,
            normalization: rule.normalization,
            balancing: rule.balancing,
            attribute,
        };
        distance.normalization = normalization(&path, &distance, &distances, root.report());
        distances.push(distance);
    }
    for (path, (attribute, _)) in flexing {
        let text = format!("has no effect: no matching rule has the attribute `{attribute}`");
        root.report().warn(path, text);
    }
    distances
}

/// What distances are divided by: as stated, or the largest reference of the rule and of all
/// flexing of its attribute, which an earlier rule may have.
fn normalization(
    path: &str,
    rule: &DistanceRule,
    earlier: &[DistanceRule],
    report: &mut Report,
) -> f64 {
    let same = earlier
        .iter()
        .filter(|other| other.attribute == rule.attribute);
    let flexed = same.chain([rule]).flat_map(|rule| &rule.flexing);
    let references = flexed.filter_map(|flex| flex.reference);
    let largest = references.chain(rule.reference).fold(0.0, f64::max);
    let stated = rule.normalization;
    if stated > 0.0 && stated < largest {
        let allowed = format!(
            "it has to be 0 (unset) or at least {largest}, the largest reference of its attribute"
        );
        report.fault(format!("{path}.normalizationMax"), &stated.into(), allowed);
    }
    if stated > 0.0 { stated } else { largest }
}

fn options(root: &mut Object<'_>) -> Vec<MatchOption> {
    let options = root.inner("match_options", |object| {
        let stated = object.each("options", MAX_OPTIONS, |object| {
            let name = object.required_name("name");
            let kind = object.required_choice("type", OPTION_KINDS);
            let (name, kind) = (name?, kind?);
            Some(MatchOption { name, kind })
        });
        let mut options: Vec<MatchOption> = Vec::with_capacity(stated.len());
        for (path, option) in stated {
            if options.iter().any(|other| other.name == option.name) {
                let allowed = "each option may stand once";
                let name = Value::from(&*option.name);
                object
                    .report()
                    .fault(format!("{path}.name"), &name, allowed);
            }
            options.push(option);
        }
        options
    });
    options.unwrap_or_default()
}

fn regions(root: &mut Object<'_>) -> RegionRules {
    let mut ms = |key| root.whole(key, 0);
    // 0 means that it is not set.
    let rate = ms("region_expansion_rate_ms").filter(|rate| *rate > 0);
    let range = ms("region_expansion_range_ms").filter(|range| *range > 0);
    let initial = ms("region_latency_initial_range_ms");
    let max = ms("region_latency_max_ms").filter(|max| *max > 0);
    let one_way = ms("disable_bidirectional_latency_after_ms").filter(|after| *after > 0);
    let weight = root.number("region_latency_rule_weight", MAX_WEIGHT);
    let (low, high) = ("region_latency_initial_range_ms", "region_latency_max_ms");
    root.at_most((low, initial), (high, max));
    RegionRules {
        rate_ms: rate.unwrap_or(RATE_MS).into(),
        range_ms: range.unwrap_or(RANGE_MS).into(),
        initial_ms: initial.unwrap_or(0).into(),
        max_ms: max.map(i64::from),
        weight: weight.unwrap_or(1.0),
        one_way_after_ms: one_way.map(i64::from),
    }
}
