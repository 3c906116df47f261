//! Parties that come one after another.

use fastrand::Rng;

use super::Population;
use super::draw::{again, normal};
use super::plain::party;
use crate::matching::Ticket;

/// A party that comes, and what it will do whatever becomes of it: the same seed gives the same party at
/// the same time, under any ruleset.
#[derive(Debug)]
pub struct Arrival {
    /// The ticket, queued at its time.
    pub ticket: Ticket,
    /// How long it waits before it goes, in ms.
    pub patience_ms: i64,
    /// How long it would stay in a match that does not end, in ms.
    pub stays_ms: i64,
}

/// Parties as a Poisson process brings them, without end.
#[derive(Debug)]
pub struct Arrivals<'p> {
    population: &'p Population,
    /// For times and parties; and for what they will do.
    rng: Rng,
    moods: Rng,
    /// When the day begins, in Unix ms, and how many seconds have passed since.
    start_ms: i64,
    passed_s: f64,
    /// Players of a party, on average.
    party_size: f64,
    arrival: u32,
    players: u64,
}

/// How far the 95th percentile of the standard normal distribution is from its median.
const NORMAL_P95: f64 = 1.644_853_626_951_472_2;

/// The time over which [`Population::leave_rate`] counts, in s.
const LEAVE_TIME_S: f64 = 600.0;

/// Seconds of an hour.
const HOUR_S: f64 = 3600.0;

/// The longest time that anybody waits or stays, in s: a year.
const LONGEST_S: f64 = 31_536_000.0;

impl Population {
    /// Parties that come from `before_s` seconds before a time (Unix ms) on; at that time the first hour of
    /// the day begins.
    pub fn arrivals(&self, seed: u64, start_ms: i64, before_s: f64) -> Arrivals<'_> {
        let mut rng = Rng::with_seed(seed);
        let moods = rng.fork();
        Arrivals {
            population: self,
            rng,
            moods,
            start_ms,
            passed_s: -before_s,
            party_size: self.party_size(),
            arrival: 0,
            players: 0,
        }
    }

    /// How many players come in a second, so many seconds after the beginning of a day.
    fn rate_at(&self, passed_s: f64) -> f64 {
        let rates = &self.players_per_second;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "hours that have passed are few, and the remainder is not negative"
        )]
        let hour = (passed_s / HOUR_S)
            .floor()
            .rem_euclid(rates.len().max(1) as f64) as usize;
        rates.get(hour).copied().unwrap_or(0.0)
    }
}

impl Arrivals<'_> {
    /// Draws the time until the next party. Within an hour the process forgets what was, so at the end of
    /// an hour it is drawn anew.
    fn pass(&mut self) {
        loop {
            let rate = self.population.rate_at(self.passed_s) / self.party_size;
            let gap = -libm::log(1.0 - self.rng.f64()) / rate;
            let hour_ends = ((self.passed_s / HOUR_S).floor() + 1.0) * HOUR_S;
            let is_one_rate = self.population.players_per_second.len() < 2;
            if is_one_rate || self.passed_s + gap < hour_ends {
                self.passed_s += gap;
                return;
            }
            self.passed_s = hour_ends;
        }
    }
}

impl Iterator for Arrivals<'_> {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let population = self.population;
        // Where nobody comes at any hour, there is no next one.
        if !population.players_per_second.iter().any(|rate| *rate > 0.0) {
            return None;
        }
        self.pass();
        let recorded = self.rng.choice(population.recorded.tickets());
        let size = match recorded {
            Some(ticket) => ticket.players.len() as u64,
            None => population.draw_size(&mut self.rng),
        };
        let mut ticket = party(self.arrival, self.players + 1..=self.players + size);
        self.arrival += 1;
        self.players += size;
        match recorded {
            Some(recorded) => ticket = again(recorded, ticket),
            None => population.fill(&mut ticket, self.players, &mut self.rng),
        }
        ticket.created_at_ms = Some(self.start_ms + ms(self.passed_s));
        let patience = population.patience_s;
        let spread = libm::log(patience.p95 / patience.median) / NORMAL_P95;
        let waits_s = patience.median * libm::exp(spread * normal(&mut self.moods));
        // Not minus 0 where nobody leaves: they would be gone since ever.
        let leaving = libm::log(1.0 - population.leave_rate).abs() / LEAVE_TIME_S;
        let stays_s = -libm::log(1.0 - self.moods.f64()) / leaving;
        Some(Arrival {
            ticket,
            patience_ms: ms(waits_s),
            stays_ms: ms(stays_s),
        })
    }
}

/// Seconds as ms, at most a year.
pub(crate) fn ms(seconds: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "bounded before")]
    let ms = (seconds.min(LONGEST_S) * 1e3).round() as i64;
    ms
}
