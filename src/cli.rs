//! The command line: `match-function` serves; its other commands call a running server (`client`,
//! `health`), look at rulesets (`lint`, `explain`, `simulate`, `tune`, `workbench`), play recorded ticks
//! again (`replay`), and describe the program itself.

mod describe;
mod signals;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, CommandFactory, FromArgMatches};
use tokio::runtime::Runtime;
use tokio_stream::Stream;

use crate::app::{App, Ended};
use crate::client::{Client, Health};
use crate::config::{self, Config, ConfigError};
use crate::matching::MatchLogic;
use crate::telemetry::{self, Handles};
use crate::workbench::{Explain, Lint, Replay, Simulate, Tune, Verdict, Workbench};
use describe::{Completions, ManPage};

const ABOUT: &str = "Match function server for AccelByte Gaming Services (AGS) matchmaking";

const AFTER: &str = "\
Without a command it serves: `match-function --port 6565` is `match-function serve --port 6565`.
`match-function COMMAND --help` says more about a command.";

const AFTER_SERVE: &str = "\
Each setting is a flag and an environment variable; the flag wins, and an empty variable counts as \
unset. Blanks, line ends and a byte-order mark at the ends of a value are left out, and one pair of \
quotes around it. Two names of one setting have to agree. Switches take 1 true t yes y on, or 0 false f no n off.";

/// Runs the program over a studio's logic: this is all that `main` has to call.
pub fn main<L: MatchLogic>(logic: L) -> ExitCode {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    let first = arguments
        .get(1)
        .map(|word| word.to_string_lossy().into_owned());
    match first.as_deref() {
        Some("client") => {
            arguments.remove(1);
            client(arguments, &logic)
        }
        Some("health") => {
            arguments.remove(1);
            health(arguments)
        }
        Some("serve") => {
            arguments.remove(1);
            serve(arguments, logic)
        }
        // The help and the version are those of the program.
        Some("-h" | "--help" | "-V" | "--version") => other(arguments, logic),
        Some(word) if !word.starts_with('-') => other(arguments, logic),
        _ => serve(arguments, logic),
    }
}

/// The whole program: every command with its flags.
pub fn command() -> Command {
    let program = Command::new("match-function")
        .about(ABOUT)
        .version(env!("CARGO_PKG_VERSION"))
        .after_help(AFTER)
        .subcommand_required(true)
        .subcommand_value_name("COMMAND")
        .subcommand(serve_command())
        .subcommand(Client::command().name("client"))
        .subcommand(Health::command().name("health"))
        .subcommand(on_a_screen(Lint::command()))
        .subcommand(on_a_screen(Explain::command()))
        .subcommand(on_a_screen(Simulate::command()))
        .subcommand(on_a_screen(Tune::command()))
        .subcommand(on_a_screen(Replay::command()))
        .subcommand(on_a_screen(Workbench::command()))
        .subcommand(Completions::command())
        .subcommand(ManPage::command());
    with_subcommands(program, &without_values)
}

/// A command whose help fits a screen, however it is asked for: the page of the manual says more.
fn on_a_screen(command: Command) -> Command {
    let help = Arg::new("help").short('h').long("help").help("Print help");
    command
        .disable_help_flag(true)
        .arg(help.action(ArgAction::HelpShort))
}

/// The command that serves, with every setting.
pub fn serve_command() -> Command {
    Config::augment_args(Command::new("serve"))
        .bin_name("match-function serve")
        .about("Serves AGS's calls until a signal; what a bare call does")
        .after_help(AFTER_SERVE)
        .version(env!("CARGO_PKG_VERSION"))
}

