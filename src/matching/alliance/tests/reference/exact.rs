//! The first valid match in the order of candidates, by looking at all of them.

use std::collections::HashSet;

use super::card::Card;
use super::group::Group;

/// Adds candidates to the pivot in `group`: of all subsets that make a valid match, the first in
/// their order, where taking a candidate comes before leaving it. Whether there is one. If not, the
/// group is as it was.
pub(super) fn find<'c, 'a>(group: &mut Group<'c, 'a>, candidates: &[&'c Card<'a>]) -> bool {
    let admitted = candidates.iter().filter(|card| group.admits(card));
    let open: Vec<&'c Card<'a>> = admitted.copied().collect();
    for (at, card) in open.iter().enumerate() {
        if !can_become_valid(group, &open[at..]) {
            return false;
        }
        group.taken.push(card);
        if find(group, &open[at + 1..]) {
            return true;
        }
        group.taken.pop();
    }
    can_become_valid(group, &[])
}

/// Whether teams can be made of the group and some of the spare tickets. It looks at no more than the
/// sizes of the spare ones, so it may say yes too often; without any it is exact.
fn can_become_valid(group: &Group<'_, '_>, spare: &[&Card<'_>]) -> bool {
    let mut counts = vec![0; group.bounds.players_max as usize + 1];
    for card in spare {
        if let Some(count) = counts.get_mut(card.size()) {
            *count += 1;
        }
    }
    let mut seats = Seats {
        group,
        teams: Vec::new(),
        spare: counts,
        hopeless: HashSet::new(),
    };
    seats.seat(0)
}

struct Seats<'g, 'c, 'a> {
    group: &'g Group<'c, 'a>,
    /// The places in the group of each team's tickets.
    teams: Vec<Vec<usize>>,
    /// How many spare tickets have each size.
    spare: Vec<u32>,
    /// Sizes of teams that the spare tickets cannot fill.
    hopeless: HashSet<Vec<usize>>,
}

impl Seats<'_, '_, '_> {
    fn size(&self, team: &[usize]) -> usize {
        team.iter().map(|at| self.group.taken[*at].size()).sum()
    }

    /// Whether the tickets from that place on can be seated and the teams then be filled.
    fn seat(&mut self, at: usize) -> bool {
        let largest = self.group.bounds.players_max as usize;
        if at == self.group.taken.len() {
            let mut sizes: Vec<usize> = self.teams.iter().map(|team| self.size(team)).collect();
            sizes.sort_unstable();
            if self.hopeless.contains(&sizes) {
                return false;
            }
            let filled = self.fill(&mut sizes.clone());
            if !filled {
                self.hopeless.insert(sizes);
            }
            return filled;
        }
        if self.teams.len() < self.group.bounds.teams_max as usize {
            self.teams.push(Vec::new());
            if self.group.taken[at].size() <= largest && self.seat_in(self.teams.len() - 1, at) {
                return true;
            }
            self.teams.pop();
        }
        for team in 0..self.teams.len() {
            let has_room = self.size(&self.teams[team]) + self.group.taken[at].size() <= largest;
            let is_apart = self.teams[team]
                .iter()
                .any(|one| self.group.apart(*one, at));
            if has_room && !is_apart && self.seat_in(team, at) {
                return true;
            }
        }
        false
    }

    fn seat_in(&mut self, team: usize, at: usize) -> bool {
        self.teams[team].push(at);
        let is_done = self.seat(at + 1);
        self.teams[team].pop();
        is_done
    }

    /// Whether spare tickets can bring all teams to the minimum, and more teams if there are too few.
    fn fill(&mut self, sizes: &mut Vec<usize>) -> bool {
        let bounds = self.group.bounds;
        let below = sizes
            .iter()
            .position(|size| *size < bounds.players_min as usize);
        let Some(team) = below else {
            if sizes.len() >= bounds.teams_min as usize {
                return true;
            }
            sizes.push(0);
            let filled = self.fill(sizes);
            sizes.pop();
            return filled;
        };
        for size in (1..self.spare.len()).rev() {
            if self.spare[size] == 0 || sizes[team] + size > bounds.players_max as usize {
                continue;
            }
            self.spare[size] -= 1;
            sizes[team] += size;
            let filled = self.fill(sizes);
            sizes[team] -= size;
            self.spare[size] += 1;
            if filled {
                return true;
            }
        }
        false
    }
}
