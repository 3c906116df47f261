//! Left tickets come into matches: into a free seat, or into one more match that takes tickets from
//! others, which left ones replace there.

use super::drafts::{Draft, Drafts, Spent};
use crate::matching::alliance::pair::Pivot;
use crate::matching::alliance::pool::Id;

/// Drafts near a left ticket that it looks at.
const NEAR: usize = 48;

/// Left tickets that one looks at, the nearest first.
const LEFT: usize = 192;

/// Regions in which a left ticket tries to be a pivot.
const REGIONS: usize = 2;

/// Matches of up to so many players look for longer chains of replacements.
const SMALL: u64 = 4;

/// Replacements that are tried in full for one ticket, the best first.
const TRIES: usize = 4;

/// Steps that one left ticket may take.
const STEPS: u64 = 10_000;

/// How tickets come into a new match.
struct Way {
    /// The tickets that come.
    come: Vec<Id>,
    /// The drafts that change for it.
    changes: Vec<(usize, Draft)>,
    /// The left ticket that has a place now: one that comes, or one that replaces those who do.
    placed: Id,
}

/// A left ticket that tries to be the pivot of one more match.
struct Attempt {
    pivot: Pivot,
    /// Left tickets that fit it, the best first, with their prices.
    direct: Vec<(f64, Id)>,
    /// Other left tickets near it.
    others: Vec<Id>,
    /// Drafts near it, each with its tickets that fit it, the best first, with what they cost more here
    /// than there.
    near: Vec<(usize, Vec<(f64, Id)>)>,
    /// The tickets of its match so far, the pivot first.
    ids: Vec<Id>,
    /// Left tickets that have a place, here or in another draft.
    placed: Vec<Id>,
}

impl Drafts<'_, '_> {
    /// Puts left tickets into free seats; whether there was one.
    pub(super) fn fill(&mut self) -> Result<bool, Spent> {
        let has_room = |draft: &Draft| self.players(draft) < draft.pivot.form.bounds.max_players();
        if !self.all.iter().any(has_room) {
            return Ok(false);
        }
        let mut any = false;
        for id in self.left_ids() {
            for at in self.near(self.place(id), NEAR) {
                let draft = &self.all[at];
                let room = draft.pivot.form.bounds.max_players() - self.players(draft);
                let fits =
                    room >= u64::from(self.size(id)) && self.price(&draft.pivot, id).is_some();
                self.step(1)?;
                if !fits {
                    continue;
                }
                let draft = self.all[at].clone();
                if let Some(fuller) = self.changed(&draft, &[], &[id], f64::INFINITY)? {
                    self.all[at] = fuller;
                    self.placed(id);
                    any = true;
                    break;
                }
            }
        }
        Ok(any)
    }

    /// Makes more matches out of left tickets and others; whether there was one.
    pub(super) fn rescue(&mut self) -> Result<bool, Spent> {
        let mut any = false;
        for id in self.left_ids() {
            if !self.is_left(id) {
                continue;
            }
            for pivot in self.turns.pivots(id, REGIONS) {
                if self.rescued_by(pivot)? {
                    self.rescued += 1;
                    any = true;
                    break;
                }
            }
        }
        Ok(any)
    }

    /// One more match of a left pivot.
    fn rescued_by(&mut self, pivot: Pivot) -> Result<bool, Spent> {
        let Some(mut attempt) = self.attempt(pivot)? else {
            return Ok(false);
        };
        let mut before: Vec<(usize, Draft)> = Vec::new();
        let made = self.made_by(&mut attempt, &mut before);
        if let Ok(Some(draft)) = made {
            self.all.push(draft);
            for id in attempt.placed {
                self.placed(id);
            }
            return Ok(true);
        }
        // Nothing came of it, or it took too long.
        for (at, draft) in before.into_iter().rev() {
            self.all[at] = draft;
        }
        made.map(|_| false)
    }

