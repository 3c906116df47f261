//! The worked examples of roles and of sub game modes, each by its number. They were computed by an exhaustive search,
//! not by this program.
//!
//! A queue is written as `a [tank,dps] 31s · b tank+dps`: tickets in order of age, the oldest first, each
//! with what its players ask for and, where it matters, its age. A match is written as its teams and the
//! roles of its players, each player as the letter of its ticket and, in a party, its number.

mod backfill;
mod modes;
mod roles;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::matching::{
    AgsLogic, Attributes, Match, MatchLogic, Played, Player, TickContext, Ticket, Value, play,
};

const NOW_MS: i64 = 1_800_000_000_000;

const CONTEXT: TickContext = TickContext {
    now_ms: NOW_MS,
    tick_id: 1,
    max_answer_bytes: 4 << 20,
};

/// `2/3/1/5` as the four numbers of `alliance`.
pub(super) fn alliance(bounds: &str) -> Json {
    let keys = [
        "min_number",
        "max_number",
        "player_min_number",
        "player_max_number",
    ];
    let numbers = bounds
        .split('/')
        .map(|n| n.parse::<u32>().expect("a number"));
    let fields = keys
        .map(str::to_owned)
        .into_iter()
        .zip(numbers.map(Json::from));
    Json::Object(fields.collect::<Map<_, _>>())
}

/// `tank 1-1, dps 0-2` as a list of roles; ` / ` stands between lists.
pub(super) fn combination(lists: &str) -> Json {
    let role = |role: &str| {
        let (name, bounds) = role.trim().rsplit_once(' ').expect("name and numbers");
        let (min, max) = bounds.split_once('-').expect("two numbers");
        let number = |text: &str| text.parse::<u32>().expect("a number");
        json!({"name": name, "min": number(min), "max": number(max)})
    };
    let lists: Vec<Json> = lists
        .split(" / ")
        .filter(|list| !list.is_empty())
        .map(|list| list.split(',').map(role).collect())
        .collect();
    json!({"has_combination": true, "alliances": lists})
}

/// A ruleset for teams with these roles.
pub(super) fn ruleset(bounds: &str, lists: &str) -> Json {
    let mut alliance = alliance(bounds);
    alliance["combination"] = combination(lists);
    json!({"alliance": alliance})
}

/// The tickets of a queue. A ticket without an age waits one second less than the one before.
pub(super) fn queue(text: &str) -> Vec<Ticket> {
    let mut age_ms = 20_000;
    let tickets = text.split(" · ").map(|text| {
        let mut words: Vec<&str> = text.split(' ').collect();
        age_ms -= 1000;
        let age = words
            .last()
            .and_then(|word| word.strip_suffix('s')?.parse().ok());
        if let Some(seconds) = age {
            age_ms = seconds;
            age_ms *= 1000;
            words.pop();
        }
        let id = words[0];
        let asks = words.get(1).copied().unwrap_or("-");
        ticket(id, asks, age_ms)
    });
    tickets.collect()
}

/// A party; its players' wishes stand between `+`. A name alone, a list in brackets, or JSON behind `=`.
fn ticket(id: &str, asks: &str, age_ms: i64) -> Ticket {
    let count = asks.split('+').count();
    let player = |(at, ask): (usize, &str)| {
        let (name, value) = match ask.strip_prefix("roles=") {
            Some(json) => ("roles", json),
            None => ("role", ask),
        };
        let value = match value.strip_prefix('=') {
            Some(json) => serde_json::from_str(json).expect("JSON"),
            None if value == "-" => Json::Null,
            None => match value.strip_prefix('[') {
                Some(list) => list.trim_end_matches(']').split(',').collect(),
                None => Json::from(value),
            },
        };
        let attributes = [(name.into(), Value::from(&value))];
        Player {
            id: match count {
                1 => id.into(),
                _ => format!("{id}{}", at + 1).into(),
            },
            attributes: attributes.into_iter().collect(),
        }
    };
    Ticket {
        id: id.into(),
        created_at_ms: Some(NOW_MS - age_ms),
        players: asks.split('+').enumerate().map(player).collect(),
        ..Ticket::default()
    }
}

/// One tick over the queue.
pub(super) fn play_queue(ruleset: &Json, tickets: Vec<Ticket>) -> Played {
    play(&AgsLogic, &ruleset.to_string(), CONTEXT, tickets).expect("a ruleset")
}

/// Each match as its teams and roles; the tickets that are left with their reasons.
pub(super) fn told(played: &Played) -> (Vec<String>, String) {
    let matches = played.matches.iter().map(tell).collect();
    let left: BTreeMap<&str, _> = played.why_left();
    let left = left.iter().map(|(id, reason)| format!("{id} {reason}"));
    (matches, left.collect::<Vec<_>>().join(", "))
}

fn tell(made: &Match) -> String {
    let team = |tickets: &[Ticket]| {
        let ids: Vec<&str> = tickets.iter().map(|ticket| &*ticket.id).collect();
        format!("[{}]", ids.join(" "))
    };
    let teams: Vec<String> = made.teams.iter().map(|one| team(&one.tickets)).collect();
    let teams = teams.join(" vs ");
    match made.attributes.get("role") {
        Some(Value::Struct(roles)) => format!("{teams}: {}", by_role(roles)),
        None => teams,
        Some(other) => panic!("roles are an object, not {other:?}"),
    }
}

/// `a tank, b c dps`: players by role, in order of the first.
fn by_role(roles: &Attributes) -> String {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for (player, role) in roles.iter() {
        let role = role.as_text().expect("a role is a text");
        match groups.iter_mut().find(|(known, _)| *known == role) {
            Some((_, players)) => players.push(player),
            None => groups.push((role, vec![player])),
        }
    }
    let groups = groups
        .iter()
        .map(|(role, players)| format!("{} {role}", players.join(" ")));
    groups.collect::<Vec<_>>().join(", ")
}

/// Plays an example and holds its matches and what is left against what is right.
pub(super) fn example(ruleset: &Json, tickets: &str, matches: &[&str], left: &str) {
    let played = play_queue(ruleset, queue(tickets));
    let (found, found_left) = told(&played);
    assert_eq!(found, matches, "{tickets}");
    assert_eq!(found_left, left, "{tickets}");
}
