//! Trace context in headers: B3 multi, B3 single and W3C, read leniently and written as B3 multi
//! plus W3C.
//!
//! A header that cannot be read counts as absent: a faulty caller gets a new trace, never a failed
//! call. Formats: <https://github.com/openzipkin/b3-propagation>,
//! <https://www.w3.org/TR/trace-context/>.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId};
use opentelemetry::{Context, trace::TraceState};

use super::text::Hex;

const B3: HeaderName = HeaderName::from_static("b3");
const B3_TRACE_ID: HeaderName = HeaderName::from_static("x-b3-traceid");
const B3_SPAN_ID: HeaderName = HeaderName::from_static("x-b3-spanid");
const B3_SAMPLED: HeaderName = HeaderName::from_static("x-b3-sampled");
const B3_FLAGS: HeaderName = HeaderName::from_static("x-b3-flags");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Maximum length of a `tracestate` that is passed on; the specification asks for at least 512
/// characters.
const MAX_TRACESTATE: usize = 512;

/// What a caller says about its trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Remote {
    /// The caller's trace and span, if both ids were given.
    pub ids: Option<(TraceId, SpanId)>,
    /// Whether the caller records the trace; `None` leaves the decision to us.
    pub sampled: Option<bool>,
    /// Vendors' list of the W3C format.
    pub state: TraceState,
}

/// Reads the caller's trace: B3 multi, else B3 single, else W3C.
pub fn extract(headers: &HeaderMap) -> Option<Remote> {
    // To look for each of them by name costs more than to see that a call has none of them.
    if !headers.keys().any(is_of_trace) {
        return None;
    }
    b3_multi(headers)
        .or_else(|| b3_single(text(headers, &B3)?))
        .or_else(|| w3c(headers))
}

fn is_of_trace(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.starts_with("x-b3-") || name == B3.as_str() || name == TRACEPARENT.as_str()
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

fn b3_multi(headers: &HeaderMap) -> Option<Remote> {
    let debug = text(headers, &B3_FLAGS) == Some("1");
    let sampled = if debug {
        Some(true)
    } else {
        text(headers, &B3_SAMPLED).and_then(b3_decision)
    };
    let ids = text(headers, &B3_TRACE_ID).and_then(b3_trace_id);
    let ids = ids.zip(text(headers, &B3_SPAN_ID).and_then(span_id));
    remote(ids, sampled)
}

fn b3_single(value: &str) -> Option<Remote> {
    let mut parts = value.split('-');
    let first = parts.next()?;
    let Some(second) = parts.next() else {
        return remote(None, b3_decision(first));
    };
    let ids = b3_trace_id(first).zip(span_id(second))?;
    // A fourth part is the caller's own parent, which says nothing about us.
    remote(Some(ids), parts.next().and_then(b3_decision))
}

fn w3c(headers: &HeaderMap) -> Option<Remote> {
    let value = text(headers, &TRACEPARENT)?;
    let mut parts = value.split('-');
    let version = byte(parts.next()?)?;
    let trace = parts.next().filter(|id| id.len() == 32)?;
    let trace = TraceId::from(hex_128(trace)?);
    let span = span_id(parts.next()?)?;
    let flags = byte(parts.next()?)?;
    let extended = parts.next().is_some();
    if version == 0xff || (version == 0 && extended) || trace == TraceId::INVALID {
        return None;
    }
    let state = text(headers, &TRACESTATE)
        .filter(|state| state.len() <= MAX_TRACESTATE)
        .and_then(|state| state.parse().ok());
    Some(Remote {
        ids: Some((trace, span)),
        sampled: Some(flags & 1 == 1),
        state: state.unwrap_or(TraceState::NONE),
    })
}

fn remote(ids: Option<(TraceId, SpanId)>, sampled: Option<bool>) -> Option<Remote> {
    (ids.is_some() || sampled.is_some()).then_some(Remote {
        ids,
        sampled,
        state: TraceState::NONE,
    })
}

fn b3_decision(text: &str) -> Option<bool> {
    match text {
        // Before the format was settled, these were words; old clients still send them.
        "1" | "d" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}

fn b3_trace_id(text: &str) -> Option<TraceId> {
    let id = match text.len() {
        16 => u128::from(hex(text)?),
        32 => hex_128(text)?,
        _ => return None,
    };
    Some(TraceId::from(id)).filter(|id| *id != TraceId::INVALID)
}

fn span_id(text: &str) -> Option<SpanId> {
    let id = (text.len() == 16).then(|| hex(text)).flatten()?;
    Some(SpanId::from(id)).filter(|id| *id != SpanId::INVALID)
}

fn byte(text: &str) -> Option<u8> {
    let value = (text.len() == 2).then(|| hex(text)).flatten()?;
    u8::try_from(value).ok()
}

/// Hex digits only: `from_str_radix` alone would take a sign.
fn hex(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|b| b.is_ascii_hexdigit());
    digits.then(|| u64::from_str_radix(text, 16).ok()).flatten()
}

fn hex_128(text: &str) -> Option<u128> {
    let (high, low) = (hex(text.get(..16)?)?, hex(text.get(16..)?)?);
    Some(u128::from(high) << 64 | u128::from(low))
}

/// Writes the current trace into the headers of an outgoing call; nothing outside a trace.
pub fn inject_current(headers: &mut HeaderMap) {
    Context::map_current(|cx| inject(cx.span().span_context(), headers));
}

/// Writes a trace into the headers of an outgoing call as B3 multi and W3C.
pub fn inject(span: &SpanContext, headers: &mut HeaderMap) {
    if !span.is_valid() {
        return;
    }
    let sampled = if span.is_sampled() { "1" } else { "0" };
    let flags = if span.is_sampled() { "01" } else { "00" };
    let trace = span.trace_id();
    let mut set = |name, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    };
    set(B3_TRACE_ID, trace_id_text(trace).as_str().to_owned());
    set(B3_SPAN_ID, span.span_id().to_string());
    set(B3_SAMPLED, sampled.to_owned());
    set(
        TRACEPARENT,
        format!("00-{trace}-{}-{flags}", span.span_id()),
    );
    let state = span.trace_state().header();
    if !state.is_empty() {
        set(TRACESTATE, state);
    }
}

/// A trace id as its caller wrote it: 16 hex digits where the upper half is zero (Envoy's default
/// and old B3 clients), else 32. So a search for the caller's id finds our log lines.
pub(super) fn trace_id_text(id: TraceId) -> Hex {
    let id = u128::from_be_bytes(id.to_bytes());
    u64::try_from(id).map_or_else(
        |_| Hex::of(id.to_be_bytes()),
        |low| Hex::of(low.to_be_bytes()),
    )
}

/// The span context of a remote parent.
pub fn remote_parent(ids: (TraceId, SpanId), sampled: bool, state: TraceState) -> SpanContext {
    let flags = TraceFlags::default().with_sampled(sampled);
    SpanContext::new(ids.0, ids.1, flags, true, state)
}

#[cfg(test)]
mod tests;
