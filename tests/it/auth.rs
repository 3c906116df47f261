//! Access tokens and permissions, against an AGS double over real HTTP.

mod iam;
mod keys;
mod lifecycle;
mod logs;
mod outages;
mod server;
mod vectors;

use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use match_function::auth::{Auth, Options, Permit, Refusal, Settings};
use match_function::auth::{Authorizer, Decision};
use secrecy::SecretString;
use tokio::time::timeout;

use crate::support::ags::{Ags, World};

/// The game namespace the tests run for.
const NAMESPACE: &str = "emberfall";
/// More than any step of a test takes.
const LONG: Duration = Duration::from_secs(20);

#[derive(Debug, Parser)]
struct Command {
    #[command(flatten)]
    auth: Settings,
}

/// The settings of a server that asks the AGS at `url`.
fn settings(url: &str) -> Settings {
    let World {
        client_id,
        client_secret,
        ..
    } = World::default();
    let mut settings = Command::parse_from(["match-function", "--base-url", url]).auth;
    settings.login.client_id = Some(client_id);
    settings.login.client_secret = Some(SecretString::from(client_secret));
    settings.ab_namespace = Some(NAMESPACE.to_owned());
    assert_eq!(settings.validate(), [""; 0]);
    settings
}

/// A guard that has not heard of AGS yet.
fn start(ags: &Ags) -> Auth {
    Auth::start(&settings(&ags.url()), "app-server", Options::default()).expect("starts")
}

async fn wait_until_ready(auth: &Auth) {
    let mut ready = auth.ready();
    let waiting = ready.wait_for(|ready| *ready);
    timeout(LONG, waiting)
        .await
        .expect("ready in time")
        .expect("still running");
}

/// A guard that has keys and list.
async fn ready(ags: &Ags) -> Auth {
    let auth = start(ags);
    wait_until_ready(&auth).await;
    auth
}

async fn ask(authorizer: &Arc<dyn Authorizer>, token: &str) -> Result<Permit, Refusal> {
    let mut headers = http::HeaderMap::new();
    headers.insert(
        "authorization",
        format!("Bearer {token}").parse().expect("a header value"),
    );
    match authorizer.authorize(&headers) {
        Decision::Now(verdict) => verdict,
        Decision::Later(verdict) => verdict.await,
    }
}

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LONG, waiting)
        .await
        .unwrap_or_else(|_| panic!("it did not come to be within {LONG:?}: {what}"));
}
