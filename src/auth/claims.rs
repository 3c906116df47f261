//! The parts of an access token: its strict form first, then its claims.
//!
//! Times are checked here because the JWT library reads the system clock itself: here the time is
//! an argument, for tests and for a cached verdict that has to end on time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::bearer::{BearerToken, MAX_HEADER_BYTES};
use super::permission::{Actions, Permission};
use super::refusal::Refusal;

/// Maximum length of a key id, in bytes.
const MAX_KID_BYTES: usize = 128;

/// A token whose form is valid and whose signature has not been checked.
#[derive(Debug)]
pub struct UnverifiedToken<'t> {
    /// Name of the key it claims to be signed with: 1 to 128 bytes of any text.
    kid: String,
    /// `header.payload` as sent: what the signature is over.
    signed: &'t str,
    signature: &'t str,
    payload: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    #[serde(default)]
    alg: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    kid: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    crit: Option<IgnoredAny>,
}

impl<'t> UnverifiedToken<'t> {
    /// Splits a compact JWS: three parts of strict base64url, an RS256 header with a key id.
    ///
    /// A token has exactly one accepted spelling. The revocation list goes by the text of a token,
    /// so a revoked token would be accepted again if padding, stray bits or white space were
    /// allowed.
    ///
    /// # Errors
    ///
    /// If the form is not this one ([`Refusal::Malformed`]), the algorithm is not RS256
    /// ([`Refusal::AlgorithmNotAllowed`]), or there is no key id ([`Refusal::MissingKid`]).
    pub fn parse(token: BearerToken<'t>) -> Result<Self, Refusal> {
        let bytes = token.expose();
        if bytes.len() > MAX_HEADER_BYTES {
            return Err(Refusal::Malformed);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Refusal::Malformed)?;
        let (signed, signature) = text.rsplit_once('.').ok_or(Refusal::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Refusal::Malformed)?;
        // A dot is not in the alphabet of base64url, so more than three parts fail here too.
        let [Ok(header), Ok(payload), Ok(_)] =
            [header, payload, signature].map(|part| URL_SAFE_NO_PAD.decode(part))
        else {
            return Err(Refusal::Malformed);
        };
        let header: Header = json(&header)?;
        if header.alg.as_ref().and_then(Value::as_str) != Some("RS256") {
            return Err(Refusal::AlgorithmNotAllowed);
        }
        let kid = match header.kid {
            None => return Err(Refusal::MissingKid),
            Some(Value::String(kid)) if kid.is_empty() => return Err(Refusal::MissingKid),
            Some(Value::String(kid)) if kid.len() <= MAX_KID_BYTES => kid,
            Some(_) => return Err(Refusal::Malformed),
        };
        // RFC 7515 section 4.1.11: these extensions have to be understood, and none of them is.
        if header.crit.is_some() {
            return Err(Refusal::Malformed);
        }
        Ok(Self {
            kid,
            signed,
            signature,
            payload,
        })
    }

    /// Name of the key to check the signature with.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What the signature is over, and the signature in base64url.
    pub fn signed_and_signature(&self) -> (&'t str, &'t str) {
        (self.signed, self.signature)
    }

    /// Reads the claims. To be called only once the signature has been checked.
    ///
    /// # Errors
    ///
    /// If they are not one JSON object with claims of the right types ([`Refusal::Malformed`]).
    pub fn claims(&self) -> Result<Claims, Refusal> {
        json(&self.payload)
    }
}

/// A role held in one namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
pub struct NamespaceRole {
    /// Id of the role.
    #[serde(rename = "roleId")]
    pub role_id: String,
    /// A namespace, a studio as `studio-`, or `*`.
    pub namespace: String,
}

