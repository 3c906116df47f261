//! The figures of a simulation for people.

use std::io::{self, Write};

use super::Told;
use crate::simulation::{Grouping, signed, with_unit};
use crate::workbench::table;

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
