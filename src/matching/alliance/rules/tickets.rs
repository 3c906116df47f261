//! What an alliance ruleset needs of tickets.

use super::{AllianceRules, Stage, SubGameMode};
use crate::matching::alliance::criteria::modes::{
    ANY_MODE, ModeSet, SUB_GAME_MODE, accepted, set_of,
};
use crate::matching::alliance::roles::{ROLE, ROLES, fits_some_team};
use crate::matching::{Needs, Text, Ticket, TicketFault, Wanted};

impl AllianceRules {
    /// What matching by these rules reads of a ticket.
    pub fn needs(&self) -> Needs {
        let mut stats = self.stat_codes();
        if self.have_roles() {
            stats.extend([ROLE, ROLES].map(str::to_owned));
        }
        for rating in self.quality.iter().flat_map(|quality| &quality.ratings) {
            let deviation = rating.deviation.as_ref();
            stats.extend(
                [&rating.attribute]
                    .into_iter()
                    .chain(deviation)
                    .map(Text::to_string),
            );
        }
        Needs {
            // Match options and must-match attributes may have any name.
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

    /// What backfill by these rules reads of a ticket.
    pub fn backfill_needs(&self) -> Needs {
        Needs {
            excluded_sessions: true,
            ..self.needs()
        }
    }

    /// The attributes of `matching_rule`, each once, in the ruleset's order.
    pub fn stat_codes(&self) -> Vec<String> {
        let mut codes: Vec<String> = Vec::with_capacity(self.distances.len());
        for rule in &self.distances {
            if codes.iter().all(|code| **code != *rule.attribute) {
                codes.push(rule.attribute.to_string());
            }
        }
        codes
    }

    /// Maximum number of players of a team in any mode, before and after any flexing.
    pub fn largest_team(&self) -> u32 {
        self.largest_team_of(ANY_MODE)
    }

    /// The same in these modes.
    fn largest_team_of(&self, modes: ModeSet) -> u32 {
        self.stages_of(modes)
            .map(|(_, stage)| stage.teams.players_max)
            .fold(0, u32::max)
    }

    /// The sub game modes that a ticket accepts; [`ANY_MODE`] if the ruleset has none.
    ///
    /// # Errors
    ///
    /// [`TicketFault::NoMode`] if it accepts none of those that the ruleset has.
    pub(in crate::matching::alliance) fn modes_of(
        &self,
        ticket: &Ticket,
    ) -> Result<ModeSet, TicketFault> {
        if self.modes.is_empty() {
            return Ok(ANY_MODE);
        }
        let accepted = accepted(self, ticket.attributes.get(SUB_GAME_MODE));
        if accepted.is_empty() {
            return Err(TicketFault::NoMode(some_names(&self.modes)));
        }
        Ok(set_of(&accepted))
    }

    /// The stages of these modes, each with the number of its layout.
    pub(in crate::matching::alliance) fn stages_of(
        &self,
        modes: ModeSet,
    ) -> impl Iterator<Item = (usize, &Stage)> {
        let layouts = self.layouts().enumerate();
        let layouts = layouts.filter(move |(at, _)| modes == ANY_MODE || modes & 1 << at != 0);
        layouts.flat_map(|(at, layout)| layout.stages().map(move |stage| (at, stage)))
    }

    /// Whether a ticket could ever match under these rules (docs/semantics.md, "Unary calls").
    ///
    /// # Errors
    ///
    /// [`TicketFault`] for the first fault: one of [`Ticket::check`], more players than any team
    /// takes, no known sub game mode, players who cannot be given roles in any team, or latencies that are all negative or above
    /// `region_latency_max_ms`.
    pub fn check_ticket(&self, ticket: &Ticket) -> Result<(), TicketFault> {
        self.check_ticket_but_roles(ticket)?;
        if self.have_roles() {
            fits_some_team(self, ticket)?;
        }
        Ok(())
    }

    /// [`AllianceRules::check_ticket`] without a look at roles.
    ///
    /// # Errors
    ///
    /// The same but for roles.
    pub(in crate::matching::alliance) fn check_ticket_but_roles(
        &self,
        ticket: &Ticket,
    ) -> Result<(), TicketFault> {
        ticket.check()?;
        let modes = self.modes_of(ticket)?;
        let (players, allowed) = (ticket.players.len(), self.largest_team_of(modes));
        if players > allowed as usize {
            return Err(TicketFault::TooManyPlayers { players, allowed });
        }
        // A ticket without latencies fits any region.
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

/// Modes that a text names at most; the others are counted.
const MAX_NAMED: usize = 5;

/// The names of modes for a text.
fn some_names(modes: &[SubGameMode]) -> String {
    let names: Vec<&str> = modes
        .iter()
        .take(MAX_NAMED)
        .map(|mode| &*mode.name)
        .collect();
    let names = names.join(", ");
    match modes.len().saturating_sub(MAX_NAMED) {
        0 => names,
        more => format!("{names}, and {more} more"),
    }
}
