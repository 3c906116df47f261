//! Log lines to Loki: a bounded queue, batches in gzip, one thread; a log line never waits.
//!
//! tracing-loki was considered and is not used: its queue of unsent lines has no limit, and it logs
//! every failed attempt.

mod pusher;
mod wire;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use super::metrics::ExportMetrics;
use super::queue::{Limits, LineSink, queue};
use super::settings::LokiTarget;
use pusher::Pusher;

const LIMITS: Limits = Limits {
    queue_lines: 8192,
    queue_bytes: 8 << 20,
    batch_lines: 1024,
    batch_bytes: 1 << 20,
    linger: Duration::from_secs(1),
};

/// Maximum time that the last lines may take at shutdown.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);

/// Ends the pusher: sends what is queued.
#[derive(Debug)]
pub(super) struct FlushLines {
    sink: LineSink,
    wake: Sender<()>,
    done: Receiver<()>,
}

/// Starts the pusher's thread; `application` is a label of every line.
///
/// # Errors
///
/// If the thread cannot be started.
pub(super) fn start(
    target: LokiTarget,
    application: &str,
    metrics: &Arc<ExportMetrics>,
) -> io::Result<(LineSink, FlushLines)> {
    let (sink, batches) = queue(LIMITS, &metrics.loki_dropped);
    let (wake, woken) = channel();
    let (report, done) = channel();
    let application = application.to_owned();
    let metrics = Arc::clone(metrics);
    thread::Builder::new()
        .name("log-loki".into())
        .spawn(move || {
            // The client is built here because reqwest's blocking client may not be built in a
            // runtime.
            match Pusher::new(target, application, batches, woken, metrics) {
                Ok(pusher) => pusher.run(),
                Err(error) => {
                    tracing::error!(%error, "logs are not pushed to Loki: no HTTP client");
                }
            }
            let _ = report.send(());
        })?;
    let flush = FlushLines {
        sink: sink.clone(),
        wake,
        done,
    };
    Ok((sink, flush))
}

impl FlushLines {
    /// Sends what is queued, within this time and 3 s. Blocks.
    pub(super) fn flush(&self, within: Duration) {
        self.sink.stop();
        let _ = self.wake.send(());
        let _ = self.done.recv_timeout(within.min(FLUSH_TIMEOUT));
    }
}

#[cfg(test)]
mod tests;
