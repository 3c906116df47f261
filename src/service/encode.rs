//! Matches and proposals in their encoded form.

#[cfg(test)]
mod tests;

use bytes::{BufMut, BytesMut};
use prost::encoding::{self, WireType};
use prost_types::value::Kind;

use crate::matching::{Attributes, Match, Party, Proposal, Roster, Team, Text, Ticket, Value};
use crate::proto::{self, backfill_proposal};

/// Field numbers of `Match` and `Match.Team`.
mod tag {
    pub(super) const TICKETS: u32 = 1;
    pub(super) const TEAMS: u32 = 2;
    pub(super) const REGION_PREFERENCES: u32 = 3;
    pub(super) const MATCH_ATTRIBUTES: u32 = 4;
    pub(super) const BACKFILL: u32 = 5;
    pub(super) const SERVER_NAME: u32 = 6;
    pub(super) const CLIENT_VERSION: u32 = 7;

    pub(super) const USER_IDS: u32 = 1;
    pub(super) const PARTIES: u32 = 2;
    pub(super) const TEAM_ID: u32 = 3;
}

/// A match, written directly from its tickets: there is one for every few tickets, and a generated
/// message would first copy each id into a string of its own. Once the match is sent, the buffer is
/// used for another one.
pub(super) fn match_response(made: &Match, out: &mut BytesMut) -> proto::MatchResponse {
    let bodies: usize = made.tickets().map(|ticket| ticket.body.len() + ROOM).sum();
    let players: usize = made.tickets().map(|ticket| ticket.players.len()).sum();
    out.reserve(bodies + players * ROOM + 4 * ROOM);
    for ticket in made.tickets() {
        put(tag::TICKETS, &ticket.body, out);
    }
    for team in &made.teams {
        put_team(team, out);
    }
    for region in &made.region_preferences {
        put(tag::REGION_PREFERENCES, region.as_bytes(), out);
    }
    if !made.attributes.is_empty() {
        let attributes = to_struct(&made.attributes);
        encoding::message::encode(tag::MATCH_ATTRIBUTES, &attributes, out);
    }
    if made.backfill {
        encoding::bool::encode(tag::BACKFILL, &true, out);
    }
    for (tag, text) in [
        (tag::SERVER_NAME, &made.server_name),
        (tag::CLIENT_VERSION, &made.client_version),
    ] {
        if !text.is_empty() {
            put(tag, text.as_bytes(), out);
        }
    }
    proto::MatchResponse {
        r#match: Some(out.split().freeze().into()),
    }
}

/// Bytes of the tickets of a match that is encoded, which come before everything else.
pub(super) fn tickets_len(made: &Match) -> usize {
    let tickets = made.tickets();
    tickets.map(|ticket| field_len(ticket.body.len())).sum()
}

/// Bytes for an id with its key and length, and for what surrounds a ticket. An estimate: the
/// buffer grows where it is exceeded.
const ROOM: usize = 40;

fn put_team(team: &Team, out: &mut BytesMut) {
    let mut id = uuid::Uuid::encode_buffer();
    let id = team.id.simple().encode_lower(&mut id);
    let mut roster = Roster::default();
    if team
        .tickets
        .iter()
        .any(|ticket| !ticket.party_session_id.is_empty())
    {
        roster.add_all(&team.tickets);
    }
    let parties: Vec<proto::Party> = roster.parties.iter().map(party).collect();
    let players = || team.tickets.iter().flat_map(Ticket::player_ids);
    let len = players().map(|id| field_len(id.len())).sum::<usize>()
        + encoding::message::encoded_len_repeated(tag::PARTIES, &parties)
        + field_len(id.len());
    encoding::encode_key(tag::TEAMS, WireType::LengthDelimited, out);
    encoding::encode_varint(len as u64, out);
    players().for_each(|id| put(tag::USER_IDS, id.as_bytes(), out));
    encoding::message::encode_repeated(tag::PARTIES, &parties, out);
    put(tag::TEAM_ID, id.as_bytes(), out);
}

/// Writes a length-delimited field.
fn put(tag: u32, bytes: &[u8], out: &mut BytesMut) {
    encoding::encode_key(tag, WireType::LengthDelimited, out);
    encoding::encode_varint(bytes.len() as u64, out);
    out.put_slice(bytes);
}

/// Bytes of a length-delimited field whose number is below 16.
fn field_len(len: usize) -> usize {
    1 + encoding::encoded_len_varint(len as u64) + len
}

pub(super) fn backfill_response(proposal: &Proposal) -> proto::BackfillResponse {
    let proposal = proto::BackfillProposal {
        backfill_ticket_id: proposal.session.backfill_ticket_id.to_string(),
        created_at: Some(timestamp(proposal.created_at_ms)),
        added_tickets: proposal.added.iter().map(body).collect(),
        proposed_teams: proposal.teams.iter().map(proposed_team).collect(),
        proposal_id: proposal.id.simple().to_string(),
        match_pool: proposal.session.pool.to_string(),
        match_session_id: proposal.session.match_session_id.to_string(),
        attributes: some_struct(&proposal.attributes),
    };
    proto::BackfillResponse {
        backfill_proposal: Some(proposal),
    }
}

fn body(ticket: &Ticket) -> proto::Ticket {
    ticket.body.clone().into()
}

fn proposed_team(roster: &Roster) -> backfill_proposal::Team {
    backfill_proposal::Team {
        user_ids: strings(&roster.user_ids),
        parties: roster.parties.iter().map(party).collect(),
        team_id: roster.id.to_string(),
    }
}

fn party(party: &Party) -> proto::Party {
    proto::Party {
        party_id: party.id.to_string(),
        user_ids: strings(&party.user_ids),
    }
}

fn strings(texts: &[Text]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

fn timestamp(unix_ms: i64) -> prost_types::Timestamp {
    let nanos = i32::try_from(unix_ms.rem_euclid(1000)).unwrap_or_default() * 1_000_000;
    prost_types::Timestamp {
        seconds: unix_ms.div_euclid(1000),
        nanos,
    }
}

fn some_struct(attributes: &Attributes) -> Option<prost_types::Struct> {
    (!attributes.is_empty()).then(|| to_struct(attributes))
}

/// Attributes as `google.protobuf.Struct`.
pub(super) fn to_struct(attributes: &Attributes) -> prost_types::Struct {
    let fields = attributes.iter();
    prost_types::Struct {
        fields: fields
            .map(|(name, inner)| (name.to_string(), value(inner)))
            .collect(),
    }
}

fn value(value: &Value) -> prost_types::Value {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(truth) => Kind::BoolValue(*truth),
        Value::Number(number) => Kind::NumberValue(*number),
        Value::Text(text) => Kind::StringValue(text.to_string()),
        Value::List(values) => {
            let values = values.iter().map(self::value).collect();
            Kind::ListValue(prost_types::ListValue { values })
        }
        Value::Struct(fields) => Kind::StructValue(to_struct(fields)),
    };
    prost_types::Value { kind: Some(kind) }
}
