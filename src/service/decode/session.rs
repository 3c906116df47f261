//! Reading `BackfillTicket`.

use bytes::Bytes;

use super::attributes;
use super::bound::Bound;
use super::budget::Budget;
use super::fault::{DecodeFault, Decoded};
use super::field::{Created, bytes, text, within};
use super::known::Known;
use super::ticket::{inner_ticket, trim};
use crate::matching::{Needs, Party, Roster, Session, Text, Ticket, Value, Wanted};
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
    known.begin();
    let mut budget = Budget::of_session(limits, body.len());
    let mut session = Session::default();
    let mut created = Created::default();
    for field in Fields::of(body) {
        let (number, content) = field.map_err(DecodeFault::malformed(""))?;
        match number {
            1 => session.backfill_ticket_id = text(body, content, "ticket_id")?,
            2 => session.pool = text(body, content, "match_pool")?,
            3 => created.read(bytes(content, "CreatedAt")?)?,
            4 => bytes(content, "partial_match")
                .and_then(|inner| {
                    partial_match(body, inner, needs, &mut budget, known, &mut session)
                })
                .map_err(|fault| fault.within(|| "partial_match".to_owned()))?,
            5 => session.match_session_id = text(body, content, "match_session_id")?,
            _ => {}
        }
    }
    session.attributes = known.attributes(0);
    trim(&mut session.tickets);
    trim(&mut session.teams);
    trim(&mut session.region_preferences);
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

/// Reads a piece of the match that the session is of; its attributes as pairs of [`Known`].
fn partial_match(
    body: &Bytes,
    message: &[u8],
    needs: &Needs,
    budget: &mut Budget<'_>,
    known: &mut Known,
    session: &mut Session,
) -> Decoded<()> {
    for field in Fields::of(message) {
        let (number, content) = field.map_err(DecodeFault::malformed(""))?;
        match number {
            1 => {
                let at = session.tickets.len();
                let allowed = budget.limits().max_players_per_ticket;
                within(at, allowed, Bound::SessionTickets)?;
                budget.entry::<Ticket>()?;
                let ticket = body.slice_ref(bytes(content, "tickets")?);
                let read = inner_ticket(ticket, needs, budget, known)
                    .map_err(|fault| fault.within(|| format!("tickets[{at}]")))?;
                session.tickets.push(read);
            }
            2 => {
                let at = session.teams.len();
                within(at, MAX_LIST, Bound::SessionLists)?;
                budget.entry::<Roster>()?;
                let read = bytes(content, "teams")
                    .and_then(|inner| roster(body, inner, budget))
                    .map_err(|fault| fault.within(|| format!("teams[{at}]")))?;
                session.teams.push(read);
            }
            3 => {
                let at = session.region_preferences.len();
                within(at, MAX_LIST, Bound::SessionLists)?;
                budget.entry::<Text>()?;
                session
                    .region_preferences
                    .push(text(body, content, "region_preferences")?);
            }
            4 => attributes::read(
                body,
                bytes(content, "match_attributes")?,
                &Wanted::All,
                budget,
                known,
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

fn roster(body: &Bytes, message: &[u8], budget: &mut Budget<'_>) -> Decoded<Roster> {
    let mut roster = Roster::default();
    for field in Fields::of(message) {
        match field.map_err(DecodeFault::malformed(""))? {
            (1, content) => {
                budget.entry::<Text>()?;
                roster.user_ids.push(text(body, content, "user_ids")?);
            }
            (2, content) => {
                within(roster.parties.len(), MAX_LIST, Bound::SessionLists)?;
                budget.entry::<Party>()?;
                let party = party(body, bytes(content, "parties")?, budget)?;
                roster.parties.push(party);
            }
            (3, content) => roster.id = text(body, content, "team_id")?,
            _ => {}
        }
    }
    roster.user_ids.shrink_to_fit();
    roster.parties.shrink_to_fit();
    Ok(roster)
}

fn party(body: &Bytes, message: &[u8], budget: &mut Budget<'_>) -> Decoded<Party> {
    let mut party = Party::default();
    for field in Fields::of(message) {
        match field.map_err(DecodeFault::malformed("parties"))? {
            (1, content) => party.id = text(body, content, "party_id")?,
            (2, content) => {
                budget.entry::<Text>()?;
                party.user_ids.push(text(body, content, "user_ids")?);
            }
            _ => {}
        }
    }
    party.user_ids.shrink_to_fit();
    Ok(party)
}
