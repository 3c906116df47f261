//! Matches and proposals as the wire wants them.

use crate::matching::{Attributes, Match, Party, Proposal, Roster, Team, Text, Ticket, Value};
use crate::proto::{self, backfill_proposal, r#match};
use prost_types::value::Kind;

pub(super) fn match_response(made: Match) -> proto::MatchResponse {
    let mut tickets = Vec::with_capacity(made.teams.iter().map(|team| team.tickets.len()).sum());
    let teams = made
        .teams
        .into_iter()
        .map(|team| self::team(team, &mut tickets))
        .collect();
    let made = proto::Match {
        teams,
        tickets,
        region_preferences: strings(&made.region_preferences),
        match_attributes: some_struct(&made.attributes),
        backfill: made.backfill,
        server_name: made.server_name.to_string(),
        client_version: made.client_version.to_string(),
        server_pool: None,
    };
    proto::MatchResponse {
        r#match: Some(made),
    }
}

/// A team as it is sent; its tickets go to `tickets`.
fn team(team: Team, tickets: &mut Vec<proto::Ticket>) -> r#match::Team {
    let mut roster = Roster::default();
    team.tickets.iter().for_each(|ticket| roster.add(ticket));
    tickets.extend(team.tickets.into_iter().map(|ticket| ticket.body.into()));
    r#match::Team {
        user_ids: strings(&roster.user_ids),
        parties: roster.parties.iter().map(party).collect(),
        team_id: team.id.simple().to_string(),
    }
}

pub(super) fn backfill_response(proposal: Proposal) -> proto::BackfillResponse {
    let body = |ticket: Ticket| ticket.body.into();
    let proposal = proto::BackfillProposal {
        backfill_ticket_id: proposal.session.backfill_ticket_id.to_string(),
        created_at: Some(timestamp(proposal.created_at_ms)),
        added_tickets: proposal.added.into_iter().map(body).collect(),
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
    let field = |(name, inner): (&Text, &Value)| (name.to_string(), value(inner));
    prost_types::Struct {
        fields: attributes.iter().map(field).collect(),
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
