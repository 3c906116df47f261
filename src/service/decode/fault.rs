//! What can be wrong with a message that is read.

use crate::proto::wire::Malformed;

/// Why a ticket or a session cannot be read. `path` is the field, such as `players[2].player_id`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::service) enum DecodeFault {
    #[error("`{path}` is not a protobuf message: {why}")]
    Malformed { path: String, why: Malformed },
    #[error("`{path}` is not UTF-8")]
    NotUtf8 { path: String },
    #[error("`{path}` has the wrong wire type; it has to be {expected}")]
    WireType {
        path: String,
        expected: &'static str,
    },
    #[error("`{path}` has more than {allowed} {what}, the maximum of {setting}")]
    TooMany {
        path: String,
        allowed: u32,
        what: &'static str,
        setting: &'static str,
    },
}

impl DecodeFault {
    /// The field at fault.
    pub(in crate::service) fn path(&self) -> &str {
        match self {
            Self::Malformed { path, .. }
            | Self::NotUtf8 { path }
            | Self::WireType { path, .. }
            | Self::TooMany { path, .. } => path,
        }
    }

    pub(super) fn malformed(path: impl Into<String>) -> impl FnOnce(Malformed) -> Box<Self> {
        move |why| {
            Box::new(Self::Malformed {
                path: path.into(),
                why,
            })
        }
    }

    /// The fault as seen from the message around the one that was read.
    pub(super) fn within(mut self: Box<Self>, outer: impl FnOnce() -> String) -> Box<Self> {
        match &mut *self {
            Self::Malformed { path, .. }
            | Self::NotUtf8 { path }
            | Self::WireType { path, .. }
            | Self::TooMany { path, .. } => {
                let inner = std::mem::take(path);
                *path = if inner.is_empty() {
                    outer()
                } else {
                    format!("{}.{inner}", outer())
                };
            }
        }
        self
    }
}

/// Faults are boxed: they are rare, and a small error keeps every result small.
pub(in crate::service) type Decoded<T> = Result<T, Box<DecodeFault>>;
