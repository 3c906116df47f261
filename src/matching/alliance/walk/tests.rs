//! A walk held against a look at all tickets.

use proptest::prelude::*;

use super::Walk;
use crate::matching::alliance::criteria::Criteria;
use crate::matching::alliance::index::Index;
use crate::matching::alliance::pair::Pivot;
use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::alliance::rules::testing::rules;
use crate::matching::{Player, TickContext, Ticket, Value};

const CONTEXT: TickContext = TickContext {
    now_ms: 0,
    tick_id: 1,
    max_answer_bytes: 4 << 20,
};

const RULES: &str = r#"{
    "alliance": {"min_number": 2, "max_number": 2, "player_min_number": 1, "player_max_number": 2},
    "matching_rule": [{"attribute": "mmr", "criteria": "distance", "reference": 5}],
    "match_options": {"options": [{"name": "mode", "type": "any"}]}}"#;

fn ticket(arrival: u32, players: usize, mmr: u8, modes: &[bool]) -> Ticket {
    let player = |place| Player {
        id: format!("p{arrival}-{place}").into(),
        attributes: [("mmr".into(), Value::from(f64::from(mmr)))]
            .into_iter()
            .collect(),
    };
    let names = ["ctf", "ffa", "koth"].into_iter().zip(modes);
    let modes = names.filter(|(_, wants)| **wants).map(|(name, _)| name);
    Ticket {
        id: format!("t{arrival}").into(),
        arrival,
        players: (0..players).map(player).collect(),
        attributes: [("mode".into(), Value::List(modes.map(Value::from).collect()))]
            .into_iter()
            .collect(),
        ..Ticket::default()
    }
}

/// The candidates that the walk of a pivot meets, each once.
fn walked(pool: &Pool, criteria: &mut Criteria<'_>, index: &mut Index, pivot: &Pivot) -> Vec<Id> {
    let (mut cells, mut lanes) = (Vec::new(), Vec::new());
    index.cells_of(criteria, pivot.id, None, &mut cells);
    index.lanes_to_walk(pool, pivot.id, &cells, 2, &mut lanes);
    let sections = index.sections(pool, criteria, pivot);
    let view = index.view(criteria, pivot);
    let mut walk = Walk::default();
    let (mut met, mut passed) = (Vec::new(), 0);
    for lane in &lanes {
        passed += walk.enter(&mut index.plane, pool, &view, &sections, *lane);
    }
    let mut bound = walk.ahead(|_| true);
    while let Some(step) = walk.step(&mut index.plane, pool, &view) {
        let score = pivot.score(pool, criteria, step.ticket).expect("in reach");
        let least = bound.expect("a ticket ahead").score;
        assert!(least <= score, "{least} is no bound of {score}");
        passed += step.passed;
        met.push(step.ticket);
        bound = walk.ahead(|_| true);
    }
    assert_eq!(bound, None);
    let waiting: u32 = lanes.iter().map(|lane| lane.waiting).sum();
    assert_eq!(met.len() as u32 + passed, waiting, "each is met or passed");
    met.sort_unstable();
    met.dedup();
    met
}

proptest! {
    #[test]
    fn a_walk_meets_all_that_may_play_with_the_pivot(
        tickets in prop::collection::vec((1_usize..3, 0_u8..20, any::<[bool; 3]>()), 2..40),
        taken in prop::collection::vec(0_u32..40, 0..20),
    ) {
        let rules = rules(RULES);
        let tickets = (0..)
            .zip(&tickets)
            .map(|(arrival, (players, mmr, modes))| ticket(arrival, *players, *mmr, modes))
            .collect();
        let (mut pool, _) = Pool::new(&rules, 0, tickets);
        let mut criteria = Criteria::of(&rules, &CONTEXT, &pool, &[]);
        let mut index = Index::new(&pool, &criteria);
        let mut taken = taken.into_iter();
        for pivot in (0..pool.len()).cycle().take(2 * pool.len() as usize) {
            if !pool.waits(pivot) {
                continue;
            }
            let pivot = Pivot::new(&rules, &pool, &criteria, None, pivot);
            let others = (0..pool.len()).filter(|id| *id != pivot.id && pool.waits(*id));
            let fitting: Vec<Id> = others
                .filter(|id| pivot.score(&pool, &criteria, *id).is_ok())
                .collect();
            prop_assert_eq!(walked(&pool, &mut criteria, &mut index, &pivot), fitting);
            // What is taken between walks is gone from the later ones.
            if let Some(id) = taken.next().filter(|id| *id < pool.len())
                && pool.take(id).is_some()
            {
                index.remove(&pool, id);
            }
        }
    }
}
