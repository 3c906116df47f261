use serde_json::Value;
use tonic::Status;
use tower::{Layer, Service};
use tracing::dispatcher;

use super::*;
use crate::layers::observe::Observe;
use crate::layers::testing::{Answer, Never, Part, call, request, response, trailers_only};
use crate::telemetry::facts::Totals;
use crate::telemetry::testing::{methods, telemetry};

/// The lines of one call.
async fn lines<S, B>(flags: &[&str], path: &str, service: S) -> Vec<Value>
where
    S: Service<Request<Body>, Response = http::Response<B>, Error = std::convert::Infallible>,
    B: http_body::Body<Data = bytes::Bytes>,
    B::Error: std::fmt::Debug,
{
    let (dispatch, telemetry, lines) = telemetry(flags);
    let guard = dispatcher::set_default(&dispatch);
    let mut service = Observe::new(Log::new(methods())).layer(service);
    call(&mut service, request(path, &[])).await;
    drop(guard);
    telemetry.shutdown();
    lines.json()
}

#[tokio::test]
async fn a_tick_is_one_line_with_its_facts() {
    let service = Answer(|request: Request<Body>| {
        let facts = request
            .extensions()
            .get::<Arc<RpcFacts>>()
            .expect("made by the layer");
        facts.set_tick_id(7);
        facts.set_match_pool("ranked");
        let (tickets_in, matches_out, players_matched) = (5, 2, 4);
        facts.set_totals(Totals {
            tickets_in,
            matches_out,
            players_matched,
            proposals_out: 0,
        });
        facts.set_refusals([("no_players", 1)]);
        response(vec![Part::Data(b"12345"), Part::Status(Status::ok(""))])
    });
    let lines = lines(&[], "/a.B/Stream", service).await;
    let [line] = &lines[..] else {
        panic!("one line: {lines:?}")
    };
    for (field, expected) in [
        ("level", "INFO".into()),
        ("message", "call ended".into()),
        ("service", "a.B".into()),
        ("method", "Stream".into()),
        ("code", "OK".into()),
        ("tickets_in", 5.into()),
        ("matches_out", 2.into()),
        ("players_matched", 4.into()),
        ("refusals", "no_players=1".into()),
        ("tick_id", 7.into()),
        ("match_pool", "ranked".into()),
    ] as [(&str, Value); 11]
    {
        assert_eq!(line[field], expected, "{field} in {line}");
    }
    assert!(line["duration_ms"].as_f64().is_some_and(|ms| ms >= 0.0));
    assert_eq!(line.get("error"), None);
}

#[tokio::test]
async fn the_level_says_whose_matter_it_is() {
    let level = async |path: &str, status: Status| {
        let service = Answer(move |_| trailers_only(status.clone()));
        let lines = lines(&["--log-level=debug"], path, service).await;
        assert_eq!(lines.len(), 1);
        lines[0]["level"].as_str().expect("a text").to_owned()
    };
    assert_eq!(level("/a.B/Unary", Status::ok("")).await, "INFO");
    assert_eq!(
        level("/a.B/Unary", Status::invalid_argument("")).await,
        "INFO"
    );
    assert_eq!(level("/a.B/Unary", Status::internal("")).await, "WARN");
    assert_eq!(level("/a.B/Probe", Status::ok("")).await, "DEBUG");
    assert_eq!(level("/a.B/Probe", Status::unavailable("")).await, "WARN");
}

#[tokio::test]
async fn an_error_is_told_in_bounds() {
    let long = format!("rules.{}", "x".repeat(5000));
    let service = Answer(move |_| trailers_only(Status::invalid_argument(long.clone())));
    let lines = lines(&[], "/a.B/Unary", service).await;
    let error = lines[0]["error"].as_str().expect("a text");
    assert!(error.starts_with("rules.xxx") && error.len() == MAX_ERROR);
    assert_eq!(lines[0].get("tickets_in"), None, "no tick");
}

#[test]
fn a_dropped_call_is_logged_with_its_ids() {
    let (dispatch, telemetry, lines) = telemetry(&[]);
    dispatcher::with_default(&dispatch, || {
        let mut service = Observe::new(Log::new(methods())).layer(Never);
        let call = telemetry.handles().tracer.start("a.B/Unary", None).attach();
        let running = service.call(request("/a.B/Unary", &[]));
        drop(call);
        drop(running);
    });
    telemetry.shutdown();
    let lines = lines.json();
    assert_eq!(lines[0]["code"], "Canceled");
    assert!(lines[0]["trace_id"].is_string());
}
