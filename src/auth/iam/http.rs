//! Requests to AGS: addresses, credentials, bounds, counting.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::{ACCEPT, HeaderValue, RETRY_AFTER};
use reqwest::{RequestBuilder, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use super::super::endpoint::Endpoint;
use super::super::metrics::AuthMetrics;
use super::super::settings::Login;
use super::error::IamError;
use crate::error;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum wait that AGS can ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(300);

/// Adds headers, such as those of a trace, to each request to AGS.
pub type InjectHeaders = Arc<dyn Fn(&mut HeaderMap) + Send + Sync>;

/// How a request authenticates.
pub(in crate::auth) enum Credentials<'a> {
    /// The client id and secret.
    Basic,
    /// The client token.
    Bearer(&'a SecretString),
}

/// The HTTP client with AGS's address and our credentials.
pub(in crate::auth) struct Http {
    client: reqwest::Client,
    base: Url,
    client_id: String,
    client_secret: SecretString,
    inject: Option<InjectHeaders>,
    metrics: Arc<AuthMetrics>,
}

impl Http {
    pub(in crate::auth) fn new(
        login: &Login,
        app_name: &str,
        inject: Option<InjectHeaders>,
        metrics: Arc<AuthMetrics>,
    ) -> Result<Self, IamError> {
        let base = login.base_url().map_err(IamError::Setup)?;
        let mut client = reqwest::Client::builder();
        if base.scheme() == "http" {
            // Without redirects there is never TLS, so the certificates of the system are not read.
            client = client.tls_certs_only([]);
        }
        let client = client
            .user_agent(user_agent(app_name))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .build()
            .map_err(|error| IamError::Setup(error::chain(error.without_url())))?;
        Ok(Self {
            client,
            base,
            client_id: login.client_id.clone().unwrap_or_default(),
            client_secret: login.client_secret.clone().unwrap_or_default(),
            inject,
            metrics,
        })
    }

    /// The body of a GET that was answered with 200.
    pub(in crate::auth) async fn get(
        &self,
        endpoint: Endpoint,
        path: &[&str],
        credentials: &Credentials<'_>,
        limit: usize,
    ) -> Result<Vec<u8>, IamError> {
        let request = self.client.get(self.url(endpoint, path)?);
        let request = match credentials {
            Credentials::Basic => self.with_client_secret(request),
            Credentials::Bearer(token) => request.bearer_auth(token.expose_secret()),
        };
        self.send(endpoint, request, limit).await
    }

    /// The body of a login with client credentials.
    pub(in crate::auth) async fn post_login(
        &self,
        path: &[&str],
        limit: usize,
    ) -> Result<Vec<u8>, IamError> {
        let endpoint = Endpoint::Token;
        let request = self
            .with_client_secret(self.client.post(self.url(endpoint, path)?))
            .form(&[("grant_type", "client_credentials")]);
        self.send(endpoint, request, limit).await
    }

    /// Reads a JSON body. The error says where reading failed and does not quote the text, which
    /// may be a token.
    pub(in crate::auth) fn json<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        body: &[u8],
    ) -> Result<T, IamError> {
        let parsed = serde_json::from_slice(body).map_err(|error| {
            format!(
                "unexpected JSON at line {}, column {}",
                error.line(),
                error.column()
            )
        });
        self.usable(endpoint, parsed)
    }

    /// Counts an answer whose body cannot be used as a failure.
    pub(in crate::auth) fn usable<T>(
        &self,
        endpoint: Endpoint,
        parsed: Result<T, impl fmt::Display>,
    ) -> Result<T, IamError> {
        parsed.map_err(|error| {
            self.metrics.failures(endpoint).inc();
            IamError::Body {
                endpoint,
                reason: error.to_string(),
            }
        })
    }

    fn with_client_secret(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth(&self.client_id, Some(self.client_secret.expose_secret()))
    }

    /// The base URL with each segment percent-encoded.
    fn url(&self, endpoint: Endpoint, path: &[&str]) -> Result<Url, IamError> {
        // Ids come from tokens: a `..` would send the request, with our token, to another endpoint.
        if path
            .iter()
            .any(|segment| matches!(*segment, "" | "." | ".."))
        {
            return Err(IamError::Path { endpoint });
        }
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| IamError::Path { endpoint })?
            .pop_if_empty()
            .extend(path);
        Ok(url)
    }

    async fn send(
        &self,
        endpoint: Endpoint,
        request: RequestBuilder,
        limit: usize,
    ) -> Result<Vec<u8>, IamError> {
        self.metrics.requests(endpoint).inc();
        let span = self.span(endpoint);
        let answer = self
            .answer(endpoint, request, limit)
            .instrument(span.clone())
            .await;
        let status = answer.as_ref().map_or_else(IamError::status, |_| Some(200));
        span.record("http.response.status_code", status);
        if let Err(error) = &answer {
            span.record("otel.status_code", "ERROR");
            span.record("otel.status_description", error.to_string());
            self.metrics.failures(endpoint).inc();
        }
        answer
    }

    /// The span of a request. The path is left out because names in it come from tokens.
    fn span(&self, endpoint: Endpoint) -> Span {
        let method = match endpoint {
            Endpoint::Token => "POST",
            _ => "GET",
        };
        tracing::info_span!(
            "AGS request",
            otel.name = format!("AGS {}", endpoint.name()),
            otel.kind = "client",
            http.request.method = method,
            server.address = self.base.host_str(),
            server.port = self.base.port_or_known_default(),
            http.response.status_code = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
        )
    }

    async fn answer(
        &self,
        endpoint: Endpoint,
        request: RequestBuilder,
        limit: usize,
    ) -> Result<Vec<u8>, IamError> {
        let mut headers = HeaderMap::new();
        if let Some(inject) = &self.inject {
            inject(&mut headers);
        }
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let response = request.headers(headers).send().await;
        let mut response = response.map_err(|error| transport(endpoint, error))?;
        if response.status() != StatusCode::OK {
            let status = response.status().as_u16();
            return Err(IamError::Status {
                endpoint,
                status,
                retry_after: retry_after(response.headers()),
            });
        }
        // A declared length is checked first, so that nothing of an answer that is too long is
        // read.
        if response
            .content_length()
            .is_some_and(|length| length > limit as u64)
        {
            return Err(IamError::TooLong { endpoint, limit });
        }
        let mut body = Vec::new();
        loop {
            let chunk = response.chunk().await;
            match chunk.map_err(|error| transport(endpoint, error))? {
                None => return Ok(body),
                Some(chunk) if body.len() + chunk.len() > limit => {
                    return Err(IamError::TooLong { endpoint, limit });
                }
                Some(chunk) => body.extend_from_slice(&chunk),
            }
        }
    }
}

fn transport(endpoint: Endpoint, error: reqwest::Error) -> IamError {
    IamError::Transport {
        endpoint,
        reason: error::chain(error.without_url()),
    }
}

/// A name that can be part of a header: characters other than visible ASCII become `_`.
fn user_agent(app_name: &str) -> String {
    app_name
        .chars()
        .map(|letter| {
            if letter.is_ascii_graphic() {
                letter
            } else {
                '_'
            }
        })
        .collect()
}

/// Seconds of a `Retry-After`. Its other form, a date, is not common for waits of minutes and is
/// not read.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}
