//! When to wait: what a ticket's time is worth, beside how soon better opponents are expected
//! (docs/quality.md, "Hold").

use crate::matching::alliance::pair::Pivot;
use crate::matching::alliance::pool::Id;
use crate::matching::alliance::rules::Hold;
use crate::matching::alliance::tick::Turns;

/// What the best threshold of a stream of arrivals comes to, for each player: two thirds of the root of
/// three eighths. It makes the time that the players of a match wait together and the distance to their
/// pivot cost the least in all (docs/quality.md, "Hold").
const SHARE: f64 = 0.408;

/// Tickets to either side in the order of an attribute that are looked at for how dense arrivals are.
const NEIGHBOURS: usize = 64;

/// So many tickets weigh as much as what is known without a look at who is near.
const FEW: f64 = 32.0;

/// Players who come in a tick at least.
const LEAST_PLAYERS: f64 = 1.0;

/// What a ticket that came before the last tick counts beside one that has just come: it says where
/// players are, but those who stay are those whom nobody suits.
const OLD: f64 = 0.1;

/// What putting off is worth for each ticket of a tick.
#[derive(Debug)]
pub(super) struct Worths {
    /// For each ticket, what its match may cost more because it plays now; infinite for tickets that
    /// wait no longer.
    of: Vec<f64>,
    /// The rules whose costs count.
    rules: Vec<usize>,
}

impl Worths {
    /// Estimates how soon others come, from the tickets themselves. O(n log n).
    pub(super) fn of(turns: &Turns<'_>, hold: &Hold) -> Self {
        let pool = &turns.pool;
        let count = pool.len();
        let mut worths = vec![0.0; count as usize];
        let tickets = f64::from(count.max(1));
        let players = || (0..count).map(|id| f64::from(pool.sizes[id as usize]));
        let party = players().sum::<f64>() / tickets;
        let seats = turns
            .rules
            .stages()
            .map(|stage| stage.teams.max_players())
            .max();
        // Tickets that a pivot needs beside itself.
        let others = (seats.unwrap_or(2) as f64 / party.max(1.0) - 1.0).max(1.0);
        for (place, rate) in &hold.exchange {
            let rule = &turns.rules.distances[*place];
            let densities = densities(turns, *place, hold.tick_ms);
            for (id, density) in (0..count).zip(densities) {
                let points = SHARE * (rate * others / density).sqrt();
                let players = f64::from(pool.sizes[id as usize]);
                worths[id as usize] += rule.cost(points) * players;
            }
        }
        for (worth, age_ms) in worths.iter_mut().zip(&pool.ages) {
            // Who has waited for long waits less for others: it costs little on average and shortens the
            // longest waits.
            *worth *= 1.0 + *age_ms as f64 / hold.until_ms.max(1) as f64;
            // What cannot be estimated, as numbers are too large, is not waited for.
            if *age_ms >= hold.until_ms || worth.is_nan() {
                *worth = f64::INFINITY;
            }
        }
        Self {
            of: worths,
            rules: hold.exchange.iter().map(|(place, _)| *place).collect(),
        }
    }

    /// What is gained by a match now, beside waiting: negative if it is to be put off.
    pub(super) fn gain(&self, turns: &Turns<'_>, pivot: &Pivot, ids: &[Id]) -> f64 {
        let (worth, cost) = self.of_match(turns, pivot, ids);
        worth - cost
    }

    /// What a match may cost so as not to be put off, and what it costs.
    pub(super) fn of_match(&self, turns: &Turns<'_>, pivot: &Pivot, ids: &[Id]) -> (f64, f64) {
        let worth = ids.iter().map(|id| self.of[*id as usize]).sum();
        let cost = ids.iter().map(|id| self.cost(turns, pivot.id, *id)).sum();
        (worth, cost)
    }

    /// What a ticket costs beside a pivot, by the rules that have an exchange rate.
    fn cost(&self, turns: &Turns<'_>, pivot: Id, id: Id) -> f64 {
        let distances = &turns.criteria.distances;
        let cost = |rule: &usize| {
            distances
                .window(pivot, *rule)
                .cost(distances.value(id, *rule))
        };
        self.rules.iter().map(cost).sum()
    }
}

