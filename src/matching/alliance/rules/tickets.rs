//! What an alliance ruleset asks of tickets.

use super::AllianceRules;
use crate::matching::{Needs, Ticket, TicketFault, Wanted};

impl AllianceRules {
    /// What these rules look at in a ticket.
    pub fn needs(&self) -> Needs {
        let stats = self.stat_codes();
        Needs {
            ticket_attributes: Wanted::All,
            player_attributes: if stats.is_empty() {
                Wanted::None
            } else {
                Wanted::Named(stats)
            },
            latencies: true,
            excluded_sessions: false,
        }
    }

    /// What backfill looks at in a ticket.
    pub fn backfill_needs(&self) -> Needs {
        Needs {
            excluded_sessions: true,
            ..self.needs()
        }
    }

    /// The attributes of `matching_rule`, each once, in order.
    pub fn stat_codes(&self) -> Vec<String> {
        let mut codes: Vec<String> = Vec::with_capacity(self.distances.len());
        for rule in &self.distances {
            if codes.iter().all(|code| **code != *rule.attribute) {
                codes.push(rule.attribute.to_string());
            }
        }
        codes
    }

    /// Most players of a team, however far the rules flex.
    pub fn largest_team(&self) -> u32 {
        let sizes = self.all_teams().map(|teams| teams.players_max);
        sizes.max().unwrap_or(self.teams.players_max)
    }

    /// Whether a ticket could ever match under these rules (ruleset contract C).
    ///
    /// # Errors
    ///
    /// What [`Ticket::check`] finds, more players than any team takes, or latencies of which each is
    /// above `region_latency_max_ms` or negative.
    pub fn check_ticket(&self, ticket: &Ticket) -> Result<(), TicketFault> {
        ticket.check()?;
        let (players, allowed) = (ticket.players.len(), self.largest_team());
        if players > allowed as usize {
            return Err(TicketFault::TooManyPlayers { players, allowed });
        }
        let best = ticket.measured().map(|(_, ms)| ms).min();
        if best.is_none() && !ticket.latencies.is_empty() {
            return Err(TicketFault::NoRegionMeasured);
        }
        match best.zip(self.regions.max_ms) {
            Some((best_ms, cap_ms)) if best_ms > cap_ms => {
                Err(TicketFault::NoRegionUnderCap { best_ms, cap_ms })
            }
            _ => Ok(()),
        }
    }
}
