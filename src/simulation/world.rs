//! One run: time passes, tick by tick.

use std::iter::Peekable;

use super::measures::{Ending, Measures};
use super::queue::{Queue, Waiting};
use super::sessions::Sessions;
use super::traits::Traits;
use super::{Plan, START_MS, WARM_UP_S};
use crate::matching::{Flow, MatchLogic, Reason, RulesError, TickContext, Ticket};
use crate::population::{Arrivals, ms};

/// Bytes that an answer may have, as on the server by default.
const MAX_ANSWER_BYTES: u64 = 4 << 20;

/// After how many ticks the progress is told.
const TOLD: u64 = 64;

/// One run with one ruleset.
pub(super) struct World<'p, L> {
    logic: &'p L,
    ruleset: &'p str,
    plan: &'p Plan,
    traits: &'p Traits,
    arrivals: Peekable<Arrivals<'p>>,
    queue: Queue,
    sessions: Sessions,
    measures: Measures,
    /// Players who wait, times the milliseconds since they do, up to `until_ms`.
    area: f64,
    until_ms: i64,
}

impl<'p, L: MatchLogic> World<'p, L> {
    pub(super) fn new(
        plan: &'p Plan,
        logic: &'p L,
        ruleset: &'p str,
        traits: &'p Traits,
        run: u32,
    ) -> Self {
        // Runs differ as seeds do; the rulesets of one run see the same players.
        let seed = plan.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(run);
        let arrivals = plan.population.arrivals(seed, START_MS, WARM_UP_S);
        Self {
            logic,
            ruleset,
            plan,
            traits,
            arrivals: arrivals.peekable(),
            queue: Queue::default(),
            sessions: Sessions::default(),
            measures: Measures::new(plan.hours, START_MS, plan.population.rating.clone(), traits),
            area: 0.0,
            until_ms: START_MS,
        }
    }

    /// Plays all ticks.
    pub(super) fn run(
        mut self,
        progress: &(dyn Fn(u64) -> Flow + Sync),
    ) -> Result<Measures, RulesError> {
        let step_ms = ms(self.plan.population.tick_s).max(1);
        let end_ms = START_MS + ms(self.plan.hours * 3600.0);
        let mut now_ms = START_MS - ms(WARM_UP_S);
        let (mut tick_id, mut told) = (0, 0);
        while now_ms < end_ms {
            now_ms = (now_ms + step_ms).min(end_ms);
            tick_id += 1;
            self.pass(now_ms);
            self.tick(now_ms, tick_id)?;
            if tick_id - told == TOLD {
                told = tick_id;
                if progress(TOLD) == Flow::Stop {
                    break;
                }
            }
        }
        if tick_id > told {
            let _ = progress(tick_id - told);
        }
        let queue = std::mem::take(&mut self.queue);
        for one in queue.waiting {
            self.measures
                .ended(one.who, one.created_ms, end_ms, Ending::Waiting);
        }
        self.measures.backfill_asked = self.sessions.asked;
        self.measures.backfill_filled = self.sessions.filled;
        let counted_ms = (end_ms - START_MS) as f64;
        self.measures.mean_queue = self.area / counted_ms.max(1.0);
        Ok(self.measures)
    }

    /// Parties come, and lose patience, until the time of the next tick.
    fn pass(&mut self, now_ms: i64) {
        while let Some(arrival) = self
            .arrivals
            .next_if(|next| next.ticket.created_at_ms.is_some_and(|at| at < now_ms))
        {
            let created_ms = arrival.ticket.created_at_ms.unwrap_or(now_ms);
            let who = self.traits.who(&arrival.ticket);
            self.measures.came(who, created_ms);
            self.queue.waiting.push(Waiting {
                who,
                created_ms,
                goes_ms: created_ms + arrival.patience_ms,
                stays_ms: arrival.stays_ms,
                ticket: Some(arrival.ticket),
                reason: None,
            });
        }
        let (measures, from_ms) = (&mut self.measures, self.until_ms);
        let mut area = 0.0;
        self.queue.waiting.retain(|one| {
            let ends_ms = one.goes_ms.min(now_ms);
            let waited_ms = (ends_ms - one.created_ms.max(from_ms)).max(0);
            area += waited_ms as f64 * one.who.size as f64;
            let stays = one.goes_ms > now_ms;
            if !stays {
                measures.ended(one.who, one.created_ms, one.goes_ms, Ending::Gone);
            }
            stays
        });
        if now_ms > START_MS {
            self.area += area;
            self.until_ms = now_ms;
        }
        self.sessions.pass(now_ms);
    }

    /// Plays a tick: of backfill first, then of matches, as AGS does.
    fn tick(&mut self, now_ms: i64, tick_id: u64) -> Result<(), RulesError> {
        let context = TickContext {
            now_ms,
            tick_id,
            max_answer_bytes: MAX_ANSWER_BYTES,
        };
        let (players, oldest) = (self.queue.players(), self.queue.waiting.first());
        let oldest_s = oldest.map_or(0.0, |one| (now_ms - one.created_ms) as f64 / 1e3);
        let is_counted = now_ms > START_MS;
        if let Some(point) = self.measures.series.at(now_ms) {
            point.ticks += 1;
            point.players += players;
            point.oldest_s += oldest_s;
        }
        if self.traits.auto_backfill {
            self.fill(context)?;
        }
        let rules = self.logic.rules(self.ruleset)?.rules;
        let matches = self.queue.match_by(self.logic.open(rules, context));
        for made in matches {
            if is_counted {
                self.measures.made(&made, self.traits);
            }
            self.end_of(made.tickets(), now_ms, Ending::Matched);
            if self.traits.auto_backfill {
                let length_ms = ms(self.plan.population.match_length_s);
                let waiting = &self.queue.waiting;
                let stays_ms = |ticket: &Ticket| waiting[ticket.arrival as usize].stays_ms;
                let full = self.traits.full;
                self.sessions
                    .start(made, now_ms, now_ms + length_ms, full, stays_ms);
            }
        }
        // A logic may keep a ticket: it is lost, as it would be in AGS's tick.
        self.queue.waiting.retain(|one| one.ticket.is_some());
        if let Some(point) = self.measures.series.at(now_ms) {
            for one in &self.queue.waiting {
                if let Some(reason) = one.reason {
                    point.reasons[reason as usize] += 1;
                }
            }
        }
        Ok(())
    }

    fn fill(&mut self, context: TickContext) -> Result<(), RulesError> {
        let open = self.sessions.open();
        if open.is_empty() {
            return Ok(());
        }
        let rules = self.logic.rules(self.ruleset)?.rules;
        let tick = self.logic.open_backfill(rules, context);
        let filled = self.queue.fill_by(tick, open);
        for (session, reason) in filled.open {
            self.sessions.keep(session, reason == Reason::SessionFull);
        }
        for proposal in filled.proposals {
            self.end_of(proposal.added.iter(), context.now_ms, Ending::Joined);
            let waiting = &self.queue.waiting;
            let stays_ms = |ticket: &Ticket| waiting[ticket.arrival as usize].stays_ms;
            self.sessions.take(proposal, context.now_ms, stays_ms);
        }
        Ok(())
    }

    /// Tickets have left the queue.
    fn end_of<'t>(
        &mut self,
        tickets: impl Iterator<Item = &'t Ticket>,
        now_ms: i64,
        ending: Ending,
    ) {
        for ticket in tickets {
            if let Some(one) = self.queue.waiting.get(ticket.arrival as usize) {
                self.measures.ended(one.who, one.created_ms, now_ms, ending);
            }
        }
    }
}
