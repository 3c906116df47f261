//! What happened, as numbers that a metrics exporter reads when it is asked: closed sets only.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::time::Instant;

use super::refusal::Refusal;

/// What is asked of AGS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(usize)]
pub enum Endpoint {
    /// `POST /iam/v3/oauth/token`
    Token,
    /// `GET /iam/v3/oauth/jwks`
    Jwks,
    /// `GET /iam/v3/oauth/revocationlist`
    RevocationList,
    /// `GET /iam/v3/admin/namespaces/{namespace}/roleoverride/{roleId}/permissions` and
    /// `GET /iam/v3/admin/roles/{roleId}`
    Role,
    /// `GET /basic/v1/admin/namespaces/{namespace}/context`
    NamespaceContext,
}

impl Endpoint {
    /// Every endpoint, in declaration order.
    pub const ALL: [Self; 5] = [
        Self::Token,
        Self::Jwks,
        Self::RevocationList,
        Self::Role,
        Self::NamespaceContext,
    ];

    /// The name for logs and as a metric label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Jwks => "jwks",
            Self::RevocationList => "revocation_list",
            Self::Role => "role",
            Self::NamespaceContext => "namespace_context",
        }
    }
}

/// Counters and ages of the auth module. Reading and counting take no lock.
#[derive(Debug)]
pub struct Stats {
    start: Instant,
    /// Milliseconds after `start`, plus one; 0 for never.
    jwks_loaded: AtomicU64,
    revocation_list_loaded: AtomicU64,
    fetches: [AtomicU64; Endpoint::ALL.len()],
    fetch_failures: [AtomicU64; Endpoint::ALL.len()],
    permits_cached: AtomicU64,
    permits_verified: AtomicU64,
    refusals: [AtomicU64; Refusal::ALL.len()],
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            jwks_loaded: AtomicU64::default(),
            revocation_list_loaded: AtomicU64::default(),
            fetches: Default::default(),
            fetch_failures: Default::default(),
            permits_cached: AtomicU64::default(),
            permits_verified: AtomicU64::default(),
            refusals: Default::default(),
        }
    }
}

impl Stats {
    /// Seconds since the key set was fetched; `None` before the first.
    pub fn jwks_age_s(&self) -> Option<f64> {
        self.age(&self.jwks_loaded)
    }

    /// Seconds since the revocation list was fetched; `None` before the first.
    pub fn revocation_list_age_s(&self) -> Option<f64> {
        self.age(&self.revocation_list_loaded)
    }

    /// Requests to AGS so far, failed ones included.
    pub fn fetches(&self, endpoint: Endpoint) -> u64 {
        self.fetches[endpoint as usize].load(Relaxed)
    }

    /// Requests to AGS that gave nothing usable: no answer, an error status, an unusable body.
    pub fn fetch_failures(&self, endpoint: Endpoint) -> u64 {
        self.fetch_failures[endpoint as usize].load(Relaxed)
    }

    /// Calls let through because their token had been verified before.
    pub fn permits_cached(&self) -> u64 {
        self.permits_cached.load(Relaxed)
    }

    /// Calls let through after a full verification.
    pub fn permits_verified(&self) -> u64 {
        self.permits_verified.load(Relaxed)
    }

    /// Calls turned away for this reason.
    pub fn refusals(&self, refusal: Refusal) -> u64 {
        self.refusals[refusal as usize].load(Relaxed)
    }

    pub(super) fn count_fetch(&self, endpoint: Endpoint) {
        self.fetches[endpoint as usize].fetch_add(1, Relaxed);
    }

    pub(super) fn count_fetch_failure(&self, endpoint: Endpoint) {
        self.fetch_failures[endpoint as usize].fetch_add(1, Relaxed);
    }

    pub(super) fn count_cached_permit(&self) {
        self.permits_cached.fetch_add(1, Relaxed);
    }

    pub(super) fn count_verified_permit(&self) {
        self.permits_verified.fetch_add(1, Relaxed);
    }

    pub(super) fn count_refusal(&self, refusal: Refusal) {
        self.refusals[refusal as usize].fetch_add(1, Relaxed);
    }

    pub(super) fn jwks_was_loaded(&self) {
        self.mark(&self.jwks_loaded);
    }

    pub(super) fn revocation_list_was_loaded(&self) {
        self.mark(&self.revocation_list_loaded);
    }

    fn mark(&self, loaded: &AtomicU64) {
        let elapsed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        loaded.store(elapsed + 1, Relaxed);
    }

    fn age(&self, loaded: &AtomicU64) -> Option<f64> {
        let loaded = loaded.load(Relaxed).checked_sub(1)?;
        Some((self.start.elapsed().as_secs_f64() - loaded as f64 / 1e3).max(0.0))
    }
}
