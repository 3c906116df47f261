//! `docs/ruleset.md`: every example is run.

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use match_function::matching::{
    AgsLogic, Attributes, Match, MatchLogic, Played, Player, Reason, Text, TickContext, Ticket,
    Value, play,
};
use serde_json::Value as Json;

pub(crate) const NOW_MS: i64 = 1_800_000_000_000;

pub(crate) fn docs() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

/// A fenced block: what it holds, and the line that it begins at.
pub(crate) struct Block {
    pub(crate) kind: String,
    pub(crate) line: usize,
    pub(crate) json: Json,
}

pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut all = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let Some(kind) = line.strip_prefix("```json ") else {
            assert!(!line.starts_with("```"), "line {}: {line}", at + 1);
            continue;
        };
        let inside: Vec<_> = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| *line != "```")
            .collect();
        let json = serde_json::from_str(&inside.join("\n"))
            .unwrap_or_else(|error| panic!("line {}: {error}", at + 1));
        all.push(Block {
            kind: kind.to_owned(),
            line: at + 1,
            json,
        });
    }
    all
}

fn attributes(json: &Json) -> Attributes {
    match Value::from(json) {
        Value::Struct(attributes) => attributes,
        _ => Attributes::new(),
    }
}

/// A ticket from its short form.
pub(crate) fn ticket(arrival: usize, short: &Json) -> Ticket {
    let known = ["id", "age", "players", "latencies", "attributes"];
    let fields = short.as_object().expect("an object");
    assert!(
        fields.keys().all(|key| known.contains(&key.as_str())),
        "{short}"
    );
    let id = short["id"].as_str().expect("an id");
    let player = |(number, json): (usize, &Json)| Player {
        id: format!("{id}{}", number + 1).into(),
        attributes: attributes(json),
    };
    let players = short["players"].as_array().expect("players");
    let latencies = short["latencies"].as_object();
    let latency =
        |(region, ms): (&String, &Json)| (Text::from(region.as_str()), ms.as_i64().expect("ms"));
    let age_s = short["age"].as_i64().unwrap_or(0);
    Ticket {
        id: id.into(),
        pool: "manual".into(),
        arrival: u32::try_from(arrival).expect("few tickets"),
        created_at_ms: Some(NOW_MS - age_s * 1000),
        players: players.iter().enumerate().map(player).collect(),
        // serde_json sorts them by name.
        latencies: latencies.into_iter().flatten().map(latency).collect(),
        attributes: attributes(&short["attributes"]),
        ..Ticket::default()
    }
}

/// A match as the page writes it, with what the page says about it and no more.
fn shown(made: &Match, said: &Json) -> Json {
    let team = |team: &match_function::matching::Team| -> Json {
        sorted(team.tickets.iter().map(|ticket| text(&ticket.id)).collect())
    };
    let mut shown = serde_json::Map::new();
    shown.insert(
        "teams".to_owned(),
        sorted(made.teams.iter().map(team).collect()),
    );
    if made.backfill {
        shown.insert("backfill".to_owned(), true.into());
    }
    if !said["regions"].is_null() {
        let regions = made.region_preferences.iter().map(text).collect();
        shown.insert("regions".to_owned(), regions);
    }
    if !said["attributes"].is_null() {
        let pairs = made.attributes.iter();
        let attributes = pairs.map(|(name, value)| (name.to_string(), json(value)));
        shown.insert("attributes".to_owned(), attributes.collect());
    }
    shown.into()
}

fn text(text: &Text) -> Json {
    Json::from(&**text)
}

/// The order of teams, of a team's tickets and of common values means nothing.
fn sorted(mut values: Vec<Json>) -> Json {
    values.sort_by_key(ToString::to_string);
    values.into()
}

fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Number(number) => (*number).into(),
        Value::Text(value) => text(value),
        Value::List(values) => sorted(values.iter().map(json).collect()),
        Value::Struct(fields) => fields
            .iter()
            .map(|(name, value)| (name.to_string(), json(value)))
            .collect(),
    }
}

