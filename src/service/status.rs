//! Refusals as gRPC statuses: the code says which side can correct it, the text says what came and
//! what was expected, and `google.rpc.BadRequest` names the field where one is at fault.
//!
//! A status travels in HTTP/2 trailers, of which clients take 8 KiB (grpc-java, and grpcio before
//! it warns). One that is larger costs the client the code as well: it sees a broken connection. So
//! each is kept within [`MAX_SENT`]: details are left out first, then faults at the end.

#[cfg(test)]
mod tests;

use http::{HeaderMap, HeaderValue};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::decode::DecodeFault;
use super::memory::NoRoom;
use crate::matching::rules::{MAX_FAULTS, list};
use crate::matching::{RuleFault, RulesError};
use crate::proto::wire::Malformed;

/// Bytes that the code, the text and the details of a status may take together as they are sent:
/// percent-encoded and in base64. The rest of 4 KiB is for the other headers of an answer.
const MAX_SENT: usize = 3584;

/// INVALID_ARGUMENT for one field.
pub(super) fn invalid_field(path: &str, text: impl Into<String>) -> Status {
    let text = text.into();
    let details = ErrorDetails::with_bad_request_violation(path, &text);
    let status = Status::with_error_details(Code::InvalidArgument, text, details);
    fitting(status)
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

/// A message above the bound. The code is that of gRPC's own implementations.
pub(super) fn oversized(most: u32) -> Status {
    Status::resource_exhausted(format!(
        "a message of the call has more than {most} bytes (MAX_MESSAGE_BYTES)"
    ))
}

/// A call that is not read from any more, since the memory budget is used.
///
/// ABORTED for a large one: the caller may begin again later, as AGS does with its next tick, and no
/// proxy sends it again at once. (Envoy's `retry_on` knows of cancelled, deadline-exceeded, internal,
/// resource-exhausted and unavailable; a call that is too large here is too large for the next
/// replica.) UNAVAILABLE for a small one: another replica has room for it.
pub(super) fn no_room(why: NoRoom) -> Status {
    let NoRoom { used, limit, .. } = why;
    let full = format!("all calls together hold {used} of {limit} bytes (MAX_MEMORY_BYTES)");
    if !why.is_large {
        let text = format!("{full}, and there is no room for this one; call again");
        return Status::unavailable(text);
    }
    Status::aborted(format!(
        "{full}, and this is the newest of the large ones, with {} bytes: send fewer or smaller \
         tickets in a stream, raise MAX_MEMORY_BYTES, or add replicas",
        why.taken
    ))
}

/// A call that waited for memory too long: for `seconds`.
pub(super) fn held_back(why: NoRoom, seconds: u32) -> Status {
    let NoRoom {
        used, limit, taken, ..
    } = why;
    Status::aborted(format!(
        "the stream was not read from for {seconds} s (STREAM_IDLE_TIMEOUT_SECOND): all calls \
         together hold {used} of {limit} bytes (MAX_MEMORY_BYTES), this one {taken}; send fewer or \
         smaller tickets in a stream, raise MAX_MEMORY_BYTES, or add replicas"
    ))
}

/// A ruleset that was not taken.
pub(super) fn rules(error: &RulesError) -> Status {
    let (code, faults) = match error {
        RulesError::Invalid(faults) => (Code::InvalidArgument, faults),
        RulesError::Unsupported(places) => (Code::Unimplemented, places),
    };
    let text = |listed| match code {
        Code::InvalidArgument => format!("the ruleset is wrong: {}", list(faults, listed)),
        _ => list(faults, listed),
    };
    let most = faults.len().min(MAX_FAULTS);
    let detailed = Status::with_error_details(code, text(most), violations(&faults[..most]));
    if sent_len(&detailed) <= MAX_SENT {
        return detailed;
    }
    let mut listed = most;
    loop {
        let status = Status::new(code, text(listed));
        if listed <= 1 || sent_len(&status) <= MAX_SENT {
            return fitting(status);
        }
        listed -= 1;
    }
}

fn violations(faults: &[RuleFault]) -> ErrorDetails {
    let mut details = ErrorDetails::new();
    for fault in faults {
        let text = format!("{} is not allowed: {}", fault.found, fault.allowed);
        details.add_bad_request_violation(&fault.path, text);
    }
    details
}

/// A panic in matching. Its message is in the log, not in the answer.
pub(super) fn panicked() -> Status {
    Status::internal("the match function failed; its log has the reason")
}

/// The status, without what makes it larger than [`MAX_SENT`].
fn fitting(status: Status) -> Status {
    if sent_len(&status) <= MAX_SENT {
        return status;
    }
    let text = status.message();
    let plain = Status::new(status.code(), text);
    if sent_len(&plain) <= MAX_SENT {
        return plain;
    }
    Status::new(status.code(), format!("{}…", beginning(text)))
}

/// The beginning of a text that surely fits into [`MAX_SENT`], with the code and a `…` behind it.
fn beginning(text: &str) -> &str {
    let mut left = MAX_SENT - "13".len() - 3 * '…'.len_utf8();
    let end = text.char_indices().find_map(|(at, char)| {
        // Any byte that is not a letter or a digit may be sent as three.
        let sent = if char.is_ascii_alphanumeric() {
            1
        } else {
            3 * char.len_utf8()
        };
        match left.checked_sub(sent) {
            Some(rest) => {
                left = rest;
                None
            }
            None => Some(at),
        }
    });
    &text[..end.unwrap_or(text.len())]
}

/// Bytes of the status as its trailers hold it.
fn sent_len(status: &Status) -> usize {
    let mut trailers = HeaderMap::new();
    match status.add_header(&mut trailers) {
        Ok(()) => trailers.values().map(HeaderValue::len).sum(),
        // What cannot be sent does not fit.
        Err(_) => usize::MAX,
    }
}
