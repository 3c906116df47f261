//! Requests to AGS: to its identity service (IAM) and its namespace service.
//!
//! This is the only HTTP client of the auth module. It does not follow redirects, so credentials go
//! only to the configured address. Every request is bounded in time and every answer in size.

mod error;
mod http;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

pub use error::IamError;
use http::Credentials;
pub(super) use http::Http;
pub use http::InjectHeaders;

use super::claims::{NamespaceRole, lower_case_permissions, permissions};
use super::endpoint::Endpoint;
use super::jwks::KeySet;
use super::metrics::AuthMetrics;
use super::permission::Permission;
use super::revocation::RevocationList;
use super::settings::Login;

/// A client token is renewed when this share of its lifetime is left.
const RENEW_WHEN_LEFT: f64 = 0.2;
/// Minimum time between two logins, whatever needs them.
const LOGIN_COOLDOWN: Duration = Duration::from_secs(3);
/// Bounds of `expires_in`: an unusual value must not cause a login for every request, or none at
/// all.
const CLIENT_TOKEN_LIFE_S: std::ops::RangeInclusive<f64> = 10.0..=86_400.0;

const KIB: usize = 1024;
const LOGIN_BODY_LIMIT: usize = 256 * KIB;
const JWKS_BODY_LIMIT: usize = 256 * KIB;
const REVOCATION_LIST_BODY_LIMIT: usize = 32 * KIB * KIB;
const ROLE_BODY_LIMIT: usize = 4 * KIB * KIB;
const CONTEXT_BODY_LIMIT: usize = 256 * KIB;

/// A future that can be stored.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What the auth module asks of AGS. A trait, so that tests can use a fake.
///
/// In the answers about a role or a namespace, `None` means that AGS does not know it or refuses to
/// answer: nothing is granted. An error means that the answer is not known.
pub(super) trait Iam: Send + Sync + 'static {
    fn key_set(&self) -> BoxFuture<'_, Result<KeySet, IamError>>;
    fn revocation_list(&self) -> BoxFuture<'_, Result<RevocationList, IamError>>;
    fn role<'a>(
        &'a self,
        role: &'a NamespaceRole,
    ) -> BoxFuture<'a, Result<Option<Vec<Permission>>, IamError>>;
    fn studio_of<'a>(
        &'a self,
        namespace: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, IamError>>;
    /// Logs in again if the client token is near its end; returns when to call again.
    fn renew_login(&self) -> BoxFuture<'_, Result<Duration, IamError>>;
}

/// The client's own access token.
#[derive(Clone)]
struct ClientToken {
    value: SecretString,
    renew_at: Instant,
    ends_at: Instant,
}

#[derive(Default)]
struct LoginState {
    token: Option<ClientToken>,
    tried_at: Option<Instant>,
}

/// AGS over HTTP.
pub(super) struct IamClient {
    http: Http,
    /// Held during a login, so that callers that need a token meanwhile share its outcome.
    login: Mutex<LoginState>,
    warned_of_403: [AtomicBool; Endpoint::ALL.len()],
}

impl IamClient {
    pub(super) fn new(http: Http) -> Self {
        Self {
            http,
            login: Mutex::default(),
            warned_of_403: Default::default(),
        }
    }

    /// The client token, from a login if there is none or it is due for renewal.
    async fn client_token(&self) -> Result<SecretString, IamError> {
        let mut state = self.login.lock().await;
        let now = Instant::now();
        if let Some(token) = &state.token
            && now < token.renew_at
        {
            return Ok(token.value.clone());
        }
        match self.log_in(&mut state).await {
            Ok(token) => Ok(token.value),
            // A token that is due for renewal is valid until its end.
            Err(error) => match &state.token {
                Some(token) if now < token.ends_at => Ok(token.value.clone()),
                _ => Err(error),
            },
        }
    }

    /// Another token than the one that AGS has just refused.
    async fn client_token_after(&self, refused: &SecretString) -> Result<SecretString, IamError> {
        let mut state = self.login.lock().await;
        match &state.token {
            Some(token) if token.value.expose_secret() != refused.expose_secret() => {
                Ok(token.value.clone())
            }
            _ => Ok(self.log_in(&mut state).await?.value),
        }
    }

    async fn log_in(&self, state: &mut LoginState) -> Result<ClientToken, IamError> {
        if state
            .tried_at
            .is_some_and(|at| at.elapsed() < LOGIN_COOLDOWN)
        {
            return Err(IamError::LoginCooldown);
        }
        state.tried_at = Some(Instant::now());
        let token = request_token(&self.http).await?;
        state.token = Some(token.clone());
        Ok(token)
    }

