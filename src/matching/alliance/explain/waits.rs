//! How long a ticket would have to wait in this queue.

use super::served;
use crate::matching::alliance::AllianceRules;
use crate::matching::explain::{Change, Scene};

/// The longest wait that is looked at, in seconds.
const MAX_WAIT_S: u32 = 3600;

/// Ages of the ticket itself that are tried, where the longest wait does not help.
const MAX_TRIES: usize = 6;

/// After how many seconds, at least 1, the ticket is matched, and a second earlier it is not. Of several
/// such times, one; `None` if none is found within an hour.
pub(super) fn shortest(rules: &AllianceRules, scene: &Scene, place: usize) -> Option<u32> {
    let is_matched = |seconds: u32| {
        let later = scene.with(&[Change::Wait { seconds }]);
        let served = served(&later, Some(place));
        served.is_some_and(|served| served[place])
    };
    let own = own_changes(rules, scene, place);
    let (mut low, mut high) = (0, horizon(rules, scene)?);
    if !is_matched(high) {
        // The others may have found each other by then.
        high = own
            .into_iter()
            .filter(|seconds| *seconds < high)
            .take(MAX_TRIES)
            .find(|seconds| is_matched(*seconds))?;
    }
    // Not matched after `low` seconds, matched after `high`.
    while high - low > 1 {
        let middle = u32::midpoint(low, high);
        match is_matched(middle) {
            true => high = middle,
            false => low = middle,
        }
    }
    Some(high)
}

/// The wait after which age changes nothing any more, in seconds; `None` if it never does.
pub(super) fn horizon(rules: &AllianceRules, scene: &Scene) -> Option<u32> {
    let now_ms = scene.context.now_ms;
    let youngest_ms = scene
        .tickets
        .iter()
        .map(|ticket| ticket.age_ms(now_ms))
        .min()?;
    let largest = scene.tickets.iter().flat_map(|ticket| ticket.measured());
    let largest_ms = largest.map(|(_, ms)| ms).max().unwrap_or(0);
    let last_ms = ages(rules, largest_ms).into_iter().max()?;
    let seconds = (last_ms - youngest_ms) / 1000 + 1;
    let seconds = u32::try_from(seconds.max(1)).ok()?;
    Some(seconds.min(MAX_WAIT_S))
}

/// The waits after which something changes for the ticket itself, in seconds, ascending.
fn own_changes(rules: &AllianceRules, scene: &Scene, place: usize) -> Vec<u32> {
    let ticket = &scene.tickets[place];
    let age_ms = ticket.age_ms(scene.context.now_ms);
    let largest_ms = ticket.measured().map(|(_, ms)| ms).max().unwrap_or(0);
    let mut waits: Vec<u32> = ages(rules, largest_ms)
        .into_iter()
        // Strictly older than that.
        .map(|at_ms| (at_ms - age_ms).div_euclid(1000) + 1)
        .filter_map(|seconds| u32::try_from(seconds).ok())
        .filter(|seconds| *seconds > 0)
        .collect();
    waits.sort_unstable();
    waits.dedup();
    waits
}

/// The ages after which something changes for a ticket with latencies up to that, in ms.
fn ages(rules: &AllianceRules, largest_ms: i64) -> Vec<i64> {
    let flexing = rules.distances.iter().flat_map(|rule| &rule.flexing);
    let mut ages: Vec<i64> = flexing.map(|flex| flex.after_ms).collect();
    for layout in rules.layouts() {
        ages.extend(layout.flexing.iter().map(|flex| flex.after_ms));
        // Each period makes more players take any role; after some, all do.
        let flexing = layout.role_flexing;
        ages.extend(flexing.map(|flexing| flexing.period_ms.saturating_mul(16)));
    }
    ages.extend(rules.regions.one_way_after_ms);
    if largest_ms > 0 {
        let cap = rules.regions.max_ms.unwrap_or(largest_ms).min(largest_ms);
        let missing = (cap - rules.regions.initial_ms).max(0);
        let steps = missing / rules.regions.range_ms.max(1) + 1;
        ages.extend((0..=steps.min(64)).map(|step| step * rules.regions.rate_ms));
    }
    ages
}
