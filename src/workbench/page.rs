//! What all pages that are written have in common: their head, and their charts.

use std::path::Path;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::charts::Chart;

/// The style of the page.
const STYLE: &str = include_str!("page.css");

/// What the colours of charts are where the reader's theme is dark.
const DARK: &str = include_str!("dark.css");

/// A policy that lets a browser load nothing: what a report needs is in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// A page that opens from disk, without the network and without a script.
pub(super) fn document(title: &str, about: &Markup, content: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (head(title))
            body {
                header { h1 { (title) } (about) }
                main { (content) }
            }
        }
    };
    page.into_string()
}

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta http-equiv="Content-Security-Policy" content=(POLICY);
            title { (title) }
            style { (PreEscaped(style())) }
        }
    }
}

/// The style of a page with charts.
pub(super) fn style() -> String {
    format!("{STYLE}{}", dark(".chart svg"))
}

/// A chart with its title and what it shows in words.
pub(super) fn figure(chart: &Chart) -> Markup {
    html! {
        figure id=[Some(chart.id).filter(|id| !id.is_empty())] {
            figcaption { (chart.title) }
            div.chart role="img" aria-label=(chart.words) { (PreEscaped(&chart.svg)) }
            details {
                summary { "In words" }
                p { (chart.words) }
            }
        }
    }
}

/// Writes a chart as a file of its own, which follows the theme of its reader.
///
/// # Errors
///
/// If the folder cannot be written.
pub(super) fn write_chart(chart: &Chart, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let title =
        html! { title { (chart.title) ": " (chart.words) } style { (PreEscaped(dark("svg"))) } };
    let (head, rest) = chart.svg.split_once('\n').unwrap_or((&chart.svg, ""));
    let path = folder.join(format!("{}.svg", chart.id));
    std::fs::write(path, format!("{head}\n{}\n{rest}", title.into_string()))?;
    Ok(())
}

/// The style of charts in a dark theme.
fn dark(charts: &str) -> String {
    format!("@media (prefers-color-scheme: dark) {{\n{charts} {{\n{DARK}}}\n}}\n")
}

/// A text whose words between backticks are code.
pub(super) fn coded(text: &str) -> Markup {
    // An odd number of them is none of ours.
    let is_even = text.matches('`').count().is_multiple_of(2);
    html! {
        @if is_even {
            @for (at, part) in text.split('`').enumerate() {
                @if at % 2 == 1 { code { (part) } } @else { (part) }
            }
        } @else { (text) }
    }
}

/// A sentence whose numbers stay beside their units at the end of a line.
pub(super) fn unbroken(sentence: &str) -> String {
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
