//! Whether a ticket may join a session, and why not.

use super::Fill;
use crate::matching::Reason;
use crate::matching::alliance::backfill::open_session::OpenSession;
use crate::matching::alliance::backfill::seats::{Newcomer, Place, value};
use crate::matching::alliance::pool::Id;
use crate::matching::alliance::roles::RequestId;

impl Fill<'_> {
    /// Why the oldest ticket that waits may not join.
    pub(super) fn why_no_ticket(&mut self, session: &OpenSession) -> Reason {
        while self.oldest < self.pool.len() && !self.pool.waits(self.oldest) {
            self.oldest += 1;
        }
        if self.oldest == self.pool.len() {
            return Reason::NotEnoughTickets;
        }
        self.why(session, self.oldest)
    }

    /// Why the session does not take a ticket.
    pub(super) fn why(&self, session: &OpenSession, id: Id) -> Reason {
        let ticket = self.pool.ticket(id);
        if let Some(reason) = session.wants_other_names(ticket) {
            return reason;
        }
        match self.test(session, id, None) {
            Err(reason) => reason,
            Ok(_) => Reason::TeamSizes,
        }
    }

    /// The score and the place of a ticket in the session; or why it may not join.
    pub(super) fn test(
        &self,
        session: &OpenSession,
        id: Id,
        team: Option<usize>,
    ) -> Result<(f64, Place, usize), Reason> {
        let pool = &self.pool;
        let ticket = pool.ticket(id);
        if ticket.excluded_sessions.contains(&session.session_id) {
            return Err(Reason::SessionExcluded);
        }
        let score =
            session
                .pivot
                .score(pool, &self.criteria, id)
                .map_err(|reason| match reason {
                    Reason::Attribute => session.wants_other_names(ticket).unwrap_or(reason),
                    other => other,
                })?;
        self.chosen
            .admits(&self.criteria, id)
            .map_err(|reason| match reason {
                Reason::SharedPlayer => Reason::PlayerInSession,
                other => other,
            })?;
        if session.pivot.measured {
            let (row, spans) = (session.pivot.id, session.means.spans());
            self.criteria.distances.test_spans(row, id, spans)?;
        }
        let (place, mode) = match team {
            Some(team) if session.seats.is_blocked(team, ticket) => return Err(Reason::Blocked),
            Some(team) if ticket.players.len() > session.seats.room(team) as usize => {
                return Err(Reason::TeamSizes);
            }
            Some(team) => {
                session.seats.may_play(team, self.newcomer(id))?;
                (Place::Team(team), 0)
            }
            None => session.seats.place(self.newcomer(id), session.may_open())?,
        };
        Ok((score, place, mode))
    }

    /// The ticket as teams see it.
    pub(super) fn newcomer(&self, id: Id) -> Newcomer<'_> {
        let ticket = self.pool.ticket(id);
        let value = value(self.rules, ticket);
        let asks = self.asks(id);
        Newcomer {
            ticket,
            asks,
            modes: self.criteria.modes.set(id),
            value,
        }
    }

    /// Which roles the players of a ticket ask for.
    pub(super) fn asks(&self, id: Id) -> &[RequestId] {
        self.pool.requests.of_row(id)
    }
}