    /// The match of an attempt. Notes which drafts were changed for it, and what they were before.
    fn made_by(
        &mut self,
        attempt: &mut Attempt,
        before: &mut Vec<(usize, Draft)>,
    ) -> Result<Option<Draft>, Spent> {
        let pivot = attempt.pivot;
        let end = self.steps_left().saturating_sub(STEPS);
        let most = pivot.form.bounds.max_players();
        let mut players = u64::from(self.size(pivot.id));
        while players < most && self.steps_left() > end {
            let Some(way) = self.way(attempt)? else {
                break;
            };
            for (at, draft) in way.changes {
                before.push((at, std::mem::replace(&mut self.all[at], draft)));
            }
            players += way
                .come
                .iter()
                .map(|id| u64::from(self.size(*id)))
                .sum::<u64>();
            attempt.placed.push(way.placed);
            attempt.ids.extend(way.come);
        }
        if attempt.ids.len() < 2 {
            return Ok(None);
        }
        let alone = Draft::alone(pivot);
        self.changed(&alone, &[], &attempt.ids[1..], f64::INFINITY)
    }

    /// What a pivot finds around it; `None` if that is too little.
    fn attempt(&mut self, pivot: Pivot) -> Result<Option<Attempt>, Spent> {
        let left = self.left_near(self.place(pivot.id), LEFT);
        // Each seat is paid for by a left ticket.
        let least = pivot.form.bounds.min_players();
        let players: u64 = left.iter().map(|id| u64::from(self.size(*id))).sum();
        self.step(1)?;
        if players < least {
            return Ok(None);
        }
        let (mut direct, mut others) = (Vec::new(), Vec::new());
        for id in left.into_iter().filter(|id| *id != pivot.id) {
            match self.price(&pivot, id) {
                Some(price) => direct.push((price, id)),
                None => others.push(id),
            }
        }
        direct.sort_unstable_by(by_price);
        let mut looked_at = direct.len() + others.len();
        let mut near = Vec::new();
        for at in self.near(self.place(pivot.id), NEAR) {
            let draft = &self.all[at];
            let known = draft.ids.iter().zip(&draft.costs);
            let fit = known.filter_map(|(id, cost)| Some((self.price(&pivot, *id)? - cost, *id)));
            let mut fit: Vec<(f64, Id)> = fit.collect();
            fit.sort_unstable_by(by_price);
            looked_at += draft.ids.len();
            near.push((at, fit));
        }
        self.step(looked_at as u64)?;
        // Those who can have a place by one replacement at most, as far as that is told by sizes.
        let own = u64::from(self.size(pivot.id));
        let of_direct: u64 = direct.iter().map(|(_, id)| u64::from(self.size(*id))).sum();
        let mut placeable = own + of_direct;
        for id in &others {
            let size = self.size(*id);
            let suits = |(_, id): &(f64, Id)| self.size(*id) <= size;
            let has_place = near.iter().any(|(at, fit)| {
                fit.iter().any(suits) && self.price(&self.all[*at].pivot, *id).is_some()
            });
            if has_place {
                placeable += u64::from(size);
            }
            if placeable >= least {
                break;
            }
        }
        self.step(others.len() as u64)?;
        let is_small = pivot.form.bounds.max_players() <= SMALL;
        Ok((placeable >= least || is_small).then(|| Attempt {
            pivot,
            direct,
            others,
            near,
            ids: vec![pivot.id],
            placed: vec![pivot.id],
        }))
    }

    /// A way for one more ticket, or several, into a new match.
    fn way(&mut self, attempt: &Attempt) -> Result<Option<Way>, Spent> {
        let supply = self.supply(attempt);
        let is_free = |id: &Id| !attempt.placed.contains(id);
        for (_, id) in attempt.direct.iter().filter(|(_, id)| is_free(id)) {
            if self.joins(attempt, &[*id], &supply)? {
                return Ok(Some(Way {
                    come: vec![*id],
                    changes: Vec::new(),
                    placed: *id,
                }));
            }
        }
        let direct = attempt.direct.iter().map(|(_, id)| *id);
        let left = attempt.others.iter().copied().chain(direct);
        let left: Vec<Id> = left.filter(is_free).collect();
        for placed in &left {
            if let Some(way) = self.by_replacement(attempt, *placed, &supply)? {
                return Ok(Some(way));
            }
        }
        if attempt.pivot.form.bounds.max_players() <= SMALL {
            for placed in &left {
                if let Some(way) = self.by_chain(attempt, *placed, &supply)? {
                    return Ok(Some(way));
                }
            }
        }
        Ok(None)
    }

