//! What operators set: flags, environment variables, defaults and help in one place.

mod if_used;
mod summary;

use std::net::IpAddr;
use std::time::Duration;

use clap::{ArgAction, ValueEnum};
use secrecy::SecretString;

use super::admin::MetricsPath;
use super::collector::Address;
use super::logging::filter::{LogFilter, LogLevel};
use super::metrics::MetricPrefix;
use super::spans::sampling::{SampleRatio, SamplerName};
use crate::config::parse::boolean;

pub use if_used::IfUsed;

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

/// Where log lines are pushed.
#[derive(Clone, Debug)]
pub struct LokiTarget {
    /// Push address of Loki.
    pub address: Address,
    /// User and password for HTTP Basic.
    pub user: Option<(String, SecretString)>,
}

/// Where spans are sent, and how long a batch may take.
#[derive(Clone, Debug)]
pub enum SpansTarget {
    /// A collector that takes Zipkin's JSON.
    Zipkin(Address, Duration),
    /// A collector that takes OTLP over HTTP.
    Otlp(Address, Duration),
}

/// Logs, metrics and traces. [`Settings::validate`] reports what the types alone cannot.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Telemetry")]
pub struct Settings {
    /// Service name on spans, logs and metrics; User-Agent of every call to AGS.
    #[arg(long, env = "APP_NAME", default_value = "app-server", value_parser = not_blank)]
    pub app_name: String,

    /// Least severe level that is logged: trace, debug, info, warning, error, critical or off.
    #[arg(long, env = "LOG_LEVEL", default_value = "info")]
    pub log_level: IfUsed<LogLevel>,

    /// Filter directives such as `info,match_function=debug`; wins over LOG_LEVEL.
    #[arg(long, env = "RUST_LOG")]
    pub rust_log: Option<LogFilter>,

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

    /// Push address of Loki.
    #[arg(
        long,
        env = "LOKI_URL",
        default_value = "http://localhost:3100/loki/api/v1/push"
    )]
    pub loki_url: IfUsed<Address>,

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

    /// Port of the metrics server; 0: any free one.
    #[arg(long, env = "PROMETHEUS_PORT", default_value_t = 8080)]
    pub prometheus_port: u16,

    /// Path of the metrics.
    #[arg(long, env = "PROMETHEUS_ENDPOINT", default_value = "/metrics")]
    pub prometheus_endpoint: MetricsPath,

    /// Prefix of the application's own metrics [default: APP_NAME with space, `-` and `.` replaced
    /// by `_`].
    #[arg(long, env = "PROMETHEUS_PREFIX")]
    pub prometheus_prefix: Option<MetricPrefix>,

    /// Export spans to Zipkin unless OTEL_TRACES_EXPORTER says otherwise.
    #[arg(long, env = "ENABLE_ZIPKIN", value_parser = boolean, action = ArgAction::Set, default_value = "true")]
    pub enable_zipkin: bool,

    /// Exporter of spans [default: zipkin if ENABLE_ZIPKIN, else none].
    #[arg(long, env = "OTEL_TRACES_EXPORTER", value_enum, ignore_case = true)]
    pub otel_traces_exporter: Option<TracesExporter>,

    /// Address of Zipkin for spans.
    #[arg(
        long,
        env = "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
        default_value = "http://localhost:9411/api/v2/spans"
    )]
    pub otel_exporter_zipkin_endpoint: IfUsed<Address>,

    /// Maximum time for one batch of spans to Zipkin, in milliseconds (1 to 600000).
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
    pub otel_exporter_otlp_endpoint: IfUsed<Address>,

    /// Address of an OTLP receiver of spans, used as it is; wins over the base address.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")]
    pub otel_exporter_otlp_traces_endpoint: Option<IfUsed<Address>>,

    /// Maximum time for one batch of spans over OTLP, in milliseconds (1 to 600000).
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
    pub otel_traces_sampler_arg: Option<SampleRatio>,

    /// Service name on spans [default: APP_NAME].
    #[arg(long, env = "OTEL_SERVICE_NAME")]
    pub otel_service_name: Option<String>,
}

