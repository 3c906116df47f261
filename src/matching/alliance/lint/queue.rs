//! What a ruleset's rules find in real tickets.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::Lints;
use crate::matching::alliance::criteria::distance::mean;
use crate::matching::alliance::roles::AskedRoles;
use crate::matching::alliance::rules::ids::{
    BALANCE_OFF, DISTANCE_DEAD, NEVER_FULL, TICKET_ATTRIBUTE, TICKET_MODE, TICKET_OPTION,
    TICKET_PARTY, TICKET_REGION, TICKET_ROLE, TICKET_TYPE,
};
use crate::matching::alliance::{OptionKind, Roles};
use crate::matching::{Player, Text, Ticket, TicketFault, Value};

/// A statistic with at most this share of different values is no continuous one.
const FEW_VALUES: usize = 10;

/// How many times the spread of one balancing value may be that of another.
const OTHER_SCALE: f64 = 10.0;

/// Whether a statistic takes few values beside the number of tickets that have it. `false` without
/// tickets.
pub(super) fn has_few_values(tickets: &[Ticket], attribute: &str) -> bool {
    let values: HashSet<u64> = tickets
        .iter()
        .map(|ticket| mean(ticket, attribute).to_bits())
        .collect();
    !tickets.is_empty() && values.len() * FEW_VALUES <= tickets.len()
}

