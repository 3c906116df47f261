//! Filling one session after the other: the best ticket joins, then the next best.

mod judging;
mod opening;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use hashbrown::HashMap;

use super::open_session::{OpenSession, contradicts_itself, in_part};
use super::proposal::{Filled, Joined};
use super::seats::Place;
use super::shelf::{Shelves, latency};
use crate::matching::alliance::AllianceRules;
use crate::matching::alliance::chosen::Chosen;
use crate::matching::alliance::criteria::modes::{ANY_MODE, ModeSet};
use crate::matching::alliance::criteria::{Criteria, OfSession};
use crate::matching::alliance::forms::Forms;
use crate::matching::alliance::index::{Cell, Index};
use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::alliance::walk::{Rank, View};
use crate::matching::alliance::watch::Steps;
use crate::matching::answer::session_bytes;
use crate::matching::{BackfillOut, Flow, Reason, Session, Text, TickContext};

/// [`Steps`] of one tick.
const MAX_STEPS: u64 = 200_000_000;

/// What a backfill tick works with.
#[derive(Debug)]
pub(super) struct Fill<'r> {
    rules: &'r AllianceRules,
    pool: Pool,
    criteria: Criteria<'r>,
    index: Index,
    shelves: Shelves,
    chosen: Chosen,
    /// The cells of the session's tickets.
    cells: Vec<Cell>,
    /// Why the last session that looked at a ticket did not take it.
    reasons: Vec<Option<Reason>>,
    /// For each ticket the last session that is not to look at it again.
    done: Vec<u32>,
    /// For each ticket the last walk that met it.
    seen: Vec<u32>,
    walk: u32,
    /// Sessions served.
    turn: u32,
    forms: Forms<'r>,
    /// The oldest session that was served and has seats left.
    open: Option<OpenSession>,
    /// The modes of all sessions that were served.
    offered: ModeSet,
    /// Why no ticket finds a seat if no session has one left.
    closed: Reason,
    /// All older tickets are taken.
    oldest: Id,
    steps: Steps,
}

/// Whether a tick may go on, as its output says.
type MayGoOn<'o> = &'o dyn Fn() -> Flow;

/// The best ticket of a walk.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Best {
    rank: Rank,
    place: Place,
    /// Which of the session's modes has the place.
    mode: usize,
}

impl<'r> Fill<'r> {
    /// Sorts the tickets of a pool. O(n log n).
    pub(super) fn new(
        rules: &'r AllianceRules,
        context: &TickContext,
        pool: Pool,
        sessions: &[Session],
    ) -> Self {
        let count = pool.len() as usize;
        let sessions: Vec<OfSession<'_>> = sessions
            .iter()
            .map(|session| OfSession {
                in_part: in_part(rules, session),
                answer_bytes: session_bytes(session),
            })
            .collect();
        let criteria = Criteria::of(rules, context, &pool, &sessions);
        Fill {
            rules,
            index: Index::new(&pool, &criteria),
            shelves: Shelves::new(&pool, &criteria),
            chosen: Chosen::new(&criteria),
            cells: Vec::new(),
            reasons: vec![None; count],
            done: vec![0; count],
            seen: vec![0; count],
            walk: 0,
            turn: 0,
            forms: Forms::new(rules.layouts(), &pool),
            open: None,
            offered: ANY_MODE,
            closed: Reason::SessionFull,
            oldest: 0,
            steps: Steps::at_most(MAX_STEPS),
            criteria,
            pool,
        }
    }

    /// Tells what was found in the tickets, and leaves those that no answer can hold.
    pub(super) fn begin(&mut self, out: &mut dyn BackfillOut) {
        for (attribute, values) in self.criteria.distances.wrong_types() {
            out.wrong_type(attribute, values);
        }
        for id in self.criteria.answer_sizes.too_large(&self.pool) {
            self.index.remove(&self.pool, id);
            if let Some(ticket) = self.pool.take(id) {
                out.leave(ticket, Reason::TooLarge);
            }
        }
    }

