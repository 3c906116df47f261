//! The wire contract: types generated from `proto/matchFunction.proto`, and a few that are written
//! by hand because a ticket has to come back exactly as it was received.

mod codec;
mod opaque;
mod request;
pub mod wire;

#[expect(
    missing_docs,
    reason = "generated: the comments are in proto/matchFunction.proto"
)]
#[allow(clippy::all, clippy::pedantic, unreachable_pub, reason = "generated")]
mod generated;

pub use codec::Codec;
pub use generated::*;
pub use opaque::Opaque;
pub use request::{Parameters, Slot, Slots};

/// A ticket, kept as it was received.
pub type Ticket = Opaque;

/// The compiled descriptor of the contract and of what it imports, for reflection.
pub const DESCRIPTOR: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));

/// Full name of the service.
pub const SERVICE: &str = "accelbyte.matchmaking.matchfunction.MatchFunction";
