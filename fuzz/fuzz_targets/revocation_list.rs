//! Any body of the revocation list: no panic, neither in reading nor in asking.
#![no_main]

use libfuzzer_sys::fuzz_target;
use match_function::auth::revocation::RevocationList;

fuzz_target!(|body: &[u8]| {
    if let Ok(list) = RevocationList::parse(body) {
        for issued_at in [None, Some(0.0), Some(-1.5), Some(1.8e9), Some(f64::MAX), Some(f64::MIN)] {
            let _ = list.user_is_revoked("u", issued_at);
        }
        let _ = list.may_hold(body);
        assert!(list.odd_entries() + list.revoked_users() <= body.len());
    }
});
