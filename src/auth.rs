//! Access tokens and permissions: only AGS may call.
//!
//! A caller sends a token that AGS's identity service (IAM) has signed. [`Auth`] fetches what is
//! needed to judge it (keys, revocation list, roles, namespaces) and refreshes it in the
//! background; [`Auth::authorizer`] returns the [`Authorizer`] that the layer asks about each call.
//!
//! The order of a verdict: header → one strict spelling → key and signature → times → token revoked
//! → user revoked → delegated namespace, or permission of the token, then of its roles.
//!
//! Invariants:
//! - A token that cannot be judged is refused. Until keys and revocation list have been fetched,
//!   none can be judged.
//! - A value that has been fetched stays in use through an outage, until the next one replaces it
//!   as a whole.
//! - A token is accepted in exactly one spelling.
//! - No token, secret, key id or text of IAM gets into a log line, an error or an answer.
//! - Whatever a caller can choose (kid, roles) costs AGS a bounded number of requests.

mod authorizer;
pub mod bearer;
pub mod bloom;
mod cache;
pub mod claims;
mod directory;
mod endpoint;
mod flight;
mod grants;
pub mod iam;
pub mod jwks;
mod keys;
mod lifecycle;
mod metrics;
pub mod permission;
mod refresh;
mod refusal;
pub mod revocation;
mod settings;
#[cfg(test)]
pub(crate) mod testing;
mod verdict;

pub use authorizer::Requirement;
pub use endpoint::Endpoint;
pub use lifecycle::{Auth, Options};
pub use metrics::{AuthMetrics, Document};
pub use refusal::{Class, Refusal};
pub use settings::{Login, Settings};
pub use verdict::{Authorizer, Decision, Permit};
