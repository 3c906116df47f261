//! What is measured in one run.

use std::collections::BTreeMap;

use super::START_MS;
use super::quantity::Quantity;
use super::series::Series;
use super::traits::{Traits, Who, mean, number};
use crate::matching::{Match, Player, Text, Ticket};
use crate::population::Rating;

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// Everything that is measured in one run with one ruleset. Players count who came after the warm-up;
/// matches, that were made after it.
#[derive(Debug, Clone)]
pub struct Measures {
    /// Players who came.
    pub came: u64,
    /// Players who were matched, or joined a session.
    pub matched: u64,
    /// Those of them who joined a running session.
    pub joined: u64,
    /// Players who lost patience.
    pub gone: u64,
    /// Players who still waited at the end.
    pub waiting: u64,
    /// How long those who were served had waited, in s.
    pub waits: Quantity,
    /// How long all had waited until they were served, went, or the end came, in s, together.
    pub time_in_queue_s: f64,
    /// Matches made.
    pub matches: u64,
    /// Players of a match.
    pub match_players: Quantity,
    /// Requests of sessions for players, and those that were filled.
    pub backfill_asked: u64,
    /// Those of them that were filled.
    pub backfill_filled: u64,
    /// For each skill: the largest difference within a match.
    pub spreads: Vec<(Text, Quantity)>,
    /// For each skill: the largest difference between the means of two teams of a match.
    pub gaps: Vec<(Text, Quantity)>,
    /// The chance of the stronger of two teams to win, from 0.5; if the population has a rating.
    pub win_chances: Option<Quantity>,
    /// Each player's latency in the region of the match, in ms, and how much it is above the player's best.
    pub latencies: Quantity,
    /// How much that is above the least latency that the player has.
    pub above_best: Quantity,
    /// Matches in which a party of two or more meets a team of solo players only.
    pub premade_against_solos: u64,
    /// Players who wait, by time.
    pub series: Series,
    /// The players of each group.
    pub groups: Groups,
    /// The mean number of players who waited, over time.
    pub mean_queue: f64,
    rating: Option<Rating>,
    /// Who came before that is not counted, in Unix ms.
    from_ms: i64,
}

/// What is measured of each group of players.
#[derive(Debug, Clone)]
pub struct Groups {
    /// By skill: the tenths of the players, the least first.
    pub deciles: Vec<Share>,
    /// By the number of players of the party, from 1.
    pub sizes: Vec<Share>,
    /// By the region that is nearest.
    pub regions: Vec<(Text, Share)>,
    /// By the hour of the day in which they came.
    pub hours: BTreeMap<i64, Share>,
}

/// The players of a group.
#[derive(Debug, Clone)]
pub struct Share {
    /// How many were served, lost patience, or still waited at the end.
    pub players: u64,
    /// How many of them lost patience.
    pub gone: u64,
    /// How long those who were served had waited, in s.
    pub waits: Quantity,
}

/// How a ticket's time in the queue ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Matched,
    Joined,
    Gone,
    Waiting,
}

impl Measures {
    /// Nothing yet: of so many hours, and of those who come from a time on (Unix ms).
    pub(super) fn new(hours: f64, from_ms: i64, rating: Option<Rating>, traits: &Traits) -> Self {
        let of_skills = || {
            let skills = traits.skills.iter();
            let named = skills.map(|skill| (skill.name.clone(), Quantity::new(skill.unit)));
            named.collect::<Vec<_>>()
        };
        Self {
            came: 0,
            matched: 0,
            joined: 0,
            gone: 0,
            waiting: 0,
            waits: Quantity::new(0.001),
            time_in_queue_s: 0.0,
            matches: 0,
            match_players: Quantity::new(1.0),
            backfill_asked: 0,
            backfill_filled: 0,
            spreads: of_skills(),
            gaps: of_skills(),
            win_chances: rating.as_ref().map(|_| Quantity::new(0.0001)),
            latencies: Quantity::new(1.0),
            above_best: Quantity::new(1.0),
            premade_against_solos: 0,
            series: Series::new(hours),
            groups: Groups {
                deciles: vec![Share::default(); 10],
                sizes: vec![Share::default(); traits.largest_party],
                regions: traits
                    .regions
                    .iter()
                    .map(|name| (name.clone(), Share::default()))
                    .collect(),
                hours: BTreeMap::new(),
            },
            mean_queue: 0.0,
            rating,
            from_ms,
        }
    }

