//! The tasks of calls, and how long they may take.
//!
//! HTTP/2 asks a response for its next part only while the client has room for it. So a limit of
//! time that the response itself checks does not hold for a client that gives no room. The task of
//! the call holds it: at the limit it is run once more, so that the call can end with a status, and
//! a little later it is dropped, and with it the tick, its tickets and the call. Its connection then
//! takes no new calls and is closed when the others have ended.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, ready};
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
        let activity = Arc::clone(&self.0);
        let open = activity.call();
        tokio::spawn(END.scope(Cell::new(None), async move {
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
