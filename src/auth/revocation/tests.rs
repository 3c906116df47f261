use proptest::prelude::*;
use serde_json::{Value, json};

use super::{RevocationList, time_of};
use crate::auth::testing::vectors;

fn list(users: &Value) -> RevocationList {
    let body = json!({"revoked_tokens": {"m": 0, "k": 0, "bits": null}, "revoked_users": users});
    RevocationList::parse(body.to_string().as_bytes()).expect("a list")
}

#[test]
fn time_vectors() {
    let file = vectors("revoked_users");
    let rows = file["times"].as_array().expect("rows");
    for row in rows {
        let time = time_of(row["revoked_at"].as_str().expect("text"));
        let nanoseconds = time.map(|time| time.unix_timestamp_nanos().to_string());
        assert_eq!(nanoseconds.as_deref(), row["unix_ns"].as_str(), "{row}");
    }
    assert_eq!(rows.len(), 19);
}

#[test]
fn user_vectors() {
    let file = vectors("revoked_users");
    let rows = file["cases"].as_array().expect("rows");
    for row in rows {
        let list = list(&json!([{"id": row["user"], "revoked_at": row["revoked_at"]}]));
        let user = row["user"].as_str().expect("user");
        assert_eq!(
            Value::Bool(list.user_is_revoked(user, row["iat"].as_f64())),
            row["revoked"],
            "{row}"
        );
        assert!(!list.user_is_revoked("another", row["iat"].as_f64()));
        assert!(
            list.user_is_revoked(user, None),
            "without iat the token may be older"
        );
    }
    assert_eq!(rows.len(), 24);
}

#[test]
fn odd_entry_vectors() {
    let file = vectors("revoked_users");
    let rows = file["odd_entries"].as_array().expect("rows");
    for row in rows {
        let entries = row["revoked_users"].as_array().expect("entries");
        let list = list(&row["revoked_users"]);
        let wanted = row["recommended_keeps"].as_array().expect("answers");
        for (entry, keeps) in entries.iter().zip(wanted) {
            let user = entry["id"].as_str().expect("id");
            assert_eq!(
                Value::Bool(list.user_is_revoked(user, Some(1.0))),
                *keeps,
                "{row}"
            );
        }
        assert_eq!(
            list.odd_entries(),
            wanted.iter().filter(|keeps| **keeps == false).count()
        );
    }
    assert_eq!(rows.len(), 4);
}

#[test]
fn fractions_of_the_issue_time_count() {
    let list = list(&json!([{"id": "u", "revoked_at": "1970-01-01T00:01:40.5Z"}]));
    for (issued_at, revoked) in [
        (100.0, true),
        (100.5, true),
        (100.500_001, false),
        (101.0, false),
        (-0.5, true),
    ] {
        assert_eq!(
            list.user_is_revoked("u", Some(issued_at)),
            revoked,
            "{issued_at}"
        );
    }
}

#[test]
fn the_latest_of_two_entries_of_a_user_counts() {
    for (first, second) in [
        ("1970-01-01T00:00:10Z", "1970-01-01T00:00:20Z"),
        ("1970-01-01T00:00:20Z", "1970-01-01T00:00:10Z"),
    ] {
        let list =
            list(&json!([{"id": "u", "revoked_at": first}, {"id": "u", "revoked_at": second}]));
        assert!(list.user_is_revoked("u", Some(20.0)) && !list.user_is_revoked("u", Some(21.0)));
    }
}

#[test]
fn refuses_what_is_not_a_list() {
    for body in [
        "",
        "<html></html>",
        "[]",
        "null",
        "{}",
        r#"{"revoked_users":[]}"#,
        r#"{"revoked_tokens":null,"revoked_users":[]}"#,
        r#"{"revoked_tokens":{"m":64,"k":1,"bits":[1]}"#,
        r#"{"revoked_tokens":{"m":65,"k":1,"bits":[1]},"revoked_users":[]}"#,
        r#"{"revoked_tokens":{"m":64,"k":1,"bits":[1]},"revoked_users":{}}"#,
    ] {
        assert!(RevocationList::parse(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn takes_a_hundred_thousand_users() {
    let entries: Vec<Value> = (0..100_000)
        .map(|n| json!({"id": format!("{n:032x}"), "revoked_at": "2026-02-03T04:05:06Z"}))
        .collect();
    let list = list(&json!(entries));
    assert_eq!((list.revoked_users(), list.odd_entries()), (100_000, 0));
    assert!(list.user_is_revoked(&format!("{:032x}", 99_999), Some(1.0)));
}

proptest! {
    #[test]
    fn never_panics(body in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = RevocationList::parse(&body);
    }

    #[test]
    fn never_panics_on_nearly_right_lists(
        m in any::<i128>(), k in any::<i64>(), bits in prop::collection::vec(any::<u64>(), 0..8),
        at in "[0-9T:.Z+-]{0,32}", issued_at in any::<f64>(), key in ".{0,40}",
    ) {
        let body = format!(
            r#"{{"revoked_tokens":{{"m":{m},"k":{k},"bits":{bits:?}}},"revoked_users":[{{"id":"u","revoked_at":"{at}"}}]}}"#
        );
        if let Ok(list) = RevocationList::parse(body.as_bytes()) {
            let _ = list.user_is_revoked("u", Some(issued_at));
            let _ = list.may_hold(key.as_bytes());
        }
    }
}
