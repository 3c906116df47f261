//! One request at a time: callers that need the same thing meanwhile share its outcome.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;
use tracing::{Instrument as _, Span};

/// A shared request. It runs in its own task, so a caller that goes away does not cancel it for the
/// others.
#[derive(Debug)]
pub(super) struct Flight<T>(Mutex<Option<watch::Receiver<Option<T>>>>);

impl<T> Default for Flight<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone + Send + Sync + 'static> Flight<T> {
    /// The outcome of the request under way, or of a new one made by `start` if there is none.
    /// `None` if the task was ended before it had an outcome.
    pub(super) async fn join<F>(&self, start: impl FnOnce() -> F) -> Option<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut outcome = self.under_way_or(start);
        let found = outcome.wait_for(Option::is_some).await.ok()?;
        found.clone()
    }

    fn under_way_or<F>(&self, start: impl FnOnce() -> F) -> watch::Receiver<Option<T>>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outcome) = &*current
            && outcome.borrow().is_none()
            && outcome.has_changed().is_ok()
        {
            return outcome.clone();
        }
        let (sender, receiver) = watch::channel(None);
        let request = start();
        // Made here so that the request belongs to the trace of the call that needs it. A lookup
        // within a lookup stays in the span of the outer one.
        let span = match Span::current() {
            span if span.is_none() => tracing::info_span!("AGS lookup"),
            span => span,
        };
        tokio::spawn(async move { _ = sender.send(Some(request.await)) }.instrument(span));
        *current = Some(receiver.clone());
        receiver
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::time::{sleep, timeout};

    use super::Flight;

    #[tokio::test(start_paused = true)]
    async fn callers_share_one_request_and_the_next_one_is_new() {
        let (flight, requests) = (Flight::default(), Arc::new(AtomicUsize::new(0)));
        let ask = || {
            flight.join(|| {
                let requests = Arc::clone(&requests);
                async move {
                    sleep(Duration::from_secs(1)).await;
                    requests.fetch_add(1, Ordering::SeqCst) + 1
                }
            })
        };
        assert_eq!(
            tokio::join!(ask(), ask(), ask()),
            (Some(1), Some(1), Some(1))
        );
        assert_eq!(ask().await, Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_goes_away_does_not_cancel_it() {
        let (flight, requests) = (Flight::default(), Arc::new(AtomicUsize::new(0)));
        let ask = || {
            flight.join(|| {
                let requests = Arc::clone(&requests);
                async move {
                    requests.fetch_add(1, Ordering::SeqCst);
                    sleep(Duration::from_secs(2)).await;
                    "done"
                }
            })
        };
        assert!(timeout(Duration::from_secs(1), ask()).await.is_err());
        assert_eq!(ask().await, Some("done"));
        assert_eq!(requests.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_request_that_dies_gives_nothing_and_the_next_one_starts_anew() {
        let flight = Flight::default();
        assert_eq!(
            flight.join(|| async { panic!("on purpose") }).await,
            None::<u8>
        );
        assert_eq!(flight.join(|| async { 7 }).await, Some(7));
    }
}