    /// As [`get`](Self::get), with `None` where AGS grants nothing: it does not know the name, the
    /// name is not valid, or our client may not ask.
    async fn find(
        &self,
        endpoint: Endpoint,
        path: &[&str],
        limit: usize,
    ) -> Result<Option<Vec<u8>>, IamError> {
        match self.get(endpoint, path, limit).await {
            Ok(body) => Ok(Some(body)),
            Err(IamError::Path { .. }) => Ok(None),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) if error.status() == Some(403) => {
                if !self.warned_of_403[endpoint as usize].swap(true, Ordering::Relaxed) {
                    tracing::warn!(endpoint = endpoint.name(), %error, "AGS refuses to answer; treated as no grant");
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// A GET with the client token, repeated with a new one if AGS does not accept it.
    async fn get(
        &self,
        endpoint: Endpoint,
        path: &[&str],
        limit: usize,
    ) -> Result<Vec<u8>, IamError> {
        let token = self.client_token().await?;
        let answer = self
            .http
            .get(endpoint, path, &Credentials::Bearer(&token), limit)
            .await;
        match answer {
            Err(error) if error.status() == Some(401) => {
                let token = self.client_token_after(&token).await?;
                self.http
                    .get(endpoint, path, &Credentials::Bearer(&token), limit)
                    .await
            }
            answer => answer,
        }
    }
}

impl Iam for IamClient {
    fn key_set(&self) -> BoxFuture<'_, Result<KeySet, IamError>> {
        Box::pin(async {
            let endpoint = Endpoint::Jwks;
            let body = self
                .get(endpoint, &["iam", "v3", "oauth", "jwks"], JWKS_BODY_LIMIT)
                .await?;
            self.http.usable(endpoint, KeySet::parse(&body))
        })
    }

    fn revocation_list(&self) -> BoxFuture<'_, Result<RevocationList, IamError>> {
        Box::pin(async {
            let endpoint = Endpoint::RevocationList;
            let path = ["iam", "v3", "oauth", "revocationlist"];
            let body = self
                .http
                .get(
                    endpoint,
                    &path,
                    &Credentials::Basic,
                    REVOCATION_LIST_BODY_LIMIT,
                )
                .await?;
            // Up to 32 MiB of JSON would block a thread that serves calls for too long.
            let parsed = tokio::task::spawn_blocking(move || RevocationList::parse(&body))
                .await
                .map_err(|_| IamError::Cancelled)?;
            self.http.usable(endpoint, parsed)
        })
    }

    fn role<'a>(
        &'a self,
        role: &'a NamespaceRole,
    ) -> BoxFuture<'a, Result<Option<Vec<Permission>>, IamError>> {
        #[derive(Deserialize)]
        struct Override {
            #[serde(default, deserialize_with = "permissions")]
            permissions: Vec<Permission>,
        }
        #[derive(Deserialize)]
        struct Global {
            #[serde(default, deserialize_with = "lower_case_permissions")]
            permissions: Vec<Permission>,
        }
        Box::pin(async move {
            let endpoint = Endpoint::Role;
            let id = role.role_id.as_str();
            let found = if role.namespace == "*" {
                let path = ["iam", "v3", "admin", "roles", id];
                let Some(body) = self.find(endpoint, &path, ROLE_BODY_LIMIT).await? else {
                    return Ok(None);
                };
                self.http.json::<Global>(endpoint, &body)?.permissions
            } else {
                // A studio is written `studio-` in tokens, and without the dash in paths.
                let namespace = role.namespace.strip_suffix('-').unwrap_or(&role.namespace);
                let path = [
                    "iam",
                    "v3",
                    "admin",
                    "namespaces",
                    namespace,
                    "roleoverride",
                    id,
                    "permissions",
                ];
                let Some(body) = self.find(endpoint, &path, ROLE_BODY_LIMIT).await? else {
                    return Ok(None);
                };
                self.http.json::<Override>(endpoint, &body)?.permissions
            };
            Ok(Some(found))
        })
    }

    fn studio_of<'a>(
        &'a self,
        namespace: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, IamError>> {
        #[derive(Deserialize)]
        struct Context {
            #[serde(rename = "type")]
            kind: String,
            #[serde(default, rename = "studioNamespace")]
            studio: Option<String>,
        }
        Box::pin(async move {
            let endpoint = Endpoint::NamespaceContext;
            let path = ["basic", "v1", "admin", "namespaces", namespace, "context"];
            let Some(body) = self.find(endpoint, &path, CONTEXT_BODY_LIMIT).await? else {
                return Ok(None);
            };
            let context: Context = self.http.json(endpoint, &body)?;
            Ok(context.studio.filter(|_| context.kind == "Game"))
        })
    }

    fn renew_login(&self) -> BoxFuture<'_, Result<Duration, IamError>> {
        Box::pin(async {
            let mut state = self.login.lock().await;
            let now = Instant::now();
            let token = match &state.token {
                Some(token) if now < token.renew_at => token.clone(),
                _ => self.log_in(&mut state).await?,
            };
            Ok(token.renew_at.saturating_duration_since(now))
        })
    }
}

/// One login with client credentials.
async fn request_token(http: &Http) -> Result<ClientToken, IamError> {
    #[derive(Deserialize)]
    struct TokenAnswer {
        access_token: SecretString,
        expires_in: f64,
    }
    let endpoint = Endpoint::Token;
    let body = http
        .post_login(&["iam", "v3", "oauth", "token"], LOGIN_BODY_LIMIT)
        .await?;
    let answer: TokenAnswer = http.json(endpoint, &body)?;
    let life_s = answer
        .expires_in
        .clamp(*CLIENT_TOKEN_LIFE_S.start(), *CLIENT_TOKEN_LIFE_S.end());
    let now = Instant::now();
    Ok(ClientToken {
        value: answer.access_token,
        renew_at: now + Duration::from_secs_f64(life_s * (1.0 - RENEW_WHEN_LEFT)),
        ends_at: now + Duration::from_secs_f64(life_s),
    })
}

/// An access token for a client of this server, from a login with its id and secret.
///
/// # Errors
///
/// If AGS cannot be reached or refuses the credentials.
pub async fn log_in(login: &Login, app_name: &str) -> Result<SecretString, IamError> {
    let http = Http::new(login, app_name, None, Arc::new(AuthMetrics::default()))?;
    Ok(request_token(&http).await?.value)
}
