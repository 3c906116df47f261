//! The waiting tickets of a tick, in columns: what the rules look at, read once.
//!
//! A ticket is a number here: its place in the order of age, then arrival. So comparing numbers
//! compares ages, and every test of two tickets reads a few numbers instead of texts.

mod attributes;
mod regions;

use hashbrown::HashMap;

use super::AllianceRules;
use super::intern::{Interner, Lists};
use crate::matching::{Reason, Text, Ticket, TicketFault, Value};

pub(super) use attributes::{Groups, OptionColumn, Platforms, is_blank, must_match, values_of};
pub(super) use regions::{Region, Regions};

/// The number of a ticket: 0 is the oldest.
pub(super) type Id = u32;

/// The valid tickets of a tick.
#[derive(Debug)]
pub(super) struct Pool {
    /// Oldest first; a missing creation time, or one that lies ahead, is the tick's own.
    tickets: Vec<Option<Ticket>>,
    /// Which tickets still wait.
    waiting: Vec<bool>,
    /// Players of each ticket.
    pub(super) sizes: Vec<u32>,
    /// Age of each ticket in ms.
    pub(super) ages: Vec<i64>,
    /// For each ticket, its party's mean for each matching rule.
    means: Vec<f64>,
    /// For each ticket, the reference of each matching rule at its own age; infinite where the rule
    /// has no effect.
    references: Vec<f64>,
    /// How many matching rules there are.
    rules: usize,
    /// Must-match attributes.
    pub(super) groups: Groups,
    /// Match options, in the ruleset's order.
    pub(super) options: Vec<OptionColumn>,
    /// Cross-play, if the ruleset has it.
    pub(super) platforms: Option<Platforms>,
    /// Latencies.
    pub(super) regions: Regions,
    /// Numbers of each ticket's players.
    pub(super) players: Lists,
    /// Numbers of the players that each ticket blocks, as far as they wait in the pool.
    pub(super) blocked: Lists,
    /// How many players there are.
    pub(super) player_count: usize,
    /// Whether a player is in two tickets.
    pub(super) shared_players: bool,
    /// Every attribute value seen.
    pub(super) values: Interner,
}

impl Pool {
    /// Reads the tickets. Those that no match can hold come back with the reason. O(n log n).
    pub(super) fn new(
        rules: &AllianceRules,
        now_ms: i64,
        tickets: Vec<Ticket>,
    ) -> (Self, Vec<(Ticket, Reason)>) {
        Self::with_sessions(rules, now_ms, tickets, Vec::new())
    }

    /// The same beside sessions, each given as a ticket that stands for it: what it has, it asks for.
    /// The first session has the number [`Pool::len`], the next one the number after it. They have
    /// columns as tickets have, but they do not wait.
    pub(super) fn with_sessions(
        rules: &AllianceRules,
        now_ms: i64,
        tickets: Vec<Ticket>,
        sessions: Vec<Ticket>,
    ) -> (Self, Vec<(Ticket, Reason)>) {
        let mut unfit = Vec::new();
        let fits = |ticket: Ticket| {
            let reason = match rules.check_ticket(&ticket) {
                Ok(()) => return Some(ticket),
                Err(TicketFault::NoRegionUnderCap { .. }) => Reason::Region,
                Err(_) => Reason::InvalidTicket,
            };
            unfit.push((ticket, reason));
            None
        };
        // In the memory of `tickets`: they are most of what a tick needs.
        let mut rows: Vec<Ticket> = tickets.into_iter().filter_map(fits).collect();
        let created = |ticket: &Ticket| ticket.created_at_ms.unwrap_or(now_ms).min(now_ms);
        let mut order: Vec<(i64, u32, usize)> = rows
            .iter()
            .enumerate()
            .map(|(place, ticket)| (created(ticket), ticket.arrival, place))
            .collect();
        order.sort_unstable();
        let mut ranks = vec![0; rows.len()];
        for (rank, (_, _, place)) in order.iter().enumerate() {
            ranks[*place] = rank;
        }
        // Each swap brings a ticket to its rank.
        for place in 0..rows.len() {
            while ranks[place] != place {
                let rank = ranks[place];
                rows.swap(place, rank);
                ranks.swap(place, rank);
            }
        }
        rows.extend(sessions);
        (Self::of(rules, now_ms, rows, order.len()), unfit)
    }

