//! Why a ticket was paired, or waits.

use super::{PairBackfill, PairRules, PairTick};
use crate::matching::explain::{
    Change, Count, Explanation, Fate, Left, Matched, Miss, Scene, copy, copy_session,
};
use crate::matching::{Played, PlayedBackfill, Reason};

impl PairRules {
    /// What became of the ticket of that place in a scene, and why.
    pub(in crate::matching) fn explain(&self, scene: &Scene, place: usize) -> Explanation {
        let arrival = scene.tickets[place].arrival;
        if !scene.sessions.is_empty() {
            return self.explain_backfill(scene, arrival);
        }
        let played = self.play(scene);
        for (number, made) in (1..).zip(&played.matches) {
            if made.tickets().any(|ticket| ticket.arrival == arrival) {
                let mut size = Count::default();
                for ticket in made.tickets() {
                    size.add(u32::try_from(ticket.players.len()).unwrap_or(u32::MAX));
                }
                return Explanation::of(Fate::Matched(Matched {
                    number,
                    size,
                    region: None,
                    mode: None,
                    pivot: None,
                    place: None,
                    terms: Vec::new(),
                }));
            }
        }
        let left = self.left(scene);
        let one = left.into_iter().find(|one| one.place == place);
        let (reason, miss) = one.map_or((Reason::Budget, None), |one| (one.reason, one.miss));
        Explanation {
            misses: miss.into_iter().collect(),
            ..Explanation::of(Fate::Left(reason))
        }
    }

    /// The tickets that a tick leaves, in their order; what they lack is more tickets.
    pub(in crate::matching) fn left(&self, scene: &Scene) -> Vec<Left> {
        let left: Vec<(u32, Reason)> = match scene.sessions.is_empty() {
            true => arrivals(&self.play(scene).left),
            false => arrivals(&self.play_backfill(scene).left),
        };
        let waiting = left
            .iter()
            .filter(|(_, reason)| *reason == Reason::NotEnoughTickets);
        let missing = self.min.saturating_sub(waiting.count());
        let places = scene.tickets.iter().enumerate();
        places
            .filter_map(|(place, ticket)| {
                let (_, reason) = left
                    .iter()
                    .find(|(arrival, _)| *arrival == ticket.arrival)?;
                let count = u32::try_from(missing).ok().filter(|count| *count > 0);
                let change = count.map(|count| Change::Players {
                    like: place,
                    count,
                    role: None,
                });
                let change = change.filter(|_| *reason == Reason::NotEnoughTickets);
                let helps = change.filter(|change| {
                    let later = scene.with(std::slice::from_ref(change));
                    let tick = Box::new(PairTick::new(*self, later.context));
                    later.matched_by(tick, Some(place))[place]
                });
                Some(Left {
                    place,
                    reason: *reason,
                    miss: helps.map(|change| Miss {
                        changes: vec![change],
                    }),
                })
            })
            .collect()
    }

    fn play(&self, scene: &Scene) -> Played {
        let tick = Box::new(PairTick::new(*self, scene.context));
        Played::default().run(tick, scene.tickets.iter().map(copy))
    }

    fn play_backfill(&self, scene: &Scene) -> PlayedBackfill {
        let tick = Box::new(PairBackfill::new(*self, scene.context));
        let sessions = scene.sessions.iter().map(copy_session);
        PlayedBackfill::default().run(tick, sessions, scene.tickets.iter().map(copy))
    }

    fn explain_backfill(&self, scene: &Scene, arrival: u32) -> Explanation {
        let played = self.play_backfill(scene);
        for proposal in &played.proposals {
            let mut added = proposal.added.iter();
            if added.any(|ticket| ticket.arrival == arrival) {
                let session = proposal.session.match_session_id.clone();
                return Explanation::of(Fate::Joined(session));
            }
        }
        let left = arrivals(&played.left);
        let reason = left.iter().find(|(of, _)| *of == arrival);
        let reason = reason.map_or(Reason::Budget, |(_, reason)| *reason);
        Explanation::of(Fate::Left(reason))
    }
}

fn arrivals(left: &[(crate::matching::Ticket, Reason)]) -> Vec<(u32, Reason)> {
    let arrivals = left
        .iter()
        .map(|(ticket, reason)| (ticket.arrival, *reason));
    arrivals.collect()
}
