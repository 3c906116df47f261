//! SIGTERM and SIGINT, and that the process ends after them.
//!
//! They are waited for in a thread with a runtime of its own. It passes them on to the server, and
//! ends the process where the server does not end in time: whatever holds its threads, its runtime,
//! standard output or an exporter.

use std::io;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::unbounded_channel;
use tokio_stream::wrappers::{SignalStream, UnboundedReceiverStream};
use tokio_stream::{Stream, StreamExt};

/// Time for what comes after the grace period: the last lines of the log.
const AFTER_GRACE: Duration = Duration::from_secs(2);

/// Time to end after the second signal.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Starts to listen. The process ends 2 s after the grace period at the latest, with exit code 0,
/// and 1 s after the second signal, with exit code 1.
///
/// # Errors
///
/// If the thread or its runtime cannot be started, or the system does not pass signals on.
pub(super) fn start(grace: Duration) -> io::Result<impl Stream<Item = ()> + Unpin> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut signals = {
        let _entered = runtime.enter();
        let terminate = SignalStream::new(signal(SignalKind::terminate())?);
        let interrupt = SignalStream::new(signal(SignalKind::interrupt())?);
        terminate.merge(interrupt)
    };
    let (sender, receiver) = unbounded_channel();
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            runtime.block_on(async {
                signals.next().await;
                // An error means that the server has ended by itself.
                let _ = sender.send(());
                let second = tokio::time::timeout(grace + AFTER_GRACE, signals.next());
                if second.await.is_err() {
                    exit(0);
                }
                let _ = sender.send(());
                tokio::time::sleep(AT_ONCE).await;
                exit(1);
            });
        })?;
    Ok(UnboundedReceiverStream::new(receiver))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the flush of logs and spans may be what holds the process"
)]
fn exit(code: i32) -> ! {
    std::process::exit(code)
}
