//! All matches of a small pool, by trying every subset of tickets and every way to make teams.

use super::fields::named;
use super::{Judge, best, mean, reference};
use crate::matching::alliance::{AllianceRules, DistanceRule};
use crate::matching::{Text, Ticket};

/// A match as the contract's plain reading makes it.
#[derive(Debug)]
pub(crate) struct Choice<'a> {
    /// Whose turn it was.
    pub(crate) pivot: &'a Ticket,
    /// Its tickets, the pivot first.
    pub(crate) tickets: Vec<&'a Ticket>,
    /// Where; `None` if none of its tickets has latencies.
    pub(crate) region: Option<Text>,
}

/// The tickets of some valid match of the pivot and any of the others, if there is one.
pub(crate) fn exists_match<'a>(
    rules: &'a AllianceRules,
    now_ms: i64,
    pivot: &'a Ticket,
    others: &[&'a Ticket],
) -> Option<Vec<Text>> {
    let judge = Judge::new(rules, now_ms, pivot);
    for chosen in 0_u32..1 << others.len() {
        let picked = others.iter().enumerate();
        let picked = picked.filter(|(at, _)| chosen & 1 << at != 0);
        let mut tickets = vec![pivot];
        tickets.extend(picked.map(|(_, ticket)| *ticket));
        let named = named(&tickets);
        let somewhere =
            named.is_empty() || named.iter().any(|region| judge.region(&tickets, region));
        if somewhere && is_match(&judge, &tickets) {
            return Some(tickets.iter().map(|ticket| ticket.id.clone()).collect());
        }
    }
    None
}

/// The match that the plain reading of the contract makes for a pivot (A2 to A5): its regions from
/// its best, or all that any valid ticket of the tick reports, by name; in a region the candidates by score, age and arrival; of all valid matches the one that
/// takes the first candidate rather than leaving it, and so on down the list.
pub(crate) fn choose<'a>(
    rules: &'a AllianceRules,
    now_ms: i64,
    pivot: &'a Ticket,
    waiting: &[&'a Ticket],
    tick: &[&Ticket],
) -> Option<Choice<'a>> {
    let judge = Judge::new(rules, now_ms, pivot);
    let mut regions: Vec<Option<Text>> = if pivot.latencies.is_empty() {
        let valid = |ticket: &&Ticket| {
            judge.fit(ticket).is_ok() && ticket.players.len() <= rules.largest_team() as usize
        };
        let valid: Vec<&Ticket> = tick.iter().copied().filter(valid).collect();
        named(&valid).into_iter().map(Some).collect()
    } else {
        let mut own: Vec<_> = pivot
            .latencies
            .iter()
            .map(|(name, ms)| (*ms, name))
            .collect();
        own.sort_unstable();
        let open = own
            .into_iter()
            .filter(|(_, name)| judge.is_open(pivot, name));
        open.map(|(_, name)| Some(name.clone())).collect()
    };
    if regions.is_empty() && pivot.latencies.is_empty() {
        regions.push(None);
    }
    regions
        .iter()
        .find_map(|region| choose_in(&judge, region.as_ref(), waiting))
}

fn choose_in<'a>(
    judge: &Judge<'a>,
    region: Option<&Text>,
    waiting: &[&'a Ticket],
) -> Option<Choice<'a>> {
    let others = waiting.iter().filter(|ticket| !judge.is_pivot(ticket));
    let mut candidates: Vec<&Ticket> = others
        .filter(|ticket| judge.group(&[judge.pivot, ticket]).is_ok())
        .filter(|ticket| region.is_none_or(|region| judge.is_open(ticket, region)))
        .copied()
        .collect();
    let score = |ticket: &Ticket| judge.score(ticket, region);
    candidates.sort_by(|a, b| {
        let by_score = score(a).total_cmp(&score(b));
        let by_age = judge.age(b).cmp(&judge.age(a));
        by_score.then(by_age).then(a.arrival.cmp(&b.arrival))
    });
    let last = candidates.len();
    for left in 0_u32..1 << last {
        // The first candidate is the highest bit, and a bit that is set leaves it out: counting up
        // goes through the subsets in the order of the contract.
        let picked = candidates.iter().enumerate();
        let picked = picked.filter(|(at, _)| left & 1 << (last - 1 - at) == 0);
        let mut tickets = vec![judge.pivot];
        tickets.extend(picked.map(|(_, ticket)| *ticket));
        if is_match(judge, &tickets) {
            let has_latencies = !named(&tickets).is_empty();
            return Some(Choice {
                pivot: judge.pivot,
                tickets,
                region: region.filter(|_| has_latencies).cloned(),
            });
        }
    }
    None
}

/// All choices of a tick, pivot by pivot.
pub(crate) fn replay<'a>(
    rules: &'a AllianceRules,
    now_ms: i64,
    tickets: &'a [Ticket],
) -> Vec<Choice<'a>> {
    let all: Vec<&Ticket> = in_order(now_ms, tickets);
    let mut waiting = all.clone();
    let mut made: Vec<Choice<'a>> = Vec::new();
    for pivot in waiting.clone() {
        if !waiting.iter().any(|ticket| std::ptr::eq(*ticket, pivot)) {
            continue;
        }
        if let Some(choice) = choose(rules, now_ms, pivot, &waiting, &all) {
            let taken = |ticket: &&Ticket| choice.tickets.iter().any(|t| std::ptr::eq(*t, *ticket));
            waiting.retain(|ticket| !taken(ticket));
            made.push(choice);
        }
    }
    made
}

