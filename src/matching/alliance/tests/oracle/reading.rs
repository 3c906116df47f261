//! The readings of the contract against each other: the plain one, which fills a match ticket by
//! ticket, and this one, which judges every subset. None of them knows the search.

use proptest::prelude::*;

use super::brute::{choose, exists_match, in_order, replay};
use super::played::check;
use super::pool::{NOW, pools};
use crate::matching::Ticket;
use crate::matching::alliance::rules::testing::rules;
use crate::matching::alliance::tests::reference::plain::{Made, Queue};

/// The ids of a match's tickets as they were taken, and its region.
fn shown(made: &Made<'_>) -> String {
    let ids: Vec<_> = made.tickets.iter().map(|ticket| &*ticket.id).collect();
    format!("{ids:?} in {:?}", made.region)
}

#[test]
fn both_readings_make_the_same_matches() {
    check("the readings", 1, pools(7), |pool, count| {
        let rules = &rules(&pool.rules);
        let plain = Queue::new(rules, NOW, &pool.tickets).matches();
        let choices = replay(rules, NOW, &pool.tickets);
        let found: Vec<String> = plain.iter().map(shown).collect();
        let expected = choices.iter().map(|choice| {
            let tickets = choice.tickets.clone();
            let region = choice.region.as_deref();
            shown(&Made { tickets, region })
        });
        prop_assert_eq!(found, expected.collect::<Vec<_>>());
        let matched: usize = plain.iter().map(|made| made.tickets.len()).sum();
        count.note(
            plain.iter().map(|made| made.tickets.len()),
            pool.tickets.len() - matched,
        );
        Ok(())
    });
}

/// Each ticket has its turn while all others wait, so that more is asked than in a tick.
#[test]
fn both_readings_know_whether_a_ticket_can_be_matched() {
    check("each turn", 4, pools(7), |pool, count| {
        let rules = &rules(&pool.rules);
        let waiting = in_order(NOW, &pool.tickets);
        let queue = Queue::new(rules, NOW, &pool.tickets);
        let mut sizes = Vec::new();
        for (at, pivot) in waiting.iter().enumerate() {
            let others = waiting.iter().filter(|ticket| ticket.id != pivot.id);
            let others: Vec<&Ticket> = others.copied().collect();
            let exists = exists_match(rules, NOW, pivot, &others).is_some();
            let choice = choose(rules, NOW, pivot, &waiting, &waiting);
            let turn = queue.turn(at, &vec![true; waiting.len()]);
            prop_assert_eq!(choice.is_some(), exists, "pivot {}", pivot.id);
            prop_assert_eq!(turn.is_some(), exists, "pivot {}", pivot.id);
            sizes.extend(choice.map(|made| made.tickets.len()));
        }
        let without = waiting.len() - sizes.len();
        count.note(sizes.into_iter(), without);
        Ok(())
    });
}
