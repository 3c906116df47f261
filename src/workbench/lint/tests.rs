use std::collections::BTreeSet;

use super::*;
use crate::matching::AgsLogic;

/// A section of the page: its id, and its examples by kind.
struct Section {
    id: &'static str,
    blocks: Vec<(&'static str, String)>,
}

fn sections() -> Vec<Section> {
    let mut all: Vec<Section> = Vec::new();
    let mut lines = PAGE.lines();
    while let Some(line) = lines.next() {
        if let Some(id) = line.strip_prefix("### `") {
            let id = id.trim_end_matches('`');
            let blocks = Vec::new();
            all.push(Section { id, blocks });
        }
        if let Some(kind) = line.strip_prefix("```json ") {
            let inside: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            let section = all.last_mut().expect("examples are below an id");
            section.blocks.push((kind, inside.join("\n")));
        }
    }
    all
}

impl Section {
    fn block(&self, kind: &str) -> Option<&str> {
        let mut blocks = self.blocks.iter();
        blocks.find(|(of, _)| *of == kind).map(|(_, text)| &**text)
    }

    /// What is found in an example.
    fn found(&self, kind: &str) -> Report {
        let text = self
            .block(kind)
            .unwrap_or_else(|| panic!("{}: {kind}", self.id));
        let mut queue = Queue::default();
        if let Some(tickets) = self.block("tickets") {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), tickets).unwrap();
            queue.read(file.path().to_str().unwrap()).unwrap();
        }
        let tickets = queue.tickets();
        let context = LintContext {
            expires_s: None,
            tickets: &tickets,
        };
        let mut report = Report::on(&AgsLogic, Ruleset::read(text).unwrap(), &context);
        // Said of every ruleset with the key.
        let of_all = |found: &Found| found.finding.lint.0 == "quality-ags";
        if self.id != "quality-ags" {
            report.found.retain(|found| !of_all(found));
        }
        report
    }
}

fn ids(report: &Report) -> BTreeSet<&str> {
    let found = report.found.iter();
    found.map(|found| found.finding.lint.0).collect()
}

#[test]
fn every_id_is_found_in_its_bad_example_and_nothing_else_is() {
    let mut wrong = Vec::new();
    for section in sections() {
        let (bad, good) = (section.found("bad"), section.found("good"));
        if ids(&bad) != BTreeSet::from([section.id]) || !good.found.is_empty() {
            wrong.push((section.id, bad.found, good.found));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_page_says_how_much_each_finding_matters() {
    for section in sections() {
        let (_, text) = PAGE
            .split_once(&format!("### `{}`\n\n", section.id))
            .unwrap();
        let (said, _) = text.split_once('.').unwrap();
        let bad = section.found("bad");
        let most = bad.found.iter().map(|found| found.finding.severity).max();
        let most = most.map_or("nothing", Severity::as_str);
        assert_eq!(said.to_lowercase(), most, "{}", section.id);
    }
}
