//! What operators set: flags, environment variables, defaults and help in one place.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use clap::{ArgAction, ValueEnum};
use secrecy::{ExposeSecret, SecretString};

use super::metrics::MetricPrefix;
use crate::config::parse::boolean;

/// The form of a log line on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Human on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// One JSON object per line.
    Json,
    /// Coloured text.
    Human,
}

/// Where spans go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TracesExporter {
    /// Zipkin v2 JSON over HTTP.
    Zipkin,
    /// OpenTelemetry protocol: protobuf over HTTP.
    Otlp,
    /// Nowhere; as long as calls are logged, trace ids are still read, logged and passed on.
    None,
}

/// Which calls are traced; names of the OpenTelemetry specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum SamplerName {
    /// Every call.
    AlwaysOn,
    /// No call.
    AlwaysOff,
    /// A share of the calls, by trace id.
    Traceidratio,
    /// What the caller decided; every call without a caller's decision.
    ParentbasedAlwaysOn,
    /// What the caller decided; no call without a caller's decision.
    ParentbasedAlwaysOff,
    /// What the caller decided; a share of the calls without a caller's decision.
    ParentbasedTraceidratio,
}

/// Logs, metrics and traces. [`Settings::validate`] reports what the types alone cannot.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Telemetry")]
pub struct Settings {
    /// Service name on spans, logs and metrics; User-Agent of every call to AGS.
    #[arg(long, env = "APP_NAME", default_value = "app-server")]
    pub app_name: String,

    /// Least severe level that is logged: trace, debug, info, warning, error, critical or off.
    #[arg(long, env = "LOG_LEVEL", default_value = "info")]
    pub log_level: String,

    /// Filter directives such as `info,match_function=debug`; wins over LOG_LEVEL.
    #[arg(long, env = "RUST_LOG")]
    pub rust_log: Option<String>,

    /// Form of the lines on standard output.
    #[arg(
        long,
        env = "LOG_FORMAT",
        value_enum,
        ignore_case = true,
        default_value = "auto"
    )]
    pub log_format: LogFormat,

    /// Log one line per call at its end [default: true].
    #[arg(long, env = "ENABLE_INTERCEPTOR_LOGGING", value_parser = boolean)]
    pub enable_interceptor_logging: Option<bool>,

    /// Newer name of ENABLE_INTERCEPTOR_LOGGING; where both are set they must agree.
    #[arg(long, env = "PLUGIN_GRPC_SERVER_LOGGING_ENABLED", value_parser = boolean)]
    pub plugin_grpc_server_logging_enabled: Option<bool>,

    /// Count and time every call [default: true].
    #[arg(long, env = "ENABLE_INTERCEPTOR_METRICS", value_parser = boolean)]
    pub enable_interceptor_metrics: Option<bool>,

    /// Newer name of ENABLE_INTERCEPTOR_METRICS; where both are set they must agree.
    #[arg(long, env = "PLUGIN_GRPC_SERVER_METRICS_ENABLED", value_parser = boolean)]
    pub plugin_grpc_server_metrics_enabled: Option<bool>,

    /// Push logs to Loki.
    #[arg(long, env = "ENABLE_LOKI", value_parser = boolean, action = ArgAction::Set, default_value = "true")]
    pub enable_loki: bool,

    /// Loki's push address.
    #[arg(
        long,
        env = "LOKI_URL",
        default_value = "http://localhost:3100/loki/api/v1/push"
    )]
    pub loki_url: Address,

    /// User name for HTTP Basic to Loki.
    #[arg(long, env = "LOKI_USERNAME")]
    pub loki_username: Option<String>,

    /// Password for HTTP Basic to Loki.
    #[arg(long, env = "LOKI_PASSWORD", hide_env_values = true)]
    pub loki_password: Option<SecretString>,

    /// Serve metrics, /healthz and /readyz over HTTP.
    #[arg(long, env = "ENABLE_PROMETHEUS", value_parser = boolean, action = ArgAction::Set, default_value = "true")]
    pub enable_prometheus: bool,

    /// Address of the metrics server.
    #[arg(long, env = "PROMETHEUS_ADDR", default_value = "0.0.0.0")]
    pub prometheus_addr: IpAddr,

    /// Port of the metrics server; 0 picks a free one.
    #[arg(long, env = "PROMETHEUS_PORT", default_value_t = 8080)]
    pub prometheus_port: u16,

    /// Path of the metrics.
    #[arg(long, env = "PROMETHEUS_ENDPOINT", default_value = "/metrics")]
    pub prometheus_endpoint: String,

    /// Prefix of the application's own metrics [default: APP_NAME with space, `-` and `.` turned to `_`].
    #[arg(long, env = "PROMETHEUS_PREFIX")]
    pub prometheus_prefix: Option<MetricPrefix>,

    /// Export spans to Zipkin unless OTEL_TRACES_EXPORTER says otherwise.
    #[arg(long, env = "ENABLE_ZIPKIN", value_parser = boolean, action = ArgAction::Set, default_value = "true")]
    pub enable_zipkin: bool,

    /// Exporter of spans [default: zipkin if ENABLE_ZIPKIN, else none].
    #[arg(long, env = "OTEL_TRACES_EXPORTER", value_enum, ignore_case = true)]
    pub otel_traces_exporter: Option<TracesExporter>,

    /// Zipkin's address for spans.
    #[arg(
        long,
        env = "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
        default_value = "http://localhost:9411/api/v2/spans"
    )]
    pub otel_exporter_zipkin_endpoint: Address,

    /// Longest time for one batch of spans to Zipkin, in milliseconds (1 to 600000).
    #[arg(
        long,
        env = "OTEL_EXPORTER_ZIPKIN_TIMEOUT",
        default_value_t = 10_000,
        value_parser = clap::value_parser!(u64).range(1..=600_000)
    )]
    pub otel_exporter_zipkin_timeout: u64,

    /// Base address of an OTLP receiver; `/v1/traces` is appended.
    #[arg(
        long,
        env = "OTEL_EXPORTER_OTLP_ENDPOINT",
        default_value = "http://localhost:4318"
    )]
    pub otel_exporter_otlp_endpoint: Address,

    /// Address of an OTLP receiver of spans, used as it is; wins over the base address.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")]
    pub otel_exporter_otlp_traces_endpoint: Option<Address>,

    /// Longest time for one batch of spans over OTLP, in milliseconds (1 to 600000).
    #[arg(
        long,
        env = "OTEL_EXPORTER_OTLP_TIMEOUT",
        default_value_t = 10_000,
        value_parser = clap::value_parser!(u64).range(1..=600_000)
    )]
    pub otel_exporter_otlp_timeout: u64,

    /// Which calls are traced.
    #[arg(
        long,
        env = "OTEL_TRACES_SAMPLER",
        value_enum,
        ignore_case = true,
        default_value = "parentbased_always_on"
    )]
    pub otel_traces_sampler: SamplerName,

    /// Share of calls for a ratio sampler, 0.0 to 1.0 [default: 1.0].
    #[arg(long, env = "OTEL_TRACES_SAMPLER_ARG")]
    pub otel_traces_sampler_arg: Option<String>,

    /// Service name on spans [default: APP_NAME].
    #[arg(long, env = "OTEL_SERVICE_NAME")]
    pub otel_service_name: Option<String>,
}

