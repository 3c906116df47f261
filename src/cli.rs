//! The command line: `match-function` serves, `match-function client …` plays AGS.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, Command, FromArgMatches, Parser};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio_stream::wrappers::SignalStream;
use tokio_stream::{Stream, StreamExt};

use crate::app::{App, Ended};
use crate::client::Client;
use crate::config::{self, Config, ConfigError};
use crate::matching::MatchLogic;
use crate::telemetry;

const ABOUT: &str = "Match function server for AccelByte Gaming Services (AGS) matchmaking";

const MORE: &str = "\
Each setting is a flag and an environment variable; the flag wins, an empty variable is an unset \
one. Switches take 1 true t yes y on, or 0 false f no n off.

`match-function client --help`: play AGS against a running server.";

/// Runs the program over a studio's logic: this is all that `main` has to call.
#[must_use]
pub fn main<L: MatchLogic>(logic: L) -> ExitCode {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    match arguments.get(1).and_then(|word| word.to_str()) {
        Some("client") => {
            arguments.remove(1);
            client(arguments)
        }
        Some("serve") => {
            arguments.remove(1);
            serve(arguments, logic)
        }
        _ => serve(arguments, logic),
    }
}

/// The command that serves, with every setting.
#[must_use]
pub fn serve_command() -> Command {
    Config::augment_args(Command::new("match-function"))
        .about(ABOUT)
        .after_help(MORE)
        .version(env!("CARGO_PKG_VERSION"))
        .mut_args(|arg| arg.hide_env_values(true))
}

fn serve<L: MatchLogic>(arguments: Vec<OsString>, logic: L) -> ExitCode {
    let asked = |word: &OsString| {
        matches!(
            word.to_str(),
            Some("-h" | "--help" | "help" | "-V" | "--version")
        )
    };
    if arguments.iter().any(asked) {
        return manual(arguments);
    }
    let variable = |name: &str| std::env::var(name).ok();
    let config = config::parse(serve_command(), arguments, variable).and_then(|matches| {
        Config::from_arg_matches(&matches).map_err(|error| ConfigError::one(error.to_string()))
    });
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            return fail(&format!("configuration: {error}"), ConfigError::EXIT_CODE);
        }
    };
    telemetry::init(&config.telemetry);
    match runtime().and_then(|runtime| serve_on(&runtime, config, logic)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => fail(&text, 1),
    }
}

/// Serves until a signal; the error is for people.
fn serve_on<L: MatchLogic>(runtime: &Runtime, config: Config, logic: L) -> Result<(), String> {
    let ended = runtime.block_on(async {
        let app = App::build(config, logic).map_err(|error| error.to_string())?;
        let signals = signals().map_err(|error| format!("cannot listen for signals: {error}"))?;
        tracing::info!(address = %app.address(), version = env!("CARGO_PKG_VERSION"), "serving gRPC");
        app.run(signals).await.map_err(|error| error.to_string())
    })?;
    match ended {
        Ended::Drained | Ended::OutOfTime => Ok(()),
        Ended::Forced => Err("ended by a second signal; running calls were cut".to_owned()),
    }
}

/// SIGTERM and SIGINT.
fn signals() -> io::Result<impl Stream<Item = ()> + Unpin> {
    let terminate = SignalStream::new(signal(SignalKind::terminate())?);
    let interrupt = SignalStream::new(signal(SignalKind::interrupt())?);
    Ok(terminate.merge(interrupt))
}

fn client(arguments: Vec<OsString>) -> ExitCode {
    let client = match Client::try_parse_from(arguments) {
        Ok(client) => client,
        Err(error) => return shown(&error),
    };
    let done = runtime().and_then(|runtime| {
        let mut out = io::stdout();
        runtime
            .block_on(client.run(&mut out))
            .map_err(|error| format!("{error:#}"))
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => fail(&text, 1),
    }
}

fn runtime() -> Result<Runtime, String> {
    Runtime::new().map_err(|error| format!("cannot start threads: {error}"))
}

/// Shows the help or the version.
fn manual(mut arguments: Vec<OsString>) -> ExitCode {
    for word in &mut arguments {
        if word == "help" {
            *word = "--help".into();
        }
    }
    match serve_command().try_get_matches_from(arguments) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => shown(&error),
    }
}

/// Prints what clap has to say: help and version are no errors.
fn shown(error: &clap::Error) -> ExitCode {
    // Nobody is there to be told that nobody is there.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(ConfigError::EXIT_CODE),
    }
}

/// One plain line on standard error.
fn fail(text: &str, code: u8) -> ExitCode {
    let _ = writeln!(io::stderr(), "match-function: {text}");
    ExitCode::from(code)
}