    /// A ticket has come.
    pub(super) fn came(&mut self, who: Who, created_ms: i64) {
        if created_ms >= self.from_ms {
            self.came += who.size as u64;
        }
    }

    /// A ticket's time in the queue has ended, if it counts.
    pub(super) fn ended(&mut self, who: Who, created_ms: i64, now_ms: i64, ending: Ending) {
        if created_ms < self.from_ms {
            return;
        }
        let players = who.size as u64;
        let wait_s = (now_ms - created_ms) as f64 / 1e3;
        self.time_in_queue_s += wait_s * players as f64;
        match ending {
            Ending::Matched => self.matched += players,
            Ending::Joined => {
                self.matched += players;
                self.joined += players;
            }
            Ending::Gone => self.gone += players,
            Ending::Waiting => self.waiting += players,
        }
        let is_served = matches!(ending, Ending::Matched | Ending::Joined);
        if is_served {
            (0..players).for_each(|_| self.waits.add(wait_s));
        }
        let groups = &mut self.groups;
        let decile = who.decile.and_then(|at| groups.deciles.get_mut(at));
        let size = groups.sizes.get_mut(who.size.saturating_sub(1));
        let region = who.region.and_then(|at| groups.regions.get_mut(at));
        let hour = (created_ms - START_MS) / HOUR_MS;
        let hour = groups.hours.entry(hour).or_default();
        let region = region.map(|(_, share)| share);
        for share in [decile, size, region, Some(hour)].into_iter().flatten() {
            share.players += players;
            if ending == Ending::Gone {
                share.gone += players;
            }
            if is_served {
                (0..players).for_each(|_| share.waits.add(wait_s));
            }
        }
    }

    /// A match was made.
    pub(super) fn made(&mut self, made: &Match, traits: &Traits) {
        self.matches += 1;
        let players: usize = made.tickets().map(|ticket| ticket.players.len()).sum();
        self.match_players.add(players as f64);
        for (skill, (_, spread)) in traits.skills.iter().zip(&mut self.spreads) {
            spread.add(range(skill.of_players(made.tickets())));
        }
        for (skill, (_, gap)) in traits.skills.iter().zip(&mut self.gaps) {
            gap.add(range(
                made.teams.iter().map(|team| skill.of_team(&team.tickets)),
            ));
        }
        if let (Some(rating), Some(chances)) = (&self.rating, &mut self.win_chances)
            && made.teams.len() > 1
        {
            chances.add(chance(rating, made));
        }
        let region = made.region_preferences.first();
        for ticket in made.tickets() {
            let here = region.and_then(|region| ticket.latency(region));
            let best = ticket.measured().map(|(_, ms)| ms).min();
            if let (Some(here), Some(best)) = (here, best) {
                for _ in &ticket.players {
                    self.latencies.add(here as f64);
                    self.above_best.add((here - best) as f64);
                }
            }
        }
        let largest = |tickets: &[Ticket]| {
            let sizes = tickets.iter().map(|ticket| ticket.players.len());
            sizes.max().unwrap_or(0)
        };
        let largest = made.teams.iter().map(|team| largest(&team.tickets));
        let (has_party, has_solos) = largest.fold((false, false), |(party, solos), size| {
            (party || size > 1, solos || size == 1)
        });
        self.premade_against_solos += u64::from(has_party && has_solos);
    }
}

