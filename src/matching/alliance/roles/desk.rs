//! Players who are placed in roles, one after the other.

/// Stands for a role that a list does not have, and for that of a player who is not placed.
pub(super) const NOWHERE: u32 = u32::MAX;

/// How many players may change their roles for one more, so that no stack is too small. Teams of games
/// are far smaller.
const DEPTH: u32 = 500;

/// Working memory.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// The roles that each player can play, and where each player's end.
    pub(super) options: Vec<u32>,
    pub(super) ends: Vec<usize>,
    /// The role of each player that is placed.
    pub(super) plays: Vec<u32>,
    /// Roles of players who were there before.
    seated: Vec<u32>,
    /// Players of each role.
    count: Vec<u32>,
    /// The search that looked at a role last.
    seen: Vec<u64>,
    search: u64,
}

impl Desk {
    /// Begins with players who have their roles.
    pub(super) fn begin(&mut self, seated: &[(u32, u32)]) {
        for role in self.options.drain(..) {
            self.count[role as usize] = 0;
        }
        for role in self.seated.drain(..) {
            self.count[role as usize] = 0;
        }
        self.ends.clear();
        self.plays.clear();
        for (role, count) in seated {
            self.make_room(*role);
            self.seated.push(*role);
            self.count[*role as usize] = *count;
        }
    }

    fn make_room(&mut self, role: u32) {
        let roles = role as usize + 1;
        if self.count.len() < roles {
            self.count.resize(roles, 0);
            self.seen.resize(roles, 0);
        }
    }

    /// Notes that the last player's options are complete.
    pub(super) fn end_player(&mut self) {
        let start = self.ends.last().copied().unwrap_or(0);
        if let Some(last) = self.options[start..].iter().max() {
            self.make_room(*last);
        }
        self.ends.push(self.options.len());
        self.plays.push(NOWHERE);
    }

    /// Places one more player, others changing their roles where that makes room. Each role then has
    /// as many players as before, but for one that has one more.
    pub(super) fn place(&mut self, player: usize, max: &impl Fn(u32) -> u32) -> bool {
        self.search += 1;
        self.augment(player, max, 0)
    }

    // Each call looks at a role that none before looked at, so it ends.
    fn augment(&mut self, player: usize, max: &impl Fn(u32) -> u32, depth: u32) -> bool {
        if depth == DEPTH {
            return false;
        }
        let start = if player == 0 {
            0
        } else {
            self.ends[player - 1]
        };
        for at in start..self.ends[player] {
            let role = self.options[at];
            let seen = &mut self.seen[role as usize];
            let most = max(role);
            if *seen == self.search || most == 0 {
                continue;
            }
            *seen = self.search;
            if self.count[role as usize] < most {
                self.count[role as usize] += 1;
                self.plays[player] = role;
                return true;
            }
            for other in 0..self.plays.len() {
                if self.plays[other] == role && self.augment(other, max, depth + 1) {
                    self.plays[player] = role;
                    return true;
                }
            }
        }
        false
    }
}
