//! All matches of a small pool, by trying every subset of its tickets.

use super::fields::named;
use super::split::is_some_valid;
use super::{Judge, best, created, latency, mean, players, reference};
use crate::matching::alliance::{AllianceRules, DistanceRule};
use crate::matching::{Text, Ticket};

/// A match that a pivot makes.
#[derive(Debug)]
pub(super) struct Choice<'a> {
    /// Whose turn it was.
    pub(super) pivot: &'a Ticket,
    /// Its tickets, the pivot first, then as they were taken.
    pub(super) tickets: Vec<&'a Ticket>,
    /// Where; `None` if none of its tickets has latencies.
    pub(super) region: Option<Text>,
}

/// The tickets of some valid match of the pivot and any of the others, if there is one.
pub(super) fn exists_match<'a>(
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

/// The match that a pivot makes (docs/semantics.md, "Pivot" to "Regions"): its regions from its best, or all that a valid ticket of
/// the tick has measured, by name; in a region the candidates by score, age and arrival; of all valid
/// matches the one that takes the first candidate rather than leaving it, and so on down the list.
pub(super) fn choose<'a>(
    rules: &'a AllianceRules,
    now_ms: i64,
    pivot: &'a Ticket,
    waiting: &[&'a Ticket],
    tick: &[&Ticket],
) -> Option<Choice<'a>> {
    let judge = Judge::new(rules, now_ms, pivot);
    let mut regions: Vec<Option<Text>> = if pivot.latencies.is_empty() {
        let all = rules.layout.flexing.iter().map(|flex| flex.stage.teams);
        let largest = all
            .chain([rules.layout.first.teams])
            .map(|teams| teams.players_max)
            .max();
        let seats = largest.unwrap_or(0) as usize;
        let valid = |ticket: &&Ticket| judge.fit(ticket).is_ok() && ticket.players.len() <= seats;
        let valid: Vec<&Ticket> = tick.iter().copied().filter(valid).collect();
        named(&valid).into_iter().map(Some).collect()
    } else {
        let own = pivot.latencies.iter().map(|(name, ms)| (*ms, name));
        let mut open: Vec<_> = own.filter(|(_, name)| judge.is_open(pivot, name)).collect();
        open.sort_unstable();
        open.into_iter()
            .map(|(_, name)| Some(name.clone()))
            .collect()
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
pub(super) fn replay<'a>(
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
pub(super) fn in_order(now_ms: i64, tickets: &[Ticket]) -> Vec<&Ticket> {
    let mut all: Vec<&Ticket> = tickets.iter().collect();
    all.sort_by_key(|ticket| (created(now_ms, ticket), ticket.arrival));
    all
}

/// Whether the tickets are a match somewhere, in some teams.
fn is_match(judge: &Judge<'_>, tickets: &[&Ticket]) -> bool {
    let players = players(tickets) as u64;
    let bounds = judge.bounds();
    let least = u64::from(bounds.teams_min) * u64::from(bounds.players_min);
    let most = u64::from(bounds.teams_max) * u64::from(bounds.players_max);
    (least..=most).contains(&players)
        && judge.group(tickets).is_ok()
        && is_some_valid(judge, tickets)
}

impl Judge<'_> {
    /// How badly a candidate fits (docs/semantics.md, "Score"), lower is better.
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
        let latency = region.and_then(|region| latency(ticket, region));
        if let (Some(latency), Some(cap)) = (latency, self.rules.regions.max_ms) {
            let above = latency - best(ticket);
            score += self.rules.regions.weight * above as f64 / cap as f64;
        }
        score
    }
}
