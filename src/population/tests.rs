use super::*;
use crate::matching::{Player, Value};

const NOW_MS: i64 = 1_800_000_000_000;

fn fives() -> Population {
    Population::of_size(2, 5, ["mmr".into(), "level".into()])
}

#[test]
fn a_seed_gives_one_queue() {
    let drawn = |seed| format!("{:?}", fives().queue(50, seed, NOW_MS));
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
}

#[test]
fn tickets_are_sound_and_numbered() {
    for (arrival, ticket) in (0..).zip(fives().queue(50, 1, NOW_MS)) {
        assert_eq!(ticket.check(), Ok(()));
        assert_eq!(ticket.arrival, arrival);
        assert_eq!(
            ticket.party_session_id.is_empty(),
            ticket.players.len() == 1
        );
        assert!(ticket.latencies.is_sorted(), "{:?}", ticket.latencies);
        assert!((0..=240_000).contains(&ticket.age_ms(NOW_MS)));
        let skills = |player: &Player| player.attributes.len();
        assert!(ticket.players.iter().all(|player| skills(player) == 2));
    }
}

#[test]
fn sessions_lack_players_and_have_teams() {
    let drawn = |seed| fives().sessions(50, seed, NOW_MS);
    assert_eq!(format!("{:?}", drawn(1)), format!("{:?}", drawn(1)));
    for session in drawn(1) {
        let sizes: Vec<_> = session
            .teams
            .iter()
            .map(|team| team.user_ids.len())
            .collect();
        assert_eq!(sizes.len(), 2, "{sizes:?}");
        assert!(sizes.iter().all(|size| (1..=5).contains(size)), "{sizes:?}");
        assert!(sizes.iter().sum::<usize>() < 10, "{sizes:?}");
        assert_eq!(session.tickets.len(), sizes.iter().sum::<usize>());
        let region = &session.region_preferences[0];
        for ticket in &session.tickets {
            // The latency at home is the lowest: a session is played where its players live.
            let best = ticket.latencies.iter().min_by_key(|(_, ms)| ms);
            assert_eq!(best.map(|(name, _)| name), Some(region));
        }
    }
}

#[test]
fn a_queue_is_like_that_of_a_game() {
    let queue = fives().queue(4_000, 7, NOW_MS);
    let sizes: Vec<_> = queue.iter().map(|ticket| ticket.players.len()).collect();
    let solos = sizes.iter().filter(|size| **size == 1).count();
    assert!((2_600..3_000).contains(&solos), "{solos}");
    assert_eq!(sizes.iter().max(), Some(&5));
    let skill = |ticket: &Ticket| {
        let mmr = ticket.players[0].attributes.get("mmr");
        mmr.and_then(|mmr| mmr.as_number()).expect("a skill")
    };
    let skills: Vec<f64> = queue.iter().map(skill).collect();
    let mean = skills.iter().sum::<f64>() / 4_000.0;
    let variance = skills.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / 4_000.0;
    assert!((1_480.0..1_520.0).contains(&mean), "{mean}");
    assert!((290.0..330.0).contains(&variance.sqrt()), "{variance}");
    assert!(queue.iter().all(|ticket| ticket.latencies.len() == 3));
}

#[test]
fn the_last_party_takes_the_rest() {
    let queue = plain_queue(7, 3, NOW_MS);
    let sizes: Vec<_> = queue.iter().map(|ticket| ticket.players.len()).collect();
    assert_eq!(sizes, [3, 3, 1]);
    assert_eq!(queue[2].players[0].id, "player-7");
    assert_eq!(queue[2].party_session_id, "");
    assert_eq!(plain_queue(0, 3, NOW_MS).len(), 0);
}

#[test]
fn a_plain_session_has_one_player() {
    let sessions = plain_sessions(2, NOW_MS);
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[1].match_session_id, "session-2");
    assert_eq!(sessions[1].teams[0].id, "session-2-team-1");
    assert_eq!(sessions[1].teams[0].user_ids, ["session-2-player-1"]);
    assert_eq!(sessions[1].tickets[0].id, "session-2-ticket-1");
}

#[test]
fn players_ask_for_roles_by_their_shares_and_tickets_accept_modes() {
    let population = Population {
        roles: Roles::of(vec![("tank".into(), 1), ("dps".into(), 3)]),
        modes: vec![("duel".into(), 1), ("raid".into(), 1)],
        ..fives()
    };
    let mut firsts = [0_u32; 3];
    for ticket in population.queue(2000, 1, NOW_MS) {
        let modes = ticket.attributes.get("sub_game_mode");
        assert!(matches!(modes, Some(Value::List(modes)) if (1..=2).contains(&modes.len())));
        for player in &ticket.players {
            let first = match player.attributes.get("role") {
                Some(Value::List(roles)) => roles.first().and_then(Value::as_text),
                role => role.and_then(Value::as_text),
            };
            let names = ["tank", "dps", "any"];
            let at = names.iter().position(|name| Some(*name) == first);
            firsts[at.expect("one of these")] += 1;
        }
    }
    let [tanks, dps, any] = firsts.map(f64::from);
    assert!((2.5..3.5).contains(&(dps / tanks)), "{firsts:?}");
    assert!(
        (0.03..0.07).contains(&(any / (tanks + dps + any))),
        "{firsts:?}"
    );
    let session = &population.sessions(1, 1, NOW_MS)[0];
    assert!(session.attributes.get("sub_game_mode").is_some());
    let role = session.tickets[0].players[0].attributes.get("role");
    assert!(role.is_some());
}
