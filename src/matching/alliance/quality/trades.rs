//! Tickets of two drafts change places where both become no worse together.

use smallvec::{SmallVec, smallvec};

use super::drafts::{Draft, Drafts, LEAST, Spent};
use crate::matching::alliance::pool::Id;

/// Drafts on one side of a draft that it trades with, where there are many of them.
const REACH: usize = 6;

/// Where there are no more drafts than that, each trades with each.
const FEW: usize = 40;

/// Exchanges that are tried in full for two drafts, the best first.
const TRIES: usize = 3;

/// Up to so many tickets of two drafts, their pivots change places, too.
const SMALL: usize = 8;

/// For so many tickets of two drafts, exchanges of one do as well as sorting them.
const SMALL_PAIR: usize = 4;

/// An exchange: what leaves the first draft, and what it gets.
struct Exchange {
    /// By how much costs fall, as far as can be told without looking at the whole.
    gain: f64,
    out: SmallVec<[Id; 4]>,
    more: SmallVec<[Id; 4]>,
}

/// What tickets gain by leaving for another draft, with their players, the best first.
type Gains = SmallVec<[(f64, Id, u32); 12]>;

impl Drafts<'_, '_> {
    /// Whether any two drafts have traded.
    pub(super) fn trade(&mut self) -> Result<bool, Spent> {
        let count = self.order.len();
        let reach = if count <= FEW { count } else { REACH };
        let before = self.trades;
        let swapped = self.swap_in()?;
        // Drafts that have not changed since they were looked at together have nothing to trade.
        let before_round = std::mem::replace(&mut self.touched, vec![false; self.all.len()]);
        let was_touched = |at: usize| before_round.get(at).copied().unwrap_or(true);
        // Nearest first: what is far apart trades only where that is still better.
        for step in 1..=reach {
            for at in 0..count.saturating_sub(step) {
                let (a, b) = (self.order[at], self.order[at + step]);
                let is_new = was_touched(a) || was_touched(b) || self.touched[a] || self.touched[b];
                while is_new && self.trade_between(a, b)? {
                    self.trades += 1;
                    self.touched[a] = true;
                    self.touched[b] = true;
                }
            }
        }
        Ok(swapped || self.trades > before)
    }

