//! A session as the tickets see it: what it asks of those that would join.

use std::collections::HashSet;

use super::seats::Seats;
use crate::matching::alliance::criteria::distance::mean;
use crate::matching::alliance::criteria::region::ANY_REGION;
use crate::matching::alliance::criteria::{Criteria, blocks, cross_play, must_match, option};
use crate::matching::alliance::pair::Pivot;
use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::alliance::{AllianceRules, DistanceRule};
use crate::matching::{Attributes, Player, Reason, Session, Text, Ticket, Value};

/// New teams that a session tries to open without success, before it gives that up.
const MAX_OPENINGS: u32 = 32;

/// A session while it is filled.
#[derive(Debug)]
pub(super) struct OpenSession {
    pub(super) pivot: Pivot,
    pub(super) session_id: Text,
    pub(super) server_name: Text,
    pub(super) client_version: Text,
    pub(super) seats: Seats,
    pub(super) added: Vec<(Id, usize)>,
    /// For each matching rule the sum over the players of its tickets, and how many these are.
    pub(super) sums: Vec<f64>,
    pub(super) players: u64,
    /// How often a new team could not be filled.
    pub(super) tries: u32,
    /// The tickets that could not open one since the last that opened.
    pub(super) failed_openers: Vec<Id>,
    /// Why the first ticket that was looked at may not join.
    pub(super) refused: Option<Reason>,
}

impl OpenSession {
    /// A session whose row in the pool has that number.
    pub(super) fn new(
        rules: &AllianceRules,
        pool: &Pool,
        criteria: &mut Criteria<'_>,
        session: &Session,
        row: Id,
    ) -> Self {
        let mut pivot = Pivot::new(rules, pool, row);
        // What old pivots may ignore is for matches in the making: here each ticket has to accept the
        // region by its own age.
        pivot.one_way = false;
        // The row reports the session's region and no other.
        pivot.region = criteria.regions.reported(row).first().copied();
        let sum = |rule: &DistanceRule| {
            let of_ticket =
                |ticket: &Ticket| mean(ticket, &rule.attribute) * ticket.players.len() as f64;
            let with_players = session.tickets.iter().filter(|one| !one.players.is_empty());
            with_players.map(of_ticket).sum()
        };
        let players: usize = session
            .tickets
            .iter()
            .map(|ticket| ticket.players.len())
            .sum();
        let mut open = Self {
            pivot,
            session_id: session.match_session_id.clone(),
            server_name: session.server_name.clone(),
            client_version: session.client_version.clone(),
            seats: Seats::new(rules, pivot.bounds, session),
            added: Vec::new(),
            sums: rules.distances.iter().map(sum).collect(),
            players: players as u64,
            tries: 0,
            failed_openers: Vec::new(),
            refused: None,
        };
        open.measure(criteria);
        open
    }

    /// Sets the session's means, if it has players to measure.
    pub(super) fn measure(&mut self, criteria: &mut Criteria<'_>) {
        self.pivot.measured = self.players > 0;
        if self.pivot.measured {
            let means: Vec<f64> = self
                .sums
                .iter()
                .map(|sum| sum / self.players as f64)
                .collect();
            criteria.distances.set_means(self.pivot.id, &means);
        }
    }

    /// Whether it may try once more to open a team.
    pub(super) fn may_open(&self) -> bool {
        self.tries < MAX_OPENINGS
    }

    /// Which of server and version of the ticket the session does not have.
    pub(super) fn wants_other_names(&self, ticket: &Ticket) -> Option<Reason> {
        let names = [
            ("server_name", &self.server_name, Reason::ServerName),
            (
                "client_version",
                &self.client_version,
                Reason::ClientVersion,
            ),
        ];
        let differs = |(name, wanted, _): &(&str, &Text, Reason)| {
            let own = ticket.attributes.get(name).and_then(Value::as_text);
            !wanted.is_empty() && own != Some(&***wanted)
        };
        names.into_iter().find(differs).map(|(.., reason)| reason)
    }
}

/// The session in the form of a ticket: its players, what its tickets have in common, its age, and
/// its region as the one that it reports.
pub(super) fn as_ticket(rules: &AllianceRules, session: &Session) -> Ticket {
    let tickets: Vec<&Ticket> = session.tickets.iter().collect();
    let mut attributes = match tickets.is_empty() {
        true => session.attributes.clone(),
        false => in_common(rules, &tickets),
    };
    for (name, text) in [
        ("server_name", &session.server_name),
        ("client_version", &session.client_version),
    ] {
        attributes.set(name.into(), Value::Text(text.clone()));
    }
    let region = session.region_preferences.first();
    let region = region.filter(|region| !region.is_empty() && **region != ANY_REGION);
    Ticket {
        created_at_ms: session.created_at_ms,
        players: players(session),
        latencies: region
            .map(|region| (region.clone(), 0))
            .into_iter()
            .collect(),
        attributes,
        ..Ticket::default()
    }
}

/// Every player of the session, each once.
fn players(session: &Session) -> Vec<Player> {
    let mut seen = HashSet::new();
    let listed = session.teams.iter().flat_map(|team| &team.user_ids);
    let ids = session.tickets.iter().flat_map(Ticket::player_ids);
    let player = |id: &Text| Player {
        id: id.clone(),
        ..Player::default()
    };
    ids.chain(listed)
        .filter(|id| seen.insert(*id))
        .map(player)
        .collect()
}

/// The must-match attributes that all tickets share, what the options leave, every platform that
/// they are on, and all players that they block.
fn in_common(rules: &AllianceRules, tickets: &[&Ticket]) -> Attributes {
    let Some((first, others)) = tickets.split_first() else {
        return Attributes::new();
    };
    let shared = |(name, value): &(&Text, &Value)| {
        others
            .iter()
            .all(|other| other.attributes.get(name) == Some(*value))
    };
    let mut attributes: Attributes = must_match::must_match(rules, first)
        .filter(shared)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let Some((name, platforms)) = cross_play::united(tickets) {
        attributes.set(name.into(), platforms);
    }
    for option in &rules.options {
        if let Some(value) = option::common_value(option, tickets) {
            attributes.set(option.name.clone(), value);
        }
    }
    if let Some(blocked) = blocks::united(tickets) {
        attributes.set(blocks::BLOCKED_PLAYERS.into(), blocked);
    }
    attributes
}

/// Whether the session's own tickets do not go together by the options, so that no ticket can join.
pub(super) fn contradicts_itself(rules: &AllianceRules, session: &Session) -> bool {
    let mut options = rules.options.iter();
    options.any(|one| option::contradict(one, &session.tickets))
}
