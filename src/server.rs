//! The gRPC port: its socket, its HTTP/2 settings, and the services beside MatchFunction.

mod listen;
mod settings;

use std::time::Duration;

use tonic::transport::Server;
use tonic_reflection::server::Builder as Reflection;

pub use listen::{ListenError, listen};
pub use settings::Settings;

/// Bytes that a client may send ahead of what was read, for each stream and each connection. A
/// tick's tickets come in one burst; with the 64 KiB of HTTP/2's default the client waits for
/// window updates most of the time.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;

/// Maximum size of a client's frames in bytes: fewer, larger frames cost less than the 16 KiB of
/// HTTP/2's default.
const MAX_FRAME: u32 = 64 << 10;

/// Maximum size of a request's headers in bytes. Access tokens of up to 16 KiB have to fit.
const MAX_HEADERS: u32 = 64 << 10;

/// How long a connection may be silent before it is pinged, and how long it has to answer. A proxy
/// that disappeared without closing its connections is noticed this way.
const KEEPALIVE: Duration = Duration::from_secs(30);
const KEEPALIVE_ANSWER: Duration = Duration::from_secs(20);

/// A server with these settings and no services yet.
pub fn builder(settings: &Settings) -> Server {
    Server::builder()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(MAX_FRAME)
        .http2_max_header_list_size(MAX_HEADERS)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE_ANSWER))
        .max_concurrent_streams(settings.max_concurrent_streams)
}

/// Reflection over the contract and the health service; `None` if it is switched off.
pub fn reflection(settings: &Settings, descriptor: &'static [u8]) -> Option<Reflection<'static>> {
    settings.enable_reflection.then(|| {
        Reflection::configure()
            .register_encoded_file_descriptor_set(descriptor)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    })
}
