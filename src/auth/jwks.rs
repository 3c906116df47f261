//! IAM's signing keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::claims::UnverifiedToken;
use super::refusal::Refusal;

/// Maximum number of keys that are taken from one set; IAM has two or three.
const MAX_KEYS: usize = 64;
/// Allowed sizes of an RSA modulus, in bits: smaller ones can be broken, larger ones cost time for
/// every token.
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Why a key set cannot be used. The previous one then stays in use.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// Not the JSON of a key set.
    #[error("not a key set: line {line}, column {column}")]
    Json {
        /// Where reading stopped.
        line: usize,
        /// Where reading stopped.
        column: usize,
    },
    /// No key in it can check a signature.
    #[error(
        "none of {0} keys can be used: needed is RSA for RS256, use `sig`, 2048 to 8192 bits, with a kid"
    )]
    NoUsableKey(usize),
}

#[derive(Deserialize)]
struct WireKeySet {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct WireKey {
    kty: String,
    #[serde(default, rename = "use")]
    usage: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    kid: String,
    n: String,
    e: String,
}

/// The keys that may have signed a token.
#[derive(Debug, Clone)]
pub struct KeySet {
    keys: Vec<(String, DecodingKey)>,
}

impl KeySet {
    /// Reads the body of `GET /iam/v3/oauth/jwks`. Keys that are not for RS256 signatures, or too
    /// weak, are skipped.
    ///
    /// # Errors
    ///
    /// If the body is not a key set, or has no usable key.
    pub fn parse(body: &[u8]) -> Result<Self, KeySetError> {
        let wire: WireKeySet = serde_json::from_slice(body).map_err(|error| KeySetError::Json {
            line: error.line(),
            column: error.column(),
        })?;
        let sent = wire.keys.len();
        let keys: Vec<_> = wire
            .keys
            .into_iter()
            .filter_map(usable_key)
            .take(MAX_KEYS)
            .collect();
        if keys.is_empty() {
            return Err(KeySetError::NoUsableKey(sent));
        }
        Ok(Self { keys })
    }

    /// Checks the signature with every key of the token's `kid`: a set may have two of one name.
    ///
    /// # Errors
    ///
    /// If no key has the name ([`Refusal::UnknownKey`]), or none of them made the signature
    /// ([`Refusal::BadSignature`]).
    pub fn verify(&self, token: &UnverifiedToken<'_>) -> Result<(), Refusal> {
        let (signed, signature) = token.signed_and_signature();
        let mut refusal = Refusal::UnknownKey;
        for (_, key) in self.keys.iter().filter(|(kid, _)| kid == token.kid()) {
            let checked =
                jsonwebtoken::crypto::verify(signature, signed.as_bytes(), key, Algorithm::RS256);
            if matches!(checked, Ok(true)) {
                return Ok(());
            }
            refusal = Refusal::BadSignature;
        }
        Err(refusal)
    }

    /// The names of the keys.
    pub fn kids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|(kid, _)| kid.as_str())
    }
}

fn usable_key(value: Value) -> Option<(String, DecodingKey)> {
    let key: WireKey = serde_json::from_value(value).ok()?;
    let for_signatures = key.usage.as_deref().is_none_or(|usage| usage == "sig");
    let for_rs256 = key.alg.as_deref().is_none_or(|alg| alg == "RS256");
    if key.kty != "RSA" || !for_signatures || !for_rs256 || key.kid.is_empty() {
        return None;
    }
    let modulus = URL_SAFE_NO_PAD.decode(&key.n).ok()?;
    let exponent = URL_SAFE_NO_PAD.decode(&key.e).ok()?;
    let sound = MODULUS_BITS.contains(&bits(&modulus))
        && is_odd(&modulus)
        // With 1, every text would be its own signature; an even number cannot be an exponent.
        && (2..=64).contains(&bits(&exponent))
        && is_odd(&exponent);
    sound.then(|| {
        (
            key.kid,
            DecodingKey::from_rsa_raw_components(&modulus, &exponent),
        )
    })
}

