//! A session as it fills up, and which ticket may join it.

use std::collections::HashSet;

use crate::matching::alliance::{AllianceRules, BlockPolicy, DistanceRule, TeamBounds};
use crate::matching::{Session, Text, Ticket, Value};

use super::super::CONTEXT;

/// 1 January 2000, in Unix ms.
const YEAR_2000: i64 = 946_684_800_000;

/// A session, and the tickets that have joined it.
#[derive(Debug, Clone)]
pub(in super::super) struct Running<'a> {
    pub(super) rules: &'a AllianceRules,
    pub(super) session: &'a Session,
    pub(super) added: Vec<&'a Ticket>,
    pub(super) teams: Vec<Vec<&'a Text>>,
}

/// Now, if the time was not said, lies ahead, or was never set.
pub(in super::super) fn created(ms: Option<i64>) -> i64 {
    let is_set = |ms: &i64| (YEAR_2000..CONTEXT.now_ms).contains(ms);
    ms.filter(is_set).unwrap_or(CONTEXT.now_ms)
}

pub(super) fn age_ms(ms: Option<i64>) -> i64 {
    CONTEXT.now_ms - created(ms)
}

/// The sum of an attribute over players, and how many there are.
fn skill(tickets: &[&Ticket], attribute: &str) -> (f64, f64) {
    let players = || tickets.iter().flat_map(|ticket| &ticket.players);
    let number = |value: Option<&Value>| value.and_then(Value::as_number).unwrap_or(0.0);
    let sum = players().map(|player| number(player.attributes.get(attribute)));
    (sum.sum(), players().count() as f64)
}

fn reference(rule: &DistanceRule, age_ms: i64) -> Option<f64> {
    let elapsed = rule.flexing.iter().filter(|flex| age_ms > flex.after_ms);
    let last = elapsed.max_by_key(|flex| flex.after_ms);
    last.map_or(rule.reference, |flex| flex.reference)
}

/// A list, or one value as a list of one; nothing for `null`.
pub(super) fn listed(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None | Some(Value::Null) => vec![],
        Some(Value::List(values)) => values.iter().collect(),
        Some(value) => vec![value],
    }
}

fn blocks(list: Option<&Value>, player: &Text) -> bool {
    listed(list).contains(&&Value::Text(player.clone()))
}

fn blocks_any(a: &Ticket, b: &Ticket) -> bool {
    let list = a.attributes.get("blocked_players");
    b.player_ids().any(|id| blocks(list, id))
}

/// Whether a client asks for a new session: `true`, or the text of it.
fn asks_for_a_new_session(ticket: &Ticket) -> bool {
    match ticket.attributes.get("new_session_only") {
        Some(Value::Bool(truth)) => *truth,
        Some(Value::Text(text)) => text.trim().eq_ignore_ascii_case("true"),
        _ => false,
    }
}

impl<'a> Running<'a> {
    pub(in super::super) fn new(rules: &'a AllianceRules, session: &'a Session) -> Self {
        let teams = session.teams.iter();
        Running {
            rules,
            session,
            added: Vec::new(),
            teams: teams.map(|team| team.user_ids.iter().collect()).collect(),
        }
    }

    pub(in super::super) fn bounds(&self) -> TeamBounds {
        let age = age_ms(self.session.created_at_ms);
        let elapsed = self.rules.layout.flexing.iter();
        let elapsed = elapsed.filter(|flex| age > flex.after_ms);
        let last = elapsed.max_by_key(|flex| flex.after_ms);
        last.map_or(self.rules.layout.first.teams, |flex| flex.stage.teams)
    }

