//! `match-function tune`: rulesets that are better than today's, found by simulation.

mod goal;
mod human;
mod machine;
mod report;

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Parser;
use maud::Markup;

use super::players::Players;
use super::ruleset::{Ruleset, pretty};
use super::{Format, Unreadable, Verdict, bar_of, threads};
use crate::matching::rules::object;
use crate::matching::{Flow, MatchLogic};
use crate::population::Population;
use crate::tuning::{Found, Knobs, Proposal, Search};
use goal::{Goal, Names};

/// Proposes rulesets that are better than today's: tries many by simulation
///
/// Durations, references, steps of regions, weights and `quality` are turned; each ruleset sees the same
/// players. Shown is what no other beats in both wait and quality, and three to choose from.
#[derive(Debug, Parser)]
#[command(
    name = "tune",
    after_help = "Example: match-function tune today.json --goal 'p95-wait<=60' --out proposals"
)]
pub struct Tune {
    /// The ruleset: a file, `-` for standard input, or JSON that begins with `{`
    #[arg(value_name = "RULES")]
    rules: String,

    #[command(flatten)]
    players: Players,

    /// What has to hold, as p95-wait<=60 [default: a quarter above today]
    #[arg(long, value_name = "GOAL")]
    goal: Vec<String>,

    /// What is made small: spread, spread-p90, gap, latency
    #[arg(long, default_value = "spread", value_name = "FIGURE")]
    minimize: String,

    /// Rulesets to try
    #[arg(long, default_value_t = 200, value_name = "N",
        value_parser = clap::value_parser!(u32).range(8..=100_000))]
    candidates: u32,

    /// Draw no more rulesets after so many seconds
    #[arg(long, value_name = "SECONDS")]
    time: Option<u64>,

    /// Hours to simulate
    #[arg(long, default_value_t = 1.0, value_name = "HOURS", value_parser = super::simulate::hours)]
    hours: f64,

    /// Seed: the same seed gives the same proposals
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,

    /// Threads to work with [default: one for each CPU]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,

    /// Write the proposals there, each as a file
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,

    /// Write a report with the frontier there, as one HTML file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// Write the chart of the frontier there
    #[arg(long, value_name = "FOLDER")]
    charts: Option<PathBuf>,

    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// A search that is done, as it is sought.
struct Sought {
    source: String,
    goals: Vec<Goal>,
    /// The ids of the figures on the two axes.
    wait: String,
    minimize: String,
    found: Found,
    /// Who came, how long, and how much was tried.
    conditions: String,
    /// The command that gives the same proposals.
    command: String,
}

impl Tune {
    /// Searches, and writes what is found to `out`, and the report and the proposals to their files.
    ///
    /// # Errors
    ///
    /// If an input cannot be read, the ruleset is refused, or a file cannot be written.
    pub fn run(self, logic: &impl MatchLogic, out: &mut impl Write) -> anyhow::Result<Verdict> {
        let sought = self.search(logic)?;
        let proposals = sought.found.proposals();
        if let Some(path) = &self.report {
            let page = report::page(&sought, &proposals)?;
            std::fs::write(path, page).with_context(|| format!("--report {}", path.display()))?;
        }
        if let Some(folder) = &self.charts {
            let written = report::write_chart(&sought, folder);
            written.with_context(|| format!("--charts {}", folder.display()))?;
        }
        if let Some(folder) = &self.out {
            let written = write_proposals(&proposals, folder);
            written.with_context(|| format!("--out {}", folder.display()))?;
        }
        match self.format {
            Format::Human => human::write(&sought, &proposals, out)?,
            Format::Json => machine::write(&sought, &proposals, out)?,
        }
        Ok(match proposals.is_empty() {
            true => Verdict::Found,
            false => Verdict::Fine,
        })
    }

    fn search(&self, logic: &impl MatchLogic) -> anyhow::Result<Sought> {
        let ruleset = Ruleset::read(&self.rules)?;
        let refused = |error| Unreadable(format!("{}: {error}", ruleset.name));
        logic.rules(&ruleset.json).map_err(refused)?;
        let (population, _) = self.players.read(&ruleset.json, None)?;
        let asked = Asked {
            goals: &self.goal,
            minimize: &self.minimize,
            candidates: self.candidates,
            hours: self.hours,
            seed: self.seed,
            threads: threads(self.threads),
        };
        let bar = bar_of(u64::from(self.candidates), "rulesets");
        let started = Instant::now();
        let limit = self.time.map(Duration::from_secs);
        let goes_on = || limit.is_none_or(|limit| started.elapsed() < limit);
        let progress = |done, all| {
            bar.set_length(all);
            bar.set_position(done);
            Flow::Go
        };
        let command = self.command();
        let sought = asked.sought(logic, ruleset, population, command, &progress, &goes_on);
        bar.finish_and_clear();
        sought
    }

