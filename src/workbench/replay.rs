//! `match-function replay`: a recorded tick, played again.

mod compare;
mod export;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Parser;
use serde_json::json;

use super::ruleset::Ruleset;
use super::{FORMAT, Format, Unreadable, Verdict, captures, document, table};
use crate::capture::{self, Capture, Kind};
use crate::matching::MatchLogic;
use crate::simulation::{Outcome, of_ticks, signed, with_unit};
use compare::Comparison;
pub(super) use compare::compare;
use export::Export;

/// Plays recorded ticks again and compares the answers with those of then
///
/// Without --rules, each capture is played with its own ruleset, clock and bounds, and every answer has to
/// be the same, byte for byte: else the first difference is shown, and the exit code is 1. With --rules,
/// what the recorded rules make of the ticks stands beside what the others make of them.
#[derive(Debug, Parser)]
#[command(
    name = "replay",
    after_help = "Example: match-function replay /var/lib/captures --rules tomorrow.json"
)]
pub struct Replay {
    /// Captures, or folders of them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Other rules to play the ticks with: a file, `-`, or JSON that begins with `{`
    #[arg(long, value_name = "RULES")]
    rules: Option<String>,

    /// Write the tickets and sessions there as JSON lines, as `client` and `explain` read them
    #[arg(long, value_name = "FILE", conflicts_with = "rules")]
    export: Option<PathBuf>,

    /// Replace ids of players, tickets, parties and sessions by numbers in what is exported
    #[arg(long, requires = "export")]
    anonymize: bool,

    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

impl Replay {
    /// Plays the captures and writes what it found to `out`.
    ///
    /// # Errors
    ///
    /// If a capture cannot be read, the rules are refused, or the export cannot be written.
    pub fn run(self, logic: &impl MatchLogic, out: &mut impl Write) -> anyhow::Result<Verdict> {
        let paths = captures::paths(&self.files)?;
        if let Some(to) = &self.export {
            return self.export(&paths, to, out);
        }
        match &self.rules {
            Some(rules) => self.beside(logic, &paths, rules, out),
            None => self.again(logic, &paths, out),
        }
    }

    /// With the rules of then.
    fn again(
        &self,
        logic: &impl MatchLogic,
        paths: &[PathBuf],
        out: &mut impl Write,
    ) -> anyhow::Result<Verdict> {
        let (mut same, mut documents) = (0, Vec::new());
        for path in paths {
            let capture = capture::read(path)?;
            let compared = compare(logic, &capture)?;
            same += usize::from(compared.difference.is_none());
            match self.format {
                Format::Human => line(path, &capture, &compared, out)?,
                Format::Json => documents.push(json!({
                    "file": path.display().to_string(),
                    "match_pool": capture.header.match_pool,
                    "tick_id": capture.header.tick_id,
                    "kind": capture.kind.as_str(),
                    "tickets": capture.header.tickets,
                    "answers": capture.answers.len(),
                    "duration_ms": capture.header.duration_us as f64 / 1e3,
                    "same": compared.difference.is_none(),
                    "cut": compared.is_cut,
                    "difference": compared.difference,
                })),
            }
        }
        match self.format {
            Format::Human => {
                let all = paths.len();
                writeln!(
                    out,
                    "{same} of {all} captures: the same answers, byte for byte"
                )?;
            }
            Format::Json => document(&json!({"format": FORMAT, "captures": documents}), out)?,
        }
        Ok(if same == paths.len() {
            Verdict::Fine
        } else {
            Verdict::Found
        })
    }

    /// With other rules beside those of then.
    fn beside(
        &self,
        logic: &impl MatchLogic,
        paths: &[PathBuf],
        rules: &str,
        out: &mut impl Write,
    ) -> anyhow::Result<Verdict> {
        let ruleset = Ruleset::read(rules)?;
        let (mut recorded, mut others, mut left_out) = (Vec::new(), Vec::new(), 0);
        for path in paths {
            let capture = capture::read(path)?;
            if capture.kind == Kind::Backfill {
                left_out += 1;
                continue;
            }
            let tick = || captures::tick(&capture).with_context(|| path.display().to_string());
            recorded.push(tick()?);
            others.push(tick()?);
        }
        let refused = |name: String| move |error| Unreadable(format!("{name}: {error}"));
        let ticks = recorded.len();
        let then = of_ticks(logic, recorded, None).map_err(refused("recorded rules".to_owned()))?;
        let now =
            of_ticks(logic, others, Some(&ruleset.json)).map_err(refused(ruleset.name.clone()))?;
        let outcome = Outcome {
            rulesets: vec![vec![then], vec![now]],
        };
        // What an hour tells and a tick does not.
        let of_hours = ["gone_percent", "queue_mean", "waiting", "came"];
        let compared = outcome.compared().into_iter();
        let compared: Vec<_> = compared
            .filter(|one| !of_hours.contains(&&*one.figure.id))
            .collect();
        if self.format == Format::Json {
            let figures = compared.iter().map(|one| {
                json!({"id": one.figure.id, "unit": one.figure.unit,
                    "then": one.of[0].mean, "other": one.of[1].mean})
            });
            let figures: Vec<_> = figures.collect();
            let value = json!({"format": FORMAT, "ticks": ticks, "backfill_left_out": left_out,
                "rules": ruleset.name, "figures": figures});
            document(&value, out)?;
            return Ok(Verdict::Fine);
        }
        writeln!(
            out,
            "{ticks} ticks with their own rules, and with {}",
            ruleset.name
        )?;
        if left_out > 0 {
            writeln!(out, "{left_out} captures of backfill are left out")?;
        }
        writeln!(out)?;
        let heads = ["", "recorded rules", "other rules", "difference"];
        let mut rows = vec![heads.map(str::to_owned).to_vec()];
        for one in &compared {
            let (a, b) = (one.of[0].mean, one.of[1].mean);
            let of = |value| with_unit(&one.figure, value);
            let difference = signed(&one.figure, b - a);
            rows.push(vec![one.figure.label.clone(), of(a), of(b), difference]);
        }
        table(&rows, out)?;
        Ok(Verdict::Fine)
    }

    fn export(
        &self,
        paths: &[PathBuf],
        to: &Path,
        out: &mut impl Write,
    ) -> anyhow::Result<Verdict> {
        let mut export = Export::new(self.anonymize)?;
        let mut lines = Vec::new();
        for path in paths {
            let capture = capture::read(path)?;
            let added = export.add(&capture, &mut lines);
            added.with_context(|| path.display().to_string())?;
        }
        export::write(to, &lines).with_context(|| format!("--export {}", to.display()))?;
        let count = lines.len();
        writeln!(
            out,
            "{count} messages of {} captures in {}",
            paths.len(),
            to.display()
        )?;
        Ok(Verdict::Fine)
    }
}

/// One line for a capture, and what differs.
fn line(
    path: &Path,
    capture: &Capture,
    compared: &Comparison,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let header = &capture.header;
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let what = match capture.kind {
        Kind::Match => "matches",
        Kind::Backfill => "proposals",
    };
    let verdict = match (&compared.difference, compared.is_cut) {
        (Some(_), _) => "DIFFERS",
        (None, true) => "same, as far as it came",
        (None, false) => "same",
    };
    writeln!(
        out,
        "{verdict}: {file}: {} tickets, {} {what}, {:.1} ms then",
        header.tickets,
        capture.answers.len(),
        header.duration_us as f64 / 1e3
    )?;
    match &compared.difference {
        Some(difference) => writeln!(out, "  {difference}"),
        None => Ok(()),
    }
}
