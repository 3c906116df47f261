//! A tick of the alliance strategy: collects the queue, then gives each ticket its turn as pivot.

#[cfg(test)]
mod tests;

use super::AllianceRules;
use super::assemble::assemble;
use super::chosen::Chosen;
use super::criteria::Criteria;
use super::pair::Pivot;
use super::pool::{Id, Pool};
use super::search::Search;
use super::watch::{Steps, Watch};
use crate::matching::{Flow, Match, MatchOut, Reason, Tick, TickContext, Ticket, whole_queue};

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
    // Tickets whose turn does not come keep this reason.
    let mut reasons = vec![Reason::Budget; turns.pool.sizes.len()];
    for pivot in 0..turns.pool.len() {
        // It may be in the match of an older pivot.
        if !turns.pool.waits(pivot) {
            continue;
        }
        match turns.take(pivot, &|| out.flow()) {
            Ok(made) => {
                if out.offer(made.made) == Flow::Stop {
                    break;
                }
            }
            Err(Reason::Budget) => break,
            Err(reason) => reasons[pivot as usize] = reason,
        }
    }
    for id in 0..turns.pool.len() {
        if let Some(ticket) = turns.pool.take(id) {
            out.leave(ticket, reasons[id as usize]);
        }
    }
}

/// A tick under way: the tickets that wait still, and what is needed to give them their turns.
#[derive(Debug)]
pub(super) struct Turns<'r> {
    rules: &'r AllianceRules,
    context: TickContext,
    pub(super) pool: Pool,
    pub(super) criteria: Criteria<'r>,
    chosen: Chosen,
    search: Search<'r>,
    /// The last match that was made by roles.
    open: Option<Open>,
    steps: Steps,
}

/// A match that was made at a turn.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) made: Match,
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
    pub(super) fn take(&mut self, pivot: Id, flow: &dyn Fn() -> Flow) -> Result<Made, Reason> {
        let watch = Watch::new(&self.steps, flow);
        let (pool, criteria) = (&mut self.pool, &mut self.criteria);
        let found = self
            .search
            .find(pool, criteria, &mut self.chosen, pivot, watch)
            .map_err(|reason| match (reason, self.open) {
                (Reason::NotEnoughPlayers, Some(open)) if open.has_room(pool, criteria, pivot) => {
                    Reason::Role
                }
                (reason, _) => reason,
            })?;
        // `assemble` takes the tickets out of the pool, the index has to be told which.
        let ids = self.chosen.tickets().to_vec();
        let (forms, tick_id) = (&mut self.search.forms, self.context.tick_id);
        let made = assemble(
            self.rules,
            pool,
            criteria,
            &self.chosen,
            found,
            forms,
            tick_id,
        );
        let made = made.ok_or(Reason::TeamSizes)?;
        if found.form.has_roles() {
            self.open = Some(Open::after(found, &self.chosen));
        }
        for id in &ids {
            self.search.remove(pool, criteria, *id);
        }
        let pivot = found;
        Ok(Made { made, pivot, ids })
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
