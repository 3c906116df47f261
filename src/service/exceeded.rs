//! The tickets and sessions of a stream that are beyond a bound: counted by bound, and named once in
//! the log, at the end of the stream.

use std::fmt::Write as _;

use super::decode::Bound;
use crate::matching::rules::quoted;

/// How many were left out, and the first of each kind.
#[derive(Debug, Clone, Default)]
pub(super) struct Exceeded(Vec<Kind>);

#[derive(Debug, Clone)]
struct Kind {
    bound: Bound,
    times: u64,
    /// Id of the first one, as the log shows it.
    first: String,
}

impl Exceeded {
    /// A ticket or a session of this id is beyond the bound.
    pub(super) fn add(&mut self, bound: Bound, id: &str) {
        match self.0.iter_mut().find(|kind| kind.bound == bound) {
            Some(kind) => kind.times += 1,
            None => self.0.push(Kind {
                bound,
                times: 1,
                first: quoted(id),
            }),
        }
    }

    /// Each bound that was exceeded, and how often.
    pub(super) fn counts(&self) -> impl Iterator<Item = (Bound, u64)> {
        self.0.iter().map(|kind| (kind.bound, kind.times))
    }

    /// How many were left out and why, in one sentence; `None` if none was.
    pub(super) fn summary(&self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let mut text = String::from("left out:");
        for (at, kind) in self.0.iter().enumerate() {
            let gap = if at == 0 { "" } else { ";" };
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "{gap} {} with {}, the first is {}",
                kind.times,
                kind.bound.broken(),
                kind.first
            );
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_is_named_with_its_count_and_its_first_ticket() {
        let mut exceeded = Exceeded::default();
        assert_eq!(exceeded.summary(), None);
        exceeded.add(Bound::Players, "a");
        exceeded.add(Bound::NotFinite, &"n".repeat(1000));
        exceeded.add(Bound::Players, "b");
        let counts: Vec<_> = exceeded.counts().collect();
        assert_eq!(counts, [(Bound::Players, 2), (Bound::NotFinite, 1)]);
        let long = "n".repeat(64);
        let expected = format!(
            "left out: 2 with too many players (MAX_PLAYERS_PER_TICKET), the first is \"a\"; 1 with \
             an attribute with a number that is not finite, the first is \"{long}\"… (1000 characters)"
        );
        assert_eq!(exceeded.summary(), Some(expected));
    }

    #[test]
    fn no_two_bounds_share_a_name() {
        let mut names = Bound::ALL.map(Bound::as_str);
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
