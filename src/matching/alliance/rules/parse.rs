//! Reading an alliance ruleset (docs/semantics.md, "Fields").

mod combination;
mod layout;
mod modes;
mod quality;

use serde_json::{Map, Value};

use super::{
    AllianceRules, BlockPolicy, DistanceRule, Inert, Kept, MatchOption, OptionKind, ReferenceFlex,
    RegionRules, ids,
};
use crate::matching::rules::{self, Finding, Lint, Object, ParsedRules, Report};
use crate::matching::{RulesError, Text};

pub use modes::MAX_MODES;
#[cfg(test)]
pub(super) use modes::{MODE_ORDERS, layouts};

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
    /// Every fault with its path.
    pub fn parse(fields: Map<String, Value>) -> Result<ParsedRules<Self>, RulesError> {
        rules::read(fields, Self::of)
    }

    /// Reads a ruleset as [`AllianceRules::parse`] does, and gives all that it found. If there is a
    /// fault, the rules are not to be used.
    pub fn examine(fields: Map<String, Value>) -> (Self, Vec<Finding>) {
        rules::examine(fields, Self::of)
    }

    fn of(root: &mut Object<'_>) -> Self {
        // A ruleset with several faults names them in the order of these lines.
        let (layout, modes, mode_order) = modes::layouts(root);
        let distances = distances(root);
        let has_roles = layout.has_roles() || modes.iter().any(|mode| mode.layout.has_roles());
        let options = options(root, has_roles, !modes.is_empty());
        let regions = regions(root);
        let blocks = root.choice("blocked_player_option", BLOCK_POLICIES);
        let auto_backfill = root.flag("auto_backfill");
        let rebalance = root.flag("rebalance_enable");
        let by_options_only = root.flag("match_options_referred_for_backfill");
        let quality = quality::quality(root, &distances);
        let kept = Kept {
            rebalance_version: root.whole("rebalance_version", 0),
            ticket_observability: root.flag("ticket_observability_enable"),
            max_delay_ms: root.whole("max_delay_ms", 0),
            extra_attributes: root.map("extra_attributes"),
        };
        let elsewhere = "is no key of a ruleset here; it belongs into `alliance`";
        root.ignore(Lint::UNKNOWN_KEY, &["combination"], elsewhere);
        root.ignore(
            Lint::NO_EFFECT,
            &["shipCountMin", "shipCountMax"],
            "has no effect with `alliance`",
        );
        Self {
            layout,
            modes,
            mode_order,
            distances,
            options,
            regions,
            blocks: blocks.unwrap_or_default(),
            auto_backfill: auto_backfill.unwrap_or(false),
            rebalance: rebalance.unwrap_or(true),
            backfill_by_options_only: by_options_only.unwrap_or(false),
            quality,
            kept,
        }
    }
}

fn after_ms(object: &mut Object<'_>) -> Option<i64> {
    let seconds = object.required_whole("duration", 0)?;
    Some(i64::from(seconds) * 1000)
}

/// Entries by duration, shortest first. Of those with the same duration the last counts.
fn steps<T>(stated: Vec<(String, T)>, after: impl Fn(&T) -> i64, report: &mut Report) -> Vec<T> {
    let mut sorted: Vec<(String, T)> = Vec::with_capacity(stated.len());
    for (path, flex) in stated {
        match sorted.binary_search_by_key(&after(&flex), |(_, other)| after(other)) {
            Ok(at) => {
                let text = format!("has no effect: `{path}` has the same duration and comes later");
                let (before, _) = std::mem::replace(&mut sorted[at], (path, flex));
                report.warn_as(ids::FLEX_ORDER, before, text);
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
        object.warn_as(ids::DISTANCE_ZERO, "reference", text);
    }
    let (attribute, criteria) = (attribute?, criteria?);
    let reference = reference.unwrap_or_default();
    let inert = criteria.map(|criteria| Inert {
        criteria,
        reference,
    });
    if let Some(Inert { criteria, .. }) = inert {
        let text = format!("has no effect: `{criteria}` is not matched by, only `distance` is");
        object.warn_as(ids::DISTANCE_DEAD, "criteria", text);
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
            object.fault_as(ids::FLEXED_KEY, key, &value, allowed);
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
        let attributes: Vec<&str> = distances.iter().map(|rule| &*rule.attribute).collect();
        let meant = match rules::nearest(&attribute, &attributes) {
            Some(near) => format!("; `{near}` was probably meant"),
            None => String::new(),
        };
        let text =
            format!("has no effect: no matching rule has the attribute `{attribute}`{meant}");
        root.report().warn_as(ids::FLEX_ATTRIBUTE, path, text);
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
        let path = format!("{path}.normalizationMax");
        report.fault_as(ids::NORMALIZATION_SMALL, path, &stated.into(), allowed);
    }
    if stated > 0.0 { stated } else { largest }
}

fn options(root: &mut Object<'_>, has_roles: bool, has_modes: bool) -> Vec<MatchOption> {
    let options = root.inner("match_options", |object| {
        let stated = object.each("options", MAX_OPTIONS, |object| {
            let name = object.required_name("name");
            let kind = object.required_choice("type", OPTION_KINDS);
            let (name, kind) = (name?, kind?);
            Some(MatchOption { name, kind })
        });
        let mut options: Vec<MatchOption> = Vec::with_capacity(stated.len());
        for (path, mut option) in stated {
            if options.iter().any(|other| other.name == option.name) {
                let allowed = "each option may stand once";
                let name = Value::from(&*option.name);
                object
                    .report()
                    .fault_as(Lint::NAME_TWICE, format!("{path}.name"), &name, allowed);
            }
            if has_roles && *option.name == *"role" {
                let text = "its values are not shown: the match attribute `role` holds the roles";
                object
                    .report()
                    .warn_as(ids::ROLE_OPTION, format!("{path}.name"), text);
            }
            if has_modes && *option.name == *"sub_game_mode" {
                let text = "has no effect with `sub_game_modes`";
                object
                    .report()
                    .warn_as(ids::MODE_OPTION, format!("{path}.name"), text);
                option.kind = OptionKind::Disable;
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
    root.at_most_as(ids::REGION_SHUT, (low, initial), (high, max));
    RegionRules {
        rate_ms: rate.unwrap_or(RATE_MS).into(),
        range_ms: range.unwrap_or(RANGE_MS).into(),
        initial_ms: initial.unwrap_or(0).into(),
        max_ms: max.map(i64::from),
        weight: weight.unwrap_or(1.0),
        one_way_after_ms: one_way.map(i64::from),
    }
}
