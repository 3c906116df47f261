//! Valid splits of a match's parties into a given number of teams, and the number of teams itself.

use super::casts::Cast;
use super::classes::{Class, classes};
use super::lineup::Lineup;
use super::packing::{Form, Packed, Packing, SEARCH_STEPS};
use super::{EXACT_PARTIES, Member, balance, exact};
use crate::matching::alliance::TeamBounds;

/// Steps of all searches for the teams of one match together.
const ALL_STEPS: u32 = 5 * SEARCH_STEPS;

/// Teams that the simple rule may look at in one step.
const LOOKS_PER_STEP: u64 = 16;

/// The parties of a match, and the bounds of its teams.
#[derive(Debug)]
pub(super) struct Splits<'a> {
    members: &'a [Member<'a>],
    blocked: &'a [Vec<usize>],
    form: Form<'a>,
    classes: Vec<Class>,
    players: u64,
    /// Steps that searches may still take.
    steps: u32,
}

/// A split: the team of each member.
#[derive(Debug)]
pub(super) struct Split {
    pub(super) teams: u32,
    pub(super) team_of: Vec<usize>,
    /// The list of roles of each team; empty if all go by the first.
    pub(super) lists: Vec<usize>,
}

impl Split {
    /// The split in which members are at these places, which go by these lists; places without a member
    /// are left out.
    pub(super) fn without_empty(mut team_of: Vec<usize>, lists: &[usize]) -> Self {
        let mut used = team_of.clone();
        used.sort_unstable();
        used.dedup();
        for team in &mut team_of {
            *team = used.partition_point(|other| *other < *team);
        }
        let lists = used.iter().filter_map(|place| lists.get(*place));
        Self {
            // No more than members.
            teams: u32::try_from(used.len()).unwrap_or(u32::MAX),
            team_of,
            lists: lists.copied().collect(),
        }
    }
}

/// Places that are tried as those which a match with lists of its own for each uses.
const MAX_PLACE_SETS: usize = 64;

