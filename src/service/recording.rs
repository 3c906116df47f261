//! Recording of ticks (docs/captures.md): what came and what was answered is copied while a stream runs,
//! and written by a thread of its own.
//!
//! A call never waits for it: what finds no room, in memory, in the queue or on the disk, is dropped and
//! counted.

mod disk;
mod settings;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use prometheus::{IntCounterVec, IntGauge, Result};
use prost::Message;
use tokio::time::Instant;

use super::limits::Limits;
use super::metrics::{TickKind, TickRecord};
use crate::capture::{FORMAT, Header, Kind, Messages, Spare};
use crate::telemetry::metrics::Registrar;
use disk::Disk;

pub use settings::RecordSettings;

/// Captures that wait to be written at most.
const QUEUE: usize = 32;

/// Which part of the memory budget of calls what is recorded may hold beside it.
const SHARE_OF_MEMORY: u64 = 4;

/// Bytes that a recording takes from what all may hold at a time.
const GRAIN: u64 = 256 << 10;

/// What became of a recorded tick, as a label of the metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Written,
    QueueFull,
    NoMemory,
    TooLarge,
    DiskError,
}

impl Outcome {
    const ALL: [Self; 5] = [
        Self::Written,
        Self::QueueFull,
        Self::NoMemory,
        Self::TooLarge,
        Self::DiskError,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::QueueFull => "queue_full",
            Self::NoMemory => "memory",
            Self::TooLarge => "too_large",
            Self::DiskError => "disk",
        }
    }
}

/// The series of recording. Cheap to clone.
#[derive(Debug, Clone)]
struct RecordMetrics {
    captures: IntCounterVec,
    bytes: IntGauge,
}

impl RecordMetrics {
    fn register(metrics: &Registrar) -> Result<Self> {
        let captures = metrics.counters(
            "captures_total",
            "Recorded ticks: written, or dropped because of the queue, the memory, the size or the disk.",
            &["outcome"],
        )?;
        for outcome in Outcome::ALL {
            captures.with_label_values(&[outcome.as_str()]);
        }
        Ok(Self {
            captures,
            bytes: metrics.gauge("captures_bytes", "Bytes of all captures on the disk.")?,
        })
    }

    fn count(&self, outcome: Outcome) {
        self.captures.with_label_values(&[outcome.as_str()]).inc();
    }
}

/// Records ticks. Cheap to clone; the thread that writes ends with the last one.
#[derive(Clone)]
pub struct Recorder(Arc<Inner>);

struct Inner {
    settings: RecordSettings,
    /// The bounds in force, as a header has them.
    bounds: Vec<(&'static str, u64)>,
    writer: SyncSender<Finished>,
    metrics: RecordMetrics,
    /// Memory that is used again.
    spare: Spare,
    /// Bytes that all recordings hold, and how many they may hold.
    held: Arc<AtomicU64>,
    may_hold: u64,
}

/// A tick to write.
struct Finished {
    header: Header,
    kind: Kind,
    messages: Messages,
    _held: Held,
}

/// Bytes that are held; given back when it is dropped.
#[derive(Debug)]
struct Held {
    all: Arc<AtomicU64>,
    bytes: u64,
}

impl Held {
    /// Nothing yet.
    fn of(all: &Arc<AtomicU64>) -> Self {
        Self {
            all: Arc::clone(all),
            bytes: 0,
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Relaxed);
    }
}

impl Recorder {
    /// Starts the thread that writes; `None` if nothing is to be recorded. A folder that cannot be written
    /// is a warning, and every capture is counted as dropped.
    ///
    /// # Errors
    ///
    /// If a metric is registered already.
    pub fn start(
        settings: RecordSettings,
        limits: &Limits,
        metrics: &Registrar,
    ) -> Result<Option<(Self, Writer)>> {
        let metrics = RecordMetrics::register(metrics)?;
        let Some(folder) = settings.folder() else {
            return Ok(None);
        };
        let (writer, finished) = sync_channel::<Finished>(QUEUE);
        let disk = Disk::new(folder, settings.record_ticks_max_bytes, metrics.clone());
        // It ends when the last recorder is dropped; what is queued then is still written.
        let spawned = std::thread::Builder::new()
            .name("captures".to_owned())
            .spawn(move || disk.write_all(&finished));
        let thread = match spawned {
            Ok(thread) => thread,
            Err(error) => {
                tracing::warn!(%error, "no ticks are recorded: a thread cannot be started");
                return Ok(None);
            }
        };
        let recorder = Self(Arc::new(Inner {
            settings,
            bounds: limits.recorded(),
            writer,
            metrics,
            spare: Spare::default(),
            held: Arc::default(),
            may_hold: limits.memory_bytes() / SHARE_OF_MEMORY,
        }));
        Ok(Some((recorder, Writer(thread))))
    }

