//! Random small pools.

use std::fmt;

use serde_json::{Map, Value as Json, json};

use crate::matching::alliance::AllianceRules;
use crate::matching::alliance::rules::testing::rules;
use crate::matching::{Player, Ticket, Value};

pub(in crate::matching::alliance::tests) const NOW_MS: i64 = 1_800_000_000_000;

const NAMES: [&str; 3] = ["dps", "healer", "tank"];
const MODES: [&str; 3] = ["arena", "brawl", "clash"];

/// What a pool has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::matching::alliance::tests) enum Kind {
    Roles,
    Modes,
    Both,
}

/// A ticket as it was drawn.
#[derive(Debug, Clone)]
pub(in crate::matching::alliance::tests) struct DrawnTicket {
    pub(in crate::matching::alliance::tests) age_ms: i64,
    /// What each player asks for.
    pub(in crate::matching::alliance::tests) players: Vec<Vec<&'static str>>,
    pub(in crate::matching::alliance::tests) modes: Vec<&'static str>,
}

/// A pool: the tickets from old to young.
#[derive(Debug)]
pub(in crate::matching::alliance::tests) struct Drawn {
    pub(in crate::matching::alliance::tests) ruleset: String,
    pub(in crate::matching::alliance::tests) rules: AllianceRules,
    pub(in crate::matching::alliance::tests) tickets: Vec<DrawnTicket>,
}

impl Drawn {
    pub(in crate::matching::alliance::tests) fn new(
        random: &mut fastrand::Rng,
        kind: Kind,
    ) -> Self {
        let has_roles = kind != Kind::Modes;
        let mut ruleset = Map::new();
        ruleset.insert("rebalance_enable".into(), random.bool().into());
        ruleset.insert("auto_backfill".into(), true.into());
        if kind == Kind::Roles {
            ruleset.insert("alliance".into(), alliance(random, true));
            if random.u8(..3) == 0 {
                ruleset.insert("alliance_flexing_rule".into(), flexing(random, true));
            }
        } else {
            let count = random.usize(1..=3);
            let modes = MODES.iter().take(count).map(|mode| {
                let roles = has_roles && random.bool();
                let mut fields = json!({"alliance": alliance(random, roles)});
                if random.u8(..3) == 0 {
                    let roles = has_roles && random.bool();
                    fields["alliance_flexing_rule"] = flexing(random, roles);
                }
                ((*mode).to_owned(), fields)
            });
            let modes: Map<String, Json> = modes.collect();
            ruleset.insert("sub_game_modes".into(), modes.into());
            ruleset.insert("sub_gamemode_selection".into(), "ticketOrder".into());
        }
        let ruleset = Json::Object(ruleset).to_string();
        let tickets = random.usize(1..=7);
        let tickets = (0..tickets).map(|at| ticket(random, kind, at)).collect();
        Self {
            rules: rules(&ruleset),
            ruleset,
            tickets,
        }
    }

    pub(in crate::matching::alliance::tests) fn tickets(&self) -> Vec<Ticket> {
        let tickets = self.tickets.iter().enumerate().map(|(at, drawn)| {
            let player = |(place, asks): (usize, &Vec<&str>)| Player {
                id: player_id(at, place).into(),
                attributes: [("role".into(), Value::from(&json!(asks)))]
                    .into_iter()
                    .collect(),
            };
            let modes = Value::from(&json!(drawn.modes));
            Ticket {
                id: at.to_string().into(),
                created_at_ms: Some(NOW_MS - drawn.age_ms),
                players: drawn.players.iter().enumerate().map(player).collect(),
                attributes: [("sub_game_mode".into(), modes)].into_iter().collect(),
                ..Ticket::default()
            }
        });
        tickets.collect()
    }
}

/// The id of a ticket's player.
pub(in crate::matching::alliance::tests) fn player_id(ticket: usize, place: usize) -> String {
    format!("{ticket}-{place}")
}

fn ticket(random: &mut fastrand::Rng, kind: Kind, at: usize) -> DrawnTicket {
    let players = if random.u8(..4) == 0 {
        random.usize(2..=3)
    } else {
        1
    };
    let asks = |random: &mut fastrand::Rng| {
        let mut names: Vec<&'static str> = NAMES.to_vec();
        random.shuffle(&mut names);
        names.truncate([1, 1, 1, 2, 2, 3, 0][random.usize(..7)]);
        if random.u8(..6) == 0 {
            names.insert(random.usize(..=names.len()), "any");
        }
        names
    };
    let mut modes = MODES.to_vec();
    random.shuffle(&mut modes);
    modes.truncate(random.usize(1..=3));
    DrawnTicket {
        age_ms: 40_000 - at as i64 * 4000,
        players: (0..players).map(|_| asks(random)).collect(),
        modes: if kind == Kind::Roles {
            Vec::new()
        } else {
            modes
        },
    }
}

fn flexing(random: &mut fastrand::Rng, has_roles: bool) -> Json {
    let has_roles = has_roles && random.bool();
    let mut entry = alliance(random, has_roles);
    entry["duration"] = 25.into();
    json!([entry])
}

/// An `alliance` that the parser takes.
fn alliance(random: &mut fastrand::Rng, has_roles: bool) -> Json {
    let teams_min = random.u32(1..=2);
    let teams_max = random.u32(teams_min..=3);
    let players_min = random.u32(1..=3);
    let players_max = random.u32(players_min..=4);
    let mut alliance = json!({
        "min_number": teams_min, "max_number": teams_max,
        "player_min_number": players_min, "player_max_number": players_max,
    });
    if !has_roles {
        return alliance;
    }
    let lists = match random.u8(..6) {
        0 => 0,
        1 if teams_max > 1 => teams_max,
        _ => 1,
    };
    let lists: Vec<Json> = (0..lists)
        .map(|_| list(random, players_min, players_max))
        .collect();
    alliance["combination"] = json!({"has_combination": true, "alliances": lists});
    if !lists.is_empty() && random.u8(..4) == 0 {
        let combination = &mut alliance["combination"];
        combination["role_flexing_enable"] = true.into();
        combination["role_flexing_second"] = 20.into();
        combination["role_flexing_player"] = random.u32(1..=2).into();
    }
    alliance
}

fn list(random: &mut fastrand::Rng, players_min: u32, players_max: u32) -> Json {
    loop {
        let count = random.usize(1..=3);
        let roles: Vec<(u32, u32)> = (0..count)
            .map(|_| {
                let max = random.u32(1..=players_max);
                (random.u32(0..=max.min(2)), max)
            })
            .collect();
        let (mins, maxes) = roles
            .iter()
            .fold((0, 0), |sum, role| (sum.0 + role.0, sum.1 + role.1));
        if mins <= players_max && maxes >= players_min {
            let roles = NAMES.iter().zip(&roles);
            let roles =
                roles.map(|(name, (min, max))| json!({"name": name, "min": min, "max": max}));
            return roles.collect();
        }
    }
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.ruleset)?;
        for (at, ticket) in self.tickets.iter().enumerate() {
            writeln!(
                f,
                "{at}: {} ms, {:?}, {:?}",
                ticket.age_ms, ticket.players, ticket.modes
            )?;
        }
        Ok(())
    }
}