impl Default for Share {
    fn default() -> Self {
        Self {
            players: 0,
            gone: 0,
            waits: Quantity::new(0.001),
        }
    }
}

/// The difference between the greatest and the least number; 0 of nothing.
fn range(numbers: impl Iterator<Item = f64>) -> f64 {
    let ends = numbers.fold(None, |ends: Option<(f64, f64)>, number| match ends {
        None => Some((number, number)),
        Some((least, most)) => Some((least.min(number), most.max(number))),
    });
    ends.map_or(0.0, |(least, most)| most - least)
}

/// The chance of the strongest team to win against the weakest, from 0.5.
fn chance(rating: &Rating, made: &Match) -> f64 {
    let teams = made.teams.iter().map(|team| -> Vec<&Player> {
        let tickets = team.tickets.iter();
        tickets.flat_map(|ticket| &ticket.players).collect()
    });
    match rating {
        Rating::Scale { attribute, scale } => {
            let means = teams.map(|team| mean(team.iter().map(|one| number(one, attribute))));
            1.0 / (1.0 + libm::pow(10.0, -range(means) / scale))
        }
        Rating::MuSigma { mu, sigma, beta } => {
            // Each team with the sum of its skills and the sum of the variances of its performances.
            let sums = teams.map(|team| {
                let skill: f64 = team.iter().map(|one| number(one, mu)).sum();
                let of_player = |one: &&Player| number(one, sigma).powi(2) + beta.powi(2);
                (skill, team.iter().map(of_player).sum::<f64>())
            });
            let sums: Vec<(f64, f64)> = sums.collect();
            let strongest = sums.iter().max_by(|a, b| a.0.total_cmp(&b.0));
            let weakest = sums.iter().min_by(|a, b| a.0.total_cmp(&b.0));
            let (Some(a), Some(b)) = (strongest, weakest) else {
                return 0.5;
            };
            let deviation = (a.1 + b.1).sqrt();
            match deviation > 0.0 {
                true => 0.5 * libm::erfc(-(a.0 - b.0) / deviation / std::f64::consts::SQRT_2),
                false => 0.5,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::Team;

    /// A match of two teams of one player each.
    fn duel(first: &[(&'static str, f64)], second: &[(&'static str, f64)]) -> Match {
        let team = |attributes: &[(&'static str, f64)]| {
            let attributes = attributes.iter();
            let attributes = attributes.map(|(name, value)| ((*name).into(), (*value).into()));
            let player = Player {
                attributes: attributes.collect(),
                ..Player::default()
            };
            let ticket = Ticket {
                players: vec![player],
                ..Ticket::default()
            };
            Team {
                id: uuid::Uuid::nil(),
                tickets: vec![ticket],
            }
        };
        Match {
            teams: vec![team(first), team(second)],
            ..Match::default()
        }
    }

    #[test]
    fn a_chance_is_that_of_elo_or_of_openskill() {
        let elo = Rating::Scale {
            attribute: "mmr".into(),
            scale: 400.0,
        };
        let of = |rating: &Rating, made: &Match| (chance(rating, made) * 1e4).round() / 1e4;
        assert_eq!(of(&elo, &duel(&[("mmr", 1500.0)], &[("mmr", 1500.0)])), 0.5);
        // 10 / 11.
        assert_eq!(
            of(&elo, &duel(&[("mmr", 1100.0)], &[("mmr", 1500.0)])),
            0.9091
        );
        let skill = Rating::MuSigma {
            mu: "mu".into(),
            sigma: "sigma".into(),
            beta: 3.0,
        };
        // A difference of 10, a deviation of sqrt(2 * (16 + 9)) = 7.0711: the normal distribution at 1.4142.
        let made = duel(
            &[("mu", 30.0), ("sigma", 4.0)],
            &[("mu", 20.0), ("sigma", 4.0)],
        );
        assert_eq!(of(&skill, &made), 0.9214);
    }
}
