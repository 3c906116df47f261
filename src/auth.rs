//! Only AGS gets in: access tokens and permissions.
//!
//! A caller shows a token that AGS's identity service (IAM) has signed. [`Auth`] fetches what is
//! needed to judge it (keys, revocation list, roles, namespaces) and keeps it fresh in the
//! background; [`Auth::authorizer`] gives the [`Authorizer`] that the layer asks for each call.
//!
//! The order of a verdict: header → one strict spelling → key and signature → times → token revoked
//! → user revoked → delegated namespace, or permission of the token, then of its roles.
//!
//! Invariants:
//! - Closed: what cannot be judged is refused, and until keys and list are there nothing can.
//! - A value once fetched stays in use through an outage and is replaced whole by the next one.
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
