//! What the documents promise about the code.

mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use match_function::cli;
use match_function::config::variable_of_alias;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Variable to default, as the command line has them. The other names of a setting have none.
fn settings() -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    for arg in cli::serve_command().get_arguments() {
        let Some(name) = arg.get_env() else { continue };
        let default = arg.get_default_values().first();
        let default = default.map(|text| text.to_string_lossy().into_owned());
        let name = name.to_str().expect("UTF-8").to_owned();
        settings.insert(name, default.unwrap_or_default());
        let aliases = arg.get_visible_aliases().unwrap_or_default();
        settings.extend(
            aliases
                .into_iter()
                .map(|alias| (variable_of_alias(alias), String::new())),
        );
    }
    settings
}

#[test]
fn the_help_names_every_variable() {
    let help = cli::serve_command().render_long_help().to_string();
    let words: BTreeSet<&str> = help
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .collect();
    for name in settings().keys() {
        assert!(words.contains(&**name), "{name} is not in the help");
    }
}

/// Lines `NAME=value` of a file.
fn variables(file: &str) -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join(file)).expect("a file");
    let lines = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.split_once('=').expect("NAME=value");
            (name.to_owned(), value.trim_matches(['\'', '"']).to_owned())
        })
        .collect()
}

/// What listens beside the server: on this host, or for a container on the host of containers.
const BESIDE: [&str; 3] = [
    "LOKI_URL",
    "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];

#[test]
fn the_template_names_every_variable_with_its_default() {
    let mut expected = settings();
    // A copy of the template has to run at once; the program by itself is closed.
    expected.insert("PLUGIN_GRPC_SERVER_AUTH_ENABLED".into(), "false".into());
    for name in BESIDE {
        expected.insert(name.into(), String::new());
    }
    assert_eq!(variables(".env.template"), expected);
}

#[test]
fn compose_passes_every_variable_on() {
    let text = fs::read_to_string(root().join("docker-compose.yaml")).expect("a file");
    let (_, rest) = text.split_once("\n    environment:\n").expect("variables");
    let lines = rest.lines().take_while(|line| line.starts_with("      "));
    let found: BTreeMap<String, String> = lines
        .filter(|line| !line.trim_start().starts_with('#'))
        .map(|line| {
            let (name, value) = line.trim().split_once(':').expect("NAME: value");
            (name.to_owned(), value.trim().to_owned())
        })
        .collect();
    let expected = settings().into_iter().map(|(name, default)| {
        let there = default.replace("localhost", "host.docker.internal");
        let value = BESIDE
            .contains(&name.as_str())
            .then(|| format!("${{{name}:-{there}}}"));
        (name, value.unwrap_or_default())
    });
    assert_eq!(found, expected.collect());
}

#[test]
fn manifests_set_only_what_can_be_set() {
    let settings = settings();
    let found = variables("deploy/kubernetes/base/settings.env");
    assert!(!found.is_empty());
    for name in found.keys() {
        assert!(settings.contains_key(name), "{name} is not a variable");
    }
}

#[test]
fn the_image_is_built_with_the_pinned_compiler() {
    let read = |file| fs::read_to_string(root().join(file)).expect("a file");
    let pinned = read("rust-toolchain.toml");
    let pinned = pinned
        .lines()
        .find_map(|line| line.strip_prefix("channel = "));
    let version = pinned.expect("a channel").trim_matches('"');
    let line = format!("ARG RUST_VERSION={version}");
    assert!(
        read("Dockerfile").lines().any(|found| found == line),
        "{line}"
    );
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

/// The page that comments cite by heading.
const SEMANTICS: &str = "docs/semantics.md";

/// The page of what is done for better matches.
const QUALITY: &str = "docs/quality.md";

/// Fewer citations mean that the search for them is broken.
const MIN_CITATIONS: usize = 20;

/// Folders and files that may cite it.
const CITING: [&str; 8] = [
    "src",
    "tests",
    "benches",
    "examples",
    "docs",
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
];

/// Files below a path with one of these extensions; the path itself if it is a file.
fn files(path: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a folder") {
            files(&entry.expect("an entry").path(), extensions, found);
        }
    } else if path
        .extension()
        .is_some_and(|ext| extensions.iter().any(|known| ext == *known))
    {
        found.push(path.to_owned());
    }
}

