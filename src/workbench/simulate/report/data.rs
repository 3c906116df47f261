//! What the charts of a report show, and in which words.

use crate::matching::Reason;
use crate::simulation::{Grouping, Measures, Point, Quantity, per_tick};
use crate::workbench::charts::{AREAS, Chart, Drawing, Form};
use crate::workbench::simulate::Told;

/// Points of a curve.
const POINTS: u32 = 80;

/// A curve of shares ends where so many of all values are below it.
const ENDS_AT: f64 = 0.99;

/// All charts, in the order of the page.
pub(super) fn charts(told: &Told) -> anyhow::Result<Vec<Chart>> {
    let mut all = vec![
        shares(
            told,
            "waits",
            "Players who have waited no longer".to_owned(),
            "seconds".to_owned(),
            "% of the players served",
            |run| Some(&run.waits),
        )?,
        by_time(told, "queue", "Players who wait", "players", |point| {
            point.players as f64
        })?,
        by_time(
            told,
            "oldest",
            "How long the oldest ticket has waited",
            "seconds",
            |point| point.oldest_s,
        )?,
    ];
    for (grouping, id) in [
        (Grouping::Decile, "deciles"),
        (Grouping::PartySize, "sizes"),
        (Grouping::Region, "regions"),
        (Grouping::Hour, "hours"),
    ] {
        all.extend(by_group(told, grouping, id)?);
    }
    let first = told.outcome.rulesets.iter().flatten().next();
    let skill = first.and_then(|run| run.spreads.first());
    if let Some((name, _)) = skill {
        all.push(shares(
            told,
            "spread",
            format!("Matches with at most that difference of {name}"),
            format!("difference of {name} within a match"),
            "% of the matches",
            |run| run.spreads.first().map(|(_, spread)| spread),
        )?);
    }
    if first.is_some_and(|run| run.latencies.count() > 0) {
        all.push(shares(
            told,
            "latency",
            "Players with at most that latency in their match".to_owned(),
            "latency in ms".to_owned(),
            "% of the players matched",
            |run| Some(&run.latencies),
        )?);
    }
    for ruleset in 0..told.names.len() {
        all.extend(reasons(told, ruleset)?);
    }
    Ok(all)
}

/// Which share of values is at most so large.
fn shares<'t>(
    told: &'t Told,
    id: &'static str,
    title: String,
    x: String,
    y: &str,
    of: impl Fn(&'t Measures) -> Option<&'t Quantity>,
) -> anyhow::Result<Chart> {
    let of_ruleset = |runs: &'t Vec<Measures>| runs.iter().filter_map(&of).collect();
    let all: Vec<Vec<&Quantity>> = told.outcome.rulesets.iter().map(of_ruleset).collect();
    let ends = all.iter().flatten().map(|values| values.at(ENDS_AT));
    let end = ends.fold(1e-9, f64::max);
    let mean = |values: &[&Quantity], value: &dyn Fn(&Quantity) -> f64| {
        values.iter().map(|one| value(one)).sum::<f64>() / values.len().max(1) as f64
    };
    let mut lines = Vec::new();
    let mut words = Vec::new();
    for (name, values) in told.names.iter().zip(&all) {
        let points = (0..=POINTS).map(|point| {
            let at = end * f64::from(point) / f64::from(POINTS);
            (at, 100.0 * mean(values, &|one| one.share_up_to(at)))
        });
        lines.push((name.clone(), points.collect()));
        let at = |share: f64| mean(values, &|one| one.at(share));
        let (half, nine, last) = (at(0.5), at(0.9), at(ENDS_AT));
        words.push(format!(
            "{name}: half at most {half:.1}, nine of ten {nine:.1}, 99 of 100 {last:.1}."
        ));
    }
    chart(id, title, x, y, Form::Lines(lines), &words)
}

/// A line by time for each ruleset.
fn by_time(
    told: &Told,
    id: &'static str,
    title: &str,
    y: &str,
    of: impl Fn(&Point) -> f64,
) -> anyhow::Result<Chart> {
    let mut lines = Vec::new();
    let mut words = Vec::new();
    for (name, runs) in told.names.iter().zip(&told.outcome.rulesets) {
        let values = per_tick(runs, &of);
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        let largest = values.iter().copied().fold(0.0, f64::max);
        words.push(format!(
            "{name}: {mean:.1} {y} on average, at most {largest:.1}."
        ));
        lines.push((
            name.clone(),
            minutes(runs).into_iter().zip(values).collect(),
        ));
    }
    chart(
        id,
        title.to_owned(),
        "minutes".to_owned(),
        y,
        Form::Lines(lines),
        &words,
    )
}