    /// The tickets of the session, and those that have joined.
    fn tickets(&self) -> impl Iterator<Item = &'a Ticket> {
        let before = self.session.tickets.iter();
        before.chain(self.added.clone())
    }

    /// The score and the latency of a ticket that may join, whatever the teams say.
    pub(in super::super) fn fits(&self, ticket: &Ticket) -> Option<(f64, i64)> {
        let excluded = &ticket.excluded_sessions;
        let may_join = Self::is_sound(self.rules, ticket)
            && !asks_for_a_new_session(ticket)
            && !excluded.contains(&self.session.match_session_id)
            && !self.has_player_of(ticket)
            && self.has_names_of(ticket)
            && self.options_fit(ticket)
            && self.attributes_fit(ticket)
            && self.platforms_fit(ticket)
            && !self.is_blocked(ticket);
        if !may_join {
            return None;
        }
        let score = self.distance(ticket)?;
        let (more, latency) = self.latency(ticket)?;
        Some((score + more, latency))
    }

    fn is_sound(rules: &AllianceRules, ticket: &Ticket) -> bool {
        let ids: HashSet<&Text> = ticket.player_ids().collect();
        let under =
            |(_, ms): &(Text, i64)| *ms >= 0 && rules.regions.max_ms.is_none_or(|cap| *ms <= cap);
        !ids.is_empty()
            && ids.len() == ticket.players.len()
            && (ticket.latencies.is_empty() || ticket.latencies.iter().any(under))
    }

    fn has_player_of(&self, ticket: &Ticket) -> bool {
        let seated = self.teams.iter().flatten().copied();
        let known = self.tickets().flat_map(Ticket::player_ids);
        let known: HashSet<&Text> = known.chain(seated).collect();
        ticket.player_ids().any(|id| known.contains(id))
    }

    /// The score by distance; `None` if the ticket is too far away. A part of those that have joined
    /// may be all that the game server accepts, so it has to be near the mean with any of them.
    fn distance(&self, ticket: &Ticket) -> Option<f64> {
        let first: Vec<&Ticket> = self.session.tickets.iter().collect();
        let mut score = 0.0;
        for rule in &self.rules.distances {
            let own = reference(rule, age_ms(ticket.created_at_ms));
            let reach = reference(rule, age_ms(self.session.created_at_ms));
            let limit = own.unwrap_or(f64::INFINITY);
            let limit = limit.min(reach.unwrap_or(f64::INFINITY));
            let (sum, players) = skill(&[ticket], &rule.attribute);
            let mean = sum / players;
            let of = |one: &&Ticket| skill(&[*one], &rule.attribute);
            let parties: Vec<(f64, f64)> = self.added.iter().map(of).collect();
            let base = skill(&first, &rule.attribute);
            for means in extremes(base, &parties) {
                if (means - mean).abs() > limit {
                    return None;
                }
            }
            let all: Vec<&Ticket> = self.tickets().collect();
            let (sum, players) = skill(&all, &rule.attribute);
            if reach.is_some() && players > 0.0 {
                let distance = (sum / players - mean).abs();
                let scaled = match rule.normalization {
                    0.0 => distance,
                    normalization => distance / normalization,
                };
                score += scaled * rule.weight;
            }
        }
        Some(score)
    }

    /// What the latency adds to the score, and the latency itself; `None` if the region is closed.
    fn latency(&self, ticket: &Ticket) -> Option<(f64, i64)> {
        let preferred = self.session.region_preferences.first();
        let region = preferred.filter(|region| ***region != *"any");
        let Some(region) = region.filter(|_| !ticket.latencies.is_empty()) else {
            return Some((0.0, i64::MAX));
        };
        let measured = ticket.latencies.iter().filter(|(_, ms)| *ms >= 0);
        let best = measured.clone().map(|(_, ms)| *ms).min()?;
        let (_, latency) = measured.clone().find(|(name, _)| name == region)?;
        let limits = &self.rules.regions;
        let age = age_ms(ticket.created_at_ms) as f64;
        let steps = ((age / limits.rate_ms as f64).ceil() as i64).max(1);
        if *latency > best + limits.initial_ms + (steps - 1) * limits.range_ms {
            return None;
        }
        let Some(cap) = limits.max_ms else {
            return Some((0.0, *latency));
        };
        let score = limits.weight * (latency - best) as f64 / cap as f64;
        (*latency <= cap).then_some((score, *latency))
    }

    fn is_blocked(&self, ticket: &Ticket) -> bool {
        if self.rules.blocks != BlockPolicy::CannotMatch {
            return false;
        }
        let own = ticket.attributes.get("blocked_players");
        let of_session = self.session.attributes.get("blocked_players");
        self.teams.iter().flatten().any(|id| blocks(own, id))
            || ticket.player_ids().any(|id| blocks(of_session, id))
            || self
                .tickets()
                .any(|other| blocks_any(other, ticket) || blocks_any(ticket, other))
    }

    /// Whether the match of the session says that it blocks a player of the ticket, and no ticket says
    /// so: the one who does may be in any team.
    fn may_be_blocked(&self, ticket: &Ticket) -> bool {
        let of_session = self.session.attributes.get("blocked_players");
        let is_known = |id| {
            let mut all = self.session.tickets.iter();
            all.any(|other| blocks(other.attributes.get("blocked_players"), id))
        };
        let mut ids = ticket.player_ids();
        ids.any(|id| blocks(of_session, id) && !is_known(id))
    }

    /// Whether the team takes it.
    pub(in super::super) fn has_room(&self, team: usize, ticket: &Ticket) -> bool {
        let seated = &self.teams[team];
        let own = ticket.attributes.get("blocked_players");
        let here = |other: &Ticket| other.player_ids().any(|id| seated.contains(&id));
        // Without tickets it is not known who plays in a team of the session.
        let is_unknown = self.session.tickets.is_empty();
        let old = self.session.teams.get(team);
        let is_old = old.is_some_and(|team| is_unknown || !team.user_ids.is_empty());
        let is_apart = self.rules.blocks == BlockPolicy::DifferentTeam
            && (seated.iter().any(|id| blocks(own, id))
                || (is_old && self.may_be_blocked(ticket))
                || self
                    .tickets()
                    .any(|other| here(other) && blocks_any(other, ticket)));
        seated.len() + ticket.players.len() <= self.bounds().players_max as usize && !is_apart
    }

    /// The size of the smallest team that has room for the ticket.
    pub(super) fn smallest(&self, ticket: &Ticket) -> Option<usize> {
        let all = 0..self.teams.len();
        let with_room = all.filter(|team| self.has_room(*team, ticket));
        with_room.map(|team| self.teams[team].len()).min()
    }

    /// Whether there is a place for a new team of the ticket.
    pub(super) fn may_open(&self, ticket: &Ticket) -> bool {
        self.teams.len() < self.bounds().teams_max as usize
            && ticket.players.len() <= self.bounds().players_max as usize
    }

    /// Opens teams without players.
    pub(in super::super) fn open(&mut self, teams: usize) {
        self.teams.extend((0..teams).map(|_| Vec::new()));
    }

    pub(in super::super) fn join(&mut self, ticket: &'a Ticket, team: usize) {
        if team == self.teams.len() {
            self.teams.push(Vec::new());
        }
        self.teams[team].extend(ticket.player_ids());
        self.added.push(ticket);
    }
}

