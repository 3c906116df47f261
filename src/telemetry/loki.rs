//! Log lines to Loki: a bounded queue, batches in gzip, one thread, and never a wait for a caller.
//!
//! tracing-loki was looked at and not taken: its queue of unsent lines has no limit and it logs
//! every failed attempt.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use flate2::{Compression, write::GzEncoder};
use reqwest::blocking::Client;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use secrecy::ExposeSecret;
use serde::Serialize;
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

use super::http;
use super::metrics::ExportMetrics;
use super::outage::Outage;
use super::settings::Settings;
use crate::clock::since_1970;
use crate::error;

/// Bounds of what may wait, and of one push.
#[derive(Clone, Copy, Debug)]
struct Limits {
    queue_lines: usize,
    queue_bytes: usize,
    batch_lines: usize,
    batch_bytes: usize,
    /// Longest time that a line waits for others to travel with.
    linger: Duration,
}

const LIMITS: Limits = Limits {
    queue_lines: 8192,
    queue_bytes: 8 << 20,
    batch_lines: 1024,
    batch_bytes: 1 << 20,
    linger: Duration::from_secs(1),
};

const PUSH_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest time that the last lines may take at shutdown.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);

/// Levels as label values: a closed set.
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

struct Line {
    level: usize,
    unix_ns: u128,
    text: Box<str>,
}

enum Message {
    Line(Line),
    /// The process ends.
    Stop,
}

/// Where the log layer writes. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct LokiSink {
    queue: Sender<Message>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    lines: AtomicUsize,
    bytes: AtomicUsize,
    stopping: AtomicBool,
    limits: Limits,
    metrics: Arc<ExportMetrics>,
}

/// Ends the pusher: sends what is queued.
#[derive(Debug)]
pub(super) struct Flush {
    queue: Sender<Message>,
    shared: Arc<Shared>,
    wake: Sender<()>,
    done: Receiver<()>,
}

/// Starts the pusher's thread.
///
/// # Errors
/// The thread cannot be started.
pub(super) fn start(
    settings: &Settings,
    metrics: &Arc<ExportMetrics>,
) -> io::Result<(LokiSink, Flush)> {
    start_with(settings, metrics, LIMITS)
}

fn start_with(
    settings: &Settings,
    metrics: &Arc<ExportMetrics>,
    limits: Limits,
) -> io::Result<(LokiSink, Flush)> {
    let (queue, lines) = channel();
    let (wake, woken) = channel();
    let (report, done) = channel();
    let shared = Arc::new(Shared {
        lines: AtomicUsize::new(0),
        bytes: AtomicUsize::new(0),
        stopping: AtomicBool::new(false),
        limits,
        metrics: Arc::clone(metrics),
    });
    let settings = settings.clone();
    let worker_shared = Arc::clone(&shared);
    thread::Builder::new()
        .name("log-loki".into())
        .spawn(move || {
            // The client is built here because reqwest's blocking client may not be built in a runtime.
            match Pusher::new(&settings, worker_shared, lines, woken) {
                Ok(pusher) => pusher.run(),
                Err(error) => {
                    tracing::error!(%error, "logs are not pushed to Loki: no HTTP client");
                }
            }
            let _ = report.send(());
        })?;
    let sink = LokiSink {
        queue: queue.clone(),
        shared: Arc::clone(&shared),
    };
    let flush = Flush {
        queue,
        shared,
        wake,
        done,
    };
    Ok((sink, flush))
}

impl Flush {
    /// Sends what is queued, within 3 s. Blocks.
    pub(super) fn flush(&self) {
        self.shared.stopping.store(true, Relaxed);
        let _ = self.queue.send(Message::Stop);
        let _ = self.wake.send(());
        let _ = self.done.recv_timeout(FLUSH_TIMEOUT);
    }
}

impl LokiSink {
    fn offer(&self, level: usize, text: &str) {
        let shared = &self.shared;
        let text = text.trim_end();
        let lines = shared.lines.fetch_add(1, Relaxed);
        let bytes = shared.bytes.fetch_add(text.len(), Relaxed);
        let fits = lines < shared.limits.queue_lines
            && bytes + text.len() <= shared.limits.queue_bytes
            && !shared.stopping.load(Relaxed);
        let line = || Line {
            level,
            unix_ns: since_1970().as_nanos(),
            text: text.into(),
        };
        if !fits || self.queue.send(Message::Line(line())).is_err() {
            shared.lines.fetch_sub(1, Relaxed);
            shared.bytes.fetch_sub(text.len(), Relaxed);
            shared.metrics.loki_dropped.inc();
        }
    }
}

impl<'a> MakeWriter<'a> for LokiSink {
    type Writer = LineWriter<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        LineWriter {
            sink: self,
            level: 2,
        }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Self::Writer {
        let level = match *meta.level() {
            Level::ERROR => 0,
            Level::WARN => 1,
            Level::INFO => 2,
            Level::DEBUG => 3,
            Level::TRACE => 4,
        };
        LineWriter { sink: self, level }
    }
}

/// Takes one line per write, which is how the fmt layer writes.
#[derive(Debug)]
pub(super) struct LineWriter<'a> {
    sink: &'a LokiSink,
    level: usize,
}

