//! One JSON object per log line: `timestamp`, `level`, `target`, `message`, the event's fields, and
//! inside a call `trace_id`, `span_id` and `ab_trace_id`.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use serde::ser::{SerializeMap, Serializer as _};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::registry::LookupSpan;

use super::facts::{RpcFacts, bounded};
use super::propagation::trace_id_text;
use super::text::{Hex, digits};
use crate::clock::since_1970;

/// Maximum length of the text of one field, in bytes; the rest is cut off.
pub(super) const MAX_FIELD: usize = 4096;

/// Names that an event's field may not take; such a field gets the prefix `field.`.
const RESERVED: [&str; 6] = [
    "timestamp",
    "level",
    "target",
    "trace_id",
    "span_id",
    "ab_trace_id",
];

/// The formatter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let line = line(event).map_err(|_| fmt::Error)?;
        writer.write_str(&line)?;
        writer.write_char('\n')
    }
}

fn line(event: &Event<'_>) -> Result<String, Box<dyn std::error::Error>> {
    let mut line = Vec::with_capacity(640);
    let mut json = serde_json::Serializer::new(&mut line);
    let mut map = json.serialize_map(None)?;
    let metadata = event.metadata();
    with_now(|now| map.serialize_entry("timestamp", now))??;
    map.serialize_entry("level", metadata.level().as_str())?;
    map.serialize_entry("target", metadata.target())?;
    let mut fields = Fields { map, error: None };
    event.record(&mut fields);
    if let Some(error) = fields.error {
        return Err(error.into());
    }
    let mut map = fields.map;
    Context::map_current(|cx| -> serde_json::Result<()> {
        let span = cx.span();
        let span = span.span_context();
        if span.is_valid() {
            map.serialize_entry("trace_id", trace_id_text(span.trace_id()).as_str())?;
            map.serialize_entry("span_id", Hex::of(span.span_id().to_bytes()).as_str())?;
        }
        match cx
            .get::<Arc<RpcFacts>>()
            .and_then(|facts| facts.ab_trace_id())
        {
            Some(id) => map.serialize_entry("ab_trace_id", id),
            None => Ok(()),
        }
    })?;
    map.end()?;
    Ok(String::from_utf8(line)?)
}

/// Hands out the time, as `2026-01-31T23:59:59.000001Z`. A date costs as much as all other fields of a
/// line, so each thread remembers the last second.
fn with_now<T>(write: impl FnOnce(&str) -> T) -> Result<T, fmt::Error> {
    thread_local! {
        static LAST: RefCell<(Option<u64>, String)> = const { RefCell::new((None, String::new())) };
    }
    LAST.with_borrow_mut(|(last, text)| {
        let mut now = since_1970();
        while *last != Some(now.as_secs()) {
            text.clear();
            SystemTime.format_time(&mut Writer::new(text))?;
            text.truncate(text.find('.').unwrap_or(text.len()));
            // It asked the clock itself: the text is of this second only if the second is not over.
            let before = now.as_secs();
            now = since_1970();
            *last = (now.as_secs() == before).then_some(before);
        }
        let second = text.len();
        text.push('.');
        text.extend(digits::<6>(now.subsec_micros()).map(char::from));
        text.push('Z');
        let written = write(text);
        text.truncate(second);
        Ok(written)
    })
}

struct Fields<M: SerializeMap> {
    map: M,
    error: Option<M::Error>,
}

impl<M: SerializeMap> Fields<M> {
    fn entry(&mut self, field: &Field, value: &(impl serde::Serialize + ?Sized)) {
        if self.error.is_some() {
            return;
        }
        let name = field.name();
        let result = if RESERVED.contains(&name) {
            self.map.serialize_entry(&format!("field.{name}"), value)
        } else {
            self.map.serialize_entry(name, value)
        };
        self.error = result.err();
    }
}

impl<M: SerializeMap> Visit for Fields<M> {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.entry(field, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.entry(field, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.entry(field, &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.entry(field, &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.entry(field, bounded(value, MAX_FIELD));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = BoundedText(String::new());
        // An error means that the text is full: the rest is not wanted.
        let _ = fmt::Write::write_fmt(&mut text, format_args!("{value:?}"));
        self.entry(field, &text.0);
    }
}

/// Takes the first [`MAX_FIELD`] bytes, so that a huge value is not even formatted.
struct BoundedText(String);

impl fmt::Write for BoundedText {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let taken = bounded(more, MAX_FIELD - self.0.len());
        self.0.push_str(taken);
        if taken.len() < more.len() {
            Err(fmt::Error)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
