//! A match in the making, as the plain reading fills it.

use super::card::Card;
use crate::matching::Value;
use crate::matching::alliance::{AllianceRules, BlockPolicy, OptionKind, TeamBounds};

/// The tickets that are taken, the pivot first.
#[derive(Debug)]
pub(super) struct Group<'c, 'a> {
    rules: &'a AllianceRules,
    pub(super) bounds: TeamBounds,
    pub(super) taken: Vec<&'c Card<'a>>,
}

impl<'c, 'a> Group<'c, 'a> {
    pub(super) fn new(rules: &'a AllianceRules, pivot: &'c Card<'a>) -> Self {
        let mut bounds = rules.layout.first.teams;
        // Durations are sorted: the last one that has passed is the largest.
        for flex in &rules.layout.flexing {
            if flex.after_ms < pivot.age_ms {
                bounds = flex.stage.teams;
            }
        }
        Group {
            rules,
            bounds,
            taken: vec![pivot],
        }
    }

    fn pivot(&self) -> &'c Card<'a> {
        self.taken[0]
    }

    /// How badly a candidate beside the pivot fits by distance; `None` if it may not be there,
    /// wherever the match is played.
    pub(super) fn distance(&self, candidate: &Card<'_>) -> Option<f64> {
        let mut score = 0.0;
        let both = self.pivot().measures.iter().zip(&candidate.measures);
        for (rule, ((own, reach), (other, their_reach))) in self.rules.distances.iter().zip(both) {
            let distance = (own - other).abs();
            if reach.is_some_and(|reach| reach < distance)
                || their_reach.is_some_and(|reach| reach < distance)
            {
                return None;
            }
            if reach.is_some() {
                let scaled = match rule.normalization {
                    0.0 => distance,
                    normalization => distance / normalization,
                };
                score += scaled * rule.weight;
            }
        }
        Some(score)
    }

    /// What the latency adds to that; `None` if the region is not open to the candidate.
    pub(super) fn latency(&self, region: Option<&str>, candidate: &Card<'_>) -> Option<f64> {
        let Some(region) = region.filter(|_| !candidate.ticket.latencies.is_empty()) else {
            return Some(0.0);
        };
        let limits = &self.rules.regions;
        let is_pivot = std::ptr::eq(candidate.ticket, self.pivot().ticket);
        let ignores_steps = limits
            .one_way_after_ms
            .is_some_and(|after| self.pivot().age_ms > after);
        let (best, _) = *candidate.regions.first()?;
        let (ms, _) = *candidate.regions.iter().find(|(_, name)| *name == region)?;
        let step = (candidate.age_ms / limits.rate_ms
            + i64::from(candidate.age_ms % limits.rate_ms != 0))
        .max(1);
        let open = best + limits.initial_ms + (step - 1) * limits.range_ms;
        if ms > open && (is_pivot || !ignores_steps) {
            return None;
        }
        match limits.max_ms {
            Some(cap) if ms > cap => None,
            Some(cap) => Some(limits.weight * (ms - best) as f64 / cap as f64),
            None => Some(0.0),
        }
    }

    /// Whether a candidate may join, distances and regions apart.
    pub(super) fn admits(&self, candidate: &Card<'_>) -> bool {
        let pivot = self.pivot();
        let had_its_turn = candidate.place < pivot.place;
        candidate.is_sound
            && candidate.server == pivot.server
            && candidate.version == pivot.version
            && answers(candidate, pivot)
            && (!had_its_turn || answers(pivot, candidate))
            && self
                .taken
                .iter()
                .all(|taken| self.goes_with(taken, candidate))
            && (0..self.rules.options.len()).all(|at| self.option(at, candidate, had_its_turn))
            && self.platforms(candidate, had_its_turn)
    }

    /// What any two tickets of a match must not do to each other.
    fn goes_with(&self, taken: &Card<'_>, candidate: &Card<'_>) -> bool {
        let shared = |(name, value): &(&str, &Value)| match taken.must(name) {
            Some(other) => other == *value,
            None => true,
        };
        let once = |player: &crate::matching::Player| !taken.has_player(&player.id);
        candidate.musts.iter().all(shared)
            && candidate.ticket.players.iter().all(once)
            && !(self.rules.blocks == BlockPolicy::CannotMatch && taken.is_at_odds(candidate))
    }

    fn option(&self, at: usize, candidate: &Card<'_>, had_its_turn: bool) -> bool {
        let own = &self.pivot().options[at];
        let new = &candidate.options[at];
        match self.rules.options[at].kind {
            OptionKind::Disable => true,
            OptionKind::Any if own.is_empty() => new.is_empty(),
            OptionKind::Any => own.iter().any(|value| {
                new.contains(value) && self.taken.iter().all(|one| one.options[at].contains(value))
            }),
            OptionKind::All => is_within(own, new) && is_within(new, own),
            OptionKind::Unique => {
                (own.is_empty() || !new.is_empty())
                    && (new.is_empty() || !own.is_empty() || !had_its_turn)
                    && !self
                        .taken
                        .iter()
                        .any(|one| one.options[at].iter().any(|value| new.contains(value)))
            }
        }
    }

    fn platforms(&self, candidate: &Card<'_>, had_its_turn: bool) -> bool {
        let (Some((own, _)), Some((on, with))) = (&self.pivot().platforms, &candidate.platforms)
        else {
            return true;
        };
        if own.is_empty() {
            return on.is_empty() || !had_its_turn;
        }
        let plays_with = |taken: &&Card<'_>| {
            let both = taken.platforms.as_ref();
            both.is_some_and(|(theirs, allowed)| is_within(on, allowed) && is_within(theirs, with))
        };
        !on.is_empty() && self.taken.iter().all(plays_with)
    }

    /// Whether two that are taken have to be in different teams.
    pub(super) fn apart(&self, a: usize, b: usize) -> bool {
        self.rules.blocks == BlockPolicy::DifferentTeam && self.taken[a].is_at_odds(self.taken[b])
    }
}

/// Whether the other has all that this one asks for.
fn answers(other: &Card<'_>, asking: &Card<'_>) -> bool {
    let has = |(name, value): &(&str, &Value)| other.must(name) == Some(*value);
    asking.musts.iter().all(has)
}

fn is_within(few: &[&Value], many: &[&Value]) -> bool {
    few.iter().all(|value| many.contains(value))
}
