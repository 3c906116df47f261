//! New teams: a session has one more only if the queue can bring it to its fewest players.

use super::{Best, Fill};
use crate::matching::alliance::TeamBounds;
use crate::matching::alliance::backfill::host::Host;
use crate::matching::alliance::backfill::shelf::View;
use crate::matching::alliance::pool::Id;
use crate::matching::alliance::teams::Packer;

/// Tickets that are counted to see whether a new team can be filled.
const MOST_COUNTED: u32 = 1_000;

impl Fill<'_> {
    /// Opens a team with the ticket, if others can bring it to the fewest players of a team; they join
    /// at once. Otherwise nothing changes.
    pub(super) fn open_team(&mut self, host: &mut Host, id: Id) -> bool {
        let mut spare = Vec::new();
        self.index
            .sizes(&self.cells, host.pivot.bounds.players_max, &mut spare);
        if let Some(own) = spare.get_mut(self.pool.sizes[id as usize] as usize) {
            *own = own.saturating_sub(1);
        }
        // At first whoever waits in the session's cells is believed to be of use.
        if self.try_team(host, id, &spare) {
            return true;
        }
        self.count(host, id, &mut spare);
        self.try_team(host, id, &spare)
    }

    fn try_team(&mut self, host: &mut Host, id: Id, spare: &[u32]) -> bool {
        let bounds = TeamBounds {
            teams_min: 1,
            teams_max: 1,
            ..host.pivot.bounds
        };
        let mut sizes = vec![self.pool.sizes[id as usize]];
        if !self.completes(bounds, &sizes, spare) {
            return false;
        }
        let seats = host.seats.clone();
        let (sums, players, added) = (host.sums.clone(), host.players, host.added.len());
        let team = host.seats.open();
        self.join(host, id, team);
        let mut skipped = Vec::new();
        let fewest = u64::from(host.pivot.bounds.players_min);
        while host.seats.players(team) < fewest {
            let Some(Best { rank, .. }) = self.best(host, Some(team)) else {
                break;
            };
            sizes.push(self.pool.sizes[rank.id as usize]);
            if self.completes(bounds, &sizes, spare) {
                self.join(host, rank.id, team);
            } else {
                sizes.pop();
                self.set_done(rank.id, true);
                skipped.push(rank.id);
            }
        }
        for id in skipped {
            self.set_done(id, false);
        }
        if host.seats.players(team) >= fewest {
            return true;
        }
        for (id, _) in host.added.split_off(added) {
            self.chosen.pop(&self.pool, &self.criteria);
            self.set_done(id, false);
        }
        host.seats = seats;
        host.sums = sums;
        host.players = players;
        host.measure(&mut self.criteria);
        false
    }

    fn completes(&mut self, bounds: TeamBounds, sizes: &[u32], spare: &[u32]) -> bool {
        self.packers
            .entry(bounds)
            .or_insert_with(|| Packer::new(bounds, self.kinds.clone()))
            .can_complete(sizes, &[], spare)
    }

    /// Counts by size who may join the session beside the ticket that would open a team.
    fn count(&mut self, host: &mut Host, opener: Id, spare: &mut [u32]) {
        spare.fill(0);
        let cells = std::mem::take(&mut self.cells);
        let pivot = host.pivot;
        let view = View {
            pivot: &pivot,
            rule: self.index.rule(),
            cells: &cells,
            most: host.pivot.bounds.players_max,
        };
        self.walk += 1;
        self.shelves
            .begin(&self.pool, &self.criteria, &self.index, &view);
        let mut counted = 0;
        while counted < MOST_COUNTED {
            let Some(id) = self.shelves.step(&self.pool, &self.criteria, &view) else {
                break;
            };
            self.steps += 1;
            if id == opener || self.is_done(id) || self.met(id) {
                continue;
            }
            if self.test(host, id, None).is_ok() {
                spare[self.pool.sizes[id as usize] as usize] += 1;
                counted += 1;
            }
        }
        self.cells = cells;
    }
}
