//! What a ruleset and a population have that is measured: skills, groups of players, room in a match.

use crate::matching::{Player, Text, Ticket, Value};
use crate::population::{Population, has_auto_backfill, of_ruleset};

/// Tickets that are drawn to find out how skills are distributed.
const SAMPLE: usize = 4000;

/// The seed of that sample. It is no part of a run.
const SAMPLE_SEED: u64 = 0x5eed;

/// What is measured of every run with a ruleset.
#[derive(Debug)]
pub(super) struct Traits {
    /// The numeric attributes that the rules measure.
    pub(super) skills: Vec<Skill>,
    /// Names of regions, in alphabetic order.
    pub(super) regions: Vec<Text>,
    /// The largest party.
    pub(super) largest_party: usize,
    /// Players of a full match.
    pub(super) full: usize,
    /// Whether sessions ask for players who are missing.
    pub(super) auto_backfill: bool,
}

/// An attribute that is measured.
#[derive(Debug)]
pub(super) struct Skill {
    pub(super) name: Text,
    /// A difference that does not matter.
    pub(super) unit: f64,
    /// The nine values between the tenths of the players.
    pub(super) deciles: Vec<f64>,
}

impl Traits {
    pub(super) fn of(ruleset: &str, population: &Population) -> Self {
        let game = of_ruleset(ruleset);
        let sample = population.arrivals(SAMPLE_SEED, super::START_MS, 0.0);
        let sample = sample.take(SAMPLE).map(|arrival| arrival.ticket);
        let sample: Vec<Ticket> = sample.collect();
        let names = game.attributes.iter().map(|(name, _)| name);
        let skills = names.filter_map(|name| Skill::of(name, &sample));
        let mut regions: Vec<Text> = Vec::new();
        for ticket in &sample {
            for (region, _) in &ticket.latencies {
                if !regions.contains(region) {
                    regions.push(region.clone());
                }
            }
        }
        regions.sort_unstable();
        let sizes = sample.iter().map(|ticket| ticket.players.len());
        Self {
            skills: skills.collect(),
            regions,
            largest_party: sizes.max().unwrap_or(1),
            full: game.teams as usize * game.team_size as usize,
            auto_backfill: has_auto_backfill(ruleset),
        }
    }

    /// The groups that a ticket's players are in.
    pub(super) fn who(&self, ticket: &Ticket) -> Who {
        let decile = self.skills.first().map(|skill| {
            let own = skill.of_ticket(ticket);
            skill.deciles.partition_point(|cut| *cut < own)
        });
        let home = ticket.measured().min_by_key(|(_, ms)| *ms);
        let region = home.and_then(|(name, _)| self.regions.iter().position(|known| known == name));
        Who {
            decile,
            size: ticket.players.len(),
            region,
        }
    }
}

/// The groups of a ticket's players.
#[derive(Debug, Clone, Copy)]
pub(super) struct Who {
    /// The tenth of the players by the first skill, from 0.
    pub(super) decile: Option<usize>,
    /// Players of the party.
    pub(super) size: usize,
    /// The region with the least latency, by its place.
    pub(super) region: Option<usize>,
}

impl Skill {
    /// An attribute with how it is distributed; `None` if nobody has a number in it.
    fn of(name: &Text, sample: &[Ticket]) -> Option<Self> {
        let of_player = |ticket: &Ticket| {
            let numbers = ticket.players.iter();
            let numbers = numbers.filter_map(|player| player.attributes.get(name)?.as_number());
            numbers.collect::<Vec<f64>>()
        };
        let mut values: Vec<f64> = sample.iter().flat_map(of_player).collect();
        if values.is_empty() {
            return None;
        }
        values.sort_by(f64::total_cmp);
        let at = |tenth: usize| values[(values.len() * tenth / 10).min(values.len() - 1)];
        let range = at(9) - at(1);
        Some(Self {
            name: name.clone(),
            unit: if range > 0.0 { range / 1e4 } else { 1e-3 },
            deciles: (1..10).map(at).collect(),
        })
    }

    /// The mean of a ticket's players.
    pub(super) fn of_ticket(&self, ticket: &Ticket) -> f64 {
        mean(self.of_players([ticket].into_iter()))
    }

    /// The mean of the players of a team.
    pub(super) fn of_team(&self, tickets: &[Ticket]) -> f64 {
        mean(self.of_players(tickets.iter()))
    }

    /// The numbers of the players of tickets.
    pub(super) fn of_players<'t>(
        &self,
        tickets: impl Iterator<Item = &'t Ticket>,
    ) -> impl Iterator<Item = f64> {
        let players = tickets.flat_map(|ticket| &ticket.players);
        players.map(|player| number(player, &self.name))
    }
}

/// A player's number; 0 without one, as the rules have it.
pub(super) fn number(player: &Player, name: &Text) -> f64 {
    let value = player.attributes.get(name);
    value.and_then(Value::as_number).unwrap_or(0.0)
}

/// The mean; 0 of nothing.
pub(super) fn mean(numbers: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = numbers.fold((0.0, 0.0), |(sum, count), number| {
        (sum + number, count + 1.0)
    });
    if count == 0.0 { 0.0 } else { sum / count }
}
