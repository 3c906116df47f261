//! Ticks of a real queue, each by itself.

use super::measures::{Ending, Measures};
use super::queue::{Queue, Waiting};
use super::traits::Traits;
use crate::matching::explain::copy;
use crate::matching::{MatchLogic, RulesError, Tick, TickContext, Ticket, queued_at};
use crate::population::{Recorded, of_ruleset};

/// A tick that was recorded.
#[derive(Debug)]
pub struct RecordedTick {
    /// Its ruleset, in JSON.
    pub rules: String,
    /// Its time and number.
    pub context: TickContext,
    /// Its queue.
    pub tickets: Vec<Ticket>,
}

/// What a logic makes of ticks under their own rules, or under other ones, together. Whoever waits in
/// several ticks counts in each.
///
/// # Errors
///
/// If the logic does not take a ruleset.
pub fn of_ticks<L: MatchLogic>(
    logic: &L,
    ticks: Vec<RecordedTick>,
    other: Option<&str>,
) -> Result<Measures, RulesError> {
    let first = ticks.first().map_or("{}", |tick| &tick.rules);
    // The skills are those of the recorded rules, so that two outcomes have the same figures.
    let mut population = of_ruleset(first);
    let all = ticks.iter().flat_map(|tick| &tick.tickets);
    let all = all.map(copy);
    population.recorded = Recorded::new(all.collect());
    let traits = Traits::of(first, &population);
    let mut measures = Measures::new(0.0, i64::MIN, None, &traits);
    for tick in ticks {
        let rules = logic.rules(other.unwrap_or(&tick.rules))?.rules;
        play(
            logic.open(rules, tick.context),
            tick,
            &traits,
            &mut measures,
        );
    }
    Ok(measures)
}

fn play(open: Box<dyn Tick>, tick: RecordedTick, traits: &Traits, measures: &mut Measures) {
    let now_ms = tick.context.now_ms;
    let waiting = tick.tickets.into_iter().map(|ticket| Waiting {
        who: traits.who(&ticket),
        created_ms: queued_at(ticket.created_at_ms, now_ms),
        goes_ms: i64::MAX,
        stays_ms: i64::MAX,
        ticket: Some(ticket),
        reason: None,
    });
    let mut queue = Queue {
        waiting: waiting.collect(),
    };
    for one in &queue.waiting {
        measures.came(one.who, one.created_ms);
    }
    for made in queue.match_by(open) {
        measures.made(&made, traits);
        for ticket in made.tickets() {
            let one = &queue.waiting[ticket.arrival as usize];
            measures.ended(one.who, one.created_ms, now_ms, Ending::Matched);
        }
    }
    for one in queue.waiting.iter().filter(|one| one.ticket.is_some()) {
        measures.ended(one.who, one.created_ms, now_ms, Ending::Waiting);
    }
}
