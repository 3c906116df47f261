//! Answers of then beside those of now.

use bytes::Bytes;
use serde_json::Value;

use crate::capture::{Capture, Kind};
use crate::matching::MatchLogic;
use crate::matching::rules::excerpt;
use crate::messages::Messages;
use crate::proto::Opaque;
use crate::service::replay;

/// What a comparison found.
#[derive(Debug)]
pub(in crate::workbench) struct Comparison {
    /// Whether the tick did not come to its end then: answers may be missing.
    pub(in crate::workbench) is_cut: bool,
    /// The first difference; `None` if there is none.
    pub(in crate::workbench) difference: Option<String>,
}

/// Plays a capture again and compares the answers, byte for byte.
///
/// # Errors
///
/// If an answer cannot be shown.
pub(in crate::workbench) fn compare(
    logic: &impl MatchLogic,
    capture: &Capture,
) -> anyhow::Result<Comparison> {
    let now = replay(logic, capture);
    let header = &capture.header;
    // The client left, the stream was refused, or the time was up: what was answered until then counts.
    let is_cut = !header.finished || header.out_of_budget;
    let (then, now_count) = (capture.answers.len(), now.answers.len());
    let both = capture.answers.iter().zip(&now.answers);
    let first = both.clone().position(|(a, b)| a != b);
    let difference = match first {
        Some(at) => {
            let (a, b) = (&capture.answers[at], &now.answers[at]);
            Some(format!(
                "answer {}: {}",
                at + 1,
                differs(capture.kind, a, b)?
            ))
        }
        None if then > now_count || (then < now_count && !is_cut) => {
            let refused = now
                .refused
                .map(|why| format!("; now the stream is refused: {why}"));
            let refused = refused.unwrap_or_default();
            Some(format!(
                "there were {then} answers, and now there are {now_count}{refused}"
            ))
        }
        None => None,
    };
    Ok(Comparison { is_cut, difference })
}

/// Where two answers differ.
pub(super) fn differs(kind: Kind, a: &Bytes, b: &Bytes) -> anyhow::Result<String> {
    let messages = Messages::new()?;
    let name = match kind {
        Kind::Match => "MatchResponse",
        Kind::Backfill => "BackfillResponse",
    };
    let json = |bytes: &Bytes| messages.to_json(name, &Opaque::from(bytes.clone()));
    let (a, b) = (json(a)?, json(b)?);
    let mut path = String::new();
    Ok(match first_difference(&a, &b, &mut path) {
        Some((a, b)) => {
            let (a, b) = (a.to_string(), b.to_string());
            format!(
                "{} was {}, and now is {}",
                &path[1..],
                excerpt(&a),
                excerpt(&b)
            )
        }
        None => "the same values in other bytes".to_owned(),
    })
}

/// The first two values that differ; `path` becomes where they are.
fn first_difference(a: &Value, b: &Value, path: &mut String) -> Option<(Value, Value)> {
    if a == b {
        return None;
    }
    let length = path.len();
    match (a, b) {
        (Value::Object(of_a), Value::Object(of_b)) => {
            for name in of_a.keys().chain(of_b.keys()) {
                let (a, b) = (&a[name], &b[name]);
                path.push('.');
                path.push_str(name);
                if let Some(found) = first_difference(a, b, path) {
                    return Some(found);
                }
                path.truncate(length);
            }
            None
        }
        (Value::Array(of_a), Value::Array(of_b)) => {
            for at in 0..of_a.len().max(of_b.len()) {
                let null = Value::Null;
                let (a, b) = (of_a.get(at).unwrap_or(&null), of_b.get(at).unwrap_or(&null));
                path.push_str(&format!("[{at}]"));
                if let Some(found) = first_difference(a, b, path) {
                    return Some(found);
                }
                path.truncate(length);
            }
            None
        }
        _ => Some((a.clone(), b.clone())),
    }
}
