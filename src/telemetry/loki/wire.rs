//! Lines as Loki takes them: JSON in gzip, one stream for each level.

use std::io::{self, Write};

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
    // Not straight into the compressor: each piece of a few bytes would cost it as much as a line does.
    let mut json = br#"{"streams":["#.to_vec();
    let mut gap = "";
    for (level, name) in LEVELS {
        let mut of_level = lines.iter().filter(|line| line.level == level).peekable();
        if of_level.peek().is_none() {
            continue;
        }
        write!(json, r#"{gap}{{"stream":"#)?;
        let labels = Labels {
            application,
            level: name,
        };
        serde_json::to_writer(&mut json, &labels)?;
        json.extend_from_slice(br#","values":["#);
        let mut gap_of_line = "";
        for line in of_level {
            write!(json, r#"{gap_of_line}["{}","#, line.unix_ns)?;
            push_text(&mut json, &line.text)?;
            json.push(b']');
            gap_of_line = ",";
        }
        json.extend_from_slice(b"]}");
        gap = ",";
    }
    json.extend_from_slice(b"]}");
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&json)?;
    gzip.finish()
}

/// Writes a text as JSON. A line is JSON itself: nothing in it needs to be escaped but quotes and backslashes.
/// serde_json, which asks for each byte, was half of what a push cost.
fn push_text(json: &mut Vec<u8>, text: &str) -> io::Result<()> {
    if text.bytes().any(|byte| byte < b' ') {
        return Ok(serde_json::to_writer(json, text)?);
    }
    let mut rest = text.as_bytes();
    json.push(b'"');
    while let Some(at) = memchr::memchr2(b'"', b'\\', rest) {
        json.extend_from_slice(&rest[..at]);
        json.extend_from_slice(&[b'\\', rest[at]]);
        rest = &rest[at + 1..];
    }
    json.extend_from_slice(rest);
    json.push(b'"');
    Ok(())
}

#[cfg(test)]
mod tests {
    use flate2::read::GzDecoder;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_push_is_a_stream_for_each_level_with_its_lines() {
        let texts = [
            r#"{"message":"a \"quoted\" \\ text"}"#,
            "a bell \u{7} and a\ttab",
            "",
            "ünïcode",
        ];
        let levels = [Level::INFO, Level::ERROR, Level::INFO, Level::INFO];
        let lines = texts.iter().zip(levels).zip(1..);
        let lines: Vec<_> = lines
            .map(|((text, level), unix_ns)| Line {
                level,
                unix_ns,
                text: (*text).into(),
            })
            .collect();
        let pushed = body("my \"app\"", &lines).expect("JSON");
        let pushed: Value = serde_json::from_reader(GzDecoder::new(&*pushed)).expect("JSON");
        let stream = |level| json!({"application": "my \"app\"", "level": level});
        let expected = json!({"streams": [
            {"stream": stream("error"), "values": [["2", texts[1]]]},
            {"stream": stream("info"), "values": [["1", texts[0]], ["3", ""], ["4", texts[3]]]},
        ]});
        assert_eq!(pushed, expected);
        let none = body("app", &[]).expect("JSON");
        let none: Value = serde_json::from_reader(GzDecoder::new(&*none)).expect("JSON");
        assert_eq!(none, json!({"streams": []}));
    }
}
