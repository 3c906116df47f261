//! Test key pairs and the tokens they sign. The keys are those of the golden vectors; none of them is
//! a secret.

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// One file of golden vectors.
pub(crate) fn vectors(name: &str) -> Value {
    let path = format!(
        "{}/tests/vectors/auth/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

static TOKENS: LazyLock<Value> = LazyLock::new(|| vectors("tokens"));

/// A key pair, of IAM or of another signer.
#[derive(Debug, Clone)]
pub(crate) struct TestKey {
    pub(crate) kid: String,
    pub(crate) private_pem: String,
}

impl TestKey {
    /// IAM's first key.
    pub(crate) fn first() -> Self {
        Self::numbered(0)
    }

    /// IAM's second key, for rotation.
    pub(crate) fn second() -> Self {
        Self::numbered(1)
    }

    /// A key that IAM does not have.
    pub(crate) fn stranger() -> Self {
        Self::numbered(2)
    }

    fn numbered(index: usize) -> Self {
        let key = &TOKENS["keys"][index];
        let text = |field: &str| key[field].as_str().expect(field).to_owned();
        Self {
            kid: text("kid"),
            private_pem: text("private_pem"),
        }
    }

    /// The public half as IAM sends it; of IAM's keys only.
    pub(crate) fn jwk(&self) -> Value {
        let keys = TOKENS["jwks"]["keys"].as_array().expect("keys");
        keys.iter()
            .find(|key| key["kid"] == *self.kid)
            .expect("a key of IAM")
            .clone()
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_with_header(
            &Header {
                kid: Some(self.kid.clone()),
                ..Header::new(Algorithm::RS256)
            },
            claims,
        )
    }

    /// A token with this header, which may name another key.
    pub(crate) fn sign_with_header(&self, header: &Header, claims: &Value) -> String {
        let key = EncodingKey::from_rsa_pem(self.private_pem.as_bytes()).expect("a private key");
        jsonwebtoken::encode(header, claims, &key).expect("a token")
    }
}

/// Unix seconds.
#[expect(
    clippy::disallowed_methods,
    reason = "tokens are minted relative to the clock the server reads"
)]
pub(crate) fn now_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs()
}

/// The claims AGS calls an Extend app with: delegated to a namespace, valid for an hour.
pub(crate) fn delegated(namespace: &str) -> Value {
    json!({
        "client_id": "ags-matchmaking", "namespace": "publisher", "extend_namespace": namespace,
        "scope": "extend", "iat": now_s() - 1, "exp": now_s() + 3600,
    })
}

/// The claims of a client with one permission, valid for an hour.
pub(crate) fn granted(resource: &str, action: u32) -> Value {
    json!({
        "client_id": "some-client", "namespace": "publisher",
        "permissions": [{"Resource": resource, "Action": action}],
        "iat": now_s() - 1, "exp": now_s() + 3600,
    })
}

/// The same claims, at their end since a second.
pub(crate) fn expired(mut claims: Value) -> Value {
    claims["exp"] = json!(now_s() - 1);
    claims
}
