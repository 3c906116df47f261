//! What is found in a ruleset as it is typed, and what it changes with age.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::{Answer, Shared, in_turn};
use crate::matching::explain::{Aging, Held};
use crate::matching::rules::Severity;
use crate::matching::{LintContext, MatchLogic};
use crate::workbench::charts::{Chart, Drawing, Form};
use crate::workbench::lint::{Report, sentence, summary};
use crate::workbench::page::{self, coded};

/// Charts of ages at most: beyond, they are no picture any more.
const MAX_CHARTS: usize = 12;

/// Findings that are listed at most; all are counted.
const MAX_FINDINGS: usize = 200;

/// How far the axis of ages goes at least, and by how much beyond the last step.
const LEAST_AGE_S: f64 = 30.0;
const BEYOND: f64 = 1.25;

/// A ruleset to be looked at.
#[derive(Debug, Deserialize)]
pub(super) struct Typed {
    rules: String,
}

pub(super) async fn answer<L: MatchLogic>(
    State(shared): State<Arc<Shared<L>>>,
    Json(typed): Json<Typed>,
) -> Response {
    in_turn(shared, move |all| found(&all.logic, &typed.rules)).await
}

fn found(logic: &impl MatchLogic, source: &str) -> Answer {
    let ruleset = super::typed("the ruleset", source)?;
    let ages = logic
        .rules(&ruleset.json)
        .is_ok()
        .then(|| logic.ages(&ruleset.json));
    let report = Report::on(logic, ruleset, &LintContext::default());
    Ok(html! {
        section #findings aria-labelledby="findings-heading" {
            h2 #findings-heading { "Findings" }
            p.summary role="status" { (summary(&report)) }
            (list(&report))
        }
        section #ages aria-labelledby="ages-heading" {
            h2 #ages-heading { "What changes with age" }
            @match ages {
                Some(ages) => (timeline(ages)?),
                None => p.note { "To be seen once the ruleset has no error." },
            }
        }
    })
}

/// Each finding; a press on one marks its place.
fn list(report: &Report) -> Markup {
    let source = &report.ruleset.source;
    html! {
        ol.findings {
            @for one in report.found.iter().take(MAX_FINDINGS) {
                @let (line, column) = report.place(one);
                @let severity = one.finding.severity;
                li class=(severity.as_str()) {
                    button type="button" data-line=(line)
                        data-from=(units(source, one.bytes.start)) data-to=(units(source, one.bytes.end))
                        data-severity=(severity.as_str()) {
                        b.severity { (sign(severity)) " " (severity.as_str()) }
                        " line " (line) ", column " (column) " "
                        code { (one.finding.lint.0) }
                    }
                    p { (coded(&sentence(&one.path, &one.finding))) }
                    @if !one.finding.help.is_empty() {
                        p.help { "→ " (coded(&one.finding.help)) }
                    }
                }
            }
        }
        @if report.found.len() > MAX_FINDINGS {
            p.note { "and " (report.found.len() - MAX_FINDINGS) " more" }
        }
    }
}

/// A sign beside a colour, for those who do not see that.
fn sign(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "✖",
        Severity::Warning => "▲",
        Severity::Note => "●",
    }
}

/// A place in a text as scripts count it: in units of UTF-16.
fn units(text: &str, byte: usize) -> usize {
    let before = text.get(..byte).unwrap_or(text);
    before.encode_utf16().count()
}

/// A chart for each thing that changes, and a line for each that does not.
fn timeline(ages: Vec<Aging>) -> anyhow::Result<Markup> {
    let changes = |aging: &Aging| aging.lines.iter().any(|(_, held)| held.len() > 1);
    let (changing, constant): (Vec<_>, Vec<_>) = ages.into_iter().partition(changes);
    let steps = changing.iter().flat_map(|aging| &aging.lines);
    let last = steps
        .filter_map(|(_, held)| held.last())
        .map(|held| held.from_s)
        .fold(0.0, f64::max);
    let end_s = (last * BEYOND).max(LEAST_AGE_S);
    let mut charts = Vec::new();
    for aging in changing.iter().take(MAX_CHARTS) {
        charts.push(chart(aging, end_s)?);
    }
    let more = changing.len().saturating_sub(charts.len());
    Ok(html! {
        @if charts.is_empty() {
            p.note {
                "Nothing that this page knows of: a ticket that waits is matched by the same rules at any age. "
                code { "flexing_rule" } ", " code { "alliance_flexing_rule" } " and "
                code { "region_expansion_rate_ms" } " change that."
            }
        }
        div.charts { @for chart in &charts { (page::figure(chart)) } }
        @if more > 0 { p.note { "and " (more) " more" } }
        @for aging in &constant {
            p.note { (words(aging)) }
        }
    })
}

fn chart(aging: &Aging, end_s: f64) -> anyhow::Result<Chart> {
    let lines = aging
        .lines
        .iter()
        .map(|(name, held)| (name.clone(), steps(held, end_s)));
    let y = match aging.unit {
        "" => "distance".to_owned(),
        unit => unit.to_owned(),
    };
    let drawing = Drawing {
        x: "age of the ticket, s".to_owned(),
        y,
        form: Form::Lines(lines.collect()),
    };
    Ok(Chart {
        id: "",
        title: aging.what.clone(),
        words: words(aging),
        svg: drawing.svg()?,
    })
}

/// The corners of a line; it ends where there is no limit any more.
fn steps(held: &[Held], end_s: f64) -> Vec<(f64, f64)> {
    let mut points = Vec::new();
    for (at, one) in held.iter().enumerate() {
        let until_s = held.get(at + 1).map_or(end_s, |next| next.from_s);
        if let Some(value) = one.value {
            points.extend([(one.from_s, value), (until_s, value)]);
        }
    }
    points
}

/// `Teams of a match: at most 2; at least 2, from 60 s 1`.
fn words(aging: &Aging) -> String {
    let unit = |value: f64| match aging.unit {
        "ms" => format!("{value} ms"),
        _ => format!("{value}"),
    };
    let value = |held: &Held| held.value.map_or_else(|| "no limit".to_owned(), unit);
    let line = |(name, held): &(String, Vec<Held>)| {
        let parts = held.iter().map(|one| match one.from_s {
            0.0 => format!("{name} {}", value(one)),
            from_s => format!("above {from_s} s {}", value(one)),
        });
        parts.collect::<Vec<_>>().join(", ")
    };
    let lines: Vec<String> = aging.lines.iter().map(line).collect();
    format!("{}: {}", aging.what, lines.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::AgsLogic;

    fn page(rules: &str) -> String {
        found(&AgsLogic, rules).unwrap().into_string()
    }

    #[test]
    fn places_are_counted_as_scripts_do() {
        let text = "{\"🙂\": 1, \"é\": 2}";
        assert_eq!(units(text, text.find("1").unwrap()), 7);
        assert_eq!(units(text, text.find("2").unwrap()), 15);
        assert_eq!(units(text, 999), 17);
    }

    #[test]
    fn a_finding_stands_with_its_place_and_escaped() {
        let text = page("{\"alliance\": {\"min_number\": 2},\n \"<b>\": 1}");
        assert!(text.contains("data-line=\"2\""), "{text}");
        assert!(
            text.contains("&lt;b&gt;") && !text.contains("<b>\""),
            "{text}"
        );
        assert!(page("{").contains("not-json"));
    }

    #[test]
    fn steps_of_age_are_drawn_and_told() {
        let text = page(super::super::SAMPLE);
        assert!(
            text.contains("<svg") && text.contains("above 15 s"),
            "{text}"
        );
        assert!(page("{}").contains("at any age"));
    }
}