impl<'a> Splits<'a> {
    /// `None` if a member fits into no team.
    pub(super) fn new(
        members: &'a [Member<'a>],
        blocked: &'a [Vec<usize>],
        form: Form<'a>,
    ) -> Option<Self> {
        let sizes = 1..=form.bounds.players_max;
        if !members.iter().all(|one| sizes.contains(&one.players)) {
            return None;
        }
        let kind_of_each: Vec<_> = members.iter().map(|member| member.kind).collect();
        Some(Self {
            members,
            blocked,
            form,
            classes: classes(&kind_of_each, blocked, form.kinds),
            players: members.iter().map(|one| u64::from(one.players)).sum(),
            steps: ALL_STEPS,
        })
    }

    /// The split that spreads the parties over the `teams_max` places: the one with the smallest
    /// difference between the fullest and the emptiest of them, a place without a team having no
    /// players; of equal ones one with more teams, then the most balanced.
    pub(super) fn spread(&mut self) -> Option<Split> {
        let mut best: Option<(u32, Split)> = None;
        for teams in self.possible_teams().rev() {
            // The difference rises as places stay empty: it is then the size of the fullest team.
            let least = self.least_difference(teams);
            if best.as_ref().is_some_and(|(known, _)| *known <= least) {
                break;
            }
            let Some((difference, split)) = self.spread_over(teams, least) else {
                continue;
            };
            if best.as_ref().is_none_or(|(known, _)| difference < *known) {
                best = Some((difference, split));
            }
        }
        best.map(|(_, split)| split)
    }

    /// A split that was found first: into the fewest teams for which a search finds one. Whenever the
    /// packer says that these parties can be completed with none beside them, there is one.
    pub(super) fn first(&mut self) -> Option<Split> {
        for teams in self.possible_teams() {
            for lists in self.lists_of(teams) {
                if let Some(team_of) = self.into(exactly(teams, self.form.bounds), &lists) {
                    return Some(Split {
                        teams,
                        team_of,
                        lists,
                    });
                }
            }
        }
        // The searches above may have given up where the one of the packer did not: it had other
        // bounds. This is the same one, so a match that it promised is made.
        let mut packing = Packing::new(self.form, &self.classes, Vec::new(), SEARCH_STEPS);
        let packed = packing.run()?;
        let staff = self.form.staff.filter(|staff| staff.has_places());
        let Some(staff) = staff else {
            return Some(Split {
                teams: packed.teams,
                team_of: packed.team_of,
                lists: Vec::new(),
            });
        };
        let places = 0..self.form.bounds.teams_max as usize;
        let lists: Vec<usize> = places.map(|place| staff.list_of(place)).collect();
        Some(Split::without_empty(in_places(packed, &lists), &lists))
    }

    /// The lists of roles by which so many teams may go, in the order of their places: one set for each
    /// choice of places, the lowest first. One empty set if all teams go by the same.
    fn lists_of(&self, teams: u32) -> Vec<Vec<usize>> {
        let Some(staff) = self.form.staff.filter(|staff| staff.has_places()) else {
            return vec![Vec::new()];
        };
        let places = self.form.bounds.teams_max as usize;
        let mut sets = Vec::new();
        let mut chosen: Vec<usize> = Vec::new();
        // Depth first: each place is used before it is left empty.
        let mut place = 0;
        loop {
            let missing = teams as usize - chosen.len();
            if missing == 0 {
                let lists: Vec<usize> = chosen.iter().map(|place| staff.list_of(*place)).collect();
                let mut rest = (0..places).filter(|place| !chosen.contains(place));
                let is_whole = !rest.any(|place| staff.is_required(staff.list_of(place)));
                // Places with the same lists do the same.
                if is_whole && !sets.contains(&lists) {
                    sets.push(lists);
                }
            } else if places - place >= missing {
                chosen.push(place);
                place += 1;
                continue;
            }
            if sets.len() == MAX_PLACE_SETS {
                return sets;
            }
            match chosen.pop() {
                Some(last) => place = last + 1,
                None => return sets,
            }
        }
    }

    /// The numbers of teams for which the players may be enough and not too many.
    fn possible_teams(&self) -> std::ops::RangeInclusive<u32> {
        let bounds = self.form.bounds;
        let min = self.players.div_ceil(u64::from(bounds.players_max));
        let max = (self.players / u64::from(bounds.players_min)).min(self.members.len() as u64);
        let number = |teams: u64| u32::try_from(teams).unwrap_or(u32::MAX);
        number(min).max(bounds.teams_min)..=number(max).min(bounds.teams_max)
    }

    /// A bound of the difference between the fullest and the emptiest place.
    fn least_difference(&self, teams: u32) -> u32 {
        let teams_of = u64::from(teams);
        if teams == self.form.bounds.teams_max {
            return u32::from(!self.players.is_multiple_of(teams_of));
        }
        let largest = self.members.iter().map(|one| one.players).max();
        let mean = u32::try_from(self.players.div_ceil(teams_of)).unwrap_or(u32::MAX);
        largest.unwrap_or(0).max(mean)
    }

    /// The best split into so many teams, with the difference between the fullest and the emptiest
    /// place, which is `least` or more.
    fn spread_over(&mut self, teams: u32, least: u32) -> Option<(u32, Split)> {
        let mut best: Option<(u32, exact::Gaps, Split)> = None;
        for lists in self.lists_of(teams) {
            let Some((difference, team_of)) = self.spread_by(teams, least, &lists) else {
                continue;
            };
            let gaps = exact::gaps(
                &self.lineup(exactly(teams, self.form.bounds), &lists),
                &team_of,
            );
            let is_better = best
                .as_ref()
                .is_none_or(|(known, least, _)| (difference, gaps) < (*known, *least));
            if is_better {
                let split = Split {
                    teams,
                    team_of,
                    lists,
                };
                best = Some((difference, gaps, split));
            }
        }
        best.map(|(difference, _, split)| (difference, split))
    }

    /// The same with these lists.
    fn spread_by(&mut self, teams: u32, least: u32, lists: &[usize]) -> Option<(u32, Vec<usize>)> {
        let mut bounds = exactly(teams, self.form.bounds);
        let mut known = self.into(bounds, lists)?;
        if teams == self.form.bounds.teams_max {
            let team_of = balanced(&self.lineup(bounds, lists), known);
            let sizes = self.sizes(&team_of, bounds, lists);
            return Some((sizes.1 - sizes.0, team_of));
        }
        // Some place is empty, so only the fullest team counts. Smaller ones are tried in turn: the
        // first that works is the smallest, and the first split is mostly near it.
        bounds.players_max = self.sizes(&known, bounds, lists).1;
        for players_max in least..bounds.players_max {
            let smaller = TeamBounds {
                players_max,
                ..bounds
            };
            if let Some(team_of) = self.into(smaller, lists) {
                (known, bounds) = (team_of, smaller);
                break;
            }
        }
        let team_of = balanced(&self.lineup(bounds, lists), known);
        Some((bounds.players_max, team_of))
    }

    fn lineup<'l>(&'l self, bounds: TeamBounds, lists: &'l [usize]) -> Lineup<'l> {
        let cast = Cast {
            staff: self.form.staff,
            lists,
        };
        Lineup::new(self.members, self.blocked, bounds, cast)
    }

    /// Some split within these bounds, which are for one number of teams.
    fn into(&mut self, bounds: TeamBounds, lists: &[usize]) -> Option<Vec<usize>> {
        if bounds.players_max < bounds.players_min {
            return None;
        }
        if self.steps == 0 {
            return None;
        }
        // Each member looks at each team. Charged like a search, or a match of thousands of solos for
        // which the rule fails would try it at every size.
        let looks = self.members.len() as u64 * u64::from(bounds.teams_max);
        let looks = u32::try_from(looks / LOOKS_PER_STEP).unwrap_or(u32::MAX);
        self.steps = self.steps.saturating_sub(looks);
        // Nearly every match is done here. Where the rule fails, a split may exist all the same.
        if let Some(team_of) = self.lineup(bounds, lists).greedy() {
            return Some(team_of);
        }
        let budget = self.steps.min(SEARCH_STEPS);
        let form = Form {
            bounds,
            ..self.form
        };
        let mut packing = Packing::new(form, &self.classes, Vec::new(), budget);
        packing.use_only(lists);
        let packed = packing.run();
        self.steps -= budget - packing.steps_left();
        packed.map(|packed| in_places(packed, lists))
    }

    /// Players of the smallest and the largest team.
    fn sizes(&self, team_of: &[usize], bounds: TeamBounds, lists: &[usize]) -> (u32, u32) {
        let lineup = self.lineup(bounds, lists);
        let sizes = (0..lineup.teams()).map(|team| lineup.sum(team_of, team).0);
        sizes.fold((u32::MAX, 0), |(min, max), size| {
            (min.min(size), max.max(size))
        })
    }
}