/// A file as one line, without the marks of comments: a citation may be broken over two lines.
fn in_one_line(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for line in text.lines() {
        let line = line.trim_start();
        let marks = ["///", "//!", "//"];
        let unmarked = marks.iter().find_map(|mark| line.strip_prefix(mark));
        joined.push_str(unmarked.unwrap_or(line).trim());
        joined.push(' ');
    }
    joined
}

/// The next heading of a citation, and what follows it.
fn next_heading(rest: &str) -> Option<(&str, &str)> {
    let separators = [", \"", " and \"", " to \""];
    let quoted = separators
        .iter()
        .find_map(|separator| rest.strip_prefix(separator))?;
    quoted.split_once('"')
}

/// The headings that a text cites behind the name of the page: one, or several with `,`, `and` or
/// `to` between them.
fn cited<'t>(text: &'t str, page: &str) -> Vec<&'t str> {
    let mut headings = Vec::new();
    for (at, _) in text.match_indices(page) {
        let after = &text[at + page.len()..];
        let mut rest = after.strip_prefix('`').unwrap_or(after);
        while let Some((heading, after)) = next_heading(rest) {
            headings.push(heading);
            rest = after;
        }
    }
    headings
}

/// The name of a heading in a link, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || [' ', '-'].contains(c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn citations_are_found_over_two_lines_of_a_comment() {
    let text =
        format!("/// Blocked ({SEMANTICS},\n    /// \"Blocks\" to \"Match\n/// fields\"), \"x\"");
    assert_eq!(
        cited(&in_one_line(&text), SEMANTICS),
        ["Blocks", "Match fields"]
    );
    assert_eq!(
        cited(&format!("see {SEMANTICS}: \"x\""), SEMANTICS),
        [""; 0]
    );
}

#[test]
fn every_cited_heading_exists() {
    let citations = citations_of(SEMANTICS);
    assert!(citations >= MIN_CITATIONS, "{citations} citations");
    assert!(citations_of(QUALITY) >= 5);
}

/// How often headings of a page are cited; each of them exists.
fn citations_of(name: &str) -> usize {
    let page = fs::read_to_string(root().join(name)).expect("the page");
    let headings: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim())
        .collect();
    let anchors: BTreeSet<String> = headings.iter().copied().map(anchor).collect();
    assert_eq!(anchors.len(), headings.len(), "two headings are alike");
    let mut found = Vec::new();
    for path in CITING {
        files(&root().join(path), &["rs", "md"], &mut found);
    }
    let mut citations = 0;
    for path in found {
        let text = in_one_line(&fs::read_to_string(&path).expect("a file"));
        for heading in cited(&text, name) {
            let exists = headings.contains(&heading);
            assert!(
                exists,
                "{}: {name} has no heading {heading:?}",
                path.display()
            );
            citations += 1;
        }
    }
    for (at, _) in page.match_indices("](#") {
        let linked = page[at + "](#".len()..]
            .split(')')
            .next()
            .unwrap_or_default();
        assert!(anchors.contains(linked), "{name} links to #{linked}");
    }
    citations
}

/// A longer file does more than one thing.
const MAX_LINES: usize = 400;

#[test]
fn no_file_is_longer_than_400_lines() {
    let mut found = Vec::new();
    for folder in ["src", "tests"] {
        files(&root().join(folder), &["rs"], &mut found);
    }
    let mut long = Vec::new();
    for path in &found {
        let lines = fs::read_to_string(path).expect("a file").lines().count();
        if lines > MAX_LINES {
            long.push((lines, path));
        }
    }
    assert!(long.is_empty(), "{long:#?}");
    let named_mod = found.iter().find(|path| path.ends_with("mod.rs"));
    assert_eq!(named_mod, None, "`foo.rs` and `foo/` instead");
}
