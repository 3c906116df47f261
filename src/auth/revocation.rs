//! The revocation list: revoked tokens in a bloom filter, revoked users with the time of
//! revocation.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::bloom::{BloomFilter, FilterError, WireFilter};
use super::claims::Claims;
use super::refusal::Refusal;

/// Why a list cannot be used. The previous one then stays in use.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Not the JSON of a revocation list.
    #[error("not a revocation list: line {line}, column {column}")]
    Json {
        /// Where reading stopped.
        line: usize,
        /// Where reading stopped.
        column: usize,
    },
    /// A filter whose sizes do not fit.
    #[error("unusable filter of revoked tokens: {0}")]
    Filter(#[from] FilterError),
}

#[derive(Deserialize)]
struct WireList {
    revoked_tokens: WireFilter,
    #[serde(default)]
    revoked_users: Option<Vec<Value>>,
}

/// Which tokens and users are revoked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RevocationList {
    tokens: BloomFilter,
    users: HashMap<Box<str>, OffsetDateTime>,
    odd_entries: usize,
}

impl RevocationList {
    /// Reads the body of `GET /iam/v3/oauth/revocationlist`; linear in its length.
    ///
    /// An entry of a user that cannot be read is left out and [counted](Self::odd_entries), so that
    /// it does not invalidate the others.
    ///
    /// # Errors
    ///
    /// If the body is not a list, or its filter cannot be used.
    pub fn parse(body: &[u8]) -> Result<Self, ListError> {
        let wire: WireList = serde_json::from_slice(body).map_err(|error| ListError::Json {
            line: error.line(),
            column: error.column(),
        })?;
        let tokens = BloomFilter::try_from(wire.revoked_tokens)?;
        let entries = wire.revoked_users.unwrap_or_default();
        let mut users = HashMap::with_capacity(entries.len());
        let mut odd_entries = 0;
        for entry in &entries {
            let id = entry.get("id").and_then(Value::as_str);
            let revoked_at = entry
                .get("revoked_at")
                .and_then(Value::as_str)
                .and_then(time_of);
            match (id, revoked_at) {
                (Some(id), Some(at)) => {
                    users
                        .entry(Box::from(id))
                        .and_modify(|known: &mut OffsetDateTime| *known = at.max(*known))
                        .or_insert(at);
                }
                _ => odd_entries += 1,
            }
        }
        Ok(Self {
            tokens,
            users,
            odd_entries,
        })
    }

    /// Entries of users that could not be read.
    pub fn odd_entries(&self) -> usize {
        self.odd_entries
    }

    /// How many users are on the list.
    pub fn revoked_users(&self) -> usize {
        self.users.len()
    }

    /// Whether a token of this text may be revoked: true for one that is, and rarely for another.
    pub fn may_hold(&self, token: &[u8]) -> bool {
        self.tokens.may_contain(token)
    }

    /// Judges a verified token: its text, then every user it names.
    ///
    /// # Errors
    ///
    /// If the token is revoked ([`Refusal::TokenRevoked`]), or one of its users
    /// ([`Refusal::UserRevoked`]).
    pub fn check(&self, token: &[u8], claims: &Claims) -> Result<(), Refusal> {
        if self.may_hold(token) {
            return Err(Refusal::TokenRevoked);
        }
        if claims
            .users()
            .any(|user| self.user_is_revoked(user, claims.issued_at()))
        {
            return Err(Refusal::UserRevoked);
        }
        Ok(())
    }

    /// Whether a token of the user, issued at `issued_at` (Unix seconds), is revoked with them.
    pub fn user_is_revoked(&self, user: &str, issued_at: Option<f64>) -> bool {
        let Some(revoked_at) = self.users.get(user) else {
            return false;
        };
        // A token that does not say when it was issued may be older than the revocation.
        let Some(issued_at) = issued_at else {
            return true;
        };
        // Seconds and fractions are compared apart: together they have more digits than an f64.
        let (revoked_s, revoked_ns) = (
            revoked_at.unix_timestamp() as f64,
            f64::from(revoked_at.nanosecond()),
        );
        let (issued_s, issued_ns) = (issued_at.floor(), issued_at.fract().rem_euclid(1.0) * 1e9);
        (revoked_s, revoked_ns) >= (issued_s, issued_ns)
    }
}

/// RFC 3339 with 0 to 9 fraction digits and any offset.
fn time_of(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

#[cfg(test)]
mod tests;
