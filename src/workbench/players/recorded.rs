//! A population that is drawn from captures.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::ensure;

use crate::capture::{self, Kind};
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
        let capture = capture::read(&path)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Compressor, FORMAT, Header, Messages};
    use crate::messages;
    use crate::population::{of_ruleset, plain_queue};
    use crate::proto::{Opaque, Parameters, Slot, Slots};

    const NOW_MS: i64 = 1_767_225_600_000;

    /// Writes a tick at that second, with so many players who came at that time, and those before them.
    fn record(folder: &std::path::Path, second: i64, players: &[(u32, i64)]) {
        let encoder = messages::Messages::new().unwrap();
        let mut recorded = Messages::default();
        let parameters = Slots::MAKE_MATCHES.write(Slot::Parameters, &Parameters::default());
        recorded.request(Kind::Match, parameters.unwrap().fields());
        for (number, (count, at)) in players.iter().enumerate() {
            for mut ticket in plain_queue(*count, 2, NOW_MS + at * 1000) {
                ticket.id = format!("{number}-{}", ticket.id).into();
                let message: Opaque = encoder
                    .encode("Ticket", &messages::ticket(&ticket))
                    .unwrap();
                let request = Slots::MAKE_MATCHES.write(Slot::Ticket, &message).unwrap();
                recorded.request(Kind::Match, request.fields());
            }
        }
        let header = Header {
            format: FORMAT,
            now_ms: NOW_MS + second * 1000,
            ..Header::default()
        };
        let mut compressor = Compressor::new().unwrap();
        capture::write(folder, &header, Kind::Match, &recorded, &mut compressor).unwrap();
    }

    #[test]
    fn players_come_as_often_as_they_did() {
        let folder = tempfile::tempdir().unwrap();
        let paths = [folder.path().to_owned()];
        let drawn = || {
            let mut population = of_ruleset("{}");
            draw_from(&paths, &mut population).map(|()| population)
        };
        record(folder.path(), 0, &[(40, -30)]);
        let error = drawn().unwrap_err().to_string();
        assert!(
            error.starts_with("there are 1 ticks of matches with 20 tickets"),
            "{error}"
        );
        // Twenty players within ten seconds; those before them still wait.
        record(folder.path(), 10, &[(40, -30), (20, 4)]);
        let population = drawn().unwrap();
        assert_eq!(population.players_per_second, [2.0]);
        assert_eq!(population.tick_s, 10.0);
        assert_eq!(population.recorded.tickets().len(), 30, "each ticket once");
        assert_eq!(population.party_size(), 2.0);
        let arrivals = population.arrivals(1, NOW_MS, 0.0).take(2000);
        let last = arrivals
            .map(|one| one.ticket.created_at_ms.unwrap())
            .last()
            .unwrap();
        // Two thousand parties of two at two players a second.
        let seconds = (last - NOW_MS) / 1000;
        assert!((1850..2150).contains(&seconds), "{seconds}");
    }
}
