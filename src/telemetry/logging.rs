//! The subscriber: which lines are logged, in which form, and where they go.

pub(super) mod filter;

use std::io::{self, Write};
use std::panic;

use tracing::{Dispatch, Subscriber};
use tracing_subscriber::fmt::writer::MakeWriterExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry, fmt};

use super::facts::bounded;
use super::human;
use super::json::Json;
use super::queue::LineSink;
use super::settings::{LogFormat, Settings};
use super::spans::Tracer;

/// Where lines go besides Loki.
pub struct Output {
    /// Standard output, or a test's buffer.
    pub writer: Box<dyn Write + Send>,
    /// Whether a person reads it.
    pub is_terminal: bool,
}

impl Output {
    /// Standard output.
    pub fn stdout() -> Self {
        let stdout = io::stdout();
        Self {
            is_terminal: io::IsTerminal::is_terminal(&stdout),
            writer: Box::new(stdout),
        }
    }
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output")
            .field("is_terminal", &self.is_terminal)
            .finish_non_exhaustive()
    }
}

/// Builds the subscriber.
pub(super) fn build(
    settings: &Settings,
    is_terminal: bool,
    stdout: LineSink,
    loki: Option<LineSink>,
    tracer: &Tracer,
) -> Result<Dispatch, String> {
    let human = match settings.log_format {
        LogFormat::Auto => is_terminal,
        LogFormat::Json => false,
        LogFormat::Human => true,
    };
    let lines = if human {
        let lines = fmt::layer()
            .with_ansi(is_terminal)
            .fmt_fields(human::fields())
            .with_writer(stdout)
            .log_internal_errors(false);
        let loki = loki.map(|loki| {
            fmt::layer()
                .event_format(Json)
                .with_writer(loki)
                .log_internal_errors(false)
        });
        lines.and_then(loki).boxed()
    } else {
        json_lines(stdout, loki)
    };
    let subscriber = Registry::default()
        .with(lines.with_filter(settings.log_filter()?.to_env_filter()))
        .with(tracer.layer());
    Ok(Dispatch::new(subscriber))
}

/// Each line is formatted once, whether Loki gets it or not.
fn json_lines<S>(stdout: LineSink, loki: Option<LineSink>) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let lines = fmt::layer().event_format(Json).log_internal_errors(false);
    match loki {
        Some(loki) => lines.with_writer(stdout.and(loki)).boxed(),
        None => lines.with_writer(stdout).boxed(),
    }
}

/// Makes panics log lines, so that they are found where the other lines are.
pub(super) fn log_panics() {
    panic::set_hook(Box::new(|info| {
        let message = info
            .payload_as_str()
            .unwrap_or("(the panic carries no text)");
        let location = info.location().map(ToString::to_string);
        tracing::error!(
            panic = bounded(message, 512),
            location = location.as_deref(),
            "a panic: this is a fault of the program"
        );
    }));
}

#[cfg(test)]
mod tests;