    /// A left ticket goes into a draft, of which as many players come.
    fn by_replacement(
        &mut self,
        attempt: &Attempt,
        placed: Id,
        supply: &[u32],
    ) -> Result<Option<Way>, Spent> {
        let size = self.size(placed);
        let mut best: Vec<(f64, usize, Vec<Id>)> = Vec::new();
        for (at, fit) in &attempt.near {
            let draft = &self.all[*at];
            let is_there = |id: &Id| draft.ids.contains(id);
            let fit = fit.iter().filter(|(_, id)| is_there(id));
            let one = fit.clone().find(|(_, id)| self.size(*id) == size);
            let (more, come) = match one {
                Some((more, id)) => (*more, vec![*id]),
                None => {
                    let (mut free, mut more, mut come) = (size, 0.0, Vec::new());
                    for (each, id) in fit {
                        if self.size(*id) <= free && *id != draft.pivot.id {
                            free -= self.size(*id);
                            more += each;
                            come.push(*id);
                        }
                    }
                    if free > 0 {
                        continue;
                    }
                    (more, come)
                }
            };
            let leaves = come.contains(&draft.pivot.id);
            let price = self.price(&draft.pivot, placed);
            // Without its pivot, another one decides.
            if let Some(price) = price.or(leaves.then_some(0.0)) {
                best.push((more + price, *at, come));
            }
        }
        self.step(attempt.near.len() as u64)?;
        best.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (_, at, come) in best.into_iter().take(TRIES) {
            if !self.joins(attempt, &come, supply)? {
                continue;
            }
            let draft = self.all[at].clone();
            if let Some(changed) = self.changed(&draft, &come, &[placed], f64::INFINITY)? {
                return Ok(Some(Way {
                    come,
                    changes: vec![(at, changed)],
                    placed,
                }));
            }
        }
        Ok(None)
    }

    /// A left ticket goes into a draft, of which one goes into another, of which one comes.
    fn by_chain(
        &mut self,
        attempt: &Attempt,
        placed: Id,
        supply: &[u32],
    ) -> Result<Option<Way>, Spent> {
        let size = self.size(placed);
        for (first, _) in &attempt.near {
            let draft = self.all[*first].clone();
            for out in &draft.ids {
                if self.size(*out) != size {
                    continue;
                }
                let fits = *out == draft.pivot.id || self.price(&draft.pivot, placed).is_some();
                self.step(1)?;
                if !fits || attempt.ids.contains(out) {
                    continue;
                }
                let Some(changed) = self.changed(&draft, &[*out], &[placed], f64::INFINITY)? else {
                    continue;
                };
                for (second, fit) in attempt.near.iter().filter(|(at, _)| at != first) {
                    let other = &self.all[*second];
                    let come = fit.iter().map(|(_, id)| *id);
                    let mut come =
                        come.filter(|id| self.size(*id) == size && other.ids.contains(id));
                    let Some(come) = come.next() else {
                        continue;
                    };
                    let fits = come == other.pivot.id || self.price(&other.pivot, *out).is_some();
                    self.step(1)?;
                    if !fits || !self.joins(attempt, &[come], supply)? {
                        continue;
                    }
                    let other = self.all[*second].clone();
                    if let Some(then) = self.changed(&other, &[come], &[*out], f64::INFINITY)? {
                        return Ok(Some(Way {
                            come: vec![come],
                            changes: vec![(*first, changed), (*second, then)],
                            placed,
                        }));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Whether tickets may join a new match that can still be completed then.
    fn joins(&mut self, attempt: &Attempt, more: &[Id], supply: &[u32]) -> Result<bool, Spent> {
        let ids: Vec<Id> = attempt.ids.iter().chain(more).copied().collect();
        self.step(ids.len() as u64)?;
        let joins = self.turns.fits(&attempt.pivot, &ids, supply);
        let steps = self.turns.take_packer_steps(&attempt.pivot);
        self.step(steps)?;
        Ok(joins)
    }

    /// How many tickets of each kind may still come into a new match.
    fn supply(&self, attempt: &Attempt) -> Vec<u32> {
        let pool = &self.turns.pool;
        let mut supply = vec![0; pool.party_kinds.len() as usize];
        let left = attempt
            .direct
            .iter()
            .filter(|(_, id)| !attempt.placed.contains(id));
        for (_, id) in left.chain(attempt.near.iter().flat_map(|(_, fit)| fit)) {
            supply[pool.kinds[*id as usize] as usize] += 1;
        }
        supply
    }
}

fn by_price(a: &(f64, Id), b: &(f64, Id)) -> std::cmp::Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
}
