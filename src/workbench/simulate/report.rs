//! The report: one HTML file that opens from disk, without the network and without a script.

mod charts;
mod data;

use std::path::Path;

use anyhow::Context;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use super::Told;
use crate::simulation::{Better, Compared, Grouping, signed, with_unit};
use charts::Chart;

/// The style of the page.
const STYLE: &str = include_str!("report/page.css");

/// What the colours of charts are where the reader's theme is dark.
const DARK: &str = include_str!("report/dark.css");

/// A policy that lets a browser load nothing: what the report needs is in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The page.
///
/// # Errors
///
/// If a chart cannot be drawn.
pub(super) fn page(told: &Told) -> anyhow::Result<String> {
    let charts = data::charts(told).context("a chart of the report")?;
    let title = match told.names.len() {
        1 => format!("Simulation of {}", told.sources[0]),
        _ => format!("{} beside {}", told.sources[1], told.sources[0]),
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (title) }
                style { (PreEscaped(STYLE)) (PreEscaped(dark(".chart svg"))) }
            }
            body {
                header {
                    h1 { (title) }
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
                main {
                    section.verdict aria-labelledby="verdict" {
                        h2 #verdict { "What it says" }
                        @for sentence in &told.sentences {
                            p { (unbroken(sentence)) }
                        }
                    }
                    section aria-labelledby="charts" {
                        h2 #charts { "Charts" }
                        div.charts {
                            @for chart in &charts { (figure(chart)) }
                        }
                    }
                    section aria-labelledby="figures" {
                        h2 #figures { "Figures" }
                        (figures(told))
                    }
                    (groups(told))
                    (again(told))
                }
            }
        }
    };
    Ok(page.into_string())
}

/// A sentence whose numbers stay beside their units at the end of a line.
fn unbroken(sentence: &str) -> String {
    const BLANK: char = '\u{a0}';
    let mut text = String::with_capacity(sentence.len());
    let mut letters = sentence.chars().peekable();
    let mut before = BLANK;
    while let Some(letter) = letters.next() {
        let joins = before.is_ascii_digit() || before == '±' || letters.peek() == Some(&'±');
        let is_unit = letters.peek().is_some_and(|next| !next.is_uppercase());
        before = letter;
        text.push(if letter == ' ' && joins && is_unit {
            BLANK
        } else {
            letter
        });
    }
    text
}

/// The style of charts in a dark theme.
fn dark(charts: &str) -> String {
    format!("@media (prefers-color-scheme: dark) {{\n{charts} {{\n{DARK}}}\n}}\n")
}

/// Writes each chart as a file of its own, which follows the theme of its reader.
///
/// # Errors
///
/// If a chart cannot be drawn, or the folder cannot be written.
pub(super) fn write_charts(told: &Told, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    for chart in data::charts(told)? {
        let title = html! { title { (chart.title) ": " (chart.words) } style { (PreEscaped(dark("svg"))) } };
        let (head, rest) = chart.svg.split_once('\n').unwrap_or((&chart.svg, ""));
        let path = folder.join(format!("{}.svg", chart.id));
        std::fs::write(path, format!("{head}\n{}\n{rest}", title.into_string()))?;
    }
    Ok(())
}

/// A chart with its title and what it shows in words.
fn figure(chart: &Chart) -> Markup {
    html! {
        figure id=(chart.id) {
            figcaption { (chart.title) }
            div.chart role="img" aria-label=(chart.words) { (PreEscaped(&chart.svg)) }
            details {
                summary { "In words" }
                p { (chart.words) }
            }
        }
    }
}

/// The table of all figures.
fn figures(told: &Told) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Figures" {
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
    let pretty = |text: &str| {
        let rules: Value = serde_json::from_str(text).unwrap_or_default();
        serde_json::to_string_pretty(&rules).unwrap_or_default()
    };
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
