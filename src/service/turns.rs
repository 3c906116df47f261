//! Which ticks match now.
//!
//! As many match at a time as there are CPUs. The others wait, and the one that has matched for the
//! shortest time goes first: a tick that has used up its slice lets it in. So a short tick never waits
//! until a long one ends, and long ones share what is left.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::IntGauge;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// How long a tick matches before others that have matched for a shorter time are let in.
const SLICE: Duration = Duration::from_millis(10);

/// The ticks that match and that wait. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    queue: Arc<Mutex<Queue>>,
    waiting: IntGauge,
}

#[derive(Debug)]
struct Queue {
    /// How many more ticks may match now; 0 while any waits.
    free: usize,
    next: u64,
    waiting: BTreeMap<Place, oneshot::Sender<Permit>>,
}

/// A place in the queue: first those that have matched for the shortest time, then those that came
/// first.
type Place = (Duration, u64);

/// The right to match. When it is dropped, even on its way to a tick that has gone, the next tick gets
/// it.
#[derive(Debug)]
struct Permit(Option<Turns>);

/// The turn of a tick, on the thread where it matches.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Turns,
    permit: RefCell<Option<Permit>>,
    /// How long it had matched when its slice began.
    used: Cell<Duration>,
    slice: Cell<Instant>,
}

/// A tick in the queue; it leaves the queue when this is dropped.
struct Waiting<'t> {
    turns: &'t Turns,
    place: Place,
}

impl Turns {
    /// Turns of at most `ticks` at a time; `waiting` shows how many wait.
    pub(super) fn new(ticks: usize, waiting: IntGauge) -> Self {
        let queue = Queue {
            free: ticks,
            next: 0,
            waiting: BTreeMap::new(),
        };
        Self {
            queue: Arc::new(Mutex::new(queue)),
            waiting,
        }
    }

    /// The first turn of a tick. `None` if it did not come before the deadline.
    pub(super) async fn first(&self, deadline: Instant) -> Option<Turn> {
        let permit = timeout_at(deadline, self.permit(Duration::ZERO)).await;
        Some(Turn {
            turns: self.clone(),
            permit: RefCell::new(Some(permit.ok()?)),
            used: Cell::new(Duration::ZERO),
            slice: Cell::new(Instant::now()),
        })
    }

    /// Waits until it is the turn of a tick that has matched for so long.
    async fn permit(&self, used: Duration) -> Permit {
        let (sender, called) = oneshot::channel();
        let waiting = {
            let mut queue = self.lock();
            if queue.free > 0 {
                queue.free -= 1;
                return Permit(Some(self.clone()));
            }
            let place = (used, queue.next);
            queue.next += 1;
            queue.waiting.insert(place, sender);
            self.show(&queue);
            Waiting { turns: self, place }
        };
        let permit = called.await;
        drop(waiting);
        // The sender is dropped only by `Waiting`, which was still here.
        permit.expect("every tick in the queue is called")
    }

    /// Whether a tick waits that has matched for a shorter time.
    fn has_shorter(&self, used: Duration) -> bool {
        let queue = self.lock();
        let first = queue.waiting.first_key_value();
        first.is_some_and(|((shortest, _), _)| *shortest < used)
    }

    /// Gives the right to match to the next tick.
    fn pass_on(self) {
        let mut permit = Permit(Some(self.clone()));
        loop {
            let next = {
                let mut queue = self.lock();
                let next = queue.waiting.pop_first();
                if next.is_none() {
                    queue.free += 1;
                }
                self.show(&queue);
                next
            };
            let refused = match next {
                Some((_, tick)) => tick.send(permit).err(),
                None => {
                    permit.0 = None;
                    return;
                }
            };
            match refused {
                Some(again) => permit = again,
                None => return,
            }
        }
    }

    fn show(&self, queue: &Queue) {
        self.waiting
            .set(i64::try_from(queue.waiting.len()).unwrap_or(i64::MAX));
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // What is done under the lock does not panic half way.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(turns) = self.0.take() {
            turns.pass_on();
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut queue = self.turns.lock();
        let left = queue.waiting.remove(&self.place);
        self.turns.show(&queue);
        drop(queue);
        drop(left);
    }
}