    /// Fills the session of that number, the oldest being 0; the tickets that join, in that order. If
    /// the tick has to end, these are the ones that joined before.
    ///
    /// # Errors
    ///
    /// Why no ticket joins.
    pub(super) fn serve(
        &mut self,
        session: &Session,
        number: u32,
        flow: MayGoOn<'_>,
    ) -> Result<Filled, Reason> {
        self.steps.take(1, flow)?;
        self.turn += 1;
        if contradicts_itself(self.rules, session) {
            self.closed = Reason::Option;
            return Err(Reason::Option);
        }
        let row = self.pool.len() + number;
        self.offered |= self.criteria.modes.set(row);
        if self.criteria.modes.are_on() && self.criteria.modes.list(row).is_empty() {
            return Err(Reason::SubGameMode);
        }
        let mut session = OpenSession::new(
            self.rules,
            &self.pool,
            &mut self.criteria,
            &mut self.forms,
            session,
            row,
        );
        if session.seats.largest_party(true) == 0 {
            return Err(Reason::SessionFull);
        }
        self.chosen.begin(&self.pool, &self.criteria, row);
        self.index
            .cells_of(&mut self.criteria, row, None, &mut self.cells);
        while let Some(best) = self.best(&mut session, None, flow) {
            let id = best.rank.id;
            match self.seat(&mut session, id, (best.place, best.mode), flow) {
                // The session is another one now, for those that could not open a team before, too.
                true => {
                    for id in session.failed_openers.drain(..) {
                        self.done[id as usize] = 0;
                    }
                }
                false => {
                    session.failed_openers.push(id);
                    session.refused.get_or_insert(Reason::TeamSizes);
                    self.reasons[id as usize] = Some(Reason::TeamSizes);
                    self.set_done(id, true);
                }
            }
        }
        let joined = self.take(&session);
        let made = match session.refused {
            _ if !joined.is_empty() => {
                let modes = session.seats.modes();
                let modes = modes.map(|mode| self.criteria.modes.name(mode).clone());
                Ok(Filled {
                    joined,
                    modes: modes.collect(),
                })
            }
            _ if self.steps.ended() => Err(Reason::Budget),
            Some(reason) => Err(reason),
            None => Err(self.why_no_ticket(&session)),
        };
        if self.open.is_none() && session.seats.largest_party(true) > 0 {
            self.open = Some(session);
        }
        made
    }

    /// Whether the ticket joins: in its place, or if that is a new team that cannot be filled, in the
    /// next smallest one.
    fn seat(
        &mut self,
        session: &mut OpenSession,
        id: Id,
        (place, mode): (Place, usize),
        flow: MayGoOn<'_>,
    ) -> bool {
        let place = match place {
            Place::NewTeam if self.open_team(session, id, mode, flow) => return true,
            Place::NewTeam => {
                session.tries += 1;
                session.seats.place(self.newcomer(id), false)
            }
            team => Ok((team, mode)),
        };
        let Ok((Place::Team(team), mode)) = place else {
            return false;
        };
        self.join(session, id, team, mode);
        true
    }

    /// Leaves every ticket that still waits: with the reason of the last session that looked at it,
    /// else of the oldest session that has seats left. Without one, all sessions were filled; `none`
    /// says so if there were none.
    pub(super) fn leave(mut self, none: Option<Reason>, out: &mut dyn BackfillOut) {
        let open = self.open.take();
        if let Some(session) = &open {
            self.chosen
                .begin(&self.pool, &self.criteria, session.pivot.id);
            for (id, _) in &session.added {
                self.chosen.push(&self.pool, &self.criteria, *id);
            }
        }
        for id in 0..self.pool.len() {
            if !self.pool.waits(id) {
                continue;
            }
            let reason = match (self.reasons[id as usize], none, &open) {
                (Some(reason), ..) | (None, Some(reason), _) => reason,
                (None, None, Some(session)) => {
                    let may_ask = self.steps.take(1, &|| out.flow());
                    may_ask.map_or_else(|reason| reason, |()| self.why(session, id))
                }
                (None, None, None) if self.is_offered_no_mode(id) => Reason::SubGameMode,
                (None, None, None) => self.closed,
            };
            if let Some(ticket) = self.pool.take(id) {
                out.leave(ticket, reason);
            }
        }
    }

