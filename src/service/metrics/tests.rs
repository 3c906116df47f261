use std::time::Duration;

use smallvec::smallvec;

use super::*;
use crate::matching::{Goodness, Measure, Player, QualityCounts, Ticket};
use crate::telemetry::facts::Totals;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::testing::{facts, metrics, value};

fn service(metrics: &Metrics) -> ServiceMetrics {
    ServiceMetrics::register(metrics.registrar()).expect("registered once")
}

/// A ticket of this many players that was made at this time.
fn ticket(players: usize, created_at_ms: i64) -> Ticket {
    Ticket {
        players: vec![Player::default(); players],
        created_at_ms: Some(created_at_ms),
        ..Ticket::default()
    }
}

#[test]
fn every_series_is_there_from_the_start() {
    let metrics = metrics();
    service(&metrics);
    for series in [
        r#"t_refusals_total{reason="duplicate_ticket"}"#,
        r#"t_refusals_total{reason="backfill_off"}"#,
        r#"t_refusals_total{reason="unfit"}"#,
        r#"t_refusals_total{reason="ruleset"}"#,
        r#"t_refusals_total{reason="message"}"#,
        r#"t_ticks_total{kind="backfill",outcome="stopped"}"#,
        r#"t_ticks_total{kind="match",outcome="finished"}"#,
        r#"t_tick_duration_seconds_count{kind="match"}"#,
        r#"t_tick_finish_seconds_count{kind="backfill"}"#,
        "t_tickets_received_total",
        "t_tickets_matched_total",
        "t_tickets_left_total",
        r#"t_invalid_tickets_total{bound="session_lists"}"#,
        "t_wrong_type_values_total",
        "t_memory_used_bytes",
        "t_memory_limit_bytes",
        "t_memory_held_back_total",
        "t_memory_refused_total",
        "t_matches_total",
        "t_match_players_count",
        "t_ticket_wait_seconds_count",
        "t_backfill_proposals_total",
        "t_matches_held_total",
        "t_matches_rescued_total",
        "t_match_trades_total",
    ] {
        assert_eq!(value(&metrics, series), 0.0, "{series}");
    }
}

#[test]
fn no_two_reasons_share_a_name() {
    let metrics = metrics();
    service(&metrics);
    let text = String::from_utf8(metrics.encode().expect("encodes")).expect("UTF-8");
    let series = text
        .lines()
        .filter(|line| line.starts_with("t_refusals_total{"));
    assert_eq!(
        series.count(),
        Reason::ALL.len() + ticket_faults().len() + 2
    );
}

