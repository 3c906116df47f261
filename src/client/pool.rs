//! Made-up queues and sessions as a live game has them: mostly solos, skill around a mean, a few regions, and
//! tickets of all ages. The same seed gives the same queue.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::messages::{made_up_ticket, timestamp};

/// Skill of a party: mean and deviation.
const SKILL: (f64, f64) = (1500.0, 300.0);

/// Deviation of a player from the party.
const WITHIN_PARTY: f64 = 75.0;

/// Largest party that is made up, however large teams are.
const MAX_PARTY: u64 = 8;

/// Most teams of a session that is made up.
const MAX_TEAMS: u64 = 8;

/// Share of tickets of one player.
const SOLOS: f64 = 0.7;

/// Longest wait, in ms. Most tickets are young: ages are squares of even numbers.
const MAX_AGE_MS: f64 = 240_000.0;

/// Regions with the share of players at home there, and the latency, in ms, from each home.
const REGIONS: [(&str, f64, [u32; 3]); 3] = [
    ("eu-central-1", 0.5, [20, 95, 170]),
    ("us-east-1", 0.35, [95, 20, 210]),
    ("ap-southeast-1", 0.15, [170, 210, 25]),
];

/// Latency that a player's own line adds at most, in ms.
const LINE_MS: u32 = 40;

/// What a queue takes from the ruleset that it is made for.
#[derive(Debug, PartialEq)]
pub(super) struct Shape {
    /// Most teams of a match.
    teams: u64,
    /// Most players of a ticket.
    largest_party: u64,
    /// The player attributes that the rules compare, at least one.
    pub(super) attributes: Vec<String>,
}

impl Shape {
    /// Team size and attributes of a ruleset; solos with an `mmr` where it says nothing. What is
    /// wrong with it is for the server to say.
    pub(super) fn of(rules: &str) -> Self {
        let rules: Value = serde_json::from_str(rules).unwrap_or_default();
        let alliance = field(&rules, "alliance");
        let team = field(alliance, "player_max_number").as_u64();
        let teams = field(alliance, "max_number").as_u64();
        let stated = field(&rules, "matching_rule").as_array();
        let mut attributes: Vec<String> = Vec::new();
        for rule in stated.into_iter().flatten() {
            if let Some(name) = field(rule, "attribute").as_str()
                && attributes.iter().all(|other| other != name)
            {
                attributes.push(name.to_owned());
            }
        }
        if attributes.is_empty() {
            attributes.push("mmr".to_owned());
        }
        Self {
            teams: teams.unwrap_or(1).clamp(1, MAX_TEAMS),
            largest_party: team.unwrap_or(1).clamp(1, MAX_PARTY),
            attributes,
        }
    }
}

/// A field in any spelling of upper and lower case, as the server reads it.
fn field<'v>(object: &'v Value, name: &str) -> &'v Value {
    let fields = object.as_object();
    let any = |fields: &'v Map<String, Value>| {
        fields
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    };
    fields
        .and_then(|fields| fields.get(name).or_else(|| any(fields)))
        .unwrap_or(&Value::Null)
}

/// The tickets of a queue, in no order of age.
pub(super) fn queue(shape: &Shape, tickets: u32, seed: u64, now_ms: i64) -> Vec<Value> {
    let mut rng = Rng::with_seed(seed);
    let mut players = 0;
    (1..=tickets)
        .map(|n| {
            let size = party_size(shape, &mut rng);
            let ids: Vec<String> = (0..size)
                .map(|_| {
                    players += 1;
                    format!("player-{players}")
                })
                .collect();
            ticket(shape, n, &ids, now_ms, &mut rng)
        })
        .collect()
}

/// Sessions that lack players, in no order of age: each plays in one region, at about one skill.
pub(super) fn sessions(shape: &Shape, sessions: u32, seed: u64, now_ms: i64) -> Vec<Value> {
    // Another row of numbers than that of the queue.
    let mut rng = Rng::with_seed(!seed);
    (1..=sessions)
        .map(|n| session(shape, n, now_ms, &mut rng))
        .collect()
}

fn session(shape: &Shape, n: u32, now_ms: i64, rng: &mut Rng) -> Value {
    let created_at = timestamp(now_ms - age_ms(rng));
    let home = home(rng);
    let skill = SKILL.0 + SKILL.1 * normal(rng);
    let (mut tickets, mut teams) = (Vec::new(), Vec::new());
    // One team at least has a free seat.
    let short = rng.u64(0..shape.teams);
    for team in 1..=shape.teams {
        let free = u64::from(team == short + 1);
        let most = shape.largest_party.saturating_sub(free);
        let mut user_ids = Vec::new();
        for _ in 0..rng.u64(most.min(1)..=most) {
            let number = tickets.len() + 1;
            let id = format!("session-{n}-player-{number}");
            let mut ticket = made_up_ticket(n, std::slice::from_ref(&id), &created_at);
            ticket["ticket_id"] = json!(format!("session-{n}-ticket-{number}"));
            for attribute in &shape.attributes {
                let own = (skill + WITHIN_PARTY * normal(rng)).round().max(0.0);
                ticket["players"][0]["attributes"][attribute] = json!(own);
            }
            set_latencies(&mut ticket, home, rng);
            tickets.push(ticket);
            user_ids.push(id);
        }
        teams.push(json!({"user_ids": user_ids, "team_id": format!("session-{n}-team-{team}")}));
    }
    json!({
        "ticket_id": format!("backfill-{n}"),
        "match_pool": "local-pool",
        "CreatedAt": created_at,
        "match_session_id": format!("session-{n}"),
        "partial_match": {
            "tickets": tickets,
            "teams": teams,
            "region_preferences": [REGIONS[home].0],
            "backfill": true,
        },
    })
}

