//! The way from one waiting entry to the next, past those that are gone.

/// For each entry of a row, where to look on if it is gone.
///
/// Entries only ever go: each pass over those that are gone lets the next one take them in one step
/// (path compression), so that a walk costs what waits, not what ever waited.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// A later entry, with none that waits in between.
    next: Vec<u32>,
    /// One more than an earlier entry, with none that waits in between.
    before: Vec<u32>,
}

impl Links {
    /// Adds entries at the end, so that there are `len`.
    pub(super) fn grow(&mut self, len: u32) {
        let old = self.next.len() as u32;
        self.next.extend(old + 1..=len);
        self.before.extend(old..len);
    }

    /// The first entry that waits, from `from` on and before `end`.
    #[inline]
    pub(super) fn next_from(
        &mut self,
        from: u32,
        end: u32,
        waits: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        if from >= end || waits(from) {
            return (from < end).then_some(from);
        }
        self.skip_forwards(from, end, waits)
    }

    /// The last entry that waits, before `end` and not before `start`.
    #[inline]
    pub(super) fn last_before(
        &mut self,
        end: u32,
        start: u32,
        waits: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        if end <= start || waits(end - 1) {
            return (end > start).then(|| end - 1);
        }
        self.skip_backwards(end, start, waits)
    }

    // Not inlined: a walk seldom comes to an entry that is gone, and what these loops keep in registers
    // would weigh on each of its steps.
    #[inline(never)]
    fn skip_forwards(&mut self, from: u32, end: u32, waits: impl Fn(u32) -> bool) -> Option<u32> {
        let mut found = from;
        while found < end && !waits(found) {
            debug_assert!(self.next[found as usize] > found, "or this would not end");
            found = self.next[found as usize];
        }
        let mut passed = from;
        while passed < found.min(end) {
            passed = std::mem::replace(&mut self.next[passed as usize], found);
        }
        // A link may lead beyond `end`: then none before it waits.
        (found < end).then_some(found)
    }

    #[inline(never)]
    fn skip_backwards(&mut self, end: u32, start: u32, waits: impl Fn(u32) -> bool) -> Option<u32> {
        let mut found = end;
        while found > start && !waits(found - 1) {
            debug_assert!(
                self.before[found as usize - 1] < found,
                "or this would not end"
            );
            found = self.before[found as usize - 1];
        }
        let mut passed = end;
        while passed > found.max(start) {
            passed = std::mem::replace(&mut self.before[passed as usize - 1], found);
        }
        (found > start).then(|| found - 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn links(len: u32) -> Links {
        let mut links = Links::default();
        links.grow(len);
        links
    }

    #[test]
    fn entries_that_are_gone_are_passed_in_one_step() {
        let mut links = links(6);
        let waits = |at: u32| at == 0 || at == 5;
        assert_eq!(links.next_from(1, 6, waits), Some(5));
        assert_eq!(links.next[1..5], [5; 4]);
        assert_eq!(links.last_before(5, 0, waits), Some(0));
        assert_eq!(links.before[1..5], [1; 4]);
    }

    #[test]
    fn bounds_end_the_search_even_where_a_link_leads_beyond() {
        let mut links = links(6);
        let waits = |at: u32| at == 0 || at == 5;
        assert_eq!(links.next_from(1, 6, waits), Some(5));
        assert_eq!(links.next_from(1, 3, waits), None);
        assert_eq!(links.last_before(5, 0, waits), Some(0));
        assert_eq!(links.last_before(5, 2, waits), None);
        assert_eq!(links.next_from(4, 4, waits), None);
        assert_eq!(links.last_before(4, 4, waits), None);
    }

    proptest! {
        #[test]
        fn the_same_is_found_as_by_looking_at_each(
            len in 1_u32..40,
            steps in prop::collection::vec((0_u32..40, 0_u32..41, 0_u32..41, any::<bool>()), 0..80),
        ) {
            let mut links = Links::default();
            links.grow(len / 2);
            links.grow(len);
            let mut waits = vec![true; len as usize];
            for (gone, start, end, forwards) in steps {
                waits[(gone % len) as usize] = false;
                let (start, end) = (start.min(end).min(len), start.max(end).min(len));
                let is_waiting = |at: u32| waits[at as usize];
                if forwards {
                    let first = (start..end).find(|at| is_waiting(*at));
                    prop_assert_eq!(links.next_from(start, end, is_waiting), first);
                } else {
                    let last = (start..end).rev().find(|at| is_waiting(*at));
                    prop_assert_eq!(links.last_before(end, start, is_waiting), last);
                }
            }
        }
    }
}
