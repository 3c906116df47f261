//! Keys that stand where nobody reads them.

use crate::matching::rules::{Finding, Lint, NO_KEY, letters};

/// Keys that have a place in a ruleset, and which.
const PLACES: &[(&str, &str)] = &[
    (
        "alliance",
        "at the root of the ruleset, or in a mode of `sub_game_modes`",
    ),
    ("alliance_flexing_rule", "beside `alliance`"),
    ("alliances", "in `combination`"),
    ("attribute", "in an entry of `matching_rule`"),
    ("auto_backfill", ROOT),
    ("blocked_player_option", ROOT),
    (
        "combination",
        "in `alliance`, or in an entry of `alliance_flexing_rule`",
    ),
    ("criteria", "in an entry of `matching_rule`"),
    ("disable_bidirectional_latency_after_ms", ROOT),
    (
        "duration",
        "in an entry of `flexing_rule` or `alliance_flexing_rule`",
    ),
    ("extra_attributes", ROOT),
    ("flexing_rule", ROOT),
    ("has_combination", "in `combination`"),
    ("isForBalancing", "in an entry of `matching_rule`"),
    ("match_options", ROOT),
    ("match_options_referred_for_backfill", ROOT),
    ("matching_rule", ROOT),
    ("max_delay_ms", ROOT),
    ("max_number", "in `alliance`"),
    ("min_number", "in `alliance`"),
    ("normalizationMax", "in an entry of `matching_rule`"),
    ("options", "in `match_options`"),
    ("player_max_number", "in `alliance`"),
    ("player_min_number", "in `alliance`"),
    ("hold", "in `quality`"),
    ("improve", "in `quality`"),
    ("point_per_second", "in `hold` of `quality`"),
    ("premade_gap_max", "in `quality`"),
    ("quality", ROOT),
    ("rating", "in `quality`"),
    ("rebalance_enable", ROOT),
    ("rebalance_version", ROOT),
    (
        "reference",
        "in an entry of `matching_rule` or `flexing_rule`",
    ),
    ("region_expansion_range_ms", ROOT),
    ("region_expansion_rate_ms", ROOT),
    ("region_latency_initial_range_ms", ROOT),
    ("region_latency_max_ms", ROOT),
    ("region_latency_rule_weight", ROOT),
    ("role_flexing_enable", "in `combination`"),
    ("role_flexing_player", "in `combination`"),
    ("role_flexing_second", "in `combination`"),
    ("sub_game_modes", ROOT),
    ("sub_gamemode_selection", ROOT),
    ("ticket_observability_enable", ROOT),
    ("use_sub_gamemode", ROOT),
    ("relax_from_s", "in `quality`"),
    ("relax_until_s", "in `quality`"),
    ("tick_s", "in `hold` of `quality`"),
    ("until_s", "in `hold` of `quality`"),
    ("win_chance_max", "in `quality`"),
    ("weight", "in an entry of `matching_rule`"),
];

const ROOT: &str = "at the root of the ruleset";

/// Keys of AGS's older service (the channels of version 1), which rulesets have no more: by their
/// letters.
const OLDER: &[&str] = &[
    "deployment",
    "findmatchtimeoutseconds",
    "gamemode",
    "joinable",
    "matchtimeout",
    "ruleset",
    "sessionqueuetimeoutseconds",
    "socialmatchmaking",
];

/// Says of each unknown key where it belongs, or what it was. A key that is near to one that may stand
/// there was told so when it was read.
pub(in crate::matching) fn explain_unknown_keys(findings: &mut [Finding]) {
    let unknown = findings
        .iter_mut()
        .filter(|finding| finding.lint == Lint::UNKNOWN_KEY);
    for finding in unknown {
        let (_, key) = finding.path.rsplit_once('.').unwrap_or(("", &finding.path));
        let plain = letters(key);
        if OLDER.contains(&&*plain) {
            finding.lint = Lint::OLDER_KEY;
            finding.text = "is a key of the older matchmaking service and has no effect".to_owned();
            continue;
        }
        if let Some((known, place)) = PLACES.iter().find(|(known, _)| letters(known) == plain)
            && finding.text == NO_KEY
        {
            finding.help = match known == &key {
                true => format!("it belongs {place}"),
                false => format!("it is spelled `{known}`, and belongs {place}"),
            };
        }
    }
}
