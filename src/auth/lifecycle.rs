//! From settings to a running check of callers, with its refreshes, and its end.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::authorizer::{Judge, Requirement, TokenAuthorizer};
use super::cache::VerifiedTokens;
use super::grants::Grants;
use super::iam::{Http, Iam, IamClient, IamError, InjectHeaders};
use super::keys::Keys;
use super::metrics::{AuthMetrics, Document};
use super::refresh::{Failure, keep_fresh};
use super::settings::Settings;
use super::verdict::Authorizer;
use crate::clock::Clock;

/// What [`Auth`] is built with besides its settings.
#[derive(Clone)]
pub struct Options {
    /// The clock that tokens are judged by.
    pub clock: Clock,
    /// Adds the headers of the current trace to requests to AGS.
    pub inject_headers: Option<InjectHeaders>,
    /// Where verdicts and requests are counted.
    pub metrics: Arc<AuthMetrics>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Clock::system(),
            inject_headers: None,
            metrics: Arc::default(),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").finish_non_exhaustive()
    }
}

/// The running check of callers. Its refreshes end when it is dropped.
#[derive(Debug)]
pub struct Auth {
    authorizer: Arc<TokenAuthorizer>,
    ready: watch::Receiver<bool>,
    refreshes: JoinSet<()>,
}

impl Auth {
    /// Starts asking AGS for keys and the revocation list, in the background: an AGS that is down
    /// delays [readiness](Self::ready), not the start. Callers need READ on
    /// `NAMESPACE:{namespace}:{resource name}` or a token delegated to the namespace.
    ///
    /// To be called within a tokio runtime, with settings that have no
    /// [faults](Settings::validate).
    ///
    /// # Errors
    ///
    /// If the base URL is not a URL, or the HTTP client cannot be set up.
    pub fn start(settings: &Settings, app_name: &str, options: Options) -> Result<Self, IamError> {
        let requirement = Requirement::to_read(settings.namespace(), &settings.resource_name);
        Self::start_with(settings, app_name, options, requirement)
    }

    /// As [`start`](Self::start), for another requirement.
    ///
    /// # Errors
    ///
    /// If the base URL is not a URL, or the HTTP client cannot be set up.
    pub fn start_with(
        settings: &Settings,
        app_name: &str,
        options: Options,
        requirement: Requirement,
    ) -> Result<Self, IamError> {
        let Options {
            clock,
            inject_headers,
            metrics,
        } = options;
        let http = Http::new(
            &settings.login,
            app_name,
            inject_headers,
            Arc::clone(&metrics),
        )?;
        let interval = Duration::from_secs(settings.fetch_interval_s);
        Ok(Self::with_iam(
            Arc::new(IamClient::new(http)),
            requirement,
            clock,
            metrics,
            interval,
        ))
    }

    pub(super) fn with_iam(
        iam: Arc<dyn Iam>,
        requirement: Requirement,
        clock: Clock,
        metrics: Arc<AuthMetrics>,
        interval: Duration,
    ) -> Self {
        let verified = Arc::new(VerifiedTokens::new());
        let keys = {
            let (iam, verified, metrics) = (
                Arc::clone(&iam),
                Arc::clone(&verified),
                Arc::clone(&metrics),
            );
            Keys::new(
                move || {
                    let iam = Arc::clone(&iam);
                    Box::pin(async move { iam.key_set().await })
                },
                move || {
                    metrics.fetched(Document::KeySet);
                    verified.end_all();
                },
            )
        };
        let judge = Arc::new(Judge {
            requirement,
            clock,
            metrics,
            keys: Arc::new(keys),
            revoked: ArcSwapOption::empty(),
            grants: Grants::new(&iam, {
                let verified = Arc::clone(&verified);
                move || verified.end_all()
            }),
            verified,
        });
        let (ready_sender, ready) = watch::channel(false);
        let refreshes = Refresher {
            iam,
            judge: Arc::clone(&judge),
            ready: ready_sender,
            interval,
            pass: Mutex::default(),
        }
        .spawn();
        Self {
            authorizer: Arc::new(TokenAuthorizer(judge)),
            ready,
            refreshes,
        }
    }

