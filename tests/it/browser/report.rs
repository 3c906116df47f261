//! The reports of `simulate` and `tune`, as a browser shows them.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{CONTRAST, Driver, VIEWS, View, console, keep};

/// Whether the page is wider than the window; what each chart has; texts that cannot be seen.
const LOOK: &str = r"
    const texts = [...document.querySelectorAll('h1,h2,h3,p,li,th,td,figcaption,summary,.half')]
        .filter((one) => one.checkVisibility())
        .map((one) => [one.textContent.slice(0, 40), contrast(one, getComputedStyle(one).color)]);
    const charts = [...document.querySelectorAll('figure')].map((figure) => {
        const svg = figure.querySelector('svg');
        const box = svg.getBoundingClientRect();
        const labels = [...svg.querySelectorAll('text')];
        return {
            id: figure.id,
            marks: svg.querySelectorAll('polyline,polygon,rect,circle').length,
            labels: labels.length,
            width: box.width,
            inside: box.left >= 0 && box.right <= innerWidth,
            words: figure.querySelector('[role=img]').getAttribute('aria-label'),
            letter: Math.min(...labels.map((one) => one.getBoundingClientRect().height)),
            contrast: Math.min(...labels.map((one) => contrast(svg, getComputedStyle(one).fill))),
        };
    });
    return {
        width: document.documentElement.scrollWidth, window: innerWidth, charts,
        faint: texts.filter(([, contrast]) => contrast < 4.5),
        said: document.querySelectorAll('.verdict p').length,
        foreign: performance.getEntriesByType('resource').length,
    };";

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/samples/ruleset-5v5.json");

/// Writes a report by a command of the program.
fn report(words: &[&str], path: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_match-function"));
    let command = command.args(words).arg("--report").arg(path);
    let done = command.output().expect("it starts");
    assert!(done.status.success(), "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_read_on_a_desktop_and_a_phone_by_day_and_night() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.html");
    let text = std::fs::read_to_string(SAMPLE).expect("a sample");
    let slower = text.replace("\"duration\": 15", "\"duration\": 24");
    let words = ["simulate", SAMPLE, &slower, "--hours", "0.5", "--runs", "2"];
    report(&words, &path);
    for view in VIEWS {
        let seen = look(&driver, view, &path, "report").await;
        assert!(seen["said"].as_u64() >= Some(3), "{view:?}: {seen}");
        let charts = seen["charts"].as_array().expect("charts");
        assert!(charts.len() >= 9, "{view:?}: {}", charts.len());
        let ids: Vec<&Value> = charts.iter().map(|chart| &chart["id"]).collect();
        assert!(ids.contains(&&json!("waits")), "{ids:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frontier_is_read_on_a_desktop_and_a_phone_by_day_and_night() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("frontier.html");
    let population = folder.path().join("few.toml");
    std::fs::write(&population, "players_per_second = 0.3\n").expect("a file");
    let population = population.to_str().expect("UTF-8");
    let words = [
        "tune",
        SAMPLE,
        "--population",
        population,
        "--goal",
        "p95-wait<=600",
        "--candidates",
        "8",
        "--hours",
        "0.1",
    ];
    report(&words, &path);
    for view in VIEWS {
        let seen = look(&driver, view, &path, "frontier").await;
        assert_eq!(seen["charts"][0]["id"], "frontier", "{view:?}: {seen}");
    }
}

/// What a view of a page shows, of which everything is in sight, large and clear enough, and its own.
async fn look(driver: &Driver, view: View, path: &Path, name: &str) -> Value {
    let client = driver.open(view).await;
    let address = format!("file://{}", path.display());
    client.goto(&address).await.expect("the page");
    let seen = client
        .execute(&format!("{CONTRAST}{LOOK}"), Vec::new())
        .await
        .expect("the script");
    let theme = if view.is_dark { "dark" } else { "light" };
    keep(&client, &format!("{name}-{}-{theme}", view.width)).await;
    let said = console(&client).await;
    client.close().await.expect("it closes");
    assert_eq!(said, [""; 0], "{view:?}");
    assert_eq!(seen["window"], view.width, "{view:?}");
    assert!(
        seen["width"].as_u64() <= seen["window"].as_u64(),
        "{view:?}: {seen}"
    );
    assert_eq!(seen["faint"], json!([]), "{view:?}");
    assert_eq!(seen["foreign"], 0, "{view:?}");
    for chart in seen["charts"].as_array().expect("charts") {
        let at_least = |key: &str, least: f64| {
            assert!(
                chart[key].as_f64() >= Some(least),
                "{view:?}: {key} of {chart}"
            );
        };
        at_least("marks", 2.0);
        at_least("labels", 6.0);
        at_least("width", 250.0);
        at_least("letter", 9.0);
        at_least("contrast", 4.5);
        assert_eq!(chart["inside"], true, "{view:?}: {chart}");
        let words = chart["words"].as_str().unwrap_or_default();
        assert!(words.contains(char::is_numeric), "{view:?}: {chart}");
    }
    seen
}