    fn trade_between(&mut self, a: usize, b: usize) -> Result<bool, Spent> {
        let (one, other) = (&self.all[a], &self.all[b]);
        if one.pivot.mode != other.pivot.mode {
            return Ok(false);
        }
        let tickets = one.ids.len() + other.ids.len();
        self.step(tickets as u64)?;
        let (one, other) = (self.all[a].clone(), self.all[b].clone());
        if tickets > SMALL_PAIR
            && let Some(both) = self.sorted_anew(&one, &other)?
        {
            (self.all[a], self.all[b]) = both;
            return Ok(true);
        }
        let mut exchanges = Vec::new();
        self.exchanges(&one, &other, &mut exchanges);
        exchanges.sort_unstable_by(|a, b| b.gain.total_cmp(&a.gain).then(a.out.cmp(&b.out)));
        exchanges.truncate(TRIES);
        if tickets <= SMALL {
            self.with_pivots(&one, &other, &mut exchanges);
        }
        let both = one.cost + other.cost;
        for Exchange { out, more, .. } in exchanges {
            let Some(changed) = self.changed(&one, &out, &more, both - LEAST)? else {
                continue;
            };
            let rest = both - changed.cost - LEAST;
            if let Some(then) = self.changed(&other, &more, &out, rest)? {
                (self.all[a], self.all[b]) = (changed, then);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Gives one draft all tickets that are low on the most selective rule, and the other those that are
    /// high: where one rule counts most, that is the best that two drafts can do.
    fn sorted_anew(&mut self, one: &Draft, other: &Draft) -> Result<Option<(Draft, Draft)>, Spent> {
        let mut all: Vec<Id> = one.ids.iter().chain(&other.ids).copied().collect();
        all.sort_unstable_by(|a, b| self.place(*a).total_cmp(&self.place(*b)).then(a.cmp(b)));
        let own = self.players(one);
        let both = one.cost + other.cost - LEAST;
        for from_low in [true, false] {
            let (mut free, mut first, mut second) = (own, Vec::new(), Vec::new());
            let order: Vec<Id> = match from_low {
                true => all.clone(),
                false => all.iter().rev().copied().collect(),
            };
            for id in order {
                let size = u64::from(self.size(id));
                if size <= free {
                    free -= size;
                    first.push(id);
                } else {
                    second.push(id);
                }
            }
            if free > 0 {
                continue;
            }
            let change = |draft: &Draft, ids: &[Id]| -> (Vec<Id>, Vec<Id>) {
                let out = draft.ids.iter().copied().filter(|id| !ids.contains(id));
                let more = ids.iter().copied().filter(|id| !draft.ids.contains(id));
                (out.collect(), more.collect())
            };
            let (out, more) = change(one, &first);
            if out.is_empty() {
                continue;
            }
            let Some(changed) = self.changed(one, &out, &more, both)? else {
                continue;
            };
            let (out, more) = change(other, &second);
            if let Some(then) = self.changed(other, &out, &more, both - changed.cost)? {
                return Ok(Some((changed, then)));
            }
        }
        Ok(None)
    }

    /// Exchanges of tickets beside the pivots, of as many players each. What one gains by leaving does not
    /// depend on who comes for it, so the best leave for the best.
    fn exchanges(&self, one: &Draft, other: &Draft, found: &mut Vec<Exchange>) {
        let gains = |from: &Draft, to: &Draft| -> Gains {
            let known = from.costs.iter().zip(&from.ids).skip(1);
            let gains = known.filter_map(|(cost, id)| {
                let gain = cost - self.price(&to.pivot, *id)?;
                Some((gain, *id, self.size(*id)))
            });
            let mut gains: Gains = gains.collect();
            gains.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            gains
        };
        let (here, there) = (gains(one, other), gains(other, one));
        for (gain, id, size) in &here {
            if let Some((more, group)) = filling(&there, *size) {
                let gain = gain + more;
                if gain > LEAST {
                    found.push(Exchange {
                        gain,
                        out: smallvec![*id],
                        more: group,
                    });
                }
            }
        }
        // Of one size, the exchange was found above.
        for (gain, id, size) in there.iter().filter(|(_, _, size)| *size > 1) {
            if let Some((more, group)) = filling(&here, *size)
                && group.len() > 1
                && gain + more > LEAST
            {
                found.push(Exchange {
                    gain: gain + more,
                    out: group,
                    more: smallvec![*id],
                });
            }
        }
    }

    /// Exchanges of one ticket for another of which one is a pivot.
    fn with_pivots(&self, one: &Draft, other: &Draft, found: &mut Vec<Exchange>) {
        for (at, a) in one.ids.iter().enumerate() {
            for (place, b) in other.ids.iter().enumerate() {
                if (at == 0 || place == 0) && self.size(*a) == self.size(*b) {
                    found.push(Exchange {
                        gain: 0.0,
                        out: smallvec![*a],
                        more: smallvec![*b],
                    });
                }
            }
        }
    }

    /// Left tickets take the places of others where they fit better: of younger ones, or of any where it is
    /// what waiting is worth that decides.
    fn swap_in(&mut self) -> Result<bool, Spent> {
        let mut any = false;
        for id in self.left_ids() {
            let near = self.near(self.place(id), FEW);
            for at in near {
                self.step(1)?;
                if self.swapped(at, id)? {
                    any = true;
                    break;
                }
            }
        }
        Ok(any)
    }

    fn swapped(&mut self, at: usize, id: Id) -> Result<bool, Spent> {
        let draft = self.all[at].clone();
        let size = self.size(id);
        let gain = self.gain(&draft);
        let price = self.price(&draft.pivot, id);
        let fits = |other: &Id, cost: f64| match gain {
            Some(_) => true,
            None => {
                *other > id
                    && *other != draft.pivot.id
                    && price.is_some_and(|price| cost > price + LEAST)
            }
        };
        let mut outs: Vec<(f64, Id)> = draft
            .costs
            .iter()
            .zip(&draft.ids)
            .filter(|(cost, other)| self.size(**other) == size && fits(other, **cost))
            .map(|(cost, other)| (*cost, *other))
            .collect();
        outs.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        if gain.is_none() {
            outs.truncate(1);
        } else if draft.ids.len() > 4 {
            outs.truncate(3);
        }
        for (_, out) in outs {
            let below = if gain.is_some() {
                f64::INFINITY
            } else {
                draft.cost - LEAST
            };
            let Some(better) = self.changed(&draft, &[out], &[id], below)? else {
                continue;
            };
            if let (Some(before), Some(after)) = (gain, self.gain(&better))
                && after <= before + LEAST
            {
                continue;
            }
            self.all[at] = better;
            self.placed(id);
            self.replaced(out);
            self.trades += 1;
            return Ok(true);
        }
        Ok(false)
    }
}

/// The best tickets that together have so many players, best first; with what they gain together.
fn filling(gains: &Gains, size: u32) -> Option<(f64, SmallVec<[Id; 4]>)> {
    let (mut free, mut gain, mut group) = (size, 0.0, SmallVec::new());
    for (each, id, players) in gains {
        if *players <= free {
            free -= players;
            gain += each;
            group.push(*id);
        }
        if free == 0 {
            return Some((gain, group));
        }
    }
    None
}
