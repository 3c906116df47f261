//! Findings for people.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::{Found, Report};
use crate::matching::rules::{Finding, Severity};

/// Writes each finding with its place in the text, and a line about all of them.
pub(super) fn write(reports: &[Report], is_coloured: bool, out: &mut impl Write) -> io::Result<()> {
    let renderer = match is_coloured {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    for report in reports {
        for found in &report.found {
            writeln!(out, "{}\n", renderer.render(&[shown(report, found)]))?;
        }
        writeln!(out, "{}: {}", report.ruleset.name, summary(report))?;
    }
    Ok(())
}

fn shown<'r>(report: &'r Report, found: &'r Found) -> annotate_snippets::Group<'r> {
    let level = match found.finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let annotation = AnnotationKind::Primary.span(found.bytes.clone());
    let snippet = Snippet::source(&*report.ruleset.source)
        .path(&*report.ruleset.name)
        .annotation(annotation);
    let title = level.primary_title(sentence(&found.path, &found.finding));
    let group = title.id(found.finding.lint.0).element(snippet);
    match &*found.finding.help {
        "" => group,
        help => group.element(Level::HELP.message(help)),
    }
}

/// The path and what is said of it.
pub(in crate::workbench) fn sentence(path: &str, finding: &Finding) -> String {
    /// What a text begins with that goes on after its subject.
    const VERBS: &[&str] = &[
        "allows ", "can't ", "changes ", "falls ", "has ", "holds ", "is ", "needs ", "opens ",
        "rises ", "spreads ", "stands ", "takes ",
    ];
    let path = match path {
        "" => "the ruleset".to_owned(),
        path => format!("`{path}`"),
    };
    let goes_on = VERBS.iter().any(|verb| finding.text.starts_with(verb));
    let between = if goes_on { " " } else { ": " };
    format!("{path}{between}{}", finding.text)
}

/// How many findings of each severity there are.
pub(in crate::workbench) fn summary(report: &Report) -> String {
    let counts = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .filter_map(|severity| {
            let count = report.count(severity);
            let many = if count == 1 { "" } else { "s" };
            (count > 0).then(|| format!("{count} {}{many}", severity.as_str()))
        });
    match counts.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "nothing found".to_owned(),
        counts => counts,
    }
}
