//! Logs, metrics and traces: what operators see of the server.
//!
//! [`init`] installs the subscriber and gives a [`Telemetry`] that holds the metrics and the
//! tracer, and that sends what is queued when it is [shut down](Telemetry::shutdown) or dropped.
//! A collector that cannot be reached costs one warning and a counter: nothing here blocks or slows
//! a call, and every queue is bounded.
//!
//! | File | Content |
//! |---|---|
//! | [`settings`] | Flags, variables, defaults |
//! | [`logging`], `human`, `json`, `text` | Lines and their forms |
//! | `queue`, `stdout`, `loki` | Their way to standard output and to Loki |
//! | [`metrics`], [`admin`] | The registry and its HTTP server |
//! | [`spans`], [`propagation`] | Spans, their export, their headers |
//! | [`method`], [`facts`] | The closed set of methods; what a call was about |

pub mod admin;
mod collector;
pub mod facts;
mod human;
mod json;
pub mod logging;
mod loki;
pub mod method;
pub mod metrics;
mod outage;
pub mod propagation;
mod queue;
pub mod settings;
pub mod spans;
mod stdout;
#[cfg(test)]
pub(crate) mod testing;
mod text;

use std::io;
use std::time::{Duration, Instant};

use tracing::Dispatch;

use self::logging::Output;
use self::metrics::Metrics;
use self::spans::Tracer;

pub use self::settings::Settings;

/// Time for Loki and the collector of spans at the end.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(8);

/// Why telemetry cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting that [`Settings::validate`] would have reported, or an exporter that cannot be
    /// built.
    #[error("{0}")]
    Setting(String),
    /// A metric cannot be registered.
    #[error("the metrics cannot be registered: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The thread that writes or pushes lines cannot be started.
    #[error("the thread that writes the log cannot be started: {0}")]
    Thread(#[from] io::Error),
    /// [`init`] was called twice.
    #[error("a subscriber for logs is installed already")]
    Installed,
}

/// Logs, metrics and spans of the process. Sends what is queued when it is dropped.
#[derive(Debug)]
pub struct Telemetry {
    handles: Handles,
    exporters: Option<Exporters>,
}

/// Where layers and the application report. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handles {
    /// The registry: every area adds its own metrics.
    pub metrics: Metrics,
    /// Starts the spans of calls.
    pub tracer: Tracer,
}

#[derive(Debug)]
struct Exporters {
    spans: spans::FlushSpans,
    loki: Option<loki::FlushLines>,
    stdout: stdout::FlushStdout,
}

/// Starts telemetry for the process: logs to standard output (and Loki), panics included.
///
/// # Errors
///
/// If an exporter or a metric cannot be set up; [`Error`] has the cases.
pub fn init(settings: &Settings) -> Result<Telemetry, Error> {
    let (dispatch, telemetry) = build(settings, Output::stdout())?;
    tracing::dispatcher::set_global_default(dispatch).map_err(|_| Error::Installed)?;
    logging::log_panics();
    Ok(telemetry)
}

/// Builds telemetry without installing it: the caller sets the dispatch where it wants it.
///
/// # Errors
///
/// If an exporter or a metric cannot be set up; [`Error`] has the cases.
pub fn build(settings: &Settings, output: Output) -> Result<(Dispatch, Telemetry), Error> {
    let metrics = Metrics::new(&settings.metrics_prefix())?;
    let (sink, loki) = match settings.loki().map_err(Error::Setting)? {
        Some(target) => {
            let (sink, flush) = loki::start(target, &settings.app_name, &metrics.export)?;
            (Some(sink), Some(flush))
        }
        None => (None, None),
    };
    let (tracer, spans) = spans::build(settings, &metrics.export).map_err(Error::Setting)?;
    let (lines, stdout) = stdout::start(output.writer, &metrics.export.stdout_dropped)?;
    let dispatch = logging::build(settings, output.is_terminal, lines, sink, &tracer)
        .map_err(Error::Setting)?;
    let telemetry = Telemetry {
        handles: Handles { metrics, tracer },
        exporters: Some(Exporters {
            spans,
            loki,
            stdout,
        }),
    };
    Ok((dispatch, telemetry))
}

impl Telemetry {
    /// Where layers and the application report.
    pub fn handles(&self) -> &Handles {
        &self.handles
    }

    /// Sends what is queued, within about 9 s, and ends the exporters. Blocks: call it when the
    /// runtime has nothing left to do.
    pub fn shutdown(self) {
        self.shutdown_within(FLUSH_TIMEOUT);
    }

    /// As [`shutdown`](Self::shutdown), with so much time for Loki and the collector of spans; lines
    /// on standard output have up to 1 s more.
    pub fn shutdown_within(mut self, within: Duration) {
        self.flush(within);
    }

    fn flush(&mut self, within: Duration) {
        let Some(exporters) = self.exporters.take() else {
            return;
        };
        let begun = Instant::now();
        exporters.spans.flush(within);
        if let Some(loki) = exporters.loki {
            loki.flush(within.saturating_sub(begun.elapsed()));
        }
        // Last, so that the lines of the other exporters are written too.
        exporters.stdout.flush();
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.flush(FLUSH_TIMEOUT);
    }
}