#[test]
fn a_tick_is_told_once_and_counted_everywhere() {
    let (metrics, facts) = (metrics(), facts());
    let service = service(&metrics);
    let mut tick = service.tick_begins(TickKind::Match);
    let now_ms = 1_700_000_000_000;
    (tick.tick_id, tick.now_ms, tick.match_pool) = (7, now_ms, "ranked".into());
    tick.tickets = 5;
    tick.placed([ticket(3, now_ms - 90_000), ticket(1, now_ms - 5_000)].iter());
    tick.left(Reason::TeamSizes);
    tick.left(Reason::TeamSizes);
    tick.left(Reason::DuplicateTicket);
    tick.exceeds(Bound::Players, "a");
    tick.wrong_type(&"mmr".into(), 4);
    tick.wrong_type(&"level".into(), 1);
    tick.wrong_type(&"rank".into(), 0);
    tick.refused = Some(MESSAGE_REFUSED);
    tick.finished = true;
    tick.duration = Duration::from_secs(2);
    tick.finish = Duration::from_millis(3);
    assert_eq!(
        value(&metrics, "t_ticket_wait_seconds_count"),
        0.0,
        "not yet"
    );
    service.tick_ended(&tick, Some(&facts));
    for (series, expected) in [
        ("t_tickets_received_total", 5.0),
        ("t_tickets_matched_total", 2.0),
        ("t_tickets_left_total", 3.0),
        ("t_matches_total", 1.0),
        ("t_backfill_proposals_total", 0.0),
        ("t_match_players_sum", 4.0),
        (r#"t_match_players_bucket{le="3"}"#, 0.0),
        (r#"t_match_players_bucket{le="4"}"#, 1.0),
        ("t_ticket_wait_seconds_sum", 95.0),
        ("t_ticket_wait_seconds_count", 2.0),
        (r#"t_ticket_wait_seconds_bucket{le="2"}"#, 0.0),
        (r#"t_ticket_wait_seconds_bucket{le="5"}"#, 1.0),
        (r#"t_ticket_wait_seconds_bucket{le="60"}"#, 1.0),
        (r#"t_ticket_wait_seconds_bucket{le="120"}"#, 2.0),
        (r#"t_tick_duration_seconds_sum{kind="match"}"#, 2.0),
        (r#"t_tick_finish_seconds_sum{kind="match"}"#, 0.003),
        (r#"t_refusals_total{reason="team_sizes"}"#, 2.0),
        (r#"t_refusals_total{reason="duplicate_ticket"}"#, 1.0),
        (r#"t_refusals_total{reason="message"}"#, 1.0),
        (r#"t_refusals_total{reason="invalid_ticket"}"#, 1.0),
        (r#"t_invalid_tickets_total{bound="players"}"#, 1.0),
        (r#"t_invalid_tickets_total{bound="regions"}"#, 0.0),
        ("t_wrong_type_values_total", 5.0),
        (r#"t_ticks_total{kind="match",outcome="finished"}"#, 1.0),
        (r#"t_ticks_total{kind="match",outcome="stopped"}"#, 0.0),
    ] {
        assert_eq!(value(&metrics, series), expected, "{series}");
    }
    let moved = Totals {
        tickets_in: 5,
        matches_out: 1,
        players_matched: 4,
        proposals_out: 0,
    };
    assert_eq!(facts.totals(), moved);
    assert_eq!(
        facts.refusals(),
        Some("duplicate_ticket=1 invalid_ticket=1 team_sizes=2 message=1")
    );
    assert_eq!(
        (facts.tick_id(), facts.match_pool()),
        (Some(7), Some("ranked"))
    );
}

#[test]
fn a_backfill_tick_that_was_stopped() {
    let (metrics, facts) = (metrics(), facts());
    let service = service(&metrics);
    let mut tick = service.tick_begins(TickKind::Backfill);
    tick.placed([ticket(1, 0)].iter());
    service.tick_ended(&tick, Some(&facts));
    let stopped = r#"t_ticks_total{kind="backfill",outcome="stopped"}"#;
    assert_eq!(value(&metrics, stopped), 1.0);
    assert_eq!(value(&metrics, "t_backfill_proposals_total"), 1.0);
    assert_eq!(value(&metrics, "t_matches_total"), 0.0);
    assert_eq!(value(&metrics, "t_match_players_count"), 0.0);
    assert_eq!(facts.totals().proposals_out, 1);
}

#[test]
fn what_another_thread_recorded_counts_once_it_is_joined() {
    let metrics = metrics();
    let service = service(&metrics);
    let mut tick = service.tick_begins(TickKind::Match);
    tick.placed([ticket(2, 0)].iter());
    let mut joined = tick.fork();
    let mut given_up = tick.fork();
    joined.placed([ticket(2, 0)].iter());
    given_up.placed([ticket(2, 0)].iter());
    drop(given_up);
    tick.join(joined);
    service.tick_ended(&tick, None);
    for series in [
        "t_matches_total",
        "t_match_players_count",
        "t_ticket_wait_seconds_count",
        "t_tickets_matched_total",
    ] {
        assert_eq!(value(&metrics, series), 2.0, "{series}");
    }
}

#[test]
fn a_refusal_outside_a_tick_is_counted_at_once() {
    let (metrics, facts) = (metrics(), facts());
    let fault = TicketFault::NoPlayer;
    service(&metrics).refused(fault.as_str(), Some(&facts));
    assert_eq!(
        value(&metrics, r#"t_refusals_total{reason="no_player"}"#),
        1.0
    );
    assert_eq!(facts.refusals(), Some("no_player=1"));
}

#[test]
fn how_good_matches_are_is_told_by_pool_once_the_tick_has_ended() {
    let metrics = metrics();
    let service = service(&metrics);
    let mut tick = service.tick_begins(TickKind::Match);
    (tick.now_ms, tick.match_pool) = (1_700_000_000_000, "ranked".into());
    let mut tick = tick.fork();
    let attribute = "mmr".into();
    let good = Goodness {
        measures: smallvec![Measure {
            attribute: &attribute,
            spread: 0.4,
            gap: 0.06,
        }],
        latency_ms: Some(70),
        fill: 1.0,
    };
    tick.goodness(&good);
    tick.placed([ticket(1, tick.now_ms - 7_000)].iter());
    tick.quality(QualityCounts {
        held: 3,
        rescued: 2,
        trades: 5,
    });
    service.tick_ended(&tick, None);
    for (series, expected) in [
        ("t_matches_held_total", 3.0),
        ("t_matches_rescued_total", 2.0),
        ("t_match_trades_total", 5.0),
        (
            r#"t_match_spread_ratio_sum{attribute="mmr",match_pool="ranked"}"#,
            0.4,
        ),
        (
            r#"t_match_team_gap_ratio_bucket{attribute="mmr",match_pool="ranked",le="0.05"}"#,
            0.0,
        ),
        (
            r#"t_match_team_gap_ratio_bucket{attribute="mmr",match_pool="ranked",le="0.1"}"#,
            1.0,
        ),
        (r#"t_match_latency_ms_sum{match_pool="ranked"}"#, 70.0),
        (r#"t_match_wait_seconds_sum{match_pool="ranked"}"#, 7.0),
        (r#"t_match_fill_ratio_count{match_pool="ranked"}"#, 1.0),
    ] {
        assert_eq!(value(&metrics, series), expected, "{series}");
    }
}

#[test]
fn pools_beyond_the_bound_share_series() {
    let metrics = metrics();
    let service = service(&metrics);
    for pool in 0..60 {
        let mut tick = service.tick_begins(TickKind::Match);
        tick.match_pool = format!("pool {pool}").into();
        tick.placed([ticket(1, 0)].iter());
        service.tick_ended(&tick, None);
    }
    let count = |pool: &str| {
        let series = format!("t_match_wait_seconds_count{{match_pool=\"{pool}\"}}");
        value(&metrics, &series)
    };
    assert_eq!((count("pool 49"), count("other")), (1.0, 10.0));
}
