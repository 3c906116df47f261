//! What the calls are told on the command line.

use anyhow::Context;
use clap::Args;

use crate::auth::Login;

/// What all calls have in common.
#[derive(Debug, Clone, Args)]
pub(super) struct Common {
    /// Host and port of the server
    #[arg(long, default_value = "localhost:6565", value_name = "HOST:PORT")]
    pub(super) addr: String,

    /// Ruleset: JSON (begins with `{`) or a file that holds it
    #[arg(long, default_value = "{}", value_name = "FILE|JSON")]
    pub(super) rules: String,

    /// Access token to send along; without one, a login with the client id and secret gives one
    #[arg(long, value_name = "TOKEN")]
    pub(super) token: Option<String>,

    #[command(flatten)]
    pub(super) login: Login,

    /// Print the answers as JSON lines and nothing else
    #[arg(long)]
    pub(super) json: bool,

    /// Seconds that the call may take
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub(super) timeout: u64,
}

/// Which tickets to send.
#[derive(Debug, Clone, Args)]
pub(super) struct Tickets {
    /// Players to make up
    #[arg(long, default_value_t = 6, value_name = "N", value_parser = clap::value_parser!(u32).range(..=10_000_000))]
    pub(super) players: u32,

    /// Players of a made-up ticket; the last one has the rest
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) party_size: u32,

    /// Tickets to send instead: a JSON object on each line, in protobuf's JSON names, either a
    /// ticket or a whole request ({"ticket": …}, {"backfill_ticket": …}, {"parameters": …}).
    /// `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub(super) tickets: Option<String>,

    /// Tickets to make up instead as a live queue has them: parties up to the ruleset's team size,
    /// skill around 1500, three regions, ages up to four minutes; make-matches then sums up
    #[arg(long, value_name = "N", conflicts_with_all = ["tickets", "players", "party_size"],
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) random: Option<u32>,

    /// Which queue --random makes up
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(super) seed: u64,

    /// Milliseconds to wait before each message of a stream: matches come while tickets go
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub(super) delay: u64,
}

impl Common {
    /// The ruleset's text.
    pub(super) fn rules(&self) -> anyhow::Result<String> {
        if self.rules.trim_start().starts_with('{') || self.rules.trim().is_empty() {
            return Ok(self.rules.clone());
        }
        std::fs::read_to_string(&self.rules)
            .with_context(|| format!("--rules is neither JSON nor a file: {}", self.rules))
    }
}
