//! What the unit tests of this module share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderMap;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::claims::NamespaceRole;
use super::iam::{BoxFuture, Iam, IamError};
use super::jwks::KeySet;
use super::permission::{Actions, Permission};
use super::revocation::RevocationList;
use super::{Authorizer, Decision, Permit, Refusal};

/// One file of golden vectors.
pub(crate) fn vectors(name: &str) -> Value {
    let path = format!(
        "{}/tests/vectors/auth/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// An authorizer with one verdict for every call.
#[derive(Debug)]
pub(crate) struct FakeAuthorizer {
    verdict: Result<Permit, Refusal>,
    later: bool,
}

impl FakeAuthorizer {
    pub(crate) fn permits() -> Self {
        let claims = serde_json::from_value(json!({"client_id": "client", "exp": 1}));
        Self {
            verdict: Ok(Permit::new(claims.expect("claims"))),
            later: false,
        }
    }

    pub(crate) fn refuses(refusal: Refusal) -> Self {
        Self {
            verdict: Err(refusal),
            later: false,
        }
    }

    /// The same verdict, but not at once.
    pub(crate) fn later(mut self) -> Self {
        self.later = true;
        self
    }
}

impl Authorizer for FakeAuthorizer {
    fn authorize(&self, _: &HeaderMap) -> Decision {
        let verdict = self.verdict.clone();
        if !self.later {
            return Decision::Now(verdict);
        }
        Decision::Later(Box::pin(async move {
            tokio::task::yield_now().await;
            verdict
        }))
    }
}

/// One of the key pairs of the token vectors: 0 and 1 are IAM's, 2 is a stranger's.
pub(crate) fn mint(key: usize, claims: &Value) -> String {
    let keys = &vectors("tokens")["keys"];
    let header = Header {
        kid: keys[key]["kid"].as_str().map(str::to_owned),
        ..Header::new(Algorithm::RS256)
    };
    let pem = keys[key]["private_pem"].as_str().expect("a PEM");
    let key = EncodingKey::from_rsa_pem(pem.as_bytes()).expect("a key");
    jsonwebtoken::encode(&header, claims, &key).expect("a token")
}

/// The public half of some of the key pairs, as IAM would send it.
pub(crate) fn key_set(keys: &[usize]) -> KeySet {
    let file = vectors("tokens");
    let keys: Vec<&Value> = keys.iter().map(|key| &file["jwks"]["keys"][*key]).collect();
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).expect("a key set")
}

/// What [`FakeIam`] answers. An error is any failure.
pub(crate) struct FakeAnswers {
    pub(crate) keys: Result<Vec<usize>, ()>,
    pub(crate) list: Result<Value, ()>,
    /// Resources that a role may READ; a role that is not listed does not exist.
    pub(crate) roles: HashMap<String, Result<Vec<String>, ()>>,
    /// How long an answer takes.
    pub(crate) delay: Duration,
}

/// An IAM in memory that counts what it is asked.
pub(crate) struct FakeIam {
    told: Mutex<FakeAnswers>,
    pub(crate) asked_keys: AtomicUsize,
    pub(crate) asked_list: AtomicUsize,
    pub(crate) asked_roles: AtomicUsize,
    roles_under_way: AtomicUsize,
    pub(crate) most_roles_under_way: AtomicUsize,
}

impl FakeIam {
    /// An IAM that is up: key 0, nothing revoked, no roles, answers in 10 ms.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            told: Mutex::new(FakeAnswers {
                keys: Ok(vec![0]),
                list: Ok(
                    json!({"revoked_tokens": {"m": 0, "k": 0, "bits": null}, "revoked_users": null}),
                ),
                roles: HashMap::new(),
                delay: Duration::from_millis(10),
            }),
            asked_keys: AtomicUsize::new(0),
            asked_list: AtomicUsize::new(0),
            asked_roles: AtomicUsize::new(0),
            roles_under_way: AtomicUsize::new(0),
            most_roles_under_way: AtomicUsize::new(0),
        })
    }

    pub(crate) fn tell(&self, change: impl FnOnce(&mut FakeAnswers)) {
        change(&mut self.told.lock().expect("told"));
    }

    fn answer<T: Send + 'static>(
        &self,
        answer: impl FnOnce(&FakeAnswers) -> Result<T, ()>,
    ) -> BoxFuture<'static, Result<T, IamError>> {
        let told = self.told.lock().expect("told");
        let (answer, delay) = (answer(&told), told.delay);
        Box::pin(async move {
            tokio::time::sleep(delay).await;
            answer.map_err(|()| IamError::Cancelled)
        })
    }
}

impl Iam for FakeIam {
    fn key_set(&self) -> BoxFuture<'_, Result<KeySet, IamError>> {
        self.asked_keys.fetch_add(1, SeqCst);
        self.answer(|told| told.keys.clone().map(|keys| key_set(&keys)))
    }

    fn revocation_list(&self) -> BoxFuture<'_, Result<RevocationList, IamError>> {
        self.asked_list.fetch_add(1, SeqCst);
        self.answer(|told| {
            let list = told.list.clone()?;
            Ok(RevocationList::parse(list.to_string().as_bytes()).expect("a list"))
        })
    }

    fn role<'a>(
        &'a self,
        role: &'a NamespaceRole,
    ) -> BoxFuture<'a, Result<Option<Vec<Permission>>, IamError>> {
        self.asked_roles.fetch_add(1, SeqCst);
        let answer = self.answer(|told| match told.roles.get(&role.role_id) {
            None => Ok(None),
            Some(Err(())) => Err(()),
            Some(Ok(resources)) => Ok(Some(
                resources
                    .iter()
                    .map(|resource| Permission {
                        resource: resource.clone(),
                        actions: Actions::READ,
                    })
                    .collect(),
            )),
        });
        Box::pin(async {
            let under_way = self.roles_under_way.fetch_add(1, SeqCst) + 1;
            self.most_roles_under_way.fetch_max(under_way, SeqCst);
            let answer = answer.await;
            self.roles_under_way.fetch_sub(1, SeqCst);
            answer
        })
    }

    fn studio_of<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<String>, IamError>> {
        self.answer(|_| Ok(None))
    }

    fn renew_login(&self) -> BoxFuture<'_, Result<Duration, IamError>> {
        self.answer(|_| Ok(Duration::from_secs(2880)))
    }
}
