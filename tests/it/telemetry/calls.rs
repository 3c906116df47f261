//! A call and its tick in logs, metrics and traces.

use std::time::Duration;

use match_function::proto::{GetStatCodesRequest, Opaque, Parameters, Rules, Slot, Slots};
use prost::Message;
use serde_json::Value;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Status};

use super::{PATIENCE, Running, SPAN, TRACE, line, start, traced, zipkin};
use crate::support::{Ticket, raw};

fn ticket(id: &str) -> Opaque {
    raw(&Ticket::new(id, "ranked").encode_to_vec())
}

/// One tick with this number, and tickets with these ids, each of one player.
async fn tick(running: &mut Running, tick_id: u64, tickets: &[&str]) -> Result<usize, Status> {
    let parameters = Parameters {
        tick_id,
        ..Parameters::default()
    };
    let slots = Slots::MAKE_MATCHES;
    let mut messages = vec![slots.write(Slot::Parameters, &parameters).expect("has it")];
    for id in tickets {
        messages.push(slots.write(Slot::Ticket, &ticket(id)).expect("has it"));
    }
    let request = traced(tokio_stream::iter(messages));
    let mut answers = running.client.make_matches(request).await?.into_inner();
    let mut matches = 0;
    while answers.message().await?.is_some() {
        matches += 1;
    }
    Ok(matches)
}

fn has(metrics: &str, series: &str) {
    assert!(
        metrics.lines().any(|line| line == series),
        "{series} is not in\n{metrics}"
    );
}

