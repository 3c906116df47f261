//! A match or a proposal is not larger than the client takes (docs/semantics.md, "Answers").

use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::{Reason, TickContext, answer};

/// The bytes that every row adds to an answer.
#[derive(Debug)]
pub(crate) struct AnswerSizes {
    /// For each row; empty where no answer can reach the bound, and nothing is tested.
    bytes: Vec<u64>,
    /// Bytes that the rows of an answer may add up to.
    room: u64,
}

/// The bytes of a group.
#[derive(Debug)]
pub(crate) struct AnswerSizeInside {
    bytes: u64,
    /// Whether there is a bound that a group can reach.
    bounded: bool,
}

impl AnswerSizes {
    /// Reads the tickets of the pool. The rows of sessions come after them, in this order;
    /// `max_players` is the maximum number of players of a match. O(n).
    pub(super) fn of(
        pool: &Pool,
        sessions: impl IntoIterator<Item = u64>,
        max_players: u64,
        context: &TickContext,
    ) -> Self {
        let room = answer::room(context);
        let mut bytes = pool.answer_bytes.clone();
        let largest = bytes.iter().max().copied().unwrap_or_default();
        let mut session = 0;
        bytes.extend(
            sessions
                .into_iter()
                .inspect(|own| session = session.max(*own)),
        );
        // Each ticket of a match has a player, so there are no more tickets than players.
        let tickets = max_players.min(pool.len().into());
        if tickets.saturating_mul(largest).saturating_add(session) <= room {
            bytes = Vec::new();
        }
        Self { bytes, room }
    }

    /// The tickets that alone are too large for an answer.
    pub(crate) fn too_large(&self, pool: &Pool) -> Vec<Id> {
        let tickets = (0..pool.len()).zip(&self.bytes);
        let too_large = tickets.filter(|(_, bytes)| **bytes > self.room);
        too_large.map(|(id, _)| id).collect()
    }

    /// A group without rows.
    pub(crate) fn inside(&self) -> AnswerSizeInside {
        AnswerSizeInside {
            bytes: 0,
            bounded: !self.bytes.is_empty(),
        }
    }
}

impl AnswerSizeInside {
    /// Whether the answer stays within the bound with this row.
    pub(crate) fn admits(&self, sizes: &AnswerSizes, id: Id) -> Result<(), Reason> {
        if self.bounded && self.bytes + sizes.bytes[id as usize] > sizes.room {
            return Err(Reason::TooLarge);
        }
        Ok(())
    }

    pub(crate) fn push(&mut self, sizes: &AnswerSizes, id: Id) {
        if self.bounded {
            self.bytes += sizes.bytes[id as usize];
        }
    }

    /// Undoes the last push.
    pub(crate) fn pop(&mut self, sizes: &AnswerSizes, id: Id) {
        if self.bounded {
            self.bytes -= sizes.bytes[id as usize];
        }
    }

    /// Whether the group's size decides nothing about later rows.
    pub(crate) fn is_silent(&self) -> bool {
        !self.bounded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::alliance::rules::testing::rules;
    use crate::matching::{Player, Ticket};

    const DUEL: &str = r#"{"alliance": {"min_number": 2, "max_number": 2,
        "player_min_number": 1, "player_max_number": 1}}"#;

    /// Solos with tickets of so many bytes, oldest first.
    fn pool(bodies: &[usize]) -> Pool {
        let ticket = |(arrival, bytes): (u32, &usize)| Ticket {
            arrival,
            players: vec![Player {
                id: format!("player-{arrival}").into(),
                ..Player::default()
            }],
            body: vec![0; *bytes].into(),
            ..Ticket::default()
        };
        let tickets = (0..).zip(bodies).map(ticket).collect();
        let (pool, unfit) = Pool::new(&rules(DUEL), 0, tickets);
        assert!(unfit.is_empty());
        pool
    }

    fn context(max_answer_bytes: u64) -> TickContext {
        TickContext {
            now_ms: 0,
            tick_id: 0,
            max_answer_bytes,
        }
    }

    #[test]
    fn a_row_that_would_make_the_answer_too_large_is_not_admitted() {
        let pool = pool(&[1000, 800, 200]);
        let sizes = AnswerSizes::of(&pool, [500], 2, &context(1700));
        let mut inside = sizes.inside();
        assert!(!inside.is_silent());
        inside.push(&sizes, 0);
        assert_eq!(inside.admits(&sizes, 1), Err(Reason::TooLarge));
        assert_eq!(inside.admits(&sizes, 2), Ok(()));
        inside.push(&sizes, 2);
        // The session's own row.
        assert_eq!(inside.admits(&sizes, 3), Err(Reason::TooLarge));
        inside.pop(&sizes, 2);
        inside.pop(&sizes, 0);
        inside.push(&sizes, 3);
        assert_eq!(inside.admits(&sizes, 1), Ok(()));
    }

    #[test]
    fn where_no_answer_reaches_the_bound_nothing_is_kept() {
        let pool = pool(&[1000; 10]);
        for (max_players, sessions, bytes, silent) in [
            (2, None, 3000, true),
            (2, Some(900), 3000, false),
            (4, None, 3000, false),
            // There are no more than ten tickets.
            (u64::MAX, None, 12_000, true),
            (u64::MAX, None, u64::MAX, true),
        ] {
            let sizes = AnswerSizes::of(&pool, sessions, max_players, &context(bytes));
            assert_eq!(sizes.inside().is_silent(), silent, "{max_players}, {bytes}");
            assert_eq!(sizes.inside().admits(&sizes, 0), Ok(()));
        }
    }
}
