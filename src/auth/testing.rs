//! What the unit tests of this module share.

use std::sync::Arc;

use http::HeaderMap;
use serde_json::Value;

use super::{Authorizer, Caller, Decision, Permit, Refusal};

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
        let caller = Caller {
            client_id: Some("client".to_owned()),
            user_id: None,
            namespace: None,
        };
        Self {
            verdict: Ok(Permit(Arc::new(caller))),
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
