//! The tasks of calls, and how long they may take.
//!
//! HTTP/2 asks a response for its next part only while the client has room for it. So a limit of
//! time that the response itself checks does not hold for a client that gives no room. The task of
//! the call holds it: at the limit it is run once more, so that the call can end with a status, and
//! a little later it is dropped, and with it the tick, its tickets and the call. Its connection then
//! takes no new calls and is closed when the others have ended.

use std::cell::Cell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use hyper::rt::Executor;
use tokio::time::{Instant, sleep_until};

use super::activity::Activity;

/// How long a call may take to send its status after its limit.
const LAST_WORDS: Duration = Duration::from_secs(1);

tokio::task_local! {
    /// When the call has to have ended, once that is known.
    static END: Cell<Option<Instant>>;
}

/// The call that is running has to end at this time. Without effect outside the task of a call.
pub fn end_at(end: Instant) {
    let _ = END.try_with(|cell| cell.set(Some(end)));
}

/// Whether the time of the call that is running, or that is being dropped, is over.
pub fn is_over() -> bool {
    let end = END.try_with(Cell::get).ok().flatten();
    end.is_some_and(|end| Instant::now() >= end)
}

/// How long a call may run in its connection's own task. Longer ones would hold up their neighbours.
const SHORT: Duration = Duration::from_micros(200);

/// So many calls after a longer one get tasks. So of a hundred calls at once, which is what a connection may
/// open by default, at most four are long ones that run here.
const AFTER_LONG: u32 = 32;

/// Runs one connection's calls.
///
/// A unary call has come as a whole with its headers, and ends when it is first run: it needs no task, wakes
/// no other thread, and its answer leaves together with those of its neighbours. A call then costs a sixth less.
#[derive(Debug, Clone)]
pub(super) struct Calls {
    activity: Arc<Activity>,
    /// How many of the next calls get tasks at once.
    tasks: Arc<AtomicU32>,
}

impl Calls {
    /// Calls that keep this connection busy.
    pub(super) fn of(activity: &Arc<Activity>) -> Self {
        Self {
            activity: Arc::clone(activity),
            tasks: Arc::default(),
        }
    }
}

impl<F> Executor<F> for Calls
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, call: F) {
        let open = self.activity.call();
        // In a box at once: it is large, and moved again if it has to wait.
        let mut call = Box::pin(call);
        let mut end = None;
        let tasks = self.tasks.load(Relaxed);
        if tasks > 0 {
            self.tasks.store(tasks - 1, Relaxed);
        } else {
            let begun = Instant::now();
            let first = END.sync_scope(Cell::new(None), || {
                // Nobody needs to be told: a call that waits is run again by its task.
                let mut nobody = Context::from_waker(Waker::noop());
                let first = catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(&mut nobody)));
                end = END.with(Cell::get);
                first
            });
            if begun.elapsed() > SHORT {
                self.tasks.store(AFTER_LONG, Relaxed);
            }
            // A panic ends the call alone, as that of a task does.
            let Ok(Poll::Pending) = first else {
                return;
            };
        }
        let activity = Arc::clone(&self.activity);
        tokio::spawn(END.scope(Cell::new(end), async move {
            if within_its_time(call).await == Ended::Cut {
                activity.set_stalled();
            }
            drop(open);
        }));
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Ended {
    ByItself,
    Cut,
}

async fn within_its_time(call: impl Future<Output = ()>) -> Ended {
    let mut call = pin!(call);
    let mut alarm = pin!(None);
    let mut is_late = false;
    poll_fn(|cx| {
        loop {
            if call.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ended::ByItself);
            }
            let Some(end) = END.with(Cell::get) else {
                return Poll::Pending;
            };
            // Most calls end before they have to wait, and need no alarm.
            if alarm.is_none() {
                let wait = if is_late { LAST_WORDS } else { Duration::ZERO };
                alarm.set(Some(sleep_until(end + wait)));
            }
            if let Some(alarm) = alarm.as_mut().as_pin_mut() {
                ready!(alarm.poll(cx));
            }
            if is_late {
                return Poll::Ready(Ended::Cut);
            }
            is_late = true;
            alarm.set(None);
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn a_call_that_ends_at_once_needs_no_task() {
        let activity = Activity::new();
        // There is no runtime here: a task would be a panic.
        Calls::of(&activity).execute(ready(()));
        Calls::of(&activity).execute(async { panic!("a fault of one call") });
        assert!(activity.quiet_since().is_some(), "both have ended");
    }

    #[tokio::test]
    async fn calls_after_a_long_one_get_tasks() {
        let activity = Activity::new();
        let calls = Calls::of(&activity);
        calls.execute(async { std::thread::sleep(2 * SHORT) });
        assert!(activity.quiet_since().is_some(), "it has ended");
        for _ in 0..AFTER_LONG {
            calls.execute(ready(()));
        }
        assert_eq!(activity.quiet_since(), None, "they wait for their turn");
        while activity.quiet_since().is_none() {
            tokio::task::yield_now().await;
        }
        calls.execute(ready(()));
        assert!(activity.quiet_since().is_some(), "tasks for a while only");
    }

    #[tokio::test]
    async fn a_call_that_waits_goes_on() {
        let activity = Activity::new();
        let (ask, asked) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        Calls::of(&activity).execute(async {
            let question: u32 = asked.await.expect("a question");
            answer.send(question + 1).expect("somebody waits");
        });
        assert_eq!(activity.quiet_since(), None);
        ask.send(1).expect("the call waits");
        assert_eq!(answered.await, Ok(2));
    }
}