/// For each ticket, how many players come to its queue in a second and within a point of the attribute of
/// a rule, estimated by those that have just come.
///
/// Where they are is told by a kernel over the tickets near it, and as far as these are few, by Student's
/// distribution: the one that the next number has if all are normal and no more is known than these.
fn densities(turns: &Turns<'_>, rule: usize, tick_ms: i64) -> Vec<f64> {
    let (pool, criteria) = (&turns.pool, &turns.criteria);
    let count = pool.len();
    // Neighbours are those that may play together as far as that can be told at once.
    let mut order: Vec<Seen> = (0..count)
        .map(|id| Seen {
            group: criteria.must_match.group(id),
            value: criteria.distances.value(id, rule) + 0.0,
            id,
            open: criteria.regions.open(id),
            players: f64::from(pool.sizes[id as usize]),
            is_new: pool.ages[id as usize] <= tick_ms,
        })
        .collect();
    order.sort_unstable_by(|a, b| {
        let by_value = a.value.total_cmp(&b.value);
        a.group.cmp(&b.group).then(by_value).then(a.id.cmp(&b.id))
    });
    let tick_s = tick_ms as f64 / 1e3;
    let mut densities = vec![0.0; count as usize];
    for group in order.chunk_by(|a, b| a.group == b.group) {
        let spread = Spread::of(group);
        let players: f64 = group
            .iter()
            .filter(|seen| seen.is_new)
            .map(|seen| seen.players)
            .sum();
        let rate = players.max(LEAST_PLAYERS) / tick_s;
        for (at, own) in group.iter().enumerate() {
            let from = at.saturating_sub(NEIGHBOURS);
            let to = (at + NEIGHBOURS + 1).min(group.len());
            densities[own.id as usize] = rate * spread.share(own, &group[from..to]);
        }
    }
    densities
}

/// A ticket as it is seen here.
struct Seen {
    group: u32,
    value: f64,
    id: Id,
    /// The regions that are open to it, as bits.
    open: u64,
    players: f64,
    /// Whether no tick has seen it before.
    is_new: bool,
}

impl Seen {
    fn weight(&self) -> f64 {
        match self.is_new {
            true => 1.0,
            false => OLD,
        }
    }
}

/// How the values of a group are spread.
struct Spread {
    /// The sum of the weights.
    all: f64,
    mean: f64,
    deviation: f64,
}

impl Spread {
    fn of(group: &[Seen]) -> Self {
        let all: f64 = group.iter().map(Seen::weight).sum();
        let mean = group
            .iter()
            .map(|seen| seen.weight() * seen.value)
            .sum::<f64>()
            / all;
        let square = |seen: &Seen| seen.weight() * (seen.value - mean).powi(2);
        let degrees = (all - 1.0).max(1.0);
        let deviation = (group.iter().map(square).sum::<f64>() / degrees).sqrt();
        Self {
            all,
            mean,
            deviation,
        }
    }

    /// The share of those who come that is within a point of a ticket, and may play where it may.
    fn share(&self, own: &Seen, near: &[Seen]) -> f64 {
        let degrees = (self.all - 1.0).max(1.0);
        let scale = self.deviation * (1.0 + 1.0 / self.all).sqrt();
        let scale = scale.max(f64::MIN_POSITIVE);
        let prior = student(degrees, (own.value - self.mean) / scale) / scale;
        // Silverman's rule, but no wider than what is looked at.
        let ends = [&near[0], &near[near.len() - 1]].map(|seen| (seen.value - own.value).abs());
        let reach = ends[0].max(ends[1]) / 2.0;
        let width = 1.06 * self.deviation * libm::pow(self.all.max(1.0), -0.2);
        let is_cut = near.len() > NEIGHBOURS;
        let width = if is_cut { width.min(reach) } else { width };
        let width = width.max(f64::MIN_POSITIVE);
        let (mut kernel, mut open, mut seen) = (0.0, 0.0, 0.0);
        for other in near.iter().filter(|other| other.id != own.id) {
            let z = (other.value - own.value) / width;
            let weight = other.weight();
            kernel += weight * libm::exp(-0.5 * z * z);
            seen += weight;
            open += weight * f64::from(u8::from(other.open & own.open != 0));
        }
        let kernel = kernel / (width * (2.0 * std::f64::consts::PI).sqrt());
        let density = (FEW * prior + kernel) / (FEW + self.all);
        // As if two more had been seen that may play with it.
        density * (open + 2.0) / (seen + 2.0)
    }
}

/// The density of Student's distribution.
fn student(degrees: f64, at: f64) -> f64 {
    let half = degrees / 2.0;
    let constant = libm::exp(libm::lgamma(half + 0.5) - libm::lgamma(half));
    constant / (degrees * std::f64::consts::PI).sqrt()
        * libm::pow(1.0 + at * at / degrees, -half - 0.5)
}
