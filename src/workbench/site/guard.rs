//! Who may ask: only pages of this very server, so that no other page in the same browser can.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HOST, HeaderValue, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// What the page may load: its own script and style, and nothing of elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Lets requests pass that name this machine by its address and come from no other page.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    if let Some(why) = objection(&request) {
        return (StatusCode::FORBIDDEN, why).into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Why a request is refused; `None` if it is not.
fn objection(request: &Request) -> Option<&'static str> {
    let text = |name| request.headers().get(name).map(HeaderValue::to_str);
    let host = text(HOST).and_then(Result::ok);
    let Some(host) = host.filter(|host| is_address(host)) else {
        return Some(
            "the Host header has to be an IP address or localhost: a name may be another page's\n",
        );
    };
    match text(ORIGIN) {
        None => None,
        Some(Ok(origin)) if origin == format!("http://{host}") => None,
        Some(_) => Some("another page may not ask this one\n"),
    }
}

/// Whether a host is an IP address or `localhost`, with or without a port. A page of elsewhere that has its
/// own name point here (DNS rebinding) sends that name.
fn is_address(host: &str) -> bool {
    let Ok(uri) = host.parse::<Uri>() else {
        return false;
    };
    let name = uri.host().unwrap_or_default();
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_are_hosts() {
        for host in [
            "127.0.0.1:8090",
            "127.0.0.1",
            "localhost:1",
            "[::1]:8090",
            "192.168.1.7:80",
        ] {
            assert!(is_address(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "127.0.0.1.evil.example:8090",
            "localhost.evil.example",
            "a b",
        ] {
            assert!(!is_address(host), "{host}");
        }
    }
}
