//! Rulesets that would be matched in pairs and were surely not meant so (docs/semantics.md, "Near
//! misses"): a wrong letter in `alliance` must not send a game of teams into pairs.

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::matching::RuleFault;
use crate::matching::rules::{Lint, excerpt, find, letters};

/// Keys of AGS rulesets that mean something only beside `alliance`.
const ALLIANCE_KEYS: &[&str] = &[
    "alliance",
    "alliance_flexing_rule",
    "blocked_player_option",
    "disable_bidirectional_latency_after_ms",
    "extra_attributes",
    "flexing_rule",
    "match_options",
    "match_options_referred_for_backfill",
    "matching_rule",
    "max_delay_ms",
    "quality",
    "rebalance_enable",
    "rebalance_version",
    "region_expansion_range_ms",
    "region_expansion_rate_ms",
    "region_latency_initial_range_ms",
    "region_latency_max_ms",
    "region_latency_rule_weight",
    "sub_game_modes",
    "ticket_observability_enable",
];

/// Keys of pair rules.
const PAIR_KEYS: &[&str] = &["auto_backfill", "shipCountMax", "shipCountMin"];

/// The [letters] of each key of either, and the key.
static KNOWN: LazyLock<Vec<(String, &str)>> = LazyLock::new(|| {
    let known = ALLIANCE_KEYS.iter().chain(PAIR_KEYS);
    known.map(|key| (letters(key), *key)).collect()
});

/// Letters by which a key may differ from a known one and still be taken for it.
const MAX_LETTERS: usize = 2;

/// A known key of fewer letters is that near to other words (`alliance` to `allowance`). At
/// [`MAX_LETTERS`] from it, a key is taken for it only if its value is an object as well.
const SHORT: usize = 10;

/// Every key that nearly is one of a ruleset, and what has the shape of another thing. `fields` are
/// those of a ruleset without `alliance`; `null` counts as absent.
pub(super) fn near_misses(fields: &Map<String, Value>) -> Vec<RuleFault> {
    let mut faults: Vec<RuleFault> = fields
        .iter()
        .filter(|(_, value)| !value.is_null())
        .filter_map(|(key, value)| {
            let allowed = meant(key, value)?;
            Some(RuleFault::new(
                Lint::NEAR_MISS,
                excerpt(key),
                value,
                allowed,
            ))
        })
        .collect();
    if let Some(data) = find(fields, "data").filter(|data| data.is_object()) {
        let allowed =
            "this is how the ruleset API wraps a ruleset; the ruleset is what `data` holds";
        faults.push(RuleFault::new(Lint::NEAR_MISS, "data", data, allowed));
    }
    if let (Some(teams), Some(_)) = (find(fields, "teams"), find(fields, "rules")) {
        let allowed = "`teams` and `rules` are keys of a FlexMatch ruleset; one of AGS has \
                       `alliance` and `matching_rule`";
        faults.push(RuleFault::new(Lint::NEAR_MISS, "teams", teams, allowed));
    }
    faults
}

/// What an author who wrote this key probably meant.
fn meant(key: &str, value: &Value) -> Option<String> {
    if PAIR_KEYS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(key))
    {
        return None;
    }
    if ALLIANCE_KEYS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(key))
    {
        return Some("it belongs to a ruleset with `alliance`, which is missing".to_owned());
    }
    let letters = letters(key);
    let count = letters.chars().count();
    let nearest = KNOWN
        .iter()
        // A key differs by as many letters as it is longer or shorter; such a one need not be compared.
        .filter(|(known, _)| count.abs_diff(known.len()) <= MAX_LETTERS)
        .filter_map(|(known, key)| Some((distance(&letters, known, value)?, *key)))
        .min();
    let known = match nearest {
        Some((_, known)) => known,
        None if letters.starts_with("alliance") => "alliance",
        None => return None,
    };
    Some(format!(
        "it is not a key of a ruleset; `{known}` was probably meant"
    ))
}

/// By how many letters a key differs from a known one, if it is near enough to be taken for it. Both are
/// [letters] only.
fn distance(key: &str, known: &str, value: &Value) -> Option<usize> {
    let letters = strsim::levenshtein(key, known);
    let near = letters < MAX_LETTERS
        || letters == MAX_LETTERS && (known.len() >= SHORT || value.is_object());
    near.then_some(letters)
}
