//! Composes the parts: header, form, key, signature, times, revocation, namespace, permission.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use http::HeaderMap;
use tokio::time::timeout;

use super::bearer::BearerToken;
use super::cache::{TokenHash, VerifiedTokens};
use super::claims::{Claims, UnverifiedToken};
use super::grants::Grants;
use super::keys::Keys;
use super::metrics::AuthMetrics;
use super::permission::{Actions, Permission};
use super::refusal::Refusal;
use super::revocation::RevocationList;
use super::verdict::{Authorizer, Decision, Permit};
use crate::clock::Clock;

/// Maximum time for one verdict, including lookups at IAM.
const VERDICT_TIMEOUT: Duration = Duration::from_secs(10);

/// What a caller needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The game namespace of this server: a delegated token must be for it, `{namespace}` stands
    /// for it, and the roles of the `roles` claim are held in it.
    pub namespace: Option<String>,
    /// The permission that a token without `extend_namespace` must grant; `{namespace}` and
    /// `{userId}` are filled in. `None`: any valid token will do.
    pub permission: Option<Permission>,
}

impl Requirement {
    /// READ on `NAMESPACE:{namespace}:{resource_name}`.
    pub fn to_read(namespace: &str, resource_name: &str) -> Self {
        let resource = format!("NAMESPACE:{namespace}:{resource_name}");
        Self {
            namespace: Some(namespace.to_owned()),
            permission: Some(Permission {
                resource,
                actions: Actions::READ,
            }),
        }
    }
}

/// Judges tokens by what has been fetched from IAM, and asks IAM for a key or role that is not
/// known.
#[derive(Debug)]
pub(super) struct TokenAuthorizer(pub(super) Arc<Judge>);

impl Authorizer for TokenAuthorizer {
    fn authorize(&self, headers: &HeaderMap) -> Decision {
        let judge = &self.0;
        let token = match BearerToken::from_headers(headers) {
            Ok(token) => token,
            Err(refusal) => {
                judge.metrics.refusals(refusal).inc();
                return Decision::Now(Err(refusal));
            }
        };
        let hash = TokenHash::of(token.expose());
        if let Some(permit) = judge.verified.get(&hash, judge.clock.unix_s()) {
            judge.metrics.permits_cached.inc();
            return Decision::Now(Ok(permit));
        }
        let (judge, token) = (Arc::clone(judge), token.expose().to_vec());
        Decision::Later(Box::pin(async move { judge.judge(&token, hash).await }))
    }
}

/// Everything that a verdict depends on.
pub(super) struct Judge {
    pub(super) requirement: Requirement,
    pub(super) clock: Clock,
    pub(super) metrics: Arc<AuthMetrics>,
    pub(super) keys: Arc<Keys>,
    pub(super) revoked: ArcSwapOption<RevocationList>,
    pub(super) grants: Grants,
    pub(super) verified: Arc<VerifiedTokens>,
}

impl Judge {
    /// The verdict on a token that was not verified before, counted, and kept if it is a permit.
    async fn judge(&self, token: &[u8], hash: TokenHash) -> Result<Permit, Refusal> {
        let verdict = timeout(VERDICT_TIMEOUT, self.verify(token, hash)).await;
        let verdict = verdict.unwrap_or(Err(Refusal::IamUnavailable));
        match &verdict {
            Ok(_) => self.metrics.permits_verified.inc(),
            Err(refusal) => self.metrics.refusals(*refusal).inc(),
        }
        verdict
    }

    async fn verify(&self, token: &[u8], hash: TokenHash) -> Result<Permit, Refusal> {
        let generation = self.verified.generation();
        let unverified = UnverifiedToken::parse(BearerToken::new(token))?;
        self.keys.verify(&unverified).await?;
        let claims = unverified.claims()?;
        let validity = claims.validity();
        validity.check(self.clock.unix_s())?;
        let revoked = self.revoked.load_full().ok_or(Refusal::IamUnavailable)?;
        revoked.check(token, &claims)?;
        self.check_requirement(&claims).await?;
        let permit = Permit::new(claims);
        self.verified
            .put(hash, permit.clone(), validity, generation);
        Ok(permit)
    }

    /// Whether the caller may call. AGS calls with delegated tokens, which name the namespace they
    /// are for and have no permission; every other caller needs the permission.
    async fn check_requirement(&self, claims: &Claims) -> Result<(), Refusal> {
        let namespace = self.requirement.namespace.as_deref();
        match claims.extend_namespace.as_deref() {
            Some(delegated) if !delegated.is_empty() => {
                if Some(delegated) == namespace {
                    Ok(())
                } else {
                    Err(Refusal::NamespaceMismatch)
                }
            }
            _ => match &self.requirement.permission {
                Some(permission) => self.grants.check(claims, permission, namespace).await,
                None => Ok(()),
            },
        }
    }
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judge")
            .field("requirement", &self.requirement)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}
