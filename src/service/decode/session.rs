//! Reading `BackfillTicket`.

use bytes::Bytes;

use super::attributes::{self, Budget};
use super::fault::{DecodeFault, Decoded};
use super::field::{Created, bound, bytes, text};
use super::known::Known;
use super::ticket::ticket;
use crate::matching::{Needs, Party, Roster, Session, Text, Value, Wanted};
use crate::proto::wire::{Content, Fields};
use crate::service::limits::Limits;

/// Maximum number of teams of a session, of parties of a team, and of regions of a session.
const MAX_LIST: u32 = 4096;

/// Reads a session. The path of a fault begins below the backfill ticket.
pub(in crate::service) fn session(
    body: &Bytes,
    needs: &Needs,
    limits: &Limits,
    known: &mut Known,
) -> Decoded<Session> {
    let mut session = Session::default();
    let mut created = Created::default();
    for field in Fields::of(body) {
        let (number, content) = field.map_err(DecodeFault::malformed(""))?;
        match number {
            1 => session.backfill_ticket_id = text(body, content, "ticket_id")?,
            2 => session.pool = text(body, content, "match_pool")?,
            3 => created.read(bytes(content, "CreatedAt")?)?,
            4 => bytes(content, "partial_match")
                .and_then(|inner| partial_match(body, inner, needs, limits, known, &mut session))
                .map_err(|fault| fault.within(|| "partial_match".to_owned()))?,
            5 => session.match_session_id = text(body, content, "match_session_id")?,
            _ => {}
        }
    }
    session.created_at_ms = created.unix_ms();
    // Older versions of AGS put these two into the attributes only.
    or_attribute(
        &mut session.server_name,
        session.attributes.get("server_name"),
    );
    or_attribute(
        &mut session.client_version,
        session.attributes.get("client_version"),
    );
    Ok(session)
}

fn or_attribute(name: &mut Text, attribute: Option<&Value>) {
    if let (true, Some(Value::Text(text))) = (name.is_empty(), attribute) {
        *name = text.clone();
    }
}

fn partial_match(
    body: &Bytes,
    message: &[u8],
    needs: &Needs,
    limits: &Limits,
    known: &mut Known,
    session: &mut Session,
) -> Decoded<()> {
    for field in Fields::of(message) {
        let (number, content) = field.map_err(DecodeFault::malformed(""))?;
        match number {
            1 => {
                let at = session.tickets.len();
                bound(
                    at,
                    limits.max_players_per_ticket,
                    "tickets",
                    "MAX_PLAYERS_PER_TICKET",
                )?;
                let read = ticket(
                    body.slice_ref(bytes(content, "tickets")?),
                    needs,
                    limits,
                    known,
                )
                .map_err(|fault| fault.within(|| format!("tickets[{at}]")))?;
                session.tickets.push(read);
            }
            2 => {
                let at = session.teams.len();
                bound(at, MAX_LIST, "teams", "a message")?;
                let read = bytes(content, "teams")
                    .and_then(|inner| roster(body, inner))
                    .map_err(|fault| fault.within(|| format!("teams[{at}]")))?;
                session.teams.push(read);
            }
            3 => {
                bound(
                    session.region_preferences.len(),
                    MAX_LIST,
                    "region_preferences",
                    "a message",
                )?;
                session
                    .region_preferences
                    .push(text(body, content, "region_preferences")?);
            }
            4 => attributes::read(
                body,
                bytes(content, "match_attributes")?,
                &Wanted::All,
                &mut Budget::new(limits),
                known,
                &mut session.attributes,
            )
            .map_err(|fault| fault.within(|| "match_attributes".to_owned()))?,
            5 => session.backfill = content == Content::Varint(1),
            6 => session.server_name = text(body, content, "server_name")?,
            7 => session.client_version = text(body, content, "client_version")?,
            _ => {}
        }
    }
    Ok(())
}

fn roster(body: &Bytes, message: &[u8]) -> Decoded<Roster> {
    let mut roster = Roster::default();
    for field in Fields::of(message) {
        match field.map_err(DecodeFault::malformed(""))? {
            (1, content) => roster.user_ids.push(text(body, content, "user_ids")?),
            (2, content) => {
                bound(roster.parties.len(), MAX_LIST, "parties", "a message")?;
                roster
                    .parties
                    .push(party(body, bytes(content, "parties")?)?);
            }
            (3, content) => roster.id = text(body, content, "team_id")?,
            _ => {}
        }
    }
    Ok(roster)
}

fn party(body: &Bytes, message: &[u8]) -> Decoded<Party> {
    let mut party = Party::default();
    for field in Fields::of(message) {
        match field.map_err(DecodeFault::malformed("parties"))? {
            (1, content) => party.id = text(body, content, "party_id")?,
            (2, content) => party.user_ids.push(text(body, content, "user_ids")?),
            _ => {}
        }
    }
    Ok(party)
}
