//! `match-function simulate`: what players will feel under a ruleset, or under another one.

mod human;
mod machine;
pub(super) mod report;

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Parser;

use super::players::Players;
use super::ruleset::Ruleset;
use super::{Format, Unreadable, Verdict, progress_bar, threads};
use crate::matching::{Flow, MatchLogic};
use crate::population::EXAMPLE;
use crate::simulation::{Compared, Outcome, Plan, sentences};

/// Simulates a queue over hours: waits, who is matched with whom, and who pays for it
///
/// Made-up players come, ticks of the engine that serves match them, sessions run and lose players,
/// whoever loses patience goes. Two rulesets see the same players at the same times, so that a difference
/// is the ruleset's.
#[derive(Debug, Parser)]
#[command(
    name = "simulate",
    after_help = "Example: match-function simulate today.json tomorrow.json --report report.html"
)]
pub struct Simulate {
    /// The ruleset: a file, `-` for standard input, or JSON that begins with `{`
    #[arg(value_name = "RULES", required_unless_present = "population_example")]
    rules: Option<String>,

    /// Another ruleset to compare it with
    #[arg(value_name = "RULES_B")]
    other: Option<String>,

    #[command(flatten)]
    players: Players,

    /// Print a population file that explains each key, and nothing else
    #[arg(long)]
    population_example: bool,

    /// Hours to simulate
    #[arg(long, default_value_t = 2.0, value_name = "HOURS", value_parser = hours)]
    hours: f64,

    /// Seed: the same seed brings the same players
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,

    /// Runs with different players, from which intervals are computed
    #[arg(long, default_value_t = 5, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=1000))]
    runs: u32,

    /// Threads to work with [default: one for each CPU]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,

    /// Write a report with charts there: one HTML file that opens from disk
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// Write the charts of the report there, each as an SVG file
    #[arg(long, value_name = "FOLDER")]
    charts: Option<PathBuf>,

    /// How to write the figures
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// A simulation that is done, as it is told.
pub(super) struct Told {
    /// What the rulesets are called, and where each comes from.
    names: Vec<String>,
    sources: Vec<String>,
    plan: Plan,
    /// The text of the population file; empty without one.
    population: String,
    outcome: Outcome,
    compared: Vec<Compared>,
    sentences: Vec<String>,
    /// The command that gives the same figures.
    command: String,
}

impl Told {
    /// What came of a plan. `population` is the text that says who comes, `command` gives the same figures.
    pub(super) fn of(
        plan: Plan,
        outcome: Outcome,
        sources: Vec<String>,
        population: String,
        command: String,
    ) -> Self {
        let names: Vec<String> = ["A", "B"].map(str::to_owned)[..sources.len()].to_vec();
        Self {
            compared: outcome.compared(),
            sentences: sentences(&outcome, &names),
            names,
            sources,
            plan,
            population,
            outcome,
            command,
        }
    }

    /// Who came, how long, and how often it was repeated.
    fn conditions(&self) -> String {
        let plan = &self.plan;
        let rates = &plan.population.players_per_second;
        let rate = rates.iter().sum::<f64>() / rates.len().max(1) as f64;
        let runs = match plan.runs {
            1 => "1 run".to_owned(),
            runs => format!("{runs} runs"),
        };
        let hours = match plan.hours {
            1.0 => "1 hour".to_owned(),
            hours => format!("{hours} hours"),
        };
        let seed = plan.seed;
        format!("{runs} of {hours}, {rate:.1} players a second on average, seed {seed}")
    }
}

pub(super) fn hours(text: &str) -> Result<f64, String> {
    let hours: f64 = text
        .parse()
        .map_err(|_| "expected is a number".to_owned())?;
    match (0.05..=1000.0).contains(&hours) {
        true => Ok(hours),
        false => Err("allowed are numbers from 0.05 to 1000".to_owned()),
    }
}

impl Simulate {
    /// Simulates and writes the figures to `out`, and the report to its file.
    ///
    /// # Errors
    ///
    /// If an input cannot be read, a ruleset is refused, or the report cannot be written.
    pub fn run(self, logic: &impl MatchLogic, out: &mut impl Write) -> anyhow::Result<Verdict> {
        if self.population_example {
            out.write_all(EXAMPLE.as_bytes())?;
            return Ok(Verdict::Fine);
        }
        let told = self.simulate(logic)?;
        if let Some(path) = &self.report {
            let page = report::page(&told)?;
            std::fs::write(path, page).with_context(|| format!("--report {}", path.display()))?;
        }
        if let Some(folder) = &self.charts {
            let written = report::write_charts(&told, folder);
            written.with_context(|| format!("--charts {}", folder.display()))?;
        }
        match self.format {
            Format::Human => human::write(&told, out)?,
            Format::Json => machine::write(&told, out)?,
        }
        if let Some(path) = self.report.filter(|_| self.format == Format::Human) {
            writeln!(out, "\nreport: {}", path.display())?;
        }
        Ok(Verdict::Fine)
    }

    fn simulate(&self, logic: &impl MatchLogic) -> anyhow::Result<Told> {
        let given = [&self.rules, &self.other].into_iter().flatten();
        let rulesets = given.map(|argument| Ruleset::read(argument));
        let rulesets = rulesets.collect::<Result<Vec<_>, _>>()?;
        for ruleset in &rulesets {
            let refused = |error| Unreadable(format!("{}: {error}", ruleset.name));
            logic.rules(&ruleset.json).map_err(refused)?;
        }
        let Some(first) = rulesets.first() else {
            bail!("there is no ruleset");
        };
        let second = rulesets.get(1).map(|ruleset| &*ruleset.json);
        let (population, text) = self.players.read(&first.json, second)?;
        let plan = Plan {
            rulesets: rulesets
                .iter()
                .map(|ruleset| ruleset.json.clone())
                .collect(),
            population,
            hours: self.hours,
            seed: self.seed,
            runs: self.runs,
            threads: threads(self.threads),
        };
        let bar = progress_bar(plan.ticks());
        let outcome = plan.simulate(logic, &|ticks| {
            bar.inc(ticks);
            Flow::Go
        });
        bar.finish_and_clear();
        let outcome = outcome.map_err(|error| Unreadable(error.to_string()))?;
        let sources = rulesets.into_iter().map(|ruleset| ruleset.name);
        Ok(Told::of(
            plan,
            outcome,
            sources.collect(),
            text,
            self.command(),
        ))
    }

    /// What to type to get the same figures.
    fn command(&self) -> String {
        let mut words = vec!["match-function simulate".to_owned()];
        let inline = |argument: &String| match argument.trim_start().starts_with('{') {
            true => "RULES".to_owned(),
            false => argument.clone(),
        };
        words.extend([&self.rules, &self.other].into_iter().flatten().map(inline));
        words.extend(self.players.words());
        words.push(format!(
            "--hours {} --seed {} --runs {}",
            self.hours, self.seed, self.runs
        ));
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_what_the_figures_depend_on() {
        let words = "simulate a.json b.json --population p.toml --hours 3 --from one two";
        let simulate = Simulate::parse_from(words.split(' '));
        assert_eq!(
            simulate.command(),
            "match-function simulate a.json b.json --population p.toml --from one two --hours 3 --seed 1 --runs 5"
        );
    }
}
