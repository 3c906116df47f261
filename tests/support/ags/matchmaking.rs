//! Matchmaking: at every tick the match function of each pool gets the queue, in one real stream.

use std::sync::{Mutex, Weak};
use std::time::Duration;

use bytes::Bytes;
use match_function::proto::match_function_client::MatchFunctionClient;
use match_function::proto::{DESCRIPTOR, Opaque};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::{Value, json};
use tokio_stream::StreamExt;
use tonic::transport::Endpoint;

use super::game::{Game, Kind, QueuedTicket};
use super::{Inside, TestKey, delegated, lock};

/// Longest time for one tick of one pool.
const PATIENCE: Duration = Duration::from_secs(10);

/// One tick of one pool.
#[derive(Debug)]
struct Tick {
    pool: String,
    /// Where the match function is, as `host:port`.
    address: String,
    rules: String,
    number: u64,
    tickets: Vec<Value>,
    token: String,
}

/// Runs ticks until AGS is gone.
pub(super) async fn run(inside: Weak<Mutex<Inside>>, every: Duration) {
    let mut number = 0;
    loop {
        tokio::time::sleep(every).await;
        let Some(ticks) = inside
            .upgrade()
            .map(|inside| ticks(&lock(&inside).game, &mut number))
        else {
            return;
        };
        for tick in ticks {
            let made = match tokio::time::timeout(PATIENCE, tick.call()).await {
                Ok(made) => made,
                Err(_) => Err(format!("no end within {PATIENCE:?}")),
            };
            let Some(inside) = inside.upgrade() else {
                return;
            };
            let mut inside = lock(&inside);
            let queued = tick.tickets.len();
            let said = match made {
                Ok(matches) => {
                    for tickets in &matches {
                        inside.game.settle(tickets);
                    }
                    format!("{} matches", matches.len())
                }
                Err(error) => error,
            };
            inside.say(&format!(
                "tick {} of {}, {queued} tickets → {} → {said}",
                tick.number, tick.pool, tick.address
            ));
        }
    }
}

/// A tick for each pool where players wait for a custom match function.
fn ticks(game: &Game, number: &mut u64) -> Vec<Tick> {
    let mut ticks = Vec::new();
    for ((kind, name), pool) in &game.things {
        if *kind != Kind::Pool {
            continue;
        }
        let part = |kind: Kind, field: &str| {
            let name = pool[field].as_str().unwrap_or_default().to_owned();
            game.things.get(&(kind, name))
        };
        let (Some(ruleset), Some(function)) = (
            part(Kind::Ruleset, "rule_set"),
            part(Kind::Function, "match_function"),
        ) else {
            continue;
        };
        // Without this switch AGS uses a matchmaker of its own.
        let custom = ruleset["enable_custom_match_function"] == true;
        let app = function["serviceAppName"]
            .as_str()
            .and_then(|name| game.apps.get(name));
        let address = app.map(String::as_str).or(function["url"].as_str());
        let waiting = game
            .tickets
            .iter()
            .filter(|(_, ticket)| ticket.pool == *name && ticket.session.is_none());
        let mut tickets: Vec<_> = waiting.collect();
        tickets.sort_by_key(|(_, ticket)| ticket.place);
        let (Some(address), true, false) = (address, custom, tickets.is_empty()) else {
            continue;
        };
        *number += 1;
        let ticket = |(id, ticket): &(&String, &QueuedTicket)| {
            json!({
                "ticket_id": id, "match_pool": name,
                "CreatedAt": prost_types::Timestamp { seconds: ticket.created_at_s as i64, nanos: 0 }.to_string(),
                "players": [{"player_id": ticket.player}],
                "ticket_attributes": ticket.attributes, "latencies": ticket.latencies,
            })
        };
        ticks.push(Tick {
            pool: name.clone(),
            address: address.to_owned(),
            rules: ruleset["data"].to_string(),
            number: *number,
            tickets: tickets.iter().map(ticket).collect(),
            token: TestKey::first().sign(&delegated(&game.namespace)),
        });
    }
    ticks
}

impl Tick {
    /// Calls the match function; the ids of each match's tickets, or what went wrong.
    async fn call(&self) -> Result<Vec<Vec<String>>, String> {
        let address = format!("http://{}", self.address);
        let endpoint = Endpoint::from_shared(address).map_err(|error| error.to_string())?;
        let channel = endpoint
            .connect()
            .await
            .map_err(|_| "no server answers".to_owned())?;
        let parameters = json!({
            "scope": {"ab_trace_id": format!("tick-{}", self.number)},
            "rules": {"json": self.rules}, "tickId": self.number,
        });
        let tickets = self
            .tickets
            .iter()
            .map(|ticket| json!({ "ticket": ticket }));
        let requests: Vec<Opaque> = std::iter::once(json!({ "parameters": parameters }))
            .chain(tickets)
            .map(|json| request(&json))
            .collect();
        let mut call = tonic::Request::new(tokio_stream::iter(requests));
        let token = format!("Bearer {}", self.token)
            .parse()
            .expect("a header value");
        call.metadata_mut().insert("authorization", token);
        let answers = MatchFunctionClient::new(channel).make_matches(call).await;
        let mut answers = answers.map_err(|status| refusal(&status))?.into_inner();
        let mut made = Vec::new();
        while let Some(answer) = answers.next().await {
            let answer = shown("MatchResponse", &answer.map_err(|status| refusal(&status))?);
            let tickets = answer["match"]["tickets"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let id = |ticket: &Value| ticket["ticket_id"].as_str().unwrap_or_default().to_owned();
            made.push(tickets.iter().map(id).collect());
        }
        Ok(made)
    }
}

fn refusal(status: &tonic::Status) -> String {
    format!("{:?}: {}", status.code(), status.message())
}

impl Game {
    /// Makes a session of a match, if all its tickets still wait.
    fn settle(&mut self, tickets: &[String]) {
        let waits = |id: &String| {
            self.tickets
                .get(id)
                .is_some_and(|ticket| ticket.session.is_none())
        };
        if tickets.is_empty() || !tickets.iter().all(waits) {
            return;
        }
        let session = self.new_id();
        for id in tickets {
            if let Some(ticket) = self.tickets.get_mut(id) {
                ticket.session = Some(session.clone());
            }
        }
    }
}

fn descriptor(name: &str) -> MessageDescriptor {
    let pool = DescriptorPool::decode(DESCRIPTOR).expect("the contract");
    let name = format!("accelbyte.matchmaking.matchfunction.{name}");
    pool.get_message_by_name(&name)
        .expect("a message of the contract")
}

fn request(json: &Value) -> Opaque {
    let message = DynamicMessage::deserialize(descriptor("MakeMatchesRequest"), json);
    Bytes::from(message.expect("a request").encode_to_vec()).into()
}

fn shown(name: &str, message: &impl Message) -> Value {
    let bytes = message.encode_to_vec();
    let message = DynamicMessage::decode(descriptor(name), &bytes[..]).expect("a message");
    let options = SerializeOptions::new().use_proto_field_name(true);
    message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .expect("JSON")
}
