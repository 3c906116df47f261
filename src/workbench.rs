//! What a studio does with a ruleset on its own machine: `lint` says whether it is sane, `explain` why a
//! ticket waits, `simulate` what players will feel, `tune` what would be better, `replay` what happened in a
//! recorded tick, and `workbench` is a page over all of them. All play the very engine that serves; no rule is
//! written twice.

mod captures;
mod charts;
mod explain;
mod lint;
mod page;
mod place;
mod players;
mod replay;
mod ruleset;
mod simulate;
mod site;
mod tickets;
mod tune;

use std::fmt;
use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

pub use explain::Explain;
pub use lint::Lint;
pub use replay::Replay;
pub use simulate::Simulate;
pub use site::Workbench;
pub use tune::Tune;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing to complain about.
    Fine,
    /// Something was found: exit code 1.
    Found,
}

/// An input that cannot be read: one line that says which, and where in it.
#[derive(Debug)]
pub struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

impl From<anyhow::Error> for Unreadable {
    fn from(error: anyhow::Error) -> Self {
        Self(format!("{error:#}"))
    }
}

/// How something is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// One JSON document
    Json,
}

/// A bar on standard error for so many ticks; hidden unless that is a terminal.
fn progress_bar(ticks: u64) -> ProgressBar {
    bar_of(ticks, "ticks")
}

/// A bar on standard error for so many things; hidden unless that is a terminal.
fn bar_of(count: u64, what: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = format!("{{bar:30}} {{percent}}% of the {what}, {{eta}} left");
    let style = ProgressStyle::with_template(&template);
    let bar = ProgressBar::new(count);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Threads to work with: as many as asked for, or one for each CPU.
fn threads(asked: Option<u16>) -> usize {
    let all = || std::thread::available_parallelism().map_or(1, usize::from);
    asked.map_or_else(all, usize::from)
}

/// The version of the JSON documents.
const FORMAT: u32 = 1;

/// Writes a JSON document.
fn document(value: &Value, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

/// Whether to colour what goes to standard output: on a terminal, unless `NO_COLOR` says no.
fn is_coloured() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !refused && io::stdout().is_terminal()
}

/// Writes rows in columns: the first to the left, the others to the right.
fn table(rows: &[Vec<String>], out: &mut impl Write) -> io::Result<()> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            line += &match column {
                0 => format!("  {cell:<width$}"),
                _ => format!("  {cell:>width$}"),
            };
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
