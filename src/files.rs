//! Files of tickets and rules as editors and tools write them.

use std::io::Read;

use anyhow::{Context, anyhow, bail};
use serde_json::{Deserializer, Map, Value};

use crate::proto::Slot;

/// What a file of tickets holds.
const EXPECTED: &str = "expected are tickets or requests as JSON objects, one after another or in \
    one array";

/// A message of a file, and where it stands.
#[derive(Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) slot: Slot,
    pub(crate) json: Value,
    /// Whether the slot is named, and not only assumed.
    pub(crate) is_named: bool,
    /// As `tickets.json, value 2 (line 7)`.
    pub(crate) place: String,
}

/// The text of a file in UTF-8, without a byte-order mark; `-` is standard input.
///
/// # Errors
///
/// If it cannot be read or is not UTF-8: in which line, and what to do.
pub(crate) fn text(file: &str) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    if file == "-" {
        std::io::stdin().read_to_end(&mut bytes)?;
    } else {
        bytes = std::fs::read(file)?;
    }
    decode(bytes)
}

fn decode(bytes: Vec<u8>) -> anyhow::Result<String> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        bail!("it is UTF-16: save it as UTF-8");
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = line_breaks(valid) + 1;
        anyhow!("line {line} is not UTF-8: save it as UTF-8")
    })?;
    Ok(without_mark(&text).to_owned())
}

