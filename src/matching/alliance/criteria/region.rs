//! Regions: where each ticket may play, by its latencies and its age (docs/semantics.md,
//! "Regions").

use std::collections::BTreeSet;

use crate::matching::alliance::RegionRules;
use crate::matching::alliance::intern::Lists;
use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::{Reason, Text, Ticket};

/// The number of a region: its place in the order of names.
pub(crate) type Region = u32;

/// The region of a match whose tickets report no latencies.
pub(crate) const ANY_REGION: &str = "any";

/// Regions whose latencies are found without a search.
const MASKED: usize = 64;

/// Which ticket may play where.
#[derive(Debug)]
pub(crate) struct Regions {
    names: Vec<Text>,
    /// The regions that each ticket reports, ascending.
    reported: Lists,
    /// Their latencies in ms, ticket after ticket.
    latencies: Vec<i64>,
    /// Where each ticket's latencies begin.
    starts: Vec<u32>,
    /// The reported regions as bits, where all fit.
    masks: Vec<u64>,
    /// The regions that are open to each ticket at its own age, as bits, where all fit.
    open: Vec<u64>,
    /// The best latency of each ticket, ms.
    best: Vec<i64>,
    /// The largest latency that is open to each ticket at its own age, ms.
    limits: Vec<i64>,
    rules: RegionRules,
}

impl Regions {
    pub(super) fn of(rules: &RegionRules, pool: &Pool) -> Self {
        let rows = pool.rows() as usize;
        let mut names: BTreeSet<&Text> = BTreeSet::new();
        let mut before: Option<&Ticket> = None;
        for ticket in pool.all() {
            if before.is_none_or(|before| !same_regions(ticket, before)) {
                names.extend(ticket.measured().map(|(region, _)| region));
            }
            before = Some(ticket);
        }
        let names: Vec<Text> = names.into_iter().cloned().collect();
        let masked = names.len() <= MASKED;
        let mut regions = Self {
            reported: Lists::default(),
            latencies: Vec::new(),
            starts: Vec::with_capacity(rows),
            masks: Vec::new(),
            open: Vec::new(),
            best: Vec::with_capacity(rows),
            limits: Vec::with_capacity(rows),
            rules: *rules,
            names,
        };
        let mut numbers: Vec<Region> = Vec::new();
        let mut before: Option<&Ticket> = None;
        for (ticket, age_ms) in pool.all().zip(&pool.ages) {
            // Nearly all tickets of a game report the same regions.
            if before.is_none_or(|before| !same_regions(ticket, before)) {
                let names = &regions.names;
                let number = |name: &Text| names.binary_search(name).expect("collected above");
                numbers.clear();
                numbers.extend(ticket.measured().map(|(name, _)| number(name) as u32));
            }
            before = Some(ticket);
            if masked {
                let bits = numbers.iter().fold(0, |bits, region| bits | 1 << region);
                regions.masks.push(bits);
            }
            let start = u32::try_from(regions.latencies.len()).expect("fewer than bytes");
            regions.starts.push(start);
            regions.reported.push(numbers.iter().copied());
            regions
                .latencies
                .extend(ticket.measured().map(|(_, ms)| ms));
            let best = ticket.measured().map(|(_, ms)| ms).min();
            let best = best.unwrap_or_default();
            regions.best.push(best);
            regions.limits.push(rules.limit_ms(best, *age_ms));
        }
        if masked {
            regions.open = (0..pool.rows()).map(|id| regions.open_bits(id)).collect();
        }
        regions
    }

    /// The regions that are open to a row, as bits.
    fn open_bits(&self, id: Id) -> u64 {
        if self.fits_any(id) {
            return u64::MAX;
        }
        let open = self.reported(id).iter();
        open.filter(|region| self.is_open(id, **region, false))
            .fold(0, |bits, region| bits | 1 << region)
    }

    /// What a candidate costs in the region that is tried, or that it is not open to the candidate.
    pub(crate) fn test(&self, region: Region, candidate: Id, one_way: bool) -> Result<f64, Reason> {
        if !self.is_open(candidate, region, one_way) {
            return Err(Reason::Region);
        }
        Ok(self.cost(self.excess(candidate, region)))
    }

