//! The settings of the auth module: flag, variable, default and help in one place.

use clap::Args;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use crate::config::parse::boolean;

const DEFAULT_NAMESPACE: &str = "accelbyte";

/// How callers are checked.
#[derive(Debug, Clone, Args)]
#[group(skip)]
#[command(next_help_heading = "Access")]
pub struct Settings {
    /// Check the access token and permission of every caller.
    ///
    /// Switch it off for local work only: every client that reaches the port can then call.
    #[arg(
        long = "auth",
        env = "PLUGIN_GRPC_SERVER_AUTH_ENABLED",
        default_value = "true",
        value_parser = boolean,
        action = clap::ArgAction::Set,
        value_name = "SWITCH"
    )]
    pub auth_enabled: bool,

    /// Build the auth layer; callers are checked only if this and --auth are both on.
    #[arg(
        long = "auth-layer",
        env = "ENABLE_INTERCEPTOR_AUTH",
        default_value = "true",
        value_parser = boolean,
        action = clap::ArgAction::Set,
        value_name = "SWITCH"
    )]
    pub layer_enabled: bool,

    /// AGS and the client to log in as.
    #[command(flatten)]
    pub login: Login,

    /// Game namespace that this server runs for; if unset or blank, NAMESPACE, then `accelbyte`.
    #[arg(long = "namespace", env = "AB_NAMESPACE", value_name = "NAMESPACE")]
    pub ab_namespace: Option<String>,

    /// Read if AB_NAMESPACE is unset or blank.
    #[arg(long = "fallback-namespace", env = "NAMESPACE", hide = true)]
    pub fallback_namespace: Option<String>,

    /// Last token of the permission that callers need: READ on NAMESPACE:{namespace}:{resource
    /// name}.
    #[arg(
        long,
        env = "AB_RESOURCE_NAME",
        default_value = "MMV2GRPCSERVICE",
        value_name = "NAME"
    )]
    pub resource_name: String,

    /// Seconds between refreshes of IAM's keys, the revocation list and the roles in use (1 to
    /// 86400).
    #[arg(
        long = "token-validator-fetch-interval",
        env = "TOKEN_VALIDATOR_FETCH_INTERVAL",
        default_value_t = 3600,
        value_parser = clap::value_parser!(u64).range(1..=86_400),
        value_name = "SECONDS"
    )]
    pub fetch_interval_s: u64,
}

/// AGS and one of its OAuth clients.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Login {
    /// Base URL of AGS, http or https.
    #[arg(
        long,
        env = "AB_BASE_URL",
        default_value = "https://demo.accelbyte.io",
        value_name = "URL"
    )]
    pub base_url: String,

    /// OAuth client id to log in to AGS with; required when callers are checked.
    #[arg(long, env = "AB_CLIENT_ID", value_name = "ID")]
    pub client_id: Option<String>,

    /// OAuth client secret to log in to AGS with; required when callers are checked.
    ///
    /// Better set as the variable: other users of the machine can read a command line.
    #[arg(long, env = "AB_CLIENT_SECRET", hide_env_values = true, value_name = "SECRET", value_parser = secret)]
    pub client_secret: Option<SecretString>,
}

#[expect(clippy::unnecessary_wraps, reason = "the form of a clap value parser")]
fn secret(text: &str) -> Result<SecretString, std::convert::Infallible> {
    Ok(SecretString::from(text))
}

impl Settings {
    /// Whether callers are checked.
    pub fn enabled(&self) -> bool {
        self.auth_enabled && self.layer_enabled
    }

    /// The game namespace.
    pub fn namespace(&self) -> &str {
        [&self.ab_namespace, &self.fallback_namespace]
            .into_iter()
            .flatten()
            .map(|name| name.trim())
            .find(|name| !name.is_empty())
            .unwrap_or(DEFAULT_NAMESPACE)
    }

    /// Names and values for the line at start-up, without secrets.
    pub fn summary(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![("callers_checked", self.enabled().to_string())];
        if self.enabled() {
            let Login {
                base_url,
                client_id,
                ..
            } = &self.login;
            lines.extend([
                ("AB_BASE_URL", base_url.clone()),
                ("AB_CLIENT_ID", client_id.clone().unwrap_or_default()),
                ("AB_NAMESPACE", self.namespace().to_owned()),
                ("AB_RESOURCE_NAME", self.resource_name.clone()),
                (
                    "TOKEN_VALIDATOR_FETCH_INTERVAL",
                    self.fetch_interval_s.to_string(),
                ),
            ]);
        }
        lines
    }

    /// What is wrong although every value by itself can be read: all faults, each with the
    /// variable's name and what to do; empty if the settings can be used.
    pub fn validate(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let local = "or PLUGIN_GRPC_SERVER_AUTH_ENABLED=false for local work";
        if let Err(fault) = self.login.base_url() {
            faults.push(fault);
        }
        if self.enabled() {
            faults.extend(self.login.missing().into_iter().map(|variable| {
                format!("{variable} is not set, and callers cannot be checked without it: set it, {local}")
            }));
        }
        // A `:` in either of them would change which permission is needed.
        for (variable, value) in [
            ("AB_NAMESPACE", self.namespace()),
            ("AB_RESOURCE_NAME", &self.resource_name),
        ] {
            if value.is_empty() || !value.chars().all(is_plain) {
                faults.push(format!(
                    "{variable} is {value:?}: allowed are ASCII letters, digits, `-`, `_` and `.`, at least one of them"
                ));
            }
        }
        faults
    }
}

/// Whether a character can be part of a namespace or a resource name.
fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.')
}

impl Login {
    /// The variables of the credentials that are unset or blank; none if a login can be tried.
    pub fn missing(&self) -> Vec<&'static str> {
        let id = self.client_id.as_deref();
        let secret = self.client_secret.as_ref().map(ExposeSecret::expose_secret);
        [("AB_CLIENT_ID", id), ("AB_CLIENT_SECRET", secret)]
            .into_iter()
            .filter(|(_, value)| value.is_none_or(|text| text.trim().is_empty()))
            .map(|(variable, _)| variable)
            .collect()
    }

    /// The address of AGS.
    pub(super) fn base_url(&self) -> Result<Url, String> {
        // The value may hold a password: it is not repeated.
        let url = Url::parse(self.base_url.trim()).map_err(|error| {
            format!("AB_BASE_URL is not a URL ({error}): use one such as https://demo.accelbyte.io")
        })?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(format!(
                "AB_BASE_URL has scheme `{}`: use http or https, with a host",
                url.scheme()
            ));
        }
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(
                "AB_BASE_URL holds a user, query or fragment: use only scheme, host, port and path"
                    .to_owned(),
            );
        }
        Ok(url)
    }
}

#[cfg(test)]
mod tests;