/// A text without a byte-order mark at its beginning.
pub(crate) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn line_breaks(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

/// The messages of a file of tickets: JSON values on lines of their own, pretty-printed one after
/// another, or in one array.
///
/// # Errors
///
/// If it cannot be read, or a value is not a message: which one, and what is expected.
pub(crate) fn messages(file: &str) -> anyhow::Result<Vec<Found>> {
    let name = if file == "-" { "standard input" } else { file };
    let text = text(file).with_context(|| format!("--tickets {name}"))?;
    messages_in(name, &text)
}

/// The same of a text; `name` is what it is called in errors.
///
/// # Errors
///
/// As [`messages`].
pub(crate) fn messages_in(name: &str, text: &str) -> anyhow::Result<Vec<Found>> {
    let mut values = Deserializer::from_str(text).into_iter::<Value>();
    let mut found = Vec::new();
    let (mut end, mut line) = (0, 1);
    loop {
        let rest = &text[end..];
        let begin = end + rest.len() - rest.trim_start().len();
        line += line_breaks(&text.as_bytes()[end..begin]);
        let Some(value) = values.next() else {
            return Ok(found);
        };
        let value = value.map_err(|error| {
            let number = found.len() + 1;
            anyhow!("{name}, value {number}: not JSON ({error}); {EXPECTED}")
        })?;
        let many = match value {
            Value::Array(many) => many,
            Value::Object(fields) if is_listing(&fields) => listed(fields),
            one => vec![one],
        };
        for json in many {
            let place = format!("{name}, value {} (line {line})", found.len() + 1);
            let (slot, json, is_named) = message(json).with_context(|| place.clone())?;
            found.push(Found {
                slot,
                json,
                is_named,
                place,
            });
        }
        end = values.byte_offset();
        line += line_breaks(&text.as_bytes()[begin..end]);
    }
}

/// Whether that is a page of a queue as AGS lists it: `{"data": [{"Ticket": …}]}`.
fn is_listing(fields: &Map<String, Value>) -> bool {
    let entries = fields.get("data").and_then(Value::as_array);
    entries.is_some_and(|entries| entries.iter().all(|entry| entry["Ticket"].is_object()))
}

/// The tickets of such a page, in the names of the contract.
fn listed(mut fields: Map<String, Value>) -> Vec<Value> {
    let entries = match fields.remove("data") {
        Some(Value::Array(entries)) => entries,
        _ => Vec::new(),
    };
    let ticket = |mut entry: Value| listed_ticket(entry["Ticket"].take());
    entries.into_iter().map(ticket).collect()
}

fn listed_ticket(mut from: Value) -> Value {
    let players = from["Players"].take();
    let players = players.as_array().map(Vec::as_slice).unwrap_or_default();
    let player = |player: &Value| {
        let mut to = Map::new();
        rename(
            player,
            &mut to,
            &[("PlayerID", "player_id"), ("Attributes", "attributes")],
        );
        Value::Object(to)
    };
    let mut to = Map::new();
    to.insert("players".to_owned(), players.iter().map(player).collect());
    let names = [
        ("TicketID", "ticket_id"),
        ("MatchPool", "match_pool"),
        ("CreatedAt", "CreatedAt"),
        ("Latencies", "latencies"),
        ("TicketAttributes", "ticket_attributes"),
        ("PartySessionID", "party_session_id"),
        ("Namespace", "namespace"),
        ("ExcludedSessions", "excluded_sessions"),
    ];
    rename(&from, &mut to, &names);
    Value::Object(to)
}

/// Takes fields over that are there, under other names.
fn rename(from: &Value, to: &mut Map<String, Value>, names: &[(&str, &str)]) {
    for (name, new) in names {
        if let Some(value) = from.get(name).filter(|value| !value.is_null()) {
            to.insert((*new).to_owned(), value.clone());
        }
    }
}

/// A message: a request with one field of the oneof, or a ticket by itself; and whether it said so.
fn message(json: Value) -> anyhow::Result<(Slot, Value, bool)> {
    let Value::Object(mut fields) = json else {
        bail!("it is {}; {EXPECTED}", kind(&json));
    };
    let slots = [
        ("parameters", Slot::Parameters),
        ("ticket", Slot::Ticket),
        ("backfill_ticket", Slot::BackfillTicket),
        ("backfillTicket", Slot::BackfillTicket),
    ];
    for (name, slot) in slots {
        if let Some(json) = fields.remove(name) {
            if let Some(other) = fields.keys().next() {
                bail!("it has `{name}` and `{other}`: a request has one of its fields only");
            }
            return Ok((slot, json, true));
        }
    }
    Ok((Slot::Ticket, Value::Object(fields), false))
}

fn kind(json: &Value) -> &'static str {
    match json {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array in an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tickets(text: &str) -> Vec<(Value, usize)> {
        let found =
            messages_in("f", decode(text.into()).expect("UTF-8").as_str()).expect("tickets");
        let line = |place: &str| {
            let (_, line) = place.split_once("(line ").expect("a line");
            line.trim_end_matches(')').parse().expect("a number")
        };
        found
            .into_iter()
            .inspect(|one| assert_eq!(one.slot, Slot::Ticket))
            .map(|one| (one.json, line(&one.place)))
            .collect()
    }

    fn fault(text: &str) -> String {
        format!("{:#}", messages_in("f", text).expect_err(text))
    }

    #[test]
    fn every_form_of_a_file_is_read() {
        let (a, b) = (json!({"ticket_id": "a"}), json!({"ticket_id": "b"}));
        for (text, lines) in [
            ("{\"ticket_id\":\"a\"}\n{\"ticket_id\":\"b\"}\n", [1, 2]),
            (
                "\u{feff}{\"ticket_id\":\"a\"}\r\n\r\n{\"ticket_id\":\"b\"}\r\n",
                [1, 3],
            ),
            (
                "{\n  \"ticket_id\": \"a\"\n}\n{\n  \"ticket_id\": \"b\"\n}",
                [1, 4],
            ),
            ("{\"ticket_id\":\"a\"}{\"ticket_id\":\"b\"}", [1, 1]),
            (
                "\n[{\"ticket_id\":\"a\"},\n{\"ticket_id\":\"b\"}]\n",
                [2, 2],
            ),
            ("[{\"ticket_id\":\"a\"}]\n[{\"ticket_id\":\"b\"}]", [1, 2]),
        ] {
            let expected = [(a.clone(), lines[0]), (b.clone(), lines[1])];
            assert_eq!(tickets(text), expected, "{text}");
        }
        for empty in ["", " \r\n", "\u{feff}", "[]"] {
            assert_eq!(tickets(empty), [], "{empty:?}");
        }
    }

    #[test]
    fn a_queue_as_ags_lists_it_is_read() {
        let page = r#"{"totalData": 1, "data": [{"TicketID": "t", "IsActive": true, "Ticket": {
            "TicketID": "t", "MatchPool": "duel", "Namespace": "game", "Latencies": {"eu": 20},
            "CreatedAt": "2026-01-02T03:04:05Z", "PartySessionID": "", "IsPivot": false,
            "Players": [{"PlayerID": "p", "PartyID": "", "Attributes": {"mmr": 7}}]}}],
            "pagination": {}}"#;
        let expected = json!({
            "ticket_id": "t", "match_pool": "duel", "namespace": "game", "latencies": {"eu": 20},
            "CreatedAt": "2026-01-02T03:04:05Z", "party_session_id": "",
            "players": [{"player_id": "p", "attributes": {"mmr": 7}}],
        });
        assert_eq!(tickets(page), [(expected, 1)]);
    }

    #[test]
    fn requests_are_told_from_tickets() {
        let text =
            r#"{"parameters": {}} {"backfill_ticket": 1} {"backfillTicket": 2} {"ticket": 3}"#;
        let found = messages_in("f", text).expect("requests");
        let slots: Vec<_> = found.iter().map(|one| one.slot).collect();
        let (session, ticket) = (Slot::BackfillTicket, Slot::Ticket);
        assert_eq!(slots, [Slot::Parameters, session, session, ticket]);
        assert_eq!(found[3].json, 3);
        assert_eq!(found[3].place, "f, value 4 (line 1)");
        let error = fault(r#"{"ticket": {}, "backfill_ticket": {}}"#);
        assert!(error.contains("`ticket` and `backfill_ticket`"), "{error}");
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        for (text, parts) in [
            ("{}\n{]\n", ["f, value 2: not JSON (", "line 2 column 2"]),
            ("{}\n\n{\"a\":", ["f, value 2: not JSON (EOF", "line 3"]),
            (
                "[{},\n7]",
                ["f, value 2 (line 1): it is a number", "as JSON objects"],
            ),
            ("[[]]", ["f, value 1 (line 1)", "an array in an array"]),
            (
                "ticket_id,players",
                [
                    "f, value 1: not JSON (",
                    "one after another or in one array",
                ],
            ),
        ] {
            let error = fault(text);
            for part in parts {
                assert!(error.contains(part), "{part} is not in: {error}");
            }
        }
    }

    #[test]
    fn other_encodings_are_named() {
        let fault = |bytes: &[u8]| decode(bytes.to_vec()).expect_err("not UTF-8").to_string();
        assert_eq!(fault(b"\xff\xfe{\0}\0"), "it is UTF-16: save it as UTF-8");
        assert_eq!(
            fault(b"{}\n\n{\"caf\xe9\"}"),
            "line 3 is not UTF-8: save it as UTF-8"
        );
    }
}