    /// Whether no session could be played in any mode that the ticket accepts.
    fn is_offered_no_mode(&self, id: Id) -> bool {
        let modes = &self.criteria.modes;
        modes.are_on() && modes.set(id) & self.offered == 0
    }

    /// The best ticket that may join; with a team, only one that has room there.
    /// `None` also if the tick has to end.
    fn best(
        &mut self,
        session: &mut OpenSession,
        team: Option<usize>,
        flow: MayGoOn<'_>,
    ) -> Option<Best> {
        let max_players = match team {
            Some(team) => session.seats.room(team),
            None => session.seats.largest_party(session.may_open()),
        };
        if max_players == 0 {
            return None;
        }
        let view = self.begin_walk(session, max_players);
        self.steps.take(self.shelves.lanes(), flow).ok()?;
        let mut pending: BinaryHeap<Reverse<Best>> = BinaryHeap::new();
        loop {
            // What is ahead is a bound: no ticket that was not met yet ranks below it.
            let ahead = self.shelves.ahead();
            let ready = pending
                .peek()
                .is_some_and(|Reverse(best)| ahead.is_none_or(|ahead| best.rank <= ahead));
            if ready {
                return pending.pop().map(|Reverse(best)| best);
            }
            self.steps.take(1, flow).ok()?;
            let id = self.shelves.step(&self.pool, &view)?;
            if self.is_done(id) || self.met(id) {
                continue;
            }
            match self.test(session, id, team) {
                Ok((score, place, mode)) => {
                    let tie = latency(&self.criteria, id, session.pivot.region);
                    let rank = Rank { score, tie, id };
                    pending.push(Reverse(Best { rank, place, mode }));
                }
                Err(reason) => {
                    self.reasons[id as usize] = Some(reason);
                    session.refused.get_or_insert(reason);
                }
            }
        }
    }

    /// Begins a walk through the parties of up to `max_players` that may be of use to the session.
    fn begin_walk(&mut self, session: &OpenSession, max_players: u32) -> View<'r> {
        self.walk += 1;
        self.shelves.begin(
            &self.pool,
            &self.criteria,
            &self.index,
            &session.pivot,
            &self.cells,
            max_players,
        )
    }

    /// Whether this walk met the ticket before.
    fn met(&mut self, id: Id) -> bool {
        std::mem::replace(&mut self.seen[id as usize], self.walk) == self.walk
    }

    /// Whether the session has taken the ticket, or is not to look at it again.
    fn is_done(&self, id: Id) -> bool {
        self.done[id as usize] == self.turn
    }

    fn set_done(&mut self, id: Id, done: bool) {
        self.done[id as usize] = if done { self.turn } else { 0 };
    }

    /// The ticket joins the team, and the session is measured anew.
    fn join(&mut self, session: &mut OpenSession, id: Id, team: usize, mode: usize) {
        let players = self.pool.sizes[id as usize];
        session
            .means
            .join(players, self.criteria.distances.means(id));
        session.seats.seat(team, self.newcomer(id), mode);
        session.measure(&mut self.criteria);
        session.added.push((id, team));
        self.chosen.push(&self.pool, &self.criteria, id);
        self.set_done(id, true);
    }

    /// Takes the tickets that joined out of the pool.
    fn take(&mut self, session: &OpenSession) -> Vec<Joined> {
        let mut joined = Vec::with_capacity(session.added.len());
        let mut roles: HashMap<usize, std::vec::IntoIter<Text>> = HashMap::new();
        for (id, team) in &session.added {
            self.index.remove(&self.pool, *id);
            let ticket = self.pool.take(*id).expect("it waited");
            let of_team = session.seats.roles_of_added(*team);
            let roles = of_team.map(|of_team| {
                let left = roles.entry(*team).or_insert_with(|| of_team.into_iter());
                left.take(ticket.players.len()).collect()
            });
            joined.push(Joined {
                ticket,
                team: *team,
                roles,
            });
        }
        joined
    }
}
