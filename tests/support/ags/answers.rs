//! Answers of AGS, good and broken ones.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

pub(super) fn json_response(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (
        status,
        [(CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}

/// IAM's error.
pub(super) fn error(status: u16, code: u32, message: &str) -> Response {
    json_response(status, &json!({"errorCode": code, "errorMessage": message}))
}

pub(super) fn empty(status: u16) -> Response {
    StatusCode::from_u16(status)
        .expect("a status")
        .into_response()
}

/// 302 to an address.
pub(super) fn found(location: String) -> Response {
    (StatusCode::FOUND, [(LOCATION, location)]).into_response()
}

/// 200, so many pieces of a body with a pause before each, then an error in place of the end.
pub(super) fn broken_body(pause: Duration, pieces: usize) -> Response {
    let (sender, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    tokio::spawn(async move {
        for _ in 0..pieces {
            tokio::time::sleep(pause).await;
            if sender
                .send(Ok(Bytes::from_static(br#"{"keys":["#)))
                .await
                .is_err()
            {
                return;
            }
        }
        _ = sender
            .send(Err(std::io::Error::other("cut off on demand")))
            .await;
    });
    Response::new(Body::from_stream(ReceiverStream::new(receiver)))
}
