//! Behaviour over time, with a fake IAM and paused time.

mod availability;
mod keys;
mod verdicts;

use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::Auth;
use crate::auth::testing::FakeIam;
use crate::auth::{AuthMetrics, Decision, Permit, Refusal, Requirement};
use crate::clock::Clock;

const NOW: f64 = 1_800_000_000.0;
const INTERVAL: Duration = Duration::from_secs(3600);
/// After this a refresh has come and gone.
const A_REFRESH: Duration = Duration::from_secs(3601);

/// A guard for namespace `game` over a fake IAM, with a clock that a test sets.
struct Bench {
    auth: Auth,
    iam: Arc<FakeIam>,
    now: Arc<Mutex<f64>>,
}

impl Bench {
    fn start(iam: Arc<FakeIam>) -> Self {
        let now = Arc::new(Mutex::new(NOW));
        let clock = Clock::from_fn({
            let now = Arc::clone(&now);
            move || Duration::from_secs_f64(*now.lock().unwrap())
        });
        let requirement = Requirement::to_read("game", "MMV2GRPCSERVICE");
        let auth = Auth::with_iam(
            iam.clone(),
            requirement,
            clock,
            Arc::new(AuthMetrics::default()),
            INTERVAL,
        );
        Self { auth, iam, now }
    }

    /// A guard that is ready.
    async fn ready() -> Self {
        let bench = Self::start(FakeIam::new());
        bench
            .auth
            .ready()
            .wait_for(|ready| *ready)
            .await
            .expect("ready");
        bench
    }

    async fn ask(&self, token: &str) -> Result<Permit, Refusal> {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_str(&format!("Bearer {token}")).expect("a header value");
        headers.insert("authorization", value);
        match self.auth.authorizer().authorize(&headers) {
            Decision::Now(verdict) => verdict,
            Decision::Later(verdict) => verdict.await,
        }
    }

    async fn refusal(&self, token: &str) -> Option<Refusal> {
        self.ask(token).await.err()
    }

    fn set_now(&self, now: f64) {
        *self.now.lock().unwrap() = now;
    }

    fn asked_keys(&self) -> usize {
        self.iam.asked_keys.load(SeqCst)
    }
}

fn granted() -> Value {
    json!({"client_id": "c", "namespace": "game", "exp": NOW + 1e6,
        "permissions": [{"Resource": "NAMESPACE:game:MMV2GRPCSERVICE", "Action": 2}]})
}

/// A token of a made-up key, of good form.
fn with_kid(kid: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(json!({"alg": "RS256", "kid": kid}).to_string());
    let claims = URL_SAFE_NO_PAD.encode(granted().to_string());
    format!("{header}.{claims}.c2ln")
}
