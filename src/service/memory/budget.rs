//! The budget itself: what is used, and which call may be read from.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

use super::call::CallMemory;
use super::freed::{self, Freed};
use crate::service::metrics::MemoryMetrics;

/// Bytes that all open calls may hold together. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::service) struct MemoryBudget(Arc<State>);

#[derive(Debug)]
struct State {
    marks: Marks,
    used: AtomicU64,
    /// Calls that were opened so far.
    opened: AtomicU64,
    /// How many calls of the queue wait. Changed with the queue locked.
    waiting: AtomicUsize,
    queue: Mutex<Queue>,
    freed: Freed,
    metrics: MemoryMetrics,
}

/// Large calls that are still being read, and small ones that wait; by age, the oldest first.
type Queue = BTreeMap<u64, Arc<Meter>>;

/// Numbers of bytes at which the budget does something.
#[derive(Debug)]
struct Marks {
    /// From here on large calls are held back.
    near: u64,
    /// From here on a large call is refused.
    full: u64,
    /// All of it.
    limit: u64,
    /// A call that holds this much is large.
    large: u64,
}

/// What one call is charged with.
#[derive(Debug)]
pub(super) struct Meter {
    /// How many calls were opened before it.
    age: u64,
    taken: AtomicU64,
    /// Whether it is in the queue. Changed with the queue locked.
    queued: AtomicBool,
    waits: AtomicBool,
    refused: AtomicBool,
    /// The task of the call, while it waits for memory or for its client.
    task: AtomicWaker,
}

/// Why a call is not read from any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::service) struct NoRoom {
    /// Whether it is a large call.
    pub(in crate::service) is_large: bool,
    /// Bytes that it holds.
    pub(in crate::service) taken: u64,
    /// Bytes that all calls hold.
    pub(in crate::service) used: u64,
    /// Bytes that they may hold.
    pub(in crate::service) limit: u64,
}

/// The queue at a glance.
#[derive(Default)]
struct Survey<'q> {
    /// Large calls that are not refused.
    calls: u64,
    /// The last of them.
    newest: Option<&'q Arc<Meter>>,
    /// Bytes of those that are refused and have not ended yet.
    leaving: u64,
}

enum Verdict {
    Go,
    Wait,
    Refuse(Arc<Meter>),
}

impl Marks {
    fn of(limit: u64) -> Self {
        Self {
            near: limit / 5 * 4,
            full: limit / 20 * 19,
            limit,
            large: (limit / 64).min(1 << 20),
        }
    }

    /// How far the budget may be used for one of so many large calls to be read from. The oldest one
    /// has rank 0.
    fn of_rank(&self, rank: u64, calls: u64) -> u64 {
        let band = self.full - self.near;
        self.near + band.saturating_mul(calls.saturating_sub(rank)) / calls.max(1)
    }
}

impl MemoryBudget {
    /// A budget of so many bytes.
    pub(in crate::service) fn new(limit: u64, metrics: MemoryMetrics) -> Self {
        metrics.set_limit(limit);
        Self(Arc::new(State {
            marks: Marks::of(limit),
            used: AtomicU64::new(0),
            opened: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            queue: Mutex::default(),
            freed: Freed::default(),
            metrics,
        }))
    }

    /// The memory of a call that begins. `inflation` is what a byte of its messages may become
    /// before the service sees it, and `most` the maximum of that in all.
    pub(in crate::service) fn open(&self, inflation: u64, most: u64) -> CallMemory {
        let age = self.0.opened.fetch_add(1, Ordering::Relaxed);
        let meter = Meter {
            age,
            taken: AtomicU64::new(0),
            queued: AtomicBool::new(false),
            waits: AtomicBool::new(false),
            refused: AtomicBool::new(false),
            task: AtomicWaker::new(),
        };
        CallMemory::new(self.clone(), Arc::new(meter), inflation, most)
    }

