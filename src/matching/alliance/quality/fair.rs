//! Which splits into teams are taken (docs/quality.md, "Chances and parties").

use std::rc::Rc;

use crate::matching::alliance::AllianceRules;
use crate::matching::alliance::TeamBounds;
use crate::matching::alliance::assemble::range;
use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::alliance::roles::{RequestId, Staff};
use crate::matching::alliance::rules::Quality;
use crate::matching::alliance::teams::{FinalTeam, Member};
use crate::matching::{Reason, Value};

/// Exchanges between teams at most.
const EXCHANGES: usize = 64;

/// What each row is asked about where splits can be refused.
#[derive(Debug)]
pub(in crate::matching::alliance) struct Fair<'r> {
    quality: &'r Quality,
    /// The mean rating of each row; nothing where chances to win do not count.
    ratings: Vec<f64>,
    /// The difference at which the stronger one wins ten times of eleven.
    scale: f64,
}

/// What holds for a pivot of some age.
#[derive(Debug, Clone, Copy)]
pub(in crate::matching::alliance) struct Limits {
    win_chance: Option<f64>,
    premade_gap: Option<u32>,
}

/// Two teams, and which of their members change places.
type Swap = [(usize, Vec<usize>); 2];

/// By how much a split is beyond the limits: the gap between parties, then the chance.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
struct Beyond(u32, f64);

impl Beyond {
    const NOT: Self = Self(0, 0.0);
}

impl<'r> Fair<'r> {
    /// `None` where any split is taken.
    pub(in crate::matching::alliance) fn of(rules: &'r AllianceRules, pool: &Pool) -> Option<Self> {
        let quality = rules
            .quality
            .as_ref()
            .filter(|quality| quality.limits_teams())?;
        let rating = quality.rating_of_chances();
        let rating = rating.filter(|_| quality.win_chance_max.is_some());
        let of_ticket = |id: Id| {
            let players = &pool.ticket(id).players;
            let numbers = players.iter().map(|player| {
                let value = rating.and_then(|(name, _)| player.attributes.get(name));
                value.and_then(Value::as_number).unwrap_or(0.0)
            });
            numbers.sum::<f64>() / players.len() as f64
        };
        Some(Self {
            quality,
            ratings: match rating {
                Some(_) => (0..pool.len()).map(of_ticket).collect(),
                None => Vec::new(),
            },
            scale: rating.map_or(f64::INFINITY, |(_, scale)| scale),
        })
    }

    /// What holds for a pivot of that age, in ms.
    pub(in crate::matching::alliance) fn limits(&self, age_ms: i64, bounds: TeamBounds) -> Limits {
        Limits {
            win_chance: self.quality.win_chance_at(age_ms),
            premade_gap: self.quality.premade_gap_at(age_ms, bounds.players_max),
        }
    }

