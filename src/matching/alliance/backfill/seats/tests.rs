use proptest::prelude::*;

use super::*;
use crate::matching::alliance::rules::testing::rules;
use crate::matching::steps;
use crate::matching::{Attributes, Player, Roster, Value};

/// Values are divided by the reference: by a power of two, so that no mean is rounded.
const RULES: &str = r#"{
    "alliance": {"min_number": 1, "max_number": 100000, "player_min_number": 1, "player_max_number": 9},
    "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 1024}],
    "blocked_player_option": "blockedPlayerCanMatchOnDifferentTeam"
}"#;

fn ticket(id: &str, mmr: f64) -> Ticket {
    Ticket {
        players: vec![Player {
            id: id.into(),
            attributes: [("mmr".into(), mmr.into())].into_iter().collect(),
        }],
        ..Ticket::default()
    }
}

/// A session of teams of one player each, of these values.
fn session(values: &[f64]) -> Session {
    let ticket = |(at, value): (usize, &f64)| ticket(&format!("p{at}"), *value);
    let tickets: Vec<Ticket> = values.iter().enumerate().map(ticket).collect();
    let team = |ticket: &Ticket| {
        let mut roster = Roster::default();
        roster.add(ticket);
        roster
    };
    Session {
        teams: tickets.iter().map(team).collect(),
        tickets,
        ..Session::default()
    }
}

fn seats(session: &Session) -> Seats {
    let rules = rules(RULES);
    let only = ModeSeats {
        mode: None,
        form: Form::of(&rules, None, 0),
        roles: None,
    };
    Seats::new(&rules, session, vec![only])
}

fn newcomer(ticket: &Ticket) -> Newcomer<'_> {
    Newcomer {
        asks: &[],
        modes: 0,
        ticket,
        value: value(&rules(RULES), ticket),
    }
}

proptest! {
    #[test]
    fn the_team_is_the_one_that_leaves_the_means_closest(
        values in prop::collection::vec(0..40_u32, 1..8),
        joins in 0..40_u32,
    ) {
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        let joins = f64::from(joins);
        let spread = |joined: usize| {
            let means = values.iter().enumerate().map(|(at, value)| match at == joined {
                true => (value + joins) / 2.0,
                false => *value,
            });
            let (low, high) = means.fold((f64::INFINITY, 0.0_f64), |(low, high), mean| {
                (low.min(mean), high.max(mean))
            });
            high - low
        };
        let mut best = 0;
        for team in 1..values.len() {
            if spread(team) < spread(best) {
                best = team;
            }
        }
        let ticket = ticket("newcomer", joins);
        let place = seats(&session(&values)).place(newcomer(&ticket), false);
        prop_assert_eq!(place, Ok((Place::Team(best), 0)));
    }
}

#[test]
fn a_place_is_found_with_one_look_at_each_team() {
    let seats = seats(&session(&vec![7.0; 3000]));
    let ticket = ticket("newcomer", 9.0);
    let steps = steps::of(|| {
        assert_eq!(
            seats.place(newcomer(&ticket), false),
            Ok((Place::Team(0), 0))
        );
    });
    assert_eq!(steps, 3000);
}

#[test]
fn whom_no_ticket_names_is_blocked_from_every_team_by_one_list() {
    let mut session = session(&[1.0; 50]);
    let blocked = Value::List(
        (0..1000)
            .map(|at| format!("b{at}").as_str().into())
            .collect(),
    );
    let attributes: Attributes = [("blocked_players".into(), blocked)].into_iter().collect();
    session.attributes = attributes;
    let seats = seats(&session);
    for team in 0..50 {
        assert!(seats.is_blocked(team, &ticket("b999", 1.0)));
        assert!(!seats.is_blocked(team, &ticket("c", 1.0)));
    }
    assert_eq!(seats.teams[0].blocks.shared_by(), 50);
}
