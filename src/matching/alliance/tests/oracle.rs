//! What a valid match is, stated the slow and obvious way (docs/semantics.md, "Alliance strategy").
//!
//! It shares no code with the search, nor with the plain reading beside it, only the types: what all
//! of them say the same must be so. A fault starts with the name of the rule that is broken.

mod asked;
pub(super) mod brute;
mod fields;
mod played;
pub(super) mod pool;
mod props;
pub(super) mod quality;
mod reading;
mod sentences;
mod split;
mod tests;

use std::collections::BTreeSet;

use crate::matching::alliance::{AllianceRules, BlockPolicy, DistanceRule, TeamBounds};
use crate::matching::{Attributes, Match, Ticket, Value};

/// Why a group of tickets is not a match.
type Fault = Result<(), String>;

/// Ticket attributes that are tested in any case; absent is as good as empty.
const NAMES: [&str; 2] = ["server_name", "client_version"];

/// 1 January 2000, in Unix ms: a time before it was never set.
const YEAR_2000: i64 = 946_684_800_000;

/// Checks a match that was made when the ticket with the id `pivot` was the pivot.
pub(super) fn check_match(rules: &AllianceRules, now_ms: i64, pivot: &str, made: &Match) -> Fault {
    let tickets: Vec<&Ticket> = made.tickets().collect();
    let found = tickets.iter().find(|ticket| ticket.id == pivot);
    let pivot = found.ok_or_else(|| format!("pivot: `{pivot}` is not in its match"))?;
    let judge = Judge::new(rules, now_ms, pivot);
    judge.group(&tickets)?;
    judge.preferences(&tickets, &made.region_preferences)?;
    judge.teams(&teams_of(made))?;
    Judge::team_ids(made)?;
    judge.fields(&tickets, made)
}

/// The tickets of each team.
fn teams_of(made: &Match) -> Vec<Vec<&Ticket>> {
    let teams = made.teams.iter();
    teams.map(|team| team.tickets.iter().collect()).collect()
}

/// The rules as they hold for the matches of one pivot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judge<'a> {
    rules: &'a AllianceRules,
    now_ms: i64,
    pivot: &'a Ticket,
}

impl<'a> Judge<'a> {
    pub(super) fn new(rules: &'a AllianceRules, now_ms: i64, pivot: &'a Ticket) -> Self {
        Judge {
            rules,
            now_ms,
            pivot,
        }
    }

    fn age(&self, ticket: &Ticket) -> i64 {
        self.now_ms - created(self.now_ms, ticket)
    }

    fn is_pivot(&self, ticket: &Ticket) -> bool {
        std::ptr::eq(ticket, self.pivot)
    }

    /// Whether it had its turn before the pivot.
    fn is_older(&self, ticket: &Ticket) -> bool {
        let place = |ticket| (created(self.now_ms, ticket), ticket.arrival);
        place(ticket) < place(self.pivot)
    }

    /// The bounds at the pivot's age.
    fn bounds(&self) -> TeamBounds {
        let age = self.age(self.pivot);
        let elapsed = self.rules.layout.flexing.iter();
        let elapsed = elapsed.filter(|flex| age > flex.after_ms);
        let last = elapsed.max_by_key(|flex| flex.after_ms);
        last.map_or(self.rules.layout.first.teams, |flex| flex.stage.teams)
    }

    /// Everything but the region and the teams. The pivot has to be one of the tickets.
    fn group(&self, tickets: &[&Ticket]) -> Fault {
        for ticket in tickets {
            self.fit(ticket)?;
        }
        for ticket in tickets.iter().filter(|ticket| !self.is_pivot(ticket)) {
            self.distances(ticket)?;
        }
        self.must_match(tickets)?;
        self.names(tickets)?;
        for (a, b) in pairs(tickets) {
            shared_player(a, b)?;
            if self.rules.blocks == BlockPolicy::CannotMatch {
                block(a, b)?;
            }
        }
        self.options(tickets)?;
        self.cross_play(tickets)
    }

    /// A ticket that can be in a match at all.
    fn fit(&self, ticket: &Ticket) -> Fault {
        let fault = |why| Err(format!("fit: `{}` {why}", ticket.id));
        let ids: BTreeSet<&str> = ticket.player_ids().map(|id| &**id).collect();
        if ids.is_empty() || ids.contains("") {
            return fault("lacks a player");
        }
        if ids.len() < ticket.players.len() {
            return fault("has a player twice");
        }
        let players = ticket.players.iter().map(|player| &player.attributes);
        let mut all = players
            .chain([&ticket.attributes])
            .flat_map(Attributes::iter);
        if !all.all(|(_, value)| is_finite(value)) {
            return fault("has a number that is not finite");
        }
        let under = |ms: &i64| self.rules.regions.max_ms.is_none_or(|cap| *ms <= cap);
        if !ticket.latencies.is_empty() && !measured(ticket).any(|ms| under(&ms)) {
            return fault("has no latency under the cap");
        }
        Ok(())
    }

    fn distances(&self, ticket: &Ticket) -> Fault {
        for rule in &self.rules.distances {
            let distance =
                (mean(self.pivot, &rule.attribute) - mean(ticket, &rule.attribute)).abs();
            for asked in [self.pivot, ticket] {
                let reference = reference(rule, self.age(asked));
                if reference.is_some_and(|reference| distance > reference) {
                    return Err(format!(
                        "distance: `{}` is {distance} in {} from `{}`, too far for `{}`",
                        ticket.id, rule.attribute, self.pivot.id, asked.id
                    ));
                }
            }
        }
        Ok(())
    }