/// When each point of the runs begins, in minutes.
fn minutes(runs: &[Measures]) -> Vec<f64> {
    let series = runs.first().map(|run| &run.series);
    series.map_or_else(Vec::new, |series| {
        let points = 0..series.points.len();
        points.map(|at| at as f64 * series.step_s / 60.0).collect()
    })
}

/// The p90 of the wait of each group.
fn by_group(told: &Told, grouping: Grouping, id: &'static str) -> anyhow::Result<Option<Chart>> {
    let groups = told.outcome.grouped(grouping);
    if groups.len() < 2 {
        return Ok(None);
    }
    let labels: Vec<String> = groups.iter().map(|group| group.name.clone()).collect();
    let bars = told.names.iter().enumerate().map(|(ruleset, name)| {
        let values = groups.iter().map(|group| group.of[ruleset].p90_s).collect();
        (name.clone(), values)
    });
    let bars: Vec<(String, Vec<f64>)> = bars.collect();
    let words = bars.iter().map(|(name, values)| {
        let values = labels.iter().zip(values);
        let values: Vec<String> = values
            .map(|(label, value)| format!("{label}: {value:.1} s"))
            .collect();
        format!("{name}: {}.", values.join(", "))
    });
    let words: Vec<String> = words.collect();
    let title = format!(
        "Wait that nine of ten do not exceed, by {}",
        grouping.label()
    );
    let x = match grouping {
        Grouping::Decile => "tenth by skill",
        Grouping::PartySize => "players of the party",
        Grouping::Region => "nearest region",
        Grouping::Hour => "hour",
    };
    chart(
        id,
        title,
        x.to_owned(),
        "seconds",
        Form::Bars(labels, bars),
        &words,
    )
    .map(Some)
}

/// Why tickets wait, by time.
fn reasons(told: &Told, ruleset: usize) -> anyhow::Result<Option<Chart>> {
    let runs = &told.outcome.rulesets[ruleset];
    let of =
        |reason: Reason| per_tick(runs, &|point: &Point| point.reasons[reason as usize] as f64);
    let all = Reason::ALL
        .iter()
        .map(|reason| (reason.as_str().to_owned(), of(*reason)));
    let mut all: Vec<(String, Vec<f64>)> = all.collect();
    all.retain(|(_, values)| values.iter().any(|value| *value > 0.0));
    let sum = |values: &[f64]| values.iter().sum::<f64>();
    all.sort_by(|a, b| sum(&b.1).total_cmp(&sum(&a.1)));
    if all.is_empty() {
        return Ok(None);
    }
    // Those that are few stand together.
    if all.len() > AREAS.len() {
        let rest = all.split_off(AREAS.len() - 1);
        let points = rest[0].1.len();
        let together = (0..points).map(|at| rest.iter().map(|(_, values)| values[at]).sum());
        all.push(("others".to_owned(), together.collect()));
    }
    let words = all.iter().map(|(name, values)| {
        let mean = sum(values) / values.len().max(1) as f64;
        format!("{name}: {mean:.1} tickets on average.")
    });
    let words: Vec<String> = words.collect();
    let id = ["reasons-a", "reasons-b"][ruleset.min(1)];
    let title = match told.names.len() {
        1 => "Why tickets wait".to_owned(),
        _ => format!("Why tickets wait with {}", told.names[ruleset]),
    };
    let form = Form::Areas(minutes(runs), all);
    chart(
        id,
        title,
        "minutes".to_owned(),
        "tickets left by a tick",
        form,
        &words,
    )
    .map(Some)
}

fn chart(
    id: &'static str,
    title: String,
    x: String,
    y: &str,
    form: Form,
    words: &[String],
) -> anyhow::Result<Chart> {
    let y = y.to_owned();
    let svg = Drawing { x, y, form }.svg()?;
    let words = words.join(" ");
    Ok(Chart {
        id,
        title,
        words,
        svg,
    })
}
