//! Zipkin v2 JSON.

#![expect(
    deprecated,
    reason = "upstream points to OTLP, which OTEL_TRACES_EXPORTER=otlp is; deployed collectors still listen for Zipkin"
)]

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_zipkin::ZipkinExporter;

use reqwest::blocking::Client;

use crate::telemetry::collector::Address;

/// Builds the exporter.
pub(super) fn exporter(
    client: Client,
    address: &Address,
    service_name: &str,
) -> Result<ZipkinExporter, String> {
    ZipkinExporter::builder()
        .with_http_client(ServiceNamed::new(client, service_name))
        .with_collector_endpoint(address.as_str())
        .build()
        .map_err(|error| format!("OTEL_EXPORTER_ZIPKIN_ENDPOINT cannot be used: {error}"))
}

/// Puts the service's name on Zipkin spans: the exporter has had no way to do it since it lost
/// its pipeline builder, and without the name Zipkin cannot find a service's traces.
#[derive(Debug)]
struct ServiceNamed {
    client: Client,
    endpoint: Vec<u8>,
}

impl ServiceNamed {
    /// What the exporter writes for an endpoint without an address. These bytes can be nothing
    /// else: inside a JSON string the quotes would be escaped, and tags have no object values.
    const BARE: &[u8] = br#""localEndpoint":{}"#;

    fn new(client: Client, service_name: &str) -> Self {
        let name = serde_json::Value::from(service_name);
        let endpoint = format!(r#""localEndpoint":{{"serviceName":{name}}}"#).into_bytes();
        Self { client, endpoint }
    }

    fn name(&self, spans: &[u8]) -> Vec<u8> {
        let mut named = Vec::with_capacity(spans.len() * 5 / 4);
        let mut rest = 0;
        for at in memchr::memmem::find_iter(spans, Self::BARE) {
            named.extend_from_slice(&spans[rest..at]);
            named.extend_from_slice(&self.endpoint);
            rest = at + Self::BARE.len();
        }
        named.extend_from_slice(&spans[rest..]);
        named
    }
}

#[tonic::async_trait]
impl HttpClient for ServiceNamed {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = request.map(|spans| self.name(&spans).into());
        self.client.send_bytes(request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_span_gets_the_services_name_and_no_text_is_touched() {
        let client = std::thread::spawn(Client::new);
        let client = client.join().expect("a client outside any runtime");
        let named = ServiceNamed::new(client, "a \"quoted\" name");
        let spans = serde_json::json!([
            {"id": "1", "localEndpoint": {}, "tags": {"text": "\"localEndpoint\":{}"}},
            {"id": "2", "localEndpoint": {}},
        ]);
        let mut expected = spans.clone();
        for span in expected.as_array_mut().expect("a list") {
            span["localEndpoint"]["serviceName"] = "a \"quoted\" name".into();
        }
        let out = named.name(spans.to_string().as_bytes());
        let out: serde_json::Value = serde_json::from_slice(&out).expect("still JSON");
        assert_eq!(out, expected);
        assert_eq!(named.name(b"[]"), b"[]");
    }
}
