//! Tickets: parties in the queue.

use bytes::Bytes;

use super::{Attributes, TicketFault, Value};

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
    /// Bytes of memory that the server has counted for it. Matching does not look into it.
    pub counted_bytes: u32,
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
    /// How long it has waited at `now_ms` (Unix ms), in ms.
    pub fn age_ms(&self, now_ms: i64) -> i64 {
        now_ms.saturating_sub(queued_at(self.created_at_ms, now_ms))
    }

    /// The latencies that were measured, by region: a negative one is what probes leave behind that
    /// got no answer.
    pub fn measured(&self) -> impl Iterator<Item = (&Text, i64)> {
        let all = self.latencies.iter().map(|(region, ms)| (region, *ms));
        all.filter(|(_, ms)| *ms >= 0)
    }

    /// The latency to a region in ms, if it was measured. O(log regions).
    pub fn latency(&self, region: &str) -> Option<i64> {
        let by_name = |(name, _): &(Text, i64)| (**name).cmp(region);
        let at = self.latencies.binary_search_by(by_name).ok()?;
        Some(self.latencies[at].1).filter(|ms| *ms >= 0)
    }

    /// Whether it waits for a new session and may not join a running one.
    pub fn wants_new_session(&self) -> bool {
        let wish = self.attributes.get("new_session_only");
        wish.is_some_and(Value::is_true)
    }

    /// The players' ids, in order.
    pub fn player_ids(&self) -> impl ExactSizeIterator<Item = &Text> {
        self.players.iter().map(|player| &player.id)
    }

    /// Bytes of memory that the ticket holds: itself, its lists, and its body, of which its texts are
    /// slices. O(players + attribute values).
    pub fn held_bytes(&self) -> usize {
        size_of::<Self>() + self.list_bytes() + self.body.len()
    }

    /// Bytes of memory of its lists, without those of texts.
    pub(super) fn list_bytes(&self) -> usize {
        let players = self.players.iter();
        let of_players = players.map(|player| player.attributes.held_bytes());
        room(&self.players)
            + of_players.sum::<usize>()
            + room(&self.latencies)
            + room(&self.excluded_sessions)
            + self.attributes.held_bytes()
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

/// Bytes of memory of a list, with what it has room for.
pub(super) fn room<T>(list: &Vec<T>) -> usize {
    list.capacity() * size_of::<T>()
}

/// The first moment of the year 2000, in Unix ms.
const YEAR_2000_MS: i64 = 946_684_800_000;

/// Since when a ticket or a session waits, in Unix ms: since its creation, but not since a time that
/// lies ahead; and since now if it does not say, or says a time before the year 2000, as clients do
/// that leave the time unset.
pub fn queued_at(created_at_ms: Option<i64>, now_ms: i64) -> i64 {
    match created_at_ms {
        Some(created) if created >= YEAR_2000_MS => created.min(now_ms),
        _ => now_ms,
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
        let now_ms = YEAR_2000_MS + 3_500;
        let mut ticket = Ticket {
            created_at_ms: Some(YEAR_2000_MS),
            ..Ticket::default()
        };
        assert_eq!(ticket.age_ms(now_ms), 3_500);
        for unset in [
            None,
            Some(now_ms + 1),
            Some(0),
            Some(YEAR_2000_MS - 1),
            Some(i64::MIN),
        ] {
            ticket.created_at_ms = unset;
            assert_eq!(ticket.age_ms(now_ms), 0, "{unset:?}");
        }
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
    fn a_ticket_holds_its_lists_and_its_body() {
        let mut ticket = of_players(["a", "b"]);
        let players = size_of::<Ticket>() + 2 * size_of::<Player>();
        assert_eq!(ticket.held_bytes(), players);
        ticket.body = vec![0; 100].into();
        let list = Value::List(vec![Value::Null; 10]);
        let object = [("o".into(), list)].into_iter().collect();
        let attributes: Attributes = [("a".into(), Value::Struct(object))].into_iter().collect();
        ticket.attributes = attributes;
        ticket.players[1].attributes.set("x".into(), Value::Null);
        let entries = 3 * size_of::<(Text, Value)>() + 10 * size_of::<Value>();
        assert_eq!(ticket.held_bytes(), players + 100 + entries);
    }

    #[test]
    fn latency_is_found_by_region() {
        let latencies = vec![("eu".into(), 20), ("sa".into(), -1), ("us".into(), 90)];
        let ticket = Ticket {
            latencies,
            ..Ticket::default()
        };
        assert_eq!(ticket.latency("us"), Some(90));
        assert_eq!(ticket.latency("ap"), None);
        assert_eq!(ticket.latency("sa"), None, "not measured");
    }
}