    /// What milliseconds over a candidate's best region count in the score.
    pub(crate) fn cost(&self, excess_ms: i64) -> f64 {
        match self.rules.max_ms {
            Some(max_ms) => self.rules.weight * excess_ms as f64 / max_ms as f64,
            None => 0.0,
        }
    }

    /// Whether latencies count in the score.
    pub(crate) fn counts(&self) -> bool {
        self.rules.weight > 0.0 && self.rules.max_ms.is_some()
    }

    /// The name of a region.
    pub(crate) fn name(&self, region: Region) -> &Text {
        &self.names[region as usize]
    }

    /// How many latencies all rows report together.
    pub(crate) fn measured(&self) -> usize {
        self.latencies.len()
    }

    /// How many regions there are.
    pub(crate) fn len(&self) -> u32 {
        self.names.len() as u32
    }

    /// Whether the ticket reports no latency at all, and so fits any region.
    pub(crate) fn fits_any(&self, id: Id) -> bool {
        self.reported.get(id).is_empty()
    }

    /// The regions that the ticket reports, in order of their names.
    pub(crate) fn reported(&self, id: Id) -> &[Region] {
        self.reported.get(id)
    }

    /// The latency of a ticket to a region in ms, if it reports one.
    pub(crate) fn latency(&self, id: Id, region: Region) -> Option<i64> {
        let start = self.starts[id as usize] as usize;
        if let Some(mask) = self.masks.get(id as usize) {
            let bit = 1_u64 << region;
            // The rank of the region among those that the ticket reports.
            let rank = (mask & (bit - 1)).count_ones() as usize;
            return (mask & bit != 0).then(|| self.latencies[start + rank]);
        }
        let rank = self.reported.get(id).binary_search(&region).ok()?;
        Some(self.latencies[start + rank])
    }

    /// Milliseconds over the ticket's best region; 0 if it fits any.
    pub(crate) fn excess(&self, id: Id, region: Region) -> i64 {
        self.latency(id, region)
            .map_or(0, |ms| ms.saturating_sub(self.best[id as usize]))
    }

    /// The largest latency that is open to a ticket at its own age, in ms.
    pub(crate) fn limit(&self, id: Id) -> i64 {
        self.limits[id as usize]
    }

    /// Whether the region is open to the ticket; one-way: without regard to its own steps, but
    /// never above the cap (docs/semantics.md, "Regions").
    pub(crate) fn is_open(&self, id: Id, region: Region, one_way: bool) -> bool {
        let limit = if one_way {
            self.rules.max_ms.unwrap_or(i64::MAX)
        } else {
            self.limits[id as usize]
        };
        match self.latency(id, region) {
            Some(ms) => ms <= limit,
            None => self.fits_any(id),
        }
    }

    /// The regions that are open to the ticket at its own age, as [bits](Regions::bit); all where
    /// there are too many for bits.
    pub(crate) fn open(&self, id: Id) -> u64 {
        self.open.get(id as usize).copied().unwrap_or(u64::MAX)
    }

    /// The bit that stands for a region in [`Regions::open`]; 0 if there are too many for bits.
    pub(crate) fn bit(&self, region: Region) -> u64 {
        match self.names.len() <= MASKED {
            true => 1 << region,
            false => 0,
        }
    }

    /// What a match in that region says, the tickets the pivot first: its
    /// region, then the others that are open to all, by their worst latency, then name.
    pub(crate) fn preferences(
        &self,
        first: Option<Region>,
        tickets: &[Id],
        one_way: bool,
    ) -> Vec<Text> {
        let first = match first {
            Some(region) if !tickets.iter().all(|id| self.fits_any(*id)) => region,
            _ => return vec![Text::from_static(ANY_REGION)],
        };
        let others = self.candidates(tickets).filter(|region| *region != first);
        let mut others: Vec<Region> = others
            .filter(|region| self.is_open_to_all(tickets, *region, one_way))
            .collect();
        others.sort_by_key(|region| (self.worst(tickets, *region), *region));
        std::iter::once(first)
            .chain(others)
            .map(|region| self.name(region).clone())
            .collect()
    }