/// Tickets by age, then arrival.
pub(crate) fn in_order(now_ms: i64, tickets: &[Ticket]) -> Vec<&Ticket> {
    let mut all: Vec<&Ticket> = tickets.iter().collect();
    all.sort_by_key(|ticket| (ticket.created_at_ms.unwrap_or(now_ms), ticket.arrival));
    all
}

/// Whether the tickets are a match somewhere, in some teams.
fn is_match(judge: &Judge<'_>, tickets: &[&Ticket]) -> bool {
    let players: u64 = tickets
        .iter()
        .map(|ticket| ticket.players.len() as u64)
        .sum();
    let bounds = judge.bounds();
    (bounds.min_players()..=bounds.max_players()).contains(&players)
        && judge.group(tickets).is_ok()
        && every_split(judge, tickets, &mut |teams| judge.teams(teams).is_ok())
}

/// Of all valid ways to make that many teams of the tickets, the smallest difference in players and
/// in means of the balancing value (A8).
pub(crate) fn fairest(
    rules: &AllianceRules,
    now_ms: i64,
    pivot: &Ticket,
    tickets: &[&Ticket],
    number: usize,
) -> Option<(usize, f64)> {
    let judge = Judge::new(rules, now_ms, pivot);
    let mut fairest: Option<(usize, f64)> = None;
    every_split(&judge, tickets, &mut |teams| {
        if teams.len() == number && judge.teams(teams).is_ok() {
            let spread = spread(rules, teams);
            if fairest.is_none_or(|least| spread < least) {
                fairest = Some(spread);
            }
        }
        false
    });
    fairest
}

/// How far apart teams are: in players, and in means of the balancing value.
pub(crate) fn spread(rules: &AllianceRules, teams: &[Vec<&Ticket>]) -> (usize, f64) {
    let players = |team: &Vec<&Ticket>| team.iter().map(|t| t.players.len()).sum::<usize>();
    let value = |team: &Vec<&Ticket>| {
        let balancing = balancing(rules).into_iter();
        let sum: f64 = balancing
            .flat_map(|rule| team.iter().map(move |ticket| value(rule, ticket)))
            .sum();
        sum / players(team) as f64
    };
    let sizes = || teams.iter().map(players);
    let values = || teams.iter().map(value);
    let largest = sizes().max().unwrap_or(0);
    let highest = values().fold(f64::NEG_INFINITY, f64::max);
    let lowest = values().fold(f64::INFINITY, f64::min);
    (largest - sizes().min().unwrap_or(0), highest - lowest)
}

/// The sum over the party's players.
fn value(rule: &DistanceRule, ticket: &Ticket) -> f64 {
    let sum = mean(ticket, &rule.attribute) * ticket.players.len() as f64;
    if rule.normalization > 0.0 {
        sum / rule.normalization
    } else {
        sum
    }
}

fn balancing(rules: &AllianceRules) -> Vec<&DistanceRule> {
    let is_true = |rule: &&DistanceRule| rule.balancing == Some(true);
    if rules.distances.iter().any(|rule| is_true(&rule)) {
        return rules.distances.iter().filter(is_true).collect();
    }
    if rules.distances.iter().all(|rule| rule.balancing.is_some()) {
        return Vec::new();
    }
    let mut all = rules.distances.iter();
    all.find(|rule| is_distance(rule)).into_iter().collect()
}

/// Whether it is a distance rule at some age.
fn is_distance(rule: &DistanceRule) -> bool {
    let flexed = rule.flexing.iter().map(|flex| flex.reference);
    flexed
        .chain([rule.reference])
        .any(|reference| reference.is_some())
}

/// Shows every way to split the tickets into teams that are not too many or too big, until one is
/// good.
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
            let players: usize = teams[at].iter().map(|other| other.players.len()).sum();
            if players + ticket.players.len() <= bounds.players_max as usize {
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

impl Judge<'_> {
    /// How badly a candidate fits (A3), lower is better.
    fn score(&self, ticket: &Ticket, region: Option<&Text>) -> f64 {
        // A rule that the pivot's age has turned into another criteria measures nothing.
        let acts = |rule: &&DistanceRule| reference(rule, self.age(self.pivot)).is_some();
        let mut score = 0.0;
        for rule in self.rules.distances.iter().filter(acts) {
            let distance =
                (mean(self.pivot, &rule.attribute) - mean(ticket, &rule.attribute)).abs();
            let divisor = if rule.normalization > 0.0 {
                rule.normalization
            } else {
                1.0
            };
            score += distance / divisor * rule.weight;
        }
        let latency = region.and_then(|region| ticket.latency(region));
        if let (Some(latency), Some(cap)) = (latency, self.rules.regions.max_ms) {
            let above = latency - best(ticket);
            score += self.rules.regions.weight * above as f64 / cap as f64;
        }
        score
    }
}
