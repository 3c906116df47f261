//! What the documents promise about the code.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use match_function::cli;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Which modules of the crate each area may import (ARCHITECTURE.md). `matching` may not even name
/// most other crates.
const IMPORTS: &[(&str, &[&str])] = &[
    ("matching", &["matching"]),
    ("proto", &["proto"]),
    ("auth", &["auth", "config::parse"]),
    ("telemetry", &["telemetry", "config::parse"]),
    ("layers", &["layers", "auth", "telemetry"]),
    ("service", &["service", "matching", "proto"]),
    ("server", &["server", "config::parse"]),
    (
        "client",
        &[
            "client",
            "proto",
            "clock",
            "auth::iam::log_in",
            "auth::Login",
        ],
    ),
    (
        "config",
        &["config", "auth", "server", "service", "telemetry"],
    ),
    ("clock", &[]),
];

const MATCHING_NEVER: &[&str] = &[
    "tokio",
    "tonic",
    "prost",
    "tracing",
    "rand",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::net",
    "std::fs",
    "std::env",
    "std::thread",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
}

/// Every source file with the area it belongs to.
fn areas() -> Vec<(String, PathBuf)> {
    let src = root().join("src");
    let mut found = Vec::new();
    sources(&src, &mut found);
    let area = |path: &PathBuf| {
        let first = path
            .strip_prefix(&src)
            .expect("below src")
            .components()
            .next();
        let name = first.expect("a name").as_os_str().to_string_lossy();
        name.trim_end_matches(".rs").to_owned()
    };
    found.into_iter().map(|path| (area(&path), path)).collect()
}

#[test]
fn every_area_imports_only_what_it_may() {
    let mut checked = 0;
    for (area, path) in areas() {
        let Some((_, allowed)) = IMPORTS.iter().find(|(name, _)| *name == area) else {
            continue;
        };
        let text = fs::read_to_string(&path).expect("a file");
        for (at, _) in text.match_indices("crate::") {
            let rest = &text[at + "crate::".len()..];
            let group = rest
                .strip_prefix('{')
                .map(|inner| &inner[..inner.find('}').unwrap_or(0)]);
            let names = group.map_or(vec![rest], |inner| {
                inner.split(',').map(str::trim).collect()
            });
            for name in names.into_iter().filter(|name| !name.is_empty()) {
                let fits = |prefix: &str| {
                    let ends =
                        |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
                    name.strip_prefix(prefix).is_some_and(ends)
                };
                let shown: String = name.chars().take(40).collect();
                assert!(
                    allowed.iter().any(|prefix| fits(prefix)),
                    "{}: {area} may not import crate::{shown}",
                    path.display()
                );
                checked += 1;
            }
        }
        if area == "matching" {
            for line in text
                .lines()
                .filter(|line| line.trim_start().starts_with("use "))
            {
                let never = MATCHING_NEVER.iter().find(|name| line.contains(*name));
                assert_eq!(never, None, "{}: {line}", path.display());
            }
        }
    }
    assert!(
        checked > 30,
        "the search for imports finds nothing any more: {checked}"
    );
}

/// Variable to default, as the command line has them.
fn settings() -> BTreeMap<String, String> {
    let command = cli::serve_command();
    let one = |arg: &clap::Arg| {
        let name = arg.get_env()?.to_str()?.to_owned();
        let default = arg.get_default_values().first();
        Some((
            name,
            default
                .map(|text| text.to_string_lossy().into_owned())
                .unwrap_or_default(),
        ))
    };
    command.get_arguments().filter_map(one).collect()
}

#[test]
fn the_template_names_every_variable_with_its_default() {
    let text = fs::read_to_string(root().join(".env.template")).expect(".env.template");
    let lines = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let found: BTreeMap<String, String> = lines
        .map(|line| {
            let (name, value) = line.split_once('=').expect("NAME=value");
            (name.to_owned(), value.trim_matches(['\'', '"']).to_owned())
        })
        .collect();
    let mut expected = settings();
    // A copy of the template has to run at once; the program by itself is closed.
    expected.insert("PLUGIN_GRPC_SERVER_AUTH_ENABLED".into(), "false".into());
    assert_eq!(found, expected);
}

#[test]
fn the_readme_names_every_variable_with_its_default() {
    let text = fs::read_to_string(root().join("README.md")).expect("README.md");
    let row = |line: &str| {
        let cells: Vec<_> = line
            .split('|')
            .map(|cell| cell.trim().trim_matches('`').to_owned())
            .collect();
        let variable = cells.get(1)?;
        let shouted = variable
            .chars()
            .all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit());
        (shouted && !variable.is_empty()).then(|| (variable.clone(), cells[2].clone()))
    };
    let found: BTreeMap<_, _> = text.lines().filter_map(row).collect();
    assert_eq!(found, settings());
}
