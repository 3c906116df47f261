//! Several runs together, and two rulesets beside each other.

use super::Outcome;
use super::figures::{Figure, Group, Grouping, figures};

/// A mean with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The mean over the runs.
    pub mean: f64,
    /// Half of the interval's width; `None` of a single run.
    pub half: Option<f64>,
}

/// A figure of one ruleset or two.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// What it is.
    pub figure: Figure,
    /// Its value with each ruleset.
    pub of: Vec<Interval>,
    /// The second less the first, run by run: both see the same players.
    pub difference: Option<Interval>,
}

/// A group of players with one ruleset or two.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedGroup {
    /// Its name.
    pub name: String,
    /// Means over the runs with each ruleset.
    pub of: Vec<Group>,
    /// The second's p90 of the wait less the first's, in s.
    pub p90_difference: Option<Interval>,
}

/// Factors of the standard error for two-sided 95 % by Student's t distribution, for 1 to 30 degrees of
/// freedom.
const STUDENT: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];

/// The same for more.
const NORMAL: f64 = 1.96;

impl Interval {
    /// Of the values of runs.
    pub fn of(values: &[f64]) -> Self {
        let count = values.len();
        let mean = values.iter().sum::<f64>() / count.max(1) as f64;
        let half = count.checked_sub(2).map(|at| {
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            let error = (squares / (count - 1) as f64 / count as f64).sqrt();
            STUDENT.get(at).copied().unwrap_or(NORMAL) * error
        });
        Self { mean, half }
    }

    /// Whether it leaves 0 out: the difference is no chance.
    pub fn is_certain(&self) -> bool {
        self.half.is_some_and(|half| self.mean.abs() > half)
    }
}

impl Outcome {
    /// All figures.
    pub fn compared(&self) -> Vec<Compared> {
        let of: Vec<Vec<Vec<(Figure, f64)>>> = self
            .rulesets
            .iter()
            .map(|runs| runs.iter().map(figures).collect())
            .collect();
        let mut ids: Vec<&Figure> = Vec::new();
        for (figure, _) in of.iter().flatten().flatten() {
            if ids.iter().all(|known| known.id != figure.id) {
                ids.push(figure);
            }
        }
        let value = |ruleset: &Vec<Vec<(Figure, f64)>>, id: &str| -> Vec<f64> {
            let of_run = |run: &Vec<(Figure, f64)>| {
                let found = run.iter().find(|(figure, _)| figure.id == id);
                found.map_or(0.0, |(_, value)| *value)
            };
            ruleset.iter().map(of_run).collect()
        };
        let compared = ids.into_iter().map(|figure| {
            let values: Vec<Vec<f64>> = of.iter().map(|one| value(one, &figure.id)).collect();
            Compared {
                figure: figure.clone(),
                of: values.iter().map(|values| Interval::of(values)).collect(),
                difference: difference(&values),
            }
        });
        compared.collect()
    }

    /// The groups of a grouping; those that nobody is in are left out.
    pub fn grouped(&self, grouping: Grouping) -> Vec<ComparedGroup> {
        let first = self.rulesets.iter().flatten().next();
        let names: Vec<String> = first.map_or_else(Vec::new, |run| {
            let groups = grouping.groups(run).into_iter();
            groups.map(|(name, _)| name).collect()
        });
        let of_run = |run, name: &str| {
            let groups = grouping.groups(run).into_iter();
            let mut named = groups.filter(|(known, _)| known == name);
            named
                .next()
                .map_or_else(Group::default, |(_, share)| Group::of(share))
        };
        let groups = names.into_iter().map(|name| {
            let of: Vec<Vec<Group>> = self
                .rulesets
                .iter()
                .map(|runs| runs.iter().map(|run| of_run(run, &name)).collect())
                .collect();
            let p90s: Vec<Vec<f64>> = of
                .iter()
                .map(|runs| runs.iter().map(|group| group.p90_s).collect())
                .collect();
            ComparedGroup {
                of: of.iter().map(|runs| mean_of(runs)).collect(),
                p90_difference: difference(&p90s),
                name,
            }
        });
        groups
            .filter(|group| group.of.iter().any(|of| of.players > 0.0))
            .collect()
    }
}

/// The second less the first, run by run.
fn difference(values: &[Vec<f64>]) -> Option<Interval> {
    let [first, second] = values else {
        return None;
    };
    let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| b - a).collect();
    Some(Interval::of(&differences))
}

fn mean_of(runs: &[Group]) -> Group {
    let mean =
        |value: fn(&Group) -> f64| runs.iter().map(value).sum::<f64>() / runs.len().max(1) as f64;
    Group {
        players: mean(|group| group.players),
        mean_s: mean(|group| group.mean_s),
        p50_s: mean(|group| group.p50_s),
        p90_s: mean(|group| group.p90_s),
        gone: mean(|group| group.gone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_that_of_student() {
        let one = Interval::of(&[7.0]);
        assert_eq!((one.mean, one.half), (7.0, None));
        assert!(!one.is_certain());
        // Mean 3, standard deviation 1.5811, standard error 0.7071.
        let five = Interval::of(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(five.mean, 3.0);
        let half = five.half.unwrap();
        assert!((half - 2.776 * 0.5_f64.sqrt()).abs() < 1e-6, "{half}");
        assert!(five.is_certain());
        assert!(!Interval::of(&[-1.0, 1.5]).is_certain());
        assert_eq!(Interval::of(&[2.0; 4]).half, Some(0.0));
    }
}