/// The teams that a search found, in the order of these lists.
fn in_places(packed: Packed, lists: &[usize]) -> Vec<usize> {
    let mut team_of = packed.team_of;
    if lists.is_empty() {
        return team_of;
    }
    let mut is_free = vec![true; lists.len()];
    let mut place_of = Vec::with_capacity(packed.lists.len());
    for list in &packed.lists {
        let mut places = (0..lists.len()).filter(|place| is_free[*place] && lists[*place] == *list);
        let place = places.next().expect("it used no other places");
        is_free[place] = false;
        place_of.push(place);
    }
    for team in &mut team_of {
        *team = place_of[*team];
    }
    team_of
}

/// The most balanced split that is found from a known one.
fn balanced(lineup: &Lineup<'_>, known: Vec<usize>) -> Vec<usize> {
    debug_assert!(lineup.is_valid(&known), "{known:?} is not a valid split");
    // With a member in each team, all splits are the same teams.
    if lineup.members.len() == lineup.teams() && lineup.cast.lists.is_empty() {
        return known;
    }
    let balanced = balance::balanced(lineup, known);
    if lineup.members.len() <= EXACT_PARTIES {
        exact::best(lineup, balanced)
    } else {
        balanced
    }
}

/// The bounds for exactly so many teams.
pub(super) fn exactly(teams: u32, bounds: TeamBounds) -> TeamBounds {
    TeamBounds {
        teams_min: teams,
        teams_max: teams,
        ..bounds
    }
}
