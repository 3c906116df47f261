use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::matching::{Attributes, PlayedBackfill, Player, Value};

const CONTEXT: TickContext = TickContext {
    now_ms: 1_700_000_000_000,
    tick_id: 7,
    max_answer_bytes: 4 << 20,
};

fn ticket(id: &str, age_ms: i64) -> Ticket {
    Ticket {
        id: id.into(),
        created_at_ms: Some(CONTEXT.now_ms - age_ms),
        players: vec![Player {
            id: format!("{id}-player").into(),
            ..Player::default()
        }],
        ..Ticket::default()
    }
}

fn session(id: &str, age_ms: i64, tickets: usize) -> Session {
    Session {
        match_session_id: id.into(),
        backfill_ticket_id: format!("b-{id}").into(),
        created_at_ms: Some(CONTEXT.now_ms - age_ms),
        tickets: (0..tickets)
            .map(|n| ticket(&format!("{id}-{n}"), 0))
            .collect(),
        teams: vec![Roster {
            id: format!("{id}-team").into(),
            ..Roster::default()
        }],
        ..Session::default()
    }
}

fn run(max: usize, sessions: Vec<Session>, tickets: Vec<Ticket>) -> PlayedBackfill {
    let rules = PairRules::new(1, max, false).unwrap();
    let tick = Box::new(PairBackfill::new(rules, CONTEXT));
    let out = PlayedBackfill::default().run(tick, sessions, tickets);
    assert_eq!(out.why_left().len(), out.left.len(), "{out:?}");
    out
}

#[test]
fn the_oldest_session_takes_the_oldest_tickets_until_it_is_full() {
    let tickets = vec![ticket("young", 1), ticket("old", 3), ticket("middle", 2)];
    let out = run(
        3,
        vec![session("late", 1, 2), session("early", 9, 1)],
        tickets,
    );
    assert_eq!(
        out.ids(),
        [("early", vec!["old", "middle"]), ("late", vec!["young"])]
    );
}

#[test]
fn a_full_session_and_tickets_without_a_seat_say_so() {
    let out = run(
        2,
        vec![session("full", 2, 2), session("open", 1, 1)],
        vec![ticket("a", 2), ticket("b", 1)],
    );
    assert_eq!(out.ids(), [("open", vec!["a"])]);
    assert_eq!(out.why_open()["full"], Reason::SessionFull);
    assert_eq!(out.why_left()["b"], Reason::SessionFull);
    let out = run(2, vec![], vec![ticket("a", 2)]);
    assert_eq!(out.why_left()["a"], Reason::NoSession);
    let out = run(2, vec![session("open", 1, 1)], vec![]);
    assert_eq!(out.why_open()["open"], Reason::NotEnoughTickets);
}

#[test]
fn who_may_not_join_stays_out_and_says_why() {
    let mut wanted = session("s", 1, 1);
    wanted.server_name = "mine".into();
    wanted.client_version = "1".into();
    wanted.teams[0].user_ids.push("outsider".into());
    let with = |id: &str, name: &str, version: &str| {
        let pairs = [("server_name", name), ("client_version", version)];
        let pairs = pairs
            .into_iter()
            .map(|(name, text)| (name.into(), Value::from(text)));
        Ticket {
            attributes: pairs.collect(),
            ..ticket(id, 1)
        }
    };
    let mut excluding = with("excluding", "mine", "1");
    excluding.excluded_sessions = vec!["s".into()];
    let mut inside = with("inside", "mine", "1");
    inside.players[0].id = "outsider".into();
    let mut new_only = with("new_only", "mine", "1");
    new_only
        .attributes
        .set("new_session_only".into(), Value::Bool(true));
    let tickets = vec![
        excluding,
        inside,
        new_only,
        with("server", "", "1"),
        with("version", "mine", "2"),
        with("fits", "mine", "1"),
    ];
    let out = run(9, vec![wanted], tickets);
    assert_eq!(out.ids(), [("s", vec!["fits"])]);
    let reasons = [
        ("excluding", Reason::SessionExcluded),
        ("inside", Reason::PlayerInSession),
        ("new_only", Reason::NewSessionOnly),
        ("server", Reason::ServerName),
        ("version", Reason::ClientVersion),
    ];
    assert_eq!(out.why_left(), reasons.into());
}

#[test]
fn the_nearest_come_first() {
    let far = Ticket {
        latencies: vec![("eu".into(), 90)],
        ..ticket("far", 9)
    };
    let near = Ticket {
        latencies: vec![("eu".into(), 10)],
        ..ticket("near", 1)
    };
    let mut in_eu = session("s", 1, 1);
    in_eu.region_preferences = vec!["eu".into()];
    let out = run(3, vec![in_eu], vec![ticket("unknown", 99), far, near]);
    assert_eq!(out.ids(), [("s", vec!["near", "far"])]);
}

#[test]
fn equal_latencies_and_none_go_by_age() {
    let with = |id: &str, age_ms, latencies| Ticket {
        latencies,
        ..ticket(id, age_ms)
    };
    let tickets = vec![
        with("none", 8, vec![]),
        with("unmeasured", 9, vec![("eu".into(), -1)]),
        with("elsewhere", 7, vec![("us".into(), 1)]),
        with("young", 1, vec![("eu".into(), 50)]),
        with("old", 2, vec![("eu".into(), 50)]),
    ];
    let mut in_eu = session("s", 1, 1);
    in_eu.region_preferences = vec!["eu".into()];
    let out = run(6, vec![in_eu], tickets);
    let order = vec!["old", "young", "unmeasured", "none", "elsewhere"];
    assert_eq!(out.ids(), [("s", order)]);
}

