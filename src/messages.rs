//! Messages from JSON and back, in the names that protobuf gives to JSON (those that Postman and
//! grpcurl use too).

use anyhow::{Context, anyhow};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::{Value, json};

use crate::matching::{self, Attributes, Player, Roster, Session, Text, Ticket};
use crate::proto::{self, Opaque};

/// Reads and writes messages of the contract.
#[derive(Debug)]
pub(crate) struct Messages {
    pool: DescriptorPool,
}

impl Messages {
    pub(crate) fn new() -> anyhow::Result<Self> {
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
    pub(crate) fn encode(&self, name: &str, json: &Value) -> anyhow::Result<Opaque> {
        let message = DynamicMessage::deserialize(self.descriptor(name)?, json)
            .with_context(|| format!("this is not a {name}: {}", start_of(json)))?;
        Ok(bytes::Bytes::from(message.encode_to_vec()).into())
    }

    /// The JSON form of a message of that name, with the names of the `.proto` file.
    pub(crate) fn to_json(&self, name: &str, message: &impl Message) -> anyhow::Result<Value> {
        let bytes = message.encode_to_vec();
        let message = DynamicMessage::decode(self.descriptor(name)?, &bytes[..])?;
        let options = SerializeOptions::new().use_proto_field_name(true);
        Ok(message.serialize_with_options(serde_json::value::Serializer, &options)?)
    }
}

/// The first characters of a value, for an error.
fn start_of(json: &Value) -> String {
    const MAX: usize = 200;
    let mut text = json.to_string();
    if let Some((end, _)) = text.char_indices().nth(MAX) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// A time in the form of protobuf's JSON.
fn timestamp(unix_ms: i64) -> String {
    let nanos = i32::try_from(unix_ms.rem_euclid(1000)).unwrap_or_default() * 1_000_000;
    prost_types::Timestamp {
        seconds: unix_ms.div_euclid(1000),
        nanos,
    }
    .to_string()
}

/// A made-up ticket as JSON. Fields without a value are left out.
pub(crate) fn ticket(ticket: &Ticket) -> Value {
    let players: Vec<Value> = ticket.players.iter().map(player).collect();
    let mut json = json!({
        "ticket_id": &*ticket.id,
        "match_pool": &*ticket.pool,
        "players": players,
    });
    if let Some(created_at_ms) = ticket.created_at_ms {
        json["CreatedAt"] = timestamp(created_at_ms).into();
    }
    if !ticket.party_session_id.is_empty() {
        json["party_session_id"] = (*ticket.party_session_id).into();
    }
    for (region, ms) in &ticket.latencies {
        // protobuf's JSON has 64-bit numbers as texts.
        json["latencies"][&**region] = ms.to_string().into();
    }
    attributes(&mut json, "ticket_attributes", &ticket.attributes);
    json
}

fn player(player: &Player) -> Value {
    let mut json = json!({"player_id": &*player.id});
    attributes(&mut json, "attributes", &player.attributes);
    json
}

/// Sets a field to attributes, if there are any.
fn attributes(json: &mut Value, field: &str, attributes: &Attributes) {
    for (name, value) in attributes.iter() {
        json[field][&**name] = scalar_or_list(value);
    }
}

/// Made-up attributes are numbers, texts, and lists of these.
fn scalar_or_list(value: &matching::Value) -> Value {
    match value {
        matching::Value::Text(text) => (**text).into(),
        matching::Value::List(values) => values.iter().map(scalar_or_list).collect(),
        other => other.as_number().into(),
    }
}

/// A made-up session as JSON.
pub(crate) fn session(session: &Session) -> Value {
    let tickets: Vec<Value> = session.tickets.iter().map(ticket).collect();
    let teams: Vec<Value> = session.teams.iter().map(team).collect();
    let mut json = json!({
        "ticket_id": &*session.backfill_ticket_id,
        "match_pool": &*session.pool,
        "match_session_id": &*session.match_session_id,
        "partial_match": {"tickets": tickets, "teams": teams, "backfill": session.backfill},
    });
    if let Some(created_at_ms) = session.created_at_ms {
        json["CreatedAt"] = timestamp(created_at_ms).into();
    }
    if !session.region_preferences.is_empty() {
        json["partial_match"]["region_preferences"] = texts(&session.region_preferences);
    }
    let partial = &mut json["partial_match"];
    attributes(partial, "match_attributes", &session.attributes);
    json
}

fn team(team: &Roster) -> Value {
    json!({"team_id": &*team.id, "user_ids": texts(&team.user_ids)})
}

fn texts(texts: &[Text]) -> Value {
    texts.iter().map(|text| Value::from(&**text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::{Population, Roles, plain_queue, plain_sessions};

    #[test]
    fn made_up_tickets_and_sessions_go_to_bytes_and_back() {
        let messages = Messages::new().unwrap();
        let drawn = Population {
            roles: Roles::of(vec![("tank".into(), 1), ("dps".into(), 3)]),
            modes: vec![("duel".into(), 1), ("raid".into(), 1)],
            ..Population::of_size(2, 3, ["mmr".into()])
        };
        let now_ms = 1_767_323_045_000;
        let queues = [plain_queue(3, 2, now_ms), drawn.queue(20, 1, now_ms)];
        for json in queues.iter().flatten().map(ticket) {
            let bytes = messages.encode("Ticket", &json).unwrap();
            assert_eq!(messages.to_json("Ticket", &bytes).unwrap(), json);
        }
        let sessions = [plain_sessions(1, now_ms), drawn.sessions(20, 1, now_ms)];
        for json in sessions.iter().flatten().map(session) {
            let bytes = messages.encode("BackfillTicket", &json).unwrap();
            assert_eq!(messages.to_json("BackfillTicket", &bytes).unwrap(), json);
        }
    }

    #[test]
    fn what_is_made_up_is_in_its_message() {
        let pair = &plain_queue(2, 2, 1_767_323_045_000)[0];
        let expected = json!({
            "ticket_id": "ticket-1", "match_pool": "local-pool",
            "CreatedAt": "2026-01-02T03:04:05Z", "party_session_id": "party-1",
            "players": [{"player_id": "player-1"}, {"player_id": "player-2"}],
        });
        assert_eq!(ticket(pair), expected);
        let mut plain = plain_sessions(1, 1_767_323_045_000).remove(0);
        plain.region_preferences = vec!["eu".into()];
        let inside = json!({
            "ticket_id": "session-1-ticket-1", "match_pool": "local-pool",
            "CreatedAt": "2026-01-02T03:04:05Z", "players": [{"player_id": "session-1-player-1"}],
        });
        let team = json!({"team_id": "session-1-team-1", "user_ids": ["session-1-player-1"]});
        let expected = json!({
            "ticket_id": "backfill-1", "match_pool": "local-pool",
            "CreatedAt": "2026-01-02T03:04:05Z", "match_session_id": "session-1",
            "partial_match": {"tickets": [inside], "teams": [team], "backfill": true,
                "region_preferences": ["eu"]},
        });
        assert_eq!(session(&plain), expected);
    }

    #[test]
    fn a_wrong_name_is_said() {
        let messages = Messages::new().unwrap();
        let error = messages
            .encode("Ticket", &json!({"tiket_id": "x"}))
            .unwrap_err();
        assert!(format!("{error:#}").contains("tiket_id"), "{error:#}");
    }
}
