//! New teams: a session has one more only if the queue can bring it to the players that a team needs.

use super::{Applicant, Fill};
use crate::matching::alliance::TeamBounds;
use crate::matching::alliance::backfill::open_session::OpenSession;
use crate::matching::alliance::kinds::PartyKind;
use crate::matching::alliance::pool::Id;
use crate::matching::alliance::teams::Packer;

/// Tickets that are counted to see whether a new team can be filled.
const MAX_COUNTED: u32 = 1_000;

impl Fill<'_> {
    /// Opens a team with the ticket, if others can bring it to the players that a team needs; they join
    /// at once. Otherwise nothing changes.
    pub(super) fn open_team(&mut self, session: &mut OpenSession, id: Id) -> bool {
        let Self {
            pool, index, cells, ..
        } = &*self;
        let (row, max_players) = (session.pivot.id, session.pivot.bounds.players_max);
        let mut lanes = Vec::new();
        index.lanes_to_walk(pool, row, cells, max_players, &mut lanes);
        // At first every ticket in the session's cells is assumed to be of use: that is quick to count,
        // and where it is not true, `try_team` fails.
        let mut spare = vec![0_u32; pool.party_kinds.len() as usize];
        for lane in lanes {
            let count = &mut spare[lane.kind as usize];
            *count = count.saturating_add(lane.waiting);
        }
        let own = &mut spare[pool.kinds[id as usize] as usize];
        *own = own.saturating_sub(1);
        if self.try_team(session, id, &spare) {
            return true;
        }
        self.count(session, id, &mut spare);
        self.try_team(session, id, &spare)
    }

    fn try_team(&mut self, session: &mut OpenSession, id: Id, spare: &[u32]) -> bool {
        let bounds = TeamBounds {
            teams_min: 1,
            teams_max: 1,
            ..session.pivot.bounds
        };
        let mut kinds = vec![self.pool.kinds[id as usize]];
        if !self.completes(bounds, &kinds, spare) {
            return false;
        }
        let seats = session.seats.clone();
        let (sums, players, added) = (session.sums.clone(), session.players, session.added.len());
        let team = session.seats.open();
        self.join(session, id, team);
        let mut skipped = Vec::new();
        let min_players = u64::from(session.pivot.bounds.players_min);
        while session.seats.players(team) < min_players {
            let Some(Applicant { rank, .. }) = self.best(session, Some(team)) else {
                break;
            };
            kinds.push(self.pool.kinds[rank.id as usize]);
            if self.completes(bounds, &kinds, spare) {
                self.join(session, rank.id, team);
            } else {
                kinds.pop();
                self.set_done(rank.id, true);
                skipped.push(rank.id);
            }
        }
        for id in skipped {
            self.set_done(id, false);
        }
        if session.seats.players(team) >= min_players {
            return true;
        }
        for (id, _) in session.added.split_off(added) {
            self.chosen.pop(&self.pool, &self.criteria);
            self.set_done(id, false);
        }
        session.seats = seats;
        session.sums = sums;
        session.players = players;
        session.measure(&mut self.criteria);
        false
    }

    fn completes(&mut self, bounds: TeamBounds, kinds: &[PartyKind], spare: &[u32]) -> bool {
        self.packers
            .entry(bounds)
            .or_insert_with(|| Packer::new(bounds, self.pool.party_kinds.clone()))
            .can_complete(kinds, &[], spare)
    }

    /// Counts by kind which tickets may join the session beside the one that would open a team.
    fn count(&mut self, session: &mut OpenSession, opener: Id, spare: &mut [u32]) {
        spare.fill(0);
        let view = self.begin_walk(session, session.pivot.bounds.players_max);
        let mut counted = 0;
        while counted < MAX_COUNTED {
            let Some(id) = self.shelves.step(&self.pool, &view) else {
                break;
            };
            self.steps += 1;
            if id == opener || self.is_done(id) || self.met(id) {
                continue;
            }
            if self.test(session, id, None).is_ok() {
                spare[self.pool.kinds[id as usize] as usize] += 1;
                counted += 1;
            }
        }
    }
}