/// What the page says about a match, in the order of [`shown`].
fn said(json: &Json) -> Json {
    let mut said = json.clone();
    for team in said["teams"].as_array_mut().expect("teams") {
        *team = sorted(team.as_array().expect("tickets").clone());
    }
    said["teams"] = sorted(said["teams"].as_array().expect("teams").clone());
    if let Some(attributes) = said.get_mut("attributes") {
        for (_, value) in attributes.as_object_mut().expect("attributes") {
            if let Json::Array(values) = value {
                *value = sorted(values.clone());
            }
        }
    }
    said
}

fn run(ruleset: &Json, tickets: &Json) -> Played {
    let ruleset = ruleset.to_string();
    let parsed = AgsLogic.rules(&ruleset).expect("a ruleset");
    assert!(parsed.warnings.is_empty(), "{:?}", parsed.warnings);
    let context = TickContext {
        now_ms: NOW_MS,
        tick_id: 1,
        max_answer_bytes: 4 << 20,
    };
    let tickets = tickets.as_array().expect("tickets").iter().enumerate();
    let tickets = tickets.map(|(arrival, short)| ticket(arrival, short));
    play(&AgsLogic, &ruleset, context, tickets).expect("read above")
}

fn schema() -> Validator {
    let text = fs::read_to_string(docs().join("ruleset.schema.json")).expect("the schema");
    jsonschema::draft202012::new(&serde_json::from_str(&text).expect("JSON")).expect("a schema")
}

#[test]
fn every_example_gives_the_matches_that_it_says() {
    let page = fs::read_to_string(docs().join("ruleset.md")).expect("the page");
    let schema = schema();
    let (mut ruleset, mut tickets, mut examples) = (None, None, 0);
    for Block { kind, line, json } in blocks(&page) {
        match kind.as_str() {
            "ruleset" => {
                assert!(schema.is_valid(&json), "line {line}: against the schema");
                ruleset = Some(json);
            }
            "tickets" => tickets = Some(json),
            "matches" => {
                let tickets: Json = tickets.take().expect("tickets before matches");
                let out = run(ruleset.as_ref().expect("a ruleset"), &tickets);
                let expected = json.as_array().expect("matches");
                let all = out.matches.iter().zip(expected);
                let found: Vec<_> = all.map(|(made, expected)| shown(made, expected)).collect();
                let expected: Vec<_> = expected.iter().map(said).collect();
                assert_eq!(found, expected, "line {line}");
                assert_eq!(out.matches.len(), expected.len(), "line {line}");
                let matched: usize = out.matches.iter().map(|made| made.tickets().count()).sum();
                let sent = tickets.as_array().map_or(0, Vec::len);
                assert_eq!(matched + out.left.len(), sent, "line {line}");
                examples += 1;
            }
            other => panic!("line {line}: no kind of block: {other}"),
        }
    }
    assert!(examples >= 20, "{examples}");
}

#[test]
fn every_sample_ruleset_is_right() {
    let schema = schema();
    let mut checked = 0;
    for entry in fs::read_dir(docs().join("samples")).expect("samples") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|ext| ext == "json") {
            let text = fs::read_to_string(&path).expect("a file");
            let parsed = AgsLogic.rules(&text).expect("a ruleset");
            assert!(parsed.warnings.is_empty(), "{:?}", parsed.warnings);
            let json = serde_json::from_str(&text).expect("JSON");
            assert!(schema.is_valid(&json), "{}", path.display());
            checked += 1;
        }
    }
    assert!(checked > 0);
}

#[test]
fn every_reason_is_explained() {
    let page = fs::read_to_string(docs().join("ruleset.md")).expect("the page");
    let (_, chapter) = page
        .split_once("## Why a ticket still waits")
        .expect("the chapter");
    let rows = chapter.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut explained: Vec<_> = rows.filter_map(|row| row.split('`').next()).collect();
    let mut all: Vec<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    explained.sort_unstable();
    all.sort_unstable();
    assert_eq!(explained, all);
}

#[test]
fn every_ruleset_of_the_page_about_quality_is_right() {
    let page = fs::read_to_string(docs().join("quality.md")).expect("the page");
    let mut rulesets = 0;
    for part in page.split("```json ruleset\n").skip(1) {
        let (json, _) = part.split_once("```").expect("an end");
        let parsed = AgsLogic.rules(json).expect(json);
        assert!(parsed.warnings.is_empty(), "{json}");
        rulesets += 1;
    }
    assert!(rulesets >= 2, "{rulesets}");
}