    /// What to type to get the same proposals.
    fn command(&self) -> String {
        let mut words = vec!["match-function tune".to_owned()];
        words.push(match self.rules.trim_start().starts_with('{') {
            true => "RULES".to_owned(),
            false => self.rules.clone(),
        });
        words.extend(self.players.words());
        words.extend(self.goal.iter().map(|goal| format!("--goal '{goal}'")));
        words.push(format!(
            "--minimize {} --candidates {} --hours {} --seed {}",
            self.minimize, self.candidates, self.hours, self.seed
        ));
        words.join(" ")
    }
}

/// A search that is asked for.
pub(super) struct Asked<'a> {
    pub(super) goals: &'a [String],
    pub(super) minimize: &'a str,
    pub(super) candidates: u32,
    pub(super) hours: f64,
    pub(super) seed: u64,
    pub(super) threads: usize,
}

impl Asked<'_> {
    /// Searches. `progress` is told how many simulations are done, of how many, and says whether what is found
    /// is still wanted; no round begins once `goes_on` says so.
    ///
    /// # Errors
    ///
    /// If the ruleset is refused, has nothing to turn, or a goal cannot be read.
    fn sought(
        &self,
        logic: &impl MatchLogic,
        ruleset: Ruleset,
        population: Population,
        command: String,
        progress: &(dyn Fn(u64, u64) -> Flow + Sync),
        goes_on: &dyn Fn() -> bool,
    ) -> anyhow::Result<Sought> {
        let refused = |error| Unreadable(format!("{}: {error}", ruleset.name));
        let fields = object(&ruleset.json).map_err(refused)?;
        let knobs = Knobs::of(fields, population.tick_s);
        if knobs.is_empty() {
            bail!("{}: there is nothing to turn in this ruleset", ruleset.name);
        }
        let names = Names::of(&ruleset.json, &population);
        let minimize = names.id(self.minimize).context("--minimize")?;
        let mut goals = Vec::with_capacity(self.goals.len());
        for goal in self.goals {
            goals.push(names.goal(goal).with_context(|| format!("--goal {goal}"))?);
        }
        let rates = &population.players_per_second;
        let rate = rates.iter().sum::<f64>() / rates.len().max(1) as f64;
        let mut search = Search {
            logic,
            knobs,
            population,
            hours: self.hours,
            seed: self.seed,
            threads: self.threads,
            candidates: self.candidates as usize,
            wait: goal::wait_of(&goals),
            minimize: minimize.clone(),
            goals: Vec::new(),
        };
        if goals.is_empty() {
            let today = search.today().map_err(refused)?;
            goals.push(Goal::near(&today, &search.wait));
        }
        search.goals = goals
            .iter()
            .map(|goal| (goal.id.clone(), goal.most))
            .collect();
        let told = |done, all| progress(done as u64, all as u64);
        let found = search.run(&told, goes_on).map_err(refused)?;
        let (count, hours, seed) = (found.count, self.hours, self.seed);
        Ok(Sought {
            source: ruleset.name.clone(),
            goals,
            wait: search.wait.clone(),
            minimize,
            conditions: format!(
                "{count} rulesets, up to 3 runs of {hours} h, {rate:.1} players a second on average, seed {seed}"
            ),
            command,
            found,
        })
    }

    /// The report of a search, as parts of a page.
    ///
    /// # Errors
    ///
    /// As of the command.
    pub(super) fn parts(
        &self,
        logic: &impl MatchLogic,
        ruleset: Ruleset,
        population: Population,
        command: String,
        progress: &(dyn Fn(u64, u64) -> Flow + Sync),
    ) -> anyhow::Result<Markup> {
        let sought = self.sought(logic, ruleset, population, command, progress, &|| true)?;
        report::parts(&sought, &sought.found.proposals())
    }
}

/// Writes each proposal as a file.
fn write_proposals(proposals: &[Proposal<'_>], folder: &std::path::Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    for proposal in proposals {
        let path = folder.join(format!("{}.json", proposal.style.as_str()));
        std::fs::write(path, pretty(&proposal.tried.ruleset))?;
    }
    Ok(())
}
