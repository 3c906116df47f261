//! The tickets taken into a match so far, and what they ask of the next one.
//!
//! Everything here narrows only with tickets that are taken, and widens again when the last one is
//! given back. Testing a ticket costs its own players and values, not the size of the match.

use super::pool::{Id, Pool};
use super::{BlockPolicy, OptionKind};
use crate::matching::Reason;

/// A match in the making. The first ticket is the pivot.
#[derive(Debug)]
pub(super) struct Chosen {
    policy: BlockPolicy,
    tickets: Vec<Id>,
    sizes: Vec<u32>,
    players: u64,
    /// Pairs of places in `tickets` that may not be in one team.
    foes: Vec<(u32, u32)>,
    /// For each `any` option, the values common to the first ticket, the first two, and so on.
    common: Vec<Common>,
    /// For each `unique` option, which values occur.
    used: Vec<Vec<bool>>,
    /// For each player, whether it is in the match.
    inside: Vec<bool>,
    /// For each player, how many tickets of the match block it.
    blocked: Vec<u32>,
    cross_play: CrossPlay,
    /// Whether the pool has blocked players that matter.
    blocks: bool,
}

/// The narrowing values of one `any` option: a stack of lists in one piece of memory.
#[derive(Debug, Default)]
struct Common {
    values: Vec<u32>,
    starts: Vec<usize>,
}

/// Platforms of the tickets taken, where the pivot makes them matter.
#[derive(Debug, Default)]
struct CrossPlay {
    active: bool,
    /// For each platform, how many tickets are on it.
    on: Vec<u32>,
    /// For each platform, how many tickets play with it.
    with: Vec<u32>,
    /// The platforms that some ticket is on, as often as tickets are.
    present: Vec<u32>,
}

impl Chosen {
    /// Room for matches of this pool.
    pub(super) fn new(pool: &Pool, policy: BlockPolicy) -> Self {
        let of_kind = |kind| {
            pool.options
                .iter()
                .filter(move |column| column.kind == kind)
        };
        let blocks = policy != BlockPolicy::CanMatch && !pool.blocked.all_empty();
        let people = if blocks || pool.shared_players {
            pool.player_count
        } else {
            0
        };
        let platforms = match pool.platforms {
            Some(_) => pool.values.len(),
            None => 0,
        };
        Self {
            policy,
            tickets: Vec::new(),
            sizes: Vec::new(),
            players: 0,
            foes: Vec::new(),
            common: of_kind(OptionKind::Any)
                .map(|_| Common::default())
                .collect(),
            used: of_kind(OptionKind::Unique)
                .map(|_| vec![false; pool.values.len()])
                .collect(),
            inside: vec![false; people],
            blocked: vec![0; if blocks { people } else { 0 }],
            cross_play: CrossPlay {
                active: false,
                on: vec![0; platforms],
                with: vec![0; platforms],
                present: Vec::new(),
            },
            blocks,
        }
    }

    /// The tickets, the pivot first, then in the order in which they were taken.
    pub(super) fn tickets(&self) -> &[Id] {
        &self.tickets
    }

    /// Players of each ticket.
    pub(super) fn sizes(&self) -> &[u32] {
        &self.sizes
    }

    /// Players in all.
    pub(super) fn players(&self) -> u64 {
        self.players
    }

    /// Pairs of places in [`Chosen::tickets`] that may not be in one team.
    pub(super) fn foes(&self) -> &[(u32, u32)] {
        &self.foes
    }

    /// Begins a match with its pivot.
    pub(super) fn begin(&mut self, pool: &Pool, pivot: Id) {
        self.clear(pool);
        self.cross_play.active = pool
            .platforms
            .as_ref()
            .is_some_and(|platforms| !platforms.current.get(pivot).is_empty());
        self.push(pool, pivot);
    }

