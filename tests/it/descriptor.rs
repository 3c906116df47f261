//! The compiled contract against a table written by hand: names and numbers are fixed by deployed
//! clients.

use match_function::proto::{DESCRIPTOR, SERVICE};
use prost_reflect::{DescriptorPool, FieldDescriptor, Kind};

/// Message, then `number name type` of each field; `*` is repeated, `o` in the oneof.
const MESSAGES: &[(&str, &str)] = &[
    ("GetStatCodesRequest", "1 rules Rules"),
    ("StatCodesResponse", "1 codes string*"),
    ("ValidateTicketRequest", "1 ticket Ticket, 2 rules Rules"),
    ("ValidateTicketResponse", "1 valid_ticket bool"),
    ("EnrichTicketRequest", "1 ticket Ticket, 2 rules Rules"),
    ("EnrichTicketResponse", "1 ticket Ticket"),
    (
        "MakeMatchesRequest",
        "1 parameters MakeMatchesRequest.MakeMatchesParameters o, 2 ticket Ticket o",
    ),
    (
        "MakeMatchesRequest.MakeMatchesParameters",
        "1 scope Scope, 2 rules Rules, 3 tickId uint64",
    ),
    ("MatchResponse", "1 match Match"),
    ("Scope", "1 ab_trace_id string"),
    ("Rules", "1 json string"),
    ("Party", "1 party_id string, 2 user_ids string*"),
    (
        "Match",
        "1 tickets Ticket*, 2 teams Match.Team*, 3 region_preferences string*, \
         4 match_attributes google.protobuf.Struct, 5 backfill bool, 6 server_name string, \
         7 client_version string, 8 server_pool ServerPool",
    ),
    (
        "Match.Team",
        "1 user_ids string*, 2 parties Party*, 3 team_id string",
    ),
    (
        "ServerPool",
        "1 server_provider string, 2 deployment string, 3 claim_keys string*",
    ),
    (
        "Ticket",
        "1 ticket_id string, 2 match_pool string, 3 CreatedAt google.protobuf.Timestamp, \
         4 players Ticket.PlayerData*, 5 ticket_attributes google.protobuf.Struct, \
         6 latencies map<string, int64>, 7 party_session_id string, 8 namespace string, \
         9 excluded_sessions string*",
    ),
    (
        "Ticket.PlayerData",
        "1 player_id string, 2 attributes google.protobuf.Struct",
    ),
    (
        "BackfillMakeMatchesRequest",
        "1 parameters BackfillMakeMatchesRequest.MakeMatchesParameters o, \
         2 backfill_ticket BackfillTicket o, 3 ticket Ticket o",
    ),
    (
        "BackfillMakeMatchesRequest.MakeMatchesParameters",
        "1 scope Scope, 2 rules Rules, 3 tickId uint64",
    ),
    ("BackfillResponse", "1 backfill_proposal BackfillProposal"),
    (
        "BackfillTicket",
        "1 ticket_id string, 2 match_pool string, 3 CreatedAt google.protobuf.Timestamp, \
         4 partial_match BackfillTicket.PartialMatch, 5 match_session_id string",
    ),
    (
        "BackfillTicket.Team",
        "1 user_ids string*, 2 parties Party*, 3 team_id string",
    ),
    (
        "BackfillTicket.PartialMatch",
        "1 tickets Ticket*, 2 teams BackfillTicket.Team*, 3 region_preferences string*, \
         4 match_attributes google.protobuf.Struct, 5 backfill bool, 6 server_name string, \
         7 client_version string",
    ),
    (
        "BackfillProposal",
        "1 backfill_ticket_id string, 2 CreatedAt google.protobuf.Timestamp, \
         3 added_tickets Ticket*, 4 proposed_teams BackfillProposal.Team*, 5 proposal_id string, \
         6 match_pool string, 7 match_session_id string, 8 attributes google.protobuf.Struct",
    ),
    (
        "BackfillProposal.Team",
        "1 user_ids string*, 2 parties Party*, 3 team_id string",
    ),
];

/// Call, request, response; `*` is a stream.
const METHODS: &[(&str, &str, &str)] = &[
    ("GetStatCodes", "GetStatCodesRequest", "StatCodesResponse"),
    (
        "ValidateTicket",
        "ValidateTicketRequest",
        "ValidateTicketResponse",
    ),
    (
        "EnrichTicket",
        "EnrichTicketRequest",
        "EnrichTicketResponse",
    ),
    ("MakeMatches", "MakeMatchesRequest*", "MatchResponse*"),
    (
        "BackfillMatches",
        "BackfillMakeMatchesRequest*",
        "BackfillResponse*",
    ),
];

const PACKAGE: &str = "accelbyte.matchmaking.matchfunction.";

fn short(name: &str) -> &str {
    name.strip_prefix(PACKAGE).unwrap_or(name)
}

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) => short(message.full_name()).to_owned(),
        other => format!("{other:?}"),
    }
}

fn described(field: &FieldDescriptor) -> String {
    let (number, name) = (field.number(), field.name());
    if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
        let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        return format!(
            "{number} {name} map<{}, {}>",
            kind(&key.kind()),
            kind(&value.kind())
        );
    }
    let many = if field.is_list() { "*" } else { "" };
    let one_of = if field.containing_oneof().is_some() {
        " o"
    } else {
        ""
    };
    format!("{number} {name} {}{many}{one_of}", kind(&field.kind()))
}

#[test]
fn every_message_field_number_and_type_is_as_agreed() {
    let pool = DescriptorPool::decode(DESCRIPTOR).unwrap();
    let messages = pool
        .all_messages()
        .filter(|message| message.full_name().starts_with(PACKAGE) && !message.is_map_entry());
    let mut found: Vec<(String, String)> = messages
        .map(|message| {
            let fields: Vec<_> = message.fields().map(|field| described(&field)).collect();
            (short(message.full_name()).to_owned(), fields.join(", "))
        })
        .collect();
    let mut agreed: Vec<(String, String)> = MESSAGES
        .iter()
        .map(|(name, fields)| ((*name).to_owned(), (*fields).to_owned()))
        .collect();
    found.sort();
    agreed.sort();
    assert_eq!(found, agreed);
}

#[test]
fn every_call_is_as_agreed() {
    let pool = DescriptorPool::decode(DESCRIPTOR).unwrap();
    let service = pool.get_service_by_name(SERVICE).unwrap();
    let side = |message: &str, streaming| {
        format!("{}{}", short(message), if streaming { "*" } else { "" })
    };
    let found: Vec<_> = service
        .methods()
        .map(|method| {
            let request = side(method.input().full_name(), method.is_client_streaming());
            let response = side(method.output().full_name(), method.is_server_streaming());
            (method.name().to_owned(), request, response)
        })
        .collect();
    let agreed: Vec<_> = METHODS
        .iter()
        .map(|(name, request, response)| ((*name).into(), (*request).into(), (*response).into()))
        .collect();
    assert_eq!(found, agreed);
}
