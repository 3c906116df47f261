//! Messages from JSON and back, in the names that protobuf gives to JSON (those that Postman and
//! grpcurl use too).

use anyhow::{Context, anyhow};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::{Value, json};

use crate::proto::{self, Opaque};

/// Reads and writes messages of the contract.
#[derive(Debug)]
pub(super) struct Messages {
    pool: DescriptorPool,
}

impl Messages {
    pub(super) fn new() -> anyhow::Result<Self> {
        let pool =
            DescriptorPool::decode(proto::DESCRIPTOR).context("the contract's descriptor")?;
        Ok(Self { pool })
    }

    fn descriptor(&self, name: &str) -> anyhow::Result<MessageDescriptor> {
        let full = format!("accelbyte.matchmaking.matchfunction.{name}");
        self.pool
            .get_message_by_name(&full)
            .ok_or_else(|| anyhow!("no message is named {full}"))
    }

    /// A message of that name from its JSON form.
    pub(super) fn encode(&self, name: &str, json: &Value) -> anyhow::Result<Opaque> {
        let message = DynamicMessage::deserialize(self.descriptor(name)?, json)
            .with_context(|| format!("this is no {name}: {json}"))?;
        Ok(bytes::Bytes::from(message.encode_to_vec()).into())
    }

    /// The JSON form of a message of that name, with the names of the `.proto` file.
    pub(super) fn to_json(&self, name: &str, message: &impl Message) -> anyhow::Result<Value> {
        let bytes = message.encode_to_vec();
        let message = DynamicMessage::decode(self.descriptor(name)?, &bytes[..])?;
        let options = SerializeOptions::new().use_proto_field_name(true);
        Ok(message.serialize_with_options(serde_json::value::Serializer, &options)?)
    }
}

/// A time in the form of protobuf's JSON.
pub(super) fn timestamp(unix_ms: i64) -> String {
    let nanos = i32::try_from(unix_ms.rem_euclid(1000)).unwrap_or_default() * 1_000_000;
    prost_types::Timestamp {
        seconds: unix_ms.div_euclid(1000),
        nanos,
    }
    .to_string()
}

/// A made-up ticket of a party: number `n`, with its players.
pub(super) fn made_up_ticket(n: u32, players: &[String], created_at: &str) -> Value {
    let mut ticket = json!({
        "ticket_id": format!("ticket-{n}"),
        "match_pool": "local-pool",
        "CreatedAt": created_at,
        "players": players.iter().map(|id| json!({"player_id": id})).collect::<Vec<_>>(),
    });
    if players.len() > 1 {
        ticket["party_session_id"] = json!(format!("party-{n}"));
    }
    ticket
}

/// A made-up session of one ticket.
pub(super) fn made_up_session(n: u32, created_at: &str) -> Value {
    let player = format!("session-{n}-player-1");
    let mut ticket = made_up_ticket(n, std::slice::from_ref(&player), created_at);
    ticket["ticket_id"] = json!(format!("session-{n}-ticket-1"));
    json!({
        "ticket_id": format!("backfill-{n}"),
        "match_pool": "local-pool",
        "CreatedAt": created_at,
        "match_session_id": format!("session-{n}"),
        "partial_match": {
            "tickets": [ticket],
            "teams": [{"user_ids": [player], "team_id": format!("session-{n}-team-1")}],
            "backfill": true,
        },
    })
}

/// Splits players into parties of `size`; the last one takes the rest.
pub(super) fn parties(players: u32, size: u32) -> Vec<Vec<String>> {
    let ids: Vec<String> = (1..=players).map(|n| format!("player-{n}")).collect();
    ids.chunks(size.max(1) as usize)
        .map(<[String]>::to_vec)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_goes_to_bytes_and_back() {
        let messages = Messages::new().unwrap();
        let ticket = made_up_ticket(3, &["a".into(), "b".into()], "2026-01-02T03:04:05Z");
        let bytes = messages.encode("Ticket", &ticket).unwrap();
        assert_eq!(messages.to_json("Ticket", &bytes).unwrap(), ticket);
        let session = made_up_session(1, "2026-01-02T03:04:05Z");
        let bytes = messages.encode("BackfillTicket", &session).unwrap();
        assert_eq!(messages.to_json("BackfillTicket", &bytes).unwrap(), session);
    }

    #[test]
    fn a_wrong_name_is_said() {
        let messages = Messages::new().unwrap();
        let error = messages
            .encode("Ticket", &json!({"tiket_id": "x"}))
            .unwrap_err();
        assert!(format!("{error:#}").contains("tiket_id"), "{error:#}");
    }

    #[test]
    fn the_last_party_takes_the_rest() {
        let sizes: Vec<_> = parties(7, 3).iter().map(Vec::len).collect();
        assert_eq!(sizes, [3, 3, 1]);
        assert_eq!(parties(0, 3).len(), 0);
    }
}
