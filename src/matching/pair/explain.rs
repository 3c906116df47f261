//! Why a ticket was paired, or waits.

use super::{PairBackfill, PairRules, PairTick};
use crate::matching::explain::{Change, Explanation, Fate, Left, Miss, Scene};
use crate::matching::{Played, PlayedBackfill, Reason, Ticket};

impl PairRules {
    /// What became of the ticket of that place in a scene, and why.
    pub(in crate::matching) fn explain(&self, scene: &Scene, place: usize) -> Explanation {
        let arrival = scene.tickets[place].arrival;
        if !scene.sessions.is_empty() {
            let played = self.play_backfill(scene);
            return Explanation::of(Fate::in_backfill(&played, arrival));
        }
        let fate = Fate::in_tick(&self.play(scene), arrival);
        if matches!(fate, Fate::Matched(_)) {
            return Explanation::of(fate);
        }
        let left = self.left(scene);
        let one = left.into_iter().find(|one| one.place == place);
        Explanation {
            misses: one.and_then(|one| one.miss).into_iter().collect(),
            ..Explanation::of(fate)
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
        scene.played(Box::new(PairTick::new(*self, scene.context)))
    }

    fn play_backfill(&self, scene: &Scene) -> PlayedBackfill {
        scene.played_backfill(Box::new(PairBackfill::new(*self, scene.context)))
    }
}

fn arrivals(left: &[(Ticket, Reason)]) -> Vec<(u32, Reason)> {
    let arrivals = left
        .iter()
        .map(|(ticket, reason)| (ticket.arrival, *reason));
    arrivals.collect()
}