    /// The first `waiting` are tickets, the others stand for sessions.
    fn of(rules: &AllianceRules, now_ms: i64, mut tickets: Vec<Ticket>, waiting: usize) -> Self {
        let ages: Vec<i64> = tickets.iter().map(|ticket| ticket.age_ms(now_ms)).collect();
        let sizes = tickets
            .iter()
            .map(|ticket| u32::try_from(ticket.players.len()).expect("bounded"))
            .collect();
        let mut means = Vec::with_capacity(tickets.len() * rules.distances.len());
        let mut references = Vec::with_capacity(means.capacity());
        for (ticket, age_ms) in tickets.iter().zip(&ages) {
            for rule in &rules.distances {
                means.push(mean(ticket, &rule.attribute));
                references.push(rule.reference_at(*age_ms).unwrap_or(f64::INFINITY));
            }
        }
        let mut values = Interner::default();
        let groups = Groups::of(rules, &tickets, waiting, &mut values);
        let options: Vec<_> = rules
            .options
            .iter()
            .map(|option| OptionColumn::of(option, &tickets, &mut values))
            .collect();
        let platforms = Platforms::of(rules, &tickets, &mut values);
        let (players, blocked, player_count) = people(&tickets);
        let listed: usize = tickets.iter().map(|ticket| ticket.players.len()).sum();
        let regions = Regions::of(&rules.regions, &tickets, &ages);
        tickets.truncate(waiting);
        Self {
            sizes,
            means,
            references,
            rules: rules.distances.len(),
            groups,
            options,
            platforms,
            regions,
            players,
            blocked,
            player_count,
            shared_players: player_count < listed,
            values,
            ages,
            waiting: vec![true; waiting],
            tickets: tickets.into_iter().map(Some).collect(),
        }
    }

    /// How many tickets there are, those taken included.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.waiting.len()).expect("bounded")
    }

    /// How many tickets and sessions there are.
    pub(super) fn rows(&self) -> u32 {
        u32::try_from(self.sizes.len()).expect("bounded")
    }

    /// The party means of a ticket, one for each matching rule.
    pub(super) fn means(&self, id: Id) -> &[f64] {
        let start = id as usize * self.rules;
        &self.means[start..start + self.rules]
    }

    /// Sets the means of a session.
    pub(super) fn set_means(&mut self, id: Id, means: &[f64]) {
        let start = id as usize * self.rules;
        self.means[start..start + self.rules].copy_from_slice(means);
    }

    /// The references of a ticket at its own age, one for each matching rule.
    pub(super) fn references(&self, id: Id) -> &[f64] {
        let start = id as usize * self.rules;
        &self.references[start..start + self.rules]
    }

    /// A ticket that is not taken.
    pub(super) fn ticket(&self, id: Id) -> &Ticket {
        self.tickets[id as usize].as_ref().expect("not taken yet")
    }

    /// Whether the ticket still waits.
    pub(super) fn waits(&self, id: Id) -> bool {
        self.waiting[id as usize]
    }

    /// Takes a ticket out, for a match or to leave it. `None` if it was taken before.
    pub(super) fn take(&mut self, id: Id) -> Option<Ticket> {
        self.waiting[id as usize] = false;
        self.tickets[id as usize].take()
    }
}

/// The mean of an attribute over a party's players; a missing one, or one that is no number, counts
/// as 0 (ruleset contract A3).
pub(super) fn mean(ticket: &Ticket, attribute: &str) -> f64 {
    let number = |value: Option<&Value>| value.and_then(Value::as_number).unwrap_or(0.0);
    let sum: f64 = ticket
        .players
        .iter()
        .map(|player| number(player.attributes.get(attribute)))
        .sum();
    sum / ticket.players.len() as f64
}

/// The ids that a ticket's attribute `blocked_players` lists.
pub(super) fn blocked_by(ticket: &Ticket) -> impl Iterator<Item = &Text> {
    let listed = match ticket.attributes.get("blocked_players") {
        Some(Value::List(listed)) => &listed[..],
        _ => &[],
    };
    listed.iter().filter_map(|value| match value {
        Value::Text(id) => Some(id),
        _ => None,
    })
}

/// Numbers for players: those of each ticket, those that it blocks, and how many there are.
fn people(tickets: &[Ticket]) -> (Lists, Lists, usize) {
    let mut numbers: HashMap<&str, u32> = HashMap::with_capacity(tickets.len());
    let mut players = Lists::default();
    for ticket in tickets {
        players.push(ticket.players.iter().map(|player| {
            let next = u32::try_from(numbers.len()).expect("fewer players than bytes");
            *numbers.entry(&*player.id).or_insert(next)
        }));
    }
    let mut blocked = Lists::default();
    for ticket in tickets {
        let known = blocked_by(ticket).filter_map(|id| numbers.get(&**id).copied());
        let mut known: Vec<u32> = known.collect();
        known.sort_unstable();
        known.dedup();
        blocked.push(known);
    }
    (players, blocked, numbers.len())
}
