//! What describes the program to shells and manuals.

use std::io::Write;

use clap::Parser;
use clap_complete::Shell;
use clap_mangen::Man;

use super::command;
use crate::workbench::Verdict;

/// Prints completions for a shell
#[derive(Debug, Parser)]
#[command(
    name = "completions",
    after_help = "Example: match-function completions bash >/etc/bash_completion.d/match-function"
)]
pub(super) struct Completions {
    /// The shell that they are for
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, out: &mut impl Write) -> Verdict {
        clap_complete::generate(self.shell, &mut command(), "match-function", out);
        Verdict::Fine
    }
}

/// Prints a page of the manual, as `man -l` reads it
#[derive(Debug, Parser)]
#[command(
    name = "man",
    after_help = "Example: match-function man lint | man -l -"
)]
pub(super) struct ManPage {
    /// The command that it is about; without one, the program
    command: Option<String>,
}

impl ManPage {
    /// Writes the page.
    ///
    /// # Errors
    ///
    /// If there is no such command, or the page cannot be written.
    pub(super) fn run(&self, out: &mut impl Write) -> anyhow::Result<Verdict> {
        let mut program = command();
        program.build();
        let about = match &self.command {
            None => program,
            Some(name) => program
                .find_subcommand(name)
                .ok_or_else(|| anyhow::anyhow!("man: there is no command {name}"))?
                .clone(),
        };
        Man::new(about).render(out)?;
        Ok(Verdict::Fine)
    }
}
