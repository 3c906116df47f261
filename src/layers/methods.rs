//! The methods that the server answers: the closed set of labels, span names and log values.

use crate::telemetry::method::{CallType, Method, MethodTable};

const MATCH_FUNCTION: &str = "accelbyte.matchmaking.matchfunction.MatchFunction";
const HEALTH: &str = "grpc.health.v1.Health";

/// All methods: the match function, health and reflection.
pub const METHODS: [Method; 10] = [
    call(MATCH_FUNCTION, "GetStatCodes", CallType::Unary),
    call(MATCH_FUNCTION, "ValidateTicket", CallType::Unary),
    call(MATCH_FUNCTION, "EnrichTicket", CallType::Unary),
    call(MATCH_FUNCTION, "MakeMatches", CallType::BidiStream),
    call(MATCH_FUNCTION, "BackfillMatches", CallType::BidiStream),
    probe(HEALTH, "Check", CallType::Unary),
    probe(HEALTH, "List", CallType::Unary),
    probe(HEALTH, "Watch", CallType::ServerStream),
    call(
        "grpc.reflection.v1.ServerReflection",
        "ServerReflectionInfo",
        CallType::BidiStream,
    ),
    call(
        "grpc.reflection.v1alpha.ServerReflection",
        "ServerReflectionInfo",
        CallType::BidiStream,
    ),
];

const fn call(service: &'static str, name: &'static str, call_type: CallType) -> Method {
    Method {
        service,
        name,
        call_type,
        probe: false,
    }
}

const fn probe(service: &'static str, name: &'static str, call_type: CallType) -> Method {
    Method {
        service,
        name,
        call_type,
        probe: true,
    }
}

/// The table of [`METHODS`].
pub fn table() -> MethodTable {
    MethodTable::new(&METHODS)
}
