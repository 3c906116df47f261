//! What a session measures by distance rules: the means of its players, and how far they can go.

use std::cmp::Ordering;

use super::super::criteria::distance::mean;
use super::super::{AllianceRules, DistanceRule};
use crate::matching::{Session, Ticket};

/// The means of a session's players, one for each matching rule.
#[derive(Debug, Clone)]
pub(super) struct Means {
    of_rules: Vec<MeanOfRule>,
    /// Players of the session's own tickets, and of those with the ones that joined.
    own_players: u64,
    players: u64,
}

#[derive(Debug, Clone)]
struct MeanOfRule {
    /// Sums over the players of the session's own tickets, and of those with the ones that joined.
    own_sum: f64,
    sum: f64,
    /// Mean and players of the tickets that joined, the lowest mean first.
    joined: Vec<(f64, u32)>,
    /// The lowest and the highest mean that any part of them leaves.
    span: (f64, f64),
}

impl Means {
    pub(super) fn new(rules: &AllianceRules, session: &Session) -> Self {
        let tickets = || session.tickets.iter().filter(|one| !one.players.is_empty());
        let own_players = tickets().map(|ticket| ticket.players.len() as u64).sum();
        let of_rule = |rule: &DistanceRule| {
            let sum = |ticket: &Ticket| mean(ticket, &rule.attribute) * ticket.players.len() as f64;
            let own_sum = tickets().map(sum).sum();
            let mut of_rule = MeanOfRule {
                own_sum,
                sum: own_sum,
                joined: Vec::new(),
                span: (0.0, 0.0),
            };
            of_rule.measure(own_players);
            of_rule
        };
        Self {
            of_rules: rules.distances.iter().map(of_rule).collect(),
            own_players,
            players: own_players,
        }
    }

    /// Whether there is anybody to measure: not in a session without tickets before the first joins.
    pub(super) fn are_known(&self) -> bool {
        self.players > 0
    }

    /// The means with all tickets that joined.
    pub(super) fn of_all(&self) -> impl Iterator<Item = f64> {
        let players = self.players as f64;
        self.of_rules.iter().map(move |one| one.sum / players)
    }

    /// The lowest and the highest means that the session can have. A game server may accept any part
    /// of the tickets that joined (docs/semantics.md, "Proposals"), and each ticket has to be in reach
    /// of whatever is left.
    pub(super) fn spans(&self) -> impl Iterator<Item = (f64, f64)> {
        self.of_rules.iter().map(|one| one.span)
    }

    /// A ticket of these means joins. O(tickets that joined).
    pub(super) fn join(&mut self, players: u32, means: &[f64]) {
        self.players += u64::from(players);
        for (one, mean) in self.of_rules.iter_mut().zip(means) {
            one.sum += mean * f64::from(players);
            let at = one.joined.partition_point(|(other, _)| other < mean);
            one.joined.insert(at, (*mean, players));
            one.measure(self.own_players);
        }
    }
}

impl MeanOfRule {
    fn measure(&mut self, own_players: u64) {
        let (sum, joined) = (self.own_sum, &self.joined);
        let low = farthest(sum, own_players, joined.iter(), Ordering::Less);
        let high = farthest(sum, own_players, joined.iter().rev(), Ordering::Greater);
        self.span = (low, high);
    }
}

/// The mean farthest in a direction that any part of the tickets leaves, which come with the farthest
/// first. A ticket takes the mean farther exactly if it is beyond it, so all up to the first that is
/// not belong to that part.
fn farthest<'t>(
    mut sum: f64,
    players: u64,
    tickets: impl Iterator<Item = &'t (f64, u32)>,
    direction: Ordering,
) -> f64 {
    let mut players = players as f64;
    for (mean, more) in tickets {
        if players > 0.0 && mean.total_cmp(&(sum / players)) != direction {
            break;
        }
        sum += mean * f64::from(*more);
        players += f64::from(*more);
    }
    sum / players
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_span_is_that_of_every_part() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..300 {
            let own_players = random.u64(0..4);
            let own_sum = own_players as f64 * f64::from(random.u8(..100));
            let mut one = MeanOfRule {
                own_sum,
                sum: own_sum,
                joined: Vec::new(),
                span: (0.0, 0.0),
            };
            let tickets: Vec<(f64, u32)> = (0..random.usize(1..6))
                .map(|_| (f64::from(random.u8(..100)), random.u32(1..4)))
                .collect();
            one.joined = tickets.clone();
            one.joined.sort_by(|a, b| a.0.total_cmp(&b.0));
            one.measure(own_players);
            let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
            for part in 0_u32..1 << tickets.len() {
                let taken = tickets
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| part >> at & 1 == 1);
                let (sum, players) = taken.fold((own_sum, own_players), |(sum, n), (_, one)| {
                    (sum + one.0 * f64::from(one.1), n + u64::from(one.1))
                });
                if players > 0 {
                    let mean = sum / players as f64;
                    (low, high) = (low.min(mean), high.max(mean));
                }
            }
            assert!((one.span.0 - low).abs() < 1e-9, "{:?} {low}", one.span);
            assert!((one.span.1 - high).abs() < 1e-9, "{:?} {high}", one.span);
        }
    }
}
