//! The stand-in for AGS in local development: calls a running server and shows what went out and
//! what came back.

mod calls;
mod health;
mod messages;
mod population;
mod show;
mod summary;

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};
use secrecy::{ExposeSecret, SecretString};
use tonic::codec::CompressionEncoding;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::auth::Login;
use crate::auth::iam::log_in;
use crate::proto::match_function_client::MatchFunctionClient;
use calls::Call;
pub use health::Health;

/// How it calls itself towards AGS.
const USER_AGENT: &str = "match-function-client";

/// Plays AGS: calls a running match function and shows what went out and what came back
#[derive(Debug, Parser)]
#[command(name = "match-function client", version)]
pub struct Client {
    #[command(subcommand)]
    command: Command,
}

/// What all calls have in common.
#[derive(Debug, Clone, Args)]
struct Common {
    /// Host and port of the server
    #[arg(long, default_value = "localhost:6565", value_name = "HOST:PORT")]
    addr: String,

    /// Ruleset: JSON (begins with `{`) or a file that holds it
    #[arg(long, default_value = "{}", value_name = "FILE|JSON")]
    rules: String,

    /// Access token to send along; without one, a login with the client id and secret gives one
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,

    #[command(flatten)]
    login: Login,

    /// Print the answers as JSON lines and nothing else
    #[arg(long)]
    json: bool,

    /// Seconds that the call may take
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    timeout: u64,
}

/// Which tickets to send.
#[derive(Debug, Clone, Args)]
struct Tickets {
    /// Players to make up
    #[arg(long, default_value_t = 6, value_name = "N", value_parser = clap::value_parser!(u32).range(..=10_000_000))]
    players: u32,

    /// Players of a made-up ticket; the last one has the rest
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    party_size: u32,

    /// Tickets to send instead: a JSON object on each line, in protobuf's JSON names, either a
    /// ticket or a whole request ({"ticket": …}, {"backfill_ticket": …}, {"parameters": …}).
    /// `-` reads standard input
    #[arg(long, value_name = "FILE")]
    tickets: Option<String>,

    /// Tickets to make up instead as a live queue has them: parties up to the ruleset's team size,
    /// skill around 1500, three regions, ages up to four minutes; make-matches then sums up
    #[arg(long, value_name = "N", conflicts_with_all = ["tickets", "players", "party_size"],
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    random: Option<u32>,

    /// Which queue --random makes up
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,

    /// Milliseconds to wait before each message of a stream: matches come while tickets go
    #[arg(long, default_value_t = 0, value_name = "MS")]
    delay: u64,
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
        /// Sessions to make up, each with one player; with --random with teams and free seats
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
    /// Makes the call and writes what happened to `out`.
    ///
    /// # Errors
    ///
    /// An argument cannot be read, the server cannot be reached, or it refused the call.
    pub async fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        match self.command {
            Command::MakeMatches { common, tickets } => {
                Call::open(&common, out).await?.make_matches(&tickets).await
            }
            Command::BackfillMatches {
                common,
                tickets,
                sessions,
            } => {
                Call::open(&common, out)
                    .await?
                    .backfill_matches(&tickets, sessions)
                    .await
            }
            Command::ValidateTicket { common, tickets } => {
                Call::open(&common, out)
                    .await?
                    .validate_ticket(&tickets)
                    .await
            }
            Command::EnrichTicket { common, tickets } => {
                Call::open(&common, out)
                    .await?
                    .enrich_ticket(&tickets)
                    .await
            }
            Command::StatCodes { common } => Call::open(&common, out).await?.stat_codes().await,
        }
    }
}

impl Common {
    /// The ruleset's text.
    fn rules(&self) -> anyhow::Result<String> {
        if self.rules.trim_start().starts_with('{') || self.rules.trim().is_empty() {
            return Ok(self.rules.clone());
        }
        std::fs::read_to_string(&self.rules)
            .with_context(|| format!("--rules is neither JSON nor a file: {}", self.rules))
    }

    /// What to send along: the token that was given, or one from a login, or nothing.
    async fn bearer(&self) -> anyhow::Result<Option<MetadataValue<Ascii>>> {
        let token = match (&self.token, self.login.missing().as_slice()) {
            (Some(token), _) => SecretString::from(token.as_str()),
            (None, []) => log_in(&self.login, USER_AGENT)
                .await
                .with_context(|| format!("no access token from {}", self.login.base_url))?,
            (None, [one]) => {
                bail!("{one} is not set: a login to AGS needs id and secret; set both or neither")
            }
            (None, _) => return Ok(None),
        };
        let mut bearer: MetadataValue<Ascii> = format!("Bearer {}", token.expose_secret())
            .parse()
            .context("the access token is no header value")?;
        bearer.set_sensitive(true);
        Ok(Some(bearer))
    }

    async fn connect(&self) -> anyhow::Result<Connection> {
        let channel = endpoint(&self.addr)?
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(self.timeout))
            .connect()
            .await
            .with_context(|| format!("no server answers at {}", self.addr))?;
        let bearer = Bearer(self.bearer().await?);
        Ok(MatchFunctionClient::with_interceptor(channel, bearer)
            .accept_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(usize::MAX))
    }
}

/// The endpoint that `--addr` names.
fn endpoint(addr: &str) -> anyhow::Result<Endpoint> {
    let address = match addr.split_once("://") {
        Some(("http", _)) => addr.to_owned(),
        Some(_) => bail!("--addr takes HOST:PORT or http://HOST:PORT, not {addr}"),
        None => format!("http://{addr}"),
    };
    Endpoint::from_shared(address).with_context(|| format!("--addr is no address: {addr}"))
}

type Connection = MatchFunctionClient<InterceptedService<Channel, Bearer>>;

/// Puts the access token on every call.
#[derive(Clone)]
struct Bearer(Option<MetadataValue<Ascii>>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(bearer) = &self.0 {
            request
                .metadata_mut()
                .insert("authorization", bearer.clone());
        }
        Ok(request)
    }
}
