//! Tickets: parties in the queue.

use bytes::Bytes;

use super::{Attributes, TicketFault};

/// A text that shares the bytes it was received in: cutting one out allocates nothing.
pub use bytestring::ByteString as Text;

/// A party (or a single player) in the queue.
///
/// It cannot be cloned: matching moves it into a match or leaves it, so that no ticket can be used
/// twice. Only what [`Needs`](super::Needs) asked for is filled in; the rest stays empty.
#[derive(Debug, Default)]
pub struct Ticket {
    /// Its id. It may be empty; two tickets without an id are still two tickets.
    pub id: Text,
    /// The match pool whose queue it waits in.
    pub pool: Text,
    /// Its place among the tickets of the stream, from 0.
    pub arrival: u32,
    /// When it was queued, in Unix milliseconds; `None` if AGS did not say.
    pub created_at_ms: Option<i64>,
    /// The party's players, in the order of the ticket.
    pub players: Vec<Player>,
    /// The party session; empty for a player who queues alone.
    pub party_session_id: Text,
    /// Milliseconds to each region, sorted by the region's name, each region once.
    pub latencies: Vec<(Text, i64)>,
    /// Game sessions that this ticket must not be put into.
    pub excluded_sessions: Vec<Text>,
    /// The ticket's own attributes.
    pub attributes: Attributes,
    /// The ticket as it was received, to be returned unchanged. Matching does not look into it.
    pub body: Bytes,
}

/// One person in a ticket.
#[derive(Debug, Default, Clone)]
pub struct Player {
    /// The player's user id.
    pub id: Text,
    /// The player's attributes: statistics, and what the studio put there.
    pub attributes: Attributes,
}

impl Ticket {
    /// How long it has waited at `now_ms` (Unix ms), in ms; 0 without a creation time or with one
    /// in the future.
    pub fn age_ms(&self, now_ms: i64) -> i64 {
        self.created_at_ms
            .map_or(0, |created| now_ms.saturating_sub(created).max(0))
    }

    /// The latency to a region in ms, if the ticket reports it. O(log regions).
    pub fn latency(&self, region: &str) -> Option<i64> {
        let at = self
            .latencies
            .binary_search_by(|(name, _)| (**name).cmp(region))
            .ok()?;
        Some(self.latencies[at].1)
    }

    /// The players' ids, in order.
    pub fn player_ids(&self) -> impl ExactSizeIterator<Item = &Text> {
        self.players.iter().map(|player| &player.id)
    }

    /// Whether the ticket could match under any rules (docs/semantics.md, "Unary calls"). O(p log p
    /// + a) for p players and a attribute values.
    ///
    /// # Errors
    ///
    /// [`TicketFault`] for the first fault: no player, an empty player id, a player twice, or a
    /// number that is not finite.
    pub fn check(&self) -> Result<(), TicketFault> {
        if self.players.is_empty() {
            return Err(TicketFault::NoPlayer);
        }
        if self.player_ids().any(|id| id.is_empty()) {
            return Err(TicketFault::EmptyPlayerId);
        }
        if has_repeats(&self.players) {
            return Err(TicketFault::PlayerTwice);
        }
        let own = self.attributes.iter();
        let all = own.chain(
            self.players
                .iter()
                .flat_map(|player| player.attributes.iter()),
        );
        match all.into_iter().find(|(_, value)| !value.is_finite()) {
            Some((name, _)) => Err(TicketFault::NotFinite(name.to_string())),
            None => Ok(()),
        }
    }
}

/// Whether two players have the same id.
fn has_repeats(players: &[Player]) -> bool {
    // Comparing each with each is fastest for parties as games have them; the sort keeps a party of
    // thousands from costing millions of comparisons.
    if players.len() <= 12 {
        return (1..players.len()).any(|at| players[..at].iter().any(|p| p.id == players[at].id));
    }
    let mut ids: Vec<&str> = players.iter().map(|player| &*player.id).collect();
    ids.sort_unstable();
    ids.windows(2).any(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::Value;

    fn of_players<I: IntoIterator<Item = S>, S: Into<Text>>(ids: I) -> Ticket {
        let players = ids.into_iter().map(|id| Player {
            id: id.into(),
            ..Player::default()
        });
        Ticket {
            players: players.collect(),
            ..Ticket::default()
        }
    }

    #[test]
    fn a_ticket_ages_from_its_creation_and_never_backwards() {
        let mut ticket = Ticket {
            created_at_ms: Some(1_000),
            ..Ticket::default()
        };
        assert_eq!(ticket.age_ms(3_500), 2_500);
        assert_eq!(ticket.age_ms(500), 0);
        ticket.created_at_ms = Some(i64::MIN);
        assert_eq!(ticket.age_ms(1), i64::MAX);
        ticket.created_at_ms = None;
        assert_eq!(ticket.age_ms(3_500), 0);
    }

    #[test]
    fn what_is_unfit_under_any_rules() {
        assert_eq!(of_players(["a", "b"]).check(), Ok(()));
        assert_eq!(Ticket::default().check(), Err(TicketFault::NoPlayer));
        assert_eq!(
            of_players(["a", ""]).check(),
            Err(TicketFault::EmptyPlayerId)
        );
        assert_eq!(
            of_players(["a", "b", "a"]).check(),
            Err(TicketFault::PlayerTwice)
        );
        let many = |last: u32| of_players((0..40).chain([last]).map(|n| n.to_string()));
        assert_eq!(many(40).check(), Ok(()));
        assert_eq!(many(7).check(), Err(TicketFault::PlayerTwice));
        let mut odd = of_players(["a"]);
        odd.players[0]
            .attributes
            .set("mmr".into(), Value::Number(f64::NAN));
        assert_eq!(odd.check(), Err(TicketFault::NotFinite("mmr".into())));
    }

    #[test]
    fn latency_is_found_by_region() {
        let latencies = vec![("eu".into(), 20), ("us".into(), 90)];
        let ticket = Ticket {
            latencies,
            ..Ticket::default()
        };
        assert_eq!(ticket.latency("us"), Some(90));
        assert_eq!(ticket.latency("ap"), None);
    }
}
