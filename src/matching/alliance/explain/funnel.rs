//! Who passes each test with a ticket at its turn as pivot.

use super::{Play, names, short};
use crate::matching::alliance::chosen::Chosen;
use crate::matching::alliance::pair::Pivot;
use crate::matching::alliance::pool::Id;
use crate::matching::alliance::{AllianceRules, BlockPolicy};
use crate::matching::explain::{Closest, Count, Funnel, Needed, Step};

/// A ticket at its turn, and what is asked of the others.
pub(super) struct Asked<'a> {
    pub(super) rules: &'a AllianceRules,
    pub(super) play: &'a Play<'a>,
    pub(super) id: Id,
    pub(super) pivot: Pivot,
    /// The pivot alone in its match.
    alone: Chosen,
    tests: Vec<Test>,
}

/// A test of a candidate beside the pivot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    /// Must-match attributes.
    Attributes,
    Mode,
    /// The pivot's own reach by a rule.
    Within(usize),
    /// The candidate's.
    ReachOfOther(usize),
    Region,
    Options,
    CrossPlay,
    PartySize,
    Blocked,
    SharedPlayer,
}

impl Test {
    /// The matching rule that it is of.
    fn rule(self) -> Option<usize> {
        match self {
            Self::Within(rule) | Self::ReachOfOther(rule) => Some(rule),
            _ => None,
        }
    }
}

/// By how much a test is failed.
pub(super) struct Excess {
    /// Against what is allowed; 1 where there is nothing to measure.
    pub(super) share: f64,
    /// In words; empty where there is nothing to measure.
    pub(super) by: String,
}

impl<'a> Asked<'a> {
    /// The ticket in the region and the mode that are tried first.
    pub(super) fn new(rules: &'a AllianceRules, play: &'a Play<'a>, id: Id) -> Self {
        let (pool, criteria) = (&play.turns.pool, &play.turns.criteria);
        let tick_id = play.turns.context().tick_id;
        let mode = criteria.modes.order(pool, tick_id, id).first().copied();
        let mut pivot = Pivot::new(rules, pool, criteria, mode, id);
        pivot.region = criteria.regions.of_pivot(id).first().copied().flatten();
        let mut alone = Chosen::new(criteria);
        alone.begin(pool, criteria, id);
        let mut tests = vec![Test::Attributes];
        if mode.is_some() {
            tests.push(Test::Mode);
        }
        for (place, rule) in rules.distances.iter().enumerate() {
            if rule.is_distance() {
                tests.extend([Test::Within(place), Test::ReachOfOther(place)]);
            }
        }
        if criteria.regions.len() > 0 {
            tests.push(Test::Region);
        }
        if !rules.options.is_empty() {
            tests.extend([Test::Options, Test::CrossPlay]);
        }
        tests.push(Test::PartySize);
        if rules.blocks == BlockPolicy::CannotMatch {
            tests.push(Test::Blocked);
        }
        tests.push(Test::SharedPlayer);
        Self {
            rules,
            play,
            id,
            pivot,
            alone,
            tests,
        }
    }

    /// The others that wait.
    pub(super) fn others(&self) -> impl Iterator<Item = Id> {
        self.play.waiting().filter(|other| *other != self.id)
    }

    /// The tests that a candidate fails.
    pub(super) fn failed(&self, id: Id) -> impl Iterator<Item = (Test, Excess)> {
        let tests = self.tests.iter();
        tests.filter_map(move |test| Some((*test, self.excess(*test, id)?)))
    }

    pub(super) fn funnel(&self) -> Funnel {
        let pool = &self.play.turns.pool;
        let (region, mode) = names(self.play, &self.pivot);
        let size = |id: Id| pool.sizes[id as usize];
        let mut left: Vec<Id> = self.others().collect();
        let count = |ids: &[Id]| {
            let mut count = Count::default();
            ids.iter().for_each(|id| count.add(size(*id)));
            count
        };
        let others = count(&left);
        let mut steps = Vec::new();
        for test in &self.tests {
            left.retain(|id| self.excess(*test, *id).is_none());
            steps.push(Step {
                test: self.name(*test),
                left: count(&left),
            });
        }
        let bounds = self.pivot.form.bounds;
        Funnel {
            region,
            mode,
            others,
            steps,
            needs: Needed {
                own: size(self.id),
                teams: (bounds.teams_min, bounds.teams_max),
                players: (bounds.players_min, bounds.players_max),
                roles: self.pivot.form.has_roles(),
            },
        }
    }

