//! What docs/custom-logic.md says: the example's text, and what the client shows.

#[path = "../../examples/rank_bands.rs"]
#[allow(dead_code, reason = "its `main` starts a server of its own")]
mod rank_bands;

use std::process::Command;

use clap::Parser;
use match_function::client::Client;

use crate::support::start_with;

const PAGE: &str = include_str!("../../docs/custom-logic.md");
const EXAMPLE: &str = include_str!("../../examples/rank_bands.rs");

#[test]
fn the_page_has_the_whole_example() {
    let blocks = PAGE.split("```rust\n").skip(1);
    let mut blocks = blocks.map(|rest| rest.split("```").next().unwrap_or_default());
    assert_eq!(blocks.next(), Some(EXAMPLE));
}

#[test]
fn the_example_is_short() {
    let logic = EXAMPLE.split("struct RankBands;").nth(1).expect("a logic");
    let logic = logic.split("fn main()").next().expect("a logic");
    let lines = logic.lines().filter(|line| !line.trim().is_empty());
    assert!(lines.count() < 50, "the page calls it fifty lines");
}

/// The program of the example as a client.
const CLIENT: &str = "cargo run --example rank_bands client ";

/// What the page shows of a command: its words, and the lines that follow.
fn shown() -> Vec<(Vec<String>, Vec<&'static str>)> {
    let blocks = PAGE
        .split("```\n")
        .filter(|block| block.starts_with(CLIENT));
    let one = |block: &'static str| {
        let mut lines = block.lines();
        let command = lines.next().unwrap_or_default();
        let words = command.trim_start_matches(CLIENT);
        // The only quoted words are rulesets.
        let words = words.replace("'{\"band_width\": 0}'", "{\"band_width\":0}");
        (
            words.split(' ').map(str::to_owned).collect(),
            lines.collect(),
        )
    };
    blocks.map(one).collect()
}

/// The line without the time that it took.
fn timeless(line: &str) -> String {
    let Some((before, after)) = line.split_once(" in ") else {
        return line.replace(": ", ":");
    };
    let rest = after.split_once(',').map_or("", |(_, rest)| rest);
    format!("{before},{rest}")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_makes_the_matches_of_the_page() {
    let server = start_with(&[], rank_bands::RankBands);
    let address = server.address.to_string();
    let shown = shown();
    assert_eq!(shown.len(), 2);
    for (words, lines) in shown {
        let mut arguments = vec!["client", "--addr", &address];
        arguments.splice(1..1, words.iter().map(String::as_str));
        let client = Client::try_parse_from(arguments).expect("valid");
        let mut said = Vec::new();
        let done = client.run(&rank_bands::RankBands, &mut said).await;
        let mut said = String::from_utf8(said).expect("UTF-8");
        if let Err(error) = done {
            said.push_str(&format!("match-function: {error:#}\n"));
        }
        let said: Vec<_> = said.lines().map(timeless).collect();
        let lines: Vec<_> = lines.into_iter().map(timeless).collect();
        assert_eq!(said, lines, "{words:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_calls_of_the_example_are_answered_as_the_page_says() {
    let server = start_with(&[], rank_bands::RankBands);
    let address = server.address.to_string();
    for (words, answer) in [
        ("stat-codes", "the rules need: rank"),
        ("validate-ticket", "the ticket is not valid"),
        ("enrich-ticket", "unchanged"),
        (
            "backfill-matches --sessions 2 --players 3",
            "0 proposals of 0 tickets",
        ),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_match-function"))
            .arg("client")
            .args(words.split(' '))
            .args(["--addr", &address])
            .output()
            .expect("it starts");
        let said = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(said.contains(answer), "{words}: {said}");
    }
}
