//! The HTTP client for what is pushed to a collector.

use std::time::Duration;

use reqwest::blocking::{Client, ClientBuilder};
use reqwest::redirect::Policy;

use super::settings::Address;

/// A client for this collector: it follows no redirect, and a request may take `timeout`.
pub(super) fn client(collector: &Address, timeout: Duration) -> ClientBuilder {
    let client = Client::builder().timeout(timeout).redirect(Policy::none());
    if collector.uses_tls() {
        client
    } else {
        // Otherwise reading the system's certificates is the longest part of the start.
        client.tls_certs_only([])
    }
}
