//! The `authorization` header to a bearer token.

use std::fmt;

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::refusal::Refusal;

/// Maximum length of the header's value, in bytes. The server's limit for all headers of a request has
/// to be above it; otherwise HTTP/2 rejects a long token before it can be answered.
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
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::{BearerToken, MAX_HEADER_BYTES};
    use crate::auth::Refusal;

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(
                "authorization",
                HeaderValue::from_bytes(value).expect("a header value"),
            );
        }
        headers
    }

    #[test]
    fn takes_the_scheme_in_any_case() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c"] {
            let headers = headers(&[value.as_bytes()]);
            let token = BearerToken::from_headers(&headers).expect(value);
            assert_eq!(token.expose(), b"a.b.c");
        }
    }

    #[test]
    fn leaves_odd_spacing_inside_the_token_to_be_refused_as_malformed() {
        for (value, token) in [("Bearer  a.b.c", " a.b.c"), ("Bearer a.b.c ", "a.b.c ")] {
            let headers = headers(&[value.as_bytes()]);
            let found = BearerToken::from_headers(&headers).expect(value);
            assert_eq!(found.expose(), token.as_bytes());
        }
    }

    #[test]
    fn refuses_what_is_not_one_bearer_credential() {
        for value in [
            &b""[..],
            b"Bearer",
            b"Bearer ",
            b"Bearer\ta.b.c",
            b"Basic aWQ6c2VjcmV0",
            b"a.b.c",
            b" Bearer a.b.c",
            b"\xffearer a.b.c",
        ] {
            assert_eq!(
                BearerToken::from_headers(&headers(&[value])),
                Err(Refusal::Format),
                "{value:?}"
            );
        }
    }

    #[test]
    fn refuses_more_than_one_header_even_if_they_agree() {
        let twice = headers(&[b"Bearer a.b.c", b"Bearer a.b.c"]);
        assert_eq!(BearerToken::from_headers(&twice), Err(Refusal::Format));
    }

    #[test]
    fn reads_only_the_authorization_header() {
        assert_eq!(
            BearerToken::from_headers(&HeaderMap::new()),
            Err(Refusal::NoToken)
        );
        let mut binary = HeaderMap::new();
        binary.insert(
            HeaderName::from_static("authorization-bin"),
            HeaderValue::from_static("Bearer a.b.c"),
        );
        assert_eq!(BearerToken::from_headers(&binary), Err(Refusal::NoToken));
    }

    #[test]
    fn bounds_the_header() {
        let fits = [b"Bearer ", vec![b'a'; MAX_HEADER_BYTES - 7].as_slice()].concat();
        assert!(BearerToken::from_headers(&headers(&[&fits])).is_ok());
        for bytes in [MAX_HEADER_BYTES - 6, 1 << 20] {
            let long = [b"Bearer ", vec![b'a'; bytes].as_slice()].concat();
            assert_eq!(
                BearerToken::from_headers(&headers(&[&long])),
                Err(Refusal::Format)
            );
        }
    }

    #[test]
    fn debug_hides_the_token() {
        assert_eq!(
            format!("{:?}", BearerToken::new(b"secret")),
            "BearerToken(6 bytes)"
        );
    }
}
