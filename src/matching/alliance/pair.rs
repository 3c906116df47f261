//! A pivot and one candidate: may they play together, and how well (contract A3).

use super::pool::{Id, Pool, Region};
use super::{AllianceRules, OptionKind, TeamBounds};
use crate::matching::Reason;

/// The ticket whose turn it is, and what it asks of others in one region.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pivot<'r> {
    pub(super) id: Id,
    pub(super) rules: &'r AllianceRules,
    /// Teams, flexed by the pivot's age.
    pub(super) bounds: TeamBounds,
    /// The region that is tried; `None` where nobody knows one.
    pub(super) region: Option<Region>,
    /// Whether the pivot is old enough to ignore the steps of others.
    pub(super) one_way: bool,
    /// Whether its means are known; those of a session without tickets are not.
    pub(super) measured: bool,
}

impl<'r> Pivot<'r> {
    pub(super) fn new(rules: &'r AllianceRules, pool: &Pool, id: Id) -> Self {
        let age_ms = pool.ages[id as usize];
        Pivot {
            id,
            rules,
            bounds: rules.teams_at(age_ms),
            region: None,
            one_way: rules
                .regions
                .one_way_after_ms
                .is_some_and(|after_ms| age_ms > after_ms),
            measured: true,
        }
    }

    /// The score of a candidate, lower is better; or the first test that it fails. What a candidate
    /// has to be for the other tickets of a match is not tested here.
    pub(super) fn score(&self, pool: &Pool, id: Id) -> Result<f64, Reason> {
        let mut score = 0.0;
        let distances = match self.measured {
            true => &self.rules.distances[..],
            false => &[],
        };
        let means = pool.means(self.id).iter().zip(pool.means(id));
        let references = pool.references(self.id).iter().zip(pool.references(id));
        for ((rule, (own, other)), (reach, back)) in distances.iter().zip(means).zip(references) {
            let distance = (own - other).abs();
            if !(distance <= *reach && distance <= *back) {
                return Err(Reason::Distance);
            }
            if reach.is_finite() {
                score += rule.cost(distance);
            }
        }
        if let Some(region) = self.region {
            if !pool.regions.is_open(id, region, self.one_way) {
                return Err(Reason::Region);
            }
            score += self.latency_cost(pool.regions.excess(id, region));
        }
        if !pool
            .groups
            .fit(pool.groups.group(self.id), pool.groups.group(id))
        {
            return Err(Reason::Attribute);
        }
        self.options(pool, id)?;
        if pool.sizes[id as usize] > self.bounds.players_max {
            return Err(Reason::TeamSizes);
        }
        Ok(score)
    }

    /// What milliseconds over a candidate's best region count in the score.
    pub(super) fn latency_cost(&self, excess_ms: i64) -> f64 {
        let regions = &self.rules.regions;
        match regions.max_ms {
            Some(max_ms) => regions.weight * excess_ms as f64 / max_ms as f64,
            None => 0.0,
        }
    }

    /// What the options say of these two alone.
    fn options(&self, pool: &Pool, id: Id) -> Result<(), Reason> {
        for column in &pool.options {
            let (own, other) = (column.values(self.id), column.values(id));
            let fits = match column.kind {
                OptionKind::All => column.set(self.id) == column.set(id),
                OptionKind::Any if own.is_empty() => other.is_empty(),
                OptionKind::Any => meet(own, other),
                OptionKind::Unique if own.is_empty() => true,
                OptionKind::Unique => !other.is_empty() && !meet(own, other),
                OptionKind::Disable => true,
            };
            if !fits {
                return Err(Reason::Option);
            }
        }
        Ok(())
    }
}

/// Whether two ascending lists share a value.
fn meet(a: &[u32], b: &[u32]) -> bool {
    let (few, many) = if a.len() < b.len() { (a, b) } else { (b, a) };
    few.iter().any(|value| many.binary_search(value).is_ok())
}
