//! The configuration of the server: one struct per area, each beside what it configures.
//!
//! Every setting is a flag and an environment variable; the flag wins. A setting with two names has the
//! second one as a visible alias of its flag, and as a variable of that name. An empty variable counts as
//! unset, since a compose file passes variables on whether they are set or not.

pub mod parse;
mod source;
mod value;

use crate::{auth, server, service, telemetry};

pub use source::{ConfigError, for_words, parse, variable_of_alias, words};
pub use value::one_line;

/// Everything that can be set.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    /// The gRPC port.
    #[command(flatten)]
    pub server: server::Settings,
    /// Bounds on requests.
    #[command(flatten)]
    pub limits: service::Limits,
    /// Which ticks are kept as files.
    #[command(flatten)]
    pub recording: service::RecordSettings,
    /// Who may call.
    #[command(flatten)]
    pub auth: auth::Settings,
    /// Logs, metrics and traces.
    #[command(flatten)]
    pub telemetry: telemetry::Settings,
}

impl Config {
    /// What is wrong although every value by itself can be read: all faults, each with the
    /// variable's name.
    pub fn validate(&self) -> Vec<String> {
        let mut faults = self.auth.validate();
        faults.extend(self.telemetry.validate());
        faults
    }
}
