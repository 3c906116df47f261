use serde_json::{Map, Value, json};

use super::{Found, Knobs, Search};
use crate::matching::rules::Severity;
use crate::matching::{AgsLogic, Flow, LintContext, MatchLogic};
use crate::population::{Population, of_ruleset};

const RULES: &str = include_str!("../../docs/samples/ruleset-5v5.json");

fn fields() -> Map<String, Value> {
    match serde_json::from_str(RULES) {
        Ok(Value::Object(fields)) => fields,
        other => panic!("{other:?}"),
    }
}

fn search(threads: usize, goals: Vec<(String, f64)>) -> Found {
    let population = Population {
        players_per_second: vec![0.3],
        ..of_ruleset(RULES)
    };
    let search = Search {
        logic: &AgsLogic,
        knobs: Knobs::of(fields(), population.tick_s),
        population,
        hours: 0.1,
        seed: 3,
        threads,
        candidates: 10,
        wait: "wait_p95_s".to_owned(),
        minimize: "spread_mean.mmr".to_owned(),
        goals,
    };
    search.run(&|_, _| Flow::Go, &|| true).expect("a ruleset")
}

fn rulesets(found: &Found) -> Vec<(&str, (f64, f64))> {
    let tried = found.tried.iter();
    tried.map(|tried| (&*tried.ruleset, tried.point)).collect()
}

#[test]
fn the_same_seed_finds_the_same_on_any_number_of_threads() {
    let (one, three) = (search(1, Vec::new()), search(3, Vec::new()));
    assert_eq!(rulesets(&one), rulesets(&three));
    assert_eq!(one.short, three.short);
    assert_eq!(one.count, 10);
}

#[test]
fn what_is_proposed_meets_the_goals_and_has_nothing_against_it() {
    let found = search(2, vec![("wait_p95_s".to_owned(), 150.0)]);
    let proposals = found.proposals();
    assert!(!proposals.is_empty());
    for proposal in &proposals {
        let (_, wait) = proposal.tried.figure("wait_p95_s").expect("a wait");
        assert!(wait.mean <= 150.0, "{wait:?}");
        let findings = AgsLogic.lint(&proposal.tried.ruleset, &LintContext::default());
        let bad = findings
            .iter()
            .find(|finding| finding.severity != Severity::Note);
        assert_eq!(bad, None);
        assert!(!proposal.tried.changes.is_empty());
    }
    let unreachable = search(2, vec![("wait_p95_s".to_owned(), 0.5)]);
    assert!(unreachable.proposals().is_empty());
}

#[test]
fn knobs_that_are_not_turned_change_nothing() {
    let knobs = Knobs::of(fields(), 5.0);
    // References and steps of `mmr`, rate and range of the regions, worth and until.
    assert_eq!(knobs.len(), 6);
    let mut neutral = vec![0.5; 6];
    neutral[4] = 0.0;
    let (ruleset, changes) = knobs.turned(&neutral);
    assert_eq!((ruleset, changes), (fields(), Vec::new()));
}

#[test]
fn knobs_turn_what_belongs_together_and_say_so() {
    let knobs = Knobs::of(fields(), 5.0);
    let (ruleset, changes) = knobs.turned(&[1.0, 0.0, 0.5, 0.5, 0.5, 0.5]);
    assert_eq!(ruleset["matching_rule"][0]["reference"], 250);
    assert_eq!(
        ruleset["flexing_rule"][0],
        json!({"attribute": "mmr", "criteria": "distance", "reference": 500, "duration": 6})
    );
    assert_eq!(ruleset["region_expansion_rate_ms"], 5000);
    assert_eq!(ruleset["quality"]["hold"]["tick_s"], 5);
    assert_eq!(
        changes[0],
        "the references of mmr are 250, 500, 1000 instead of 100, 200, 400"
    );
    assert_eq!(
        changes[1],
        "the references of mmr change after 6, 24 s instead of 15, 60 s"
    );
    assert_eq!(changes[2], "matches are improved together");
    assert_eq!(changes.len(), 4);
}
