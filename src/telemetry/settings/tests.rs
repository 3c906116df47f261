use clap::Args;

use super::*;
use crate::telemetry::testing::parse;

/// The settings that these flags give, with every default as it is.
fn settings(flags: &[&str]) -> Settings {
    parse(flags).expect("these flags parse")
}

#[test]
fn the_contracts_defaults() {
    let settings = settings(&[]);
    assert!(settings.enable_loki && settings.enable_prometheus && settings.enable_zipkin);
    assert_eq!(settings.app_name, "app-server");
    let prefix = settings.metrics_prefix().expect("a prefix");
    assert_eq!(prefix.to_string(), "app_server");
    assert_eq!(settings.service_name(), "app-server");
    let loki = settings.loki().expect("an address").expect("switched on");
    assert_eq!(
        loki.address.as_str(),
        "http://localhost:3100/loki/api/v1/push"
    );
    assert!(loki.user.is_none());
    let Ok(Some(SpansTarget::Zipkin(address, timeout))) = settings.spans() else {
        panic!("spans go to Zipkin: {settings:?}");
    };
    assert_eq!(address.as_str(), "http://localhost:9411/api/v2/spans");
    assert_eq!(timeout, Duration::from_secs(10));
    assert_eq!(settings.prometheus_port, 8080);
    assert_eq!(settings.prometheus_addr.to_string(), "0.0.0.0");
    assert_eq!(settings.prometheus_endpoint.to_string(), "/metrics");
    assert_eq!(settings.traces_exporter(), TracesExporter::Zipkin);
    assert!(settings.log_requests() && settings.measure_requests());
    assert_eq!(settings.validate(), Vec::<String>::new());
}

#[test]
fn the_variables_of_the_contract_are_read() {
    let command = Settings::augment_args(clap::Command::new("test"));
    let known: Vec<_> = command
        .get_arguments()
        .filter_map(|arg| arg.get_env()?.to_str())
        .collect();
    for variable in [
        "APP_NAME",
        "LOG_LEVEL",
        "RUST_LOG",
        "ENABLE_INTERCEPTOR_LOGGING",
        "ENABLE_INTERCEPTOR_METRICS",
        "PLUGIN_GRPC_SERVER_LOGGING_ENABLED",
        "PLUGIN_GRPC_SERVER_METRICS_ENABLED",
        "ENABLE_LOKI",
        "ENABLE_PROMETHEUS",
        "ENABLE_ZIPKIN",
        "LOKI_URL",
        "LOKI_USERNAME",
        "LOKI_PASSWORD",
        "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
        "OTEL_EXPORTER_ZIPKIN_TIMEOUT",
        "OTEL_TRACES_EXPORTER",
        "OTEL_TRACES_SAMPLER",
        "OTEL_TRACES_SAMPLER_ARG",
        "PROMETHEUS_ADDR",
        "PROMETHEUS_PORT",
        "PROMETHEUS_ENDPOINT",
        "PROMETHEUS_PREFIX",
    ] {
        assert!(known.contains(&variable), "{variable} is not read");
    }
}

#[test]
fn zipkin_is_the_exporter_only_while_nothing_else_is_said() {
    assert_eq!(
        settings(&["--enable-zipkin", "no"]).traces_exporter(),
        TracesExporter::None
    );
    assert_eq!(
        settings(&["--enable-zipkin=0", "--otel-traces-exporter=OTLP"]).traces_exporter(),
        TracesExporter::Otlp
    );
    assert_eq!(
        settings(&["--otel-traces-exporter=none"]).traces_exporter(),
        TracesExporter::None
    );
}

#[test]
fn two_names_of_a_switch_must_agree() {
    let both = |old: &str, new: &str| {
        settings(&[
            &format!("--enable-interceptor-logging={old}"),
            &format!("--plugin-grpc-server-logging-enabled={new}"),
        ])
    };
    assert_eq!(both("true", "on").validate(), Vec::<String>::new());
    assert!(!both("no", "0").log_requests());
    let faults = both("true", "false").validate();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("ENABLE_INTERCEPTOR_LOGGING"));
    assert!(faults[0].contains("PLUGIN_GRPC_SERVER_LOGGING_ENABLED"));
    assert!(!settings(&["--plugin-grpc-server-metrics-enabled=f"]).measure_requests());
}

#[test]
fn every_fault_is_reported_with_its_variable() {
    let faults = settings(&[
        "--app-name=1-a",
        "--log-level=loud",
        "--loki-url=localhost:3100",
        "--loki-password=x",
        "--otel-exporter-zipkin-endpoint=",
    ])
    .validate();
    for name in [
        "LOG_LEVEL",
        "LOKI_URL",
        "LOKI_USERNAME",
        "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
        "PROMETHEUS_PREFIX",
    ] {
        assert!(
            faults.iter().any(|f| f.contains(name)),
            "{name}: {faults:?}"
        );
    }
    assert_eq!(faults.len(), 5, "{faults:?}");
}

#[test]
fn what_is_not_used_need_not_be_right() {
    let settings = settings(&[
        "--rust-log=info",
        "--log-level=loud",
        "--enable-loki=no",
        "--loki-url=loki",
        "--otel-exporter-zipkin-endpoint=zipkin",
        "--otel-traces-exporter=otlp",
        "--otel-exporter-otlp-endpoint=collector",
        "--otel-exporter-otlp-traces-endpoint=http://collector:4318/spans",
    ]);
    assert_eq!(settings.validate(), Vec::<String>::new());
    let Ok(Some(SpansTarget::Otlp(address, _))) = settings.spans() else {
        panic!("spans go over OTLP: {settings:?}");
    };
    assert_eq!(address.as_str(), "http://collector:4318/spans");
}

#[test]
fn a_value_that_cannot_be_parsed_names_its_flag() {
    for (flag, value) in [
        ("--app-name", " "),
        ("--rust-log", "a=b=c"),
        ("--prometheus-port", "70000"),
        ("--prometheus-addr", "localhost:80"),
        ("--prometheus-endpoint", "metrics"),
        ("--prometheus-endpoint", "/healthz"),
        ("--prometheus-prefix", "1-a"),
        ("--enable-loki", "maybe"),
        ("--otel-exporter-zipkin-timeout", "0"),
        ("--otel-traces-exporter", "jaeger"),
        ("--otel-traces-sampler", "sometimes"),
        ("--otel-traces-sampler-arg", "1.5"),
    ] {
        let error = parse(&[&format!("{flag}={value}")])
            .expect_err(flag)
            .to_string();
        assert!(error.contains(flag) && error.contains(value), "{error}");
    }
}

#[test]
fn secrets_are_in_neither_debug_nor_summary() {
    let settings = settings(&[
        "--loki-username=ops",
        "--loki-password=hunter2",
        "--loki-url=http://ops:hunter2@loki:3100/loki/api/v1/push",
    ]);
    let summary = format!("{:?}", settings.summary());
    assert!(!summary.contains("hunter2"), "{summary}");
    assert!(summary.contains(r#"("LOKI_PASSWORD", "set")"#), "{summary}");
    let debug = format!("{settings:?}");
    assert!(!debug.contains("hunter2"), "{debug}");
    assert!(
        debug.contains("http://loki:3100/loki/api/v1/push"),
        "{debug}"
    );
}
