//! Goals as they are typed, and the figures that they mean.

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::population::Population;
use crate::tuning::Tried;

/// The figure of the wait that is traded unless a goal names another.
const WAIT: &str = "wait_p95_s";

/// How much longer than today the wait may be where no goal is given.
const ROOM: f64 = 1.25;

/// What each name means. `spread` and `gap` are of the first measured attribute.
const FIGURES: &[(&str, &str)] = &[
    ("mean-wait", "wait_mean_s"),
    ("p50-wait", "wait_p50_s"),
    ("p90-wait", "wait_p90_s"),
    ("p95-wait", WAIT),
    ("p99-wait", "wait_p99_s"),
    ("max-wait", "wait_max_s"),
    ("gone", "gone_percent"),
    ("latency", "latency_mean_ms"),
    ("win-chance", "win_chance_mean"),
    ("spread", "spread_mean."),
    ("spread-p90", "spread_p90."),
    ("gap", "team_gap_mean."),
];

/// A figure and its maximum.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Goal {
    /// The id of the figure.
    pub(super) id: String,
    pub(super) most: f64,
    /// As it is told.
    pub(super) text: String,
}

impl Goal {
    /// A wait that is not much longer than today's.
    pub(super) fn near(today: &Tried, wait: &str) -> Self {
        let now = today.figure(wait).map_or(0.0, |(_, of)| of.mean);
        let most = (now * ROOM).ceil();
        Self {
            id: wait.to_owned(),
            most,
            text: format!("p95-wait<={most}, a quarter above today's"),
        }
    }
}

/// The figures that there are for a ruleset.
pub(super) struct Names {
    attribute: Option<String>,
    has_latencies: bool,
    has_rating: bool,
}

impl Names {
    pub(super) fn of(ruleset: &str, population: &Population) -> Self {
        let rules: Value = serde_json::from_str(ruleset).unwrap_or_default();
        let measured = rules["matching_rule"].as_array().into_iter().flatten();
        let mut measured = measured.filter(|rule| rule["criteria"] == "distance");
        let attribute = measured.find_map(|rule| rule["attribute"].as_str());
        Self {
            attribute: attribute.map(str::to_owned),
            has_latencies: !population.regions.is_empty(),
            has_rating: population.rating.is_some(),
        }
    }

    /// The id of a figure.
    pub(super) fn id(&self, name: &str) -> anyhow::Result<String> {
        let known = FIGURES.iter().find(|(known, _)| *known == name);
        let Some((_, id)) = known else {
            let names: Vec<&str> = FIGURES.iter().map(|(name, _)| *name).collect();
            bail!("`{name}` is no figure; there are {}", names.join(", "));
        };
        if id.ends_with('.') {
            let attribute = self.attribute.as_ref();
            let attribute = attribute.with_context(|| {
                format!("`{name}` needs a matching rule of `distance`, and the ruleset has none")
            })?;
            return Ok(format!("{id}{attribute}"));
        }
        ensure!(
            self.has_latencies || name != "latency",
            "`latency` needs a population with regions"
        );
        ensure!(
            self.has_rating || name != "win-chance",
            "`win-chance` needs a population with `rating`"
        );
        Ok((*id).to_owned())
    }

    /// A goal such as `p95-wait<=60`.
    pub(super) fn goal(&self, text: &str) -> anyhow::Result<Goal> {
        let parts = text.split_once("<=");
        let (name, most) =
            parts.context("a goal is a figure, `<=` and a number, as p95-wait<=60")?;
        let most: f64 = most
            .trim()
            .parse()
            .ok()
            .filter(|most: &f64| most.is_finite() && *most >= 0.0)
            .with_context(|| format!("`{most}` is not a number from 0 on"))?;
        Ok(Goal {
            id: self.id(name.trim())?,
            most,
            text: text.to_owned(),
        })
    }
}

/// The figure of the wait that is traded: that of the first goal that is about one.
pub(super) fn wait_of(goals: &[Goal]) -> String {
    let mut waits = goals.iter().filter(|goal| goal.id.starts_with("wait_"));
    waits.next().map_or(WAIT.to_owned(), |goal| goal.id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::of_ruleset;

    fn names(ruleset: &str) -> Names {
        Names::of(ruleset, &of_ruleset(ruleset))
    }

    #[test]
    fn goals_name_figures() {
        let rules =
            r#"{"alliance": {}, "matching_rule": [{"attribute": "elo", "criteria": "distance"}]}"#;
        let names = names(rules);
        let goal = names.goal("p95-wait <= 60").unwrap();
        assert_eq!((&*goal.id, goal.most), ("wait_p95_s", 60.0));
        assert_eq!(names.goal("spread<=80").unwrap().id, "spread_mean.elo");
        assert_eq!(wait_of(&[names.goal("gone<=2").unwrap()]), "wait_p95_s");
        assert_eq!(
            wait_of(&[names.goal("mean-wait<=9").unwrap()]),
            "wait_mean_s"
        );
    }

    #[test]
    fn wrong_goals_are_told() {
        let names = names(r#"{"alliance": {}}"#);
        for (goal, told) in [
            (
                "p95-wait",
                "a goal is a figure, `<=` and a number, as p95-wait<=60",
            ),
            ("p95-wait<=soon", "`soon` is not a number from 0 on"),
            (
                "speed<=1",
                "`speed` is no figure; there are mean-wait, p50-wait, p90-wait, p95-wait, p99-wait, max-wait, gone, latency, win-chance, spread, spread-p90, gap",
            ),
            (
                "spread<=1",
                "`spread` needs a matching rule of `distance`, and the ruleset has none",
            ),
            (
                "win-chance<=60",
                "`win-chance` needs a population with `rating`",
            ),
        ] {
            assert_eq!(names.goal(goal).unwrap_err().to_string(), told);
        }
    }
}
