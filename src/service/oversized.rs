//! A message above MAX_MESSAGE_BYTES has one code. tonic has two: OUT_OF_RANGE for a message whose
//! length says it, RESOURCE_EXHAUSTED for one that turns out too long when it is decompressed.

use http::{HeaderMap, Response};
use tonic::body::Body;
use tonic::{Code, Status};

use super::status;

/// What tonic says of a message that it did not take, as this server says it. `most` is the bound,
/// in bytes.
pub(super) fn one_code(status: Status, most: u32) -> Status {
    match status.code() {
        // The service itself uses neither of them.
        Code::OutOfRange | Code::ResourceExhausted => status::oversized(most),
        _ => status,
    }
}

/// The same for a call whose message tonic reads before it asks the service: its status is in the
/// headers.
pub(super) fn in_headers(mut response: Response<Body>, most: u32) -> Response<Body> {
    let refused = refusal(response.headers()).map(|status| one_code(status, most));
    if let Some(status) = refused {
        // A text of letters and digits can be sent; if it could not, tonic's own stays.
        let _ = status.add_header(response.headers_mut());
    }
    response
}

fn refusal(headers: &HeaderMap) -> Option<Status> {
    let code = headers.get(Status::GRPC_STATUS)?;
    let code = Code::from_bytes(code.as_bytes());
    matches!(code, Code::OutOfRange | Code::ResourceExhausted)
        .then(|| Status::from_header_map(headers))?
}
