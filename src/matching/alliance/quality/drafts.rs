//! The matches of a tick before they are made, and what may be changed in them.

use super::uncertain::Uncertain;
use super::worths::Worths;
use crate::matching::alliance::criteria::modes::Mode;
use crate::matching::alliance::criteria::region::Region;
use crate::matching::alliance::pair::Pivot;
use crate::matching::alliance::pool::Id;
use crate::matching::alliance::rules::Quality;
use crate::matching::alliance::tick::Turns;
use crate::matching::alliance::watch::Watch;
use crate::matching::{Flow, Reason};

/// Rounds of improvement at most. Nearly all is gained in the first.
const ROUNDS: usize = 3;

/// Steps of improvement in any tick, so that small ones are improved thoroughly.
const STEPS: u64 = 400_000;

/// Steps of improvement for each step of the search, so that large ticks cost little more than without. One
/// here is a look at one ticket, and takes a tenth of one there.
const STEPS_PER_STEP: u64 = 3;

/// Less is no gain: sums of the same costs in another order differ by as much.
pub(super) const LEAST: f64 = 1e-9;

/// A match that is not made yet.
#[derive(Debug, Clone)]
pub(in crate::matching::alliance) struct Draft {
    /// The pivot in the region and the mode of the match.
    pub(super) pivot: Pivot,
    /// The tickets, the pivot first, then by what they cost.
    pub(super) ids: Vec<Id>,
    /// What each costs beside the pivot.
    pub(super) costs: Vec<f64>,
    /// The sum.
    pub(super) cost: f64,
}

impl Draft {
    /// A pivot that has nobody yet.
    pub(super) fn alone(pivot: Pivot) -> Self {
        Self {
            ids: vec![pivot.id],
            costs: vec![0.0],
            cost: 0.0,
            pivot,
        }
    }
}

/// All drafts of a tick, and the tickets that are in none.
pub(super) struct Drafts<'t, 'r> {
    pub(super) turns: &'t mut Turns<'r>,
    pub(super) all: Vec<Draft>,
    /// Which tickets are in no draft.
    left: Vec<bool>,
    /// Those by their places, some of which may be in a draft by now.
    left_order: Vec<Id>,
    /// The drafts by their pivots' places on the most selective rule.
    pub(super) order: Vec<usize>,
    uncertain: Uncertain,
    /// Which drafts were changed since the last round of trades began; all that are not in it.
    pub(super) touched: Vec<bool>,
    worths: Option<&'t Worths>,
    reasons: &'t mut [Reason],
    flow: &'t dyn Fn() -> Flow,
    steps_left: u64,
    /// Matches that were made of left tickets.
    pub(super) rescued: u64,
    /// Exchanges.
    pub(super) trades: u64,
}

/// The improvement has to end.
#[derive(Debug)]
pub(super) struct Spent;

impl<'t, 'r> Drafts<'t, 'r> {
    pub(super) fn new(
        turns: &'t mut Turns<'r>,
        quality: &Quality,
        found: Vec<(Pivot, Vec<Id>)>,
        worths: Option<&'t Worths>,
        reasons: &'t mut [Reason],
        flow: &'t dyn Fn() -> Flow,
    ) -> Self {
        let left = (0..turns.pool.len())
            .map(|id| turns.pool.waits(id))
            .collect();
        let steps_left = STEPS.max(STEPS_PER_STEP * turns.steps());
        let mut drafts = Self {
            uncertain: Uncertain::of(turns, quality),
            turns,
            all: Vec::with_capacity(found.len()),
            left,
            left_order: Vec::new(),
            order: Vec::new(),
            touched: Vec::new(),
            worths,
            reasons,
            flow,
            steps_left,
            rescued: 0,
            trades: 0,
        };
        for (pivot, ids) in found {
            let priced = drafts.priced(pivot, ids);
            drafts.all.push(priced);
        }
        drafts
    }

    /// Improves the drafts until nothing more is gained, or it has taken long enough.
    pub(super) fn improve(&mut self) {
        for _ in 0..ROUNDS {
            if !self.round().unwrap_or(false) {
                break;
            }
        }
        let regions = &self.turns.criteria.regions;
        for draft in &mut self.all {
            if draft.pivot.region.is_some()
                && let Some(best) = regions.best(&draft.ids, draft.pivot.one_way)
            {
                draft.pivot.region = Some(best);
            }
        }
    }

