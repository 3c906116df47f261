//! New teams: a session has one more only if the queue can bring it to the players that a team needs.

use std::rc::Rc;

use super::{Fill, MayGoOn};
use crate::matching::alliance::backfill::means::Means;
use crate::matching::alliance::backfill::open_session::OpenSession;
use crate::matching::alliance::backfill::seats::Seats;
use crate::matching::alliance::forms::Form;
use crate::matching::alliance::kinds::PartyKind;
use crate::matching::alliance::pool::Id;

/// Tickets that are counted to see whether a new team can be filled.
const MAX_COUNTED: u32 = 1_000;

/// How often tickets that filled a new team in part are left for others.
const MAX_RETURNS: u32 = 64;

/// A ticket that joins a new team.
#[derive(Debug)]
struct Step {
    /// The session before it joined.
    seats: Seats,
    means: Means,
    /// Tickets that are left out as long as this one is in.
    skipped: Vec<Id>,
}

impl Step {
    fn before(session: &OpenSession) -> Self {
        Self {
            seats: session.seats.clone(),
            means: session.means.clone(),
            skipped: Vec::new(),
        }
    }

    /// The session as it was before, and what was skipped since.
    fn undo(self, session: &mut OpenSession) -> Vec<Id> {
        session.seats = self.seats;
        session.means = self.means;
        session.added.pop();
        self.skipped
    }
}

impl Fill<'_> {
    /// Opens a team with the ticket, if others can bring it to the players that a team needs; they join
    /// at once. Otherwise nothing changes.
    pub(super) fn open_team(
        &mut self,
        session: &mut OpenSession,
        id: Id,
        mode: usize,
        flow: MayGoOn<'_>,
    ) -> bool {
        // A ticket that could not open a team itself may be of use to one that another opens.
        let failed = std::mem::take(&mut session.failed_openers);
        failed.iter().for_each(|id| self.set_done(*id, false));
        let opened = self.fill_team(session, id, mode, flow);
        if !opened {
            failed.iter().for_each(|id| self.set_done(*id, true));
            session.failed_openers = failed;
        }
        opened
    }

    fn fill_team(
        &mut self,
        session: &mut OpenSession,
        id: Id,
        mode: usize,
        flow: MayGoOn<'_>,
    ) -> bool {
        let Self {
            pool, index, cells, ..
        } = &*self;
        let (row, max_players) = (session.pivot.id, session.pivot.form.bounds.players_max);
        let mut lanes = Vec::new();
        index.lanes_to_walk(pool, row, cells, max_players, &mut lanes);
        // At first every ticket in the session's cells is assumed to be of use. That is quick to count,
        // and most of the time enough to see that no team comes of it.
        let mut spare = vec![0_u32; pool.party_kinds.len() as usize];
        for lane in lanes {
            let kinds = index.kinds_in(pool, &lane);
            for (kind, waiting) in kinds {
                let count = &mut spare[kind as usize];
                *count = count.saturating_add(waiting);
            }
        }
        let own = &mut spare[pool.kinds[id as usize] as usize];
        *own = own.saturating_sub(1);
        if self.try_team(session, id, mode, &spare, flow) {
            return true;
        }
        self.count(session, id, &mut spare, flow);
        self.try_team(session, id, mode, &spare, flow)
    }

    /// Joins the best tickets until the team has enough players. Where that ends short of them, the last
    /// one taken is left, as often as [`MAX_RETURNS`] allows: each time another set is tried, so it ends.
    fn try_team(
        &mut self,
        session: &mut OpenSession,
        id: Id,
        mode: usize,
        spare: &[u32],
        flow: MayGoOn<'_>,
    ) -> bool {
        let requests = Rc::clone(&self.pool.requests);
        let asks = requests.of_row(id);
        let form = session.seats.form_of_new(mode, asks);
        let mut spare = spare.to_vec();
        let mut kinds = vec![self.pool.kinds[id as usize]];
        if !self.completes(form, &kinds, &spare) {
            return false;
        }
        let min_players = u64::from(form.bounds.players_min);
        let mut steps = vec![Step::before(session)];
        let team = session.seats.open(asks);
        self.join(session, id, team, mode);
        let mut returns = 0;
        while session.seats.players(team) < min_players {
            let next = self
                .best(session, Some(team), flow)
                .map(|best| best.rank.id);
            if let Some(next) = next {
                // Taken or not, it is not one that may still come.
                let kind = self.pool.kinds[next as usize];
                spare[kind as usize] = spare[kind as usize].saturating_sub(1);
                kinds.push(kind);
                if self.completes(form, &kinds, &spare) {
                    steps.push(Step::before(session));
                    self.join(session, next, team, 0);
                    continue;
                }
                kinds.pop();
                self.set_done(next, true);
                if let Some(step) = steps.last_mut() {
                    step.skipped.push(next);
                }
                continue;
            }
            let last = session.added.last().map(|(id, _)| *id);
            if let Some(step) = steps.pop() {
                for skipped in step.undo(session) {
                    let kind = self.pool.kinds[skipped as usize];
                    spare[kind as usize] += 1;
                    self.set_done(skipped, false);
                }
            }
            self.chosen.pop(&self.pool, &self.criteria);
            session.measure(&mut self.criteria);
            returns += 1;
            match (steps.last_mut(), last) {
                (Some(before), Some(last)) if returns <= MAX_RETURNS => {
                    kinds.pop();
                    before.skipped.push(last);
                }
                _ => {
                    self.give_up(session, steps, last);
                    return false;
                }
            }
        }
        for skipped in steps.into_iter().flat_map(|step| step.skipped) {
            self.set_done(skipped, false);
        }
        true
    }

    /// Undoes what is left of the steps; `last` was taken in the one that is undone already.
    fn give_up(&mut self, session: &mut OpenSession, mut steps: Vec<Step>, last: Option<Id>) {
        if let Some(last) = last {
            self.set_done(last, false);
        }
        while let Some(step) = steps.pop() {
            let taken = session.added.last().map(|(id, _)| *id);
            for id in step.undo(session).into_iter().chain(taken) {
                self.set_done(id, false);
            }
            self.chosen.pop(&self.pool, &self.criteria);
        }
        session.measure(&mut self.criteria);
    }

    fn completes(&mut self, form: Form, kinds: &[PartyKind], spare: &[u32]) -> bool {
        self.forms.packer(form).can_complete(kinds, &[], spare)
    }

    /// Counts by kind which tickets may join the session beside the one that would open a team.
    fn count(
        &mut self,
        session: &mut OpenSession,
        opener: Id,
        spare: &mut [u32],
        flow: MayGoOn<'_>,
    ) {
        spare.fill(0);
        let view = self.begin_walk(session, session.pivot.form.bounds.players_max);
        let mut counted = 0;
        while counted < MAX_COUNTED && self.steps.take(1, flow).is_ok() {
            let Some(id) = self.shelves.step(&self.pool, &view) else {
                break;
            };
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
