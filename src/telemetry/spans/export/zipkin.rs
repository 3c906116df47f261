//! Zipkin v2 JSON (<https://zipkin.io/zipkin-api/>), written straight from the SDK's spans.
//!
//! opentelemetry-zipkin was used and is not: it is deprecated upstream, cannot name the service, and its
//! model of a span in between was half of what an export cost.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::KeyValue;
use opentelemetry::trace::{Event, SpanId, SpanKind, Status};
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use reqwest::blocking::Client;
use reqwest::header::CONTENT_TYPE;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::error;
use crate::telemetry::collector::Address;
use crate::telemetry::text::Hex;

/// Posts batches of spans to a Zipkin collector.
pub(super) struct Zipkin {
    client: Client,
    address: Address,
    service_name: String,
}

impl fmt::Debug for Zipkin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Zipkin").field(&self.address).finish()
    }
}

impl Zipkin {
    /// An exporter to this address; `service_name` is what Zipkin finds a service's traces by.
    pub(super) fn new(client: Client, address: Address, service_name: String) -> Self {
        Self {
            client,
            address,
            service_name,
        }
    }

    fn body(&self, batch: &[SpanData]) -> serde_json::Result<Vec<u8>> {
        let endpoint = Endpoint {
            service_name: &self.service_name,
        };
        let mut body = Vec::with_capacity(512 * batch.len());
        let mut json = serde_json::Serializer::new(&mut body);
        json.collect_seq(batch.iter().map(|span| Span(span, &endpoint)))?;
        Ok(body)
    }
}

impl SpanExporter for Zipkin {
    /// Blocks: the batch processor has a thread of its own for it.
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let failed = OTelSdkError::InternalFailure;
        let body = self.body(&batch);
        let body = body.map_err(|error| failed(error.to_string()))?;
        let sent = self
            .client
            .post(self.address.as_str())
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .send();
        let taken = sent.and_then(reqwest::blocking::Response::error_for_status);
        // Without its address, which may hold a password.
        let told = |error: reqwest::Error| failed(error::chain(error.without_url()));
        taken.map(drop).map_err(told)
    }
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint<'a> {
    service_name: &'a str,
}

/// A span of this service.
struct Span<'a>(&'a SpanData, &'a Endpoint<'a>);

impl Serialize for Span<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(span, endpoint) = self;
        let mut map = serializer.serialize_map(None)?;
        let context = &span.span_context;
        map.serialize_entry("traceId", Hex::of(context.trace_id().to_bytes()).as_str())?;
        map.serialize_entry("id", Hex::of(context.span_id().to_bytes()).as_str())?;
        if span.parent_span_id != SpanId::INVALID {
            let parent = Hex::of(span.parent_span_id.to_bytes());
            map.serialize_entry("parentId", parent.as_str())?;
        }
        let kind = match span.span_kind {
            SpanKind::Client => Some("CLIENT"),
            SpanKind::Server => Some("SERVER"),
            SpanKind::Producer => Some("PRODUCER"),
            SpanKind::Consumer => Some("CONSUMER"),
            SpanKind::Internal => None,
        };
        if let Some(kind) = kind {
            map.serialize_entry("kind", kind)?;
        }
        map.serialize_entry("name", &*span.name)?;
        map.serialize_entry("timestamp", &micros(span.start_time, UNIX_EPOCH))?;
        // 0 stands for an unknown duration.
        let duration = micros(span.end_time, span.start_time).max(1);
        map.serialize_entry("duration", &duration)?;
        map.serialize_entry("localEndpoint", endpoint)?;
        if !span.events.is_empty() {
            let events: Vec<_> = span.events.iter().map(annotation).collect();
            map.serialize_entry("annotations", &events)?;
        }
        map.serialize_entry("tags", &Tags(span))?;
        map.end()
    }
}

fn micros(time: SystemTime, since: SystemTime) -> u64 {
    let passed = time.duration_since(since).unwrap_or(Duration::ZERO);
    u64::try_from(passed.as_micros()).unwrap_or(u64::MAX)
}

#[derive(serde::Serialize)]
struct Annotation<'a> {
    timestamp: u64,
    value: &'a str,
}

