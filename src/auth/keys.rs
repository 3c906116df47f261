//! The key set in use, and when IAM is asked for a new one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::time::Instant;

use super::claims::UnverifiedToken;
use super::flight::Flight;
use super::iam::{BoxFuture, IamError};
use super::jwks::KeySet;
use super::refusal::Refusal;

/// Minimum time between two fetches caused by unknown key ids, which any caller can make up.
pub(super) const UNKNOWN_KID_COOLDOWN: Duration = Duration::from_secs(10);

/// Fetches a key set.
type Load = dyn Fn() -> BoxFuture<'static, Result<KeySet, IamError>> + Send + Sync;

/// The keys in use.
pub(super) struct Keys {
    load: Box<Load>,
    current: Arc<ArcSwapOption<KeySet>>,
    flight: Flight<Result<(), Arc<IamError>>>,
    refetch: Flight<bool>,
    /// When an unknown kid last caused a fetch, and whether IAM answered.
    last_refetch: Mutex<Option<(Instant, bool)>>,
    on_change: Arc<dyn Fn() + Send + Sync>,
}

impl Keys {
    /// Keys that `load` gets; `on_change` is called after each new set is in use.
    pub(super) fn new(
        load: impl Fn() -> BoxFuture<'static, Result<KeySet, IamError>> + Send + Sync + 'static,
        on_change: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self {
            load: Box::new(load),
            current: Arc::default(),
            flight: Flight::default(),
            refetch: Flight::default(),
            last_refetch: Mutex::default(),
            on_change: Arc::new(on_change),
        }
    }

    /// Whether a key set has been fetched.
    pub(super) fn are_loaded(&self) -> bool {
        self.current.load().is_some()
    }

    /// Fetches the key set, or waits for a fetch that is running. After a failure the old set
    /// stays; a new set replaces it, so that a key that IAM withdraws is not accepted any more.
    pub(super) async fn refresh(&self) -> Result<(), Arc<IamError>> {
        let outcome = self
            .flight
            .join(|| {
                let (current, on_change) = (Arc::clone(&self.current), Arc::clone(&self.on_change));
                let loading = (self.load)();
                async move {
                    let keys = loading.await?;
                    current.store(Some(Arc::new(keys)));
                    on_change();
                    Ok(())
                }
            })
            .await;
        outcome.unwrap_or_else(|| Err(Arc::new(IamError::Cancelled)))
    }

    /// Checks the signature of a token. If its key is unknown, IAM is asked again first.
    pub(super) async fn verify(
        self: &Arc<Self>,
        token: &UnverifiedToken<'_>,
    ) -> Result<(), Refusal> {
        match self.verify_now(token) {
            Err(Refusal::UnknownKey) if self.refetched_for_unknown_kid().await => {
                self.verify_now(token)
            }
            Err(Refusal::UnknownKey) => Err(Refusal::IamUnavailable),
            verdict => verdict,
        }
    }

    fn verify_now(&self, token: &UnverifiedToken<'_>) -> Result<(), Refusal> {
        match &*self.current.load() {
            Some(keys) => keys.verify(token),
            None => Err(Refusal::IamUnavailable),
        }
    }

    /// Fetches the key set for a kid that it does not have, unless that was done a moment ago.
    /// Returns whether IAM answered.
    async fn refetched_for_unknown_kid(self: &Arc<Self>) -> bool {
        if let Some(answered) = self.answered_moments_ago() {
            return answered;
        }
        let outcome = self
            .refetch
            .join(|| {
                let keys = Arc::clone(self);
                async move {
                    // Checked again: another refetch may have ended before this one began.
                    if let Some(answered) = keys.answered_moments_ago() {
                        return answered;
                    }
                    let answered = keys.refresh().await.is_ok();
                    *keys.last_refetch() = Some((Instant::now(), answered));
                    answered
                }
            })
            .await;
        outcome.unwrap_or(false)
    }

    fn answered_moments_ago(&self) -> Option<bool> {
        let (at, answered) = (*self.last_refetch())?;
        (at.elapsed() < UNKNOWN_KID_COOLDOWN).then_some(answered)
    }

    fn last_refetch(&self) -> MutexGuard<'_, Option<(Instant, bool)>> {
        self.last_refetch
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys")
            .field("loaded", &self.are_loaded())
            .finish_non_exhaustive()
    }
}