    /// Gives memory that calls have freed back to the system, for as long as it is polled.
    pub(in crate::service) async fn goes_back(self) {
        self.0.freed.goes_back(freed::call_allocator).await;
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn used(&self) -> u64 {
        self.0.used.load(Ordering::SeqCst)
    }

    pub(super) fn no_room(&self, meter: &Meter) -> NoRoom {
        let taken = meter.taken();
        NoRoom {
            is_large: taken >= self.0.marks.large,
            taken,
            used: self.used(),
            limit: self.0.marks.limit,
        }
    }

    pub(super) fn is_large(&self, meter: &Meter) -> bool {
        meter.taken() >= self.0.marks.large
    }

    /// Charges a call with more.
    pub(super) fn take(&self, meter: &Arc<Meter>, bytes: u64) {
        self.0.used.fetch_add(bytes, Ordering::SeqCst);
        self.0.metrics.taken(bytes);
        let before = meter.taken.fetch_add(bytes, Ordering::SeqCst);
        let large = self.0.marks.large;
        if before < large && before + bytes >= large {
            meter.joins(&mut self.queue());
        }
    }

    /// Charges a call with less.
    pub(super) fn give_back(&self, meter: &Meter, bytes: u64) {
        self.0.used.fetch_sub(bytes, Ordering::SeqCst);
        meter.taken.fetch_sub(bytes, Ordering::SeqCst);
        self.0.metrics.given_back(bytes);
        self.0.freed.add(bytes);
        self.wake();
    }

    /// The call is not read from any more: it has been read, or has ended.
    pub(super) fn leave(&self, meter: &Meter) {
        if !meter.queued.load(Ordering::SeqCst) {
            return;
        }
        let mut queue = self.queue();
        meter.leaves(&mut queue);
        self.waits_no_more(meter);
        drop(queue);
        self.wake();
    }

    /// Whether a call may be read from; else its task is woken when it may, or is refused. Without a
    /// lock while the budget is not nearly used.
    pub(super) fn poll_room(
        &self,
        meter: &Arc<Meter>,
        cx: &Context<'_>,
    ) -> Poll<Result<(), NoRoom>> {
        if self.used() < self.0.marks.near && !meter.waits() && !meter.is_refused() {
            return Poll::Ready(Ok(()));
        }
        let mut queue = self.queue();
        // First in the queue, then the look at what is used: a call that gives back in between finds
        // this one waiting.
        meter.task.register(cx.waker());
        meter.joins(&mut queue);
        let new = !meter.waits.swap(true, Ordering::SeqCst);
        if new {
            self.0.waiting.fetch_add(1, Ordering::SeqCst);
        }
        if meter.is_refused() {
            return self.refuse(meter);
        }
        let survey = self.survey(&queue);
        let older = queue.range(..meter.age).map(|(_, other)| other);
        let rank = older.filter(|other| !other.is_refused() && self.is_large(other));
        match self.judge(&survey, rank.count() as u64, meter) {
            Verdict::Go => {
                self.waits_no_more(meter);
                if !self.is_large(meter) {
                    meter.leaves(&mut queue);
                }
                return Poll::Ready(Ok(()));
            }
            Verdict::Wait => {}
            Verdict::Refuse(newest) => {
                newest.refused.store(true, Ordering::SeqCst);
                newest.task.wake();
            }
        }
        if meter.is_refused() {
            return self.refuse(meter);
        }
        if new {
            self.0.metrics.held_back();
        }
        Poll::Pending
    }

    /// Registers the task of a large call that waits for its client, and says whether the call was
    /// refused meanwhile.
    pub(super) fn poll_refused(&self, meter: &Meter, cx: &Context<'_>) -> Poll<Result<(), NoRoom>> {
        meter.task.register(cx.waker());
        if meter.is_refused() {
            return self.refuse(meter);
        }
        Poll::Pending
    }

    fn refuse<T>(&self, meter: &Meter) -> Poll<Result<T, NoRoom>> {
        self.0.metrics.refused();
        Poll::Ready(Err(self.no_room(meter)))
    }

    fn survey<'q>(&self, queue: &'q Queue) -> Survey<'q> {
        let mut survey = Survey::default();
        for other in queue.values() {
            if other.is_refused() {
                survey.leaving += other.taken();
            } else if self.is_large(other) {
                survey.calls += 1;
                survey.newest = Some(other);
            }
        }
        survey
    }

    /// What is to be done for a call of the queue; `rank` is the number of large calls that are
    /// older.
    fn judge(&self, survey: &Survey<'_>, rank: u64, meter: &Arc<Meter>) -> Verdict {
        let marks = &self.0.marks;
        let used = self.used();
        let is_large = self.is_large(meter);
        let (mark, full) = if is_large {
            (marks.of_rank(rank, survey.calls), marks.full)
        } else {
            (marks.limit, marks.limit)
        };
        if used < mark {
            return Verdict::Go;
        }
        let staying = used.saturating_sub(survey.leaving);
        if staying < full {
            return Verdict::Wait;
        }
        let newest = survey.newest.unwrap_or(meter);
        // The only large call that is still being read waits for those that end by themselves.
        let others = staying.saturating_sub(meter.taken());
        if newest.age == meter.age && is_large && others >= marks.large {
            return Verdict::Wait;
        }
        Verdict::Refuse(Arc::clone(newest))
    }

    fn waits_no_more(&self, meter: &Meter) {
        if meter.waits.swap(false, Ordering::SeqCst) {
            self.0.waiting.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Wakes the calls that wait and may be read from now.
    fn wake(&self) {
        if self.0.waiting.load(Ordering::SeqCst) == 0 {
            return;
        }
        let queue = self.queue();
        let survey = self.survey(&queue);
        let mut rank = 0;
        for meter in queue.values().filter(|meter| !meter.is_refused()) {
            if meter.waits() && !matches!(self.judge(&survey, rank, meter), Verdict::Wait) {
                meter.task.wake();
            }
            rank += u64::from(self.is_large(meter));
        }
    }
}

impl Meter {
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::SeqCst)
    }

    /// Whether it is held back until others have given back.
    pub(super) fn waits(&self) -> bool {
        self.waits.load(Ordering::SeqCst)
    }

    fn joins(self: &Arc<Self>, queue: &mut Queue) {
        queue.insert(self.age, Arc::clone(self));
        self.queued.store(true, Ordering::SeqCst);
    }

    fn leaves(&self, queue: &mut Queue) {
        queue.remove(&self.age);
        self.queued.store(false, Ordering::SeqCst);
    }

    fn is_refused(&self) -> bool {
        self.refused.load(Ordering::SeqCst)
    }
}