    /// Whether a ticket may play in that region.
    fn is_open(&self, ticket: &Ticket, region: &str) -> bool {
        let regions = &self.rules.regions;
        if ticket.latencies.is_empty() {
            return true;
        }
        let Some(latency) = latency(ticket, region) else {
            return false;
        };
        if regions.max_ms.is_some_and(|cap| latency > cap) {
            return false;
        }
        let pivot_age = self.age(self.pivot);
        let one_way = regions.one_way_after_ms.is_some_and(|ms| pivot_age > ms);
        if one_way && !self.is_pivot(ticket) {
            return true;
        }
        let age = i128::from(self.age(ticket));
        let rate = i128::from(regions.rate_ms);
        let step = ((age + rate - 1) / rate).max(1);
        let slack = i128::from(regions.initial_ms) + (step - 1) * i128::from(regions.range_ms);
        i128::from(latency) <= i128::from(best(ticket)) + slack
    }

    /// Whether all of them may play there.
    fn region(&self, tickets: &[&Ticket], region: &str) -> bool {
        tickets.iter().all(|ticket| self.is_open(ticket, region))
    }

    /// Teams by the pivot's bounds.
    fn teams(&self, teams: &[Vec<&Ticket>]) -> Fault {
        let bounds = self.bounds();
        let within =
            |number: usize, min: u32, max: u32| (min as usize..=max as usize).contains(&number);
        if !within(teams.len(), bounds.teams_min, bounds.teams_max) {
            return Err(format!("teams: {} for {bounds:?}", teams.len()));
        }
        for team in teams {
            let players = players(team);
            if !within(players, bounds.players_min, bounds.players_max) {
                return Err(format!("players: a team of {players} for {bounds:?}"));
            }
            if self.rules.blocks == BlockPolicy::DifferentTeam {
                for (a, b) in pairs(team) {
                    block(a, b)?;
                }
            }
        }
        Ok(())
    }
}

/// Each with each.
fn pairs<T>(items: &[T]) -> impl Iterator<Item = (&T, &T)> {
    let with_rest = |(at, a)| items[at + 1..].iter().map(move |b| (a, b));
    items.iter().enumerate().flat_map(with_rest)
}

fn players(tickets: &[&Ticket]) -> usize {
    tickets.iter().map(|ticket| ticket.players.len()).sum()
}

/// When it was queued: now, if that was not said, lies ahead, or is a time that was never set.
fn created(now_ms: i64, ticket: &Ticket) -> i64 {
    let is_set = |ms: &i64| (YEAR_2000..now_ms).contains(ms);
    ticket.created_at_ms.filter(is_set).unwrap_or(now_ms)
}

fn is_finite(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_finite(),
        Value::List(values) => values.iter().all(is_finite),
        Value::Struct(fields) => fields.iter().all(|(_, value)| is_finite(value)),
        Value::Null | Value::Bool(_) | Value::Text(_) => true,
    }
}

/// The mean over the party; what is missing or not a number counts 0.
fn mean(ticket: &Ticket, attribute: &str) -> f64 {
    let mut sum = 0.0;
    for player in &ticket.players {
        if let Some(Value::Number(number)) = player.attributes.get(attribute) {
            sum += number;
        }
    }
    sum / ticket.players.len() as f64
}

/// The reference at that age.
fn reference(rule: &DistanceRule, age_ms: i64) -> Option<f64> {
    let elapsed = rule.flexing.iter().filter(|flex| age_ms > flex.after_ms);
    let last = elapsed.max_by_key(|flex| flex.after_ms);
    last.map_or(rule.reference, |flex| flex.reference)
}

/// The ids that a ticket blocks: a list, or one as plain text.
fn blocked(ticket: &Ticket) -> Vec<&str> {
    match ticket.attributes.get("blocked_players") {
        Some(Value::List(ids)) => ids.iter().filter_map(Value::as_text).collect(),
        Some(Value::Text(id)) => vec![&**id],
        _ => vec![],
    }
}

fn block(a: &Ticket, b: &Ticket) -> Fault {
    for (from, to) in [(a, b), (b, a)] {
        let blocked = blocked(from);
        if to.player_ids().any(|id| blocked.contains(&&**id)) {
            return Err(format!("block: `{}` blocks `{}`", from.id, to.id));
        }
    }
    Ok(())
}

fn shared_player(a: &Ticket, b: &Ticket) -> Fault {
    if a.player_ids()
        .any(|id| b.player_ids().any(|other| other == id))
    {
        return Err(format!("shared player: `{}` and `{}`", a.id, b.id));
    }
    Ok(())
}

/// The latencies of a ticket; a negative one is not a measurement.
fn measured(ticket: &Ticket) -> impl Iterator<Item = i64> {
    let all = ticket.latencies.iter().map(|(_, ms)| *ms);
    all.filter(|ms| *ms >= 0)
}

/// The latency of a ticket to a region that it has measured.
fn latency(ticket: &Ticket, region: &str) -> Option<i64> {
    let mut all = ticket.latencies.iter();
    let found = all.find(|(name, _)| *name == region);
    found.map(|(_, ms)| *ms).filter(|ms| *ms >= 0)
}

/// The lowest latency of a ticket that has some.
fn best(ticket: &Ticket) -> i64 {
    measured(ticket).min().unwrap_or(0)
}
