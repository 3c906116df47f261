//! Only AGS gets in: access tokens and permissions.
//!
//! A caller shows a token that AGS's identity service (IAM) has signed. [`Auth`] fetches what is
//! needed to judge it (keys, revocation list, roles, namespaces) and keeps it fresh in the
//! background; [`Auth::authorizer`] gives the [`Authorizer`] that the layer asks for each call.
//!
//! The order of a verdict: header → one strict spelling → key and signature → times → token revoked
//! → user revoked → delegated namespace, or permission of the token, then of its roles.
//!
//! Invariants:
//! - Closed: what cannot be judged is refused, and until keys and list are there nothing can.
//! - A value once fetched stays in use through an outage and is replaced whole by the next one.
//! - A token is accepted in exactly one spelling.
//! - No token, secret, key id or text of IAM gets into a log line, an error or an answer.
//! - Whatever a caller can choose (kid, roles) costs AGS a bounded number of requests.

mod authorizer;
pub mod bearer;
pub mod bloom;
mod cache;
pub mod claims;
mod directory;
mod endpoint;
mod flight;
mod grants;
pub mod iam;
pub mod jwks;
mod keys;
mod lifecycle;
mod metrics;
pub mod permission;
mod refresh;
mod refusal;
pub mod revocation;
mod settings;
#[cfg(test)]
pub(crate) mod testing;

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;

pub use authorizer::Requirement;
pub use endpoint::Endpoint;
use iam::BoxFuture;
pub use lifecycle::{Auth, Options};
pub use metrics::{AuthMetrics, Document};
pub use refusal::{Class, Refusal};
pub use settings::{Login, Settings};

use claims::Claims;

/// Judges callers. The real one is [`Auth::authorizer`].
pub trait Authorizer: fmt::Debug + Send + Sync + 'static {
    /// The verdict on a call with these headers: a [`Permit`], or a [`Refusal`] of one of three
    /// [classes](Class).
    fn authorize(&self, headers: &HeaderMap) -> Decision;
}

/// A verdict, now or later.
pub enum Decision {
    /// Known at once, as of a token verified before: nothing to wait for.
    Now(Result<Permit, Refusal>),
    /// The token has to be verified, perhaps with an answer of IAM. Bounded in time; may be dropped.
    Later(BoxFuture<'static, Result<Permit, Refusal>>),
}

impl fmt::Debug for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(verdict) => f.debug_tuple("Now").field(verdict).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}

/// Proof that the caller was let through, for what lies inside. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Permit(Arc<Caller>);

#[derive(Debug)]
struct Caller {
    client_id: Option<String>,
    user_id: Option<String>,
    namespace: Option<String>,
}

impl Permit {
    /// The permit of a caller whose token has passed every check.
    fn new(claims: Claims) -> Self {
        let user_id = claims.user().map(str::to_owned);
        Self(Arc::new(Caller {
            client_id: claims.client_id,
            user_id,
            namespace: claims.namespace,
        }))
    }

    /// The OAuth client the token was issued to.
    pub fn client_id(&self) -> Option<&str> {
        self.0.client_id.as_deref()
    }

    /// The user, unless it is a client's own token.
    pub fn user_id(&self) -> Option<&str> {
        self.0.user_id.as_deref()
    }

    /// The namespace the token was issued in.
    pub fn namespace(&self) -> Option<&str> {
        self.0.namespace.as_deref()
    }
}
