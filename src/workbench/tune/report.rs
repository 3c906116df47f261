//! The report of a search: the frontier as a chart, and the proposals.

use std::path::Path;

use maud::{Markup, html};

use super::Sought;
use super::human::{SHOWN, shown};
use crate::tuning::Proposal;
use crate::workbench::charts::{Chart, Drawing, Form};
use crate::workbench::page;
use crate::workbench::ruleset::pretty;

/// How far from the frontier a ruleset that was tried for a short time is drawn.
const FARTHEST: f64 = 1.5;

/// The page.
///
/// # Errors
///
/// If the chart cannot be drawn.
pub(super) fn page(sought: &Sought, proposals: &[Proposal<'_>]) -> anyhow::Result<String> {
    Ok(page::document(
        &title(sought),
        &conditions(sought),
        &sections(sought, proposals)?,
    ))
}

/// The same as a part of another page.
///
/// # Errors
///
/// If the chart cannot be drawn.
pub(super) fn parts(sought: &Sought, proposals: &[Proposal<'_>]) -> anyhow::Result<Markup> {
    Ok(html! {
        h2 { (title(sought)) }
        (conditions(sought))
        (sections(sought, proposals)?)
    })
}

fn title(sought: &Sought) -> String {
    format!("Rulesets beside {}", sought.source)
}

fn conditions(sought: &Sought) -> Markup {
    html! {
        p.conditions { (sought.conditions) }
        @for goal in &sought.goals { p.conditions { "Goal: " (goal.text) } }
    }
}

fn sections(sought: &Sought, proposals: &[Proposal<'_>]) -> anyhow::Result<Markup> {
    let chart = frontier(sought)?;
    Ok(html! {
        section aria-labelledby="frontier-heading" {
            h2 #frontier-heading { "What no other beats" }
            div.charts { (page::figure(&chart)) }
        }
        section aria-labelledby="proposals" {
            h2 #proposals { "Proposals" }
            @if proposals.is_empty() {
                p { "No ruleset that was tried meets the goals." }
            } @else {
                (figures(sought, proposals))
            }
            @for proposal in proposals { (one(proposal)) }
        }
        section aria-labelledby="again" {
            h2 #again { "To run it again" }
            p {
                "match-function " (env!("CARGO_PKG_VERSION")) " gives the same proposals with "
                code { (sought.command) } "."
            }
        }
    })
}

/// Writes the chart as a file.
///
/// # Errors
///
/// If it cannot be drawn, or the folder cannot be written.
pub(super) fn write_chart(sought: &Sought, folder: &Path) -> anyhow::Result<()> {
    page::write_chart(&frontier(sought)?, folder)
}

/// Wait against quality.
fn frontier(sought: &Sought) -> anyhow::Result<Chart> {
    let tried = &sought.found.tried;
    let today: Vec<(f64, f64)> = tried.iter().take(1).map(|one| one.point).collect();
    let full: Vec<(f64, f64)> = tried.iter().skip(1).map(|one| one.point).collect();
    let most = |of: fn(&(f64, f64)) -> f64| full.iter().chain(&today).map(of).fold(0.0, f64::max);
    let (far, high) = (
        most(|point| point.0) * FARTHEST,
        most(|point| point.1) * FARTHEST,
    );
    let short = sought.found.short.iter().copied();
    let short: Vec<(f64, f64)> = short
        .filter(|point| point.0 <= far && point.1 <= high)
        .collect();
    let label = |id: &str| {
        let one = tried.first().and_then(|today| today.figure(id));
        one.map_or_else(String::new, |(one, _)| match one.figure.unit {
            "" => one.figure.label.clone(),
            unit => format!("{}, {unit}", one.figure.label),
        })
    };
    let (wait, cost) = (label(&sought.wait), label(&sought.minimize));
    let ends = [full.first(), full.last()].into_iter().flatten();
    let ends: Vec<String> = ends
        .map(|(wait, cost)| format!("{wait:.1} and {cost:.1}"))
        .collect();
    let words = format!(
        "{wait} against {cost}. Today {}; the frontier goes from {}.",
        today
            .first()
            .map_or_else(String::new, |(wait, cost)| format!(
                "{wait:.1} and {cost:.1}"
            )),
        ends.join(" to ")
    );
    let drawing = Drawing {
        x: wait,
        y: cost,
        form: Form::Points(vec![
            ("tried for a short time".to_owned(), short),
            ("in full".to_owned(), full),
            ("today".to_owned(), today),
        ]),
    };
    Ok(Chart {
        id: "frontier",
        title: "Wait against quality".to_owned(),
        words,
        svg: drawing.svg()?,
    })
}

/// The figures of today's ruleset and of the proposals.
fn figures(sought: &Sought, proposals: &[Proposal<'_>]) -> Markup {
    let today = sought.found.tried.first();
    let rows = today
        .into_iter()
        .flat_map(|today| today.figures.iter().map(move |one| (today, one)));
    let rows = rows.filter(|(_, one)| SHOWN.iter().any(|shown| one.figure.id.starts_with(shown)));
    html! {
        div.scroll tabindex="0" role="region" aria-label="Figures of the proposals" {
            table {
                thead {
                    tr {
                        th scope="col" { "figure" }
                        th scope="col" { "today" }
                        @for proposal in proposals { th scope="col" { (proposal.style.as_str()) } }
                    }
                }
                tbody {
                    @for (today, one) in rows {
                        tr {
                            th scope="row" { (one.figure.label) }
                            td { (shown(today, &one.figure.id)) }
                            @for proposal in proposals {
                                td { (shown(proposal.tried, &one.figure.id)) }
                            }
                        }
                    }
                }
            }
        }
        p.note { "With 95 % intervals over three runs, in each of which all rulesets see the same players." }
    }
}

fn one(proposal: &Proposal<'_>) -> Markup {
    html! {
        h3 { (proposal.style.as_str()) }
        ul {
            @for change in &proposal.tried.changes { li { (page::unbroken(change)) } }
        }
        details {
            summary { "The ruleset" }
            pre tabindex="0" { (pretty(&proposal.tried.ruleset)) }
        }
    }
}