fn annotation(event: &Event) -> Annotation<'_> {
    Annotation {
        timestamp: micros(event.timestamp, UNIX_EPOCH),
        value: &event.name,
    }
}

/// Attributes and status, as OpenTelemetry's specification maps them to Zipkin.
struct Tags<'a>(&'a SpanData);

impl Serialize for Tags<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let span = self.0;
        let mut map = serializer.serialize_map(None)?;
        for (at, KeyValue { key, value, .. }) in span.attributes.iter().enumerate() {
            // The last value of a key counts; `error` is the status's own.
            let mut later = span.attributes[at + 1..].iter();
            if key.as_str() == "error" || later.any(|other| other.key == *key) {
                continue;
            }
            map.serialize_entry(key.as_str(), &value.as_str())?;
        }
        map.serialize_entry("otel.scope.name", span.instrumentation_scope.name())?;
        match &span.status {
            Status::Unset => {}
            Status::Ok => map.serialize_entry("otel.status_code", "OK")?,
            Status::Error { description } => {
                map.serialize_entry("otel.status_code", "ERROR")?;
                map.serialize_entry("error", &**description)?;
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanContext, TraceFlags, TraceId, TraceState};
    use opentelemetry::{Array, InstrumentationScope, Value};
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
    use serde_json::json;

    use super::*;

    fn span() -> SpanData {
        let trace = TraceId::from(0x4e44);
        let sampled = TraceFlags::SAMPLED;
        let start_time = UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_001);
        SpanData {
            span_context: SpanContext::new(
                trace,
                SpanId::from(7),
                sampled,
                false,
                TraceState::NONE,
            ),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: SpanKind::Server,
            name: "a.B/C".into(),
            start_time,
            end_time: start_time + Duration::from_micros(1500),
            attributes: vec![
                KeyValue::new("pool", "first"),
                KeyValue::new("pool", "a \"quoted\" pool"),
                KeyValue::new("count", 3),
                KeyValue::new("share", 0.5),
                KeyValue::new("on", true),
                KeyValue::new("list", Value::Array(Array::I64(vec![1, 2]))),
                KeyValue::new("error", "not the status"),
            ],
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::builder("scope").build(),
        }
    }

    fn written(span: SpanData) -> serde_json::Value {
        let client = std::thread::spawn(Client::new);
        let client = client.join().expect("a client outside any runtime");
        let address = "http://zipkin/api/v2/spans".parse().expect("an address");
        let zipkin = Zipkin::new(client, address, "my \"app\"".to_owned());
        let body = zipkin.body(&[span]).expect("JSON");
        serde_json::from_slice::<serde_json::Value>(&body).expect("JSON")[0].take()
    }

    #[test]
    fn a_span_is_written_as_zipkin_reads_it() {
        let expected = json!({
            "traceId": "00000000000000000000000000004e44", "id": "0000000000000007",
            "kind": "SERVER", "name": "a.B/C", "timestamp": 1_700_000_000_000_001_u64, "duration": 1500,
            "localEndpoint": {"serviceName": "my \"app\""},
            "tags": {"pool": "a \"quoted\" pool", "count": "3", "share": "0.5", "on": "true",
                "list": "[1,2]", "otel.scope.name": "scope"},
        });
        assert_eq!(written(span()), expected);
    }

    #[test]
    fn a_child_that_failed_tells_its_parent_events_and_status() {
        let mut child = span();
        child.parent_span_id = SpanId::from(0x1f);
        child.span_kind = SpanKind::Internal;
        child.end_time = child.start_time;
        child.status = Status::error("refused");
        let event = Event::new("asked", child.start_time, Vec::new(), 0);
        child.events.events.push(event);
        let seen = written(child);
        assert_eq!(seen["parentId"], "000000000000001f");
        assert_eq!(seen.get("kind"), None);
        assert_eq!(seen["duration"], 1);
        assert_eq!(
            seen["annotations"],
            json!([{"timestamp": 1_700_000_000_000_001_u64, "value": "asked"}])
        );
        assert_eq!(seen["tags"]["otel.status_code"], "ERROR");
        assert_eq!(seen["tags"]["error"], "refused");
    }
}
