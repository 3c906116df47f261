//! A simulation or a search, as the page asks for it.

use std::sync::Arc;

use anyhow::ensure;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::html;
use serde::Deserialize;

use super::runs::Run;
use super::{Answer, Refusal, Shared, typed};
use crate::matching::{Flow, MatchLogic};
use crate::population::{Population, of_rulesets};
use crate::simulation::Plan;
use crate::workbench::ruleset::Ruleset;
use crate::workbench::simulate::{Told, report};
use crate::workbench::{threads, tune};

/// Hours and runs that the page asks for at most; the commands go further.
const MAX_HOURS: f64 = 24.0;
const MAX_RUNS: u32 = 20;
/// Rulesets of a search.
const MIN_CANDIDATES: u32 = 8;
const MAX_CANDIDATES: u32 = 2000;

/// A simulation that is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    rules: String,
    /// The ruleset to compare it with; empty for none.
    #[serde(default)]
    beside: String,
    /// A population file; empty for none.
    #[serde(default)]
    population: String,
    hours: f64,
    #[serde(default = "one")]
    runs: u32,
    seed: u64,
    #[serde(default)]
    candidates: u32,
    /// Goals of a search.
    #[serde(default)]
    goals: Vec<String>,
}

fn one() -> u32 {
    1
}

pub(super) async fn simulate<L: MatchLogic>(
    State(shared): State<Arc<Shared<L>>>,
    Json(asked): Json<Asked>,
) -> Response {
    started(shared, asked, Asked::simulated)
}

pub(super) async fn tune<L: MatchLogic>(
    State(shared): State<Arc<Shared<L>>>,
    Json(asked): Json<Asked>,
) -> Response {
    started(shared, asked, Asked::tuned)
}

/// Starts a run of what can be done.
fn started<L: MatchLogic>(
    shared: Arc<Shared<L>>,
    asked: Asked,
    work: fn(Asked, &L, &Run) -> Answer,
) -> Response {
    if let Err(refusal) = asked.check(&shared.logic) {
        return refusal.into_response();
    }
    let of_all = Arc::clone(&shared);
    let run = shared
        .runs
        .start(move |run| work(asked, &of_all.logic, run));
    run.into_response()
}

impl Asked {
    /// The rulesets: first the one that was opened, if it is beside.
    fn rulesets(&self) -> Result<Vec<Ruleset>, Refusal> {
        Ok(match self.beside.is_empty() {
            true => vec![typed("the ruleset", &self.rules)?],
            false => vec![
                typed("the ruleset as it was opened", &self.beside)?,
                typed("the ruleset as it is now", &self.rules)?,
            ],
        })
    }

    fn population(&self, rulesets: &[Ruleset]) -> anyhow::Result<Population> {
        let second = rulesets.get(1).map(|ruleset| &*ruleset.json);
        let population = of_rulesets(&rulesets[0].json, second);
        // A page names no files of this machine.
        let none = |name: &str| {
            Err(anyhow::anyhow!(
                "{name}: the page reads no files; `match-function simulate` does"
            ))
        };
        population.with_file(&self.population, none)
    }

    /// Refuses what cannot be done, before it is begun.
    fn check(&self, logic: &impl MatchLogic) -> Result<(), Refusal> {
        let within = (0.05..=MAX_HOURS).contains(&self.hours);
        let check = || {
            ensure!(
                within,
                "hours: {}: allowed are 0.05 to {MAX_HOURS}",
                self.hours
            );
            let runs = 1..=MAX_RUNS;
            ensure!(
                runs.contains(&self.runs),
                "runs: {}: allowed are 1 to {MAX_RUNS}",
                self.runs
            );
            ensure!(
                self.candidates <= MAX_CANDIDATES,
                "rulesets to try: {}: allowed are up to {MAX_CANDIDATES}",
                self.candidates
            );
            Ok(())
        };
        check()?;
        let rulesets = self.rulesets()?;
        for ruleset in &rulesets {
            if let Err(error) = logic.rules(&ruleset.json) {
                return Err(Refusal(format!("{}: {error}", ruleset.name)));
            }
        }
        self.population(&rulesets)?;
        Ok(())
    }

    fn simulated(self, logic: &impl MatchLogic, run: &Run) -> Answer {
        let rulesets = self.rulesets()?;
        let plan = Plan {
            population: self.population(&rulesets)?,
            rulesets: rulesets
                .iter()
                .map(|ruleset| ruleset.json.clone())
                .collect(),
            hours: self.hours,
            seed: self.seed,
            runs: self.runs,
            threads: threads(None),
        };
        let all = plan.ticks();
        let outcome = plan.simulate(logic, &|ticks| run.add(ticks, all));
        let outcome = outcome.map_err(|error| Refusal(error.to_string()))?;
        if run.at(all, all) == Flow::Stop {
            return Ok(html! {});
        }
        let sources = rulesets.into_iter().map(|ruleset| ruleset.name).collect();
        let command = self.command();
        let told = Told::of(plan, outcome, sources, self.population, command);
        Ok(html! {
            h2 { (report::title(&told)) }
            (report::conditions(&told))
            (report::sections(&told)?)
        })
    }

    /// What to type to get the same figures.
    fn command(&self) -> String {
        let rules = if self.beside.is_empty() {
            "RULES"
        } else {
            "OPENED RULES"
        };
        format!(
            "match-function simulate {rules}{} --hours {} --seed {} --runs {}",
            self.file(),
            self.hours,
            self.seed,
            self.runs
        )
    }

    /// The flag of a file with the population's text.
    fn file(&self) -> &'static str {
        match self.population.trim() {
            "" => "",
            _ => " --population FILE",
        }
    }

    fn tuned(self, logic: &impl MatchLogic, run: &Run) -> Answer {
        let ruleset = typed("the ruleset", &self.rules)?;
        let population = self.population(std::slice::from_ref(&ruleset))?;
        let asked = tune::Asked {
            goals: &self.goals,
            minimize: "spread",
            candidates: self.candidates.max(MIN_CANDIDATES),
            hours: self.hours,
            seed: self.seed,
            threads: threads(None),
        };
        let goals = self.goals.iter().map(|goal| format!(" --goal '{goal}'"));
        let command = format!(
            "match-function tune RULES{}{} --candidates {} --hours {} --seed {}",
            self.file(),
            goals.collect::<String>(),
            asked.candidates,
            self.hours,
            self.seed
        );
        let progress = |done, all| run.at(done, all);
        Ok(asked.parts(logic, ruleset, population, command, &progress)?)
    }
}
