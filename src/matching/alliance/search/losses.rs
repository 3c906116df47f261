//! Why a pivot found nobody.

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

    /// The first test after which too few players were left. Where the walk did not need to meet
    /// everybody in reach (`is_all` is false), it is the sizes that do not fit.
    pub(super) fn reason(&self, own: u64, fewest: u64, is_all: bool) -> Reason {
        let tests = [
            Reason::Attribute,
            Reason::Option,
            Reason::CrossPlay,
            Reason::Distance,
            Reason::Region,
            Reason::SharedPlayer,
            Reason::Blocked,
        ];
        if !is_all {
            return Reason::TeamSizes;
        }
        if own + self.met < fewest {
            return Reason::Distance;
        }
        let mut left = own + self.met;
        let short = tests.into_iter().find(|test| {
            left = left.saturating_sub(self.by[*test as usize]);
            left < fewest
        });
        short.unwrap_or(Reason::TeamSizes)
    }
}
