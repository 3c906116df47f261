//! A tick of the alliance strategy: collects the queue, then gives each ticket its turn as pivot.

#[cfg(test)]
mod tests;

use super::AllianceRules;
use super::assemble::assemble;
use super::chosen::Chosen;
use super::criteria::Criteria;
use super::criteria::modes::Mode;
use super::pair::Pivot;
use super::pool::{Id, Pool};
use super::quality;
use super::search::Search;
use super::watch::{Steps, Watch};
use crate::matching::{
    Flow, Goodness, Match, MatchOut, Reason, Tick, TickContext, Ticket, whole_queue,
};

/// [`Steps`] of one tick.
const MAX_STEPS: u64 = 1_000_000_000;

impl AllianceRules {
    /// Opens a tick by these rules. It makes no match before the queue is complete.
    pub fn open(self, context: TickContext) -> Box<dyn Tick> {
        whole_queue(move |tickets, out| finish(&self, context, tickets, out))
    }
}

/// Gives each ticket its turn, oldest first (docs/semantics.md, "Pivot").
fn finish(
    rules: &AllianceRules,
    context: TickContext,
    tickets: Vec<Ticket>,
    out: &mut dyn MatchOut,
) {
    // Its turn came too late: reading the tickets would only make it later.
    if out.flow() == Flow::Stop {
        for ticket in tickets {
            out.leave(ticket, Reason::Budget);
        }
        return;
    }
    let mut turns = Turns::begin(rules, context, tickets, out);
    let reasons = match &rules.quality {
        Some(quality) => quality::play(&mut turns, quality, out),
        None => turns.play(out),
    };
    for id in 0..turns.pool.len() {
        if let Some(ticket) = turns.pool.take(id) {
            out.leave(ticket, reasons[id as usize]);
        }
    }
}

/// A tick under way: the tickets that wait still, and what is needed to give them their turns.
#[derive(Debug)]
pub(super) struct Turns<'r> {
    pub(super) rules: &'r AllianceRules,
    context: TickContext,
    pub(super) pool: Pool,
    pub(super) criteria: Criteria<'r>,
    chosen: Chosen,
    search: Search<'r>,
    /// The last match that was made by roles.
    open: Option<Open>,
    pub(super) steps: Steps,
}

/// A match that was made at a turn.
#[derive(Debug)]
pub(super) struct Made<'r> {
    pub(super) made: Match,
    pub(super) goodness: Goodness<'r>,
    /// The pivot as it was in the region and the mode of the match.
    pub(super) pivot: Pivot,
    /// The tickets, the pivot first, then in the order in which they were taken.
    pub(super) ids: Vec<Id>,
}

impl<'r> Turns<'r> {
    /// Reads the queue. Tickets that can be in no match are left at once.
    pub(super) fn begin(
        rules: &'r AllianceRules,
        context: TickContext,
        tickets: Vec<Ticket>,
        out: &mut dyn MatchOut,
    ) -> Self {
        let (mut pool, unfit) = Pool::new(rules, context.now_ms, tickets);
        for (ticket, reason) in unfit {
            out.leave(ticket, reason);
        }
        let criteria = Criteria::of(rules, &context, &pool, &[]);
        for (attribute, values) in criteria.distances.wrong_types() {
            out.wrong_type(attribute, values);
        }
        let chosen = Chosen::new(&criteria);
        let mut search = Search::new(rules, &pool, &criteria, context.tick_id);
        for id in criteria.answer_sizes.too_large(&pool) {
            search.remove(&pool, &criteria, id);
            if let Some(ticket) = pool.take(id) {
                out.leave(ticket, Reason::TooLarge);
            }
        }
        Self {
            rules,
            context,
            pool,
            criteria,
            chosen,
            search,
            open: None,
            steps: Steps::at_most(MAX_STEPS),
        }
    }

    /// Gives each ticket its turn; for each, why it is left if it is.
    fn play(&mut self, out: &mut dyn MatchOut) -> Vec<Reason> {
        // Tickets whose turn does not come keep this reason.
        let mut reasons = vec![Reason::Budget; self.pool.sizes.len()];
        for pivot in 0..self.pool.len() {
            // It may be in the match of an older pivot.
            if !self.pool.waits(pivot) {
                continue;
            }
            match self.take(pivot, &|| out.flow()) {
                Ok(made) => {
                    out.goodness(&made.goodness);
                    if out.offer(made.made) == Flow::Stop {
                        break;
                    }
                }
                Err(Reason::Budget) => break,
                Err(reason) => reasons[pivot as usize] = reason,
            }
        }
        reasons
    }

    /// The steps that were taken so far.
    pub(super) fn steps(&self) -> u64 {
        self.steps.taken()
    }

    /// What the tick knows beside its tickets.
    pub(super) fn context(&self) -> TickContext {
        self.context
    }