impl Write for LineWriter<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(line) {
            Ok(text) => self.sink.offer(self.level, text),
            Err(_) => self.sink.shared.metrics.loki_dropped.inc(),
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Pusher {
    client: Client,
    url: String,
    user: Option<(String, secrecy::SecretString)>,
    application: String,
    shared: Arc<Shared>,
    lines: Receiver<Message>,
    woken: Receiver<()>,
    outage: Outage,
}

/// What became of a push.
enum Pushed {
    Taken,
    /// Loki will not take these lines at any time.
    Refused(String),
    /// Worth another attempt.
    Failed(String),
}

impl Pusher {
    fn new(
        settings: &Settings,
        shared: Arc<Shared>,
        lines: Receiver<Message>,
        woken: Receiver<()>,
    ) -> reqwest::Result<Self> {
        let client = http::client(&settings.loki_url, PUSH_TIMEOUT)
            .user_agent(&settings.app_name)
            .build()?;
        let user = settings.loki_username.clone();
        Ok(Self {
            client,
            url: settings.loki_url.as_str().to_owned(),
            user: user.map(|user| (user, settings.loki_password.clone().unwrap_or_default())),
            application: settings.app_name.clone(),
            shared,
            lines,
            woken,
            outage: Outage::new("loki"),
        })
    }

    fn run(self) {
        loop {
            let (batch, stop) = self.collect();
            let sent = self.deliver(&batch);
            if stop || (!sent && self.shared.stopping.load(Relaxed)) {
                break;
            }
        }
        let lost = self
            .lines
            .try_iter()
            .filter(|m| matches!(m, Message::Line(_)));
        self.shared.metrics.loki_dropped.inc_by(lost.count() as u64);
    }

    /// The next batch, and whether it is the last.
    fn collect(&self) -> (Vec<Line>, bool) {
        let limits = self.shared.limits;
        let mut batch = Vec::new();
        let mut bytes = 0;
        let mut deadline: Option<Instant> = None;
        let mut stop = false;
        while batch.len() < limits.batch_lines && bytes < limits.batch_bytes {
            let message = match deadline {
                None => self
                    .lines
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => self
                    .lines
                    .recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            match message {
                Ok(Message::Line(line)) => {
                    deadline.get_or_insert_with(|| Instant::now() + limits.linger);
                    bytes += line.text.len();
                    batch.push(line);
                }
                Err(RecvTimeoutError::Timeout) => break,
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => {
                    stop = true;
                    break;
                }
            }
        }
        self.shared.lines.fetch_sub(batch.len(), Relaxed);
        self.shared.bytes.fetch_sub(bytes, Relaxed);
        (batch, stop)
    }

    /// Pushes a batch until it is taken, refused, or the process ends. False if it was given up.
    fn deliver(&self, batch: &[Line]) -> bool {
        if batch.is_empty() {
            return true;
        }
        let body = match self.body(batch) {
            Ok(body) => body,
            Err(error) => {
                self.outage.failed(&error);
                self.shared.metrics.loki_dropped.inc_by(batch.len() as u64);
                return true;
            }
        };
        loop {
            match self.push(body.clone()) {
                Pushed::Taken => {
                    self.outage.succeeded();
                    self.shared.metrics.loki_pushed.inc_by(batch.len() as u64);
                    return true;
                }
                Pushed::Refused(reason) => {
                    self.outage.failed(&reason);
                    self.shared.metrics.loki_dropped.inc_by(batch.len() as u64);
                    return true;
                }
                Pushed::Failed(reason) => self.outage.failed(&reason),
            }
            let stopping = || self.shared.stopping.load(Relaxed);
            if stopping() || self.woken.recv_timeout(self.outage.pause()).is_ok() {
                self.shared.metrics.loki_dropped.inc_by(batch.len() as u64);
                return false;
            }
        }
    }

    fn push(&self, body: Vec<u8>) -> Pushed {
        let mut request = self
            .client
            .post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header(CONTENT_ENCODING, "gzip")
            .body(body);
        if let Some((user, password)) = &self.user {
            request = request.basic_auth(user, Some(password.expose_secret()));
        }
        match request.send() {
            Ok(response) if response.status().is_success() => Pushed::Taken,
            Ok(response) => {
                let status = response.status();
                let reason = format!("Loki answered {status}");
                // Too many requests and a server's own errors pass; others are about these lines.
                if status.is_server_error() || status.as_u16() == 429 {
                    Pushed::Failed(reason)
                } else {
                    Pushed::Refused(reason)
                }
            }
            Err(error) => Pushed::Failed(error::chain(error.without_url())),
        }
    }

    fn body(&self, batch: &[Line]) -> io::Result<Vec<u8>> {
        let streams = (0..LEVELS.len())
            .filter(|level| batch.iter().any(|line| line.level == *level))
            .map(|level| Stream {
                stream: Labels {
                    application: &self.application,
                    level: LEVELS[level],
                },
                values: batch
                    .iter()
                    .filter(|line| line.level == level)
                    .map(|line| (line.unix_ns.to_string(), &*line.text))
                    .collect(),
            })
            .collect();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        serde_json::to_writer(&mut gzip, &Push { streams })?;
        gzip.finish()
    }
}

#[derive(Serialize)]
struct Push<'a> {
    streams: Vec<Stream<'a>>,
}

#[derive(Serialize)]
struct Stream<'a> {
    stream: Labels<'a>,
    values: Vec<(String, &'a str)>,
}

#[derive(Serialize)]
struct Labels<'a> {
    application: &'a str,
    level: &'static str,
}

#[cfg(test)]
mod tests;
