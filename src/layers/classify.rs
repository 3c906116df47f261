//! What a status code means to operators: one table for metrics, logs and spans.

use tonic::Code;

/// Names of the status codes, by number; `grpc_code` has these values.
pub const CODES: [&str; 17] = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];

/// Who has to act on an outcome, if anyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Success.
    Ok,
    /// The caller: a bad request, a missing permission, a call cancelled before its answer.
    Client,
    /// The operator of the server.
    Server,
}

/// The class of a code, as the OpenTelemetry conventions for gRPC servers sort them.
pub fn classify(code: Code) -> Class {
    match code {
        Code::Ok => Class::Ok,
        Code::Cancelled
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unauthenticated => Class::Client,
        Code::Unknown
        | Code::DeadlineExceeded
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => Class::Server,
    }
}

/// The code's name, the same in metrics and logs.
pub fn code_name(code: Code) -> &'static str {
    CODES[code as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_numbers() {
        for (number, name) in (0..).zip(CODES) {
            let code = Code::from_i32(number);
            assert_eq!(code_name(code), name);
            let tonics = format!("{code:?}");
            let same = tonics.eq_ignore_ascii_case(name) || code == Code::Cancelled;
            assert!(same, "{tonics} is called {name}");
        }
    }

    #[test]
    fn a_caller_that_leaves_is_not_a_fault_of_the_server() {
        assert_eq!(classify(Code::Ok), Class::Ok);
        assert_eq!(classify(Code::Cancelled), Class::Client);
        assert_eq!(classify(Code::Unavailable), Class::Server);
    }
}
