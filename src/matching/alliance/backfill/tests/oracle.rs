//! The contract read slowly: replays each session ticket by ticket, and looks at all tickets each
//! time. It shares no code with the search, only the types.

use std::collections::HashSet;

use super::streams::{copied, copy};
use super::*;
use crate::matching::alliance::{BlockPolicy, MatchOption, OptionKind, TeamBounds};

/// A session as it fills up.
struct Replay<'a> {
    rules: &'a AllianceRules,
    session: &'a Session,
    /// The tickets of the session; without them, one without players that has its attributes.
    first: Vec<&'a Ticket>,
    /// The tickets of the session, and those that have joined.
    inside: Vec<&'a Ticket>,
    teams: Vec<Vec<&'a Text>>,
}

pub(super) fn age_ms(created: Option<i64>) -> i64 {
    (CONTEXT.now_ms - created.unwrap_or(CONTEXT.now_ms)).max(0)
}

fn skill(tickets: &[&Ticket], attribute: &str) -> Option<f64> {
    let players = || tickets.iter().flat_map(|ticket| &ticket.players);
    let number = |value: Option<&Value>| value.and_then(Value::as_number).unwrap_or(0.0);
    let sum: f64 = players()
        .map(|player| number(player.attributes.get(attribute)))
        .sum();
    (players().count() > 0).then(|| sum / players().count() as f64)
}

fn listed<'t>(ticket: &'t Ticket, name: &str) -> Vec<&'t Value> {
    match ticket.attributes.get(name) {
        None | Some(Value::Null) => vec![],
        Some(Value::List(values)) => values.iter().collect(),
        Some(value) => vec![value],
    }
}

fn blocks(a: &Ticket, player: &Text) -> bool {
    listed(a, "blocked_players").contains(&&Value::Text(player.clone()))
}

fn blocked(a: &Ticket, b: &Ticket) -> bool {
    a.player_ids().any(|id| blocks(b, id)) || b.player_ids().any(|id| blocks(a, id))
}

impl<'a> Replay<'a> {
    fn new(rules: &'a AllianceRules, session: &'a Session, empty: &'a Ticket) -> Self {
        let first = match session.tickets.is_empty() {
            true => vec![empty],
            false => session.tickets.iter().collect(),
        };
        Replay {
            rules,
            session,
            inside: first.clone(),
            first,
            teams: session
                .teams
                .iter()
                .map(|team| team.user_ids.iter().collect())
                .collect(),
        }
    }

    fn bounds(&self) -> TeamBounds {
        self.rules.teams_at(age_ms(self.session.created_at_ms))
    }

    /// The score and the latency of a ticket that may join, whatever the teams say.
    fn fits(&self, ticket: &Ticket) -> Option<(f64, i64)> {
        let age = age_ms(ticket.created_at_ms);
        let over = |cap: i64| {
            let mut all = ticket.latencies.iter().peekable();
            all.peek().is_some() && all.all(|(_, ms)| *ms > cap)
        };
        if self.rules.regions.max_ms.is_some_and(over) {
            return None;
        }
        if ticket
            .excluded_sessions
            .contains(&self.session.match_session_id)
        {
            return None;
        }
        let seated: HashSet<&Text> = self
            .inside
            .iter()
            .flat_map(|ticket| ticket.player_ids())
            .chain(self.teams.iter().flatten().copied())
            .collect();
        if ticket.player_ids().any(|id| seated.contains(id)) {
            return None;
        }
        let mut score = 0.0;
        for rule in &self.rules.distances {
            let Some(mean) = skill(&self.inside, &rule.attribute) else {
                break;
            };
            let distance = (mean - skill(&[ticket], &rule.attribute)?).abs();
            let own = rule.reference_at(age).unwrap_or(f64::INFINITY);
            let reach = rule.reference_at(age_ms(self.session.created_at_ms));
            if distance > own || reach.is_some_and(|reach| distance > reach) {
                return None;
            }
            if reach.is_some() {
                score += rule.cost(distance);
            }
        }
        let mut latency = i64::MAX;
        if let (Some(region), false) = (
            self.session.region_preferences.first(),
            ticket.latencies.is_empty(),
        ) {
            let ms = |(name, ms): &(Text, i64)| (name == region).then_some(*ms);
            latency = ticket.latencies.iter().find_map(ms)?;
            let best = ticket.latencies.iter().map(|(_, ms)| *ms).min()?;
            let limits = &self.rules.regions;
            let steps = ((age as f64 / limits.rate_ms as f64).ceil() as i64).max(1);
            if latency > best + limits.initial_ms + (steps - 1) * limits.range_ms
                || limits.max_ms.is_some_and(|cap| latency > cap)
            {
                return None;
            }
            if let Some(cap) = limits.max_ms {
                score += limits.weight * (latency - best) as f64 / cap as f64;
            }
        }
        for (name, own) in [
            ("server_name", &self.session.server_name),
            ("client_version", &self.session.client_version),
        ] {
            let has = ticket.attributes.get(name) == Some(&Value::Text(own.clone()));
            if !own.is_empty() && !has {
                return None;
            }
        }
        (self.options(ticket) && self.attributes(ticket) && self.peace(ticket))
            .then_some((score, latency))
    }

