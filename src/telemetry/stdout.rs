//! Lines to standard output: a bounded queue and one thread, so that a pipe that is not read holds
//! neither a call nor the end of the process.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use prometheus::IntCounter;

use super::queue::{Batches, Limits, LineSink, PACE, queue};

const LIMITS: Limits = Limits {
    queue_lines: 16_384,
    queue_bytes: 16 << 20,
    batch_lines: 1024,
    batch_bytes: 64 << 10,
    linger: PACE,
};

/// Maximum time that the last lines may take at shutdown.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Ends the thread: writes what is queued.
#[derive(Debug)]
pub(super) struct FlushStdout {
    sink: LineSink,
    done: Receiver<()>,
}

/// Starts the thread; `dropped` counts the lines that are not written.
///
/// # Errors
///
/// If the thread cannot be started.
pub(super) fn start(
    writer: Box<dyn Write + Send>,
    dropped: &IntCounter,
) -> io::Result<(LineSink, FlushStdout)> {
    let (sink, batches) = queue(LIMITS, dropped);
    let (report, done) = channel();
    let dropped = dropped.clone();
    thread::Builder::new()
        .name("log-stdout".into())
        .spawn(move || {
            write_all(&batches, writer, &dropped);
            let _ = report.send(());
        })?;
    let flush = FlushStdout {
        sink: sink.clone(),
        done,
    };
    Ok((sink, flush))
}

fn write_all(batches: &Batches, mut writer: Box<dyn Write + Send>, dropped: &IntCounter) {
    // A burst becomes one write.
    let mut text = Vec::new();
    loop {
        let (batch, is_last) = batches.next();
        text.clear();
        for line in &batch {
            text.extend_from_slice(line.text.as_bytes());
            text.push(b'\n');
        }
        if writer
            .write_all(&text)
            .and_then(|()| writer.flush())
            .is_err()
        {
            dropped.inc_by(batch.len() as u64);
        }
        if is_last {
            return;
        }
    }
}

impl FlushStdout {
    /// Writes what is queued, within 1 s. Blocks.
    pub(super) fn flush(&self) {
        self.sink.stop();
        let _ = self.done.recv_timeout(FLUSH_TIMEOUT);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::Sender;
    use std::sync::{Arc, Mutex, PoisonError};

    use tracing::Level;

    use super::*;

    /// Takes nothing until it is opened.
    struct Stalled(Arc<Mutex<()>>, Sender<()>);

    impl Write for Stalled {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.1.send(());
            let _open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn counter() -> IntCounter {
        IntCounter::new("dropped", "Lines dropped.").expect("a name")
    }

    #[test]
    fn a_stalled_output_loses_lines_counts_them_and_holds_no_end() {
        let gate = Arc::new(Mutex::new(()));
        let closed = gate.lock().expect("it is not held yet");
        let (entered, writing) = channel();
        let dropped = counter();
        let stalled = Box::new(Stalled(Arc::clone(&gate), entered));
        let (sink, flush) = start(stalled, &dropped).expect("starts");
        sink.offer(Level::INFO, "with the writer");
        writing.recv().expect("the thread writes");
        for _ in 0..LIMITS.queue_lines + 10 {
            sink.offer(Level::INFO, "a line");
        }
        assert_eq!(dropped.get(), 10);
        flush.flush();
        drop(closed);
    }

    /// A pipe whose other end is closed.
    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted() {
        let dropped = counter();
        let (sink, flush) = start(Box::new(Closed), &dropped).expect("starts");
        (0..5).for_each(|_| sink.offer(Level::INFO, "a line"));
        flush.flush();
        assert_eq!(dropped.get(), 5);
    }
}
