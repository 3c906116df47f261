//! A tick of the alliance strategy: collects the queue, then gives each ticket its turn as pivot.

use super::AllianceRules;
use super::assemble::assemble;
use super::chosen::Chosen;
use super::criteria::Criteria;
use super::pool::{Id, Pool};
use super::search::Search;
use crate::matching::{Flow, MatchOut, Reason, Tick, TickContext, Ticket, whole_queue};

/// Tickets looked at in one tick, beyond which the rest waits for the next one. Unlike the time
/// limit, which on most machines ends a tick before, it gives the same matches on every machine.
const MAX_STEPS: u64 = 1_000_000_000;

/// Pivots between two looks at the clock.
const CLOCK_EVERY: Id = 16;

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
    let (mut pool, unfit) = Pool::new(rules, context.now_ms, tickets);
    for (ticket, reason) in unfit {
        out.leave(ticket, reason);
    }
    let mut criteria = Criteria::of(rules, &pool);
    let mut chosen = Chosen::new(&criteria);
    let mut search = Search::new(rules, &pool, &criteria);
    // Tickets whose turn does not come keep this reason.
    let mut reasons = vec![Reason::Budget; pool.sizes.len()];
    for pivot in 0..pool.len() {
        // It may be in the match of an older pivot.
        if !pool.waits(pivot) {
            continue;
        }
        if search.steps() > MAX_STEPS || (pivot % CLOCK_EVERY == 0 && out.flow() == Flow::Stop) {
            break;
        }
        let made = search
            .find(&pool, &mut criteria, &mut chosen, pivot)
            .and_then(|found| {
                // `assemble` takes the tickets out of the pool, the index has to be told which.
                let ids = chosen.tickets().to_vec();
                let made = assemble(rules, &mut pool, &criteria, &chosen, found, context.tick_id);
                let made = made.ok_or(Reason::TeamSizes)?;
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
            Err(reason) => reasons[pivot as usize] = reason,
        }
    }
    for id in 0..pool.len() {
        if let Some(ticket) = pool.take(id) {
            out.leave(ticket, reasons[id as usize]);
        }
    }
}
