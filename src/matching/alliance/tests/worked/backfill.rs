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

/// Sessions by modes: what a session of one player says of its modes, and the modes of tickets.
fn modes_filled(accepts: &Json, x: &Json, y: &Json) -> (Option<Value>, usize, String) {
    let mode = |bounds: &str| json!({"alliance": alliance(bounds)});
    let rules = json!({
        "sub_gamemode_selection": "ticketOrder",
        "sub_game_modes": {
            "deathmatch": mode("1/1/1/2"), "ffa": mode("1/1/1/3"), "td": mode("2/2/1/3"),
            "solo": mode("1/1/1/1"),
        },
    });
    let session = session("s", "", &json!({"sub_game_mode": accepts}));
    let mut tickets = queue("x · y");
    for (ticket, modes) in tickets.iter_mut().zip([x, y]) {
        ticket
            .attributes
            .set("sub_game_mode".into(), Value::from(modes));
    }
    let played = play_backfill(&AgsLogic, &rules.to_string(), CONTEXT, [session], tickets)
        .expect("a ruleset");
    let proposal = played.proposals.first();
    let modes = proposal.and_then(|one| one.attributes.get("sub_game_mode").cloned());
    let players = proposal.map_or(1, |one| one.teams[0].user_ids.len());
    let left = played.why_left();
    let left = left.iter().map(|(id, reason)| format!("{id} {reason}"));
    (modes, players, left.collect::<Vec<_>>().join(", "))
}

fn of_modes(names: &[&str]) -> Option<Value> {
    Some(Value::List(
        names.iter().map(|name| (*name).into()).collect(),
    ))
}

#[test]
fn mode_12_the_modes_of_a_session_shrink() {
    let session = json!(["deathmatch", "ffa", "solo"]);
    let x = json!(["deathmatch", "td", "ffa"]);
    let (modes, players, left) = modes_filled(&session, &x, &json!(["deathmatch", "td"]));
    assert_eq!((modes, players), (of_modes(&["deathmatch", "ffa"]), 2));
    assert!(left.starts_with("y "), "{left}");
}

#[test]
fn mode_13_until_the_session_is_full() {
    let session = json!(["deathmatch", "ffa", "solo"]);
    let x = json!(["deathmatch", "td", "ffa"]);
    let (modes, players, left) = modes_filled(&session, &x, &json!(["deathmatch", "solo", "ffa"]));
    assert_eq!((modes, players), (of_modes(&["ffa"]), 3));
    assert_eq!(left, "");
}

#[test]
fn mode_14_nothing_shared_and_nothing_free() {
    let x = json!(["deathmatch", "td", "ffa"]);
    let y = json!(["deathmatch", "solo", "ffa"]);
    let (modes, players, left) = modes_filled(&json!("solo"), &x, &y);
    assert_eq!((modes, players), (None, 1));
    assert_eq!(left, "x sub_game_mode, y session_full");
}
