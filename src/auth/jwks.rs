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
mod tests;