/// Length of a big-endian number without its leading zeros.
fn bits(number: &[u8]) -> usize {
    match number.iter().position(|byte| *byte != 0) {
        Some(first) => (number.len() - first) * 8 - number[first].leading_zeros() as usize,
        None => 0,
    }
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|byte| byte & 1 == 1)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{KeySet, KeySetError, UnverifiedToken};
    use crate::auth::Refusal;
    use crate::auth::bearer::BearerToken;
    use crate::auth::testing::vectors;

    fn set(keys: &[Value]) -> Result<KeySet, KeySetError> {
        KeySet::parse(json!({ "keys": keys }).to_string().as_bytes())
    }

    fn with(key: &Value, field: &str, value: Value) -> Value {
        let mut key = key.clone();
        key[field] = value;
        key
    }

    fn number(bytes: &[u8]) -> Value {
        json!(URL_SAFE_NO_PAD.encode(bytes))
    }

    #[test]
    fn passes_over_keys_it_cannot_use() {
        let jwks = vectors("tokens")["jwks"].clone();
        let found = KeySet::parse(jwks.to_string().as_bytes()).expect("a set");
        let rsa: Vec<&str> = jwks["keys"]
            .as_array()
            .expect("keys")
            .iter()
            .filter(|key| key["kty"] == "RSA")
            .filter_map(|key| key["kid"].as_str())
            .collect();
        assert_eq!(found.kids().collect::<Vec<_>>(), rsa);
    }

    #[test]
    fn refuses_weak_and_foreign_keys() {
        let good = vectors("tokens")["jwks"]["keys"][0].clone();
        assert!(set(std::slice::from_ref(&good)).is_ok());
        let mut even = vec![0xff; 256];
        even[255] = 0xfe;
        let mut short = vec![0xff; 256];
        short[0] = 0x7f;
        for bad in [
            with(&good, "kty", json!("oct")),
            with(&good, "use", json!("enc")),
            with(&good, "alg", json!("RS512")),
            with(&good, "alg", json!("HS256")),
            with(&good, "kid", json!("")),
            with(&good, "kid", json!(null)),
            with(&good, "n", number(&even)),
            with(&good, "n", number(&short)), // 2047 bit
            with(&good, "n", number(&[0xff; 128])),
            with(&good, "n", number(&[0xff; 1025])),
            with(&good, "n", json!("")),
            with(&good, "n", json!("not base64!")),
            with(&good, "e", number(&[1])),
            with(&good, "e", number(&[0])),
            with(&good, "e", number(&[2])),
            with(&good, "e", number(&[0xff; 9])),
            json!({}),
            json!("key"),
        ] {
            assert!(
                matches!(
                    set(std::slice::from_ref(&bad)),
                    Err(KeySetError::NoUsableKey(1))
                ),
                "{bad}"
            );
            assert!(
                set(&[bad, good.clone()]).is_ok(),
                "one bad key must not spoil the set"
            );
        }
    }

    #[test]
    fn refuses_what_is_not_a_key_set() {
        assert_eq!(set(&[]).err(), Some(KeySetError::NoUsableKey(0)));
        for body in [
            "",
            "<html>",
            "[]",
            "{}",
            r#"{"keys":null}"#,
            r#"{"keys":[{"kty":"RSA""#,
        ] {
            assert!(
                matches!(
                    KeySet::parse(body.as_bytes()),
                    Err(KeySetError::Json { .. })
                ),
                "{body}"
            );
        }
    }

    #[test]
    fn tries_every_key_of_a_name() {
        let file = vectors("tokens");
        let text = file["cases"][0]["token"].as_str().expect("token");
        let token = UnverifiedToken::parse(BearerToken::new(text.as_bytes())).expect("form");
        let [first, second] = [0, 1].map(|index| file["jwks"]["keys"][index].clone());
        let renamed = with(&second, "kid", first["kid"].clone());
        let verify = |keys: &[Value]| set(keys).expect("a set").verify(&token);
        assert_eq!(verify(&[renamed.clone(), first.clone()]), Ok(()));
        assert_eq!(verify(&[first.clone(), renamed.clone()]), Ok(()));
        assert_eq!(verify(&[renamed]), Err(Refusal::BadSignature));
        assert_eq!(verify(&[second]), Err(Refusal::UnknownKey));
    }

    proptest! {
        #[test]
        fn never_panics(body in prop::collection::vec(any::<u8>(), 0..300), n in any::<Vec<u8>>(), e in any::<Vec<u8>>()) {
            let _ = KeySet::parse(&body);
            let key = json!({"kty": "RSA", "kid": "k", "n": URL_SAFE_NO_PAD.encode(n), "e": URL_SAFE_NO_PAD.encode(e)});
            let _ = set(&[key]);
        }
    }
}
