//! Ratings that are not certain: how far apart two tickets are expected to be (docs/quality.md,
//! "Uncertain ratings").

use super::super::DistanceRule;
use crate::matching::alliance::criteria::Criteria;
use crate::matching::alliance::pool::Id;
use crate::matching::alliance::rules::Quality;
use crate::matching::alliance::tick::Turns;
use crate::matching::{Player, Text, Value};

/// What is not certain about the tickets.
#[derive(Debug)]
pub(super) struct Uncertain {
    /// For each rule the deviations of the rows' means; nothing for rules without.
    deviations: Vec<Vec<f64>>,
}

impl Uncertain {
    /// Reads the deviations that the ruleset names.
    pub(super) fn of(turns: &Turns<'_>, quality: &Quality) -> Self {
        let named = |rule: &DistanceRule| {
            let mut ratings = quality.ratings.iter();
            let rating = ratings.find(|rating| rating.attribute == rule.attribute)?;
            rating.deviation.as_ref()
        };
        let names: Vec<Option<&Text>> = turns.rules.distances.iter().map(named).collect();
        if names.iter().all(Option::is_none) {
            let deviations = Vec::new();
            return Self { deviations };
        }
        let of_row = |id: Id, name: &Text| {
            let players = &turns.pool.ticket(id).players;
            let square = |player: &Player| {
                let value = player.attributes.get(name).and_then(Value::as_number);
                value.unwrap_or(0.0).powi(2)
            };
            players.iter().map(square).sum::<f64>().sqrt() / players.len() as f64
        };
        let of_rule = |name: &Option<&Text>| match name {
            Some(name) => (0..turns.pool.len()).map(|id| of_row(id, name)).collect(),
            None => Vec::new(),
        };
        Self {
            deviations: names.iter().map(of_rule).collect(),
        }
    }

    /// What two tickets are expected to be farther apart than their ratings say.
    pub(super) fn added(&self, criteria: &Criteria<'_>, a: Id, b: Id) -> f64 {
        let of_rule = |(rule, deviations): (usize, &Vec<f64>)| {
            if deviations.is_empty() {
                return 0.0;
            }
            let (here, there) = (deviations[a as usize], deviations[b as usize]);
            let (from, to) = (
                criteria.distances.value(a, rule),
                criteria.distances.value(b, rule),
            );
            let distance = (from - to).abs();
            let expected = expected_distance(distance, here.hypot(there));
            let window = criteria.distances.window(a, rule);
            // In points beside the cost of the distance itself.
            window.cost(from + expected) - window.cost(from + distance)
        };
        self.deviations.iter().enumerate().map(of_rule).sum()
    }
}

/// How far apart two numbers are on average whose means differ by `distance`, where the standard
/// deviation of the difference is `deviation`: the mean of a folded normal distribution.
fn expected_distance(distance: f64, deviation: f64) -> f64 {
    if deviation <= 0.0 {
        return distance;
    }
    let z = distance / deviation;
    let near = (2.0 / std::f64::consts::PI).sqrt() * libm::exp(-0.5 * z * z);
    deviation * (near + z * libm::erf(z / std::f64::consts::SQRT_2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_uncertain_is_near_to_nobody() {
        assert_eq!(expected_distance(30.0, 0.0), 30.0);
        let (near, far) = (
            expected_distance(0.0, 100.0),
            expected_distance(1000.0, 100.0),
        );
        assert!((near - 79.788).abs() < 0.001, "{near}");
        assert!((far - 1000.0).abs() < 0.001, "{far}");
        assert!(expected_distance(50.0, 100.0) > near);
    }
}
