//! The client for local development: calls a running server as AGS does, and shows what it sent and
//! received.

mod args;
mod calls;
mod connection;

mod health;
mod show;
mod summary;

use std::io::Write;

use clap::{Parser, Subcommand};

use args::{Common, Tickets};
use calls::Call;

use crate::matching::MatchLogic;

pub use health::Health;

/// Calls a running match function as AGS does, and shows what it sent and received
#[derive(Debug, Parser)]
#[command(name = "match-function client", version)]
pub struct Client {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// One tick: sends tickets, shows the matches
    MakeMatches {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        tickets: Tickets,
    },
    /// One backfill tick: sends sessions and tickets, shows the proposals
    BackfillMatches {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        tickets: Tickets,
        /// Sessions to make up, each with one player; with --random, with teams and free seats
        #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u32).range(..=1_000_000))]
        sessions: u32,
    },
    /// Asks whether a ticket may be queued (the first of the tickets)
    ValidateTicket {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        tickets: Tickets,
    },
    /// Asks for additions to a ticket (the first of the tickets)
    EnrichTicket {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        tickets: Tickets,
    },
    /// Asks which player statistics the rules need
    StatCodes {
        #[command(flatten)]
        common: Common,
    },
}

impl Client {
    /// Makes the call and writes what happened to `out`. `logic` is that of the server: it reads the
    /// ruleset here, too, so that its warnings are seen.
    ///
    /// # Errors
    ///
    /// If an argument cannot be read, the server cannot be reached, or it refuses the call.
    pub async fn run(self, logic: &impl MatchLogic, out: &mut impl Write) -> anyhow::Result<()> {
        match self.command {
            Command::MakeMatches { common, tickets } => {
                Call::open(logic, &common, out)
                    .await?
                    .make_matches(&tickets)
                    .await
            }
            Command::BackfillMatches {
                common,
                tickets,
                sessions,
            } => {
                Call::open(logic, &common, out)
                    .await?
                    .backfill_matches(&tickets, sessions)
                    .await
            }
            Command::ValidateTicket { common, tickets } => {
                Call::open(logic, &common, out)
                    .await?
                    .validate_ticket(&tickets)
                    .await
            }
            Command::EnrichTicket { common, tickets } => {
                Call::open(logic, &common, out)
                    .await?
                    .enrich_ticket(&tickets)
                    .await
            }
            Command::StatCodes { common } => {
                Call::open(logic, &common, out).await?.stat_codes().await
            }
        }
    }
}