#[test]
fn a_proposal_stays_within_what_clients_take() {
    let large = |id: &str, age_ms, bytes: usize| Ticket {
        body: vec![0; bytes].into(),
        ..ticket(id, age_ms)
    };
    let tickets = vec![
        large("a", 5, 3 << 20),
        large("b", 4, 1 << 20),
        large("c", 3, 1 << 19),
    ];
    let out = run(9, vec![session("s", 2, 1), session("t", 1, 1)], tickets);
    assert_eq!(out.ids(), [("s", vec!["a", "c"]), ("t", vec!["b"])]);
    let out = run(9, vec![session("s", 2, 1)], vec![large("a", 5, 5 << 20)]);
    assert_eq!(out.why_open()["s"], Reason::TooLarge);
    assert_eq!(out.why_left()["a"], Reason::TooLarge);
}

#[test]
fn what_a_stop_leaves_waits_for_the_next_tick() {
    let rules = PairRules::new(1, 2, false).unwrap();
    let tick = Box::new(PairBackfill::new(rules, CONTEXT));
    let sessions = [session("s", 2, 1), session("t", 1, 1)];
    let out =
        PlayedBackfill::stopping_after(1).run(tick, sessions, [ticket("a", 2), ticket("b", 1)]);
    assert_eq!(out.why_open()["t"], Reason::Budget);
    assert_eq!(out.why_left()["b"], Reason::Budget);
}

#[test]
fn tickets_may_come_before_sessions() {
    let rules = PairRules::new(1, 2, false).unwrap();
    let mut out = PlayedBackfill::default();
    let mut tick = Box::new(PairBackfill::new(rules, CONTEXT));
    assert_eq!(tick.push(ticket("a", 1), &mut out), Flow::Go);
    assert_eq!(tick.push_session(session("s", 1, 1), &mut out), Flow::Go);
    tick.finish(&mut out);
    assert_eq!(out.ids(), [("s", vec!["a"])]);
}

#[test]
fn a_sink_that_says_stop_gets_no_second_proposal() {
    let rules = PairRules::new(1, 2, false).unwrap();
    let tick = Box::new(PairBackfill::new(rules, CONTEXT));
    let sessions = ["s", "t"].map(|id| session(id, 1, 1));
    let tickets = ["a", "b"].map(|id| ticket(id, 1));
    let out = PlayedBackfill::stopping_after(1).run(tick, sessions, tickets);
    assert_eq!(out.ids(), [("s", vec!["a"])]);
}

#[test]
fn they_join_the_first_team_and_the_session_keeps_the_rest() {
    let mut with_attributes = session("s", 1, 1);
    with_attributes.attributes.set("map".into(), "dust".into());
    with_attributes.teams[0].user_ids = vec!["s-0-player".into()];
    let mut joining = ticket("a", 1);
    joining.party_session_id = "party".into();
    let out = run(2, vec![with_attributes], vec![joining]);
    let proposal = &out.proposals[0];
    assert_eq!(proposal.teams[0].id, "s-team");
    assert_eq!(proposal.teams[0].user_ids, ["s-0-player", "a-player"]);
    assert_eq!(proposal.teams[0].parties[0].id, "party");
    let map: Attributes = [("map".into(), Value::from("dust"))].into_iter().collect();
    assert_eq!(proposal.attributes, map);
    assert_eq!(proposal.created_at_ms, CONTEXT.now_ms);
}

proptest! {
    #[test]
    fn each_ticket_joins_once_and_no_session_overflows(
        max in 1_usize..5,
        sessions in prop::collection::vec((0_i64..5, 0_usize..6), 0..8),
        tickets in prop::collection::vec((0_i64..5, any::<bool>()), 0..20),
    ) {
        let sessions: Vec<_> = (0..).zip(&sessions)
            .map(|(n, (age, taken))| session(&format!("s{n}"), *age, *taken)).collect();
        let count = sessions.len();
        let of = |(n, (age, excludes)): (u32, &(i64, bool))| {
            let mut one = ticket(&format!("t{n}"), *age);
            if *excludes { one.excluded_sessions = vec!["s0".into()]; }
            one
        };
        let all: Vec<_> = (0..).zip(&tickets).map(of).collect();
        let out = run(max, sessions, all);
        let mut seen = HashSet::new();
        for proposal in &out.proposals {
            prop_assert!(!proposal.added.is_empty());
            prop_assert!(proposal.session.tickets.len() + proposal.added.len() <= max);
            for one in &proposal.added {
                prop_assert!(seen.insert(one.id.to_string()));
                prop_assert!(!one.excluded_sessions.contains(&proposal.session.match_session_id));
            }
        }
        prop_assert_eq!(seen.len() + out.left.len(), tickets.len(), "a ticket is lost");
        prop_assert_eq!(out.proposals.len() + out.kept_open.len(), count, "a session is lost");
    }
}

#[test]
fn a_ticket_without_players_is_left_out() {
    let mut empty = ticket("empty", 9);
    empty.players.clear();
    let out = run(2, vec![session("s", 1, 1)], vec![empty, ticket("a", 1)]);
    assert_eq!(out.ids(), [("s", vec!["a"])]);
    assert_eq!(out.why_left()["empty"], Reason::InvalidTicket);
}
