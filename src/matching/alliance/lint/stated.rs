//! What stands in the text of a ruleset, and where: the rules themselves do not keep it.

use serde_json::{Map, Value};

use crate::matching::alliance::{AllianceRules, Layout};
use crate::matching::rules::{find, whole_number};

/// A layout, and the object that it was read from.
pub(super) struct StatedLayout<'l> {
    pub(super) layout: &'l Layout,
    /// What its path begins with: nothing, or `sub_game_modes.duel.`.
    pub(super) prefix: String,
    fields: &'l Map<String, Value>,
}

impl StatedLayout<'_> {
    /// The path of the first stage, or of the flexing entry of that number from 1.
    pub(super) fn stage_path(&self, number: usize) -> String {
        let Some(at) = number.checked_sub(1) else {
            return format!("{}alliance", self.prefix);
        };
        let after_ms = self.layout.flexing[at].after_ms;
        let entry = entry(self.fields, "alliance_flexing_rule", |entry| {
            lasts(entry, after_ms)
        });
        format!("{}{entry}", self.prefix)
    }
}

/// Every layout that can apply.
pub(super) fn layouts<'l>(
    rules: &'l AllianceRules,
    fields: &'l Map<String, Value>,
) -> Vec<StatedLayout<'l>> {
    if rules.modes.is_empty() {
        return vec![StatedLayout {
            layout: &rules.layout,
            prefix: String::new(),
            fields,
        }];
    }
    let modes = find(fields, "sub_game_modes").and_then(Value::as_object);
    let each = rules.modes.iter().filter_map(|mode| {
        Some(StatedLayout {
            layout: &mode.layout,
            prefix: format!("sub_game_modes.{}.", mode.name),
            fields: modes?.get(&*mode.name)?.as_object()?,
        })
    });
    each.collect()
}

/// The path of the entry of `flexing_rule` for an attribute from an age on.
pub(super) fn flexing_path(fields: &Map<String, Value>, attribute: &str, after_ms: i64) -> String {
    entry(fields, "flexing_rule", |entry| {
        let of = find(entry, "attribute").and_then(Value::as_str);
        of == Some(attribute) && lasts(entry, after_ms)
    })
}

/// The path of the last entry of a list for which that holds: of equal ones, the last counts.
fn entry(
    fields: &Map<String, Value>,
    list: &str,
    is: impl Fn(&Map<String, Value>) -> bool,
) -> String {
    let entries = find(fields, list).and_then(Value::as_array);
    let entries = entries.map(Vec::as_slice).unwrap_or_default();
    let at = entries
        .iter()
        .rposition(|entry| entry.as_object().is_some_and(&is));
    at.map_or_else(|| list.to_owned(), |at| format!("{list}[{at}]"))
}

fn lasts(entry: &Map<String, Value>, after_ms: i64) -> bool {
    let seconds = find(entry, "duration").and_then(whole_number);
    seconds.and_then(|seconds| i64::try_from(seconds).ok()) == Some(after_ms / 1000)
}

/// Whether an entry of `matching_rule` has a key.
pub(super) fn rule_has(fields: &Map<String, Value>, place: usize, key: &str) -> bool {
    let rules = find(fields, "matching_rule").and_then(Value::as_array);
    let rule = rules.and_then(|rules| rules.get(place)?.as_object());
    rule.is_some_and(|rule| find(rule, key).is_some())
}
