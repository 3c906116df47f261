//! How far the means of a session's teams are apart.

use super::{Newcomer, Team};

/// The two lowest and the two highest means of teams, each with the number of its team: whichever team
/// changes, the lowest and the highest of the others are among them.
pub(super) struct Ends {
    lowest: [(f64, usize); 2],
    highest: [(f64, usize); 2],
}

impl Ends {
    /// O(teams).
    pub(super) fn of(teams: &[Team]) -> Self {
        let mut ends = Self {
            lowest: [(f64::INFINITY, usize::MAX); 2],
            highest: [(f64::NEG_INFINITY, usize::MAX); 2],
        };
        for (at, team) in teams.iter().enumerate().filter(|(_, team)| team.valued > 0) {
            #[cfg(test)]
            crate::matching::steps::step();
            let mean = (team.value / team.valued as f64, at);
            let [first, second] = ends.lowest;
            if mean.0 < first.0 {
                ends.lowest = [mean, first];
            } else if mean.0 < second.0 {
                ends.lowest[1] = mean;
            }
            let [first, second] = ends.highest;
            if mean.0 > first.0 {
                ends.highest = [mean, first];
            } else if mean.0 > second.0 {
                ends.highest[1] = mean;
            }
        }
        ends
    }

    /// The difference between the highest and the lowest mean once the newcomer has joined `team`, which
    /// has that number.
    pub(super) fn unevenness(&self, number: usize, team: &Team, newcomer: Newcomer<'_>) -> f64 {
        let players = team.valued + newcomer.ticket.players.len() as u64;
        let mean = (team.value + newcomer.value) / players as f64;
        let of_others = |ends: &[(f64, usize); 2]| ends[usize::from(ends[0].1 == number)].0;
        of_others(&self.highest).max(mean) - of_others(&self.lowest).min(mean)
    }
}