#[tokio::test]
async fn a_tick_is_seen_in_logs_metrics_and_traces() {
    let (url, spans) = zipkin();
    let mut running = start(&[
        ("ENABLE_ZIPKIN", "true"),
        ("OTEL_EXPORTER_ZIPKIN_ENDPOINT", &url),
        ("APP_NAME", "my.match-function"),
    ])
    .await;
    let matches = tick(&mut running, 41, &["a", "b", "c", "a"])
        .await
        .expect("ends well");
    assert_eq!(matches, 1);
    let metrics = running.metrics().await;
    let labels = r#"grpc_method="MakeMatches",grpc_service="accelbyte.matchmaking.matchfunction.MatchFunction",grpc_type="bidi_stream""#;
    for series in [
        format!("grpc_server_started_total{{{labels}}} 1"),
        format!("grpc_server_msg_received_total{{{labels}}} 5"),
        format!("grpc_server_msg_sent_total{{{labels}}} 1"),
        format!(r#"grpc_server_handled_total{{grpc_code="OK",{labels}}} 1"#),
        format!("grpc_server_handling_seconds_count{{{labels}}} 1"),
        "my_match_function_tickets_received_total 4".into(),
        "my_match_function_tickets_matched_total 2".into(),
        "my_match_function_tickets_left_total 2".into(),
        "my_match_function_matches_total 1".into(),
        "my_match_function_match_players_sum 2".into(),
        "my_match_function_ticket_wait_seconds_count 2".into(),
        r#"my_match_function_refusals_total{reason="duplicate_ticket"} 1"#.into(),
        r#"my_match_function_ticks_total{kind="match",outcome="finished"} 1"#.into(),
        r#"my_match_function_tick_duration_seconds_count{kind="match"} 1"#.into(),
    ] {
        has(&metrics, &series);
    }
    let lines = running.end().await;
    let call = line(&lines, "call ended");
    for (field, expected) in [
        ("method", "MakeMatches".into()),
        ("code", "OK".into()),
        ("tickets_in", 4.into()),
        ("matches_out", 1.into()),
        ("players_matched", 2.into()),
        ("tick_id", 41.into()),
        ("match_pool", "ranked".into()),
        ("trace_id", TRACE.into()),
        ("ab_trace_id", "ags-9".into()),
    ] as [(&str, Value); 9]
    {
        assert_eq!(call[field], expected, "{field} of {call}");
    }
    assert!(
        call["refusals"]
            .as_str()
            .is_some_and(|r| r.contains("duplicate_ticket=1"))
    );

    let spans = spans.recv_timeout(PATIENCE).expect("spans");
    let span = |name: &str| {
        let found = spans.iter().find(|span| span["name"] == name);
        found.unwrap_or_else(|| panic!("no span {name} in {spans:#?}"))
    };
    let rpc = span("accelbyte.matchmaking.matchfunction.MatchFunction/MakeMatches");
    assert_eq!(
        (&rpc["traceId"], &rpc["parentId"]),
        (&TRACE.into(), &SPAN.into())
    );
    assert_eq!(rpc["id"], call["span_id"]);
    assert_eq!(rpc["localEndpoint"]["serviceName"], "my.match-function");
    assert_eq!(rpc["tags"]["ab_trace_id"], "ags-9");
    assert_eq!(rpc["tags"]["tick_id"], "41");
    assert_eq!(rpc["tags"]["network.peer.address"], "127.0.0.1");
    let tick = span("tick");
    assert_eq!(
        (&tick["traceId"], &tick["parentId"]),
        (&TRACE.into(), &rpc["id"])
    );
    assert_eq!(tick["tags"]["tickets"], "4");
}

#[tokio::test]
async fn refusals_are_seen() {
    let mut running = start(&[]).await;
    let rules = Some(Rules { json: "{".into() });
    let request = traced(GetStatCodesRequest { rules });
    let status = running
        .client
        .get_stat_codes(request)
        .await
        .expect_err("a broken ruleset");
    assert_eq!(status.code(), Code::InvalidArgument);
    let metrics = running.metrics().await;
    has(&metrics, r#"app_server_refusals_total{reason="ruleset"} 1"#);
    has(
        &metrics,
        r#"grpc_server_handled_total{grpc_code="InvalidArgument",grpc_method="GetStatCodes",grpc_service="accelbyte.matchmaking.matchfunction.MatchFunction",grpc_type="unary"} 1"#,
    );
    let lines = running.end().await;
    let call = line(&lines, "call ended");
    assert_eq!(call["level"], "INFO");
    assert_eq!(call["refusals"], "ruleset=1");
    assert!(
        call["error"]
            .as_str()
            .is_some_and(|error| error.contains("ruleset"))
    );
}

#[tokio::test]
async fn a_client_that_leaves_is_counted_as_cancelled() {
    let mut running = start(&[]).await;
    let parameters = Slots::MAKE_MATCHES.write(Slot::Parameters, &Parameters::default());
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    sender.try_send(parameters.expect("has it")).expect("room");
    for id in ["a", "b"] {
        let ticket = Slots::MAKE_MATCHES.write(Slot::Ticket, &ticket(id));
        sender.try_send(ticket.expect("has it")).expect("room");
    }
    let request = Request::new(ReceiverStream::new(receiver));
    let mut answers = running
        .client
        .make_matches(request)
        .await
        .expect("begins")
        .into_inner();
    answers
        .message()
        .await
        .expect("goes well")
        .expect("a match before the half-close");
    drop((answers, sender));
    let cancelled = r#"grpc_server_handled_total{grpc_code="Canceled",grpc_method="MakeMatches",grpc_service="accelbyte.matchmaking.matchfunction.MatchFunction",grpc_type="bidi_stream"} 1"#;
    // The reset is under way; nothing else tells when it has arrived.
    let metrics = tokio::time::timeout(PATIENCE, async {
        loop {
            let metrics = running.metrics().await;
            if metrics.contains(cancelled) {
                return metrics;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let metrics = metrics.await.expect("counted");
    has(
        &metrics,
        r#"app_server_ticks_total{kind="match",outcome="stopped"} 1"#,
    );
    has(&metrics, "app_server_matches_total 1");
    has(&metrics, "app_server_rpcs_in_flight 0");
    let lines = running.end().await;
    assert_eq!(line(&lines, "call ended")["code"], "Canceled");
}
