use serde_json::json;

use super::*;
use crate::matching::{PlayedBackfill, Roster, Session, play_backfill};

/// A session with one ticket for each player. `t1 t2 / t3` are the players of its teams; `attributes` are
/// its own.
fn session(teams: &str, tickets: &str, attributes: &Json) -> Session {
    let rosters = teams.split(" / ").map(|players| Roster {
        user_ids: players.split(' ').map(Into::into).collect(),
        ..Roster::default()
    });
    let Value::Struct(attributes) = Value::from(attributes) else {
        panic!("attributes are an object")
    };
    Session {
        backfill_ticket_id: "session".into(),
        match_session_id: "match".into(),
        created_at_ms: Some(NOW_MS - 1000),
        teams: rosters.collect(),
        tickets: if tickets.is_empty() {
            Vec::new()
        } else {
            queue(tickets)
        },
        attributes,
        ..Session::default()
    }
}

fn fill(rules: &Json, session: Session, tickets: &str) -> PlayedBackfill {
    play_backfill(
        &AgsLogic,
        &rules.to_string(),
        CONTEXT,
        [session],
        queue(tickets),
    )
    .expect("a ruleset")
}

/// Who joins which team, the roles of the proposal, and what is left.
fn told(played: &PlayedBackfill) -> (String, String, String) {
    let proposals = played.proposals.iter();
    let teams = proposals.clone().flat_map(|one| &one.teams);
    let players = teams.map(|team| {
        team.user_ids
            .iter()
            .map(|id| &**id)
            .collect::<Vec<_>>()
            .join(" ")
    });
    let roles = proposals.map(|one| match one.attributes.get("role") {
        Some(Value::Struct(roles)) => by_role(roles),
        other => format!("{other:?}"),
    });
    let left = played.why_left();
    let left = left.iter().map(|(id, reason)| format!("{id} {reason}"));
    (
        players.collect::<Vec<_>>().join(" / "),
        roles.collect(),
        left.collect::<Vec<_>>().join(", "),
    )
}

fn carries() -> (Json, Session) {
    let rules = ruleset("2/2/1/2", "carry 1-1, support 1-1");
    let roles = json!({"role": {"s": "carry", "t": "support", "u": "carry"}});
    (rules, session("s t / u", "", &roles))
}

#[test]
fn role_22_a_wildcard_takes_what_is_left() {
    let (rules, session) = carries();
    let (teams, roles, left) = told(&fill(&rules, session, "x any"));
    assert_eq!(teams, "s t / u x");
    assert_eq!(roles, "s u carry, t x support");
    assert_eq!(left, "");
}

#[test]
fn role_23_no_role_is_left() {
    let (rules, session) = carries();
    let (_, _, left) = told(&fill(&rules, session, "x carry"));
    assert_eq!(left, "x role");
}

fn three_dps() -> (Json, Session) {
    let rules = ruleset("1/1/1/5", "dps 0-3, tank 1-1, healer 1-1");
    (rules, session("s t u", "s dps · t dps · u dps", &json!({})))
}

#[test]
fn role_24_what_tickets_ask_for_is_what_they_play() {
    let (rules, session) = three_dps();
    let (teams, roles, left) = told(&fill(&rules, session, "x [dps,healer] · y tank · z healer"));
    assert_eq!(teams, "s t u x y");
    assert_eq!(roles, "x healer, y tank");
    assert_eq!(left, "z session_full");
}

#[test]
fn role_25_a_seat_is_kept_for_a_minimum() {
    let (rules, session) = three_dps();
    let (teams, roles, left) = told(&fill(&rules, session, "x dps · y tank"));
    assert_eq!(teams, "s t u y");
    assert_eq!(roles, "y tank");
    assert_eq!(left, "x role");
}
