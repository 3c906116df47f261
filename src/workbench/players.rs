//! Who the players of a simulation are, as it is asked for.

mod recorded;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use crate::files;
use crate::population::{Population, of_rulesets};

/// The flags that say who comes.
#[derive(Debug, Clone, Args)]
pub(super) struct Players {
    /// Who the players are, in TOML or JSON [default: a game of mid size]
    #[arg(long, value_name = "FILE")]
    population: Option<String>,

    /// Draw the players from these captures, or folders of them
    #[arg(long, value_name = "CAPTURE", num_args = 1..)]
    from: Vec<PathBuf>,
}

impl Players {
    /// Who comes under a ruleset, or under two, and the text of the file that says so.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, with its name.
    pub(super) fn read(
        &self,
        ruleset: &str,
        other: Option<&str>,
    ) -> anyhow::Result<(Population, String)> {
        let mut population = of_rulesets(ruleset, other);
        if !self.from.is_empty() {
            recorded::draw_from(&self.from, &mut population).context("--from")?;
        }
        let Some(file) = &self.population else {
            return Ok((population, String::new()));
        };
        let text = files::text(file).with_context(|| format!("--population {file}"))?;
        // Files of numbers stand beside the file that names them.
        let folder = Path::new(file).parent().unwrap_or(Path::new(""));
        let numbers = |name: &str| {
            let path = folder.join(name);
            let path = path.to_string_lossy().into_owned();
            files::text(&path).context(path)
        };
        let population = population
            .with_file(&text, numbers)
            .with_context(|| format!("--population {file}"))?;
        Ok((population, text))
    }

    /// The flags as they are typed.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(file) = &self.population {
            words.push(format!("--population {file}"));
        }
        if !self.from.is_empty() {
            let from = self.from.iter().map(|path| path.display().to_string());
            words.push(format!("--from {}", from.collect::<Vec<_>>().join(" ")));
        }
        words
    }
}
