//! What can go wrong when AGS is asked. No text of an answer is kept: it may hold a secret.

use std::time::Duration;

use super::super::endpoint::Endpoint;

/// Why AGS gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum IamError {
    /// The HTTP client could not be set up, or the base URL is not one.
    #[error("cannot set up the HTTP client for AGS: {0}")]
    Setup(String),
    /// No answer: not reached, cut off, or too slow.
    #[error("no answer from AGS ({}): {reason}", endpoint.name())]
    Transport {
        /// What was asked.
        endpoint: Endpoint,
        /// What the HTTP client says, without the URL.
        reason: String,
    },
    /// A status other than 200.
    #[error("AGS answered HTTP {status} ({}){}", endpoint.name(), hint(*endpoint, *status))]
    Status {
        /// What was asked.
        endpoint: Endpoint,
        /// The HTTP status.
        status: u16,
        /// How long AGS asks to wait.
        retry_after: Option<Duration>,
    },
    /// An answer of more bytes than the limit.
    #[error("the answer of AGS ({}) is longer than {limit} bytes", endpoint.name())]
    TooLong {
        /// What was asked.
        endpoint: Endpoint,
        /// The limit in bytes.
        limit: usize,
    },
    /// An answer that is not what the endpoint is documented to give.
    #[error("unusable answer of AGS ({}): {reason}", endpoint.name())]
    Body {
        /// What was asked.
        endpoint: Endpoint,
        /// Where or why reading failed.
        reason: String,
    },
    /// A role or namespace whose name cannot be part of a path.
    #[error("not asked ({}): a name in the path is empty, `.` or `..`", endpoint.name())]
    Path {
        /// What should have been asked.
        endpoint: Endpoint,
    },
    /// The last attempt to log in was too recent.
    #[error("not logged in: the last attempt was only a moment ago")]
    LoginCooldown,
    /// The task of the request was ended, as at shutdown.
    #[error("the request was cancelled")]
    Cancelled,
}

impl IamError {
    /// The HTTP status, if AGS answered with another one than 200.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// How long AGS asks to wait before the next request.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// What an operator can do about a status.
fn hint(endpoint: Endpoint, status: u16) -> &'static str {
    match (endpoint, status) {
        (Endpoint::Token, 400 | 401 | 403) => {
            ": check AB_CLIENT_ID, AB_CLIENT_SECRET and AB_BASE_URL"
        }
        (Endpoint::RevocationList, 401) => ": check AB_CLIENT_ID and AB_CLIENT_SECRET",
        (Endpoint::Role, 403) => ": the client lacks permission ADMIN:ROLE [READ]",
        (Endpoint::NamespaceContext, 403) => {
            ": the client lacks permission ADMIN:NAMESPACE:{namespace}:NAMESPACE [READ]"
        }
        (_, 300..=399) => ": redirects are not followed; check AB_BASE_URL",
        _ => "",
    }
}
