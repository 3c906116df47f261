//! The search: rulesets are drawn, simulated for a short time, and the best ones again for longer.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use fastrand::Rng;
use serde_json::Value;

use super::frontier::{self, Proposal};
use super::knobs::Knobs;
use crate::matching::rules::Severity;
use crate::matching::{Flow, LintContext, MatchLogic, RulesError};
use crate::population::Population;
use crate::simulation::{Compared, Interval, Plan, in_parallel};

/// Rounds, in each of which new rulesets are drawn near to the best so far.
const ROUNDS: usize = 4;

/// Rulesets that are simulated in full in the end, today's included.
const FINALISTS: usize = 16;

/// Runs of a finalist, with other players each.
const RUNS: u32 = 3;

/// How much shorter the first simulation of a ruleset is.
const SHORTER: f64 = 4.0;

/// How often a ruleset is drawn anew that the linter objects to, or that was tried.
const DRAWS: usize = 20;

/// What to search for.
#[derive(Debug)]
pub struct Search<'s, L> {
    /// Plays and lints the rulesets.
    pub logic: &'s L,
    /// The ruleset, and what can be turned in it.
    pub knobs: Knobs,
    /// Who comes.
    pub population: Population,
    /// Hours of a simulation in full.
    pub hours: f64,
    /// The same seed gives the same proposals.
    pub seed: u64,
    /// Threads to work with.
    pub threads: usize,
    /// How many rulesets are tried.
    pub candidates: usize,
    /// The id of the figure of the wait that is traded for quality.
    pub wait: String,
    /// The id of the figure that is to be as small as it can be.
    pub minimize: String,
    /// Figures with their maxima.
    pub goals: Vec<(String, f64)>,
}

/// A ruleset that was tried.
#[derive(Debug)]
pub struct Tried {
    /// In JSON.
    pub ruleset: String,
    /// What differs from today's, a sentence each.
    pub changes: Vec<String>,
    /// All its figures, over the runs.
    pub figures: Vec<Compared>,
    /// The wait, and what is minimized.
    pub point: (f64, f64),
    /// Whether it meets all goals.
    pub meets_goals: bool,
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// Rulesets that were simulated in full: today's, then those on the frontier by their wait.
    pub tried: Vec<Tried>,
    /// How many were tried in all.
    pub count: usize,
    /// The wait and what is minimized of those that were tried for a short time only.
    pub short: Vec<(f64, f64)>,
}

impl Found {
    /// Up to three rulesets to choose from.
    pub fn proposals(&self) -> Vec<Proposal<'_>> {
        frontier::proposals(&self.tried)
    }
}

impl Tried {
    /// A figure over the runs.
    pub fn figure(&self, id: &str) -> Option<(&Compared, Interval)> {
        let found = self.figures.iter().find(|one| one.figure.id == id)?;
        Some((found, *found.of.first()?))
    }
}

/// A ruleset that is drawn.
#[derive(Debug, Clone)]
struct Drawn {
    /// The positions of its knobs; none for today's.
    positions: Option<Vec<f64>>,
    ruleset: String,
    changes: Vec<String>,
}