    /// Begins to record a tick.
    pub(super) fn begin(&self, kind: TickKind) -> Recording {
        Recording {
            recorder: self.clone(),
            kind: match kind {
                TickKind::Match => Kind::Match,
                TickKind::Backfill => Kind::Backfill,
            },
            messages: Messages::new(self.0.spare.clone()),
            held: Held::of(&self.0.held),
            choice: Choice::Undecided,
        }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recorder").field(&self.0.settings).finish()
    }
}

/// The thread that writes captures.
#[derive(Debug)]
pub struct Writer(JoinHandle<()>);

impl Writer {
    /// Waits until it has written what was recorded, but not longer than that. It ends when no
    /// [`Recorder`] is left.
    pub async fn finished(&self, within: Duration) {
        let ends = Instant::now() + within;
        while !self.0.is_finished() && Instant::now() < ends {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// A tick that is being recorded.
#[derive(Debug)]
pub(super) struct Recording {
    recorder: Recorder,
    kind: Kind,
    messages: Messages,
    held: Held,
    choice: Choice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    /// Its pool is not known yet.
    Undecided,
    Chosen,
    NotChosen,
    Dropped,
}

impl Recording {
    /// Whether there is nothing more to record.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.choice, Choice::NotChosen | Choice::Dropped)
    }

    /// A request has come; `record` is what is known of the tick with it.
    pub(super) fn request(&mut self, request: &[u8]) {
        if !self.is_over() {
            self.messages.request(self.kind, request);
            self.hold();
        }
    }

    /// Decides whether the tick is recorded, once its pool is known.
    pub(super) fn decide(&mut self, record: &TickRecord) {
        if self.choice != Choice::Undecided || record.match_pool.is_empty() {
            return;
        }
        let settings = &self.recorder.0.settings;
        self.choice = match settings.chooses(&record.match_pool, record.tick_id) {
            true => Choice::Chosen,
            false => Choice::NotChosen,
        };
        if self.choice == Choice::NotChosen {
            self.forget();
        }
    }

    /// A match goes out, see [`Messages::answer`].
    pub(super) fn answer(&mut self, made: &[u8], of_tickets: usize, places: &[u32]) {
        if !self.is_over() {
            self.messages.answer(made, of_tickets, places);
            self.hold();
        }
    }

    /// A proposal goes out.
    pub(super) fn proposal(&mut self, proposal: &impl Message) {
        if !self.is_over() {
            self.messages.proposal(proposal);
            self.hold();
        }
    }

    /// The tick has ended: hands it over to the thread that writes, if it is one of those to be kept.
    pub(super) fn finish(self, record: &TickRecord) {
        let shared = &self.recorder.0;
        let is_slow = record.duration.as_millis() >= shared.settings.slower_than_ms().into();
        if self.choice != Choice::Chosen || !is_slow {
            return;
        }
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bounds = shared.bounds.iter();
        let header = Header {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            now_ms: record.now_ms,
            tick_id: record.tick_id,
            match_pool: record.match_pool.to_string(),
            tickets: record.tickets,
            duration_us: micros(record.duration),
            finish_us: micros(record.finish),
            finished: record.finished,
            out_of_budget: record.is_out_of_budget(),
            bounds: bounds
                .map(|(name, value)| ((*name).to_owned(), *value))
                .collect(),
        };
        let finished = Finished {
            header,
            kind: self.kind,
            messages: self.messages,
            _held: self.held,
        };
        match shared.writer.try_send(finished) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => shared.metrics.count(Outcome::QueueFull),
            Err(TrySendError::Disconnected(_)) => shared.metrics.count(Outcome::DiskError),
        }
    }

    /// Takes from what all may hold; drops the recording if that is used up.
    fn hold(&mut self) {
        let needed = (self.messages.bytes() as u64).next_multiple_of(GRAIN);
        if needed <= self.held.bytes {
            return;
        }
        let more = needed - self.held.bytes;
        let before = self.held.all.fetch_add(more, Relaxed);
        self.held.bytes = needed;
        if before + more > self.recorder.0.may_hold {
            self.forget();
            self.choice = Choice::Dropped;
            self.recorder.0.metrics.count(Outcome::NoMemory);
        }
    }

    /// Gives everything back.
    fn forget(&mut self) {
        self.messages = Messages::default();
        self.held = Held::of(&self.held.all);
    }
}

impl RecordSettings {
    /// Whether a tick is recorded, by its pool and number: every replica and a retry decide the same.
    fn chooses(&self, pool: &str, tick_id: u64) -> bool {
        if !self.pools().any(|wanted| wanted == pool) && self.pools().next().is_some() {
            return false;
        }
        let key = [pool.as_bytes(), &tick_id.to_be_bytes()].concat();
        let hash = murmur3::murmur3_32(&mut Cursor::new(key), 0).unwrap_or_default();
        f64::from(hash) < self.record_ticks_share * (f64::from(u32::MAX) + 1.0)
    }

    fn folder(&self) -> Option<PathBuf> {
        let folder = self.record_ticks_dir.clone()?;
        (!folder.as_os_str().is_empty()).then_some(folder)
    }
}
