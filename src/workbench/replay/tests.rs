//! A thousand ticks, recorded by the service and played again.

use std::time::Duration;

use bytes::{BufMut, BytesMut};
use http_body_util::{BodyExt, Full};
use prost::Message;
use tonic::body::Body;
use tower::ServiceExt;

use super::*;
use crate::clock::Clock;
use crate::matching::AgsLogic;
use crate::messages::{self, Messages};
use crate::population::of_ruleset;
use crate::proto::{Opaque, Parameters, Rules, SERVICE, Slot};
use crate::service::{Limits, MatchFunctionService, RecordSettings, Recorder, ServiceMetrics};
use crate::telemetry::metrics::Registrar;

/// Rules of all kinds: pairs, duels, teams, roles, modes, options, sessions.
const RULES: [&str; 7] = [
    "{}",
    r#"{"shipCountMin": 1, "shipCountMax": 3, "auto_backfill": true}"#,
    r#"{"alliance": {"min_number": 2, "max_number": 2, "player_min_number": 1, "player_max_number": 1},
        "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 200}]}"#,
    r#"{"alliance": {"min_number": 2, "max_number": 3, "player_min_number": 1, "player_max_number": 4},
        "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 400}],
        "match_options": {"options": [{"name": "map", "type": "any"}, {"name": "hero", "type": "unique"}]},
        "auto_backfill": true, "rebalance_enable": true}"#,
    include_str!("../../../docs/samples/ruleset-5v5.json"),
    include_str!("../../../docs/samples/ruleset-roles.json"),
    r#"{"sub_game_modes": {"duel": {"alliance": {"min_number": 2, "max_number": 2,
        "player_min_number": 1, "player_max_number": 1}}, "pairs": {"alliance": {"min_number": 2,
        "max_number": 2, "player_min_number": 2, "player_max_number": 2}}}}"#,
];

const TICKS: u32 = 1000;

fn frame(body: &mut BytesMut, message: &impl Message) {
    body.put_u8(0);
    body.put_u32(u32::try_from(message.encoded_len()).unwrap());
    message.encode(body).unwrap();
}

/// The requests of a tick.
fn tick(rng: &mut fastrand::Rng, messages: &Messages, kind: Kind, tick_id: u32) -> BytesMut {
    let json = RULES[rng.usize(..RULES.len())];
    let population = of_ruleset(json);
    let slots = kind.slots();
    let mut body = BytesMut::new();
    let parameters = Parameters {
        scope: None,
        rules: Some(Rules {
            json: json.to_owned(),
        }),
        tick_id: tick_id.into(),
    };
    frame(
        &mut body,
        &slots.write(Slot::Parameters, &parameters).unwrap(),
    );
    let mut put = |slot, name, json: &serde_json::Value| {
        let message: Opaque = messages.encode(name, json).unwrap();
        frame(&mut body, &slots.write(slot, &message).unwrap());
    };
    let now_ms = NOW_MS + i64::from(tick_id) * 1000;
    if kind == Kind::Backfill {
        for session in population.sessions(rng.u32(..6), rng.u64(..), now_ms) {
            put(
                Slot::BackfillTicket,
                "BackfillTicket",
                &messages::session(&session),
            );
        }
    }
    for ticket in population.queue(rng.u32(1..50), rng.u64(..), now_ms) {
        put(Slot::Ticket, "Ticket", &messages::ticket(&ticket));
    }
    body
}

const NOW_MS: i64 = 1_767_225_600_000;

#[tokio::test]
async fn a_thousand_captures_are_played_again_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let settings = RecordSettings {
        record_ticks_dir: Some(folder.path().to_owned()),
        ..RecordSettings::default()
    };
    let limits = Limits::default();
    let started = Recorder::start(settings, &limits, &Registrar::detached()).unwrap();
    let (recorder, writer) = started.unwrap();
    let messages = Messages::new().unwrap();
    let mut rng = fastrand::Rng::with_seed(16);
    let mut answered = 0;
    for tick_id in 0..TICKS {
        let kind = if rng.bool() {
            Kind::Match
        } else {
            Kind::Backfill
        };
        let method = match kind {
            Kind::Match => "MakeMatches",
            Kind::Backfill => "BackfillMatches",
        };
        let now_ms = u64::try_from(NOW_MS).unwrap() + u64::from(tick_id) * 1000;
        let clock = Clock::from_fn(move || Duration::from_millis(now_ms));
        let metrics = ServiceMetrics::default();
        let recorder = Some(recorder.clone());
        let service =
            MatchFunctionService::recording(AgsLogic, limits.clone(), clock, metrics, recorder);
        let body = tick(&mut rng, &messages, kind, tick_id).freeze();
        let request = http::Request::post(format!("http://test/{SERVICE}/{method}"))
            .header("content-type", "application/grpc")
            .body(Body::new(Full::new(body)))
            .unwrap();
        let Ok(response) = service.into_server().oneshot(request).await;
        let collected = response.into_body().collect().await.unwrap();
        answered += usize::from(!collected.to_bytes().is_empty());
        // Faster than any pool ticks, so that the thread may fall behind; here all are to be written.
        while tick_id % 16 == 0
            && std::fs::read_dir(folder.path()).unwrap().count() + 16 < tick_id as usize
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    assert!(answered > 500, "{answered}");
    drop(recorder);
    writer.finished(Duration::from_secs(60)).await;
    let mut paths = captures::paths(&[folder.path().to_owned()]).unwrap();
    assert_eq!(paths.len(), TICKS as usize);
    rng.shuffle(&mut paths);
    let mut answers = 0;
    for path in &paths {
        let capture = capture::read(path).unwrap();
        let compared = compare(&AgsLogic, &capture).unwrap();
        assert_eq!(compared.difference, None, "{}", path.display());
        assert!(!compared.is_cut, "{}", path.display());
        answers += capture.answers.len();
    }
    assert!(answers > 2000, "{answers}");
}

#[test]
fn the_first_difference_is_shown() {
    let messages = Messages::new().unwrap();
    let encoded = |json| {
        let message: Opaque = messages.encode("MatchResponse", &json).unwrap();
        message.into_fields()
    };
    let first = encoded(json!({"match": {"region_preferences": ["eu", "us"], "backfill": true}}));
    let second = encoded(json!({"match": {"region_preferences": ["eu", "ap"], "backfill": true}}));
    let told = compare::differs(Kind::Match, &first, &second).unwrap();
    assert_eq!(
        told,
        r#"match.region_preferences[1] was "us", and now is "ap""#
    );
}
