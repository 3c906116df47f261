use clap::{Args, FromArgMatches};
use secrecy::ExposeSecret;

use super::*;
use crate::config::Config;

/// What is wrong.
fn faults(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let error = parse_config(arguments, variables).expect_err("a fault");
    error.to_string()
}

fn parse_config(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let command = Config::augment_args(Command::new("test"));
    let arguments = ["test"].iter().chain(arguments).map(OsString::from);
    let variable = |name: &str| {
        variables
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, value)| value.into())
    };
    let matches = parse(command, arguments, variable)?;
    Ok(Config::from_arg_matches(&matches).expect("checked by clap"))
}

#[test]
fn the_flag_wins_over_the_variable_and_that_over_the_default() {
    let port = |arguments: &[&str], variables: &[(&str, &str)]| {
        parse_config(arguments, variables)
            .expect("valid")
            .server
            .port
    };
    assert_eq!(port(&[], &[]), 6565);
    assert_eq!(port(&[], &[("PORT", "7000")]), 7000);
    assert_eq!(port(&["--port", "8000"], &[("PORT", "7000")]), 8000);
    assert_eq!(
        port(&[], &[("PORT", "")]),
        6565,
        "an empty variable is an unset one"
    );
}

#[test]
fn all_faults_are_reported_together() {
    let variables = [
        ("PORT", "70000"),
        ("ENABLE_REFLECTION", "maybe"),
        ("MAX_RULES_BYTES", "1"),
    ];
    let error = parse_config(&["--grpc-addr", "here"], &variables)
        .unwrap_err()
        .to_string();
    for part in [
        "PORT (--port) is \"70000\": 70000 is not in 0..=65535",
        "ENABLE_REFLECTION (--enable-reflection) is \"maybe\": not a switch",
        "MAX_RULES_BYTES (--max-rules-bytes) is \"1\": 1 is not in 2..",
        "GRPC_ADDR (--grpc-addr) is \"here\": invalid IP address syntax",
    ] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
    assert!(!error.contains('\n'));
}

#[test]
fn an_unknown_flag_is_reported_with_them() {
    let error = parse_config(&["--prot", "1"], &[("PORT", "x")])
        .unwrap_err()
        .to_string();
    assert!(error.contains("unexpected argument '--prot'"), "{error}");
}

#[test]
fn a_wrong_variable_is_a_fault_even_where_a_flag_is_given() {
    assert!(parse_config(&["--port", "1"], &[("PORT", "x")]).is_err());
}

#[test]
fn two_names_of_a_setting_are_one() {
    for (name, other, value) in [
        ("PORT", "SERVICE_PORT", "7000"),
        ("ENABLE_HEALTH_CHECK", "ENABLE_HEALTH_CHECKING", "off"),
        (
            "ENABLE_INTERCEPTOR_LOGGING",
            "PLUGIN_GRPC_SERVER_LOGGING_ENABLED",
            "off",
        ),
        (
            "ENABLE_INTERCEPTOR_METRICS",
            "PLUGIN_GRPC_SERVER_METRICS_ENABLED",
            "off",
        ),
        ("TOKEN_VALIDATOR_FETCH_INTERVAL", "REFRESH_INTERVAL", "600"),
        ("OTEL_SERVICE_NAME", "SERVICE_NAME", "match"),
    ] {
        let shown = |variables: &[(&str, &str)]| {
            let config = parse_config(&[], variables).expect("valid");
            format!("{config:?}")
        };
        let by_name = shown(&[(name, value)]);
        assert_ne!(by_name, shown(&[]), "{name} has no effect");
        assert_eq!(by_name, shown(&[(other, value)]), "{other}");
        assert_eq!(by_name, shown(&[(name, value), (other, value)]), "both");
        assert_eq!(
            by_name,
            shown(&[(name, ""), (other, value)]),
            "an empty one is unset"
        );
        let error = faults(&[], &[(name, value), (other, "1")]);
        assert!(
            error.starts_with(&format!("{name} (--"))
                && error.contains(&format!("and {other} (--")),
            "{error}"
        );
        assert!(
            error.ends_with("two names of one setting: set one, or both alike"),
            "{error}"
        );
    }
    let error = faults(&[], &[("PORT", "6565"), ("SERVICE_PORT", "7000")]);
    assert_eq!(
        error,
        "PORT (--port) is \"6565\" and SERVICE_PORT (--service-port) is \"7000\"; they are two \
         names of one setting: set one, or both alike"
    );
    let switches = [
        ("ENABLE_HEALTH_CHECK", "off"),
        ("ENABLE_HEALTH_CHECKING", "No"),
    ];
    assert!(
        parse_config(&[], &switches).is_ok(),
        "two spellings of one value"
    );
    let error = faults(&[], &[("SERVICE_PORT", "x")]);
    assert!(
        error.starts_with("SERVICE_PORT (--service-port) is \"x\": "),
        "{error}"
    );
    let port = parse_config(&["--service-port", "1"], &[("PORT", "2")]).expect("valid");
    assert_eq!(port.server.port, 1, "an alias is a flag, too");
}

