//! A collector of logs or spans: where it is, and the HTTP client towards it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use reqwest::Url;
use reqwest::blocking::{Client, ClientBuilder};
use reqwest::redirect::Policy;

/// The address of a collector: an absolute http or https URL. What is printed of it has no user and
/// no password.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    text: String,
    url: Url,
}

impl Address {
    /// The whole address, credentials included.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address of `path` below this one.
    pub(super) fn below(&self, path: &str) -> Result<Self, String> {
        format!("{}/{path}", self.text.trim_end_matches('/')).parse()
    }

    fn uses_tls(&self) -> bool {
        self.url.scheme() == "https"
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        // The text may hold a password: an error does not repeat it.
        let url = Url::parse(text).map_err(|error| {
            format!("is not an address ({error}): use one that begins with http:// or https://")
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!(
                "has scheme `{}`: use an address that begins with http:// or https://",
                url.scheme()
            ));
        }
        Ok(Self {
            text: text.to_owned(),
            url,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.url.username().is_empty() && self.url.password().is_none() {
            return f.write_str(&self.text);
        }
        let mut url = self.url.clone();
        // Neither can fail: an http URL has a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.fmt(f)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

/// A client for this collector: it follows no redirect, and a request may take `timeout`.
pub(super) fn client(collector: &Address, timeout: Duration) -> ClientBuilder {
    let client = Client::builder().timeout(timeout).redirect(Policy::none());
    if collector.uses_tls() {
        client
    } else {
        // Reading the certificates of the system would be the longest part of the start.
        client.tls_certs_only([])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_absolute_http_url() {
        for text in [
            "",
            "localhost:3100",
            "/loki",
            "ftp://u:hunter2@loki/x",
            "https://",
        ] {
            let fault = text.parse::<Address>().expect_err(text);
            assert!(
                fault.contains("http") && !fault.contains("hunter2"),
                "{fault}"
            );
        }
        let address: Address = " http://loki:3100 ".parse().expect("an address");
        assert_eq!(
            (address.as_str(), address.uses_tls()),
            ("http://loki:3100", false)
        );
        assert_eq!(address.to_string(), "http://loki:3100");
        let below = address.below("v1/traces").expect("an address");
        assert_eq!(below.as_str(), "http://loki:3100/v1/traces");
    }

    #[test]
    fn credentials_are_used_and_not_shown() {
        for text in ["https://ops:hunter2@loki/x", "https:ops:hunter2@loki/x"] {
            let address: Address = text.parse().expect("an address");
            assert_eq!((address.as_str(), address.uses_tls()), (text, true));
            assert_eq!(
                format!("{address} {address:?}"),
                "https://loki/x \"https://loki/x\""
            );
        }
    }
}
