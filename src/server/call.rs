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

/// Starts the tasks of one connection's calls.
#[derive(Debug, Clone)]
pub(super) struct Calls(Arc<Activity>);

impl Calls {
    /// Calls that keep this connection busy.
    pub(super) fn of(activity: &Arc<Activity>) -> Self {
        Self(Arc::clone(activity))
    }
}

impl<F> Executor<F> for Calls
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, call: F) {
        let open = self.0.call();
        // In a box at once: it is large, and moved again if it has to wait.
        let mut call = Box::pin(call);
        // A unary call has come as a whole with its headers, and ends here: it needs no task, wakes no
        // other thread, and its answer leaves together with those of its neighbours, which is a quarter of
        // what an observed call costs. A call that has to wait is run again by its task, so nobody needs to
        // be told now. A panic ends the call alone, as that of a task does.
        let (first, end) = END.sync_scope(Cell::new(None), || {
            let mut nobody = Context::from_waker(Waker::noop());
            let first = catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(&mut nobody)));
            (first, END.with(Cell::get))
        });
        if let Ok(Poll::Pending) = first {
            let activity = Arc::clone(&self.0);
            tokio::spawn(END.scope(Cell::new(end), async move {
                if within_its_time(call).await == Ended::Cut {
                    activity.set_stalled();
                }
                drop(open);
            }));
        }
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
        let calls = Calls::of(&activity);
        // There is no runtime here: a task would be a panic.
        calls.execute(ready(()));
        calls.execute(async { panic!("a fault of one call") });
        assert!(activity.quiet_since().is_some(), "both have ended");
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