    /// The candidate that failed one test only, and that by least; of equal ones the oldest.
    pub(super) fn closest(&self) -> Option<Closest> {
        let only = self.others().filter_map(|id| {
            let mut failed = self.failed(id);
            let mut most = failed.next()?;
            for next in failed {
                // The two directions of a rule are one test: what counts is how far they are apart.
                if next.0.rule().is_none() || next.0.rule() != most.0.rule() {
                    return None;
                }
                if next.1.share > most.1.share {
                    most = next;
                }
            }
            Some((id, most))
        });
        let (id, (test, excess)) =
            only.min_by(|(_, (_, a)), (_, (_, b))| a.share.total_cmp(&b.share))?;
        Some(Closest {
            ticket: self.play.turns.pool.ticket(id).id.clone(),
            test: self.name(test),
            by: excess.by,
        })
    }

    /// By how much a candidate fails a test; `None` if it passes.
    fn excess(&self, test: Test, id: Id) -> Option<Excess> {
        let (pool, criteria) = (&self.play.turns.pool, &self.play.turns.criteria);
        let back = id < self.pivot.asked_back;
        let plain = |passes: bool| {
            (!passes).then(|| Excess {
                share: 1.0,
                by: String::new(),
            })
        };
        match test {
            Test::Attributes => plain(criteria.must_match.test(self.id, id, back).is_ok()),
            Test::Mode => {
                let (required, own) = (self.pivot.required, self.pivot.modes);
                plain(criteria.modes.test(required, own, id).is_ok())
            }
            Test::Within(rule) => self.too_far(rule, id, self.id),
            Test::ReachOfOther(rule) => self.too_far(rule, id, id),
            Test::Region => {
                let region = self.pivot.region?;
                if criteria.regions.is_open(id, region, self.pivot.one_way) {
                    return None;
                }
                let Some(ms) = criteria.regions.latency(id, region) else {
                    return plain(false);
                };
                let over_ms = ms - criteria.regions.limit(id);
                #[expect(clippy::cast_precision_loss, reason = "latencies are small")]
                Some(Excess {
                    share: over_ms as f64 / ms.max(1) as f64,
                    by: format!("by {over_ms} ms"),
                })
            }
            Test::Options => plain(criteria.options.test(self.id, id, back).is_ok()),
            Test::CrossPlay => plain(
                criteria.platforms.test(self.id, id, back).is_ok()
                    && self.alone.goes_with_platforms(criteria, id),
            ),
            Test::PartySize => {
                let most = self.pivot.form.bounds.players_max;
                plain(pool.sizes[id as usize] <= most)
            }
            Test::Blocked => plain(!self.alone.is_blocked(criteria, id)),
            Test::SharedPlayer => plain(!self.alone.has_player_of(criteria, id)),
        }
    }

    /// By how much a candidate is farther away than one of the two looks.
    fn too_far(&self, rule: usize, id: Id, of: Id) -> Option<Excess> {
        let distances = &self.play.turns.criteria.distances;
        let (own, other) = (distances.value(self.id, rule), distances.value(id, rule));
        let reach = distances.reach(of, rule);
        if reach.accepts(own, other) {
            return None;
        }
        let over = (own - other).abs() - reach.limit();
        Some(Excess {
            share: over / reach.limit().max(1.0),
            by: format!("by {}", short(over)),
        })
    }

    fn name(&self, test: Test) -> String {
        let criteria = &self.play.turns.criteria;
        match test {
            Test::Attributes => "the same must-match attributes".to_owned(),
            Test::Mode => "the mode".to_owned(),
            Test::Within(rule) => {
                let limit = criteria.distances.reach(self.id, rule).limit();
                let attribute = &self.rules.distances[rule].attribute;
                match limit.is_finite() {
                    true => format!("`{attribute}` within {}", short(limit)),
                    false => format!("`{attribute}`, which is not looked at yet"),
                }
            }
            Test::ReachOfOther(rule) => {
                let attribute = &self.rules.distances[rule].attribute;
                format!("`{attribute}` within their own reference")
            }
            Test::Region => match self.pivot.region {
                Some(region) => format!("{} open to them", criteria.regions.name(region)),
                None => "a region in common".to_owned(),
            },
            Test::Options => "the match options".to_owned(),
            Test::CrossPlay => "cross-play".to_owned(),
            Test::PartySize => "parties that fit into a team".to_owned(),
            Test::Blocked => "nobody blocked".to_owned(),
            Test::SharedPlayer => "no player in both tickets".to_owned(),
        }
    }
}
