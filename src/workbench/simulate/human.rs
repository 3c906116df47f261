//! The figures of a simulation for people.

use std::io::{self, Write};

use super::Told;
use crate::simulation::{Grouping, signed, with_unit};

/// Writes sentences, figures, and groups.
pub(super) fn write(told: &Told, out: &mut impl Write) -> io::Result<()> {
    for (name, source) in told.names.iter().zip(&told.sources) {
        writeln!(out, "{name} = {source}")?;
    }
    writeln!(out, "{}", told.conditions())?;
    writeln!(out)?;
    for sentence in &told.sentences {
        writeln!(out, "{sentence}")?;
    }
    let mut rows = vec![vec![String::new()]];
    rows[0].extend(told.names.iter().cloned());
    if told.names.len() == 2 {
        rows[0].push("B less A".to_owned());
    }
    for one in &told.compared {
        let mut row = vec![one.figure.label.clone()];
        let of = one.of.iter();
        row.extend(of.map(|of| with_unit(&one.figure, of.mean)));
        if let Some(difference) = &one.difference {
            let digits = one.figure.digits;
            let half = difference.half.map(|half| format!(" ± {half:.digits$}"));
            let certain = if difference.is_certain() { " *" } else { "  " };
            let mean = signed(&one.figure, difference.mean);
            row.push(format!("{mean}{}{certain}", half.unwrap_or_default()));
        }
        rows.push(row);
    }
    writeln!(out)?;
    table(&rows, out)?;
    if told.names.len() == 2 {
        writeln!(out, "\n* beyond chance: 0 is outside of the 95 % interval")?;
    }
    for grouping in Grouping::ALL {
        let groups = told.outcome.grouped(grouping);
        if groups.len() < 2 {
            continue;
        }
        writeln!(out, "\nby {}", grouping.label())?;
        let mut rows = vec![vec![String::new(), "players".to_owned()]];
        for name in &told.names {
            for what in ["p50", "p90", "gone"] {
                rows[0].push(format!("{name} {what}"));
            }
        }
        for group in groups {
            let mut row = vec![group.name, format!("{:.0}", group.of[0].players)];
            for of in &group.of {
                row.push(format!("{:.1} s", of.p50_s));
                row.push(format!("{:.1} s", of.p90_s));
                row.push(format!("{:.2} %", of.gone));
            }
            rows.push(row);
        }
        table(&rows, out)?;
    }
    Ok(())
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
