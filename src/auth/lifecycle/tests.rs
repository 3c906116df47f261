//! Behaviour over time, with a fake IAM and paused time.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::Auth;
use crate::auth::keys::UNKNOWN_KID_COOLDOWN;
use crate::auth::testing::{FakeIam, mint, vectors};
use crate::auth::{AuthMetrics, Decision, Document, Permit, Refusal, Requirement};
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

#[tokio::test(start_paused = true)]
async fn lets_nobody_in_before_keys_and_list_are_there() {
    let iam = FakeIam::new();
    iam.tell(|told| told.list = Err(()));
    let bench = Bench::start(iam);
    let token = mint(0, &granted());
    assert_eq!(
        bench.refusal(&token).await,
        Some(Refusal::IamUnavailable),
        "nothing is there"
    );
    sleep(Duration::from_secs(5)).await;
    assert_eq!(
        bench.refusal(&token).await,
        Some(Refusal::IamUnavailable),
        "no list"
    );
    assert!(!*bench.auth.ready().borrow());
    let metrics = bench.auth.metrics();
    assert!(
        metrics.age_s(Document::KeySet).is_some()
            && metrics.age_s(Document::RevocationList).is_none()
    );
    // What can be judged without IAM is.
    assert_eq!(bench.refusal("nonsense").await, Some(Refusal::Malformed));
    bench
        .iam
        .tell(|told| told.list = Ok(json!({"revoked_tokens": {"m": 0, "k": 0}})));
    sleep(Duration::from_secs(31)).await;
    assert!(*bench.auth.ready().borrow());
    assert_eq!(bench.refusal(&token).await, None);
}

#[tokio::test(start_paused = true)]
async fn an_iam_that_is_down_at_the_start_is_found_when_it_is_up() {
    let iam = FakeIam::new();
    iam.tell(|told| (told.keys, told.list) = (Err(()), Err(())));
    let bench = Bench::start(iam);
    let token = mint(0, &granted());
    sleep(Duration::from_secs(600)).await;
    assert_eq!(bench.refusal(&token).await, Some(Refusal::IamUnavailable));
    let (keys, lists) = (bench.asked_keys(), bench.iam.asked_list.load(SeqCst));
    assert!(
        (20..60).contains(&keys) && (20..60).contains(&lists),
        "backed off: {keys} {lists}"
    );
    bench.iam.tell(|told| {
        told.keys = Ok(vec![0]);
        told.list = Ok(json!({"revoked_tokens": {"m": 0, "k": 0}}));
    });
    sleep(Duration::from_secs(31)).await;
    assert_eq!(bench.refusal(&token).await, None);
}

#[tokio::test(start_paused = true)]
async fn an_outage_later_changes_nothing_for_hours_and_ends_by_itself() {
    let bench = Bench::ready().await;
    bench
        .iam
        .tell(|told| (told.keys, told.list) = (Err(()), Err(())));
    sleep(3 * INTERVAL).await;
    assert!(*bench.auth.ready().borrow());
    assert_eq!(
        bench.refusal(&mint(0, &granted())).await,
        None,
        "not even seen before"
    );
    let metrics = bench.auth.metrics();
    assert!(metrics.age_s(Document::KeySet).expect("an age") > 2.0 * 3600.0);
    assert!(metrics.age_s(Document::RevocationList).expect("an age") > 2.0 * 3600.0);
    bench.iam.tell(|told| told.keys = Ok(vec![0, 1]));
    sleep(Duration::from_secs(31)).await;
    assert!(metrics.age_s(Document::KeySet).expect("an age") < 31.0);
}

