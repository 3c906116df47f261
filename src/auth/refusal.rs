//! Why a call is refused: a closed set, each with its class and the one message that a caller sees.

/// What a refusal means to the caller, and so which gRPC status it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The credential is missing or not valid: a fresh token may help.
    Unauthenticated,
    /// The caller is known and may not call: a fresh token does not help.
    PermissionDenied,
    /// The credential cannot be judged now: trying again may help.
    Unavailable,
}

impl Class {
    /// The name as a metric label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::PermissionDenied => "permission_denied",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Why a call is refused.
///
/// The variants are for logs and metrics; callers learn only the [class](Self::class) and the
/// [message](Self::message), which never hold anything from the token or from IAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.reason())]
#[repr(usize)]
pub enum Refusal {
    /// No `authorization` header.
    NoToken,
    /// A header, but not one `Bearer` credential of at most 16 KiB.
    Format,
    /// Not a JWT in its one strict spelling, or claims of the wrong type.
    Malformed,
    /// Signed with another algorithm than RS256.
    AlgorithmNotAllowed,
    /// The token does not name its key.
    MissingKid,
    /// IAM has no such key.
    UnknownKey,
    /// The signature was not made with the key.
    BadSignature,
    /// `exp` has been reached.
    Expired,
    /// `nbf` or `iat` is in the future.
    NotYetValid,
    /// The token is on the revocation list.
    TokenRevoked,
    /// The user was revoked after the token was issued.
    UserRevoked,
    /// The required permission is not granted.
    InsufficientPermission,
    /// `extend_namespace` names another namespace.
    NamespaceMismatch,
    /// An answer of IAM is needed and not available.
    IamUnavailable,
}

impl Refusal {
    /// Every refusal, in declaration order: `ALL[refusal as usize] == refusal`.
    pub const ALL: [Self; 14] = [
        Self::NoToken,
        Self::Format,
        Self::Malformed,
        Self::AlgorithmNotAllowed,
        Self::MissingKid,
        Self::UnknownKey,
        Self::BadSignature,
        Self::Expired,
        Self::NotYetValid,
        Self::TokenRevoked,
        Self::UserRevoked,
        Self::InsufficientPermission,
        Self::NamespaceMismatch,
        Self::IamUnavailable,
    ];

    /// What the refusal means to the caller.
    pub const fn class(self) -> Class {
        match self {
            Self::NoToken
            | Self::Format
            | Self::Malformed
            | Self::AlgorithmNotAllowed
            | Self::MissingKid
            | Self::UnknownKey
            | Self::BadSignature
            | Self::Expired
            | Self::NotYetValid => Class::Unauthenticated,
            Self::TokenRevoked
            | Self::UserRevoked
            | Self::InsufficientPermission
            | Self::NamespaceMismatch => Class::PermissionDenied,
            Self::IamUnavailable => Class::Unavailable,
        }
    }

    /// The constant text for the caller.
    pub const fn message(self) -> &'static str {
        match self {
            Self::NoToken => "no authorization token found",
            Self::Format => "invalid authorization token format",
            Self::Malformed
            | Self::AlgorithmNotAllowed
            | Self::MissingKid
            | Self::UnknownKey
            | Self::BadSignature
            | Self::NotYetValid => "invalid access token",
            Self::Expired => "access token expired",
            Self::TokenRevoked | Self::UserRevoked => "access token revoked",
            Self::InsufficientPermission => "insufficient permission",
            Self::NamespaceMismatch => "namespace mismatch",
            Self::IamUnavailable => "authorization service unavailable",
        }
    }

    /// The name of the refusal for logs and as a metric label.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::Format => "format",
            Self::Malformed => "malformed",
            Self::AlgorithmNotAllowed => "algorithm_not_allowed",
            Self::MissingKid => "missing_kid",
            Self::UnknownKey => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::TokenRevoked => "token_revoked",
            Self::UserRevoked => "user_revoked",
            Self::InsufficientPermission => "insufficient_permission",
            Self::NamespaceMismatch => "namespace_mismatch",
            Self::IamUnavailable => "iam_unavailable",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Refusal;

    #[test]
    fn all_is_in_declaration_order() {
        for (index, refusal) in Refusal::ALL.into_iter().enumerate() {
            assert_eq!(refusal as usize, index);
        }
    }
}
