//! The gRPC port: its socket, its connections and their limits, its HTTP/2 settings, and the
//! services beside MatchFunction.

mod activity;
pub mod call;
mod connection;
mod dispatch;
mod few;
mod frames;
mod grpc_only;
mod listen;
mod metrics;
pub mod peer;
mod room;
mod serve;
mod settings;
mod watched;

use std::time::Duration;

use hyper::server::conn::http2;
use hyper_util::rt::TokioTimer;
use tonic_reflection::server::Builder as Reflection;

pub use dispatch::Dispatch;
pub use few::{Few, MAX_REFLECTIONS, MAX_WATCHES, StreamRoom};
pub use grpc_only::{GrpcOnly, GrpcOnlyLayer};
pub use listen::{ListenError, listen};
pub use metrics::ConnectionMetrics;
pub use serve::serve;
pub use settings::Settings;

/// Bytes that a client may send ahead of what was read, for each stream and each connection. A
/// tick's tickets come in one burst; with the 64 KiB of HTTP/2's default the client waits for
/// window updates most of the time. A stream that is not read from, as one whose client does not read
/// or that the memory budget holds back, fills its window: a connection has room for some of them, so
/// that they do not stop its other calls. These bytes are outside the budget, MAX_CONNECTIONS times.
const STREAM_WINDOW: u32 = 128 << 10;
const CONNECTION_WINDOW: u32 = 2 << 20;

/// Maximum size of a client's frames in bytes: fewer, larger frames cost less than the 16 KiB of
/// HTTP/2's default.
const MAX_FRAME: u32 = 64 << 10;

/// Maximum size of a request's headers in bytes. Access tokens of up to 16 KiB have to fit.
const MAX_HEADERS: u32 = 64 << 10;

/// How long a connection may be silent before it is pinged, and how long it has to answer. A proxy
/// that disappeared without closing its connections is noticed this way.
const KEEPALIVE: Duration = Duration::from_secs(30);
const KEEPALIVE_ANSWER: Duration = Duration::from_secs(20);

/// HTTP/2 with these settings. hyper by itself rather than tonic's server around it, which neither
/// bounds its connections nor lets a connection or a call be ended.
fn http2<E>(settings: &Settings, executor: E) -> http2::Builder<E> {
    let mut http2 = http2::Builder::new(executor);
    http2
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(MAX_FRAME)
        .max_header_list_size(MAX_HEADERS)
        .keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE_ANSWER)
        .max_concurrent_streams(settings.max_concurrent_streams);
    http2
}

/// Reflection over the contract and the health service; `None` if it is switched off.
pub fn reflection(settings: &Settings, descriptor: &'static [u8]) -> Option<Reflection<'static>> {
    settings.enable_reflection.then(|| {
        Reflection::configure()
            .register_encoded_file_descriptor_set(descriptor)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    })
}
