//! The matches of a tick, pivot by pivot (docs/semantics.md, "Pivot" to "Teams").

use super::card::Card;
use super::exact;
use super::group::Group;
use crate::matching::Ticket;
use crate::matching::alliance::AllianceRules;

/// A match that a pivot makes.
#[derive(Debug)]
pub(crate) struct Made<'a> {
    /// Its tickets, the pivot first, then as they were taken.
    pub(crate) tickets: Vec<&'a Ticket>,
    /// Where; `None` if none of its tickets has latencies.
    pub(crate) region: Option<&'a str>,
}

/// The queue of one tick.
#[derive(Debug)]
pub(crate) struct Queue<'a> {
    rules: &'a AllianceRules,
    /// The oldest first.
    cards: Vec<Card<'a>>,
    /// The regions that tickets which can be matched have measured, by name.
    regions: Vec<&'a str>,
}

impl<'a> Queue<'a> {
    pub(crate) fn new(rules: &'a AllianceRules, now_ms: i64, tickets: &'a [Ticket]) -> Self {
        let tickets = tickets.iter();
        let mut cards: Vec<Card<'a>> = tickets
            .map(|ticket| Card::new(rules, now_ms, ticket))
            .collect();
        cards.sort_by_key(|card| card.place);
        let flexed = rules
            .layout
            .flexing
            .iter()
            .map(|flex| flex.stage.teams.players_max);
        let largest = flexed.fold(rules.layout.first.teams.players_max, u32::max);
        let usable = |card: &&Card<'_>| card.is_sound && card.size() <= largest as usize;
        let mut regions: Vec<&str> = cards
            .iter()
            .filter(usable)
            .flat_map(|card| card.regions.iter().map(|(_, name)| *name))
            .collect();
        regions.sort_unstable();
        regions.dedup();
        Queue {
            rules,
            cards,
            regions,
        }
    }

    /// All matches, in the order in which they are made.
    pub(crate) fn matches(&self) -> Vec<Made<'a>> {
        let mut waits = vec![true; self.cards.len()];
        let mut matches = Vec::new();
        for pivot in 0..self.cards.len() {
            if !waits[pivot] {
                continue;
            }
            if let Some((made, taken)) = self.turn(pivot, &waits) {
                taken.into_iter().for_each(|at| waits[at] = false);
                matches.push(made);
            }
        }
        matches
    }

    /// What the turn of one ticket gives while those others wait: the match, and the places of its
    /// tickets.
    pub(crate) fn turn(&self, pivot: usize, waits: &[bool]) -> Option<(Made<'a>, Vec<usize>)> {
        let own = &self.cards[pivot];
        if !own.is_sound {
            return None;
        }
        let mut group = Group::new(self.rules, own);
        let others = self.cards.iter().enumerate();
        let others = others.filter(|(at, _)| *at != pivot && waits[*at]);
        let mut fitting: Vec<(f64, &Card<'a>)> = Vec::new();
        for (_, card) in others {
            let distance = group.distance(card);
            fitting.extend(distance.map(|score| (score, card)));
        }
        fitting.retain(|(_, card)| group.admits(card));
        for region in self.regions_of(&group, own) {
            let latencies = fitting.iter().filter_map(|(score, card)| {
                let latency = group.latency(region, card)?;
                Some((score + latency, *card))
            });
            let mut ranked: Vec<(f64, &Card<'a>)> = latencies.collect();
            ranked.sort_by(|(a, one), (b, other)| {
                let by_score = a.partial_cmp(b).expect("finite");
                by_score.then(one.place.cmp(&other.place))
            });
            let candidates: Vec<&Card<'a>> = ranked.into_iter().map(|(_, card)| card).collect();
            if exact::find(&mut group, &candidates) {
                let is_measured = group.taken.iter().any(|card| !card.regions.is_empty());
                let made = Made {
                    tickets: group.taken.iter().map(|card| card.ticket).collect(),
                    region: region.filter(|_| is_measured),
                };
                let all = self.cards.iter().enumerate();
                let taken = all.filter(|(_, card)| {
                    let mut taken = group.taken.iter();
                    taken.any(|one| std::ptr::eq(one.ticket, card.ticket))
                });
                return Some((made, taken.map(|(at, _)| at).collect()));
            }
        }
        None
    }

    fn regions_of(&self, group: &Group<'_, 'a>, pivot: &Card<'a>) -> Vec<Option<&'a str>> {
        if !pivot.ticket.latencies.is_empty() {
            let own = pivot.regions.iter().map(|(_, name)| Some(*name));
            return own
                .filter(|name| group.latency(*name, pivot).is_some())
                .collect();
        }
        if self.regions.is_empty() {
            return vec![None];
        }
        self.regions.iter().copied().map(Some).collect()
    }
}