impl Turn {
    /// Once the slice is over, lets a tick in that has matched for a shorter time, and blocks the thread
    /// until it is this one's turn again, the deadline has passed, or `gone` is ready: nobody wants its
    /// answers any more.
    pub(super) fn give_way(&self, deadline: Instant, gone: impl Future<Output = ()>) {
        let now = Instant::now();
        let slice = now.duration_since(self.slice.get());
        if slice < SLICE || self.permit.borrow().is_none() {
            return;
        }
        self.used.set(self.used.get() + slice);
        self.slice.set(now);
        if !self.turns.has_shorter(self.used.get()) {
            return;
        }
        drop(self.permit.take());
        let again = Handle::current().block_on(async {
            tokio::select! {
                permit = timeout_at(deadline, self.turns.permit(self.used.get())) => permit.ok(),
                () = gone => None,
            }
        });
        self.permit.replace(again);
        self.slice.set(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    fn turns(ticks: usize) -> Turns {
        Turns::new(ticks, IntGauge::new("waiting", "help").unwrap())
    }

    fn in_a_second() -> Instant {
        Instant::now() + Duration::from_secs(1)
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_match_as_may_and_the_next_one_when_one_ends() {
        let turns = turns(2);
        let first = turns.first(in_a_second()).await.unwrap();
        let _second = turns.first(in_a_second()).await.unwrap();
        let third = tokio::spawn({
            let turns = turns.clone();
            async move { turns.first(in_a_second()).await.is_some() }
        });
        tokio::task::yield_now().await;
        assert_eq!(turns.waiting.get(), 1);
        drop(first);
        assert!(third.await.unwrap());
        assert_eq!(turns.waiting.get(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_does_not_come_in_time_is_given_to_others() {
        let turns = turns(1);
        let first = turns.first(in_a_second()).await.unwrap();
        assert!(turns.first(in_a_second()).await.is_none());
        assert_eq!(turns.waiting.get(), 0);
        drop(first);
        assert_eq!(turns.lock().free, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_tick_that_goes_while_it_is_called_loses_no_turn() {
        let turns = turns(1);
        let first = turns.first(in_a_second()).await.unwrap();
        let mut gone = Box::pin(turns.permit(Duration::ZERO));
        assert!(futures_util::poll!(&mut gone).is_pending());
        let mut next = Box::pin(turns.permit(Duration::ZERO));
        assert!(futures_util::poll!(&mut next).is_pending());
        // It was called, and does not look any more.
        drop(first);
        drop(gone);
        let permit = next.await;
        drop(permit);
        assert_eq!(turns.lock().free, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_tick_that_has_matched_for_a_slice_lets_shorter_ones_in() {
        let turns = turns(1);
        let long = turns.first(in_a_second()).await.unwrap();
        let short = tokio::spawn({
            let turns = turns.clone();
            async move { turns.first(in_a_second()).await.is_some() }
        });
        tokio::task::yield_now().await;
        let deadline = in_a_second();
        // Its slice is not over.
        let long = blocking(long, move |long| long.give_way(deadline, pending())).await;
        assert!(!short.is_finished());
        tokio::time::advance(SLICE).await;
        let long = blocking(long, move |long| long.give_way(deadline, pending())).await;
        // The short one has matched and ended, and this one goes on.
        assert!(short.await.unwrap());
        assert!(long.permit.borrow().is_some());
        assert_eq!(long.used.get(), SLICE);
        drop(long);
        assert_eq!(turns.lock().free, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_tick_whose_client_has_gone_does_not_wait_for_its_turn() {
        let turns = turns(1);
        let long = turns.first(in_a_second()).await.unwrap();
        let mut short = Box::pin(turns.first(in_a_second()));
        assert!(futures_util::poll!(&mut short).is_pending());
        tokio::time::advance(SLICE).await;
        let deadline = in_a_second();
        let long = blocking(long, move |long| {
            long.give_way(deadline, std::future::ready(()));
        })
        .await;
        assert!(long.permit.borrow().is_none());
        assert!(short.await.is_some());
    }

    async fn blocking(turn: Turn, work: impl FnOnce(&Turn) + Send + 'static) -> Turn {
        let work = move || {
            work(&turn);
            turn
        };
        tokio::task::spawn_blocking(work).await.unwrap()
    }
}