/// The claims that are judged. All others are ignored.
#[derive(Debug, Deserialize)]
pub struct Claims {
    /// Where the token was issued.
    #[serde(default)]
    pub namespace: Option<String>,
    /// The user; absent in client tokens.
    #[serde(default)]
    pub sub: Option<String>,
    /// The user again; not issued today, but the reference SDK prefers it to `sub`.
    #[serde(default)]
    pub user_id: Option<String>,
    /// The OAuth client the token was issued to.
    #[serde(default)]
    pub client_id: Option<String>,
    /// Permissions of the token itself. Entries that cannot be read are left out and grant nothing.
    #[serde(default, deserialize_with = "permissions")]
    pub permissions: Vec<Permission>,
    /// Roles held per namespace.
    #[serde(default, deserialize_with = "lenient_list")]
    pub namespace_roles: Vec<NamespaceRole>,
    /// Ids of roles held in the server's namespace (deprecated, still honoured).
    #[serde(default, deserialize_with = "lenient_list")]
    pub roles: Vec<String>,
    /// The game namespace that a delegated token is for.
    #[serde(default)]
    pub extend_namespace: Option<String>,
    /// End of validity, Unix seconds. Required: a token without it would never end.
    exp: f64,
    #[serde(default, deserialize_with = "present")]
    nbf: Option<f64>,
    #[serde(default, deserialize_with = "present")]
    iat: Option<f64>,
}

/// When a token is valid, in Unix seconds: from `start` (included) to `end` (excluded).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Validity {
    start: f64,
    end: f64,
}

impl Validity {
    /// Judges the time `now`, without leeway.
    ///
    /// # Errors
    ///
    /// If it is too late ([`Refusal::Expired`]) or too early ([`Refusal::NotYetValid`]).
    pub fn check(self, now: f64) -> Result<(), Refusal> {
        if now >= self.end {
            Err(Refusal::Expired)
        } else if now < self.start {
            Err(Refusal::NotYetValid)
        } else {
            Ok(())
        }
    }
}

impl Claims {
    /// When the token is valid: after `iat` and `nbf`, before `exp`.
    pub fn validity(&self) -> Validity {
        let start = self
            .iat
            .into_iter()
            .chain(self.nbf)
            .fold(f64::NEG_INFINITY, f64::max);
        Validity {
            start,
            end: self.exp,
        }
    }

    /// When the token was issued, Unix seconds, if it says so.
    pub fn issued_at(&self) -> Option<f64> {
        self.iat
    }

    /// The user whose resources `{userId}` stands for.
    pub fn user(&self) -> Option<&str> {
        self.users().next()
    }

    /// Every user the token names, the preferred one first.
    pub fn users(&self) -> impl Iterator<Item = &str> {
        [&self.user_id, &self.sub]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .filter(|id| !id.is_empty())
    }
}

/// One JSON object, and nothing after it.
fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    // serde does not check the bytes of texts that it skips.
    let text = std::str::from_utf8(bytes).map_err(|_| Refusal::Malformed)?;
    // serde would also fill the fields from a list, in order.
    if !text.trim_start().starts_with('{') {
        return Err(Refusal::Malformed);
    }
    serde_json::from_str(text).map_err(|_| Refusal::Malformed)
}

/// A member that may be absent. If it is present it has to be a `T`: null does not count as absent.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    source: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(source).map(Some)
}

/// A list that may be null. Entries of another form are left out.
fn lenient_list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    source: D,
) -> Result<Vec<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum ListEntry<T> {
        Usable(T),
        Odd(IgnoredAny),
    }
    let entries = Option::<Vec<ListEntry<T>>>::deserialize(source)?.unwrap_or_default();
    Ok(entries
        .into_iter()
        .filter_map(|entry| match entry {
            ListEntry::Usable(value) => Some(value),
            ListEntry::Odd(_) => None,
        })
        .collect())
}

/// Permissions as tokens and role overrides spell them, with capital letters.
pub(super) fn permissions<'de, D: Deserializer<'de>>(
    source: D,
) -> Result<Vec<Permission>, D::Error> {
    #[derive(Deserialize)]
    struct TokenPermission {
        #[serde(rename = "Resource")]
        resource: String,
        #[serde(rename = "Action")]
        action: Actions,
    }
    let list: Vec<TokenPermission> = lenient_list(source)?;
    Ok(list
        .into_iter()
        .map(|wire| Permission {
            resource: wire.resource,
            actions: wire.action,
        })
        .collect())
}

/// Permissions as the role endpoint spells them, in lower case.
pub(super) fn lower_case_permissions<'de, D: Deserializer<'de>>(
    source: D,
) -> Result<Vec<Permission>, D::Error> {
    #[derive(Deserialize)]
    struct RolePermission {
        resource: String,
        action: Actions,
    }
    let list: Vec<RolePermission> = lenient_list(source)?;
    Ok(list
        .into_iter()
        .map(|wire| Permission {
            resource: wire.resource,
            actions: wire.action,
        })
        .collect())
}

#[cfg(test)]
mod tests;
