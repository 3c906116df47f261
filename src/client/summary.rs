//! The result of a tick in numbers.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use prost_types::Timestamp;
use serde_json::Value;

/// Collects matches as they come.
#[derive(Debug)]
pub(super) struct Summary {
    /// The attribute whose spread is shown.
    attribute: String,
    now_ms: i64,
    sent: Count,
    matched: Count,
    teams: BTreeMap<usize, usize>,
    players: BTreeMap<usize, usize>,
    backfill: usize,
    within: Vec<f64>,
    between: Vec<f64>,
    waits_s: Vec<f64>,
    pub(super) first: Option<Duration>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    tickets: usize,
    players: usize,
}

impl Count {
    fn add(&mut self, ticket: &Value) {
        self.tickets += 1;
        self.players += entries(&ticket["players"]).len();
    }
}

impl Summary {
    pub(super) fn new(attribute: &str, now_ms: i64) -> Self {
        Self {
            attribute: attribute.to_owned(),
            now_ms,
            sent: Count::default(),
            matched: Count::default(),
            teams: BTreeMap::new(),
            players: BTreeMap::new(),
            backfill: 0,
            within: Vec::new(),
            between: Vec::new(),
            waits_s: Vec::new(),
            first: None,
        }
    }

    /// A ticket that is sent.
    pub(super) fn sent(&mut self, ticket: &Value) {
        self.sent.add(ticket);
    }

    /// A match that was received, and when.
    pub(super) fn a_match(&mut self, made: &Value, after: Duration) {
        self.first.get_or_insert(after);
        let mut skills = HashMap::new();
        for ticket in entries(&made["tickets"]) {
            self.matched.add(ticket);
            self.waits_s.extend(wait_s(ticket, self.now_ms));
            for player in entries(&ticket["players"]) {
                let skill = player["attributes"][&self.attribute].as_f64();
                skills.insert(player["player_id"].as_str(), skill.unwrap_or_default());
            }
        }
        let mut means = Vec::new();
        for team in entries(&made["teams"]) {
            let ids = entries(&team["user_ids"]).iter().map(Value::as_str);
            let team: Vec<f64> = ids.filter_map(|id| skills.get(&id).copied()).collect();
            *self.teams.entry(team.len()).or_default() += 1;
            if !team.is_empty() {
                #[expect(clippy::cast_precision_loss, reason = "teams are small")]
                means.push(team.iter().sum::<f64>() / team.len() as f64);
            }
        }
        *self.players.entry(skills.len()).or_default() += 1;
        self.backfill += usize::from(made["backfill"] == true);
        self.within.extend(range(skills.into_values()));
        if means.len() > 1 {
            self.between.extend(range(means));
        }
    }
}

fn entries(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// How long a ticket had waited, in seconds.
fn wait_s(ticket: &Value, now_ms: i64) -> Option<f64> {
    let created = Timestamp::from_str(ticket["CreatedAt"].as_str()?).ok()?;
    let created_ms = created.seconds * 1000 + i64::from(created.nanos / 1_000_000);
    #[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
    Some((now_ms - created_ms) as f64 / 1000.0)
}

/// The difference between minimum and maximum.
fn range(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values = values.into_iter();
    let first = values.next()?;
    let (low, high) = values.fold((first, first), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    Some(high - low)
}

/// Median, 95th percentile and maximum.
fn spread(values: &[f64], unit: &str) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let Some(maximum) = sorted.last() else {
        return "none".to_owned();
    };
    let at = |percent: usize| sorted[(sorted.len() * percent).div_ceil(100).max(1) - 1];
    format!(
        "half up to {:.0}{unit}, 95% up to {:.0}{unit}, most {maximum:.0}{unit}",
        at(50),
        at(95)
    )
}

fn histogram(counts: &BTreeMap<usize, usize>) -> String {
    if counts.is_empty() {
        return "none".to_owned();
    }
    let counts = counts
        .iter()
        .map(|(size, count)| format!("{count} of {size}"));
    counts.collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, matched, .. } = self;
        let matches: usize = self.players.values().sum();
        writeln!(
            f,
            "  tickets     {} sent, {} matched, {} left over",
            sent.tickets,
            matched.tickets,
            sent.tickets.saturating_sub(matched.tickets)
        )?;
        writeln!(
            f,
            "  players     {} sent, {} matched, {} left over",
            sent.players,
            matched.players,
            sent.players.saturating_sub(matched.players)
        )?;
        writeln!(
            f,
            "  matches     {matches}, {} of them ask for backfill",
            self.backfill
        )?;
        writeln!(f, "  players in  matches: {}", histogram(&self.players))?;
        writeln!(f, "              teams: {}", histogram(&self.teams))?;
        let name = &self.attribute;
        writeln!(f, "  {name} apart in a match: {}", spread(&self.within, ""))?;
        writeln!(
            f,
            "  {name} apart between team means: {}",
            spread(&self.between, "")
        )?;
        writeln!(
            f,
            "  wait of those matched: {}",
            spread(&self.waits_s, " s")
        )?;
        match self.first {
            Some(first) => write!(f, "  first match after {first:.1?}"),
            None => write!(f, "  no match"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_match_in_numbers() {
        let ticket = |ids: &[(&str, f64)], second: u32| {
            let players: Vec<_> = ids
                .iter()
                .map(|(id, mmr)| json!({"player_id": id, "attributes": {"mmr": mmr}}))
                .collect();
            json!({"players": players, "CreatedAt": format!("2026-01-02T03:04:{second:02}Z")})
        };
        let (a, b) = (
            ticket(&[("x", 1000.0), ("y", 1200.0)], 5),
            ticket(&[("z", 1150.0)], 25),
        );
        let made = json!({"tickets": [a, b], "backfill": true,
            "teams": [{"user_ids": ["x", "y"]}, {"user_ids": ["z"]}]});
        let now = Timestamp::from_str("2026-01-02T03:04:35Z").unwrap().seconds * 1000;
        let mut summary = Summary::new("mmr", now);
        [&a, &b, &b]
            .into_iter()
            .for_each(|ticket| summary.sent(ticket));
        summary.a_match(&made, Duration::from_millis(3));
        let expected = "  tickets     3 sent, 2 matched, 1 left over
  players     4 sent, 3 matched, 1 left over
  matches     1, 1 of them ask for backfill
  players in  matches: 1 of 3
              teams: 1 of 1, 1 of 2
  mmr apart in a match: half up to 200, 95% up to 200, most 200
  mmr apart between team means: half up to 50, 95% up to 50, most 50
  wait of those matched: half up to 10 s, 95% up to 30 s, most 30 s
  first match after 3.0ms";
        assert_eq!(summary.to_string(), expected);
    }

    #[test]
    fn percentiles_are_values_that_occur() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(spread(&values, ""), "half up to 50, 95% up to 95, most 100");
        assert_eq!(
            spread(&[7.0], " s"),
            "half up to 7 s, 95% up to 7 s, most 7 s"
        );
        assert_eq!(spread(&[], ""), "none");
    }
}