    /// Whether a ticket that passes every test with the pivot also goes with the others.
    pub(super) fn admits(&self, pool: &Pool, id: Id) -> Result<(), Reason> {
        if !self.inside.is_empty() {
            let players = pool.players.get(id);
            if pool.shared_players && players.iter().any(|player| self.inside[*player as usize]) {
                return Err(Reason::SharedPlayer);
            }
            if self.policy == BlockPolicy::CannotMatch && self.is_foe(pool, id) {
                return Err(Reason::Blocked);
            }
        }
        let mut any = self.common.iter();
        let mut unique = self.used.iter();
        for column in &pool.options {
            let values = column.values(id);
            let fits = match column.kind {
                OptionKind::Any => any.next().is_some_and(|common| common.meets(values)),
                OptionKind::Unique => unique
                    .next()
                    .is_some_and(|used| !values.iter().any(|value| used[*value as usize])),
                OptionKind::All | OptionKind::Disable => true,
            };
            if !fits {
                return Err(Reason::Option);
            }
        }
        if self.cross_play.active && !self.cross_play.admits(pool, id, self.tickets.len()) {
            return Err(Reason::CrossPlay);
        }
        Ok(())
    }

    /// Whether the ticket blocks a player of the match, or one of them blocks its.
    fn is_foe(&self, pool: &Pool, id: Id) -> bool {
        let inside = |player: &u32| self.inside[*player as usize];
        let blocked = |player: &u32| self.blocked[*player as usize] > 0;
        self.blocks
            && (pool.blocked.get(id).iter().any(inside) || pool.players.get(id).iter().any(blocked))
    }

    /// Takes a ticket that the match [admits](Chosen::admits).
    pub(super) fn push(&mut self, pool: &Pool, id: Id) {
        if self.policy == BlockPolicy::DifferentTeam && self.is_foe(pool, id) {
            let place = self.tickets.len() as u32;
            let foes = (0..place).filter(|other| foes(pool, self.tickets[*other as usize], id));
            self.foes.extend(foes.map(|other| (other, place)));
        }
        if !self.inside.is_empty() {
            for player in pool.players.get(id) {
                self.inside[*player as usize] = true;
            }
        }
        if self.blocks {
            for player in pool.blocked.get(id) {
                self.blocked[*player as usize] += 1;
            }
        }
        let mut any = self.common.iter_mut();
        let mut unique = self.used.iter_mut();
        for column in &pool.options {
            match column.kind {
                OptionKind::Any => any.next().expect("one each").push(column.values(id)),
                OptionKind::Unique => {
                    mark(unique.next().expect("one each"), column.values(id), true)
                }
                OptionKind::All | OptionKind::Disable => {}
            }
        }
        if self.cross_play.active {
            self.cross_play.push(pool, id);
        }
        self.tickets.push(id);
        self.sizes.push(pool.sizes[id as usize]);
        self.players += u64::from(pool.sizes[id as usize]);
    }

    /// Gives back the ticket that was taken last.
    pub(super) fn pop(&mut self, pool: &Pool) {
        let Some(id) = self.tickets.pop() else {
            return;
        };
        let place = self.tickets.len() as u32;
        self.sizes.pop();
        self.players -= u64::from(pool.sizes[id as usize]);
        while self.foes.last().is_some_and(|(_, foe)| *foe == place) {
            self.foes.pop();
        }
        if !self.inside.is_empty() {
            for player in pool.players.get(id) {
                self.inside[*player as usize] = false;
            }
        }
        if self.blocks {
            for player in pool.blocked.get(id) {
                self.blocked[*player as usize] -= 1;
            }
        }
        let mut any = self.common.iter_mut();
        let mut unique = self.used.iter_mut();
        for column in &pool.options {
            match column.kind {
                OptionKind::Any => any.next().expect("one each").pop(),
                OptionKind::Unique => {
                    mark(unique.next().expect("one each"), column.values(id), false);
                }
                OptionKind::All | OptionKind::Disable => {}
            }
        }
        if self.cross_play.active {
            self.cross_play.pop(pool, id);
        }
    }

