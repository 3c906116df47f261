//! Who may import whom.

use std::fs;
use std::path::PathBuf;

use super::{files, root};

/// Which modules of the crate each area may import (ARCHITECTURE.md). `matching` may not even name
/// most other crates.
const IMPORTS: &[(&str, &[&str])] = &[
    ("matching", &["matching"]),
    ("proto", &["proto"]),
    ("population", &["population", "matching"]),
    ("simulation", &["simulation", "matching", "population"]),
    (
        "tuning",
        &["tuning", "matching", "population", "simulation"],
    ),
    ("capture", &["capture", "proto"]),
    ("messages", &["matching", "population", "proto"]),
    (
        "auth",
        &[
            "auth",
            "clock",
            "config::parse",
            "error",
            "telemetry::metrics",
            "telemetry::testing",
        ],
    ),
    (
        "telemetry",
        &["telemetry", "clock", "config::parse", "error"],
    ),
    (
        "layers",
        &[
            "layers",
            "auth",
            "server::call",
            "server::peer",
            "telemetry",
        ],
    ),
    (
        "service",
        &[
            "service",
            "body",
            "capture",
            "clock",
            "matching",
            "proto",
            "telemetry::facts",
            "telemetry::metrics",
            "telemetry::testing",
        ],
    ),
    (
        "server",
        &[
            "server",
            "body",
            "config::parse",
            "telemetry::metrics",
            "telemetry::testing",
        ],
    ),
    (
        "client",
        &[
            "client",
            "files",
            "matching",
            "messages",
            "population",
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
    (
        "workbench",
        &[
            "workbench",
            "messages",
            "files",
            "matching",
            "population",
            "proto",
            "service",
            "capture",
            "simulation",
            "tuning",
            "clock",
            "telemetry::metrics",
        ],
    ),
    ("files", &["proto"]),
    ("body", &[]),
    ("clock", &[]),
    ("error", &[]),
];

const MATCHING_NEVER: &[&str] = &[
    "tokio",
    "tonic",
    "prost",
    "tracing",
    "rand::",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::net",
    "std::fs",
    "std::env",
    "std::thread",
];

/// Every source file with the area it belongs to.
fn areas() -> Vec<(String, PathBuf)> {
    let src = root().join("src");
    let mut found = Vec::new();
    files(&src, &["rs"], &mut found);
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
