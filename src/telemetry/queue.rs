//! Lines that wait for a thread that writes or sends them, bounded in number and bytes. To log a
//! line never waits.
//!
//! tracing-appender was used for standard output and is not: its queue has a bound in lines only, it
//! does not count lines that cannot be written, and its end may wait for standard output forever.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use prometheus::IntCounter;
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

use crate::clock::since_1970;

/// How long lines are collected before it is looked at again whether a batch is complete.
pub(super) const PACE: Duration = Duration::from_millis(5);

/// Bounds of what may wait, and of one batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) queue_lines: usize,
    pub(super) queue_bytes: usize,
    pub(super) batch_lines: usize,
    pub(super) batch_bytes: usize,
    /// Maximum time that a line waits for others to be sent with.
    pub(super) linger: Duration,
}

/// A line of the log.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) level: Level,
    pub(super) unix_ns: u128,
    /// Without a line end.
    pub(super) text: Box<str>,
}

/// What is in the queue.
enum Message {
    Line(Line),
    /// The process ends.
    Stop,
}

/// How much is in the queue.
#[derive(Debug)]
struct Room {
    lines: AtomicUsize,
    bytes: AtomicUsize,
    stopping: AtomicBool,
    limits: Limits,
}

/// Where the log layer writes. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct LineSink {
    queue: Sender<Message>,
    room: Arc<Room>,
    dropped: IntCounter,
}

/// The other end: lines in batches.
#[derive(Debug)]
pub(super) struct Batches {
    queue: Receiver<Message>,
    room: Arc<Room>,
}

/// A queue within these limits; lines for which it has no room are counted.
pub(super) fn queue(limits: Limits, dropped: &IntCounter) -> (LineSink, Batches) {
    let (sender, receiver) = channel();
    let room = Arc::new(Room {
        lines: AtomicUsize::new(0),
        bytes: AtomicUsize::new(0),
        stopping: AtomicBool::new(false),
        limits,
    });
    let sink = LineSink {
        queue: sender,
        room: Arc::clone(&room),
        dropped: dropped.clone(),
    };
    let batches = Batches {
        queue: receiver,
        room,
    };
    (sink, batches)
}

impl LineSink {
    /// Takes a line if there is room for it; otherwise it is lost and counted.
    pub(super) fn offer(&self, level: Level, text: &str) {
        let room = &self.room;
        let text = text.trim_end();
        let lines = room.lines.fetch_add(1, Relaxed);
        let bytes = room.bytes.fetch_add(text.len(), Relaxed);
        let fits = lines < room.limits.queue_lines
            && bytes + text.len() <= room.limits.queue_bytes
            && !room.stopping.load(Relaxed);
        if !fits || !self.send(level, text) {
            room.lines.fetch_sub(1, Relaxed);
            room.bytes.fetch_sub(text.len(), Relaxed);
            self.dropped.inc();
        }
    }

    /// False if the other end is gone.
    fn send(&self, level: Level, text: &str) -> bool {
        let line = Line {
            level,
            unix_ns: since_1970().as_nanos(),
            text: text.into(),
        };
        self.queue.send(Message::Line(line)).is_ok()
    }

    /// Takes no more lines; those that wait are the last.
    pub(super) fn stop(&self) {
        self.room.stopping.store(true, Relaxed);
        let _ = self.queue.send(Message::Stop);
    }
}

impl Batches {
    /// Whether the process ends.
    pub(super) fn are_stopping(&self) -> bool {
        self.room.stopping.load(Relaxed)
    }

    /// The next batch, and whether it is the last. Waits for a first line, then a short time for
    /// others.
    pub(super) fn next(&self) -> (Vec<Line>, bool) {
        let limits = self.room.limits;
        let mut batch = Vec::new();
        let mut bytes = 0;
        let mut is_last = false;
        let mut message = self.queue.recv().map_err(|_| TryRecvError::Disconnected);
        let deadline = Instant::now() + limits.linger;
        loop {
            match message {
                Ok(Message::Line(line)) => {
                    bytes += line.text.len();
                    batch.push(line);
                }
                Ok(Message::Stop) | Err(TryRecvError::Disconnected) => is_last = true,
                Err(TryRecvError::Empty) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        break;
                    }
                    // Not by waiting at the queue: there each line would wake this thread, which
                    // costs the call that logs it more than all the rest of the line.
                    thread::sleep(left.min(PACE));
                }
            }
            if is_last || batch.len() >= limits.batch_lines || bytes >= limits.batch_bytes {
                break;
            }
            message = self.queue.try_recv();
        }
        self.room.lines.fetch_sub(batch.len(), Relaxed);
        self.room.bytes.fetch_sub(bytes, Relaxed);
        (batch, is_last)
    }

    /// How many lines still wait, to be called once nothing is taken any more.
    pub(super) fn count_rest(self) -> usize {
        let messages = self.queue.try_iter();
        messages
            .filter(|message| matches!(message, Message::Line(_)))
            .count()
    }
}

impl<'a> MakeWriter<'a> for LineSink {
    type Writer = LineWriter<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        LineWriter {
            sink: self,
            level: Level::INFO,
        }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Self::Writer {
        LineWriter {
            sink: self,
            level: *meta.level(),
        }
    }
}

/// Takes one line per write, which is how the fmt layer writes.
#[derive(Debug)]
pub(super) struct LineWriter<'a> {
    sink: &'a LineSink,
    level: Level,
}

impl Write for LineWriter<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(line) {
            Ok(text) => self.sink.offer(self.level, text),
            Err(_) => self.sink.dropped.inc(),
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        queue_lines: 100,
        queue_bytes: 1000,
        batch_lines: 100,
        batch_bytes: 1000,
        linger: Duration::from_secs(1),
    };

    fn counter() -> IntCounter {
        IntCounter::new("dropped", "Lines dropped.").expect("a name")
    }

    #[test]
    fn the_queue_stays_within_its_bounds() {
        let dropped = counter();
        let limits = Limits {
            queue_lines: 10,
            queue_bytes: 50,
            ..LIMITS
        };
        let (sink, batches) = queue(limits, &dropped);
        let waiting = || (sink.room.lines.load(Relaxed), sink.room.bytes.load(Relaxed));
        (0..20).for_each(|_| sink.offer(Level::INFO, "x\n"));
        assert_eq!(waiting(), (10, 10), "as many lines as are allowed");
        assert_eq!(dropped.get(), 10);
        sink.stop();
        let (batch, is_last) = batches.next();
        assert_eq!((batch.len(), &*batch[0].text, is_last), (10, "x", true));
        assert_eq!(waiting(), (0, 0));
    }

    #[test]
    fn long_lines_count_by_their_bytes() {
        let dropped = counter();
        let limits = Limits {
            queue_bytes: 50,
            ..LIMITS
        };
        let (sink, _batches) = queue(limits, &dropped);
        for bytes in [51, 30, 30, 20] {
            sink.offer(Level::INFO, &"x".repeat(bytes));
        }
        assert_eq!(sink.room.bytes.load(Relaxed), 50);
        assert_eq!(dropped.get(), 2);
    }
}
