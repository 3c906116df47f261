//! What could be different in a tick.

use std::fmt;

use serde_json::{Map, Value as Json, json};

use super::Scene;
use crate::matching::rules::{find, find_mut};
use crate::matching::{Player, Text, Ticket, Value};

/// One thing that could be different in a tick.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The tick is played so many seconds later.
    Wait {
        /// Seconds, at least 1.
        seconds: u32,
    },
    /// A matching rule has at least that reference at any age.
    Reference {
        /// The rule's place in `matching_rule`.
        rule: usize,
        /// Its attribute.
        attribute: Text,
        /// The ticket's reference as it is.
        from: f64,
        /// What it would have to be.
        to: f64,
    },
    /// A ticket has another latency to a region.
    Latency {
        /// The ticket's place.
        ticket: usize,
        /// The region.
        region: Text,
        /// Its latency as it is, in ms.
        from_ms: i64,
        /// What it would have to be, in ms.
        to_ms: i64,
    },
    /// More players wait, each alone and in everything else like the ticket.
    Players {
        /// The ticket's place.
        like: usize,
        /// How many, at least 1.
        count: u32,
        /// The role that they ask for; `None` for any.
        role: Option<Text>,
    },
    /// A match option is not tested (its type is `disable`).
    OptionOff {
        /// Its name.
        name: Text,
    },
    /// A must-match attribute is not tested (it is an option of type `disable`).
    AttributeOff {
        /// Its name.
        name: Text,
    },
    /// A ticket does not block a player.
    Unblock {
        /// The ticket's place.
        ticket: usize,
        /// Its id.
        id: Text,
        /// The player.
        player: Text,
    },
    /// The players of a ticket take any role.
    AnyRole {
        /// The ticket's place.
        ticket: usize,
    },
    /// A ticket accepts one more sub game mode.
    Mode {
        /// The ticket's place.
        ticket: usize,
        /// The mode.
        name: Text,
    },
    /// A ticket may join a running session.
    AnySession {
        /// The ticket's place.
        ticket: usize,
    },
}

impl Change {
    /// How small it is, against what it changes: waits in minutes, references and latencies as shares,
    /// the others by what they ask of the studio or its players.
    pub fn size(&self) -> f64 {
        match self {
            Self::Wait { seconds } => f64::from(*seconds) / 60.0,
            Self::Reference { from, to, .. } => (to - from) / from.max(1.0),
            #[expect(clippy::cast_precision_loss, reason = "latencies are small")]
            Self::Latency { from_ms, to_ms, .. } => (from_ms - to_ms) as f64 / 50.0,
            Self::Players { count, .. } => f64::from(*count) / 2.0,
            Self::AnyRole { .. } | Self::Mode { .. } | Self::AnySession { .. } => 1.0,
            Self::Unblock { .. } => 1.5,
            Self::OptionOff { .. } | Self::AttributeOff { .. } => 2.0,
        }
    }

    /// Makes the change in a scene.
    pub fn apply(&self, scene: &mut Scene) {
        match self {
            Self::Wait { seconds } => scene.context.now_ms += i64::from(*seconds) * 1000,
            Self::Reference {
                rule,
                attribute,
                to,
                ..
            } => raise_reference(&mut scene.rules, *rule, attribute, *to),
            Self::Latency {
                ticket,
                region,
                to_ms,
                ..
            } => {
                let latencies = scene.tickets[*ticket].latencies.iter_mut();
                for (name, ms) in latencies {
                    if name == region {
                        *ms = *to_ms;
                    }
                }
            }
            Self::Players { like, count, role } => {
                for number in 0..*count {
                    let extra = extra_player(scene, *like, number, role.as_ref());
                    scene.tickets.push(extra);
                }
            }
            Self::OptionOff { name } | Self::AttributeOff { name } => {
                disable(&mut scene.rules, name);
            }
            Self::Unblock { ticket, player, .. } => unblock(&mut scene.tickets[*ticket], player),
            Self::AnyRole { ticket } => {
                for player in &mut scene.tickets[*ticket].players {
                    player.attributes.set("role".into(), Value::from("any"));
                }
            }
            Self::Mode { ticket, name } => {
                let attributes = &mut scene.tickets[*ticket].attributes;
                let mut modes = match attributes.get("sub_game_mode") {
                    Some(Value::List(modes)) => modes.clone(),
                    Some(Value::Null) | None => Vec::new(),
                    Some(one) => vec![one.clone()],
                };
                modes.push(Value::Text(name.clone()));
                attributes.set("sub_game_mode".into(), Value::List(modes));
            }
            Self::AnySession { ticket } => {
                let ticket = &mut scene.tickets[*ticket];
                ticket
                    .attributes
                    .set("new_session_only".into(), false.into());
                ticket.excluded_sessions.clear();
            }
        }
    }
}

