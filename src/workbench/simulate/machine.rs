//! The figures of a simulation as one JSON document.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::Told;
use crate::matching::Reason;
use crate::simulation::{Better, Grouping, Interval, Measures, Point, per_tick};
use crate::workbench::{FORMAT, document};

/// Writes the document.
pub(super) fn write(told: &Told, out: &mut impl Write) -> io::Result<()> {
    let rulesets = told
        .names
        .iter()
        .zip(&told.sources)
        .zip(&told.plan.rulesets);
    let rulesets: Vec<Value> = rulesets
        .map(|((name, source), text)| {
            let rules: Value = serde_json::from_str(text).unwrap_or_default();
            json!({"name": name, "source": source, "rules": rules})
        })
        .collect();
    let figures: Vec<Value> = told
        .compared
        .iter()
        .map(|one| {
            let better = match one.figure.better {
                Better::Less => "less",
                Better::More => "more",
                Better::Neither => "neither",
            };
            json!({
                "id": one.figure.id,
                "label": one.figure.label,
                "unit": one.figure.unit,
                "better": better,
                "of": one.of.iter().map(interval).collect::<Vec<_>>(),
                "difference": one.difference.as_ref().map(interval),
            })
        })
        .collect();
    let series: Vec<Value> = told
        .outcome
        .rulesets
        .iter()
        .map(|runs| series(runs))
        .collect();
    let value = json!({
        "format": FORMAT,
        "version": env!("CARGO_PKG_VERSION"),
        "command": told.command,
        "rulesets": rulesets,
        "population": told.population,
        "hours": told.plan.hours,
        "seed": told.plan.seed,
        "runs": told.plan.runs,
        "sentences": told.sentences,
        "figures": figures,
        "groups": groups(told),
        "series": series,
    });
    document(&value, out)
}

fn interval(one: &Interval) -> Value {
    json!({"mean": one.mean, "half": one.half})
}

fn groups(told: &Told) -> Map<String, Value> {
    let of = |grouping: Grouping| {
        let groups = told.outcome.grouped(grouping).into_iter();
        let groups = groups.map(|group| {
            let of: Vec<Value> = group
                .of
                .iter()
                .map(|of| {
                    json!({
                        "players": of.players,
                        "wait_mean_s": of.mean_s,
                        "wait_p50_s": of.p50_s,
                        "wait_p90_s": of.p90_s,
                        "gone_percent": of.gone,
                    })
                })
                .collect();
            let difference = group.p90_difference.as_ref().map(interval);
            json!({"name": group.name, "of": of, "wait_p90_difference_s": difference})
        });
        (grouping.id().to_owned(), groups.collect())
    };
    Grouping::ALL.into_iter().map(of).collect()
}

/// Means over the runs, by time.
fn series(runs: &[Measures]) -> Value {
    let Some(first) = runs.first() else {
        return Value::Null;
    };
    let players = per_tick(runs, &|point| point.players as f64);
    let oldest_s = per_tick(runs, &|point| point.oldest_s);
    let left = Reason::ALL.iter().map(|reason| {
        let of = per_tick(runs, &|point: &Point| {
            point.reasons[*reason as usize] as f64
        });
        (reason.as_str(), of)
    });
    let left: Vec<(&str, Vec<f64>)> = left.collect();
    let points = (0..players.len()).map(|at| {
        let reasons = left.iter().filter(|(_, of)| of[at] > 0.0);
        let reasons = reasons.map(|(reason, of)| ((*reason).to_owned(), of[at].into()));
        json!({
            "from_s": at as f64 * first.series.step_s,
            "players": players[at],
            "oldest_s": oldest_s[at],
            "tickets_left": reasons.collect::<Map<_, Value>>(),
        })
    });
    json!({"step_s": first.series.step_s, "points": points.collect::<Vec<_>>()})
}
