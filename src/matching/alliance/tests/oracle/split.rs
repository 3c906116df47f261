//! The teams of a match's tickets, by trying every way to make them (docs/semantics.md, "Rebalance").

use super::{Judge, mean, players};
use crate::matching::Ticket;
use crate::matching::alliance::{AllianceRules, DistanceRule};

/// How good a split is, to be compared in this order; less is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Balance {
    /// Between the fullest and the emptiest place, where a place without a team has no players.
    pub(super) places: usize,
    /// How many places are without a team.
    pub(super) without: usize,
    /// Between the largest and the smallest team, in players.
    pub(super) sizes: usize,
    /// Between the highest and the lowest mean of the balancing value.
    pub(super) means: f64,
}

impl Balance {
    pub(super) fn of(judge: &Judge<'_>, teams: &[Vec<&Ticket>]) -> Self {
        let places = judge.bounds().teams_max as usize;
        let sizes = || teams.iter().map(|team| players(team));
        let values = || teams.iter().map(|team| value(judge.rules, team));
        let (largest, smallest) = (sizes().max().unwrap_or(0), sizes().min().unwrap_or(0));
        let emptiest = if teams.len() < places { 0 } else { smallest };
        let highest = values().fold(f64::NEG_INFINITY, f64::max);
        let lowest = values().fold(f64::INFINITY, f64::min);
        Self {
            places: largest - emptiest,
            without: places - teams.len(),
            sizes: largest - smallest,
            means: highest - lowest,
        }
    }

    fn is_better(&self, other: &Self) -> bool {
        let counts = |of: &Self| (of.places, of.without, of.sizes);
        let by_counts = counts(self).cmp(&counts(other));
        by_counts.then(self.means.total_cmp(&other.means)).is_lt()
    }
}

/// The best balance that a valid split of the tickets has.
pub(super) fn fairest(judge: &Judge<'_>, tickets: &[&Ticket]) -> Option<Balance> {
    let mut fairest: Option<Balance> = None;
    every_split(judge, tickets, &mut |teams| {
        if judge.teams(teams).is_ok() {
            let balance = Balance::of(judge, teams);
            if fairest.is_none_or(|other| balance.is_better(&other)) {
                fairest = Some(balance);
            }
        }
        false
    });
    fairest
}

/// The teams without rebalancing: each ticket, in the order in which they were taken, goes to the
/// first team that has room and from which a valid match can still come.
pub(super) fn to_the_brim<'t>(judge: &Judge<'_>, tickets: &[&'t Ticket]) -> Vec<Vec<&'t Ticket>> {
    let mut first = Vec::new();
    every_split(judge, tickets, &mut |teams| {
        let is_valid = judge.teams(teams).is_ok();
        if is_valid {
            first = teams.to_vec();
        }
        is_valid
    });
    first
}

/// Whether some split is valid.
pub(super) fn is_some_valid(judge: &Judge<'_>, tickets: &[&Ticket]) -> bool {
    every_split(judge, tickets, &mut |teams| judge.teams(teams).is_ok())
}

/// Shows every way to split the tickets into teams that are not too many or too big, until one is
/// good. A ticket is tried in the first team first, and last in a new one.
pub(super) fn every_split<'t>(
    judge: &Judge<'_>,
    tickets: &[&'t Ticket],
    is_good: &mut dyn FnMut(&[Vec<&'t Ticket>]) -> bool,
) -> bool {
    fn place<'t>(
        judge: &Judge<'_>,
        left: &[&'t Ticket],
        teams: &mut Vec<Vec<&'t Ticket>>,
        is_good: &mut dyn FnMut(&[Vec<&'t Ticket>]) -> bool,
    ) -> bool {
        let Some((ticket, left)) = left.split_first() else {
            return is_good(teams);
        };
        let bounds = judge.bounds();
        for at in 0..teams.len() {
            if players(&teams[at]) + ticket.players.len() <= bounds.players_max as usize {
                teams[at].push(ticket);
                if place(judge, left, teams, is_good) {
                    return true;
                }
                teams[at].pop();
            }
        }
        if teams.len() < bounds.teams_max as usize {
            teams.push(vec![ticket]);
            if place(judge, left, teams, is_good) {
                return true;
            }
            teams.pop();
        }
        false
    }
    place(judge, tickets, &mut Vec::new(), is_good)
}

/// The mean of the team's balancing value.
fn value(rules: &AllianceRules, team: &[&Ticket]) -> f64 {
    let balancing = balancing(rules).into_iter();
    let sum: f64 = balancing
        .flat_map(|rule| team.iter().map(move |ticket| of_party(rule, ticket)))
        .sum();
    sum / players(team) as f64
}

/// The sum over the party's players.
fn of_party(rule: &DistanceRule, ticket: &Ticket) -> f64 {
    let sum = mean(ticket, &rule.attribute) * ticket.players.len() as f64;
    if rule.normalization > 0.0 {
        sum / rule.normalization
    } else {
        sum
    }
}

fn balancing(rules: &AllianceRules) -> Vec<&DistanceRule> {
    let all = || rules.distances.iter();
    let chosen: Vec<&DistanceRule> = all().filter(|rule| rule.balancing == Some(true)).collect();
    if !chosen.is_empty() {
        return chosen;
    }
    if all().all(|rule| rule.balancing.is_some()) {
        return Vec::new();
    }
    all().find(|rule| is_distance(rule)).into_iter().collect()
}

/// Whether it is a distance rule at some age.
fn is_distance(rule: &DistanceRule) -> bool {
    let flexed = rule.flexing.iter().map(|flex| flex.reference);
    flexed
        .chain([rule.reference])
        .any(|reference| reference.is_some())
}
