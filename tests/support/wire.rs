//! Messages as AGS writes and reads them.

use bytes::Bytes;
use match_function::proto::{Opaque, Parameters, Rules, Slot, Slots};
use prost::Message;

/// The first message of a stream.
pub(crate) fn parameters(rules: &str) -> Opaque {
    let rules = Some(Rules {
        json: rules.to_owned(),
    });
    let parameters = Parameters {
        scope: None,
        rules,
        tick_id: 7,
    };
    Slots::MAKE_MATCHES
        .write(Slot::Parameters, &parameters)
        .expect("a slot")
}

/// A ticket's message in a stream.
pub(crate) fn request(ticket: &Ticket) -> Opaque {
    raw_request(&ticket.encode_to_vec())
}

/// A request with these bytes as its ticket.
pub(crate) fn raw_request(ticket: &[u8]) -> Opaque {
    let ticket = raw(ticket);
    Slots::MAKE_MATCHES
        .write(Slot::Ticket, &ticket)
        .expect("a slot")
}

pub(crate) fn raw(bytes: &[u8]) -> Opaque {
    Bytes::copy_from_slice(bytes).into()
}

/// The message `Match` as AGS reads it.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Match {
    #[prost(message, repeated, tag = "1")]
    pub(crate) tickets: Vec<Opaque>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) teams: Vec<Team>,
    #[prost(string, repeated, tag = "3")]
    pub(crate) region_preferences: Vec<String>,
    #[prost(bool, tag = "5")]
    pub(crate) backfill: bool,
}

/// The message `Match.Team`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Team {
    #[prost(string, repeated, tag = "1")]
    pub(crate) user_ids: Vec<String>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) parties: Vec<match_function::proto::Party>,
    #[prost(string, tag = "3")]
    pub(crate) team_id: String,
}

/// The message `Ticket` as AGS writes it.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Ticket {
    #[prost(string, tag = "1")]
    pub(crate) ticket_id: String,
    #[prost(string, tag = "2")]
    pub(crate) match_pool: String,
    #[prost(message, optional, tag = "3")]
    pub(crate) created_at: Option<prost_types::Timestamp>,
    #[prost(message, repeated, tag = "4")]
    pub(crate) players: Vec<Player>,
    #[prost(message, optional, tag = "5")]
    pub(crate) ticket_attributes: Option<prost_types::Struct>,
    #[prost(btree_map = "string, int64", tag = "6")]
    pub(crate) latencies: std::collections::BTreeMap<String, i64>,
    #[prost(string, tag = "7")]
    pub(crate) party_session_id: String,
    /// A field that a later version of the contract might add.
    #[prost(bytes = "vec", tag = "50")]
    pub(crate) of_tomorrow: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Player {
    #[prost(string, tag = "1")]
    pub(crate) player_id: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) attributes: Option<prost_types::Struct>,
}

impl Ticket {
    /// A ticket of one player.
    pub(crate) fn new(id: &str, pool: &str) -> Self {
        Self {
            ticket_id: id.to_owned(),
            match_pool: pool.to_owned(),
            players: vec![Player {
                player_id: format!("{id}-player"),
                attributes: None,
            }],
            ..Self::default()
        }
    }
}