/// The least and the highest mean that those who were there first have together with some of the
/// parties, each a sum and a number of players. Of the parties, those with the lowest means make the
/// least one, and those with the highest the highest.
fn extremes(base: (f64, f64), parties: &[(f64, f64)]) -> Vec<f64> {
    let mut means = Vec::new();
    let mut parties = parties.to_vec();
    parties.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
    for _ in 0..2 {
        let mut all = base;
        means.extend((all.1 > 0.0).then(|| all.0 / all.1));
        for (sum, players) in &parties {
            all = (all.0 + sum, all.1 + players);
            means.push(all.0 / all.1);
        }
        parties.reverse();
    }
    means
}

#[test]
fn the_extremes_are_those_of_all_parts() {
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..1_000 {
        let mut party = || (f64::from(random.u8(..50)), f64::from(random.u8(1..4)));
        let base = party();
        let parties: Vec<(f64, f64)> = (0..5).map(|_| party()).collect();
        let part = |chosen: u32| {
            let all = parties.iter().enumerate();
            let accepted = all.filter(|(at, _)| chosen >> at & 1 == 1);
            let all = accepted.fold(base, |all, (_, one)| (all.0 + one.0, all.1 + one.1));
            all.0 / all.1
        };
        let found = extremes(base, &parties);
        let all: Vec<f64> = (0..32).map(part).collect();
        for (found, all) in [
            (
                found.iter().copied().fold(f64::MIN, f64::max),
                all.iter().copied().fold(f64::MIN, f64::max),
            ),
            (
                found.iter().copied().fold(f64::MAX, f64::min),
                all.iter().copied().fold(f64::MAX, f64::min),
            ),
        ] {
            assert!((found - all).abs() < 1e-9, "{base:?} {parties:?}");
        }
    }
}