#[test]
fn values_are_read_without_what_is_at_their_ends() {
    let variables = [
        ("PORT", "6566\r"),
        ("ENABLE_REFLECTION", "\u{feff}off\r\n"),
        ("AB_CLIENT_ID", "id "),
        ("AB_CLIENT_SECRET", "\"secret\"\n"),
        ("AB_NAMESPACE", "\n"),
        ("LOG_LEVEL", "' warn '"),
    ];
    let flags = ["--prometheus-port", " 9090\n", "--app-name= a \t"];
    let Config {
        server,
        auth,
        telemetry,
        ..
    } = parse_config(&flags, &variables).expect("valid");
    assert_eq!((server.port, server.enable_reflection), (6566, false));
    assert_eq!(auth.login.client_id.as_deref(), Some("id"));
    let secret = auth.login.client_secret.expect("set");
    assert_eq!(secret.expose_secret(), "secret");
    assert_eq!(auth.ab_namespace, None, "blank is unset");
    assert_eq!(
        (telemetry.prometheus_port, &*telemetry.app_name),
        (9090, "a")
    );
    assert_eq!(telemetry.log_filter().expect("a level").as_str(), "warn");
}

#[test]
fn control_characters_are_faults_in_one_line_and_secrets_are_not_repeated() {
    let variables = [
        ("PORT", "65\r65\n"),
        ("AB_RESOURCE_NAME", "a\u{1b}[31mb\u{2028}"),
        ("AB_CLIENT_SECRET", "hunter2\nhunter2"),
        ("LOKI_PASSWORD", "hunter2\u{0}"),
        ("AB_BASE_URL", "https://u:hunter2@\r.example"),
    ];
    let error = faults(&["--app-name", "a\nb", "--x\ry"], &variables);
    for part in [
        r#"PORT (--port) is "65\r65": its character 3 is a control character: remove it"#,
        r#"AB_RESOURCE_NAME (--resource-name) is "a\u{1b}[31mb": its character 2 is a"#,
        "AB_CLIENT_SECRET (--client-secret): its character 8 is a control character",
        "LOKI_PASSWORD (--loki-password): its character 8 is a control character",
        "AB_BASE_URL (--base-url): its character 19 is a control character",
        r#"APP_NAME (--app-name) is "a\nb": its character 2"#,
        r"unexpected argument '--x\ry'",
    ] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
    assert!(
        !error.contains("hunter2") && !error.contains(char::is_control),
        "{error}"
    );
    assert!(
        faults(&[], &[("PORT", "6\u{202e}")]).contains(r#""6\u{202e}""#),
        "escaped"
    );
}

#[cfg(unix)]
#[test]
fn what_is_not_utf8_is_a_fault() {
    use std::os::unix::ffi::OsStringExt;
    let command = Config::augment_args(Command::new("test"));
    let variable = |name: &str| {
        let names = ["APP_NAME", "LOKI_PASSWORD"];
        names
            .contains(&name)
            .then(|| OsString::from_vec(b"caf\xe9".to_vec()))
    };
    let error = parse(command, ["test".into()], variable)
        .expect_err("a fault")
        .to_string();
    assert_eq!(
        error,
        "APP_NAME (--app-name) is \"caf\\xE9\": it is not UTF-8; LOKI_PASSWORD (--loki-password): \
         it is not UTF-8"
    );
}

#[test]
fn a_flag_takes_the_next_word_as_clap_does() {
    let port = |arguments: &[&str]| parse_config(arguments, &[]).map(|config| config.server.port);
    assert_eq!(port(&["--port", "1", "--port=2"]), Ok(2));
    let error = faults(&["--port", "--auth", "off"], &[]);
    assert!(
        error.contains("a value is required for '--port <PORT>'"),
        "{error}"
    );
    let error = faults(&["--port"], &[]);
    assert!(
        error.contains("a value is required for '--port <PORT>'"),
        "{error}"
    );
}
