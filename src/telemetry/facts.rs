//! What a call was about: written where it becomes known, read once at the call's end.

use std::fmt::Write as _;
use std::sync::OnceLock;

use super::method::MethodId;

/// Maximum length of a text that is kept of what a client sent, in bytes.
const MAX_TEXT: usize = 128;

/// Facts about one call, in the request's extensions as `Arc<RpcFacts>`.
///
/// The outermost layer makes it, the service adds to it, the request log and the span read it at
/// the end. Each fact is set once; the first value stays.
#[derive(Debug)]
pub struct RpcFacts {
    method: MethodId,
    ab_trace_id: OnceLock<Box<str>>,
    match_pool: OnceLock<Box<str>>,
    tick_id: OnceLock<u64>,
    totals: OnceLock<Totals>,
    refusals: OnceLock<Box<str>>,
}

/// What a call moved, as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Tickets received.
    pub tickets_in: u64,
    /// Matches sent.
    pub matches_out: u64,
    /// Players in the matches sent.
    pub players_matched: u64,
    /// Backfill proposals sent.
    pub proposals_out: u64,
}

impl RpcFacts {
    /// Facts about a call of `method` of which nothing else is known yet.
    pub fn new(method: MethodId) -> Self {
        Self {
            method,
            ab_trace_id: OnceLock::new(),
            match_pool: OnceLock::new(),
            tick_id: OnceLock::new(),
            totals: OnceLock::new(),
            refusals: OnceLock::new(),
        }
    }

    /// The method called.
    pub fn method(&self) -> MethodId {
        self.method
    }

    /// AGS's own trace id; a blank one does not count.
    pub fn set_ab_trace_id(&self, id: &str) {
        set_text(&self.ab_trace_id, id);
    }

    /// AGS's own trace id.
    pub fn ab_trace_id(&self) -> Option<&str> {
        self.ab_trace_id.get().map(AsRef::as_ref)
    }

    /// The pool whose tickets the call carries; a blank one does not count.
    pub fn set_match_pool(&self, pool: &str) {
        set_text(&self.match_pool, pool);
    }

    /// The pool whose tickets the call carries.
    pub fn match_pool(&self) -> Option<&str> {
        self.match_pool.get().map(AsRef::as_ref)
    }

    /// The tick's number at the caller.
    pub fn set_tick_id(&self, id: u64) {
        let _ = self.tick_id.set(id);
    }

    /// The tick's number at the caller.
    pub fn tick_id(&self) -> Option<u64> {
        self.tick_id.get().copied()
    }

    /// What the call moved.
    pub fn set_totals(&self, totals: Totals) {
        let _ = self.totals.set(totals);
    }

    /// What the call moved; zeros before it is known.
    pub fn totals(&self) -> Totals {
        self.totals.get().copied().unwrap_or_default()
    }

    /// What was refused in the call: reasons and their counts. An empty list does not count.
    pub fn set_refusals(&self, refusals: impl IntoIterator<Item = (&'static str, u64)>) {
        let mut text = String::new();
        for (reason, times) in refusals {
            let gap = if text.is_empty() { "" } else { " " };
            // Writing to a string cannot fail.
            let _ = write!(text, "{gap}{reason}={times}");
        }
        if !text.is_empty() {
            let _ = self.refusals.set(text.into());
        }
    }

    /// Refusals as `reason=count` separated by blanks; `None` if nothing was refused.
    pub fn refusals(&self) -> Option<&str> {
        self.refusals.get().map(AsRef::as_ref)
    }
}

fn set_text(cell: &OnceLock<Box<str>>, text: &str) {
    let text = text.trim();
    if !text.is_empty() && cell.get().is_none() {
        let _ = cell.set(bounded(text, MAX_TEXT).into());
    }
}

/// At most `max` bytes of `text`, cut between characters.
pub fn bounded(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

#[cfg(test)]
mod tests {
    use super::super::testing::facts;
    use super::*;

    #[test]
    fn the_first_text_stays_and_is_bounded() {
        let facts = facts();
        facts.set_ab_trace_id("  ");
        assert_eq!(facts.ab_trace_id(), None);
        facts.set_ab_trace_id(&"é".repeat(100));
        facts.set_ab_trace_id("second");
        assert_eq!(facts.ab_trace_id().map(str::len), Some(128));
        facts.set_tick_id(0);
        facts.set_tick_id(7);
        assert_eq!(facts.tick_id(), Some(0));
    }

    #[test]
    fn what_was_moved_and_refused_is_set_once() {
        let facts = facts();
        assert_eq!(
            (facts.totals(), facts.refusals()),
            (Totals::default(), None)
        );
        facts.set_refusals([]);
        facts.set_refusals([("expired", 1), ("too_many_players", 3)]);
        facts.set_refusals([("expired", 9)]);
        assert_eq!(facts.refusals(), Some("expired=1 too_many_players=3"));
        let moved = Totals {
            tickets_in: 2,
            matches_out: 1,
            players_matched: 4,
            proposals_out: 0,
        };
        facts.set_totals(moved);
        facts.set_totals(Totals::default());
        assert_eq!(facts.totals(), moved);
    }
}
