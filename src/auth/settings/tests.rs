use clap::Parser;

use super::Settings;

#[derive(Debug, Parser)]
struct Command {
    #[command(flatten)]
    auth: Settings,
}

fn settings(flags: &[&str]) -> Settings {
    let flags = std::iter::once(&"match-function").chain(flags);
    Command::try_parse_from(flags).expect("flags").auth
}

#[test]
fn is_closed_by_default_and_says_what_to_set() {
    let settings = settings(&[]);
    assert!(settings.enabled());
    let faults = settings.validate();
    assert_eq!(faults.len(), 2, "{faults:?}");
    for (fault, variable) in faults.iter().zip(["AB_CLIENT_ID", "AB_CLIENT_SECRET"]) {
        assert!(fault.starts_with(variable), "{fault}");
        assert!(
            fault.contains("PLUGIN_GRPC_SERVER_AUTH_ENABLED=false"),
            "{fault}"
        );
    }
}

#[test]
fn either_switch_turns_it_off() {
    for flags in [["--auth", "no"], ["--auth-layer", "F"]] {
        let settings = settings(&flags);
        assert!(!settings.enabled());
        assert_eq!(settings.validate(), [""; 0]);
    }
    for text in ["maybe", ""] {
        let error =
            Command::try_parse_from(["match-function", "--auth", text]).expect_err("not a switch");
        assert!(error.to_string().contains("--auth"), "{error}");
    }
}

#[test]
fn the_namespace_falls_back_when_blank() {
    let namespace = |flags: &[&str]| settings(flags).namespace().to_owned();
    assert_eq!(namespace(&[]), "accelbyte");
    assert_eq!(
        namespace(&["--namespace", "a", "--fallback-namespace", "b"]),
        "a"
    );
    assert_eq!(
        namespace(&["--namespace", " ", "--fallback-namespace", "b"]),
        "b"
    );
    assert_eq!(
        namespace(&["--namespace", "", "--fallback-namespace", ""]),
        "accelbyte"
    );
}

#[test]
fn reports_every_fault_at_once() {
    let flags = [
        "--base-url",
        "ftp://x",
        "--namespace",
        "a:b",
        "--resource-name",
        "",
        "--client-id",
        " ",
        "--client-secret",
        "",
    ];
    let faults = settings(&flags).validate();
    assert_eq!(faults.len(), 5, "{faults:?}");
}

#[test]
fn checks_the_base_url_without_repeating_it() {
    for url in [
        "",
        "demo.accelbyte.io",
        "https://",
        "file:///x",
        "https://u:hunter2@h",
        "https://h?q",
        "https://h#f",
    ] {
        let settings = settings(&["--auth=off", "--base-url", url]);
        let faults = settings.validate();
        assert_eq!(faults.len(), 1, "{url}: {faults:?}");
        assert!(
            faults[0].contains("AB_BASE_URL") && !faults[0].contains("hunter2"),
            "{faults:?}"
        );
    }
    for url in ["http://127.0.0.1:8080", "https://h/prefix/"] {
        assert_eq!(
            settings(&["--auth=off", "--base-url", url]).validate(),
            [""; 0],
            "{url}"
        );
    }
}

#[test]
fn bounds_the_fetch_interval() {
    for text in ["0", "86401", "-1", "1h", ""] {
        let flags = ["match-function", "--token-validator-fetch-interval", text];
        assert!(Command::try_parse_from(flags).is_err(), "{text}");
    }
}

#[test]
fn debug_and_help_hide_the_secret() {
    let settings = settings(&["--client-id", "id", "--client-secret", "hunter2"]);
    let shown = format!("{settings:?} {:?}", settings.summary());
    assert!(shown.contains("demo.accelbyte.io") && !shown.contains("hunter2"));
    assert_eq!(settings.validate(), [""; 0]);
}
