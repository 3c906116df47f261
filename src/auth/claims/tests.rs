use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Claims, Refusal, UnverifiedToken};
use crate::auth::bearer::BearerToken;

fn token(header: &str, payload: &str) -> String {
    let [header, payload] = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{header}.{payload}.c2ln")
}

fn parse(text: &str) -> Result<UnverifiedToken<'_>, Refusal> {
    UnverifiedToken::parse(BearerToken::new(text.as_bytes()))
}

fn claims(payload: &str) -> Result<Claims, Refusal> {
    parse(&token(r#"{"alg":"RS256","kid":"k"}"#, payload))
        .expect("a good form")
        .claims()
}

fn refusal_of_header(header: &str) -> Option<Refusal> {
    parse(&token(header, "{}")).err()
}

#[test]
fn takes_rs256_with_a_kid_only() {
    assert_eq!(
        refusal_of_header(r#"{"alg":"RS256","kid":"k","typ":"JWT","x":[1]}"#),
        None
    );
    for alg in [
        "none", "None", "NONE", "", "HS256", "HS384", "HS512", "RS384", "RS512", "PS256", "ES256",
        "rs256",
    ] {
        let header = json!({"alg": alg, "kid": "k"}).to_string();
        assert_eq!(
            refusal_of_header(&header),
            Some(Refusal::AlgorithmNotAllowed),
            "{alg}"
        );
    }
    for header in [
        r#"{"kid":"k"}"#,
        r#"{"alg":null,"kid":"k"}"#,
        r#"{"alg":["RS256"],"kid":"k"}"#,
        r#"{"alg":1,"kid":"k"}"#,
    ] {
        assert_eq!(
            refusal_of_header(header),
            Some(Refusal::AlgorithmNotAllowed),
            "{header}"
        );
    }
}

#[test]
fn bounds_the_kid() {
    let with = |kid: Value| refusal_of_header(&json!({"alg": "RS256", "kid": kid}).to_string());
    assert_eq!(
        refusal_of_header(r#"{"alg":"RS256"}"#),
        Some(Refusal::MissingKid)
    );
    assert_eq!(with(json!("")), Some(Refusal::MissingKid));
    for kid in [
        Value::Null,
        json!(7),
        json!(["k"]),
        json!("k".repeat(129)),
        json!("k".repeat(4096)),
    ] {
        assert_eq!(with(kid.clone()), Some(Refusal::Malformed), "{kid}");
    }
    for kid in [
        json!("k".repeat(128)),
        json!("../../etc/passwd"),
        json!("a\0b\r\nc"),
    ] {
        assert_eq!(with(kid.clone()), None, "{kid}");
    }
}

#[test]
fn refuses_critical_extensions_and_doubled_members() {
    for header in [
        r#"{"alg":"RS256","kid":"k","crit":["exp"]}"#,
        r#"{"alg":"RS256","kid":"k","crit":[]}"#,
        r#"{"alg":"RS256","kid":"k","crit":null}"#,
        r#"{"alg":"none","alg":"RS256","kid":"k"}"#,
        r#"{"alg":"RS256","kid":"k","kid":"l"}"#,
        r#"["RS256","k",[]]"#,
        r#""RS256""#,
        "",
        "{",
    ] {
        assert_eq!(
            refusal_of_header(header),
            Some(Refusal::Malformed),
            "{header}"
        );
    }
    for payload in [
        r#"{"exp":1,"exp":9}"#,
        r#"{"exp":9,"permissions":[],"permissions":[]}"#,
    ] {
        assert!(
            matches!(claims(payload), Err(Refusal::Malformed)),
            "{payload}"
        );
    }
}

#[test]
fn a_token_has_one_spelling() {
    let good = token(r#"{"alg":"RS256","kid":"k"}"#, r#"{"exp":1}"#);
    assert!(parse(&good).is_ok());
    for bad in [
        format!("{good}="),
        format!("{good}=="),
        format!(" {good}"),
        format!("{good} "),
        format!("{good}\n"),
        format!("{good}.e30"),
        good.replace('.', ".."),
        good.replacen('.', ".\t", 1),
        good.replace("c2ln", "c2ln/"),
        good.replace("c2ln", "c2l+"),
        good.replace("c2ln", "c2l"), // stray bits: the one spelling is "c2k"
        good.replacen('e', "é", 1),
    ] {
        assert_eq!(parse(&bad).err(), Some(Refusal::Malformed), "{bad}");
    }
    assert_eq!(
        parse(&"a".repeat(17 * 1024)).err(),
        Some(Refusal::Malformed)
    );
}

#[test]
fn numbers_only_where_times_are() {
    for exp in [
        "4077504000",
        "4077504000.5",
        "4.0775e9",
        "9007199254740993",
        "1e300",
        "-1",
        "0",
    ] {
        let payload = format!(r#"{{"exp":{exp},"iat":{exp},"nbf":{exp}}}"#);
        assert!(claims(&payload).is_ok(), "{payload}");
    }
    for odd in [
        "null",
        "\"4077504000\"",
        "true",
        "[]",
        "{}",
        "1e400",
        "NaN",
        "0x10",
        "01",
    ] {
        for payload in [
            format!(r#"{{"exp":{odd}}}"#),
            format!(r#"{{"exp":1,"iat":{odd}}}"#),
            format!(r#"{{"exp":1,"nbf":{odd}}}"#),
        ] {
            assert!(
                matches!(claims(&payload), Err(Refusal::Malformed)),
                "{payload}"
            );
        }
    }
    assert!(
        matches!(claims("{}"), Err(Refusal::Malformed)),
        "exp is required"
    );
}

#[test]
fn the_bounds_of_validity_are_exact() {
    let validity = claims(r#"{"exp":200,"iat":100,"nbf":150}"#)
        .expect("claims")
        .validity(0);
    assert_eq!(validity.check(149.999), Err(Refusal::NotYetValid));
    assert_eq!(validity.check(150.0), Ok(()));
    assert_eq!(validity.check(199.999), Ok(()));
    assert_eq!(validity.check(200.0), Err(Refusal::Expired));
    let issued_late = claims(r#"{"exp":200,"iat":150,"nbf":100}"#)
        .expect("claims")
        .validity(0);
    assert_eq!(issued_late.check(149.0), Err(Refusal::NotYetValid));
    let only_end = claims(r#"{"exp":200}"#).expect("claims").validity(300);
    assert_eq!(only_end.check(-1e12), Ok(()));
}

#[test]
fn leeway_is_for_the_start_only() {
    for start in [r#""iat":150"#, r#""nbf":150"#, r#""iat":150,"nbf":149"#] {
        let claims = claims(&format!(r#"{{"exp":200,{start}}}"#)).expect("claims");
        let validity = claims.validity(10);
        assert_eq!(validity.check(139.999), Err(Refusal::NotYetValid));
        assert_eq!(validity.check(140.0), Ok(()));
        assert_eq!(validity.check(199.999), Ok(()));
        assert_eq!(validity.check(200.0), Err(Refusal::Expired));
    }
}

#[test]
fn leaves_out_entries_that_cannot_be_read() {
    let payload = json!({"exp": 1,
        "permissions": [{"Resource": "A", "Action": 2}, {"Resource": "B"}, {"Resource": null, "Action": 2},
            {"Resource": "C", "Action": "2"}, {"Resource": "D", "Action": -1}, {"resource": "E", "action": 2}, 7],
        "namespace_roles": [{"roleId": "r", "namespace": "n"}, {"namespace": "n"}, null],
        "roles": ["a", null, "b"]});
    let claims = claims(&payload.to_string()).expect("claims");
    let resources: Vec<&str> = claims
        .permissions
        .iter()
        .map(|granted| &*granted.resource)
        .collect();
    assert_eq!(resources, ["A"]);
    assert_eq!(claims.namespace_roles.len(), 1);
    assert_eq!(claims.roles, ["a", "b"]);
}

#[test]
fn lists_may_be_null_but_not_something_else() {
    for list in ["permissions", "namespace_roles", "roles"] {
        assert!(
            claims(&format!(r#"{{"exp":1,"{list}":null}}"#)).is_ok(),
            "{list}"
        );
        assert!(
            claims(&format!(r#"{{"exp":1,"{list}":{{}}}}"#)).is_err(),
            "{list}"
        );
    }
    for claim in [
        "sub",
        "user_id",
        "client_id",
        "namespace",
        "extend_namespace",
    ] {
        assert!(
            claims(&format!(r#"{{"exp":1,"{claim}":5}}"#)).is_err(),
            "{claim}"
        );
    }
}

#[test]
fn deep_nesting_is_refused_or_skipped_in_bounded_space() {
    for depth in [1_000, 6_000] {
        let bomb = "[".repeat(depth);
        assert!(claims(&format!(r#"{{"exp":1,"x":{bomb}}}"#)).is_err());
        assert!(claims(&format!(r#"{{"exp":1,"permissions":{bomb}}}"#)).is_err());
        assert!(refusal_of_header(&format!(r#"{{"alg":{bomb}"#)).is_some());
    }
}

proptest! {
    #[test]
    fn never_panics_on_any_text(text in "\\PC{0,300}") {
        let _ = parse(&text);
    }

    #[test]
    fn never_panics_on_any_parts(header in any::<Vec<u8>>(), payload in any::<Vec<u8>>()) {
        let text = format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(&header), URL_SAFE_NO_PAD.encode(&payload));
        let _ = parse(&text).and_then(|token| token.claims());
        let good_header = token(r#"{"alg":"RS256","kid":"k"}"#, "");
        let text = good_header.replacen("..", &format!(".{}.", URL_SAFE_NO_PAD.encode(&payload)), 1);
        let _ = parse(&text).and_then(|token| token.claims());
    }

    #[test]
    fn what_is_accepted_is_spelled_the_one_way(payload in "\\{\"exp\":[0-9]{1,9}\\}", junk in "[=+/ \\t\n.]{1,3}", at in 0_usize..200) {
        let good = token(r#"{"alg":"RS256","kid":"k"}"#, &payload);
        let mut bad = good.clone();
        bad.insert_str(at.min(good.len()), &junk);
        prop_assert!(parse(&bad).is_err());
    }
}