    /// The region of those open to all tickets, the pivot first, in which the worst latency is least: of
    /// equal ones the first by name. `None` if no ticket reports one.
    pub(crate) fn best(&self, tickets: &[Id], one_way: bool) -> Option<Region> {
        self.candidates(tickets)
            .filter(|region| self.is_open_to_all(tickets, *region, one_way))
            .min_by_key(|region| (self.worst(tickets, *region), *region))
    }

    /// The worst latency of tickets in a region, in ms; `None` if none reports one.
    pub(crate) fn worst(&self, tickets: &[Id], region: Region) -> Option<i64> {
        let latencies = tickets.iter().filter_map(|id| self.latency(*id, region));
        latencies.max()
    }

    /// The regions that can be open to all tickets: each that has latencies reports those.
    fn candidates(&self, tickets: &[Id]) -> impl Iterator<Item = Region> {
        let reporting = tickets.iter().find(|id| !self.fits_any(**id));
        let reported = reporting.map_or(&[][..], |id| self.reported(*id));
        reported.iter().copied()
    }

    /// Whether a region is open to all tickets, the pivot first.
    fn is_open_to_all(&self, tickets: &[Id], region: Region, one_way: bool) -> bool {
        #[cfg(test)]
        crate::matching::steps::step();
        // One-way is what the pivot, in place 0, makes of the others.
        let mut each = tickets.iter().enumerate();
        each.all(|(place, id)| self.is_open(*id, region, one_way && place > 0))
    }

    /// The regions to try for a pivot, best first: its open ones by latency, then name. One that
    /// reports no latencies fits all regions, by name; `None` stands for "no region is known".
    pub(crate) fn of_pivot(&self, pivot: Id) -> Vec<Option<Region>> {
        if self.fits_any(pivot) {
            return match self.len() {
                0 => vec![None],
                all => (0..all).map(Some).collect(),
            };
        }
        let open = |region: &Region| self.is_open(pivot, *region, false);
        let mut regions: Vec<Region> = self.reported(pivot).iter().copied().filter(open).collect();
        regions.sort_by_key(|region| (self.latency(pivot, *region), *region));
        regions.into_iter().map(Some).collect()
    }
}

/// Whether two tickets report latencies to the same regions.
fn same_regions(a: &Ticket, b: &Ticket) -> bool {
    let names = |ticket| Ticket::measured(ticket).map(|(region, _)| region);
    names(a).eq(names(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::Player;
    use crate::matching::alliance::rules::testing::rules;
    use crate::matching::steps;

    const RULES: &str = r#"{
        "alliance": {"min_number": 2, "max_number": 2, "player_min_number": 1, "player_max_number": 1},
        "region_latency_initial_range_ms": 100, "region_latency_max_ms": 200
    }"#;

    fn ticket(arrival: u32, regions: &[&str]) -> Ticket {
        let mut latencies: Vec<(Text, i64)> = Vec::new();
        for (ms, region) in (10..).zip(regions) {
            latencies.push(((*region).into(), ms));
        }
        latencies.sort();
        Ticket {
            arrival,
            players: vec![Player {
                id: arrival.to_string().into(),
                ..Player::default()
            }],
            latencies,
            ..Ticket::default()
        }
    }

    #[test]
    fn a_match_looks_at_the_regions_of_its_tickets_and_not_at_those_of_all() {
        let mut tickets = vec![
            ticket(0, &[]),
            ticket(1, &["eu", "us", "ap"]),
            ticket(2, &["us", "eu", "sa"]),
        ];
        for other in 3..1000 {
            tickets.push(ticket(other, &[&format!("region {other}")]));
        }
        let rules = rules(RULES);
        let (pool, _) = Pool::new(&rules, 0, tickets);
        let regions = Regions::of(&rules.regions, &pool);
        let us = (0..regions.len()).find(|region| regions.name(*region) == "us");
        let mut preferences = Vec::new();
        let steps = steps::of(|| preferences = regions.preferences(us, &[0, 1, 2], false));
        assert_eq!(preferences, ["us", "eu"]);
        assert!(steps <= 3, "{steps}");
    }
}
