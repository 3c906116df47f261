//! What changes by time: the queue, its oldest ticket, and why tickets wait.

use super::START_MS;
use super::measures::Measures;
use crate::matching::Reason;

/// Points of a series at most.
const POINTS: usize = 120;

/// The shortest time that a point stands for, in s.
const SHORTEST_S: f64 = 60.0;

/// Means over equal parts of the time.
#[derive(Debug, Clone)]
pub struct Series {
    /// How long a part is, in s.
    pub step_s: f64,
    /// The parts, in order.
    pub points: Vec<Point>,
}

/// The sums of the ticks of one part.
#[derive(Debug, Clone)]
pub struct Point {
    /// How many ticks there were.
    pub ticks: u64,
    /// Players who waited when a tick began, over all ticks.
    pub players: u64,
    /// How long the oldest ticket had waited then, in s, over all ticks.
    pub oldest_s: f64,
    /// Tickets that ticks left, by reason.
    pub reasons: [u64; Reason::ALL.len()],
}

impl Series {
    pub(super) fn new(hours: f64) -> Self {
        let seconds = hours * 3600.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a few points"
        )]
        let parts = ((seconds / SHORTEST_S).ceil() as usize).clamp(1, POINTS);
        Self {
            step_s: seconds / parts as f64,
            points: vec![Point::default(); parts],
        }
    }

    /// The point of a time, if it counts.
    pub(super) fn at(&mut self, now_ms: i64) -> Option<&mut Point> {
        let passed = now_ms.checked_sub(START_MS).filter(|passed| *passed >= 0)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and bounded by the length of the list"
        )]
        let at = (passed as f64 / 1e3 / self.step_s) as usize;
        let last = self.points.len() - 1;
        self.points.get_mut(at.min(last))
    }
}

/// A mean over the ticks of each point of runs.
pub fn per_tick(runs: &[Measures], of: &impl Fn(&Point) -> f64) -> Vec<f64> {
    let points = runs.first().map_or(0, |run| run.series.points.len());
    let at = |at: usize| {
        let all = || runs.iter().map(|run| &run.series.points[at]);
        let ticks = all().map(|point| point.ticks).sum::<u64>().max(1) as f64;
        all().map(of).sum::<f64>() / ticks
    };
    (0..points).map(at).collect()
}

impl Default for Point {
    fn default() -> Self {
        Self {
            ticks: 0,
            players: 0,
            oldest_s: 0.0,
            reasons: [0; Reason::ALL.len()],
        }
    }
}
