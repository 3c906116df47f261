//! The settings as one line of the log tells them.

use clap::ValueEnum;
use secrecy::{ExposeSecret, SecretString};

use super::{Settings, SpansTarget};
use crate::telemetry::logging::filter::{LogFilter, LogLevel};

impl Settings {
    /// The effective settings for the line at start-up; secrets only as set or unset. To be asked
    /// of settings without [faults](Self::validate).
    pub fn summary(&self) -> Vec<(&'static str, String)> {
        let log_filter = self.rust_log.as_ref().map(LogFilter::as_str);
        let log_level = self.log_level.get("LOG_LEVEL").map(LogLevel::as_str);
        let prefix = self.metrics_prefix().map(|prefix| prefix.to_string());
        let mut lines = vec![
            ("APP_NAME", self.app_name.clone()),
            (
                "LOG_LEVEL",
                log_filter.or(log_level.ok()).unwrap_or_default().to_owned(),
            ),
            (
                "ENABLE_INTERCEPTOR_LOGGING",
                self.log_requests().to_string(),
            ),
            (
                "ENABLE_INTERCEPTOR_METRICS",
                self.measure_requests().to_string(),
            ),
            ("ENABLE_LOKI", self.enable_loki.to_string()),
            ("ENABLE_PROMETHEUS", self.enable_prometheus.to_string()),
            ("OTEL_TRACES_EXPORTER", value_name(&self.traces_exporter())),
            ("OTEL_TRACES_SAMPLER", value_name(&self.otel_traces_sampler)),
        ];
        if let Ok(Some(loki)) = self.loki() {
            lines.push(("LOKI_URL", loki.address.to_string()));
            lines.push(("LOKI_PASSWORD", set_or_unset(self.loki_password.as_ref())));
        }
        if self.enable_prometheus {
            let address = format!("{}:{}", self.prometheus_addr, self.prometheus_port);
            lines.push(("PROMETHEUS_ADDR", address));
            lines.push(("PROMETHEUS_ENDPOINT", self.prometheus_endpoint.to_string()));
            lines.push(("PROMETHEUS_PREFIX", prefix.unwrap_or_default()));
        }
        match self.spans() {
            Ok(Some(SpansTarget::Zipkin(address, _))) => {
                lines.push(("OTEL_EXPORTER_ZIPKIN_ENDPOINT", address.to_string()));
            }
            Ok(Some(SpansTarget::Otlp(address, _))) => {
                lines.push(("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", address.to_string()));
            }
            Ok(None) | Err(_) => {}
        }
        lines
    }
}

fn set_or_unset(secret: Option<&SecretString>) -> String {
    let is_set = secret.is_some_and(|secret| !secret.expose_secret().is_empty());
    if is_set { "set" } else { "unset" }.to_owned()
}

fn value_name(value: &impl ValueEnum) -> String {
    let value = value.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}
