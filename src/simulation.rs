//! A queue over time (docs/simulate.md): parties come, ticks of the very engine that serves match them,
//! sessions run and lose players, whoever loses patience goes.
//!
//! Two rulesets see the same players at the same times, who would wait and stay as long, so that a
//! difference is the ruleset's. No I/O: the same plan gives the same outcome, on however many threads.

mod compare;
mod figures;
mod measures;
mod parallel;
mod quantity;
mod queue;
mod series;
mod sessions;
#[cfg(test)]
mod tests;
mod ticks;
mod traits;
mod verdict;
mod world;

pub use compare::{Compared, ComparedGroup, Interval};
pub use figures::{Better, Figure, Group, Grouping};
pub use measures::{Groups, Measures, Share};
pub use parallel::in_parallel;
pub use quantity::Quantity;
pub use series::{Point, Series, per_tick};
pub use ticks::{RecordedTick, of_ticks};
pub use verdict::{sentences, signed, with_unit};

use crate::matching::{Flow, MatchLogic, RulesError};
use crate::population::Population;
use traits::Traits;
use world::World;

/// When the first counted hour begins, in Unix ms: 1 January 2026, at midnight.
pub const START_MS: i64 = 1_767_225_600_000;

/// How long the queue runs before anything counts, in s: it begins empty, as no queue of a live game is.
pub const WARM_UP_S: f64 = 600.0;

/// What to simulate.
#[derive(Debug, Clone)]
pub struct Plan {
    /// One ruleset or two, in JSON.
    pub rulesets: Vec<String>,
    /// Who comes.
    pub population: Population,
    /// How long, in hours.
    pub hours: f64,
    /// Each run draws other players; the same seed draws the same ones.
    pub seed: u64,
    /// How many runs.
    pub runs: u32,
    /// Threads that work on them.
    pub threads: usize,
}

/// What became of a plan.
#[derive(Debug)]
pub struct Outcome {
    /// For each ruleset what was measured in each run.
    pub rulesets: Vec<Vec<Measures>>,
}

impl Plan {
    /// Simulates it. `progress` is told from any thread how many ticks more have been played, of
    /// [`Plan::ticks`]; once it says [`Flow::Stop`], runs end early and what they measured is not whole.
    ///
    /// # Errors
    ///
    /// If the logic does not take a ruleset.
    pub fn simulate<L: MatchLogic>(
        &self,
        logic: &L,
        progress: &(dyn Fn(u64) -> Flow + Sync),
    ) -> Result<Outcome, RulesError> {
        for ruleset in &self.rulesets {
            logic.rules(ruleset)?;
        }
        let traits: Vec<Traits> = self
            .rulesets
            .iter()
            .map(|ruleset| Traits::of(ruleset, &self.population))
            .collect();
        let jobs: Vec<(usize, u32)> = (0..self.runs)
            .flat_map(|run| (0..self.rulesets.len()).map(move |ruleset| (ruleset, run)))
            .collect();
        let mut all = in_parallel(self.threads, &jobs, |(ruleset, run)| {
            let traits = &traits[*ruleset];
            let world = World::new(self, logic, &self.rulesets[*ruleset], traits, *run);
            let measured = world.run(progress)?;
            Ok::<_, RulesError>((*ruleset, *run, measured))
        })?;
        all.sort_by_key(|(ruleset, run, _)| (*ruleset, *run));
        let mut rulesets: Vec<Vec<Measures>> = self.rulesets.iter().map(|_| Vec::new()).collect();
        for (ruleset, _, measures) in all {
            rulesets[ruleset].push(measures);
        }
        Ok(Outcome { rulesets })
    }

    /// Ticks of all runs together.
    pub fn ticks(&self) -> u64 {
        let each = ((self.hours * 3600.0 + WARM_UP_S) / self.population.tick_s).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of ticks"
        )]
        let each = each as u64;
        each * u64::from(self.runs) * self.rulesets.len() as u64
    }
}
