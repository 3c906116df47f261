//! What the plain reading knows of a ticket, read once.

use crate::matching::alliance::{AllianceRules, OptionKind};
use crate::matching::{Ticket, Value};

/// Milliseconds from 1970 to 2000.
const CENTURY: i64 = 946_684_800 * 1000;

/// Attributes that never have to be equal.
const FREE: &str = " match_attempt latencies member_attributes sub_game_mode blocked_players \
    blocked_players_detail new_session_only role current_platform server_name client_version ";

#[derive(Debug)]
pub(super) struct Card<'a> {
    pub(super) ticket: &'a Ticket,
    /// Its place in the queue: oldest first, then by arrival.
    pub(super) place: (i64, u32),
    pub(super) age_ms: i64,
    /// Whether it can be matched at all, sizes apart.
    pub(super) is_sound: bool,
    /// For each distance rule the party's mean and how far away others may be.
    pub(super) measures: Vec<(f64, Option<f64>)>,
    /// The measured regions, best first.
    pub(super) regions: Vec<(i64, &'a str)>,
    /// What has to be equal.
    pub(super) musts: Vec<(&'a str, &'a Value)>,
    pub(super) server: &'a str,
    pub(super) version: &'a str,
    /// For each option the values, none if it lacks the attribute.
    pub(super) options: Vec<Vec<&'a Value>>,
    /// The platforms that it is on and those that it plays with, if the ruleset looks at them.
    pub(super) platforms: Option<(Vec<&'a Value>, Vec<&'a Value>)>,
    pub(super) blocked: Vec<&'a str>,
}

impl<'a> Card<'a> {
    pub(super) fn new(rules: &'a AllianceRules, now_ms: i64, ticket: &'a Ticket) -> Self {
        let age_ms = match ticket.created_at_ms {
            Some(ms) if ms >= CENTURY && ms < now_ms => now_ms - ms,
            _ => 0,
        };
        let latencies = ticket.latencies.iter();
        let mut regions: Vec<(i64, &str)> = latencies.map(|(name, ms)| (*ms, &**name)).collect();
        regions.retain(|(ms, _)| *ms >= 0);
        regions.sort_unstable();
        let text = |name: &str| match ticket.attributes.get(name) {
            Some(Value::Text(text)) => &**text,
            _ => "",
        };
        let looks_at_platforms = rules
            .options
            .iter()
            .any(|option| *option.name == *"cross_platform" && option.kind == OptionKind::Any);
        let list = |name: &str| listed(ticket.attributes.get(name));
        Card {
            ticket,
            place: (-age_ms, ticket.arrival),
            age_ms,
            is_sound: is_sound(rules, ticket, &regions),
            measures: measures(rules, ticket, age_ms),
            regions,
            musts: musts(rules, ticket),
            server: text("server_name"),
            version: text("client_version"),
            options: rules
                .options
                .iter()
                .map(|option| list(&option.name))
                .collect(),
            platforms: looks_at_platforms
                .then(|| (list("current_platform"), list("cross_platform"))),
            blocked: list("blocked_players")
                .into_iter()
                .filter_map(Value::as_text)
                .collect(),
        }
    }

    pub(super) fn size(&self) -> usize {
        self.ticket.players.len()
    }

    pub(super) fn has_player(&self, id: &str) -> bool {
        self.ticket.players.iter().any(|player| player.id == *id)
    }

    /// Whether a player of one blocks one of the other.
    pub(super) fn is_at_odds(&self, other: &Self) -> bool {
        self.blocked.iter().any(|id| other.has_player(id))
            || other.blocked.iter().any(|id| self.has_player(id))
    }

    pub(super) fn must(&self, name: &str) -> Option<&'a Value> {
        let found = self.musts.iter().find(|(own, _)| *own == name);
        found.map(|(_, value)| *value)
    }
}

/// A list, or one value as a list of one.
fn listed(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::List(values)) => values.iter().collect(),
        Some(Value::Null) | None => Vec::new(),
        Some(value) => vec![value],
    }
}

fn is_sound(rules: &AllianceRules, ticket: &Ticket, measured: &[(i64, &str)]) -> bool {
    let mut ids: Vec<&str> = ticket.players.iter().map(|player| &*player.id).collect();
    ids.sort_unstable();
    let players =
        !ids.is_empty() && !ids[0].is_empty() && ids.windows(2).all(|ids| ids[0] < ids[1]);
    // No other value prints like these, and a text is printed between quotation marks.
    let shown = format!("{:?}{:?}", ticket.attributes, ticket.players);
    let finite = !["Number(NaN)", "Number(inf)", "Number(-inf)"]
        .iter()
        .any(|odd| shown.contains(odd));
    let reach = match (measured.first(), rules.regions.max_ms) {
        (None, _) => ticket.latencies.is_empty(),
        (Some((best, _)), Some(cap)) => *best <= cap,
        (Some(_), None) => true,
    };
    players && finite && reach
}

/// Durations are sorted, so the last one that has passed is the largest.
fn measures(rules: &AllianceRules, ticket: &Ticket, age_ms: i64) -> Vec<(f64, Option<f64>)> {
    let measure = |rule: &crate::matching::alliance::DistanceRule| {
        let values = ticket.players.iter().map(|player| {
            let value = player.attributes.get(&rule.attribute);
            value.and_then(Value::as_number).unwrap_or(0.0)
        });
        let mean = values.sum::<f64>() / ticket.players.len() as f64;
        let mut reach = rule.reference;
        for flex in &rule.flexing {
            if flex.after_ms < age_ms {
                reach = flex.reference;
            }
        }
        (mean, reach)
    };
    rules.distances.iter().map(measure).collect()
}

fn musts<'a>(rules: &AllianceRules, ticket: &'a Ticket) -> Vec<(&'a str, &'a Value)> {
    let mut musts = Vec::new();
    for (name, value) in ticket.attributes.iter() {
        let asks_for_nothing = match value {
            Value::Null => true,
            Value::Text(text) => text.is_empty(),
            _ => false,
        };
        let is_free = FREE.contains(&format!(" {name} "))
            || rules.options.iter().any(|option| option.name == *name)
            || (&**name == "cross_platform" && rules.options.is_empty());
        if !asks_for_nothing && !is_free {
            musts.push((&**name, value));
        }
    }
    musts
}