    /// The turn of a ticket that waits: makes its match, if there is one.
    ///
    /// # Errors
    ///
    /// Why there is none; [`Reason::Budget`] if the tick has to end.
    pub(super) fn take(&mut self, pivot: Id, flow: &dyn Fn() -> Flow) -> Result<Made<'r>, Reason> {
        let pivot = self.find(pivot, flow)?;
        // Making the match takes the tickets out of the pool, the index has to be told which.
        let ids = self.found().to_vec();
        let (made, goodness) = self.assemble(pivot).ok_or(Reason::TeamSizes)?;
        self.note_open(&pivot);
        for id in &ids {
            self.search.remove(&self.pool, &self.criteria, *id);
        }
        Ok(Made {
            made,
            goodness,
            pivot,
            ids,
        })
    }

    /// Finds the match of a ticket that waits, without making it. Returns the pivot as it is in the region
    /// and the mode of the match.
    ///
    /// # Errors
    ///
    /// As [`Turns::take`].
    pub(super) fn find(&mut self, pivot: Id, flow: &dyn Fn() -> Flow) -> Result<Pivot, Reason> {
        let watch = Watch::new(&self.steps, flow);
        let (pool, criteria) = (&self.pool, &mut self.criteria);
        let found = self
            .search
            .find(pool, criteria, &mut self.chosen, pivot, watch);
        found.map_err(|reason| match (reason, self.open) {
            (Reason::NotEnoughPlayers, Some(open)) if open.has_room(pool, criteria, pivot) => {
                Reason::Role
            }
            (reason, _) => reason,
        })
    }

    /// The tickets of the match that was found last, the pivot first.
    pub(super) fn found(&self) -> &[Id] {
        self.chosen.tickets()
    }

    /// Makes the match that was found last.
    fn assemble(&mut self, pivot: Pivot) -> Option<(Match, Goodness<'r>)> {
        assemble(
            self.rules,
            &mut self.pool,
            &self.criteria,
            &self.chosen,
            pivot,
            self.search.forms_and_fair(),
            self.context.tick_id,
        )
    }

    fn note_open(&mut self, pivot: &Pivot) {
        if pivot.form.has_roles() {
            self.open = Some(Open::after(*pivot, &self.chosen));
        }
    }

    /// Keeps the tickets of the match that was found last for it.
    pub(super) fn reserve(&mut self, pivot: &Pivot, ids: &[Id]) {
        self.note_open(pivot);
        for id in ids {
            self.search.remove(&self.pool, &self.criteria, *id);
            self.pool.reserve(*id);
        }
    }

    /// Makes a match of tickets that are [reserved](Turns::reserve) or wait, the pivot first. `None`, and
    /// nothing is taken, if they do not fit into teams.
    pub(super) fn make(&mut self, pivot: Pivot, ids: &[Id]) -> Option<Made<'r>> {
        self.chosen.begin(&self.pool, &self.criteria, pivot.id);
        for id in ids.iter().skip(1) {
            self.chosen.push(&self.pool, &self.criteria, *id);
        }
        let (made, goodness) = self.assemble(pivot)?;
        Some(Made {
            made,
            goodness,
            pivot,
            ids: ids.to_vec(),
        })
    }

    /// Whether tickets, the pivot first, can be one match together with some of `spare`, given as
    /// numbers of tickets by kind. What each is for the pivot is not tested here.
    pub(super) fn fits(&mut self, pivot: &Pivot, ids: &[Id], spare: &[u32]) -> bool {
        let (pool, criteria, chosen) = (&self.pool, &self.criteria, &mut self.chosen);
        chosen.begin(pool, criteria, pivot.id);
        for id in ids.iter().skip(1) {
            if chosen.admits(criteria, *id).is_err() {
                return false;
            }
            chosen.push(pool, criteria, *id);
        }
        let packer = self.search.forms.packer(pivot.form);
        packer.can_complete(chosen.kinds(), chosen.apart(), spare)
            && (!spare.is_empty() || self.search.is_fair(pool, criteria, chosen, pivot).is_ok())
    }

    /// Steps that questions about the teams of such a pivot took since the last call.
    pub(super) fn take_packer_steps(&mut self, pivot: &Pivot) -> u64 {
        self.search.forms.packer(pivot.form).take_steps()
    }

    /// A ticket as the pivot of a match in a mode.
    pub(super) fn pivot(&self, mode: Option<Mode>, id: Id) -> Pivot {
        Pivot::new(self.rules, &self.pool, &self.criteria, mode, id)
    }

    /// A ticket as the pivot in each of its modes and its best regions, so many at most.
    pub(super) fn pivots(&self, id: Id, regions: usize) -> Vec<Pivot> {
        let tries = self.search.tries(&self.pool, &self.criteria, id);
        let regions = self.criteria.regions.of_pivot(id).into_iter().take(regions);
        let in_region = |region| tries.iter().map(move |pivot| Pivot { region, ..*pivot });
        regions.flat_map(in_region).collect()
    }

    /// The rule that tells tickets apart best, if one does.
    pub(super) fn axis_rule(&self) -> Option<usize> {
        self.search.axis_rule()
    }
}

/// A match that was made by roles, and could have more players by the sizes of its teams alone.
#[derive(Debug, Clone, Copy)]
struct Open {
    pivot: Pivot,
    /// Free seats.
    room: u64,
}

impl Open {
    fn after(pivot: Pivot, chosen: &Chosen) -> Self {
        let most = pivot.form.bounds.max_players();
        Self {
            pivot,
            room: most - chosen.players(),
        }
    }

    /// Whether a ticket would have had a seat, so that it was its roles that kept it out.
    fn has_room(&self, pool: &Pool, criteria: &Criteria<'_>, id: Id) -> bool {
        u64::from(pool.sizes[id as usize]) <= self.room
            && self.pivot.score(pool, criteria, id).is_ok()
    }
}
