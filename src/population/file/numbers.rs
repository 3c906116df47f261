//! Numbers of a population file, within what is allowed.

use std::collections::BTreeMap;

use anyhow::ensure;

use super::MAX_ENTRIES;
use crate::matching::Text;

/// Shares are kept as whole numbers of this part.
pub(super) const PARTS: f64 = 1e6;

pub(super) fn shares(key: &str, given: &BTreeMap<String, f64>) -> anyhow::Result<Vec<(Text, u64)>> {
    ensure!(
        given.len() <= MAX_ENTRIES,
        "{key} has more than {MAX_ENTRIES} entries"
    );
    let mut all = Vec::new();
    for (name, share) in given {
        let share = between(&format!("{key}.{name}"), *share, 0.0, PARTS)?;
        all.push((name.as_str().into(), parts(share)));
    }
    ensure!(
        all.iter().any(|(_, weight)| *weight > 0),
        "{key}: every share is 0"
    );
    Ok(all)
}

pub(super) fn parts(share: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "shares are from 0 to a million"
    )]
    let parts = (share * PARTS).round() as u64;
    parts
}

pub(super) fn share_of(key: &str, share: f64) -> anyhow::Result<f64> {
    between(key, share, 0.0, 1.0)
}

pub(super) fn between(key: &str, number: f64, least: f64, most: f64) -> anyhow::Result<f64> {
    ensure!(
        (least..=most).contains(&number),
        "{key} is {number}; allowed are numbers from {least} to {most}"
    );
    Ok(number)
}

pub(super) fn at_most(key: &str, number: u32, most: u32) -> anyhow::Result<u32> {
    ensure!(
        number <= most,
        "{key} is {number}; allowed are numbers from 0 to {most}"
    );
    Ok(number)
}
