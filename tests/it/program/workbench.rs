//! The workbench without a browser: who may ask, what is refused, and what every view answers.

use std::time::Duration;

use reqwest::header::{CONTENT_SECURITY_POLICY, HOST, ORIGIN};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

use super::super::browser::Workbench;
use super::{program, replay, run};

const SAMPLE: &str = include_str!("../../../docs/samples/ruleset-5v5.json");

async fn asked(workbench: &Workbench, path: &str, body: &Value) -> (StatusCode, String) {
    let address = format!("{}{path}", workbench.address);
    let answer = Client::new()
        .post(address)
        .json(body)
        .send()
        .await
        .expect("an answer");
    (answer.status(), answer.text().await.expect("a text"))
}

async fn got(workbench: &Workbench, header: reqwest::header::HeaderName, value: &str) -> Response {
    let request = Client::new().get(&workbench.address).header(header, value);
    request.send().await.expect("an answer")
}

#[tokio::test]
async fn only_pages_of_this_machine_may_ask() {
    let workbench = Workbench::start(&[]);
    let own = workbench.address.clone();
    let host = own.trim_start_matches("http://").to_owned();
    let page = got(&workbench, HOST, &host).await;
    assert_eq!(page.status(), StatusCode::OK);
    let policy = page.headers()[CONTENT_SECURITY_POLICY]
        .to_str()
        .expect("ASCII");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert_eq!(got(&workbench, ORIGIN, &own).await.status(), StatusCode::OK);
    // A name that points here is another page's, and so is another origin.
    let named = got(&workbench, HOST, "rebound.example").await;
    assert_eq!(named.status(), StatusCode::FORBIDDEN);
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        assert_eq!(
            got(&workbench, ORIGIN, origin).await.status(),
            StatusCode::FORBIDDEN,
            "{origin}"
        );
    }
    // A form of another page can send no JSON.
    let form = Client::new()
        .post(format!("{own}/play"))
        .body("{}")
        .send()
        .await
        .expect("an answer");
    assert_eq!(form.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let large = json!({"rules": "x".repeat(17 << 20)});
    let (status, _) = asked(&workbench, "/findings", &large).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn what_cannot_be_done_is_said_in_words() {
    let workbench = Workbench::start(&[]);
    let made_up = json!({"from": "made_up", "count": 100, "seed": 1});
    for (path, body, words) in [
        (
            "/play",
            json!({"rules": "{", "queue": made_up}),
            "is not JSON",
        ),
        (
            "/play",
            json!({"rules": SAMPLE, "queue": {"from": "made_up", "count": 20001, "seed": 1}}),
            "allowed are 1 to 20000",
        ),
        (
            "/findings",
            json!({"rules": "x".repeat((256 << 10) + 1)}),
            "a server takes 262144",
        ),
        (
            "/play",
            json!({"rules": SAMPLE, "queue": {"from": "text", "text": "{\"players\": 3}"}}),
            "the queue, value 1 (line 1)",
        ),
        (
            "/play",
            json!({"rules": SAMPLE, "queue": {"from": "capture", "name": "../x"}}),
            "--captures",
        ),
        (
            "/explain",
            json!({"rules": SAMPLE, "queue": made_up, "ticket": "<none>"}),
            "no such ticket",
        ),
        (
            "/simulate",
            json!({"rules": SAMPLE, "hours": 25, "seed": 1}),
            "allowed are 0.05 to 24",
        ),
        (
            "/simulate",
            json!({"rules": SAMPLE, "hours": 1, "seed": 1, "population": "tick_s = 0"}),
            "tick_s",
        ),
        (
            "/simulate",
            json!({"rules": SAMPLE, "hours": 1, "seed": 1, "population": "[attributes.mmr]\nfile = '/etc/passwd'"}),
            "reads no files",
        ),
    ] {
        let (status, text) = asked(&workbench, path, &body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {text}");
        assert!(text.contains(words), "{path}: {text}");
    }
}

#[tokio::test]
async fn a_pasted_queue_is_played_and_its_texts_are_escaped() {
    let workbench = Workbench::start(&[r#"{"shipCountMin": 2, "shipCountMax": 2}"#]);
    let text = r#"{"ticket_id": "<i>a", "players": [{"player_id": "1"}]}
        {"ticket_id": "b", "players": [{"player_id": "2"}]} {"ticket_id": "c", "players": [{"player_id": "3"}]}"#;
    let tick = json!({"rules": "{}", "queue": {"from": "text", "text": text}, "ticket": "c"});
    let (status, text) = asked(&workbench, "/play", &tick).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert!(text.contains("<b>1</b> match of 2 tickets"), "{text}");
    assert!(
        text.contains("&lt;i&gt;a") && !text.contains("<i>a"),
        "{text}"
    );
    let (_, text) = asked(&workbench, "/explain", &tick).await;
    assert!(text.contains("It waits:"), "{text}");
}

#[tokio::test]
async fn a_search_tells_its_progress_and_reports() {
    let workbench = Workbench::start(&[]);
    let asked_for = json!({"rules": SAMPLE, "hours": 0.05, "seed": 1, "candidates": 8,
        "population": "players_per_second = 0.5", "goals": ["p95-wait<=900"]});
    let (status, text) = asked(&workbench, "/tune", &asked_for).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let run: Value = serde_json::from_str(&text).expect("JSON");
    let base = format!("{}/runs/{}", workbench.address, run["run"]);
    let events = reqwest::get(format!("{base}/events"))
        .await
        .expect("events");
    let told = tokio::time::timeout(Duration::from_secs(300), events.text()).await;
    let told = told.expect("it ends").expect("a text");
    assert!(
        told.contains("event: working") && told.contains("event: done\ndata: {}"),
        "{told}"
    );
    let report = reqwest::get(format!("{base}/report"))
        .await
        .expect("a report");
    let report = report.text().await.expect("a text");
    assert!(
        report.contains("What no other beats") && report.contains("--goal &#39;p95-wait")
            || report.contains("--goal 'p95-wait"),
        "{report}"
    );
    let gone = reqwest::get(format!("{}/runs/1/report", workbench.address))
        .await
        .expect("an answer");
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_ticks_are_listed_opened_and_replayed() {
    let folder = tempfile::tempdir().expect("a folder");
    replay::recorded(folder.path(), 2, &[]);
    let workbench = Workbench::start(&["--captures", folder.path().to_str().expect("UTF-8")]);
    let listed = reqwest::get(format!("{}/captures", workbench.address)).await;
    let listed = listed.expect("an answer").text().await.expect("a text");
    let names: Vec<&str> = listed
        .split("data-open=\"")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('"')?.0))
        .collect();
    assert_eq!(names.len(), 2, "{listed}");
    assert!(listed.contains("<td>300</td>"), "{listed}");
    let tick = json!({"rules": SAMPLE, "queue": {"from": "capture", "name": names[0]}});
    let (_, played) = asked(&workbench, "/play", &tick).await;
    assert!(played.contains("of 300 tickets wait"), "{played}");
    let path = format!("{}/captures/{}/ruleset", workbench.address, names[0]);
    let rules = reqwest::get(path).await.expect("an answer").text().await;
    let rules: Value = serde_json::from_str(&rules.expect("a text")).expect("JSON");
    assert!(rules["alliance"].is_object(), "{rules}");
    let path = format!("/captures/{}/replay", names[0]);
    let (_, same) = asked(&workbench, &path, &json!({})).await;
    assert!(same.contains("byte for byte"), "{same}");
}

#[test]
fn an_input_that_is_not_there_is_said_in_a_line() {
    let (code, _, err) = run(program().args(["workbench", "no-such-file.json"]));
    assert_eq!(code, 64);
    assert!(
        err.starts_with("match-function: no-such-file.json: "),
        "{err}"
    );
}
