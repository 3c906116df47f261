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
use crate::matching::{Flow, MatchOut, Reason, Tick, TickContext, Ticket, whole_queue};

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
    let (mut pool, unfit) = Pool::new(rules, context.now_ms, tickets);
    for (ticket, reason) in unfit {
        out.leave(ticket, reason);
    }
    let mut criteria = Criteria::of(rules, &context, &pool, &[]);
    for (attribute, values) in criteria.distances.wrong_types() {
        out.wrong_type(attribute, values);
    }
    let mut chosen = Chosen::new(&criteria);
    let mut search = Search::new(rules, &pool, &criteria, context.tick_id);
    for id in criteria.answer_sizes.too_large(&pool) {
        search.remove(&pool, &criteria, id);
        if let Some(ticket) = pool.take(id) {
            out.leave(ticket, Reason::TooLarge);
        }
    }
    // Tickets whose turn does not come keep this reason.
    let mut reasons = vec![Reason::Budget; pool.sizes.len()];
    let mut open: Option<Open> = None;
    let steps = Steps::at_most(MAX_STEPS);
    for pivot in 0..pool.len() {
        // It may be in the match of an older pivot.
        if !pool.waits(pivot) {
            continue;
        }
        let flow = || out.flow();
        let watch = Watch::new(&steps, &flow);
        let made = search
            .find(&pool, &mut criteria, &mut chosen, pivot, watch)
            .and_then(|pivot| {
                // `assemble` takes the tickets out of the pool, the index has to be told which.
                let ids = chosen.tickets().to_vec();
                let (forms, tick_id) = (&mut search.forms, context.tick_id);
                let made = assemble(rules, &mut pool, &criteria, &chosen, pivot, forms, tick_id);
                let made = made.ok_or(Reason::TeamSizes)?;
                if pivot.form.has_roles() {
                    open = Some(Open::after(pivot, &chosen));
                }
                ids.iter()
                    .for_each(|id| search.remove(&pool, &criteria, *id));
                Ok(made)
            });
        match made {
            Ok(made) => {
                if out.offer(made) == Flow::Stop {
                    break;
                }
            }
            Err(Reason::Budget) => break,
            Err(Reason::NotEnoughPlayers)
                if open.is_some_and(|open| open.has_room(&pool, &criteria, pivot)) =>
            {
                reasons[pivot as usize] = Reason::Role;
            }
            Err(reason) => reasons[pivot as usize] = reason,
        }
    }
    for id in 0..pool.len() {
        if let Some(ticket) = pool.take(id) {
            out.leave(ticket, reasons[id as usize]);
        }
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
