//! A population that is drawn from captures.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::ensure;

use crate::capture::Kind;
use crate::matching::Ticket;
use crate::population::{Population, Recorded};
use crate::workbench::captures;

/// Captures that are needed to tell at which rate players come.
const MIN_TICKS: usize = 2;

/// Makes those who come be like the tickets of captures, each ticket once, at the rate at which they came
/// and with the time between ticks of then.
///
/// # Errors
///
/// If a capture cannot be read, or they do not tell a rate.
pub(super) fn draw_from(paths: &[PathBuf], population: &mut Population) -> anyhow::Result<()> {
    let (mut tickets, mut times, mut known) = (Vec::new(), Vec::new(), HashSet::new());
    for path in captures::paths(paths)? {
        let capture = captures::read(&path)?;
        if capture.kind == Kind::Match {
            let tick = captures::tick(&capture)?;
            times.push(tick.context.now_ms);
            let new = tick.tickets.into_iter();
            tickets.extend(new.filter(|ticket| known.insert(ticket.id.clone())));
        }
    }
    times.sort_unstable();
    times.dedup();
    ensure!(
        times.len() >= MIN_TICKS && !tickets.is_empty(),
        "there are {} ticks of matches with {} tickets in them; needed are at least {MIN_TICKS} ticks at \
         different times, to tell at which rate players come",
        times.len(),
        tickets.len()
    );
    let (first_ms, last_ms) = (times[0], times[times.len() - 1]);
    let came = |ticket: &&Ticket| {
        ticket
            .created_at_ms
            .is_some_and(|at| at > first_ms && at <= last_ms)
    };
    let came = tickets
        .iter()
        .filter(came)
        .map(|ticket| ticket.players.len());
    let came: usize = came.sum();
    ensure!(
        came > 0,
        "no ticket was queued between the first and the last tick, so at which rate players come is not known"
    );
    let mut gaps: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_unstable();
    population.players_per_second = vec![came as f64 * 1e3 / (last_ms - first_ms) as f64];
    population.tick_s = (gaps[gaps.len() / 2] as f64 / 1e3).max(0.1);
    population.recorded = Recorded::new(tickets);
    Ok(())
}