fn party_size(shape: &Shape, rng: &mut Rng) -> u64 {
    if shape.largest_party < 2 || rng.f64() < SOLOS {
        1
    } else {
        rng.u64(2..=shape.largest_party)
    }
}

fn ticket(shape: &Shape, n: u32, ids: &[String], now_ms: i64, rng: &mut Rng) -> Value {
    let mut ticket = made_up_ticket(n, ids, &timestamp(now_ms - age_ms(rng)));
    for attribute in &shape.attributes {
        let party = SKILL.0 + SKILL.1 * normal(rng);
        for player in ticket["players"].as_array_mut().into_iter().flatten() {
            let skill = (party + WITHIN_PARTY * normal(rng)).round().max(0.0);
            player["attributes"][attribute] = json!(skill);
        }
    }
    let home = home(rng);
    set_latencies(&mut ticket, home, rng);
    ticket
}

/// How long a ticket has waited, in ms.
fn age_ms(rng: &mut Rng) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "at most MAX_AGE_MS")]
    let age_ms = (rng.f64().powi(2) * MAX_AGE_MS) as i64;
    age_ms
}

fn set_latencies(ticket: &mut Value, home: usize, rng: &mut Rng) {
    let line = rng.u32(0..=LINE_MS);
    for (region, _, from) in REGIONS {
        let latency = from[home] + line + rng.u32(0..=10);
        ticket["latencies"][region] = json!(latency.to_string());
    }
}

/// Where a party plays from.
fn home(rng: &mut Rng) -> usize {
    let mut left = rng.f64();
    for (at, (_, share, _)) in REGIONS.iter().enumerate() {
        if left < *share {
            return at;
        }
        left -= share;
    }
    0
}

/// A number of the standard normal distribution (Box and Muller).
fn normal(rng: &mut Rng) -> f64 {
    let (radius, angle) = (1.0 - rng.f64(), rng.f64());
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::messages::Messages;

    const FIVES: &str = r#"{"Alliance": {"min_number": 2, "max_number": 2,
        "player_min_number": 5, "PLAYER_MAX_NUMBER": 5},
        "matching_rule": [{"attribute": "mmr"}, {"attribute": "level"}, {"attribute": "mmr"}]}"#;

    #[test]
    fn the_shape_comes_from_the_ruleset() {
        let shape = Shape::of(FIVES);
        assert_eq!(shape.largest_party, 5);
        assert_eq!(shape.attributes, ["mmr", "level"]);
        for plain in ["", "{}", "{", r#"{"alliance": 3, "matching_rule": 4}"#] {
            let shape = Shape::of(plain);
            assert_eq!(shape.largest_party, 1, "{plain}");
            assert_eq!(shape.attributes, ["mmr"], "{plain}");
        }
        let huge = r#"{"alliance": {"player_max_number": 2147483647}}"#;
        assert_eq!(Shape::of(huge).largest_party, MAX_PARTY);
    }

    #[test]
    fn a_seed_gives_one_queue() {
        let shape = Shape::of(FIVES);
        let once = queue(&shape, 50, 1, 1_800_000_000_000);
        assert_eq!(queue(&shape, 50, 1, 1_800_000_000_000), once);
        assert_ne!(queue(&shape, 50, 2, 1_800_000_000_000), once);
        let messages = Messages::new().unwrap();
        for ticket in &once {
            messages.encode("Ticket", ticket).unwrap();
        }
    }

    #[test]
    fn sessions_lack_players_and_have_teams() {
        let shape = Shape::of(FIVES);
        let once = sessions(&shape, 50, 1, 1_800_000_000_000);
        assert_eq!(sessions(&shape, 50, 1, 1_800_000_000_000), once);
        let messages = Messages::new().unwrap();
        for session in &once {
            messages.encode("BackfillTicket", session).unwrap();
            let teams = session["partial_match"]["teams"].as_array().unwrap();
            let sizes: Vec<_> = teams
                .iter()
                .map(|team| team["user_ids"].as_array().unwrap().len())
                .collect();
            assert_eq!(sizes.len(), 2, "{sizes:?}");
            assert!(sizes.iter().all(|size| (1..=5).contains(size)), "{sizes:?}");
            assert!(sizes.iter().sum::<usize>() < 10, "{sizes:?}");
        }
    }

    #[test]
    fn a_queue_is_like_that_of_a_game() {
        let queue = queue(&Shape::of(FIVES), 4_000, 7, 1_800_000_000_000);
        let sizes: Vec<_> = queue
            .iter()
            .map(|ticket| ticket["players"].as_array().unwrap().len())
            .collect();
        let solos = sizes.iter().filter(|size| **size == 1).count();
        assert!((2_600..3_000).contains(&solos), "{solos}");
        assert_eq!(sizes.iter().max(), Some(&5));
        let skills: Vec<f64> = queue
            .iter()
            .map(|ticket| ticket["players"][0]["attributes"]["mmr"].as_f64().unwrap())
            .collect();
        let mean = skills.iter().sum::<f64>() / 4_000.0;
        let variance = skills.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / 4_000.0;
        assert!((1_480.0..1_520.0).contains(&mean), "{mean}");
        assert!((290.0..330.0).contains(&variance.sqrt()), "{variance}");
        assert!(
            queue
                .iter()
                .all(|ticket| ticket["latencies"].as_object().unwrap().len() == 3)
        );
    }
}
