//! Findings for programs.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::super::{FORMAT, document};
use super::human::sentence;
use super::{Found, Report, line_and_column, section};
use crate::matching::rules::Severity;

/// One JSON document with stable names.
pub(super) fn json(reports: &[Report], out: &mut impl Write) -> io::Result<()> {
    let file = |report: &Report| {
        let findings: Vec<Value> = report
            .found
            .iter()
            .map(|found| {
                let (line, column) = report.place(found);
                json!({
                    "id": found.finding.lint.0,
                    "severity": found.finding.severity.as_str(),
                    "path": found.path,
                    "line": line,
                    "column": column,
                    "text": found.finding.text,
                    "help": found.finding.help,
                })
            })
            .collect();
        json!({
            "file": report.ruleset.name,
            "errors": report.count(Severity::Error),
            "warnings": report.count(Severity::Warning),
            "notes": report.count(Severity::Note),
            "findings": findings,
        })
    };
    let files: Vec<Value> = reports.iter().map(file).collect();
    document(&json!({"format": FORMAT, "files": files}), out)
}

/// A log in the Static Analysis Results Interchange Format, version 2.1.0.
pub(super) fn sarif(reports: &[Report], out: &mut impl Write) -> io::Result<()> {
    let found = || reports.iter().flat_map(|report| &report.found);
    let ids: BTreeSet<&str> = found().map(|found| found.finding.lint.0).collect();
    let rules: Vec<Value> = ids.iter().map(|id| rule(id)).collect();
    let results: Vec<Value> = reports
        .iter()
        .flat_map(|report| report.found.iter().map(|found| result(report, found)))
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "match-function lint",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    document(&log, out)
}

fn rule(id: &str) -> Value {
    // A logic of a studio may have findings that the page does not know.
    let text = section(id).unwrap_or_else(|_| id.to_owned());
    let first = text.lines().skip(1).find(|line| !line.is_empty());
    json!({
        "id": id,
        "shortDescription": {"text": first.unwrap_or(id)},
        "help": {"text": text},
    })
}

fn result(report: &Report, found: &Found) -> Value {
    let (line, column) = report.place(found);
    let (end_line, end_column) = line_and_column(&report.ruleset.source, found.bytes.end);
    let mut text = sentence(&found.path, &found.finding);
    if !found.finding.help.is_empty() {
        text = format!("{text}. {}", found.finding.help);
    }
    json!({
        "ruleId": found.finding.lint.0,
        "level": found.finding.severity.as_str(),
        "message": {"text": text},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": report.ruleset.name},
                "region": {
                    "startLine": line,
                    "startColumn": column,
                    "endLine": end_line,
                    "endColumn": end_column,
                },
            },
            "logicalLocations": [{"fullyQualifiedName": found.path}],
        }],
    })
}
