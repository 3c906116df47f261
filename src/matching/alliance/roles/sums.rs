//! The same answer for lists of few roles, by sums over sets of roles.
//!
//! By Hall's theorem all players can be placed if and only if for each set of roles those who can play
//! nothing else are no more than its maxima add up to; and by its form with a deficiency, the places of
//! minima that stay empty are the most by which the minima of a set exceed the players who can play one of
//! its roles. With few roles there are few sets, and adding up costs less than looking for paths.

use super::staff::Outlook;

/// Lists of up to so many roles are answered by sums.
const MAX_ROLES: usize = 5;

/// One more than the number of sets.
const SETS: usize = 1 << MAX_ROLES;

/// For each set of roles, a bit each, what the minima and the maxima of its roles add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sums {
    roles: usize,
    bounds: Box<[(u32, u32)]>,
}

impl Sums {
    /// `None` if there are too many roles.
    pub(super) fn of(bounds: &[(u32, u32)]) -> Option<Self> {
        if bounds.len() > MAX_ROLES {
            return None;
        }
        let sum = |set: usize| {
            let inside = bounds
                .iter()
                .enumerate()
                .filter(|(role, _)| set & 1 << role != 0);
            inside.fold((0_u32, 0_u32), |(mins, maxes), (_, (min, max))| {
                (mins.saturating_add(*min), maxes.saturating_add(*max))
            })
        };
        Some(Self {
            roles: bounds.len(),
            bounds: (0..1 << bounds.len()).map(sum).collect(),
        })
    }

    /// The set of all roles.
    pub(super) fn all(&self) -> usize {
        self.bounds.len() - 1
    }

    /// What players who can play these sets of roles can make of a team. O(players + r 2^r) for r roles.
    pub(super) fn outlook(&self, crew: impl Iterator<Item = usize>) -> Option<Outlook> {
        // For each set, those who can play nothing outside of it.
        let mut inside = [0_u32; SETS];
        let mut players = 0;
        for set in crew {
            inside[set] += 1;
            players += 1;
        }
        let sets = self.bounds.len();
        for role in 0..self.roles {
            for set in 0..sets {
                if set & 1 << role != 0 {
                    inside[set] += inside[set ^ 1 << role];
                }
            }
        }
        let mut unmet = 0;
        for (set, (mins, maxes)) in self.bounds.iter().enumerate() {
            if inside[set] > *maxes {
                return None;
            }
            let able = players - inside[self.all() ^ set];
            unmet = unmet.max(mins.saturating_sub(able));
        }
        Some(Outlook { unmet })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tries every way to give out the roles: whether all can be placed, and how many places of the
    /// minima are filled at best.
    fn tried(bounds: &[(u32, u32)], crew: &[usize], counts: &mut Vec<u32>) -> Option<u32> {
        let Some((set, rest)) = crew.split_first() else {
            let filled = counts
                .iter()
                .zip(bounds)
                .map(|(count, (min, _))| *count.min(min));
            return Some(filled.sum());
        };
        let mut best = None;
        for role in 0..bounds.len() {
            if set & 1 << role != 0 && counts[role] < bounds[role].1 {
                counts[role] += 1;
                best = best.max(tried(bounds, rest, counts));
                counts[role] -= 1;
            }
        }
        best
    }

    #[test]
    fn sums_say_what_trying_all_ways_says() {
        let mut rng = fastrand::Rng::with_seed(5);
        let mut rights = 0;
        for _ in 0..3000 {
            let roles = rng.usize(1..=4);
            let bounds: Vec<(u32, u32)> = (0..roles)
                .map(|_| {
                    let max = rng.u32(0..=3);
                    (rng.u32(0..=max), max)
                })
                .collect();
            let crew: Vec<usize> = (0..rng.usize(0..=5))
                .map(|_| rng.usize(..1 << roles))
                .collect();
            let needed: u32 = bounds.iter().map(|(min, _)| *min).sum();
            let expected = tried(&bounds, &crew, &mut vec![0; roles]);
            let expected = expected.map(|filled| Outlook {
                unmet: needed - filled,
            });
            let sums = Sums::of(&bounds).expect("few roles");
            assert_eq!(
                sums.outlook(crew.iter().copied()),
                expected,
                "{bounds:?} {crew:?}"
            );
            rights += usize::from(expected.is_some());
        }
        assert!(rights > 500, "{rights}");
        assert_eq!(Sums::of(&[(0, 1); MAX_ROLES + 1]), None);
    }
}
