//! Regions: how fast the window of latencies opens.

use super::Lints;
use crate::matching::alliance::rules::ids::{REGION_SHUT, REGION_SLOW, WEIGHT_OFF};
use crate::matching::rules::{find, whole_number};

/// Latency above that of the best region, in ms, of neighbours near and far.
const NEIGHBOURS_MS: [i64; 3] = [60, 100, 150];

/// The neighbour that should open within [`SLOW_MS`].
const NEIGHBOUR_MS: i64 = 100;

/// After this age, in ms, a region opens late.
const SLOW_MS: i64 = 60_000;

impl Lints<'_> {
    pub(super) fn regions(&mut self) {
        let regions = self.rules.regions;
        let stated = |key| find(self.fields, key).and_then(whole_number);
        let range = stated("region_expansion_range_ms");
        let is_used = [
            "region_expansion_range_ms",
            "region_expansion_rate_ms",
            "region_latency_initial_range_ms",
            "region_latency_max_ms",
        ]
        .iter()
        .any(|key| stated(key).is_some());
        let has_weight = find(self.fields, "region_latency_rule_weight").is_some();
        if range == Some(0) && regions.initial_ms == 0 {
            let text = format!(
                "is 0, which counts as unset: the window still opens by {} ms every {} ms",
                regions.range_ms, regions.rate_ms
            );
            self.warn(REGION_SHUT, "region_expansion_range_ms", text);
            self.help("to keep players in their best region, set `region_latency_max_ms`");
        }
        if regions.initial_ms > 0 && regions.max_ms.is_none() {
            let text = "stands without `region_latency_max_ms`: AGS's own matchmaker refuses that";
            self.note(REGION_SHUT, "region_latency_initial_range_ms", text);
        }
        if has_weight && regions.max_ms.is_none() {
            let text = "has no effect without `region_latency_max_ms`: latencies do not count in the \
                        order of candidates";
            self.warn(WEIGHT_OFF, "region_latency_rule_weight", text);
        }
        if !is_used {
            return;
        }
        let expires_ms = self
            .context
            .expires_s
            .map(|seconds| i64::from(seconds) * 1000);
        // From a best region of 0 ms: from any other, the cap is reached earlier.
        if let (Some(max_ms), Some(expires_ms)) = (regions.max_ms, expires_ms)
            && self.opens_ms(max_ms) >= expires_ms
        {
            let text = format!(
                "is {max_ms} ms, which the window reaches after {} s: tickets expire after {} s",
                self.opens_ms(max_ms) / 1000,
                expires_ms / 1000
            );
            self.warn(REGION_SHUT, "region_latency_max_ms", text);
        }
        let slow_ms = expires_ms.unwrap_or(SLOW_MS).min(SLOW_MS);
        if self.opens_ms(NEIGHBOUR_MS) > slow_ms {
            let each = NEIGHBOURS_MS.map(|ms| {
                let seconds = self.opens_ms(ms) / 1000;
                format!("one at +{ms} ms after {seconds} s")
            });
            let path = match range {
                Some(_) => "region_expansion_range_ms",
                None => "region_expansion_rate_ms",
            };
            let text = format!("neighbour regions open late: {}", each.join(", "));
            self.note(REGION_SLOW, path, text);
        }
    }

    /// After which age, in ms, a region so many milliseconds above the best one is open.
    fn opens_ms(&self, above_ms: i64) -> i64 {
        let regions = self.rules.regions;
        let missing = (above_ms - regions.initial_ms).max(0);
        let steps = missing / regions.range_ms + i64::from(missing % regions.range_ms > 0);
        steps.saturating_mul(regions.rate_ms)
    }
}