impl<L: MatchLogic> Search<'_, L> {
    /// Searches. `progress` is told how many simulations are done, of how many; once it says
    /// [`Flow::Stop`], the others end early, and what is found says nothing. `goes_on` is asked before each
    /// round.
    ///
    /// # Errors
    ///
    /// If the logic does not take the ruleset.
    pub fn run(
        &self,
        progress: &(dyn Fn(usize, usize) -> Flow + Sync),
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Found, RulesError> {
        let mut rng = Rng::with_seed(self.seed);
        let mut today = self.drawn(None);
        today.changes.clear();
        let objections = self.objections(&today.ruleset);
        let mut known: Vec<(Drawn, (f64, f64))> = Vec::new();
        let mut seen: HashSet<String> = HashSet::new();
        let all = self.candidates + (self.candidates / 4).max(FINALISTS) + FINALISTS;
        let done = AtomicUsize::new(0);
        let is_over = AtomicBool::new(false);
        let tell = || {
            if progress(done.fetch_add(1, Ordering::Relaxed) + 1, all) == Flow::Stop {
                is_over.store(true, Ordering::Relaxed);
            }
        };
        for round in 0..ROUNDS {
            if round > 0 && !goes_on() {
                break;
            }
            let count =
                (self.candidates * (round + 1) / ROUNDS) - (self.candidates * round / ROUNDS);
            let points: Vec<(f64, f64)> = known.iter().map(|(_, point)| *point).collect();
            let parents = frontier::best(&points, (count / 3).max(4));
            let mut drawn = Vec::with_capacity(count);
            if round == 0 {
                drawn.push(today.clone());
                // Today's numbers with nothing but `quality`: what is simplest is tried first.
                let alone = self.knobs.with_quality_alone().into_iter().take(count - 1);
                drawn.extend(alone.map(|positions| self.drawn(Some(positions))));
            }
            while drawn.len() < count {
                let parent = match rng.usize(..parents.len() + 1) {
                    // Some are drawn from everywhere in each round.
                    0 => None,
                    at => known[parents[at - 1]].0.positions.as_ref(),
                };
                let one = self.draw(&mut rng, parent, round, &objections, &seen);
                seen.insert(one.ruleset.clone());
                drawn.push(one);
            }
            let points = self.simulate(&drawn, self.hours / SHORTER, 1, &tell, &is_over)?;
            known.extend(
                drawn
                    .into_iter()
                    .zip(points.into_iter().map(|tried| tried.point)),
            );
        }
        let short: Vec<(f64, f64)> = known.iter().map(|(_, point)| *point).collect();
        // What is good for a short time is simulated in full once, and the best of that several times.
        let best = frontier::best(&short, (self.candidates / 4).max(FINALISTS));
        let mut best: Vec<Drawn> = best.into_iter().map(|at| known[at].0.clone()).collect();
        if best.iter().all(|drawn| drawn.positions.is_some()) {
            best.push(today.clone());
        }
        let full = self.simulate(&best, self.hours, 1, &tell, &is_over)?;
        let mut finalists = vec![today];
        let chosen = self.chosen(&best, &full);
        finalists.extend(chosen.into_iter().map(|at| best[at].clone()));
        let mut tried = self.simulate(&finalists, self.hours, RUNS, &tell, &is_over)?;
        tried[1..].sort_by(|a, b| a.point.0.total_cmp(&b.point.0));
        Ok(Found {
            tried,
            count: known.len(),
            short,
        })
    }

    /// Those of the rulesets that are simulated several times: half of them along the frontier, half along that
    /// part of it that may be proposed.
    fn chosen(&self, drawn: &[Drawn], full: &[Tried]) -> Vec<usize> {
        let today = drawn.iter().position(|one| one.positions.is_none());
        let today = today.map_or(f64::MAX, |at| full[at].point.1);
        let others = (0..full.len()).filter(|at| drawn[*at].positions.is_some());
        let others: Vec<usize> = others.collect();
        let may_be = |at: &usize| full[*at].meets_goals && full[*at].point.1 <= today;
        let proposable: Vec<usize> = others.iter().copied().filter(may_be).collect();
        let best = |of: &[usize], count: usize| -> Vec<usize> {
            let points: Vec<(f64, f64)> = of.iter().map(|at| full[*at].point).collect();
            let best = frontier::best(&points, count).into_iter();
            best.map(|place| of[place]).collect()
        };
        let mut chosen = best(&proposable, FINALISTS / 2);
        let rest: Vec<usize> = others
            .into_iter()
            .filter(|at| !chosen.contains(at))
            .collect();
        chosen.extend(best(&rest, FINALISTS - 1 - chosen.len()));
        chosen
    }

    /// Today's ruleset, simulated in full.
    ///
    /// # Errors
    ///
    /// If the logic does not take it.
    pub fn today(&self) -> Result<Tried, RulesError> {
        self.tried(&self.drawn(None), self.hours, RUNS, &AtomicBool::new(false))
    }

    fn drawn(&self, positions: Option<Vec<f64>>) -> Drawn {
        let (ruleset, changes) = match &positions {
            Some(positions) => self.knobs.turned(positions),
            None => (self.knobs.turned(&[]).0, Vec::new()),
        };
        Drawn {
            positions,
            ruleset: Value::Object(ruleset).to_string(),
            changes,
        }
    }

    /// Draws a ruleset, near to another one or from everywhere, to which the linter has no new objection.
    fn draw(
        &self,
        rng: &mut Rng,
        parent: Option<&Vec<f64>>,
        round: usize,
        objections: &[String],
        seen: &HashSet<String>,
    ) -> Drawn {
        for _ in 0..DRAWS {
            let positions = match parent {
                None => (0..self.knobs.len()).map(|_| rng.f64()).collect(),
                Some(parent) => {
                    // Steps become smaller from round to round.
                    let width = 0.5 / (round + 1) as f64;
                    // Not all are turned at once: fewer changes are easier to follow.
                    let step = |position: &f64| match rng.bool() {
                        true => (position + width * (rng.f64() + rng.f64() - 1.0)).clamp(0.0, 1.0),
                        false => *position,
                    };
                    parent.iter().map(step).collect()
                }
            };
            let drawn = self.drawn(Some(positions));
            let is_new = !seen.contains(&drawn.ruleset);
            let found = self.objections(&drawn.ruleset);
            if is_new && found.iter().all(|one| objections.contains(one)) {
                return drawn;
            }
        }
        self.drawn(None)
    }

    /// What the linter has against a ruleset.
    fn objections(&self, ruleset: &str) -> Vec<String> {
        let found = self
            .logic
            .lint(ruleset, &LintContext::default())
            .into_iter();
        let objected = found.filter(|finding| finding.severity != Severity::Note);
        objected
            .map(|finding| format!("{} {}", finding.lint.0, finding.path))
            .collect()
    }

    /// Simulates rulesets, each with the same players.
    fn simulate(
        &self,
        drawn: &[Drawn],
        hours: f64,
        runs: u32,
        tell: &(dyn Fn() + Sync),
        is_over: &AtomicBool,
    ) -> Result<Vec<Tried>, RulesError> {
        in_parallel(self.threads, drawn, |one| {
            let tried = self.tried(one, hours, runs, is_over)?;
            tell();
            Ok(tried)
        })
    }

    fn tried(
        &self,
        drawn: &Drawn,
        hours: f64,
        runs: u32,
        is_over: &AtomicBool,
    ) -> Result<Tried, RulesError> {
        let plan = Plan {
            rulesets: vec![drawn.ruleset.clone()],
            population: self.population.clone(),
            hours,
            seed: self.seed,
            runs,
            threads: 1,
        };
        let goes_on = |_| match is_over.load(Ordering::Relaxed) {
            true => Flow::Stop,
            false => Flow::Go,
        };
        let figures = plan.simulate(self.logic, &goes_on)?.compared();
        let mean = |id: &str| {
            let found = figures.iter().find(|one| one.figure.id == id);
            found
                .and_then(|one| one.of.first())
                .map_or(0.0, |of| of.mean)
        };
        let (wait, cost) = (mean(&self.wait), mean(&self.minimize));
        let meets_goals = self.goals.iter().all(|(id, most)| mean(id) <= *most);
        Ok(Tried {
            ruleset: drawn.ruleset.clone(),
            changes: drawn.changes.clone(),
            // Nobody was served: no wait is the longest one.
            point: match mean("matched") > 0.0 {
                true => (wait, cost),
                false => (f64::MAX, f64::MAX),
            },
            meets_goals: meets_goals && mean("matched") > 0.0,
            figures,
        })
    }
}
