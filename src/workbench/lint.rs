//! `match-function lint`: whether a ruleset is sane.

mod human;
mod machine;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::ops::Range;

use clap::{Parser, ValueEnum};

use super::place::{Mark, Places, byte_of, line_and_column};
use super::ruleset::Ruleset;
use super::tickets::Queue;
use super::{Unreadable, Verdict, is_coloured};
use crate::matching::rules::{self, Finding, Severity};
use crate::matching::{LintContext, MatchLogic};
pub(super) use human::{sentence, summary};

/// The page that explains each kind of finding.
const PAGE: &str = include_str!("../../docs/lints.md");

/// Says what is wrong with a ruleset or cannot do what is meant, and what to do
///
/// Exit code 0: nothing of weight was found; 1: an error, or a warning with `--deny warnings`; 64: an
/// input cannot be read.
#[derive(Debug, Parser)]
#[command(
    name = "lint",
    after_help = "Example: match-function lint ruleset.json --deny warnings"
)]
pub struct Lint {
    /// Rulesets: a file, `-` for standard input, or JSON that begins with `{`; also in the form of AGS's
    /// API (`{"name", "data"}`)
    #[arg(required_unless_present = "explain", value_name = "RULES")]
    rules: Vec<String>,

    /// How to write what is found
    #[arg(long, value_enum, default_value_t = LintFormat::Human)]
    format: LintFormat,

    /// What else than errors makes the exit code 1
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Denied>,

    /// Tickets as your players send them, to hold the ruleset against: JSON objects in protobuf's names,
    /// or a queue as AGS lists it
    #[arg(long, value_name = "FILE")]
    tickets: Option<String>,

    /// Seconds after which the match pool lets tickets expire
    #[arg(long, value_name = "SECONDS")]
    expires_s: Option<u32>,

    /// Explain a kind of finding, with a bad and a good example
    #[arg(long, value_name = "ID", conflicts_with = "rules")]
    explain: Option<String>,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LintFormat {
    /// For people, with the place in the text
    Human,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, as code scanning reads it
    Sarif,
}

/// What can be denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Denied {
    /// Warnings
    Warnings,
}

/// A finding, and the bytes of the text that it is about.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) finding: Finding,
    /// Its path in the whole text.
    pub(super) path: String,
    pub(super) bytes: Range<usize>,
}

/// What was found in one ruleset, in the order of its text.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) ruleset: Ruleset,
    pub(super) found: Vec<Found>,
}

impl Lint {
    /// Looks at the rulesets and writes what it finds to `out`.
    ///
    /// # Errors
    ///
    /// If an input cannot be read, or there is no such finding to explain.
    pub fn run(
        self,
        logic: &impl MatchLogic,
        out: &mut impl Write,
    ) -> Result<Verdict, anyhow::Error> {
        if let Some(id) = &self.explain {
            writeln!(out, "{}", section(id)?)?;
            return Ok(Verdict::Fine);
        }
        let mut queue = Queue::default();
        if let Some(file) = &self.tickets {
            queue.read(file)?;
        }
        let tickets = queue.tickets();
        let context = LintContext {
            expires_s: self.expires_s,
            tickets: &tickets,
        };
        let mut reports = Vec::new();
        for argument in &self.rules {
            let ruleset = Ruleset::read(argument)?;
            reports.push(Report::on(logic, ruleset, &context));
        }
        match self.format {
            LintFormat::Human => human::write(&reports, is_coloured(), out)?,
            LintFormat::Json => machine::json(&reports, out)?,
            LintFormat::Sarif => machine::sarif(&reports, out)?,
        }
        let least = match self.deny {
            Some(Denied::Warnings) => Severity::Warning,
            None => Severity::Error,
        };
        let mut found = reports.iter().flat_map(|report| &report.found);
        Ok(match found.any(|one| one.finding.severity >= least) {
            true => Verdict::Found,
            false => Verdict::Fine,
        })
    }
}

impl Report {
    pub(super) fn on(logic: &impl MatchLogic, ruleset: Ruleset, context: &LintContext<'_>) -> Self {
        let places = Places::of(&ruleset.source);
        let findings = logic.lint(&ruleset.json, context);
        let mut found: Vec<Found> = findings
            .into_iter()
            .map(|finding| Found {
                bytes: bytes_of(&ruleset, &places, &finding),
                path: path_of(&ruleset, &finding),
                finding,
            })
            .collect();
        found.sort_by_key(|one| one.bytes.start);
        Self { ruleset, found }
    }

    /// How many findings of a severity there are.
    fn count(&self, severity: Severity) -> usize {
        let all = self.found.iter();
        all.filter(|one| one.finding.severity == severity).count()
    }

    /// Line and column of a finding, from 1.
    pub(super) fn place(&self, found: &Found) -> (usize, usize) {
        line_and_column(&self.ruleset.source, found.bytes.start)
    }
}

fn path_of(ruleset: &Ruleset, finding: &Finding) -> String {
    match (ruleset.inside, &*finding.path) {
        (None, path) => path.to_owned(),
        (Some(inside), "") => inside.to_owned(),
        (Some(inside), path) => format!("{inside}.{path}"),
    }
}

/// What of the text a finding is about.
fn bytes_of(ruleset: &Ruleset, places: &Places, finding: &Finding) -> Range<usize> {
    if finding.lint == rules::Lint::NOT_JSON {
        return not_json(&ruleset.source);
    }
    let keys = [
        rules::Lint::UNKNOWN_KEY,
        rules::Lint::CAMEL_CASE,
        rules::Lint::OLDER_KEY,
        rules::Lint::NEAR_MISS,
    ];
    let mark = match keys.contains(&finding.lint) {
        true => Mark::Key,
        false => Mark::Value,
    };
    places.find(ruleset.inside, &finding.path, mark)
}

/// Where a text stops being JSON.
fn not_json(source: &str) -> Range<usize> {
    let Err(error) = serde_json::from_str::<serde_json::Value>(source) else {
        // It is JSON, but no object.
        return 0..source.len().min(1);
    };
    let byte = byte_of(source, error.line(), error.column());
    let next = source[byte..].chars().next().map_or(0, char::len_utf8);
    byte..byte + next
}

/// The section of the page on a kind of finding.
fn section(id: &str) -> Result<String, Unreadable> {
    let heading = format!("### `{id}`\n");
    let Some((_, rest)) = PAGE.split_once(&heading) else {
        let known = PAGE
            .lines()
            .filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`'));
        let near = known
            .map(|known| (strsim::damerau_levenshtein(id, known), known))
            .min();
        let near = near.map_or_else(String::new, |(_, near)| format!("; did you mean {near}?"));
        return Err(Unreadable(format!(
            "--explain: no finding is called {id}{near}"
        )));
    };
    let end = rest.find("\n##").unwrap_or(rest.len());
    Ok(format!("{id}\n{}", rest[..end].trim_end()))
}
