//! Why a pivot found no match.

use crate::matching::Reason;

/// Players that one walk met, and lost to each test.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Losses {
    pub(super) met: u64,
    pub(super) by: [u64; Reason::ALL.len()],
}

impl Losses {
    pub(super) fn add(&mut self, reason: Reason, players: u32) {
        self.by[reason as usize] += u64::from(players);
    }

    /// Players that no test has lost, with those `ahead`, which the walk did not need to meet.
    pub(super) fn left(&self, ahead: u64) -> u64 {
        let lost = self
            .by
            .iter()
            .fold(0, |sum: u64, lost| sum.saturating_add(*lost));
        (self.met + ahead).saturating_sub(lost)
    }

    /// The first test after which too few players were left. Those `ahead`, which the walk did not need
    /// to meet, count as lost to none.
    pub(super) fn reason(&self, own: u64, ahead: u64, min_players: u64) -> Reason {
        let tests = [
            Reason::Attribute,
            Reason::Option,
            Reason::SubGameMode,
            Reason::CrossPlay,
            Reason::Distance,
            Reason::Region,
            Reason::SharedPlayer,
            Reason::Blocked,
            Reason::TooLarge,
        ];
        let mut left = own + self.met + ahead;
        if left < min_players {
            return Reason::Distance;
        }
        let short = tests.into_iter().find(|test| {
            left = left.saturating_sub(self.by[*test as usize]);
            left < min_players
        });
        short.unwrap_or(Reason::TeamSizes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reason of a solo that met nine players, lost some of them, and has others ahead.
    fn reason(lost: &[(Reason, u32)], ahead: u64) -> Reason {
        let mut losses = Losses {
            met: 9,
            ..Losses::default()
        };
        for (reason, players) in lost {
            losses.add(*reason, *players);
        }
        losses.reason(1, ahead, 10)
    }

    #[test]
    fn the_test_that_left_too_few_is_the_reason() {
        assert_eq!(reason(&[(Reason::Region, 1)], 0), Reason::Region);
        let both = [(Reason::Region, 8), (Reason::Distance, 1)];
        assert_eq!(reason(&both, 0), Reason::Distance);
        assert_eq!(reason(&both, 1), Reason::Region);
    }

    #[test]
    fn where_enough_were_left_sizes_do_not_fit() {
        assert_eq!(reason(&[], 0), Reason::TeamSizes);
        assert_eq!(reason(&[(Reason::Region, 8)], 8), Reason::TeamSizes);
    }

    #[test]
    fn where_too_few_were_near_distance_is_the_reason() {
        let none_met = Losses::default();
        assert_eq!(none_met.reason(1, 8, 10), Reason::Distance);
    }
}