    /// Judges callers.
    pub fn authorizer(&self) -> Arc<dyn Authorizer> {
        Arc::clone(&self.authorizer) as Arc<dyn Authorizer>
    }

    /// True from the moment that a key set and a revocation list have been fetched; it stays true.
    pub fn ready(&self) -> watch::Receiver<bool> {
        self.ready.clone()
    }

    /// What it has counted.
    pub fn metrics(&self) -> Arc<AuthMetrics> {
        Arc::clone(&self.authorizer.0.metrics)
    }

    /// Ends the refreshes and waits until they have ended. Verdicts are still given afterwards.
    pub async fn shutdown(mut self) {
        self.refreshes.shutdown().await;
    }
}

/// The background work.
struct Refresher {
    iam: Arc<dyn Iam>,
    judge: Arc<Judge>,
    ready: watch::Sender<bool>,
    interval: Duration,
    /// When the current pass over roles and namespaces began.
    pass: Mutex<Option<Instant>>,
}

impl Refresher {
    fn spawn(self) -> JoinSet<()> {
        let this = Arc::new(self);
        let mut tasks = JoinSet::new();
        let refresher = Arc::clone(&this);
        tasks.spawn(async move {
            keep_fresh("keys", || refresher.keys()).await;
        });
        let refresher = Arc::clone(&this);
        tasks.spawn(async move {
            keep_fresh("revocation list", || refresher.revocation_list()).await;
        });
        let refresher = Arc::clone(&this);
        tasks.spawn(async move {
            keep_fresh("client token", || refresher.client_token()).await;
        });
        tasks.spawn(async move {
            keep_fresh("roles and namespaces", || this.grants()).await;
        });
        tasks
    }

    async fn keys(&self) -> Result<Duration, Failure<Arc<IamError>>> {
        let outcome = self.judge.keys.refresh().await;
        outcome.map_err(|error| Failure {
            retry_after: error.retry_after(),
            error,
        })?;
        self.update_readiness();
        Ok(self.interval)
    }

    async fn revocation_list(&self) -> Result<Duration, Failure<IamError>> {
        let list = self.iam.revocation_list().await.map_err(failure)?;
        if list.odd_entries() > 0 {
            tracing::warn!(
                entries = list.odd_entries(),
                "entries of the revocation list cannot be read: their users are not treated as revoked"
            );
        }
        self.judge.revoked.store(Some(Arc::new(list)));
        self.judge.verified.end_all();
        self.judge.metrics.fetched(Document::RevocationList);
        self.update_readiness();
        Ok(self.interval)
    }

    async fn client_token(&self) -> Result<Duration, Failure<IamError>> {
        self.iam.renew_login().await.map_err(failure)
    }

    async fn grants(&self) -> Result<Duration, Failure<&'static str>> {
        // After a failure the same pass continues: what it has fetched is not fetched again.
        let since = *self.pass().get_or_insert_with(Instant::now);
        self.judge
            .grants
            .refresh(since)
            .await
            .map_err(|()| Failure {
                error: "a role or namespace in use could not be fetched again",
                retry_after: None,
            })?;
        *self.pass() = None;
        Ok(self.interval)
    }

    fn pass(&self) -> MutexGuard<'_, Option<Instant>> {
        self.pass.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update_readiness(&self) {
        if self.judge.keys.are_loaded() && self.judge.revoked.load().is_some() {
            self.ready
                .send_if_modified(|ready| !std::mem::replace(ready, true));
        }
    }
}

fn failure(error: IamError) -> Failure<IamError> {
    Failure {
        retry_after: error.retry_after(),
        error,
    }
}

#[cfg(test)]
mod tests;
