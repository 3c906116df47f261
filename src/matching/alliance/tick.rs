//! A tick of the alliance strategy: collects the queue, then gives each ticket its turn as pivot.

use super::AllianceRules;
use super::assemble::assemble;
use super::chosen::Chosen;
use super::criteria::Criteria;
use super::pool::{Id, Pool};
use super::search::Search;
use crate::matching::{Flow, MatchOut, Reason, Tick, TickContext, Ticket};

/// Tickets looked at in one tick, beyond which the rest waits for the next one: a bound that is the
/// same on every machine, above what the time limit lets through on most.
const MOST_STEPS: u64 = 1_000_000_000;

/// Pivots between two looks at the clock.
const CLOCK_EVERY: Id = 16;

/// Tickets that collect, to be matched when the queue is complete.
#[derive(Debug)]
pub struct AllianceTick {
    rules: AllianceRules,
    context: TickContext,
    tickets: Vec<Ticket>,
}

impl AllianceTick {
    /// A tick without tickets.
    pub fn new(rules: AllianceRules, context: TickContext) -> Self {
        Self {
            rules,
            context,
            tickets: Vec::new(),
        }
    }
}

impl Tick for AllianceTick {
    fn push(&mut self, ticket: Ticket, _out: &mut dyn MatchOut) -> Flow {
        self.tickets.push(ticket);
        Flow::Go
    }

    /// Gives each ticket its turn, oldest first (ruleset contract A2).
    fn finish(self: Box<Self>, out: &mut dyn MatchOut) {
        let Self {
            rules,
            context,
            tickets,
        } = *self;
        let (mut pool, unfit) = Pool::new(&rules, context.now_ms, tickets);
        for (ticket, reason) in unfit {
            out.leave(ticket, reason);
        }
        let mut criteria = Criteria::of(&rules, &pool, &[]);
        let mut chosen = Chosen::new(&criteria);
        let mut search = Search::new(&rules, &pool, &criteria);
        let mut reasons = vec![Reason::Budget; pool.sizes.len()];
        for pivot in 0..pool.len() {
            if !pool.waits(pivot) {
                continue;
            }
            if search.steps() > MOST_STEPS || (pivot % CLOCK_EVERY == 0 && out.flow() == Flow::Stop)
            {
                break;
            }
            let made = search
                .find(&pool, &mut criteria, &mut chosen, pivot)
                .and_then(|found| {
                    let ids = chosen.tickets().to_vec();
                    let made = assemble(
                        &rules,
                        &mut pool,
                        &criteria,
                        &chosen,
                        found,
                        context.tick_id,
                    );
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
}
