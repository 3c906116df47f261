//! How large an answer can become. gRPC clients refuse a message above their bound, 4 MiB unless they
//! are told otherwise, and with it everything that comes behind it in the stream. So a tick keeps its
//! answers within [`TickContext::max_answer_bytes`].
//!
//! A match or a proposal is at most [`FIXED_BYTES`] and the [`ticket_bytes`] of its tickets long, for
//! a proposal with the [`session_bytes`] of its session: upper bounds of the encoded form, by
//! arithmetic alone.

use super::{Attributes, Party, Session, Text, TickContext, Ticket, Value};

/// Bytes of an answer beside its tickets and its session: what wraps it and its attributes, the region
/// `any`, the flag for backfill, a proposal's id and time.
pub const FIXED_BYTES: u64 = 96;

/// Key and length of a field whose content comes from several tickets: a length has at most five
/// bytes below 32 GiB.
const WRAP: u64 = 6;

/// Bytes of a derived id, a UUID without hyphens.
const ID: usize = 32;

/// Bytes that tickets and sessions of one answer may add up to.
pub fn room(context: &TickContext) -> u64 {
    context.max_answer_bytes.saturating_sub(FIXED_BYTES)
}

/// Whether an answer that holds this ticket alone is within the bound. No match can take another
/// ticket; it is left with [`Reason::TooLarge`](super::Reason::TooLarge).
pub fn fits_alone(ticket: &Ticket, context: &TickContext) -> bool {
    ticket_bytes(ticket) <= room(context)
}

/// Bytes that a ticket adds to an answer at most: itself, its players and its party in a team of their
/// own, its regions, and its attributes. O(players + regions + attribute values).
pub fn ticket_bytes(ticket: &Ticket) -> u64 {
    let team = WRAP + field(ID);
    let regions: u64 = ticket.latencies.iter().map(|(name, _)| text(name)).sum();
    let players = texts(ticket.player_ids());
    let party = if ticket.party_session_id.is_empty() {
        0
    } else {
        WRAP + text(&ticket.party_session_id) + players
    };
    let attributes = ticket.attributes.iter();
    let attributes = attributes.map(|(name, value)| attribute(name, value) + named(name, value));
    field(ticket.body.len()) + team + players + party + regions + attributes.sum::<u64>()
}

/// Bytes of an attribute that is a field of the match as well, beside its entry among the attributes.
fn named(name: &Text, value: &Value) -> u64 {
    // By their lengths alone, as these are at hand and the names are not: at worst a text counts
    // twice that is in the answer once.
    let lengths = ["server_name".len(), "client_version".len()];
    match value {
        Value::Text(content) if lengths.contains(&name.len()) => text(content),
        _ => 0,
    }
}

/// Bytes that a session adds to its proposal at most: its ids, its teams, and the attributes that it
/// and its tickets have. O(players + attribute values).
pub fn session_bytes(session: &Session) -> u64 {
    let ids = [
        &session.backfill_ticket_id,
        &session.match_session_id,
        &session.pool,
    ];
    let mut bytes = texts(ids.into_iter()) + attributes(&session.attributes);
    for team in &session.teams {
        let parties = team.parties.iter();
        let parties =
            parties.map(|Party { id, user_ids }| WRAP + text(id) + texts(user_ids.iter()));
        bytes += WRAP + text(&team.id) + texts(team.user_ids.iter()) + parties.sum::<u64>();
    }
    let tickets = session.tickets.iter();
    bytes + tickets.map(|it| attributes(&it.attributes)).sum::<u64>()
}

fn texts<'t>(texts: impl Iterator<Item = &'t Text>) -> u64 {
    texts.map(text).sum()
}

fn text(text: &Text) -> u64 {
    field(text.len())
}

fn attributes(attributes: &Attributes) -> u64 {
    let entries = attributes.iter();
    entries.map(|(name, value)| attribute(name, value)).sum()
}

/// Bytes of an attribute as an entry of a `Struct`. It counts as a list, even a single value: the
/// answer may have the values of several tickets in it.
fn attribute(name: &Text, value: &Value) -> u64 {
    let values = match value {
        Value::List(values) => list(values),
        single => nested(single),
    };
    // The entry, the value in it, and the list in that.
    3 * WRAP + text(name) + values
}

/// Bytes of the elements of a list.
fn list(values: &[Value]) -> u64 {
    values.iter().map(nested).sum()
}

/// Bytes of a value as a field of something else.
fn nested(value: &Value) -> u64 {
    sized(value_bytes(value))
}

/// Bytes of a value: its kind and its content.
fn value_bytes(value: &Value) -> u64 {
    match value {
        Value::Null | Value::Bool(_) => 2,
        Value::Number(_) => 9,
        Value::Text(content) => text(content),
        Value::List(values) => sized(list(values)),
        Value::Struct(fields) => {
            let entry = |(name, value): (&Text, &Value)| sized(text(name) + nested(value));
            sized(fields.iter().map(entry).sum())
        }
    }
}

fn field(len: usize) -> u64 {
    sized(len as u64)
}

/// Bytes of a field with so many bytes of content: a key of one byte, as all fields of an answer have
/// it, and the length.
fn sized(len: u64) -> u64 {
    // Nearly all of them.
    if len < 128 {
        return 2 + len;
    }
    let bits = u64::BITS - len.leading_zeros();
    1 + u64::from(bits.div_ceil(7)) + len
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::Player;

    #[test]
    fn lengths_take_a_byte_for_each_seven_bits() {
        let cases = [
            (0, 2),
            (127, 129),
            (128, 131),
            (16_383, 16_386),
            (16_384, 16_388),
        ];
        for (len, bytes) in cases {
            assert_eq!(sized(len), bytes, "{len}");
        }
    }

    #[test]
    fn a_ticket_fits_alone_up_to_the_bound() {
        let ticket = Ticket {
            body: vec![0; 1000].into(),
            players: vec![Player::default()],
            ..Ticket::default()
        };
        let needed = FIXED_BYTES + ticket_bytes(&ticket);
        assert!(needed < 1200, "{needed}");
        let fits = |max_answer_bytes| {
            let context = TickContext {
                now_ms: 0,
                tick_id: 0,
                max_answer_bytes,
            };
            fits_alone(&ticket, &context)
        };
        assert!(fits(needed) && !fits(needed - 1) && !fits(0));
    }
}
