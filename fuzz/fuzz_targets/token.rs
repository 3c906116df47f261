//! Any bytes after `Bearer `: no panic, and whatever is accepted has exactly one spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use match_function::auth::bearer::BearerToken;
use match_function::auth::claims::UnverifiedToken;

fuzz_target!(|bytes: &[u8]| {
    let Ok(token) = UnverifiedToken::parse(BearerToken::new(bytes)) else {
        return;
    };
    assert!((1..=128).contains(&token.kid().len()));
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    assert!(bytes.iter().all(plain), "another letter than base64url and dots");
    assert_eq!(bytes.iter().filter(|byte| **byte == b'.').count(), 2);
    if let Ok(claims) = token.claims() {
        let validity = claims.validity(10);
        let _ = [f64::MIN, 0.0, 1.8e9, f64::MAX].map(|now| validity.check(now));
        let _ = claims.user();
    }
});