    fn options(&self, ticket: &Ticket) -> bool {
        self.rules.options.iter().all(|option| {
            let of = |ticket| -> Vec<String> {
                let mut values: Vec<_> = listed(ticket, &option.name)
                    .iter()
                    .map(|value| format!("{value:?}"))
                    .collect();
                values.sort();
                values.dedup();
                values
            };
            let all = || self.inside.iter().copied().chain([ticket]).map(of);
            let has = all().any(|values| !values.is_empty());
            match option.kind {
                OptionKind::Disable => true,
                OptionKind::All => all().all(|values| values == of(ticket)),
                OptionKind::Any => {
                    !has || of(ticket)
                        .iter()
                        .any(|one| all().all(|values| values.contains(one)))
                }
                OptionKind::Unique => {
                    let others: Vec<_> = self.inside.iter().copied().flat_map(of).collect();
                    let at_first = self.first.iter().any(|one| !of(one).is_empty());
                    of(ticket).iter().all(|one| !others.contains(one))
                        && !(at_first && of(ticket).is_empty())
                }
            }
        }) && self.platforms(ticket)
    }

    fn platforms(&self, ticket: &Ticket) -> bool {
        let cross = |option: &MatchOption| {
            &*option.name == "cross_platform" && option.kind == OptionKind::Any
        };
        let on = |ticket| listed(ticket, "current_platform");
        let active = self.first.iter().any(|ticket| !on(ticket).is_empty());
        let welcome = |a, b| {
            on(a)
                .iter()
                .all(|one| listed(b, "cross_platform").contains(one))
        };
        !self.rules.options.iter().any(cross)
            || !active
            || self
                .inside
                .iter()
                .all(|other| welcome(ticket, other) && welcome(other, ticket))
    }

    /// Here the only attribute besides options is `map`.
    fn attributes(&self, ticket: &Ticket) -> bool {
        let maps: Vec<_> = self
            .first
            .iter()
            .map(|one| one.attributes.get("map"))
            .collect();
        let shared = maps.first().copied().flatten();
        self.rules.backfill_by_options_only
            || shared.is_none()
            || maps.iter().any(|map| *map != shared)
            || ticket.attributes.get("map") == shared
    }

    fn peace(&self, ticket: &Ticket) -> bool {
        let is_blocked = |other: &&Ticket| blocked(other, ticket);
        let listed = self.teams.iter().flatten().any(|id| blocks(ticket, id));
        self.rules.blocks != BlockPolicy::CannotMatch
            || !(listed || self.inside.iter().any(is_blocked))
    }

    fn has_foe(&self, team: usize, ticket: &Ticket) -> bool {
        let here = |other: &&&Ticket| other.player_ids().any(|id| self.teams[team].contains(&id));
        self.rules.blocks == BlockPolicy::DifferentTeam
            && (self.teams[team].iter().any(|id| blocks(ticket, id))
                || self
                    .inside
                    .iter()
                    .filter(here)
                    .any(|other| blocked(other, ticket)))
    }

    /// The sizes of the smallest teams that have room for the ticket.
    fn smallest(&self, ticket: &Ticket) -> Option<usize> {
        let room = |team: &usize| {
            let players = self.teams[*team].len() + ticket.players.len();
            players <= self.bounds().players_max as usize && !self.has_foe(*team, ticket)
        };
        (0..self.teams.len())
            .filter(room)
            .map(|team| self.teams[team].len())
            .min()
    }

    fn may_open(&self, ticket: &Ticket) -> bool {
        self.teams.len() < self.bounds().teams_max as usize
            && ticket.players.len() <= self.bounds().players_max as usize
    }

    fn join(&mut self, ticket: &'a Ticket, team: usize) {
        if team == self.teams.len() {
            self.teams.push(Vec::new());
        }
        self.teams[team].extend(ticket.player_ids());
        self.inside.push(ticket);
    }
}

type Order = (f64, i64, i64, u32);

