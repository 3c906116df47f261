//! Lines as Loki takes them: JSON in gzip, one stream for each level.

use std::io;

use flate2::{Compression, write::GzEncoder};
use serde::Serialize;
use tracing::Level;

use crate::telemetry::queue::Line;

/// Levels as label values, most severe first: a closed set.
const LEVELS: [(Level, &str); 5] = [
    (Level::ERROR, "error"),
    (Level::WARN, "warn"),
    (Level::INFO, "info"),
    (Level::DEBUG, "debug"),
    (Level::TRACE, "trace"),
];

#[derive(Serialize)]
struct Push<'a> {
    streams: Vec<Stream<'a>>,
}

#[derive(Serialize)]
struct Stream<'a> {
    stream: Labels<'a>,
    values: Vec<(String, &'a str)>,
}

#[derive(Serialize)]
struct Labels<'a> {
    application: &'a str,
    level: &'static str,
}

/// The body of a push of these lines, in gzip.
///
/// # Errors
///
/// If it cannot be written, which is a fault of the program.
pub(super) fn body(application: &str, lines: &[Line]) -> io::Result<Vec<u8>> {
    let mut streams = Vec::new();
    for (level, name) in LEVELS {
        let values: Vec<_> = lines
            .iter()
            .filter(|line| line.level == level)
            .map(|line| (line.unix_ns.to_string(), &*line.text))
            .collect();
        if !values.is_empty() {
            streams.push(Stream {
                stream: Labels {
                    application,
                    level: name,
                },
                values,
            });
        }
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    serde_json::to_writer(&mut gzip, &Push { streams })?;
    gzip.finish()
}