impl Lints<'_> {
    pub(super) fn queue(&mut self) {
        self.attributes();
        self.scales();
        self.parties();
        self.options();
        self.reported_regions();
        self.supply_of_roles();
    }

    fn players(&self) -> impl Iterator<Item = &Player> {
        self.context
            .tickets
            .iter()
            .flat_map(|ticket| &ticket.players)
    }

    fn attributes(&mut self) {
        let rules = self.rules;
        for (place, rule) in rules.distances.iter().enumerate() {
            let path = format!("matching_rule[{place}].attribute");
            let (mut players, mut with, mut wrong) = (0, 0, 0);
            for player in self.players() {
                players += 1;
                match player.attributes.get(&rule.attribute) {
                    None | Some(Value::Null) => {}
                    Some(Value::Number(_)) => with += 1,
                    Some(_) => wrong += 1,
                }
            }
            if with + wrong == 0 {
                let text = format!(
                    "is `{}`, which none of {players} players has: all count as 0",
                    rule.attribute
                );
                self.warn(TICKET_ATTRIBUTE, path, text);
            } else if wrong > 0 {
                let text = format!(
                    "is `{}`, which {wrong} of {players} players have with a value that is no number: \
                     these count as 0",
                    rule.attribute
                );
                self.warn(TICKET_TYPE, path, text);
            }
        }
    }

    /// The spread of the tickets' means for each rule.
    fn scales(&mut self) {
        let tickets = self.context.tickets;
        let rules = self.rules;
        let spread = |attribute: &str| {
            let means = tickets.iter().map(|ticket| mean(ticket, attribute));
            let (low, high) = means.fold((f64::MAX, f64::MIN), |(low, high), value| {
                (low.min(value), high.max(value))
            });
            high - low
        };
        let each = rules.distances.iter();
        let spreads: Vec<f64> = each.map(|rule| spread(&rule.attribute)).collect();
        for ((place, rule), widest) in rules.distances.iter().enumerate().zip(&spreads) {
            let mut references = rule.references();
            let never_tests = references.all(|one| one.is_none_or(|one| one >= *widest));
            if rule.is_distance() && rule.weight == 0.0 && *widest > 0.0 && never_tests {
                let text = format!(
                    "can't matter: its weight is 0, and no two tickets are farther apart than {widest}"
                );
                self.warn(DISTANCE_DEAD, format!("matching_rule[{place}]"), text);
            }
        }
        if !rules.rebalance {
            return;
        }
        let scaled = rules.balancing().map(|(place, rule)| {
            let scale = match rule.normalization > 0.0 {
                true => rule.normalization,
                false => 1.0,
            };
            (place, spreads[place] / scale)
        });
        let scaled: Vec<(usize, f64)> = scaled.filter(|(_, spread)| *spread > 0.0).collect();
        let by_spread = |a: &&(usize, f64), b: &&(usize, f64)| a.1.total_cmp(&b.1);
        if let (Some(low), Some(high)) = (
            scaled.iter().min_by(by_spread),
            scaled.iter().max_by(by_spread),
        ) && high.1 > OTHER_SCALE * low.1
        {
            let name = |place: usize| &rules.distances[place].attribute;
            let text = format!(
                "`{}` spreads {:.0} times as far as `{}` when teams are balanced, which so has no say",
                name(high.0),
                high.1 / low.1,
                name(low.0)
            );
            let path = format!("matching_rule[{}]", low.0);
            self.warn(BALANCE_OFF, path, text);
            self.help("set `normalizationMax` of both to the spread of their values");
        }
    }

    fn parties(&mut self) {
        let tickets = self.context.tickets;
        let (mut large, mut no_mode) = (0, 0);
        for ticket in tickets {
            match self.rules.check_ticket_but_roles(ticket) {
                Err(TicketFault::TooManyPlayers { .. }) => large += 1,
                Err(TicketFault::NoMode(_)) => no_mode += 1,
                _ => {}
            }
        }
        if large > 0 {
            let path = match self.rules.modes.is_empty() {
                true => "alliance.player_max_number",
                false => "sub_game_modes",
            };
            let text = format!(
                "allows teams of {}: {large} of {} tickets have more players and match nobody",
                self.rules.largest_team(),
                tickets.len()
            );
            self.warn(TICKET_PARTY, path, text);
        }
        if no_mode > 0 {
            let text = format!(
                "{no_mode} of {} tickets accept none of the modes and match nobody",
                tickets.len()
            );
            self.warn(TICKET_MODE, "sub_game_modes", text);
            self.help("tickets name modes in their attribute `sub_game_mode`");
        }
    }

    fn options(&mut self) {
        let tickets = self.context.tickets;
        for (place, option) in self.rules.options.iter().enumerate() {
            if option.kind == OptionKind::Disable {
                continue;
            }
            let values = tickets
                .iter()
                .filter_map(|ticket| ticket.attributes.get(&option.name));
            let count = values.clone().count();
            let path = format!("match_options.options[{place}].name");
            if count == 0 {
                let text = format!(
                    "is `{}`, which none of {} tickets has as an attribute",
                    option.name,
                    tickets.len()
                );
                self.warn(TICKET_OPTION, path, text);
                continue;
            }
            let distinct: BTreeSet<String> = values
                .flat_map(|value| match value {
                    Value::List(values) => values.iter().map(|one| format!("{one:?}")).collect(),
                    one => vec![format!("{one:?}")],
                })
                .collect();
            let most = self.rules.stages().map(|stage| stage.teams.max_players());
            let most = most.max().unwrap_or(0);
            if option.kind == OptionKind::Unique
                && count == tickets.len()
                && (distinct.len() as u64) < most
            {
                let text = format!(
                    "is `{}` with {} values in all tickets: each may be in a match once, so no match \
                     has {most} tickets",
                    option.name,
                    distinct.len()
                );
                self.warn(NEVER_FULL, path, text);
            }
        }
    }

    fn reported_regions(&mut self) {
        let tickets = self.context.tickets;
        let mut reached: BTreeMap<&Text, (usize, i64)> = BTreeMap::new();
        for ticket in tickets {
            for (region, ms) in ticket.measured() {
                let (count, least) = reached.entry(region).or_insert((0, i64::MAX));
                *count += 1;
                *least = (*least).min(ms);
            }
        }
        let Some(max_ms) = self.rules.regions.max_ms else {
            return;
        };
        if reached.is_empty() {
            let text = format!(
                "has no effect: none of {} tickets reports a latency",
                tickets.len()
            );
            self.warn(TICKET_REGION, "region_latency_max_ms", text);
        }
        for (region, (count, least)) in reached {
            if least > max_ms {
                let text = format!(
                    "is {max_ms} ms: region `{region}`, which {count} tickets report, is open to none \
                     of them; the least latency is {least} ms"
                );
                self.warn(TICKET_REGION, "region_latency_max_ms", text);
            }
        }
    }

    /// Players who would play each role, against those that full matches of all need.
    fn supply_of_roles(&mut self) {
        let mut asked: BTreeMap<String, usize> = BTreeMap::new();
        let (mut players, mut any) = (0, 0);
        for player in self.players() {
            players += 1;
            let roles = AskedRoles::of(&player.attributes);
            any += usize::from(roles.any.is_some());
            for (name, _) in roles.names {
                *asked.entry(name.into_owned()).or_default() += 1;
            }
        }
        let Some(stage) = self.rules.stages().find(|stage| stage.roles.are_on()) else {
            return;
        };
        let Roles::Single(list) = &stage.roles else {
            return;
        };
        let size = stage.teams.players_max.max(1);
        for role in &list.0 {
            let needed = players * role.min as usize / size as usize;
            let there = asked.get(&*role.name).copied().unwrap_or(0) + any;
            if role.min > 0 && there < needed {
                let text = format!(
                    "needs {} of {size} players as `{}`: of {players} players, {there} would play it \
                     and {needed} are needed, so {} of 100 players can be matched at most",
                    role.min,
                    role.name,
                    there * 100 / needed.max(1)
                );
                self.warn(TICKET_ROLE, "alliance.combination", text);
            }
        }
    }
}