    /// What tickets that come later find: sizes and common values. After tickets of the same key, the
    /// same later ones are admitted and the same teams can be made. `None` where more than that counts.
    pub(super) fn key(&self) -> Option<Vec<u32>> {
        if !self.used.is_empty() || !self.inside.is_empty() || self.cross_play.active {
            return None;
        }
        let mut key = self.sizes.clone();
        key.sort_unstable();
        for common in &self.common {
            key.push(u32::MAX);
            key.extend(common.top());
        }
        Some(key)
    }

    /// Gives back all.
    fn clear(&mut self, pool: &Pool) {
        while !self.tickets.is_empty() {
            self.pop(pool);
        }
    }
}

/// Whether a player of one ticket is blocked by the other.
fn foes(pool: &Pool, a: Id, b: Id) -> bool {
    let blocks = |a: Id, b: Id| {
        let blocked = pool.blocked.get(a);
        let hit = |player: &u32| blocked.binary_search(player).is_ok();
        pool.players.get(b).iter().any(hit)
    };
    blocks(a, b) || blocks(b, a)
}

fn mark(used: &mut [bool], values: &[u32], present: bool) {
    for value in values {
        used[*value as usize] = present;
    }
}

impl Common {
    fn top(&self) -> &[u32] {
        match self.starts.last() {
            Some(start) => &self.values[*start..],
            None => &[],
        }
    }

    /// Whether a ticket with these values shares one with all before. Tickets without the attribute
    /// share it with others that do not have it.
    fn meets(&self, values: &[u32]) -> bool {
        let common = self.top();
        if common.is_empty() || values.is_empty() {
            return common.is_empty() && values.is_empty();
        }
        let (few, many) = if common.len() < values.len() {
            (common, values)
        } else {
            (values, common)
        };
        few.iter().any(|value| many.binary_search(value).is_ok())
    }

    fn push(&mut self, values: &[u32]) {
        let end = self.values.len();
        if let Some(start) = self.starts.last().copied() {
            for at in start..end {
                let value = self.values[at];
                if values.binary_search(&value).is_ok() {
                    self.values.push(value);
                }
            }
        } else {
            self.values.extend(values);
        }
        self.starts.push(end);
    }

    fn pop(&mut self) {
        if let Some(start) = self.starts.pop() {
            self.values.truncate(start);
        }
    }
}

impl CrossPlay {
    /// Whether every platform that one side is on is one that the other plays with.
    fn admits(&self, pool: &Pool, id: Id, tickets: usize) -> bool {
        let Some(platforms) = &pool.platforms else {
            return true;
        };
        let crossed = platforms.crossed.get(id);
        let all = tickets as u32;
        let welcome = |platform: &u32| self.with[*platform as usize] == all;
        platforms.current.get(id).iter().all(welcome)
            && self
                .present
                .iter()
                .all(|platform| crossed.binary_search(platform).is_ok())
    }

    fn push(&mut self, pool: &Pool, id: Id) {
        let Some(platforms) = &pool.platforms else {
            return;
        };
        for platform in platforms.current.get(id) {
            self.on[*platform as usize] += 1;
            if self.on[*platform as usize] == 1 {
                self.present.push(*platform);
            }
        }
        for platform in platforms.crossed.get(id) {
            self.with[*platform as usize] += 1;
        }
    }

    /// Undoes the last push.
    fn pop(&mut self, pool: &Pool, id: Id) {
        let Some(platforms) = &pool.platforms else {
            return;
        };
        for platform in platforms.current.get(id).iter().rev() {
            self.on[*platform as usize] -= 1;
            if self.on[*platform as usize] == 0 {
                self.present.pop();
            }
        }
        for platform in platforms.crossed.get(id) {
            self.with[*platform as usize] -= 1;
        }
    }
}
