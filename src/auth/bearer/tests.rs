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
