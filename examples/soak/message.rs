//! What AGS sends.

use match_function::proto::{Opaque, Parameters, Rules, Slot, Slots};
use prost::Message;
use prost::bytes::Bytes;

/// A ticket as AGS writes it, as far as it is needed here.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Ticket {
    #[prost(string, tag = "1")]
    pub(crate) ticket_id: String,
    #[prost(string, tag = "2")]
    pub(crate) match_pool: String,
    #[prost(message, repeated, tag = "4")]
    pub(crate) players: Vec<Player>,
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

/// The tickets of a match.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Match {
    #[prost(message, repeated, tag = "1")]
    pub(crate) tickets: Vec<Ticket>,
}

impl Ticket {
    /// A party of so many players with a value of `mmr`.
    pub(crate) fn party(id: usize, players: usize, mmr: f64) -> Self {
        let player = |place| Player {
            player_id: format!("player-{id}-{place}"),
            attributes: Some(prost_types::Struct {
                fields: [("mmr".to_owned(), mmr.into())].into(),
            }),
        };
        Self {
            ticket_id: format!("ticket-{id}"),
            match_pool: "soak".to_owned(),
            players: (0..players).map(player).collect(),
            of_tomorrow: Vec::new(),
        }
    }

    pub(crate) fn message(&self) -> Opaque {
        opaque(self.encode_to_vec())
    }

    pub(crate) fn request(&self) -> Opaque {
        Slots::MAKE_MATCHES
            .write(Slot::Ticket, &self.message())
            .expect("a slot of the request")
    }
}

/// Bytes as a message, whatever they are.
pub(crate) fn opaque(bytes: Vec<u8>) -> Opaque {
    Bytes::from(bytes).into()
}

/// The first message of a stream.
pub(crate) fn parameters(rules: &str) -> Opaque {
    let parameters = Parameters {
        rules: Some(Rules {
            json: rules.to_owned(),
        }),
        ..Parameters::default()
    };
    Slots::MAKE_MATCHES
        .write(Slot::Parameters, &parameters)
        .expect("a slot of the request")
}
