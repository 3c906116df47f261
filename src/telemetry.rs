//! Logs: one line each, on standard output.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Settings of the logs.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Logs")]
pub struct Settings {
    /// What is logged: off, error, warn, info, debug, trace, or directives as `info,h2=warn`
    #[arg(long, env = "LOG_LEVEL", default_value = "info", value_name = "LEVEL", value_parser = filter)]
    pub log_level: String,
}

fn filter(text: &str) -> Result<String, String> {
    let allowed = "allowed are off, error, warn, info, debug, trace and directives as info,h2=warn";
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("{error}; {allowed}")),
    }
}

/// Starts logging: JSON lines, or a form for people on a terminal. The first call of a process
/// counts.
pub fn init(settings: &Settings) {
    let filter = EnvFilter::new(&settings.log_level);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false);
    // A second subscriber is refused; then the first one goes on.
    let _ = if std::io::stdout().is_terminal() {
        lines.try_init()
    } else {
        lines.json().flatten_event(true).try_init()
    };
}
