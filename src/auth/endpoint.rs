//! The endpoints of AGS that are asked.

/// What is asked of AGS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(usize)]
pub enum Endpoint {
    /// `POST /iam/v3/oauth/token`
    Token,
    /// `GET /iam/v3/oauth/jwks`
    Jwks,
    /// `GET /iam/v3/oauth/revocationlist`
    RevocationList,
    /// `GET /iam/v3/admin/namespaces/{namespace}/roleoverride/{roleId}/permissions` and
    /// `GET /iam/v3/admin/roles/{roleId}`
    Role,
    /// `GET /basic/v1/admin/namespaces/{namespace}/context`
    NamespaceContext,
}

impl Endpoint {
    /// Every endpoint, in declaration order.
    pub const ALL: [Self; 5] = [
        Self::Token,
        Self::Jwks,
        Self::RevocationList,
        Self::Role,
        Self::NamespaceContext,
    ];

    /// The name for logs and as a metric label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Jwks => "jwks",
            Self::RevocationList => "revocation_list",
            Self::Role => "role",
            Self::NamespaceContext => "namespace_context",
        }
    }
}
