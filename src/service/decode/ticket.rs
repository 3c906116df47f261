//! Reading `Ticket`.

use bytes::Bytes;

use super::attributes;
use super::bound::Bound;
use super::budget::Budget;
use super::fault::{DecodeFault, Decoded};
use super::field::{Created, bytes, text, within};
use super::known::Known;
use super::latencies::Latencies;
use crate::matching::{Needs, Player, Text, Ticket};
use crate::proto::wire::Fields;
use crate::service::limits::Limits;

/// Reads a ticket. The path of a fault begins below the ticket.
pub(in crate::service) fn ticket(
    body: Bytes,
    needs: &Needs,
    limits: &Limits,
    known: &mut Known,
) -> Decoded<Ticket> {
    let mut ticket = Ticket::default();
    refill(&mut ticket, body, needs, limits, known)?;
    Ok(ticket)
}

/// Reads a ticket into one that [`Batch`](super::Batch) gave out. Its pool and latencies may be those of another
/// ticket: what is the same again stays where it is, and the rest is replaced. After a fault it is
/// spoilt, but for its body.
#[inline]
pub(in crate::service) fn refill(
    ticket: &mut Ticket,
    body: Bytes,
    needs: &Needs,
    limits: &Limits,
    known: &mut Known,
) -> Decoded<()> {
    known.begin();
    let mut budget = Budget::of_ticket(limits, body.len());
    let read = fields(ticket, &body, needs, &mut budget, known);
    ticket.body = body;
    read
}

/// Reads a ticket of a session.
pub(super) fn inner_ticket(
    body: Bytes,
    needs: &Needs,
    budget: &mut Budget<'_>,
    known: &mut Known,
) -> Decoded<Ticket> {
    let mut ticket = Ticket::default();
    budget.inner(|budget| fields(&mut ticket, &body, needs, budget, known))?;
    ticket.body = body;
    Ok(ticket)
}

#[inline]
fn fields(
    ticket: &mut Ticket,
    body: &Bytes,
    needs: &Needs,
    budget: &mut Budget<'_>,
    known: &mut Known,
) -> Decoded<()> {
    let limits = budget.limits();
    let pairs = known.pairs.len();
    let mut created = Created::default();
    let mut has_pool = false;
    let mut latencies = Latencies::over(&mut ticket.latencies);
    for field in Fields::of(body) {
        let (number, content) = field.map_err(DecodeFault::malformed(""))?;
        match number {
            1 => ticket.id = text(body, content, "ticket_id")?,
            2 => {
                has_pool = true;
                if bytes(content, "match_pool")? != ticket.pool.as_bytes() {
                    ticket.pool = known.text(body, content, "match_pool")?;
                }
            }
            3 => created.read(bytes(content, "CreatedAt")?)?,
            4 => {
                let at = ticket.players.len();
                within(at, limits.max_players_per_ticket, Bound::Players)?;
                budget.entry::<Player>()?;
                let player = bytes(content, "players")
                    .and_then(|inner| player(body, inner, needs, budget, known))
                    .map_err(|fault| fault.within(|| format!("players[{at}]")))?;
                if !player.id.is_empty() {
                    budget.grant_player();
                }
                if at == 0 {
                    // Most tickets are of one player.
                    ticket.players.reserve_exact(1);
                }
                ticket.players.push(player);
            }
            5 => attributes::read(
                body,
                bytes(content, "ticket_attributes")?,
                &needs.ticket_attributes,
                budget,
                known,
            )
            .map_err(|fault| fault.within(|| "ticket_attributes".to_owned()))?,
            6 if needs.latencies => {
                let at = latencies.len();
                within(at, limits.max_regions_per_ticket, Bound::Regions)?;
                budget.entry::<(Text, i64)>()?;
                bytes(content, "latencies")
                    .and_then(|inner| latencies.read(body, inner, known))
                    .map_err(|fault| fault.within(|| "latencies".to_owned()))?;
            }
            7 => ticket.party_session_id = text(body, content, "party_session_id")?,
            9 if needs.excluded_sessions => {
                let at = ticket.excluded_sessions.len();
                within(at, limits.max_regions_per_ticket, Bound::ExcludedSessions)?;
                budget.entry::<Text>()?;
                ticket
                    .excluded_sessions
                    .push(text(body, content, "excluded_sessions")?);
            }
            _ => {}
        }
    }
    latencies.end();
    if !has_pool {
        ticket.pool = Text::new();
    }
    ticket.attributes = known.attributes(pairs);
    ticket.created_at_ms = created.unix_ms();
    trim(&mut ticket.players);
    trim(&mut ticket.latencies);
    trim(&mut ticket.excluded_sessions);
    Ok(())
}

/// Gives back the memory of a list that has much more room than it needs.
#[inline]
pub(super) fn trim<T>(list: &mut Vec<T>) {
    if list.capacity() > list.len() + SPARE_ROOM {
        list.shrink_to_fit();
    }
}

/// Room of a list that is left to it.
pub(super) const SPARE_ROOM: usize = 8;

/// What a ticket or a session is called: all that is known of one that is beyond a bound.
#[derive(Debug, Default)]
pub(in crate::service) struct Named {
    pub(in crate::service) id: Text,
    pub(in crate::service) pool: Text,
}

/// Reads the name of a ticket or a session; their fields for it have the same numbers.
pub(in crate::service) fn named(body: &Bytes) -> Decoded<Named> {
    let mut named = Named::default();
    for field in Fields::of(body) {
        match field.map_err(DecodeFault::malformed(""))? {
            (1, content) => named.id = text(body, content, "ticket_id")?,
            (2, content) => named.pool = text(body, content, "match_pool")?,
            _ => {}
        }
    }
    Ok(named)
}

fn player(
    body: &Bytes,
    message: &[u8],
    needs: &Needs,
    budget: &mut Budget<'_>,
    known: &mut Known,
) -> Decoded<Player> {
    let mut id = Text::new();
    let pairs = known.pairs.len();
    for field in Fields::of(message) {
        match field.map_err(DecodeFault::malformed(""))? {
            (1, content) => id = text(body, content, "player_id")?,
            (2, content) => attributes::read(
                body,
                bytes(content, "attributes")?,
                &needs.player_attributes,
                budget,
                known,
            )
            .map_err(|fault| fault.within(|| "attributes".to_owned()))?,
            _ => {}
        }
    }
    let attributes = known.attributes(pairs);
    Ok(Player { id, attributes })
}