/// Replays the proposals of a tick over these sessions and tickets.
pub(super) fn check(
    rules: &AllianceRules,
    sessions: &[Session],
    tickets: &[Ticket],
) -> Result<u32, String> {
    let out = run(
        rules,
        sessions.iter().map(copy).collect(),
        tickets.iter().map(copied).collect(),
    );
    let mut order: Vec<&Session> = sessions.iter().collect();
    order.sort_by_key(|session| session.created_at_ms);
    let mut waiting: Vec<(u32, &Ticket)> = (0..).zip(tickets).collect();
    let mut compared = 0;
    for session in order {
        let id = session.match_session_id.to_string();
        let made = out
            .proposals
            .iter()
            .find(|one| one.session.match_session_id == *id);
        let empty = Ticket {
            attributes: session.attributes.clone(),
            ..Ticket::default()
        };
        let mut replay = Replay::new(rules, session, &empty);
        let mut added = made.map_or(&[][..], |one| &one.added[..]).iter();
        let team_of = |ticket: &Ticket| {
            let has = |team: &Roster| team.user_ids.contains(&ticket.players[0].id);
            made.and_then(|one| one.teams.iter().position(has))
                .ok_or("in no team")
        };
        // The team that is being brought to its minimum.
        let mut filling: Option<usize> = None;
        loop {
            let rank = |(arrival, ticket): &(u32, &Ticket)| -> Option<Order> {
                let (score, latency) = replay.fits(ticket)?;
                Some((score, latency, ticket.created_at_ms.unwrap_or(0), *arrival))
            };
            let next = added.next();
            if let Some(next) = next {
                let at = waiting.iter().position(|(_, one)| one.id == next.id);
                let joining = waiting[at.ok_or(format!("{id}: {} twice", next.id))?];
                let own = rank(&joining).ok_or(format!("{id}: {} may not join", next.id))?;
                let team = team_of(next)?;
                if filling.is_none_or(|filling| filling == team) && filling.is_some() {
                    let _ = own;
                } else {
                    let better = waiting.iter().find(|one| {
                        replay.smallest(one.1).is_some()
                            && rank(one).is_some_and(|better| better < own)
                    });
                    if let Some((_, better)) = better {
                        return Err(format!("{id}: {} before {}", next.id, better.id));
                    }
                    match replay.smallest(joining.1) {
                        Some(size) if replay.teams.get(team).is_none_or(|t| t.len() != size) => {
                            return Err(format!("{id}: {} not in the smallest team", next.id));
                        }
                        None if team != replay.teams.len() || !replay.may_open(joining.1) => {
                            return Err(format!("{id}: {} has no room", next.id));
                        }
                        Some(_) => {}
                        None => filling = Some(team),
                    }
                }
                waiting.retain(|(_, one)| one.id != next.id);
                replay.join(joining.1, team);
                let bounds = replay.bounds();
                if replay.teams[team].len() > bounds.players_max as usize {
                    return Err(format!("{id}: team {team} is too large"));
                }
                if filling
                    .is_some_and(|team| replay.teams[team].len() >= bounds.players_min as usize)
                {
                    filling = None;
                }
                compared += 1;
                continue;
            }
            if filling.is_some() {
                return Err(format!("{id}: a team below the minimum"));
            }
            // No other ticket could have joined a team, nor filled a new one alone.
            for one in &waiting {
                let alone = one.1.players.len() >= replay.bounds().players_min as usize;
                if rank(one).is_some()
                    && (replay.smallest(one.1).is_some() || (alone && replay.may_open(one.1)))
                {
                    let why = out.why_left().get(&*one.1.id).copied();
                    return Err(format!("{id}: {} is left out: {why:?}", one.1.id));
                }
            }
            break;
        }
        let Some(made) = made else {
            if !out.why_open().contains_key(&*id) {
                return Err(format!("{id} is lost"));
            }
            continue;
        };
        for (old, new) in session.teams.iter().zip(&made.teams) {
            if old.id != new.id || !new.user_ids.starts_with(&old.user_ids) {
                return Err(format!("{id}: a team was changed"));
            }
            if old.parties.iter().any(|old| {
                !new.parties
                    .iter()
                    .any(|new| new.id == old.id && new.user_ids.starts_with(&old.user_ids))
            }) {
                return Err(format!("{id}: a party was changed"));
            }
        }
        let seats: Vec<Vec<&Text>> = made
            .teams
            .iter()
            .map(|team| team.user_ids.iter().collect())
            .collect();
        if seats != replay.teams {
            return Err(format!(
                "{id}: teams {seats:?} instead of {:?}",
                replay.teams
            ));
        }
    }
    let left: HashSet<&str> = waiting.iter().map(|(_, one)| &*one.id).collect();
    if out.why_left().into_keys().collect::<HashSet<_>>() != left {
        return Err("tickets are lost".to_owned());
    }
    Ok(compared)
}