/// Every command that works without a server.
fn other(arguments: Vec<OsString>, logic: impl MatchLogic) -> ExitCode {
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return shown(&error),
    };
    let mut out = io::stdout().lock();
    let done = match matches.subcommand() {
        Some(("lint", given)) => read::<Lint>(given).and_then(|lint| lint.run(&logic, &mut out)),
        Some(("explain", given)) => {
            read::<Explain>(given).and_then(|explain| explain.run(&logic, &mut out))
        }
        Some(("simulate", given)) => {
            read::<Simulate>(given).and_then(|simulate| simulate.run(&logic, &mut out))
        }
        Some(("tune", given)) => read::<Tune>(given).and_then(|tune| tune.run(&logic, &mut out)),
        Some(("replay", given)) => {
            read::<Replay>(given).and_then(|replay| replay.run(&logic, &mut out))
        }
        Some(("workbench", given)) => {
            read::<Workbench>(given).and_then(|workbench| workbench.run(logic, &mut out))
        }
        Some(("completions", given)) => read::<Completions>(given).map(|asked| asked.run(&mut out)),
        Some(("man", given)) => read::<ManPage>(given).and_then(|asked| asked.run(&mut out)),
        // `serve`, `client` and `health` never come here.
        _ => Ok(Verdict::Fine),
    };
    match done.and_then(|verdict| Ok(out.flush().map(|()| verdict)?)) {
        Ok(Verdict::Fine) => ExitCode::SUCCESS,
        Ok(Verdict::Found) => ExitCode::from(1),
        Err(error) if is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("{error:#}"), ConfigError::EXIT_CODE),
    }
}

fn read<T: FromArgMatches>(given: &ArgMatches) -> anyhow::Result<T> {
    Ok(T::from_arg_matches(given)?)
}

/// Whether the reader of the output has gone, as `head` does: no fault.
fn is_closed(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn serve<L: MatchLogic>(arguments: Vec<OsString>, logic: L) -> ExitCode {
    if asks_for_help(&arguments) {
        return show_help(serve_command(), arguments);
    }
    let config = config::parse(serve_command(), arguments, variable).and_then(|matches| {
        let config = Config::from_arg_matches(&matches)
            .map_err(|error| ConfigError::one(error.to_string()))?;
        ConfigError::of(config.validate()).map_or(Ok(config), Err)
    });
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            return fail(&format!("configuration: {error}"), ConfigError::EXIT_CODE);
        }
    };
    let telemetry = match telemetry::init(&config.telemetry) {
        Ok(telemetry) => telemetry,
        Err(error) => return fail(&format!("telemetry: {error}"), 1),
    };
    let handles = telemetry.handles().clone();
    // Before the port is open: as soon as it is, a signal may come.
    let ended = signals::start(config.server.shutdown_grace())
        .map_err(|error| format!("cannot listen for signals: {error}"))
        .and_then(|signals| {
            let runtime = runtime()?;
            let ended = serve_on(&runtime, config, &handles, logic, signals);
            // Threads that still match are left behind, and end with the process.
            runtime.shutdown_timeout(THREADS_TIMEOUT);
            ended
        });
    // The runtime has ended: nothing else is logged, and the flush may block.
    match ended {
        Ok(Ended::Drained) => {
            telemetry.shutdown();
            ExitCode::SUCCESS
        }
        Ok(Ended::OutOfTime) => {
            telemetry.shutdown_within(LAST_LINES_TIMEOUT);
            ExitCode::SUCCESS
        }
        Ok(Ended::Forced) => {
            telemetry.shutdown_within(Duration::ZERO);
            fail("ended by a second signal; running calls were cut", 1)
        }
        Err(text) => {
            telemetry.shutdown();
            fail(&text, 1)
        }
    }
}

/// How long the threads of ticks have to notice that nothing is waiting for them any more.
const THREADS_TIMEOUT: Duration = Duration::from_millis(300);

/// How long Loki and the collector of spans have once the grace period is over.
const LAST_LINES_TIMEOUT: Duration = Duration::from_millis(500);

/// Serves until a signal. The error is a text for people.
fn serve_on<L: MatchLogic>(
    runtime: &Runtime,
    config: Config,
    handles: &Handles,
    logic: L,
    signals: impl Stream<Item = ()> + Unpin,
) -> Result<Ended, String> {
    runtime.block_on(async {
        log_configuration(&config);
        let app = App::build(config, handles, logic).map_err(|error| error.to_string())?;
        if let Some(address) = app.admin_address() {
            tracing::info!(%address, "serving metrics, /healthz and /readyz");
        }
        tracing::info!(address = %app.address(), version = env!("CARGO_PKG_VERSION"), "serving gRPC");
        app.run(signals).await.map_err(|error| error.to_string())
    })
}

