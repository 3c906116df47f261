//! What a call was about: written by whoever learns it, read once at the call's end.

use std::fmt::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::method::MethodId;

/// Longest text that is kept of what a client sent, in bytes.
const MAX_TEXT: usize = 128;

/// Facts about one call, in the request's extensions as `Arc<RpcFacts>`.
///
/// The outermost layer makes it, the service adds to it, the request log and the span read it at
/// the end. Counts are added per call or per tick, never per ticket.
#[derive(Debug)]
pub struct RpcFacts {
    method: MethodId,
    ab_trace_id: OnceLock<Box<str>>,
    match_pool: OnceLock<Box<str>>,
    tick_id: OnceLock<u64>,
    counts: Counts,
    reasons: OnceLock<(&'static [&'static str], Box<[AtomicU64]>)>,
}

#[derive(Debug, Default)]
struct Counts {
    tickets_in: AtomicU64,
    matches_out: AtomicU64,
    players_matched: AtomicU64,
    proposals_out: AtomicU64,
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
            counts: Counts::default(),
            reasons: OnceLock::new(),
        }
    }

    /// The method called.
    pub fn method(&self) -> MethodId {
        self.method
    }

    /// AGS's own trace id. The first one that is not blank stays.
    pub fn set_ab_trace_id(&self, id: &str) {
        set_text(&self.ab_trace_id, id);
    }

    /// AGS's own trace id.
    pub fn ab_trace_id(&self) -> Option<&str> {
        self.ab_trace_id.get().map(AsRef::as_ref)
    }

    /// The pool whose tickets the call carries. The first one that is not blank stays.
    pub fn set_match_pool(&self, pool: &str) {
        set_text(&self.match_pool, pool);
    }

    /// The pool whose tickets the call carries.
    pub fn match_pool(&self) -> Option<&str> {
        self.match_pool.get().map(AsRef::as_ref)
    }

    /// The tick's number at the caller. The first one stays.
    pub fn set_tick_id(&self, id: u64) {
        let _ = self.tick_id.set(id);
    }

    /// The tick's number at the caller.
    pub fn tick_id(&self) -> Option<u64> {
        self.tick_id.get().copied()
    }

    /// Adds to what the call moved.
    pub fn add(&self, more: Totals) {
        for (count, more) in [
            (&self.counts.tickets_in, more.tickets_in),
            (&self.counts.matches_out, more.matches_out),
            (&self.counts.players_matched, more.players_matched),
            (&self.counts.proposals_out, more.proposals_out),
        ] {
            if more > 0 {
                count.fetch_add(more, Relaxed);
            }
        }
    }

    /// What the call moved so far.
    pub fn totals(&self) -> Totals {
        Totals {
            tickets_in: self.counts.tickets_in.load(Relaxed),
            matches_out: self.counts.matches_out.load(Relaxed),
            players_matched: self.counts.players_matched.load(Relaxed),
            proposals_out: self.counts.proposals_out.load(Relaxed),
        }
    }

    /// Adds refusals for `reasons[index]`; an index outside the table is ignored.
    pub fn add_refusals(&self, reasons: &'static [&'static str], index: usize, more: u64) {
        if more == 0 {
            return;
        }
        let (_, counts) = self.reasons.get_or_init(|| {
            let counts = reasons.iter().map(|_| AtomicU64::new(0)).collect();
            (reasons, counts)
        });
        if let Some(count) = counts.get(index) {
            count.fetch_add(more, Relaxed);
        }
    }

    /// Refusals as `reason=count` separated by blanks; `None` if nothing was refused.
    pub fn refusals(&self) -> Option<String> {
        let (reasons, counts) = self.reasons.get()?;
        let mut text = String::new();
        for (reason, count) in reasons.iter().zip(counts) {
            let count = count.load(Relaxed);
            if count > 0 {
                let gap = if text.is_empty() { "" } else { " " };
                // Writing to a string cannot fail.
                let _ = write!(text, "{gap}{reason}={count}");
            }
        }
        (!text.is_empty()).then_some(text)
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
    use super::super::method::MethodTable;
    use super::*;

    fn facts() -> RpcFacts {
        RpcFacts::new(MethodTable::new(&[]).find("/x/y"))
    }

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
    fn counts_add_up() {
        const REASONS: &[&str] = &["expired", "too_many_players"];
        let facts = facts();
        assert_eq!(facts.refusals(), None);
        facts.add_refusals(REASONS, 1, 2);
        facts.add_refusals(REASONS, 1, 1);
        facts.add_refusals(REASONS, 9, 1);
        assert_eq!(facts.refusals().as_deref(), Some("too_many_players=3"));
        facts.add_refusals(REASONS, 0, 1);
        assert_eq!(
            facts.refusals().as_deref(),
            Some("expired=1 too_many_players=3")
        );
        let half = Totals {
            tickets_in: 2,
            matches_out: 1,
            players_matched: 4,
            proposals_out: 0,
        };
        facts.add(half);
        facts.add(half);
        assert_eq!(facts.totals().players_matched, 8);
    }
}