impl Settings {
    /// What is wrong although every value by itself can be read: all faults, each with the
    /// variable's name; empty if the settings can be used.
    pub fn validate(&self) -> Vec<String> {
        let password_alone = (self.loki_password.is_some() && self.loki_username.is_none())
            .then(|| "LOKI_PASSWORD is set but LOKI_USERNAME is not; set both or none".to_owned());
        let faults = [
            self.log_filter().err(),
            disagreement(
                "ENABLE_INTERCEPTOR_LOGGING",
                self.enable_interceptor_logging,
                "PLUGIN_GRPC_SERVER_LOGGING_ENABLED",
                self.plugin_grpc_server_logging_enabled,
            ),
            disagreement(
                "ENABLE_INTERCEPTOR_METRICS",
                self.enable_interceptor_metrics,
                "PLUGIN_GRPC_SERVER_METRICS_ENABLED",
                self.plugin_grpc_server_metrics_enabled,
            ),
            self.loki().err(),
            password_alone,
            self.spans().err(),
            self.metrics_prefix().err(),
        ];
        faults.into_iter().flatten().collect()
    }

    /// Which lines are logged: as RUST_LOG says, or else as LOG_LEVEL.
    ///
    /// # Errors
    ///
    /// If LOG_LEVEL decides and is not a level.
    pub fn log_filter(&self) -> Result<LogFilter, String> {
        match &self.rust_log {
            Some(filter) if !filter.is_blank() => Ok(filter.clone()),
            _ => Ok(self.log_level.get("LOG_LEVEL")?.filter()),
        }
    }

    /// Where log lines are pushed; `None` if they are not.
    ///
    /// # Errors
    ///
    /// If they are pushed and LOKI_URL is not an address.
    pub fn loki(&self) -> Result<Option<LokiTarget>, String> {
        if !self.enable_loki {
            return Ok(None);
        }
        let password = self.loki_password.clone().unwrap_or_default();
        Ok(Some(LokiTarget {
            address: self.loki_url.get("LOKI_URL")?.clone(),
            user: self.loki_username.clone().map(|user| (user, password)),
        }))
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
    ///
    /// If PROMETHEUS_PREFIX is not set and APP_NAME cannot be made one.
    pub fn metrics_prefix(&self) -> Result<MetricPrefix, String> {
        match &self.prometheus_prefix {
            Some(prefix) => Ok(prefix.clone()),
            None => MetricPrefix::of_application(&self.app_name).map_err(|why| {
                format!(
                    "APP_NAME is `{}`, which cannot be made a prefix for metrics: {why}; set PROMETHEUS_PREFIX",
                    self.app_name
                )
            }),
        }
    }

    /// Service name on spans.
    pub fn service_name(&self) -> &str {
        self.otel_service_name.as_deref().unwrap_or(&self.app_name)
    }

    /// Where spans are sent; `None` if they are not.
    ///
    /// # Errors
    ///
    /// If they are sent and the address of the exporter in use is not an address.
    pub fn spans(&self) -> Result<Option<SpansTarget>, String> {
        Ok(match self.traces_exporter() {
            TracesExporter::None => None,
            TracesExporter::Zipkin => {
                let address = &self.otel_exporter_zipkin_endpoint;
                let timeout = Duration::from_millis(self.otel_exporter_zipkin_timeout);
                let address = address.get("OTEL_EXPORTER_ZIPKIN_ENDPOINT")?;
                Some(SpansTarget::Zipkin(address.clone(), timeout))
            }
            TracesExporter::Otlp => {
                let address = match &self.otel_exporter_otlp_traces_endpoint {
                    Some(address) => address.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")?.clone(),
                    None => {
                        let base = &self.otel_exporter_otlp_endpoint;
                        base.get("OTEL_EXPORTER_OTLP_ENDPOINT")?
                            .below("v1/traces")?
                    }
                };
                let timeout = Duration::from_millis(self.otel_exporter_otlp_timeout);
                Some(SpansTarget::Otlp(address, timeout))
            }
        })
    }

    /// Share of the calls that a ratio sampler keeps.
    pub fn sample_ratio(&self) -> SampleRatio {
        self.otel_traces_sampler_arg.unwrap_or_default()
    }
}

/// A fault if two names of one switch are set and differ.
fn disagreement(
    old: &str,
    old_value: Option<bool>,
    new: &str,
    new_value: Option<bool>,
) -> Option<String> {
    let (old_value, new_value) = old_value.zip(new_value)?;
    (old_value != new_value).then(|| {
        format!(
            "{old} is {old_value} and {new} is {new_value}; they are two names of one switch: set \
             one, or both alike"
        )
    })
}

fn not_blank(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("it is blank; give the service a name".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests;