    /// Makes a split keep the limits by exchanges of parties between teams, which leave the teams as
    /// large as they are.
    ///
    /// # Errors
    ///
    /// Which limit it is beyond: [`Reason::Premade`] or [`Reason::WinChance`].
    pub(in crate::matching::alliance) fn keep(
        &self,
        limits: Limits,
        ids: &[Id],
        members: &[Member<'_>],
        apart: &[(u32, u32)],
        staff: Option<&Rc<Staff>>,
        teams: &mut [FinalTeam],
    ) -> Result<(), Reason> {
        let mut beyond = self.beyond(limits, ids, members, teams);
        for _ in 0..EXCHANGES {
            if beyond <= Beyond::NOT {
                return Ok(());
            }
            let mut best: Option<(Beyond, Swap)> = None;
            for exchange in exchanges(members, teams) {
                let [(one, a), (other, b)] = &exchange;
                let changed = exchanged(teams, (*one, a), (*other, b));
                if !is_valid(members, apart, staff, &changed) {
                    continue;
                }
                let then = self.beyond(limits, ids, members, &changed);
                if then < best.as_ref().map_or(beyond, |(known, _)| *known) {
                    best = Some((then, exchange));
                }
            }
            let Some((then, [(one, a), (other, b)])) = best else {
                break;
            };
            let changed = exchanged(teams, (one, &a), (other, &b));
            teams.clone_from_slice(&changed);
            beyond = then;
        }
        match beyond {
            beyond if beyond <= Beyond::NOT => Ok(()),
            Beyond(0, _) => Err(Reason::WinChance),
            Beyond(..) => Err(Reason::Premade),
        }
    }

    fn beyond(
        &self,
        limits: Limits,
        ids: &[Id],
        members: &[Member<'_>],
        teams: &[FinalTeam],
    ) -> Beyond {
        let gap = limits.premade_gap.map_or(0, |max| {
            let sizes = teams.iter().map(|team| largest(members, team));
            let (least, most) = sizes.fold((u32::MAX, 0), |(least, most), size| {
                (least.min(size), most.max(size))
            });
            most.saturating_sub(least).saturating_sub(max)
        });
        let chance = limits.win_chance.map_or(0.0, |max| {
            let of_member = |at: usize| (self.ratings[ids[at] as usize], members[at].players);
            let gap = range(teams.iter().map(|team| team.mean(of_member)));
            let chance = 1.0 / (1.0 + libm::pow(10.0, -gap / self.scale));
            (chance - max).max(0.0)
        });
        Beyond(gap, chance)
    }
}

/// The players of a team's largest party.
fn largest(members: &[Member<'_>], team: &FinalTeam) -> u32 {
    let sizes = team.members.iter().map(|at| members[*at].players);
    sizes.max().unwrap_or(0)
}

/// Exchanges of one party for one or two of another team that have as many players.
fn exchanges(members: &[Member<'_>], teams: &[FinalTeam]) -> Vec<Swap> {
    let mut all = Vec::new();
    for (one, from) in teams.iter().enumerate() {
        for (other, to) in teams.iter().enumerate() {
            if one == other {
                continue;
            }
            for a in &from.members {
                let size = members[*a].players;
                for (at, b) in to.members.iter().enumerate() {
                    let first = members[*b].players;
                    if first == size && one < other {
                        all.push([(one, vec![*a]), (other, vec![*b])]);
                    }
                    let pairs = to.members[at + 1..].iter();
                    let pairs = pairs.filter(|c| first + members[**c].players == size);
                    all.extend(pairs.map(|c| [(one, vec![*a]), (other, vec![*b, *c])]));
                }
            }
        }
    }
    all
}

/// The teams after an exchange.
fn exchanged(
    teams: &[FinalTeam],
    (one, a): (usize, &[usize]),
    (other, b): (usize, &[usize]),
) -> Vec<FinalTeam> {
    let mut teams = teams.to_vec();
    for (team, out, more) in [(one, a, b), (other, b, a)] {
        let members = &mut teams[team].members;
        members.retain(|member| !out.contains(member));
        members.extend(more);
        members.sort_unstable();
    }
    teams
}

/// Whether no blocked pair is in one team, and the roles are right.
fn is_valid(
    members: &[Member<'_>],
    apart: &[(u32, u32)],
    staff: Option<&Rc<Staff>>,
    teams: &[FinalTeam],
) -> bool {
    let both = |team: &FinalTeam, (a, b): &(u32, u32)| {
        team.members.contains(&(*a as usize)) && team.members.contains(&(*b as usize))
    };
    let is_apart = teams
        .iter()
        .all(|team| !apart.iter().any(|pair| both(team, pair)));
    is_apart
        && staff.is_none_or(|staff| {
            // Where each place has a list of its own, teams are not told apart by size alone.
            let crews = teams.iter().map(|team| -> Vec<RequestId> {
                let asks = team.members.iter().flat_map(|at| members[*at].asks);
                asks.copied().collect()
            });
            let crews: Vec<Vec<RequestId>> = crews.collect();
            !staff.has_places() && staff.fills(&crews)
        })
}
