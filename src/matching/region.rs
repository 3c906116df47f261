//! The regions of a match, where no rule limits them.

use std::collections::HashMap;

use smallvec::SmallVec;

use super::{Text, Ticket};

/// The region of a match whose tickets reported no latency.
const ANY: Text = Text::from_static("any");

/// Up to this many regions, ranking them allocates only the result.
const USUAL: usize = 8;

/// Up to this many regions are looked through one by one.
const FEW: usize = 32;

/// Regions for a match of these tickets, best first: those that every ticket with latencies
/// reports, by the highest latency among the tickets, then by name (docs/semantics.md, "Region
/// preferences").
///
/// `["any"]` if no ticket reported latencies. If the tickets share no region, all regions are
/// listed, those that more tickets report first. O(n log n) for n latencies of all tickets.
pub fn region_preferences<'t>(tickets: impl IntoIterator<Item = &'t Ticket>) -> Vec<Text> {
    let mut seen: SmallVec<[Reported<'t>; USUAL]> = SmallVec::new();
    // The places of the first of them, where they are too many to look through.
    let mut places: HashMap<&'t Text, usize> = HashMap::new();
    let mut placed = 0;
    let mut reporting = 0;
    for ticket in tickets {
        if ticket.latencies.is_empty() {
            continue;
        }
        reporting += 1;
        for (at, (region, latency)) in ticket.latencies.iter().enumerate() {
            if *latency < 0 {
                // No measurement: the region is not one that the ticket can reach.
                continue;
            }
            // Latencies are sorted by name, and most tickets report the same regions: then this one
            // is at the same place as in the tickets before.
            let at = match seen.get(at) {
                Some(entry) if entry.region == region => Some(at),
                _ if seen.len() <= FEW => seen.iter().position(|entry| entry.is(region)),
                _ => {
                    let new = seen.iter().enumerate().skip(placed);
                    places.extend(new.map(|(at, entry)| (entry.region, at)));
                    placed = seen.len();
                    places.get(region).copied()
                }
            };
            match at.map(|at| &mut seen[at]) {
                Some(entry) => {
                    entry.worst = entry.worst.max(*latency);
                    entry.tickets += 1;
                }
                None => seen.push(Reported {
                    region,
                    worst: *latency,
                    tickets: 1,
                }),
            }
        }
    }
    if seen.is_empty() {
        return vec![ANY];
    }
    if seen.iter().any(|entry| entry.tickets == reporting) {
        seen.retain(|entry| entry.tickets == reporting);
    }
    // No two have the same name, so there is one order only.
    seen.sort_unstable_by(|a, b| {
        let by_worst = a.worst.cmp(&b.worst);
        b.tickets
            .cmp(&a.tickets)
            .then(by_worst)
            .then_with(|| a.region.cmp(b.region))
    });
    seen.into_iter().map(|entry| entry.region.clone()).collect()
}

/// A region that tickets of the match report.
struct Reported<'t> {
    region: &'t Text,
    worst: i64,
    tickets: usize,
}

impl Reported<'_> {
    fn is(&self, region: &Text) -> bool {
        #[cfg(test)]
        super::steps::step();
        self.region == region
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;

    use super::*;
    use crate::matching::steps;

    #[test]
    fn regions_are_compared_as_often_as_they_are_reported() {
        let latencies = |ticket: i64| {
            let names = (0..200).map(move |at| format!("{:03}", (ticket * 150 + at) % 9000));
            let mut all: Vec<(Text, i64)> = names.map(|name| (name.into(), ticket)).collect();
            all.sort_unstable();
            all
        };
        let tickets: Vec<Ticket> = (0..100)
            .map(|ticket| Ticket {
                latencies: latencies(ticket),
                ..Ticket::default()
            })
            .collect();
        let mut regions = Vec::new();
        let steps = steps::of(|| regions = region_preferences(&tickets));
        assert!(steps <= 100 * 200 * FEW as u64, "{steps}");
        assert_eq!(regions.len(), 9000);
        // Those of more tickets come first, then those of the lower latency.
        let mut ranks: Vec<(Reverse<usize>, i64, &Text)> = Vec::new();
        for region in &regions {
            let ms: Vec<i64> = tickets
                .iter()
                .filter_map(|one| one.latency(region))
                .collect();
            let worst = ms.iter().copied().max().unwrap();
            ranks.push((Reverse(ms.len()), worst, region));
        }
        assert!(ranks.is_sorted());
    }

    fn ranked(tickets: &[&[(&'static str, i64)]]) -> Vec<String> {
        let mut made = Vec::new();
        for latencies in tickets {
            let latencies = latencies.iter();
            made.push(Ticket {
                latencies: latencies
                    .map(|(region, ms)| (Text::from(*region), *ms))
                    .collect(),
                ..Ticket::default()
            });
        }
        region_preferences(&made)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn by_the_worst_latency_then_by_name() {
        let a = [("eu", 20), ("us", 30), ("zz", 5)];
        let b = [("ap", 1), ("eu", 90), ("us", 40), ("zz", 90)];
        assert_eq!(ranked(&[&a, &b]), ["us", "eu", "zz"]);
    }

    #[test]
    fn a_ticket_without_latencies_fits_any_region() {
        assert_eq!(ranked(&[&[("eu", 20)], &[]]), ["eu"]);
        assert_eq!(ranked(&[&[], &[]]), ["any"]);
    }

    #[test]
    fn without_a_common_region_those_that_more_tickets_report_come_first() {
        let tickets: [&[(&str, i64)]; 3] = [&[("eu", 90)], &[("eu", 80), ("us", 10)], &[("ap", 5)]];
        assert_eq!(ranked(&tickets), ["eu", "ap", "us"]);
    }
}
