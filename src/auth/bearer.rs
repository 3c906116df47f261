//! The `authorization` header to a bearer token.

use std::fmt;

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::refusal::Refusal;

/// Maximum length of the header's value, in bytes. The server's limit for all headers of a request
/// has to be above it; otherwise HTTP/2 rejects a long token before it can be answered.
pub const MAX_HEADER_BYTES: usize = 16 * 1024;

/// The text after `Bearer `, not yet examined. `Debug` shows only its length.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BearerToken<'a>(&'a [u8]);

impl<'a> BearerToken<'a> {
    /// Finds the token in the headers of a call.
    ///
    /// The scheme is taken in any letter case (RFC 9110 section 11.1) and must be followed by
    /// exactly one space.
    ///
    /// # Errors
    ///
    /// If there is no header ([`Refusal::NoToken`]), or more than one, or one of more than
    /// [`MAX_HEADER_BYTES`], of another scheme, or without a token ([`Refusal::Format`]).
    pub fn from_headers(headers: &'a HeaderMap) -> Result<Self, Refusal> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let value = values.next().ok_or(Refusal::NoToken)?.as_bytes();
        // Servers differ in which of two values they read; another one must not read a token that
        // was not judged here.
        if values.next().is_some() || value.len() > MAX_HEADER_BYTES {
            return Err(Refusal::Format);
        }
        match value.split_at_checked(b"Bearer ".len()) {
            Some((scheme, token))
                if scheme.eq_ignore_ascii_case(b"Bearer ") && !token.is_empty() =>
            {
                Ok(Self(token))
            }
            _ => Err(Refusal::Format),
        }
    }

    /// Takes a text that is already known to be the token of a credential.
    pub fn new(token: &'a [u8]) -> Self {
        Self(token)
    }

    /// The bytes of the token. A secret: they must not reach a log.
    pub fn expose(self) -> &'a [u8] {
        self.0
    }
}

impl fmt::Debug for BearerToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BearerToken({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests;
