//! What a valid match is, stated the slow and obvious way (docs/semantics.md, "Alliance strategy").
//!
//! It shares no code with the search, only the types: what both say the same must be so. A fault
//! starts with the name of the rule that is broken.

pub(super) mod brute;
mod fields;
pub(super) mod pool;
mod props;
mod tests;

use crate::matching::alliance::{
    AllianceRules, BlockPolicy, DistanceRule, MatchOption, OptionKind, TeamBounds,
};
use crate::matching::{Attributes, Match, Ticket, Value};

/// Why a group of tickets is not a match.
type Fault = Result<(), String>;

/// Ticket attributes that the must-match rule leaves alone, besides the options.
const NEVER_TESTED: [&str; 10] = [
    "match_attempt",
    "latencies",
    "member_attributes",
    "sub_game_mode",
    "blocked_players",
    "blocked_players_detail",
    "new_session_only",
    "role",
    "cross_platform",
    "current_platform",
];

/// Ticket attributes that are tested in any case; absent is as good as empty.
const NAMES: [&str; 2] = ["server_name", "client_version"];

/// Checks a match that was made when the ticket with the id `pivot` was the pivot.
pub(super) fn check_match(rules: &AllianceRules, now_ms: i64, pivot: &str, made: &Match) -> Fault {
    let tickets: Vec<&Ticket> = made.tickets().collect();
    let found = tickets.iter().find(|ticket| ticket.id == pivot);
    let pivot = found.ok_or_else(|| format!("pivot: `{pivot}` is not in its match"))?;
    let judge = Judge {
        rules,
        now_ms,
        pivot,
    };
    judge.group(&tickets)?;
    judge.preferences(&tickets, &made.region_preferences)?;
    let teams: Vec<Vec<&Ticket>> = made
        .teams
        .iter()
        .map(|team| team.tickets.iter().collect())
        .collect();
    judge.teams(&teams)?;
    Judge::team_ids(made)?;
    judge.fields(&tickets, made)
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
        let created = ticket.created_at_ms.unwrap_or(self.now_ms);
        self.now_ms.saturating_sub(created).max(0)
    }

    fn is_pivot(&self, ticket: &Ticket) -> bool {
        std::ptr::eq(ticket, self.pivot)
    }

    /// The bounds at the pivot's age.
    fn bounds(&self) -> TeamBounds {
        let age = self.age(self.pivot);
        let elapsed = self.rules.team_flexing.iter();
        let elapsed = elapsed.filter(|flex| age > flex.after_ms);
        let last = elapsed.max_by_key(|flex| flex.after_ms);
        last.map_or(self.rules.teams, |flex| flex.teams)
    }

    /// Everything but the region and the teams. The pivot has to be one of the tickets.
    fn group(&self, tickets: &[&Ticket]) -> Fault {
        for ticket in tickets {
            self.fit(ticket)?;
        }
        for ticket in tickets.iter().filter(|ticket| !self.is_pivot(ticket)) {
            self.distances(ticket)?;
            self.must_match(ticket)?;
            self.names(ticket)?;
        }
        for (a, b) in pairs(tickets) {
            shared_player(a, b)?;
            if self.rules.blocks == BlockPolicy::CannotMatch {
                block(a, b)?;
            }
        }
        for option in &self.rules.options {
            self.option(option, tickets)?;
        }
        self.cross_play(tickets)
    }

    /// A ticket that can be in a match at all.
    fn fit(&self, ticket: &Ticket) -> Fault {
        if let Err(fault) = ticket.check() {
            return Err(format!("fit: `{}`: {fault}", ticket.id));
        }
        let under = |(_, ms): &(_, i64)| self.rules.regions.max_ms.is_none_or(|cap| *ms <= cap);
        if !ticket.latencies.is_empty() && !ticket.latencies.iter().any(under) {
            return Err(format!("fit: `{}` has no latency under the cap", ticket.id));
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

    /// The attributes of the pivot that a candidate must have too, without the two names.
    fn musts(&self) -> Attributes {
        let is_option = |name: &str| self.rules.options.iter().any(|option| option.name == name);
        let own = self.pivot.attributes.iter();
        own.filter(|(name, value)| {
            !is_option(name)
                && !NEVER_TESTED.contains(&&***name)
                && !NAMES.contains(&&***name)
                && **value != Value::Null
                && **value != Value::from("")
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
    }

    fn must_match(&self, ticket: &Ticket) -> Fault {
        for (name, value) in self.musts().iter() {
            if ticket.attributes.get(name) != Some(value) {
                return Err(format!(
                    "must-match: `{}` differs from `{}` in {name}",
                    ticket.id, self.pivot.id
                ));
            }
        }
        Ok(())
    }

    fn names(&self, ticket: &Ticket) -> Fault {
        for name in NAMES {
            if text(ticket, name) != text(self.pivot, name) {
                return Err(format!(
                    "{name}: `{}` differs from `{}`",
                    ticket.id, self.pivot.id
                ));
            }
        }
        Ok(())
    }

    fn option(&self, option: &MatchOption, tickets: &[&Ticket]) -> Fault {
        let name = &option.name;
        let having: Vec<Vec<&Value>> = tickets
            .iter()
            .filter_map(|ticket| values(ticket, name))
            .collect();
        if having.is_empty() || option.kind == OptionKind::Disable {
            return Ok(());
        }
        let all_have = having.len() == tickets.len();
        let fault = match option.kind {
            OptionKind::Any | OptionKind::All if !all_have => Some("some have it, some have not"),
            OptionKind::Any => {
                let shared = |value: &&&Value| having.iter().all(|other| other.contains(value));
                having[0]
                    .iter()
                    .find(shared)
                    .is_none()
                    .then_some("any: no common value")
            }
            OptionKind::All => {
                let same = |set: &Vec<&Value>| {
                    set.iter().all(|value| having[0].contains(value))
                        && having[0].iter().all(|value| set.contains(value))
                };
                (!having.iter().all(same)).then_some("all: the sets differ")
            }
            OptionKind::Unique if values(self.pivot, name).is_some() && !all_have => {
                Some("unique: the pivot has it, another has not")
            }
            OptionKind::Unique => {
                let mut both = pairs(&having);
                both.any(|(a, b)| a.iter().any(|value| b.contains(value)))
                    .then_some("unique: a value occurs twice")
            }
            OptionKind::Disable => None,
        };
        fault.map_or(Ok(()), |fault| Err(format!("option: {name}: {fault}")))
    }

    fn cross_play(&self, tickets: &[&Ticket]) -> Fault {
        let is_active = |option: &MatchOption| {
            option.name == "cross_platform" && option.kind == OptionKind::Any
        };
        if !self.rules.options.iter().any(is_active)
            || values(self.pivot, "current_platform").is_none()
        {
            return Ok(());
        }
        for (a, b) in pairs(tickets) {
            for (from, to) in [(a, b), (b, a)] {
                let current = values(from, "current_platform").unwrap_or_default();
                let allowed = values(to, "cross_platform").unwrap_or_default();
                if !current.iter().all(|platform| allowed.contains(platform)) {
                    return Err(format!(
                        "cross-play: `{}` does not play with `{}`",
                        to.id, from.id
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
        let Some(latency) = ticket.latency(region) else {
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
            let players = team.iter().map(|ticket| ticket.players.len()).sum();
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

/// The mean over the party; what is missing or no number counts 0.
fn mean(ticket: &Ticket, attribute: &str) -> f64 {
    let number = |value: Option<&Value>| value.and_then(Value::as_number).unwrap_or(0.0);
    let mut sum = 0.0;
    for player in &ticket.players {
        sum += number(player.attributes.get(attribute));
    }
    sum / ticket.players.len() as f64
}

/// The reference at that age.
fn reference(rule: &DistanceRule, age_ms: i64) -> Option<f64> {
    let elapsed = rule.flexing.iter().filter(|flex| age_ms > flex.after_ms);
    let last = elapsed.max_by_key(|flex| flex.after_ms);
    last.map_or(rule.reference, |flex| flex.reference)
}

/// The values of an option: `None` without the attribute, for `null` and for an empty list.
fn values<'t>(ticket: &'t Ticket, name: &str) -> Option<Vec<&'t Value>> {
    match ticket.attributes.get(name)? {
        Value::Null => None,
        Value::List(list) if list.is_empty() => None,
        Value::List(list) => Some(list.iter().collect()),
        scalar => Some(vec![scalar]),
    }
}

/// A text attribute; empty when it is absent.
fn text<'t>(ticket: &'t Ticket, name: &str) -> &'t str {
    let value = ticket.attributes.get(name);
    value.and_then(Value::as_text).unwrap_or_default()
}

/// The ids that a ticket blocks.
fn blocked(ticket: &Ticket) -> Vec<&str> {
    let list = values(ticket, "blocked_players").unwrap_or_default();
    list.into_iter().filter_map(Value::as_text).collect()
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

/// The lowest latency of a ticket that has some.
fn best(ticket: &Ticket) -> i64 {
    let latencies = ticket.latencies.iter().map(|(_, ms)| *ms);
    latencies.min().unwrap_or(0)
}
