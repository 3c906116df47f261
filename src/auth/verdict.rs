//! The verdict on a caller.

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;

use super::claims::Claims;
use super::iam::BoxFuture;
use super::refusal::Refusal;

/// Judges callers. The one of the server is [`Auth::authorizer`](super::Auth::authorizer).
pub trait Authorizer: fmt::Debug + Send + Sync + 'static {
    /// The verdict on a call with these headers: a [`Permit`], or a [`Refusal`] of one of three
    /// [classes](super::Class).
    fn authorize(&self, headers: &HeaderMap) -> Decision;
}

/// A verdict, now or later.
pub enum Decision {
    /// Known at once, as for a token that was verified before.
    Now(Result<Permit, Refusal>),
    /// The token has to be verified, perhaps with an answer of IAM. Bounded in time, and may be
    /// dropped.
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

/// Proof for inner layers and services that the caller was let through. Cheap to clone.
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
    pub(super) fn new(claims: Claims) -> Self {
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
