//! A connection to the server, with an access token on every call.

use std::time::Duration;

use anyhow::{Context, bail};
use secrecy::{ExposeSecret, SecretString};
use tonic::codec::CompressionEncoding;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use super::args::Common;
use crate::auth::iam::log_in;
use crate::proto::match_function_client::MatchFunctionClient;

/// The name of the client in requests to AGS.
const USER_AGENT: &str = "match-function-client";

/// A client of the five calls.
pub(super) type Connection = MatchFunctionClient<InterceptedService<Channel, Bearer>>;

impl Common {
    pub(super) async fn connect(&self) -> anyhow::Result<Connection> {
        let channel = endpoint(&self.addr)?
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(self.timeout))
            .connect()
            .await
            .with_context(|| format!("no server answers at {}", self.addr))?;
        let bearer = Bearer(self.bearer().await?);
        Ok(MatchFunctionClient::with_interceptor(channel, bearer)
            .accept_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(usize::MAX))
    }

    /// What authorizes the calls: the token that was given, or one from a login, or nothing.
    async fn bearer(&self) -> anyhow::Result<Option<MetadataValue<Ascii>>> {
        let token = match (&self.token, self.login.missing().as_slice()) {
            (Some(token), _) => SecretString::from(token.as_str()),
            (None, []) => log_in(&self.login, USER_AGENT)
                .await
                .with_context(|| format!("no access token from {}", self.login.base_url))?,
            (None, [one]) => {
                bail!("{one} is not set: a login to AGS needs id and secret; set both or neither")
            }
            (None, _) => return Ok(None),
        };
        let mut bearer: MetadataValue<Ascii> = format!("Bearer {}", token.expose_secret())
            .parse()
            .context("the access token cannot be a header value")?;
        bearer.set_sensitive(true);
        Ok(Some(bearer))
    }
}

/// The endpoint that `--addr` names.
pub(super) fn endpoint(addr: &str) -> anyhow::Result<Endpoint> {
    let address = match addr.split_once("://") {
        Some(("http", _)) => addr.to_owned(),
        Some(_) => bail!("--addr takes HOST:PORT or http://HOST:PORT, not {addr}"),
        None => format!("http://{addr}"),
    };
    Endpoint::from_shared(address).with_context(|| format!("--addr is not an address: {addr}"))
}

/// Puts the access token on every call.
#[derive(Clone)]
pub(super) struct Bearer(Option<MetadataValue<Ascii>>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(bearer) = &self.0 {
            request
                .metadata_mut()
                .insert("authorization", bearer.clone());
        }
        Ok(request)
    }
}
