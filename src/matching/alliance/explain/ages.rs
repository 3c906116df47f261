//! What changes with age: teams, references, latencies.

use crate::matching::alliance::AllianceRules;
use crate::matching::alliance::rules::{DistanceRule, Layout, RegionRules};
use crate::matching::explain::Aging;

/// A latency to the best region for which the window is shown, in ms.
const BEST_MS: i64 = 30;

/// Steps of a window that are shown at most.
const MAX_STEPS: i64 = 100;

/// How long a window is shown that nothing ends, in ms.
const MAX_AGE_MS: i64 = 600_000;

impl AllianceRules {
    /// Everything that these rules change as a ticket ages, or could.
    pub(in crate::matching) fn ages(&self) -> Vec<Aging> {
        let mut all = Vec::new();
        if self.modes.is_empty() {
            all.extend(teams(&self.layout, ""));
        }
        for mode in &self.modes {
            all.extend(teams(&mode.layout, &format!("{}: ", mode.name)));
        }
        let distances = self.distances.iter().filter(|rule| rule.is_distance());
        all.extend(distances.map(reference));
        all.extend(window(&self.regions));
        all
    }
}

/// The number of teams, and of players in each.
fn teams(layout: &Layout, before: &str) -> [Aging; 2] {
    let ages: Vec<i64> = std::iter::once(0)
        .chain(layout.flexing.iter().map(|flex| flex.after_ms))
        .collect();
    let bounds = |age_ms| layout.stage_at(age_ms).teams;
    let aging = |what: &str, unit, lines| Aging {
        what: format!("{before}{what}"),
        unit,
        lines,
    };
    let line = |name: &str, value: &dyn Fn(i64) -> u32| {
        Aging::line(name, &ages, |age_ms| Some(f64::from(value(age_ms))))
    };
    [
        aging(
            "Teams of a match",
            "teams",
            vec![
                line("at most", &|age_ms| bounds(age_ms).teams_max),
                line("at least", &|age_ms| bounds(age_ms).teams_min),
            ],
        ),
        aging(
            "Players of a team",
            "players",
            vec![
                line("at most", &|age_ms| bounds(age_ms).players_max),
                line("at least", &|age_ms| bounds(age_ms).players_min),
            ],
        ),
    ]
}

/// The reference of a rule.
fn reference(rule: &DistanceRule) -> Aging {
    let flexing = rule.flexing.iter().map(|flex| flex.after_ms);
    let ages: Vec<i64> = std::iter::once(0).chain(flexing).collect();
    Aging {
        what: format!("{}: distance that is allowed", rule.attribute),
        unit: "",
        lines: vec![Aging::line("at most", &ages, |age_ms| {
            rule.reference_at(age_ms)
        })],
    }
}

/// The latency up to which regions are open; `None` if it is the same at any age.
fn window(regions: &RegionRules) -> Option<Aging> {
    let steps = (0..MAX_STEPS).map(|step| step.saturating_mul(regions.rate_ms));
    let ages: Vec<i64> = steps.take_while(|age_ms| *age_ms <= MAX_AGE_MS).collect();
    #[expect(clippy::cast_precision_loss, reason = "latencies are small")]
    let line = Aging::line("at most", &ages, |age_ms| {
        Some(regions.limit_ms(BEST_MS, age_ms) as f64)
    });
    (line.1.len() > 1 || regions.max_ms.is_some()).then(|| Aging {
        what: format!("Latency of an open region, where the best has {BEST_MS} ms"),
        unit: "ms",
        lines: vec![line],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::explain::Held;
    use crate::matching::rules;

    type Line<'a> = (&'a str, Vec<(f64, Option<f64>)>);

    fn held(aging: &Aging) -> Vec<Line<'_>> {
        let values = |held: &[Held]| held.iter().map(|one| (one.from_s, one.value)).collect();
        let lines = aging.lines.iter();
        lines.map(|(name, held)| (&**name, values(held))).collect()
    }

    #[test]
    fn every_step_of_age_is_told() {
        let json = r#"{
            "alliance": {"min_number": 2, "max_number": 2, "player_min_number": 5, "player_max_number": 5},
            "alliance_flexing_rule": [{"duration": 60, "min_number": 2, "max_number": 2,
                "player_min_number": 3, "player_max_number": 5}],
            "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 100}],
            "flexing_rule": [{"duration": 15, "attribute": "mmr", "criteria": "distance", "reference": 250}],
            "region_expansion_rate_ms": 5000, "region_expansion_range_ms": 50,
            "region_latency_initial_range_ms": 50, "region_latency_max_ms": 150
        }"#;
        let fields = rules::object(json).unwrap();
        let ages = AllianceRules::parse(fields).unwrap().rules.ages();
        let what: Vec<&str> = ages.iter().map(|aging| &*aging.what).collect();
        assert_eq!(
            what,
            [
                "Teams of a match",
                "Players of a team",
                "mmr: distance that is allowed",
                "Latency of an open region, where the best has 30 ms"
            ]
        );
        let (most, least) = ("at most", "at least");
        assert_eq!(
            held(&ages[0]),
            [
                (most, vec![(0.0, Some(2.0))]),
                (least, vec![(0.0, Some(2.0))])
            ]
        );
        assert_eq!(
            held(&ages[1]),
            [
                (most, vec![(0.0, Some(5.0))]),
                (least, vec![(0.0, Some(5.0)), (60.0, Some(3.0))])
            ]
        );
        assert_eq!(
            held(&ages[2]),
            [(most, vec![(0.0, Some(100.0)), (15.0, Some(250.0))])]
        );
        // 30 and 50, then 50 more with each step, up to the maximum.
        assert_eq!(
            held(&ages[3]),
            [(
                most,
                vec![(0.0, Some(80.0)), (5.0, Some(130.0)), (10.0, Some(150.0))]
            )]
        );
    }
}
