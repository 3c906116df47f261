//! Tickets and sessions as matching wants them, read from their encoded form.
//!
//! Only what the rules need is read; texts share the received bytes. What is read is checked here,
//! so that matching can trust it.

mod attributes;
mod batch;
mod known;
mod latencies;
mod session;
#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::Limits;
use crate::matching::{Needs, Player, Text, Ticket};
use crate::proto::wire::{Content, Fields, Malformed};
use attributes::Budget;
use latencies::Latencies;

pub(super) use batch::Batch;
pub(super) use known::Known;
pub(super) use session::session;

/// Why a ticket or a session cannot be read. `path` is the field, as `ticket.players[2].player_id`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum DecodeFault {
    #[error("`{path}` is no protobuf message: {why}")]
    Malformed { path: String, why: Malformed },
    #[error("`{path}` is no UTF-8 text")]
    NotUtf8 { path: String },
    #[error("`{path}` has the wrong wire type; it has to be {expected}")]
    WireType {
        path: String,
        expected: &'static str,
    },
    #[error("`{path}` has more than {allowed} {what}; {setting} is the bound")]
    TooMany {
        path: String,
        allowed: u32,
        what: &'static str,
        setting: &'static str,
    },
}

impl DecodeFault {
    /// The field at fault.
    pub(super) fn path(&self) -> &str {
        match self {
            Self::Malformed { path, .. }
            | Self::NotUtf8 { path }
            | Self::WireType { path, .. }
            | Self::TooMany { path, .. } => path,
        }
    }

    fn malformed(path: impl Into<String>) -> impl FnOnce(Malformed) -> Box<Self> {
        move |why| {
            Box::new(Self::Malformed {
                path: path.into(),
                why,
            })
        }
    }

    /// The fault as seen from the message around the one that was read.
    fn within(mut self: Box<Self>, outer: impl FnOnce() -> String) -> Box<Self> {
        match &mut *self {
            Self::Malformed { path, .. }
            | Self::NotUtf8 { path }
            | Self::WireType { path, .. }
            | Self::TooMany { path, .. } => {
                let inner = std::mem::take(path);
                *path = if inner.is_empty() {
                    outer()
                } else {
                    format!("{}.{inner}", outer())
                };
            }
        }
        self
    }
}

/// Faults are boxed: they are rare, and a small error keeps every good result small.
type Decoded<T> = Result<T, Box<DecodeFault>>;

/// Reads a ticket. The path of a fault begins below the ticket.
pub(super) fn ticket(
    body: Bytes,
    needs: &Needs,
    limits: &Limits,
    known: &mut Known,
) -> Decoded<Ticket> {
    let mut ticket = Ticket::default();
    refill(&mut ticket, body, needs, limits, known)?;
    Ok(ticket)
}

/// Reads a ticket into one that [`Batch`] gave out. Its pool and latencies may be those of another
/// ticket: what is the same again stays where it is, and the rest is replaced.
#[inline]
pub(super) fn refill(
    ticket: &mut Ticket,
    body: Bytes,
    needs: &Needs,
    limits: &Limits,
    known: &mut Known,
) -> Decoded<()> {
    let mut budget = Budget::new(limits);
    let mut created = Created::default();
    let mut has_pool = false;
    let mut latencies = Latencies::over(&mut ticket.latencies);
    for field in Fields::of(&body) {
        let (number, content) = field.map_err(DecodeFault::malformed(""))?;
        match number {
            1 => ticket.id = text(&body, content, "ticket_id")?,
            2 => {
                has_pool = true;
                if bytes(content, "match_pool")? != ticket.pool.as_bytes() {
                    ticket.pool = known.text(&body, content, "match_pool")?;
                }
            }
            3 => created.read(bytes(content, "CreatedAt")?)?,
            4 => {
                let at = ticket.players.len();
                bound(
                    at,
                    limits.max_players_per_ticket,
                    "players",
                    "MAX_PLAYERS_PER_TICKET",
                )?;
                let player = bytes(content, "players")
                    .and_then(|inner| player(&body, inner, needs, &mut budget, known))
                    .map_err(|fault| fault.within(|| format!("players[{at}]")))?;
                if at == 0 {
                    // Most tickets are of one player.
                    ticket.players.reserve_exact(1);
                }
                ticket.players.push(player);
            }
            5 => attributes::read(
                &body,
                bytes(content, "ticket_attributes")?,
                &needs.ticket_attributes,
                &mut budget,
                known,
                &mut ticket.attributes,
            )
            .map_err(|fault| fault.within(|| "ticket_attributes".to_owned()))?,
            6 if needs.latencies => {
                bound(
                    latencies.len(),
                    limits.max_regions_per_ticket,
                    "latencies",
                    "MAX_REGIONS_PER_TICKET",
                )?;
                bytes(content, "latencies")
                    .and_then(|inner| latencies.read(&body, inner, known))
                    .map_err(|fault| fault.within(|| "latencies".to_owned()))?;
            }
            7 => ticket.party_session_id = text(&body, content, "party_session_id")?,
            9 if needs.excluded_sessions => {
                let at = ticket.excluded_sessions.len();
                let setting = "MAX_REGIONS_PER_TICKET";
                bound(
                    at,
                    limits.max_regions_per_ticket,
                    "excluded_sessions",
                    setting,
                )?;
                ticket
                    .excluded_sessions
                    .push(text(&body, content, "excluded_sessions")?);
            }
            _ => {}
        }
    }
    latencies.end();
    if !has_pool {
        ticket.pool = Text::new();
    }
    ticket.created_at_ms = created.unix_ms();
    ticket.body = body;
    Ok(())
}