    /// Whether anything was changed.
    fn round(&mut self) -> Result<bool, Spent> {
        self.sort();
        let filled = self.fill()?;
        // What rescues take is bounded, so that there are steps left for trades.
        let kept = self.steps_left / 2;
        self.steps_left -= kept;
        let rescued = self.rescue().and_then(|any| Ok(self.repack()? || any));
        self.steps_left += kept;
        let rescued = match rescued {
            Err(Spent) if self.turns.steps.ended() => return Err(Spent),
            rescued => rescued.unwrap_or(true),
        };
        self.sort();
        let traded = self.trade()?;
        Ok(filled || rescued || traded)
    }

    /// The drafts, to be made in this order.
    pub(super) fn finish(self) -> Vec<Draft> {
        self.all
    }

    /// Takes steps.
    pub(super) fn step(&mut self, count: u64) -> Result<(), Spent> {
        self.steps_left = self.steps_left.checked_sub(count).ok_or(Spent)?;
        let watch = Watch::new(&self.turns.steps, self.flow);
        watch.step(count).map_err(|_| Spent)
    }

    /// Sorts what [`near`](Self::near) looks through.
    fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.all.len()).collect();
        let key = |at: &usize| {
            let pivot = &self.all[*at].pivot;
            (self.place(pivot.id), pivot.id)
        };
        order.sort_unstable_by(|a, b| {
            let (a, b) = (key(a), key(b));
            a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
        });
        self.order = order;
        let mut left = self.left_ids();
        left.sort_by(|a, b| self.place(*a).total_cmp(&self.place(*b)));
        self.left_order = left;
    }

    /// Where a ticket is on the rule that tells most apart.
    pub(super) fn place(&self, id: Id) -> f64 {
        let rule = self.turns.axis_rule();
        rule.map_or(0.0, |rule| self.turns.criteria.distances.value(id, rule))
    }

    /// The drafts whose pivots are near a place, so many at most.
    pub(super) fn near(&self, place: f64, most: usize) -> Vec<usize> {
        let at = self
            .order
            .partition_point(|draft| self.place(self.all[*draft].pivot.id) < place);
        let from = at.saturating_sub(most / 2);
        let to = (from + most).min(self.order.len());
        let from = to.saturating_sub(most);
        self.order[from..to].to_vec()
    }

    /// What a ticket costs beside a pivot; `None` if the two may not be in one match.
    pub(super) fn price(&self, pivot: &Pivot, id: Id) -> Option<f64> {
        let Turns { pool, criteria, .. } = &*self.turns;
        let score = pivot.score(pool, criteria, id).ok()?;
        Some(score + self.uncertain.added(criteria, pivot.id, id))
    }

    /// A draft of tickets that may be in one match.
    fn priced(&self, pivot: Pivot, ids: Vec<Id>) -> Draft {
        let price = |id: &Id| match *id == pivot.id {
            true => 0.0,
            false => self.price(&pivot, *id).unwrap_or(0.0),
        };
        let costs: Vec<f64> = ids.iter().map(price).collect();
        Draft {
            cost: costs.iter().sum(),
            pivot,
            ids,
            costs,
        }
    }

    /// The draft without some of its tickets and with others, if that is a match that costs less than so
    /// much and is not to be put off.
    pub(super) fn changed(
        &mut self,
        draft: &Draft,
        out: &[Id],
        more: &[Id],
        below: f64,
    ) -> Result<Option<Draft>, Spent> {
        self.step(1 + more.len() as u64)?;
        let stays = |id: &&Id| !out.contains(id);
        let Some(pivot) = self.pivot_of(draft, out, more) else {
            return Ok(None);
        };
        let is_same = pivot.id == draft.pivot.id;
        let mut priced: Vec<(f64, Id)> = Vec::with_capacity(draft.ids.len() + more.len());
        if is_same {
            let known = draft.costs.iter().zip(&draft.ids);
            priced.extend(
                known
                    .filter(|(_, id)| stays(id))
                    .map(|(cost, id)| (*cost, *id)),
            );
        }
        let old = draft.ids.iter().filter(|id| !is_same && stays(id));
        for id in old.chain(more).filter(|id| **id != pivot.id) {
            let Some(price) = self.price(&pivot, *id) else {
                return Ok(None);
            };
            priced.push((price, *id));
        }
        if !is_same {
            self.step(draft.ids.len() as u64)?;
            priced.push((0.0, pivot.id));
        }
        let cost: f64 = priced.iter().map(|(cost, _)| cost).sum();
        if cost >= below {
            return Ok(None);
        }
        priced.sort_unstable_by(|a, b| {
            let is_other = |id: Id| id != pivot.id;
            (is_other(a.1).cmp(&is_other(b.1)))
                .then(a.0.total_cmp(&b.0))
                .then(a.1.cmp(&b.1))
        });
        let (costs, ids): (Vec<f64>, Vec<Id>) = priced.into_iter().unzip();
        self.step(ids.len() as u64)?;
        if !self.turns.fits(&pivot, &ids, &[]) {
            return Ok(None);
        }
        let steps = self.turns.take_packer_steps(&pivot);
        self.step(steps)?;
        let is_worth_it = |worths: &Worths| worths.gain(self.turns, &pivot, &ids) >= 0.0;
        Ok(self.worths.is_none_or(is_worth_it).then_some(Draft {
            pivot,
            ids,
            costs,
            cost,
        }))
    }

    /// The pivot of a changed draft: its own as long as it stays, else the oldest ticket.
    fn pivot_of(&self, draft: &Draft, out: &[Id], more: &[Id]) -> Option<Pivot> {
        if !out.contains(&draft.pivot.id) {
            return Some(draft.pivot);
        }
        let staying = draft.ids.iter().filter(|id| !out.contains(id));
        let oldest = *staying.chain(more).min()?;
        self.pivot_in(oldest, draft.pivot.mode, draft.pivot.region)
    }

    /// A ticket as a pivot; `None` if it does not accept the mode, or the region is not open to it.
    pub(super) fn pivot_in(
        &self,
        id: Id,
        mode: Option<Mode>,
        region: Option<Region>,
    ) -> Option<Pivot> {
        let pivot = Pivot {
            region,
            ..self.turns.pivot(mode, id)
        };
        let has_mode = mode.is_none_or(|mode| pivot.modes & 1 << mode != 0);
        let regions = &self.turns.criteria.regions;
        let is_open = |region| regions.is_open(id, region, false);
        (has_mode && region.is_none_or(is_open)).then_some(pivot)
    }

    /// What is gained by making a draft now; `None` if nothing is put off.
    pub(super) fn gain(&self, draft: &Draft) -> Option<f64> {
        let worths = self.worths?;
        Some(worths.gain(self.turns, &draft.pivot, &draft.ids))
    }

    /// The tickets in no draft, oldest first.
    pub(super) fn left_ids(&self) -> Vec<Id> {
        let ids = 0..self.turns.pool.len();
        ids.filter(|id| self.is_left(*id)).collect()
    }

    /// Whether a ticket is in no draft.
    pub(super) fn is_left(&self, id: Id) -> bool {
        self.left[id as usize]
    }

    /// The left tickets near a place, so many at most, those on the other side of it included.
    pub(super) fn left_near(&self, place: f64, most: usize) -> Vec<Id> {
        let order = &self.left_order;
        let at = order.partition_point(|id| self.place(*id) < place);
        let (from, to) = (
            at.saturating_sub(most / 2),
            (at + most / 2).min(order.len()),
        );
        let near = order[from..to].iter().copied();
        near.filter(|id| self.is_left(*id)).collect()
    }

    /// Notes that a ticket has come into a draft.
    pub(super) fn placed(&mut self, id: Id) {
        self.left[id as usize] = false;
    }

    /// Notes that an older ticket has taken a ticket's place.
    pub(super) fn replaced(&mut self, id: Id) {
        self.left[id as usize] = true;
        self.reasons[id as usize] = Reason::Replaced;
    }

    /// Steps that may still be taken.
    pub(super) fn steps_left(&self) -> u64 {
        self.steps_left
    }

    /// Players of a ticket.
    pub(super) fn size(&self, id: Id) -> u32 {
        self.turns.pool.sizes[id as usize]
    }

    /// Players of a draft.
    pub(super) fn players(&self, draft: &Draft) -> u64 {
        draft.ids.iter().map(|id| u64::from(self.size(*id))).sum()
    }
}
