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