/// Sets a rule's reference, and those of the flexing of its attribute, to at least that value.
fn raise_reference(rules: &mut Map<String, Json>, rule: usize, attribute: &str, to: f64) {
    let raise = |entry: &mut Json| {
        let Some(entry) = entry.as_object_mut() else {
            return;
        };
        let stated = find(entry, "reference").and_then(Json::as_f64);
        if stated.is_none_or(|stated| stated < to) {
            set(entry, "reference", json!(to));
        }
        // A maximum below the largest reference is refused.
        let normalization = find(entry, "normalizationMax").and_then(Json::as_f64);
        if normalization.is_some_and(|stated| stated > 0.0 && stated < to) {
            set(entry, "normalizationMax", json!(to));
        }
    };
    if let Some(Json::Array(entries)) = find_mut(rules, "matching_rule")
        && let Some(entry) = entries.get_mut(rule)
    {
        raise(entry);
    }
    if let Some(Json::Array(entries)) = find_mut(rules, "flexing_rule") {
        let of_rule = entries.iter_mut().filter(|entry| {
            let fields = entry.as_object();
            let of = fields.and_then(|fields| find(fields, "attribute"));
            of.and_then(Json::as_str) == Some(attribute)
        });
        of_rule.for_each(raise);
    }
}

/// Sets a key as it is spelled already, or else as it is known.
fn set(fields: &mut Map<String, Json>, key: &str, value: Json) {
    match find_mut(fields, key) {
        Some(stated) => *stated = value,
        None => {
            fields.insert(key.to_owned(), value);
        }
    }
}

/// Makes an attribute an option that is not tested.
fn disable(rules: &mut Map<String, Json>, name: &str) {
    if !find(rules, "match_options").is_some_and(Json::is_object) {
        set(rules, "match_options", json!({}));
    }
    let Some(Json::Object(options)) = find_mut(rules, "match_options") else {
        return;
    };
    if !find(options, "options").is_some_and(Json::is_array) {
        set(options, "options", json!([]));
    }
    let Some(Json::Array(entries)) = find_mut(options, "options") else {
        return;
    };
    let is_named = |entry: &&mut Json| {
        let fields = entry.as_object();
        let of = fields.and_then(|fields| find(fields, "name"));
        of.and_then(Json::as_str) == Some(name)
    };
    match entries.iter_mut().find(is_named) {
        Some(Json::Object(entry)) => set(entry, "type", json!("disable")),
        _ => entries.push(json!({"name": name, "type": "disable"})),
    }
}

fn unblock(ticket: &mut Ticket, player: &Text) {
    const BLOCKED: &str = "blocked_players";
    let kept = match ticket.attributes.get(BLOCKED) {
        Some(Value::List(ids)) => {
            let others = ids.iter().filter(|id| id.as_text() != Some(player));
            others.cloned().collect()
        }
        _ => Vec::new(),
    };
    ticket.attributes.set(BLOCKED.into(), Value::List(kept));
}

/// A player who has just queued alone, in everything like the first one of a ticket.
fn extra_player(scene: &Scene, like: usize, number: u32, role: Option<&Text>) -> Ticket {
    let model = &scene.tickets[like];
    let name = |what: &str| Text::from(format!("{what} {number} like {}", model.id));
    let mut player = Player {
        id: name("player"),
        attributes: model
            .players
            .first()
            .map(|player| player.attributes.clone())
            .unwrap_or_default(),
    };
    let role = role.map_or_else(|| Value::from("any"), |role| Value::Text(role.clone()));
    player.attributes.set("role".into(), role);
    let mut attributes = model.attributes.clone();
    attributes.set("blocked_players".into(), Value::List(Vec::new()));
    let last = scene.tickets.iter().map(|ticket| ticket.arrival).max();
    Ticket {
        id: name("ticket"),
        pool: model.pool.clone(),
        arrival: last.map_or(0, |last| last + 1),
        players: vec![player],
        latencies: model.latencies.clone(),
        attributes,
        ..Ticket::default()
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wait { seconds } => write!(f, "{seconds} s later"),
            Self::Reference {
                attribute,
                from,
                to,
                ..
            } => write!(f, "`{attribute}` within {to} instead of {from}"),
            Self::Latency {
                region,
                from_ms,
                to_ms,
                ..
            } => write!(
                f,
                "{} ms less to {region} ({to_ms} ms instead of {from_ms})",
                from_ms - to_ms
            ),
            Self::Players { count, role, .. } => {
                let many = if *count == 1 { "player" } else { "players" };
                match role {
                    Some(role) => write!(f, "{count} more {many} of its kind as `{role}`"),
                    None => write!(f, "{count} more {many} of its kind"),
                }
            }
            Self::OptionOff { name } => write!(f, "without the option `{name}`"),
            Self::AttributeOff { name } => {
                write!(f, "with any `{name}` (an option of type `disable`)")
            }
            Self::Unblock { id, player, .. } => {
                write!(f, "without the block of player {player} by ticket {id}")
            }
            Self::AnyRole { .. } => f.write_str("with its players taking any role"),
            Self::Mode { name, .. } => write!(f, "accepting the mode `{name}`, too"),
            Self::AnySession { .. } => f.write_str("allowing every running session"),
        }
    }
}
