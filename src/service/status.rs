//! Refusals as gRPC statuses: the code says whose fault it is, the text says what was received and
//! what was expected, and `google.rpc.BadRequest` names the field if one is at fault.

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::decode::DecodeFault;
use crate::matching::RulesError;
use crate::proto::wire::Malformed;

/// INVALID_ARGUMENT for one field.
pub(super) fn invalid_field(path: &str, text: impl Into<String>) -> Status {
    let text = text.into();
    let details = ErrorDetails::with_bad_request_violation(path, &text);
    Status::with_error_details(Code::InvalidArgument, text, details)
}

/// A request of a stream that is not a message.
pub(super) fn malformed(request: &str, why: Malformed) -> Status {
    Status::invalid_argument(format!("{request} is not a protobuf message: {why}"))
}

/// A ticket or a session that cannot be read. `outer` is its field, such as `ticket`.
pub(super) fn undecodable(outer: &str, fault: &DecodeFault) -> Status {
    invalid_field(
        &format!("{outer}.{}", fault.path()),
        format!("{outer}: {fault}"),
    )
}

/// A ruleset that was not accepted.
pub(super) fn rules(error: &RulesError) -> Status {
    match error {
        RulesError::Invalid(faults) => {
            let mut details = ErrorDetails::new();
            for fault in faults {
                let text = format!("{} is not allowed: {}", fault.found, fault.allowed);
                details.add_bad_request_violation(&fault.path, text);
            }
            let text = format!("the ruleset is wrong: {error}");
            Status::with_error_details(Code::InvalidArgument, text, details)
        }
        RulesError::Unsupported(text) => Status::unimplemented(text),
    }
}

/// A panic in matching. Its message is in the log, not in the answer.
pub(super) fn panicked() -> Status {
    Status::internal("the match function failed; its log has the reason")
}
