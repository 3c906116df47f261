//! The arguments of the calls.

use anyhow::Context;
use clap::Args;

use crate::auth::Login;
use crate::files;

/// What all calls have in common.
#[derive(Debug, Clone, Args)]
pub(super) struct Common {
    /// Host and port of the server
    #[arg(long, default_value = "localhost:6565", value_name = "HOST:PORT")]
    pub(super) addr: String,

    /// Ruleset: JSON (begins with `{`) or a file that holds it
    #[arg(long, default_value = "{}", value_name = "FILE|JSON")]
    pub(super) rules: String,

    /// Access token to send; without one, the client logs in with the client id and secret, if set
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

    /// Players of a made-up ticket; the last ticket has the rest
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) party_size: u32,

    /// Tickets to send instead: JSON objects, one after another or in an array, in protobuf's JSON
    /// names, each a ticket or a whole request ({"ticket": …}, {"backfill_ticket": …},
    /// {"parameters": …}). `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub(super) tickets: Option<String>,

    /// Tickets to make up instead, like those of a live queue: parties up to the ruleset's team
    /// size, skill around 1500, three regions, ages up to four minutes; make-matches then adds a
    /// summary
    #[arg(long, value_name = "N", conflicts_with_all = ["tickets", "players", "party_size"],
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) random: Option<u32>,

    /// Seed of --random: the same seed makes up the same queue
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(super) seed: u64,

    /// Milliseconds to wait before each message of a stream: matches arrive while tickets are sent
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub(super) delay: u64,
}

impl Common {
    /// The text of the ruleset.
    ///
    /// # Errors
    ///
    /// If `--rules` is neither JSON nor a file that can be read.
    pub(super) fn rules(&self) -> anyhow::Result<String> {
        let given = files::without_mark(&self.rules);
        if given.trim_start().starts_with('{') || given.trim().is_empty() {
            return Ok(given.to_owned());
        }
        files::text(&self.rules).with_context(|| {
            format!(
                "--rules is neither JSON nor a file that can be read: {}",
                self.rules
            )
        })
    }
}
