//! Captures as JSON lines, and without the ids of people.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::capture::{Capture, Kind};
use crate::messages::Messages;
use crate::proto::Opaque;

/// Turns captures into JSON lines.
#[derive(Debug)]
pub(super) struct Export {
    messages: Messages,
    /// What ids are replaced by; `None`: they stay.
    names: Option<Names>,
}

impl Export {
    pub(super) fn new(anonymize: bool) -> anyhow::Result<Self> {
        Ok(Self {
            messages: Messages::new()?,
            names: anonymize.then(Names::default),
        })
    }

    /// Adds the messages of a capture.
    ///
    /// # Errors
    ///
    /// If one of them cannot be read.
    pub(super) fn add(&mut self, capture: &Capture, lines: &mut Vec<Value>) -> anyhow::Result<()> {
        let name = match capture.kind {
            Kind::Match => "MakeMatchesRequest",
            Kind::Backfill => "BackfillMakeMatchesRequest",
        };
        for request in &capture.requests {
            let request = Opaque::from(request.clone());
            let mut json = self.messages.to_json(name, &request)?;
            if let Some(names) = &mut self.names {
                names.anonymize(&mut json);
            }
            lines.push(json);
        }
        Ok(())
    }
}

/// Writes lines into a file that its owner alone may read.
pub(super) fn write(path: &Path, lines: &[Value]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    let mut file = io::BufWriter::new(file);
    for line in lines {
        serde_json::to_writer(&mut file, line)?;
        file.write_all(b"\n")?;
    }
    file.flush()
}

/// What ids are replaced by, the same one by the same.
#[derive(Debug, Default)]
struct Names {
    of: HashMap<String, String>,
    counts: HashMap<&'static str, u32>,
}

/// Fields that hold ids, and what stands for these. Lists and the names of objects are ids, too.
const IDS: [(&str, &str); 15] = [
    ("player_id", "player"),
    ("user_ids", "player"),
    ("blocked_players", "player"),
    ("blocked_players_detail", "player"),
    ("ticket_id", "ticket"),
    ("party_session_id", "party"),
    ("party_id", "party"),
    ("match_session_id", "session"),
    ("excluded_sessions", "session"),
    ("backfill_ticket_id", "ticket"),
    ("proposal_id", "proposal"),
    ("team_id", "team"),
    ("namespace", "namespace"),
    ("ab_trace_id", "trace"),
    ("server_name", "server"),
];

impl Names {
    fn anonymize(&mut self, json: &mut Value) {
        // First what is an id by its field, then every text that is one of these anywhere else.
        self.collect(json);
        self.replace(json);
    }

    fn collect(&mut self, json: &Value) {
        match json {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let kind = IDS.iter().find(|(field, _)| field == name);
                    match kind {
                        Some((_, kind)) => self.note(value, kind),
                        None => self.collect(value),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.collect(value)),
            _ => {}
        }
    }

    /// Gives a name to each id in a value.
    fn note(&mut self, value: &Value, kind: &'static str) {
        match value {
            Value::String(id) if !id.is_empty() && !self.of.contains_key(id) => {
                let number = self.counts.entry(kind).or_default();
                *number += 1;
                self.of.insert(id.clone(), format!("{kind}-{number}"));
            }
            Value::Array(values) => values.iter().for_each(|value| self.note(value, kind)),
            Value::Object(fields) => {
                for (id, value) in fields {
                    self.note(&json!(id), kind);
                    self.note(value, kind);
                }
            }
            _ => {}
        }
    }

    fn replace(&self, json: &mut Value) {
        match json {
            Value::String(text) => {
                if let Some(name) = self.of.get(text) {
                    text.clone_from(name);
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.replace(value)),
            Value::Object(fields) => {
                let all = std::mem::take(fields);
                for (name, mut value) in all {
                    self.replace(&mut value);
                    let new = self.of.get(&name).cloned().unwrap_or(name);
                    fields.insert(new, value);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_id_gets_the_same_name_wherever_it_is() {
        let mut names = Names::default();
        let mut first = json!({"ticket": {"ticket_id": "T", "match_pool": "duel",
            "party_session_id": "", "latencies": {"eu": "20"},
            "players": [{"player_id": "anna", "attributes": {"mmr": 7.0, "friend": "bert"}}],
            "ticket_attributes": {"blocked_players": ["bert"], "map": "ice"}}});
        let mut second = json!({"ticket": {"ticket_id": "U",
            "players": [{"player_id": "bert", "attributes": {"anna": "U"}}]}});
        names.anonymize(&mut first);
        names.anonymize(&mut second);
        assert_eq!(
            first,
            json!({"ticket": {"ticket_id": "ticket-1", "match_pool": "duel",
            "party_session_id": "", "latencies": {"eu": "20"},
            "players": [{"player_id": "player-1", "attributes": {"mmr": 7.0, "friend": "player-2"}}],
            "ticket_attributes": {"blocked_players": ["player-2"], "map": "ice"}}})
        );
        assert_eq!(
            second,
            json!({"ticket": {"ticket_id": "ticket-2",
            "players": [{"player_id": "player-2", "attributes": {"player-1": "ticket-2"}}]}})
        );
    }
}
