//! How long a ticket would have to wait in this queue.

use super::near::Seek;
use crate::matching::alliance::AllianceRules;
use crate::matching::explain::{Change, Scene};

/// The longest wait that is looked at, in seconds.
const MAX_WAIT_S: u32 = 3600;

/// Ages of the ticket itself that are tried, where the longest wait does not help.
const MAX_TRIES: usize = 6;

/// After how many seconds, at least 1, the ticket is matched, and a second earlier it is not. Of several
/// such times, one; `None` if none is found within an hour, or within the plays of the tick that are left.
///
/// The time is sought at the ticket's own turn, which is quick, and then held against whole ticks: in
/// these, the others find each other earlier, too.
pub(super) fn shortest(seek: &Seek<'_>) -> Option<u32> {
    let wait = |seconds: u32| [Change::Wait { seconds }];
    let at_turn = |seconds: u32| Some(seek.finds_match_with(&wait(seconds)));
    let in_tick = |seconds: u32| seek.is_matched_with(&wait(seconds));
    let end = horizon(seek.rules, seek.scene)?;
    let own = own_changes(seek.rules, seek.scene, seek.place);
    let own = own.into_iter().filter(|seconds| *seconds < end);
    let tried = std::iter::once(end).chain(own.take(MAX_TRIES));
    let some = tried
        .into_iter()
        .find(|seconds| at_turn(*seconds) == Some(true))?;
    let guess = between(0, some, at_turn)?;
    if in_tick(guess)? {
        if guess == 1 || !in_tick(guess - 1)? {
            return Some(guess);
        }
        return between(0, guess - 1, in_tick);
    }
    if guess == end || !in_tick(end)? {
        return None;
    }
    between(guess, end, in_tick)
}

/// The first time after which a ticket is matched, if it is not after `low` seconds, and is after `high`;
/// `None` if that could not be found out.
fn between(
    mut low: u32,
    mut high: u32,
    mut is_matched: impl FnMut(u32) -> Option<bool>,
) -> Option<u32> {
    while high - low > 1 {
        let middle = u32::midpoint(low, high);
        match is_matched(middle)? {
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
    if let Some(quality) = &rules.quality {
        // A ticket of that age is not put off: a moment before counts, too.
        ages.extend(quality.hold.as_ref().map(|hold| hold.until_ms - 1));
        ages.extend(quality.relaxing.map(|relaxing| relaxing.until_ms));
    }
    if largest_ms > 0 {
        let cap = rules.regions.max_ms.unwrap_or(largest_ms).min(largest_ms);
        let missing = (cap - rules.regions.initial_ms).max(0);
        let steps = missing / rules.regions.range_ms.max(1) + 1;
        ages.extend((0..=steps.min(64)).map(|step| step * rules.regions.rate_ms));
    }
    ages
}
