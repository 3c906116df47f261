//! The tree of commands: what help shows, what a mistyped word gets, what describes the program.

use super::{program, run};

fn called(arguments: &[&str]) -> (i32, String, String) {
    run(program().args(arguments))
}

/// Lines of a small terminal.
const SCREEN: usize = 24;

#[test]
fn the_help_fits_a_screen_and_lists_the_commands_first() {
    let (code, help, _) = called(&["--help"]);
    assert_eq!(code, 0);
    assert!(help.lines().count() <= SCREEN, "{help}");
    let (commands, _) = help.split_once("Options:").expect("options");
    for command in [
        "serve",
        "client",
        "health",
        "lint",
        "explain",
        "simulate",
        "tune",
        "replay",
        "completions",
        "man",
    ] {
        assert!(commands.contains(&format!("\n  {command} ")), "{help}");
        let (code, of_command, _) = called(&[command, "--help"]);
        assert_eq!(
            (code, of_command.contains("Usage: match-function")),
            (0, true),
            "{of_command}"
        );
        assert_eq!(called(&["help", command]).0, 0, "{command}");
    }
    assert!(
        !help.contains("--grpc-addr"),
        "settings are in `serve --help`"
    );
    let (_, serve, _) = called(&["serve", "--help"]);
    assert!(serve.contains("--port <PORT>"), "{serve}");
}

#[test]
fn the_help_of_a_tool_fits_a_screen_and_has_an_example() {
    for command in ["lint", "explain", "simulate", "tune", "replay"] {
        let (code, help, _) = called(&[command, "--help"]);
        assert_eq!(code, 0, "{help}");
        assert!(help.lines().count() <= SCREEN, "{help}");
        assert!(
            help.contains(&format!("\nExample: match-function {command} ")),
            "{help}"
        );
        assert_eq!(called(&[command, "-h"]).1, help);
        assert_eq!(called(&["help", command]).0, 0);
        let (code, page, _) = called(&["man", command]);
        assert!(code == 0 && page.len() > help.len(), "{page}");
    }
}

#[test]
fn a_mistyped_word_gets_what_was_probably_meant() {
    let (code, _, err) = called(&["clinet"]);
    assert_eq!((code, err.contains("'client'")), (64, true), "{err}");
    let (code, _, err) = called(&["serve", "--prot", "1"]);
    assert_eq!((code, err.contains("'--port'")), (64, true), "{err}");
    let (code, _, err) = called(&["--prot=1"]);
    assert_eq!((code, err.contains("'--port'")), (64, true), "{err}");
    let (code, _, err) = called(&["lint", "{}", "--formt", "json"]);
    assert_eq!((code, err.contains("'--format'")), (64, true), "{err}");
}

#[test]
fn the_version_is_that_of_the_program() {
    let expected = format!("match-function {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(called(&["--version"]), (0, expected, String::new()));
}

#[test]
fn shells_and_manuals_learn_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, script, err) = called(&["completions", shell]);
        assert_eq!(
            (code, script.contains("expires-s")),
            (0, true),
            "{shell}: {err}"
        );
    }
    let (code, page, _) = called(&["man"]);
    assert_eq!(
        (code, page.contains("match\\-function\\-lint")),
        (0, true),
        "{page}"
    );
    let (code, page, _) = called(&["man", "serve"]);
    assert_eq!((code, page.contains("grpc\\-addr")), (0, true), "{page}");
    assert_eq!(called(&["man", "nothing"]).0, 64);
}