#[tokio::test(start_paused = true)]
async fn refreshes_at_the_interval() {
    let bench = Bench::ready().await;
    for turn in 1..4 {
        assert_eq!(
            (bench.asked_keys(), bench.iam.asked_list.load(SeqCst)),
            (turn, turn)
        );
        sleep(INTERVAL + Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_made_up_kids_cost_one_fetch_per_cooldown() {
    let bench = Arc::new(Bench::ready().await);
    for (turn, fetches) in [(0, 2), (1, 3)] {
        let asking: Vec<_> = (0..1000)
            .map(|n| {
                let bench = Arc::clone(&bench);
                tokio::spawn(async move {
                    sleep(Duration::from_millis(n % 100)).await;
                    bench.refusal(&with_kid(&format!("{turn}-{n}"))).await
                })
            })
            .collect();
        for asked in asking {
            assert_eq!(asked.await.expect("asked"), Some(Refusal::UnknownKey));
        }
        assert_eq!(bench.asked_keys(), fetches);
        sleep(UNKNOWN_KID_COOLDOWN).await;
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_of_bad_form_or_algorithm_never_cost_a_fetch() {
    let bench = Bench::ready().await;
    for header in [
        json!({"alg": "none", "kid": "x"}),
        json!({"alg": "HS256", "kid": "x"}),
        json!({"alg": "RS256"}),
    ] {
        let token = format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(header.to_string()));
        assert!(bench.refusal(&token).await.is_some());
    }
    assert!(
        bench
            .refusal(&format!("{}=", with_kid("x")))
            .await
            .is_some()
    );
    assert_eq!(bench.asked_keys(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_kid_is_unavailable_while_iam_cannot_be_asked() {
    let bench = Bench::ready().await;
    bench.iam.tell(|told| told.keys = Err(()));
    for _ in 0..10 {
        assert_eq!(
            bench.refusal(&with_kid("x")).await,
            Some(Refusal::IamUnavailable)
        );
    }
    assert_eq!(bench.asked_keys(), 2);
    assert_eq!(
        bench.refusal(&mint(0, &granted())).await,
        None,
        "known keys go on working"
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_found_at_once_and_a_withdrawn_one_stops() {
    let bench = Bench::ready().await;
    let (old, new) = (mint(0, &granted()), mint(1, &granted()));
    assert_eq!(bench.refusal(&old).await, None);
    bench.iam.tell(|told| told.keys = Ok(vec![0, 1]));
    assert_eq!(bench.refusal(&new).await, None);
    bench.iam.tell(|told| told.keys = Ok(vec![1]));
    assert_eq!(bench.refusal(&old).await, None, "not heard yet");
    sleep(A_REFRESH).await;
    assert_eq!(
        bench.refusal(&old).await,
        Some(Refusal::UnknownKey),
        "though it was cached"
    );
    assert_eq!(bench.refusal(&new).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_leaves_the_key_behind() {
    let bench = Bench::ready().await;
    bench
        .iam
        .tell(|told| (told.keys, told.delay) = (Ok(vec![0, 1]), Duration::from_secs(2)));
    let token = mint(1, &granted());
    let given_up = tokio::time::timeout(Duration::from_secs(1), bench.ask(&token)).await;
    assert!(given_up.is_err());
    sleep(Duration::from_secs(2)).await;
    assert_eq!(bench.refusal(&token).await, None);
    assert_eq!(bench.asked_keys(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_iam_that_hangs_does_not_hold_a_call_for_ever() {
    let bench = Bench::ready().await;
    bench
        .iam
        .tell(|told| told.delay = Duration::from_secs(86_400));
    let start = Instant::now();
    assert_eq!(
        bench.refusal(&with_kid("x")).await,
        Some(Refusal::IamUnavailable)
    );
    assert!(start.elapsed() <= Duration::from_secs(11));
}

#[tokio::test(start_paused = true)]
async fn a_verified_token_is_known_by_its_hash_until_it_ends() {
    let bench = Bench::ready().await;
    let claims = json!({"exp": NOW + 10.0, "iat": NOW - 10.0, "extend_namespace": "game"});
    let token = mint(0, &claims);
    for _ in 0..3 {
        assert_eq!(bench.refusal(&token).await, None);
    }
    let metrics = bench.auth.metrics();
    assert_eq!(
        (metrics.permits_verified.get(), metrics.permits_cached.get()),
        (1, 2)
    );
    bench.set_now(NOW + 9.999);
    assert_eq!(bench.refusal(&token).await, None);
    bench.set_now(NOW + 10.0);
    assert_eq!(bench.refusal(&token).await, Some(Refusal::Expired));
    // A clock that steps back.
    bench.set_now(NOW - 10.5);
    assert_eq!(bench.refusal(&token).await, Some(Refusal::NotYetValid));
    bench.set_now(NOW);
    assert_eq!(bench.refusal(&token).await, None);
    assert_eq!(
        (
            metrics.refusals(Refusal::Expired).get(),
            metrics.refusals(Refusal::NotYetValid).get()
        ),
        (1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_list_ends_a_verdict() {
    let bench = Bench::ready().await;
    let mut claims = granted();
    (claims["sub"], claims["iat"]) = (json!("u"), json!(1_700_000_000));
    let token = mint(0, &claims);
    assert_eq!(bench.refusal(&token).await, None);
    bench.iam.tell(|told| {
        told.keys = Err(()); // or the new keys would end it
        told.list = Ok(json!({"revoked_tokens": {"m": 0, "k": 0},
            "revoked_users": [{"id": "u", "revoked_at": "2027-01-01T00:00:00Z"}]}));
    });
    assert_eq!(bench.refusal(&token).await, None, "not heard yet");
    sleep(A_REFRESH).await;
    assert_eq!(bench.refusal(&token).await, Some(Refusal::UserRevoked));
    // A list that shrinks lets it in again.
    bench
        .iam
        .tell(|told| told.list = Ok(json!({"revoked_tokens": {"m": 0, "k": 0}})));
    sleep(A_REFRESH).await;
    assert_eq!(bench.refusal(&token).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_token_is_refused_and_none_of_its_spellings_revives_it() {
    let file = vectors("tokens");
    let case = file["cases"]
        .as_array()
        .expect("cases")
        .iter()
        .find(|case| case["name"] == "revoked token");
    let token = case.expect("the case")["token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let iam = FakeIam::new();
    iam.tell(|told| told.list = Ok(file["revocation_list"].clone()));
    let bench = Bench::start(iam);
    bench
        .auth
        .ready()
        .wait_for(|ready| *ready)
        .await
        .expect("ready");
    assert_eq!(bench.refusal(&token).await, Some(Refusal::TokenRevoked));
    for spelling in [
        format!("{token}="),
        format!("{token}=="),
        format!("{token} "),
        format!(" {token}"),
        token.replace('-', "+"),
    ] {
        assert_eq!(bench.refusal(&spelling).await, Some(Refusal::Malformed));
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_that_loses_the_permission_ends_the_verdict() {
    let bench = Bench::ready().await;
    bench.iam.tell(|told| {
        told.roles.insert(
            "r".into(),
            Ok(vec!["NAMESPACE:{namespace}:MMV2GRPCSERVICE".into()]),
        );
    });
    let token = mint(0, &json!({"exp": NOW + 1e6, "roles": ["r"]}));
    assert_eq!(bench.refusal(&token).await, None);
    bench.iam.tell(|told| {
        told.roles.insert("r".into(), Err(()));
    });
    sleep(A_REFRESH).await;
    assert_eq!(bench.refusal(&token).await, None, "the last good answer");
    bench.iam.tell(|told| {
        told.roles.remove("r");
    });
    sleep(Duration::from_secs(31)).await;
    assert_eq!(
        bench.refusal(&token).await,
        Some(Refusal::InsufficientPermission)
    );
}

#[tokio::test(start_paused = true)]
async fn roles_are_asked_for_in_bounded_number_and_parallel() {
    let bench = Bench::ready().await;
    let roles: Vec<Value> = (0..400).map(|n| json!(format!("r{n}"))).collect();
    let token = mint(0, &json!({"exp": NOW + 1e6, "roles": roles}));
    assert_eq!(
        bench.refusal(&token).await,
        Some(Refusal::IamUnavailable),
        "not all of them are known"
    );
    assert_eq!(bench.iam.asked_roles.load(SeqCst), 32);
    assert_eq!(bench.iam.most_roles_under_way.load(SeqCst), 4);
    for _ in 0..12 {
        bench.refusal(&token).await;
    }
    assert_eq!(
        bench.refusal(&token).await,
        Some(Refusal::InsufficientPermission)
    );
    assert_eq!(bench.iam.asked_roles.load(SeqCst), 400);
}

#[tokio::test(start_paused = true)]
async fn the_caller_policy() {
    let bench = Bench::ready().await;
    for (claims, refusal) in [
        (json!({"extend_namespace": "game"}), None),
        (
            json!({"extend_namespace": "GAME"}),
            Some(Refusal::NamespaceMismatch),
        ),
        (
            json!({"extend_namespace": "other", "permissions": [{"Resource": "*", "Action": 15}]}),
            Some(Refusal::NamespaceMismatch),
        ),
        (
            json!({"extend_namespace": ""}),
            Some(Refusal::InsufficientPermission),
        ),
        (
            json!({"extend_namespace": null}),
            Some(Refusal::InsufficientPermission),
        ),
        (
            json!({"extend_namespace": ["game"]}),
            Some(Refusal::Malformed),
        ),
        (
            json!({"namespace": "game"}),
            Some(Refusal::InsufficientPermission),
        ),
        (
            json!({"permissions": [{"Resource": "NAMESPACE:game:MMV2GRPCSERVICE", "Action": 13}]}),
            Some(Refusal::InsufficientPermission),
        ),
        (
            json!({"permissions": [{"Resource": "NAMESPACE:game:MMV2GRPCSERVICE", "Action": 2}]}),
            None,
        ),
        // No library checks these two, and AGS sets them as it likes.
        (
            json!({"extend_namespace": "game", "iss": "https://elsewhere", "aud": ["x"]}),
            None,
        ),
    ] {
        let mut claims = claims;
        claims["exp"] = json!(NOW + 1e6);
        assert_eq!(bench.refusal(&mint(0, &claims)).await, refusal, "{claims}");
    }
}

#[tokio::test(start_paused = true)]
async fn shutdown_ends_the_refreshes() {
    let bench = Bench::ready().await;
    let Bench { auth, iam, .. } = bench;
    let authorizer = auth.authorizer();
    auth.shutdown().await;
    let asked = iam.asked_keys.load(SeqCst);
    sleep(3 * INTERVAL).await;
    assert_eq!(iam.asked_keys.load(SeqCst), asked);
    assert!(matches!(
        authorizer.authorize(&HeaderMap::new()),
        Decision::Now(Err(Refusal::NoToken))
    ));
    let dropped = Bench::ready().await;
    let iam = Arc::clone(&dropped.iam);
    drop(dropped);
    sleep(3 * INTERVAL).await;
    assert_eq!(iam.asked_keys.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_verdict_that_raced_with_a_new_list_is_not_kept() {
    let bench = Arc::new(Bench::ready().await);
    // The role's answer takes longer than the refresh of the list that comes meanwhile.
    bench.iam.tell(|told| {
        told.roles.insert(
            "r".into(),
            Ok(vec!["NAMESPACE:game:MMV2GRPCSERVICE".into()]),
        );
    });
    sleep(INTERVAL - Duration::from_secs(1)).await;
    bench.iam.tell(|told| told.delay = Duration::from_secs(4));
    let claims = json!({"exp": NOW + 1e6, "iat": 1_700_000_000, "sub": "u", "roles": ["r"]});
    let token = mint(0, &claims);
    let asking = tokio::spawn({
        let (bench, token) = (Arc::clone(&bench), token.clone());
        async move { bench.refusal(&token).await }
    });
    sleep(Duration::from_millis(100)).await;
    bench.iam.tell(|told| {
        told.delay = Duration::ZERO;
        told.list = Ok(json!({"revoked_tokens": {"m": 0, "k": 0},
            "revoked_users": [{"id": "u", "revoked_at": "2027-01-01T00:00:00Z"}]}));
    });
    assert_eq!(
        asking.await.expect("asked"),
        None,
        "judged by the list of that moment"
    );
    assert_eq!(bench.refusal(&token).await, Some(Refusal::UserRevoked));
    assert_eq!(bench.auth.metrics().permits_cached.get(), 0);
}
