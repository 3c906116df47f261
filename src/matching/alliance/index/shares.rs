//! Lanes that hold several kinds of party.

use std::ops::Range;

use crate::matching::alliance::intern::Lists;
use crate::matching::alliance::kinds::PartyKind;
use crate::matching::alliance::pool::Pool;
use crate::matching::alliance::walk::Lane;

/// How many tickets of each kind wait in the lanes whose group has several.
#[derive(Debug, Default)]
pub(super) struct Shares {
    /// The kinds of all lanes one after the other, ascending in each, with how many wait.
    kinds: Vec<(PartyKind, u32)>,
    /// Where those of each lane are; nothing for lanes of one kind. Empty if all are.
    of_lanes: Vec<Range<u32>>,
}

impl Shares {
    /// Counts the kinds in lanes that have several; `lanes` are those of each ticket. O(n log n).
    pub(super) fn of(pool: &Pool, lanes: &Lists, count: usize) -> Self {
        let mut shares = Self::default();
        if pool.party_kinds.groups() == pool.party_kinds.len() {
            return shares;
        }
        let mut met: Vec<(Lane, PartyKind)> = Vec::new();
        for id in 0..pool.len() {
            let kind = pool.kinds[id as usize];
            let group = pool.party_kinds.group_of(kind);
            if pool.party_kinds.in_group(group).len() > 1 {
                met.extend(lanes.get(id).iter().map(|lane| (*lane, kind)));
            }
        }
        met.sort_unstable();
        shares.of_lanes.resize(count, 0..0);
        for lane in met.chunk_by(|a, b| a.0 == b.0) {
            let start = shares.kinds.len() as u32;
            let each = lane.chunk_by(|a, b| a.1 == b.1);
            let each = each.map(|same| (same[0].1, same.len() as u32));
            shares.kinds.extend(each);
            shares.of_lanes[lane[0].0 as usize] = start..shares.kinds.len() as u32;
        }
        shares
    }

    /// Whether every lane has one kind.
    pub(super) fn is_empty(&self) -> bool {
        self.of_lanes.is_empty()
    }

    /// The kinds in a lane that has several, with how many wait; nothing for other lanes.
    pub(super) fn in_lane(&self, lane: Lane) -> &[(PartyKind, u32)] {
        match self.of_lanes.get(lane as usize) {
            Some(range) => &self.kinds[range.start as usize..range.end as usize],
            None => &[],
        }
    }

    /// Notes that a ticket of a lane was taken.
    pub(super) fn remove(&mut self, lane: Lane, kind: PartyKind) {
        let Some(range) = self.of_lanes.get(lane as usize) else {
            return;
        };
        let kinds = &mut self.kinds[range.start as usize..range.end as usize];
        if let Ok(at) = kinds.binary_search_by_key(&kind, |(kind, _)| *kind) {
            kinds[at].1 -= 1;
        }
    }
}