/// The effective configuration, without secrets.
fn log_configuration(config: &Config) {
    tracing::info!(
        auth = assignments(config.auth.summary()),
        telemetry = assignments(config.telemetry.summary()),
        server = ?config.server,
        limits = ?config.limits,
        recording = ?config.recording,
        memory_bytes = config.limits.memory_bytes(),
        "effective configuration"
    );
}

/// `NAME=value`, separated by blanks.
fn assignments(summary: Vec<(&str, String)>) -> String {
    let assignments = summary
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"));
    assignments.collect::<Vec<_>>().join(" ")
}

fn client(mut arguments: Vec<OsString>, logic: &impl MatchLogic) -> ExitCode {
    let command = Client::command();
    if asks_for_help(&arguments) {
        return show_help(command, arguments);
    }
    let call = arguments
        .get(1)
        .and_then(|name| command.find_subcommand(name));
    if let Some(call) = call {
        match config::words(call, arguments.split_off(1), variable) {
            Ok(words) => arguments.extend(words),
            Err(error) => return fail(&format!("client: {error}"), ConfigError::EXIT_CODE),
        }
    }
    let command = command.mut_subcommands(config::for_words);
    let parsed = command.try_get_matches_from(arguments);
    let client = match parsed.and_then(|matches| Client::from_arg_matches(&matches)) {
        Ok(client) => client,
        Err(error) => return shown(&error),
    };
    let done = runtime().and_then(|runtime| {
        let mut out = io::stdout();
        runtime
            .block_on(client.run(logic, &mut out))
            .map_err(|error| format!("{error:#}"))
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => fail(&text, 1),
    }
}

fn health(arguments: Vec<OsString>) -> ExitCode {
    let command = Health::command();
    if asks_for_help(&arguments) {
        return show_help(command, arguments);
    }
    let health = config::parse(command, arguments, variable).and_then(|matches| {
        Health::from_arg_matches(&matches).map_err(|error| ConfigError::one(error.to_string()))
    });
    let health = match health {
        Ok(health) => health,
        Err(error) => return fail(&format!("health: {error}"), ConfigError::EXIT_CODE),
    };
    let done = runtime().and_then(|runtime| {
        runtime
            .block_on(health.run(&mut io::stdout()))
            .map_err(|error| format!("{error:#}"))
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => fail(&format!("health: {text}"), 1),
    }
}

/// A variable of the environment.
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

fn runtime() -> Result<Runtime, String> {
    Runtime::new().map_err(|error| format!("cannot start threads: {error}"))
}

fn asks_for_help(arguments: &[OsString]) -> bool {
    let mut words = arguments.iter().filter_map(|word| word.to_str());
    words.any(|word| matches!(word, "-h" | "--help" | "help" | "-V" | "--version"))
}

/// Shows the help or the version of a command. The help shows no value of the environment.
fn show_help(command: Command, mut arguments: Vec<OsString>) -> ExitCode {
    let command = with_subcommands(command, &without_values);
    for word in &mut arguments {
        if word == "help" {
            *word = "--help".into();
        }
    }
    match command.try_get_matches_from(arguments) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => shown(&error),
    }
}

/// A command and all below it, changed.
fn with_subcommands(command: Command, change: &impl Fn(Command) -> Command) -> Command {
    change(command).mut_subcommands(|inner| with_subcommands(inner, change))
}

fn without_values(command: Command) -> Command {
    command.mut_args(|arg| arg.hide_env_values(true))
}

/// Prints what clap returns: help and version are not errors.
fn shown(error: &clap::Error) -> ExitCode {
    // If the output is closed, there is nowhere to report that.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(ConfigError::EXIT_CODE),
    }
}

/// One plain line on standard error.
fn fail(text: &str, code: u8) -> ExitCode {
    let _ = writeln!(io::stderr(), "match-function: {}", config::one_line(text));
    ExitCode::from(code)
}