impl Settings {
    /// Everything that is wrong with the settings, each fault with the variable's name; empty if
    /// they can be used.
    pub fn validate(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.app_name.trim().is_empty() {
            faults.push("APP_NAME is blank; give the service a name".to_owned());
        }
        if let Err(fault) = super::logging::filter(self) {
            faults.push(fault);
        }
        for (old, old_value, new, new_value) in [
            (
                "ENABLE_INTERCEPTOR_LOGGING",
                self.enable_interceptor_logging,
                "PLUGIN_GRPC_SERVER_LOGGING_ENABLED",
                self.plugin_grpc_server_logging_enabled,
            ),
            (
                "ENABLE_INTERCEPTOR_METRICS",
                self.enable_interceptor_metrics,
                "PLUGIN_GRPC_SERVER_METRICS_ENABLED",
                self.plugin_grpc_server_metrics_enabled,
            ),
        ] {
            if let (Some(a), Some(b)) = (old_value, new_value)
                && a != b
            {
                faults.push(format!(
                    "{old} is {a} and {new} is {b}; they are two names of one switch: set one, or both alike"
                ));
            }
        }
        let mut urls = vec![];
        if self.enable_loki {
            urls.push(("LOKI_URL", &self.loki_url));
        }
        match self.traces_exporter() {
            TracesExporter::Zipkin => urls.push((
                "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
                &self.otel_exporter_zipkin_endpoint,
            )),
            TracesExporter::Otlp => match &self.otel_exporter_otlp_traces_endpoint {
                Some(url) => urls.push(("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url)),
                None => urls.push((
                    "OTEL_EXPORTER_OTLP_ENDPOINT",
                    &self.otel_exporter_otlp_endpoint,
                )),
            },
            TracesExporter::None => {}
        }
        for (name, url) in urls {
            if !url.is_http() {
                faults.push(format!(
                    "{name} is `{url}`; it must be an absolute http:// or https:// address"
                ));
            }
        }
        if self.loki_password.is_some() && self.loki_username.is_none() {
            faults.push("LOKI_PASSWORD is set but LOKI_USERNAME is not; set both or none".into());
        }
        if !self.prometheus_endpoint.starts_with('/')
            || self.prometheus_endpoint.len() < 2
            || ["/healthz", "/readyz"].contains(&self.prometheus_endpoint.as_str())
        {
            faults.push(format!(
                "PROMETHEUS_ENDPOINT is `{}`; it must be a path such as /metrics, other than /healthz and /readyz",
                self.prometheus_endpoint
            ));
        }
        if let Err(fault) = self.metrics_prefix() {
            faults.push(fault);
        }
        if let Err(fault) = self.sampler_ratio() {
            faults.push(fault);
        }
        faults
    }

    /// Whether the request log layer is on.
    pub fn log_requests(&self) -> bool {
        self.enable_interceptor_logging
            .or(self.plugin_grpc_server_logging_enabled)
            .unwrap_or(true)
    }

    /// Whether calls have ids: for spans that are exported, or for the lines of the log.
    pub fn trace_requests(&self) -> bool {
        self.log_requests() || self.traces_exporter() != TracesExporter::None
    }

    /// Whether the request metrics layer is on.
    pub fn measure_requests(&self) -> bool {
        self.enable_interceptor_metrics
            .or(self.plugin_grpc_server_metrics_enabled)
            .unwrap_or(true)
    }

    /// Where spans go: OTEL_TRACES_EXPORTER, or what ENABLE_ZIPKIN says.
    pub fn traces_exporter(&self) -> TracesExporter {
        self.otel_traces_exporter.unwrap_or(if self.enable_zipkin {
            TracesExporter::Zipkin
        } else {
            TracesExporter::None
        })
    }

    /// Prefix of the application's own metrics.
    ///
    /// # Errors
    /// None is set, and APP_NAME makes none.
    pub fn metrics_prefix(&self) -> Result<MetricPrefix, String> {
        match &self.prometheus_prefix {
            Some(prefix) => Ok(prefix.clone()),
            None => MetricPrefix::of_application(&self.app_name).map_err(|why| {
                format!(
                    "APP_NAME is `{}`, which makes no prefix for metrics: {why}; set PROMETHEUS_PREFIX",
                    self.app_name
                )
            }),
        }
    }

    /// Service name on spans.
    pub fn service_name(&self) -> &str {
        self.otel_service_name.as_deref().unwrap_or(&self.app_name)
    }

    /// Address of an OTLP receiver of spans.
    pub fn otlp_endpoint(&self) -> Address {
        self.otel_exporter_otlp_traces_endpoint
            .clone()
            .unwrap_or_else(|| {
                let base = self.otel_exporter_otlp_endpoint.as_str();
                Address(format!("{}/v1/traces", base.trim_end_matches('/')))
            })
    }

    /// Longest time for one batch to Zipkin.
    pub fn zipkin_timeout(&self) -> Duration {
        Duration::from_millis(self.otel_exporter_zipkin_timeout)
    }

    /// Share of the calls that a ratio sampler keeps.
    ///
    /// # Errors
    /// OTEL_TRACES_SAMPLER_ARG is no number from 0 to 1.
    pub fn sampler_ratio(&self) -> Result<f64, String> {
        let Some(text) = &self.otel_traces_sampler_arg else {
            return Ok(1.0);
        };
        match text.trim().parse::<f64>() {
            Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
            _ => Err(format!(
                "OTEL_TRACES_SAMPLER_ARG is `{text}`; it must be a number from 0.0 to 1.0"
            )),
        }
    }

    /// The effective settings for the line at start-up; secrets only as set or unset.
    pub fn summary(&self) -> Vec<(&'static str, String)> {
        let secret = |value: &Option<SecretString>| match value {
            Some(value) if !value.expose_secret().is_empty() => "set".to_owned(),
            _ => "unset".to_owned(),
        };
        let directive = self.rust_log.clone().unwrap_or(self.log_level.clone());
        let mut lines = vec![
            ("APP_NAME", self.app_name.clone()),
            ("LOG_LEVEL", directive),
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
        if self.enable_loki {
            lines.push(("LOKI_URL", self.loki_url.to_string()));
            lines.push(("LOKI_PASSWORD", secret(&self.loki_password)));
        }
        if self.enable_prometheus {
            lines.push((
                "PROMETHEUS_ADDR",
                format!("{}:{}", self.prometheus_addr, self.prometheus_port),
            ));
            lines.push(("PROMETHEUS_ENDPOINT", self.prometheus_endpoint.clone()));
            let prefix = self
                .metrics_prefix()
                .map_or_else(|fault| fault, |prefix| prefix.to_string());
            lines.push(("PROMETHEUS_PREFIX", prefix));
        }
        match self.traces_exporter() {
            TracesExporter::Zipkin => lines.push((
                "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
                self.otel_exporter_zipkin_endpoint.to_string(),
            )),
            TracesExporter::Otlp => lines.push((
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                self.otlp_endpoint().to_string(),
            )),
            TracesExporter::None => {}
        }
        lines
    }
}

fn value_name(value: &impl ValueEnum) -> String {
    value
        .to_possible_value()
        .map_or_else(String::new, |value| value.get_name().to_owned())
}

/// An address of a collector. What is printed of it has no user and no password.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// The whole address, credentials included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the peer has to show a certificate.
    pub(super) fn uses_tls(&self) -> bool {
        reqwest::Url::parse(&self.0).is_ok_and(|url| url.scheme() == "https")
    }

    fn is_http(&self) -> bool {
        reqwest::Url::parse(&self.0).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
    }
}

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        Self(text.trim().to_owned())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.0;
        let start = text.find("://").map_or(0, |at| at + 3);
        let end = text[start..].find('/').map_or(text.len(), |at| start + at);
        let host = text[start..end]
            .rfind('@')
            .map_or(start, |at| start + at + 1);
        write!(f, "{}{}", &text[..start], &text[host..])
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

#[cfg(test)]
mod tests;