fn player(
    body: &Bytes,
    message: &[u8],
    needs: &Needs,
    budget: &mut Budget,
    known: &mut Known,
) -> Decoded<Player> {
    let mut player = Player::default();
    for field in Fields::of(message) {
        match field.map_err(DecodeFault::malformed(""))? {
            (1, content) => player.id = text(body, content, "player_id")?,
            (2, content) => attributes::read(
                body,
                bytes(content, "attributes")?,
                &needs.player_attributes,
                budget,
                known,
                &mut player.attributes,
            )
            .map_err(|fault| fault.within(|| "attributes".to_owned()))?,
            _ => {}
        }
    }
    Ok(player)
}

/// A `google.protobuf.Timestamp`.
#[derive(Default)]
struct Created {
    set: bool,
    seconds: i64,
    nanos: i32,
}

impl Created {
    fn read(&mut self, message: &[u8]) -> Decoded<()> {
        self.set = true;
        for field in Fields::of(message) {
            match field.map_err(DecodeFault::malformed("CreatedAt"))? {
                (1, Content::Varint(number)) => self.seconds = number.cast_signed(),
                // An int32 is sent as 64 bits; the upper half repeats the sign.
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "as protobuf reads an int32"
                )]
                (2, Content::Varint(number)) => self.nanos = number as i32,
                (1, _) => return Err(wire_type("CreatedAt.seconds", "a varint")),
                (2, _) => return Err(wire_type("CreatedAt.nanos", "a varint")),
                _ => {}
            }
        }
        Ok(())
    }

    fn unix_ms(&self) -> Option<i64> {
        let whole = self.seconds.saturating_mul(1000);
        self.set
            .then(|| whole.saturating_add(i64::from(self.nanos / 1_000_000)))
    }
}

fn bytes<'b>(content: Content<'b>, path: &'static str) -> Decoded<&'b [u8]> {
    match content {
        Content::Bytes(bytes) => Ok(bytes),
        _ => Err(wire_type(path, "length-delimited")),
    }
}

fn text(body: &Bytes, content: Content<'_>, path: &'static str) -> Decoded<Text> {
    let bytes = bytes(content, path)?;
    if bytes.is_empty() {
        return Ok(Text::new());
    }
    Text::try_from(body.slice_ref(bytes)).map_err(|_| {
        Box::new(DecodeFault::NotUtf8 {
            path: path.to_owned(),
        })
    })
}

fn wire_type(path: &'static str, expected: &'static str) -> Box<DecodeFault> {
    Box::new(DecodeFault::WireType {
        path: path.to_owned(),
        expected,
    })
}

/// Refuses the element after the last allowed one.
fn bound(at: usize, allowed: u32, path: &'static str, setting: &'static str) -> Decoded<()> {
    if at < allowed as usize {
        return Ok(());
    }
    Err(Box::new(DecodeFault::TooMany {
        path: path.to_owned(),
        allowed,
        what: "entries",
        setting,
    }))
}
