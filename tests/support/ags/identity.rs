//! What the server asks: the endpoints of the identity and namespace services.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use match_function::auth::Endpoint;
use serde_json::{Value, json};

use super::answers::{error, json_response};
use super::{Inside, TestKey, World};

/// What a path asks for, and the names in it.
pub(super) fn route(method: &str, path: &str) -> Option<(Endpoint, Vec<String>)> {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let named = |names: &[&str]| names.iter().map(|name| percent_decoded(name)).collect();
    match (method, segments.as_slice()) {
        ("POST", ["iam", "v3", "oauth", "token"]) => Some((Endpoint::Token, vec![])),
        ("GET", ["iam", "v3", "oauth", "jwks"]) => Some((Endpoint::Jwks, vec![])),
        ("GET", ["iam", "v3", "oauth", "revocationlist"]) => {
            Some((Endpoint::RevocationList, vec![]))
        }
        (
            "GET",
            [
                "iam",
                "v3",
                "admin",
                "namespaces",
                namespace,
                "roleoverride",
                role,
                "permissions",
            ],
        ) => Some((Endpoint::Role, named(&[role, namespace]))),
        ("GET", ["iam", "v3", "admin", "roles", role]) => Some((Endpoint::Role, named(&[role]))),
        ("GET", ["basic", "v1", "admin", "namespaces", namespace, "context"]) => {
            Some((Endpoint::NamespaceContext, named(&[namespace])))
        }
        _ => None,
    }
}

pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

/// Answers what the server asks.
pub(super) fn answer(
    inside: &mut Inside,
    endpoint: Endpoint,
    names: &[String],
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    if !is_allowed(inside, endpoint, headers) {
        return error(401, 20001, "unauthorized access");
    }
    let world = &mut inside.world;
    match endpoint {
        Endpoint::Token => log_in(inside, body),
        Endpoint::Jwks => {
            let keys = world.jwks[0].clone();
            if world.jwks.len() > 1 {
                world.jwks.remove(0);
            }
            json_response(200, &keys)
        }
        Endpoint::RevocationList => json_response(200, &world.revocation_list),
        Endpoint::Role => match names {
            [role, namespace] => told(world.role_overrides.get(&(role.clone(), namespace.clone()))),
            [role] => told(world.roles.get(role)),
            _ => unreachable!("a role has one or two names"),
        },
        Endpoint::NamespaceContext => told(world.contexts.get(&names[0])),
    }
}

/// The token endpoint and the revocation list take the client's id and secret, the others its token.
pub(super) fn is_allowed(inside: &Inside, endpoint: Endpoint, headers: &HeaderMap) -> bool {
    let shown = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if matches!(endpoint, Endpoint::Token | Endpoint::RevocationList) {
        let World {
            client_id,
            client_secret,
            ..
        } = &inside.world;
        shown
            == format!(
                "Basic {}",
                STANDARD.encode(format!("{client_id}:{client_secret}"))
            )
    } else {
        inside
            .logins
            .iter()
            .any(|login| shown == format!("Bearer {login}"))
    }
}

fn log_in(inside: &mut Inside, body: &[u8]) -> Response {
    if body != b"grant_type=client_credentials" {
        return json_response(
            400,
            &json!({"error": "unsupported_grant_type", "error_description": "-"}),
        );
    }
    inside.logins_made += 1;
    let token = match &inside.world.login_claims {
        Some(claims) => TestKey::first().sign(claims),
        None => format!("eyJhbGciOiJSUzI1NiJ9.login{}.s1gnature", inside.logins_made),
    };
    inside.logins.push(token.clone());
    json_response(
        200,
        &json!({
            "access_token": token, "bans": null, "display_name": "", "expires_in": inside.world.token_life_s,
            "is_comply": true, "jflgs": 0, "namespace": "publisher", "namespace_roles": null,
            "permissions": [{"action": 2, "resource": "ADMIN:ROLE"}], "roles": null, "scope": "account",
            "token_type": "Bearer", "user_id": "", "xuid": "",
        }),
    )
}

fn told(answer: Option<&(u16, Value)>) -> Response {
    match answer {
        Some((status, body)) => json_response(*status, body),
        None => error(404, 10456, "not found"),
    }
}
