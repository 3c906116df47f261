//! The report: one HTML file that opens from disk, without the network and without a script.

mod data;

use std::path::Path;

use anyhow::Context;
use maud::{Markup, html};

use super::Told;
use crate::simulation::{Better, Compared, Grouping, signed, with_unit};
use crate::workbench::page;
use crate::workbench::ruleset::pretty;

/// The page.
///
/// # Errors
///
/// If a chart cannot be drawn.
pub(super) fn page(told: &Told) -> anyhow::Result<String> {
    Ok(page::document(
        &title(told),
        &conditions(told),
        &sections(told)?,
    ))
}

/// What the report is about.
pub(in crate::workbench) fn title(told: &Told) -> String {
    match told.names.len() {
        1 => format!("Simulation of {}", told.sources[0]),
        _ => format!("{} beside {}", told.sources[1], told.sources[0]),
    }
}

/// Who came and how long, and which ruleset has which colour.
pub(in crate::workbench) fn conditions(told: &Told) -> Markup {
    html! {
        p.conditions { (told.conditions()) }
        @if told.names.len() > 1 {
            ul.legend {
                @for (name, source) in told.names.iter().zip(&told.sources) {
                    li class=(format!("of-{}", name.to_lowercase())) {
                        b { (name) } " " (source)
                    }
                }
            }
        }
    }
}

/// Everything below the title.
///
/// # Errors
///
/// If a chart cannot be drawn.
pub(in crate::workbench) fn sections(told: &Told) -> anyhow::Result<Markup> {
    let charts = data::charts(told).context("a chart of the report")?;
    Ok(html! {
        section.verdict aria-labelledby="verdict" {
            h2 #verdict { "What it says" }
            @for sentence in &told.sentences {
                p { (page::unbroken(sentence)) }
            }
        }
        section aria-labelledby="charts" {
            h2 #charts { "Charts" }
            div.charts {
                @for chart in &charts { (page::figure(chart)) }
            }
        }
        section aria-labelledby="figures" {
            h2 #figures { "Figures" }
            (figures(told))
        }
        (groups(told))
        (again(told))
    })
}

/// Writes each chart as a file of its own, which follows the theme of its reader.
///
/// # Errors
///
/// If a chart cannot be drawn, or the folder cannot be written.
pub(super) fn write_charts(told: &Told, folder: &Path) -> anyhow::Result<()> {
    for chart in data::charts(told)? {
        page::write_chart(&chart, folder)?;
    }
    Ok(())
}

/// The table of all figures.
fn figures(told: &Told) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Table of figures" {
            table {
                thead {
                    tr {
                        th scope="col" { "figure" }
                        @for name in &told.names { th scope="col" { (name) } }
                        @if told.names.len() > 1 {
                            th scope="col" { "B less A" }
                            th scope="col" { "95 % interval" }
                        }
                    }
                }
                tbody {
                    @for one in &told.compared { (row(one)) }
                }
            }
        }
        @if told.names.len() > 1 {
            p.note {
                "Intervals are over the runs, in each of which both rulesets see the same players. "
                "A difference in bold is beyond chance: 0 is outside of its interval."
            }
        }
    }
}

fn row(one: &Compared) -> Markup {
    let digits = one.figure.digits;
    html! {
        tr {
            th scope="row" { (one.figure.label) }
            @for of in &one.of {
                td {
                    (with_unit(&one.figure, of.mean))
                    @if let Some(half) = of.half.filter(|_| one.of.len() == 1) {
                        span.half { " ± " (format!("{half:.digits$}")) }
                    }
                }
            }
            @if let Some(difference) = &one.difference {
                td class=(judged(one)) { (signed(&one.figure, difference.mean)) }
                td.half {
                    @if let Some(half) = difference.half {
                        "± " (format!("{half:.digits$}"))
                    }
                }
            }
        }
    }
}

/// Whether a difference is good or bad for players, if it is beyond chance.
fn judged(one: &Compared) -> &'static str {
    let Some(difference) = one
        .difference
        .filter(crate::simulation::Interval::is_certain)
    else {
        return "";
    };
    match (one.figure.better, difference.mean < 0.0) {
        (Better::Less, true) | (Better::More, false) => "certain good",
        (Better::Less, false) | (Better::More, true) => "certain bad",
        (Better::Neither, _) => "certain",
    }
}

/// A table for each grouping.
fn groups(told: &Told) -> Markup {
    let tables = Grouping::ALL.into_iter();
    let tables = tables.map(|grouping| (grouping, told.outcome.grouped(grouping)));
    html! {
        section aria-labelledby="groups" {
            h2 #groups { "Who pays for it" }
            p { "A mean hides those who wait long. The same figures by group:" }
            @for (grouping, groups) in tables.filter(|(_, groups)| groups.len() > 1) {
                h3 { "By " (grouping.label()) }
                div.scroll tabindex="0" role="region" aria-label=(grouping.label()) {
                    table {
                        thead {
                            tr {
                                th scope="col" { "group" }
                                th scope="col" { "players" }
                                @for name in &told.names {
                                    th scope="col" { (name) " wait p50" }
                                    th scope="col" { (name) " wait p90" }
                                    th scope="col" { (name) " lost patience" }
                                }
                            }
                        }
                        tbody {
                            @for group in &groups {
                                tr {
                                    th scope="row" { (group.name) }
                                    td { (format!("{:.0}", group.of[0].players)) }
                                    @for of in &group.of {
                                        td { (format!("{:.1} s", of.p50_s)) }
                                        td { (format!("{:.1} s", of.p90_s)) }
                                        td { (format!("{:.2} %", of.gone)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What is needed to run it again.
fn again(told: &Told) -> Markup {
    html! {
        section aria-labelledby="again" {
            h2 #again { "To run it again" }
            p {
                "match-function " (env!("CARGO_PKG_VERSION")) " gives the same figures with "
                code { (told.command) } "."
            }
            @for ((name, source), text) in told.names.iter().zip(&told.sources).zip(&told.plan.rulesets) {
                details {
                    summary { "Ruleset " (name) ": " (source) }
                    pre tabindex="0" { (pretty(text)) }
                }
            }
            @if told.population.is_empty() {
                p { "No population file was given: a game of mid size that the ruleset is made for." }
            } @else {
                details {
                    summary { "Population" }
                    pre tabindex="0" { (told.population) }
                }
            }
        }
    }
}
