//! Whether a match is split, cast and described as it has to be.

use std::collections::BTreeMap;

use super::{Brute, Made, Split};
use crate::matching::alliance::rules::Stage;
use crate::matching::alliance::tests::crews::drawn::player_id;

impl Brute<'_> {
    /// Whether each match is one that some ticket of it could have made, whether or not it is the first in
    /// order; and no ticket is in two.
    pub(in crate::matching::alliance::tests) fn judge_valid(
        &self,
        found: &[Made],
    ) -> Result<(), String> {
        let mut seen = Vec::new();
        for made in found {
            let tickets: Vec<usize> = made.teams.iter().flatten().copied().collect();
            if tickets.iter().any(|ticket| seen.contains(ticket)) {
                return Err(format!("{made:?} has a ticket of another match"));
            }
            seen.extend(&tickets);
            let verdicts = tickets
                .iter()
                .map(|pivot| self.judge_of(*pivot, &tickets, made));
            let verdicts: Vec<_> = verdicts.collect();
            if !verdicts.contains(&Ok(())) {
                return Err(format!("{made:?}: {verdicts:?}"));
            }
        }
        Ok(())
    }

    /// Whether a ticket could have made a match of these.
    fn judge_of(&self, pivot: usize, tickets: &[usize], made: &Made) -> Result<(), String> {
        let own = self.accepted(pivot);
        let is_shared = |layout: &&usize| {
            let mut each = tickets.iter();
            each.all(|ticket| self.accepted(*ticket).contains(layout))
        };
        let mut last = Err("no mode that all accept".to_owned());
        for layout in own.iter().filter(is_shared) {
            let missing = |at: usize| {
                let accepted = self.accepted(at);
                own.iter().filter(|mode| !accepted.contains(mode)).count()
            };
            let mut taken: Vec<usize> = tickets.to_vec();
            taken.sort_by_key(|at| (*at != pivot, missing(*at), *at));
            last = self.judge_split(pivot, *layout, &taken, made);
            if last.is_ok() {
                break;
            }
        }
        last
    }

    /// Whether teams, roles and modes are right.
    pub(super) fn judge_split(
        &self,
        pivot: usize,
        layout: usize,
        taken: &[usize],
        made: &Made,
    ) -> Result<(), String> {
        let (_, stage) = self.stage(pivot, layout);
        let all = self.splits_of(stage, taken);
        let in_teams = |split: &Split| -> Vec<Vec<usize>> {
            split
                .iter()
                .filter(|team| !team.is_empty())
                .cloned()
                .collect()
        };
        let same: Vec<&(Split, u32)> = all
            .iter()
            .filter(|(split, _)| in_teams(split) == made.teams)
            .collect();
        if same.is_empty() {
            return Err(format!(
                "{:?} is no right split in the order of taking",
                made.teams
            ));
        }
        let least = all
            .iter()
            .map(|(split, cost)| self.badness(split, *cost))
            .min();
        let own = same
            .iter()
            .map(|(split, cost)| self.badness(split, *cost))
            .min();
        if self.drawn.rules.rebalance && own != least {
            return Err(format!(
                "{:?} is {own:?}, and {least:?} is possible",
                made.teams
            ));
        }
        if !self.drawn.rules.rebalance {
            let places = |split: &Split| -> Vec<usize> {
                let place_of = |ticket| split.iter().position(|team| team.contains(ticket));
                taken.iter().filter_map(place_of).collect()
            };
            let first = all.iter().map(|(split, _)| places(split)).min();
            if !same.iter().any(|(split, _)| Some(places(split)) == first) {
                return Err(format!("{:?} is not in order: {first:?}", made.teams));
            }
        }
        self.judge_roles(stage, &same, made)?;
        self.judge_modes(pivot, layout, taken, made)
    }

    /// How bad a split is: difference of the places, fewer teams, difference of the teams, cost of roles.
    fn badness(&self, split: &Split, cost: u32) -> (usize, std::cmp::Reverse<usize>, usize, u32) {
        let size =
            |team: &Vec<usize>| -> usize { team.iter().map(|one| self.asks[*one].len()).sum() };
        let sizes: Vec<usize> = split.iter().map(size).collect();
        let used: Vec<usize> = sizes.iter().copied().filter(|size| *size > 0).collect();
        let range =
            |sizes: &[usize]| sizes.iter().max().unwrap_or(&0) - sizes.iter().min().unwrap_or(&0);
        (
            range(&sizes),
            std::cmp::Reverse(used.len()),
            range(&used),
            cost,
        )
    }

    fn judge_roles(
        &self,
        stage: &Stage,
        same: &[&(Split, u32)],
        made: &Made,
    ) -> Result<(), String> {
        if !stage.roles.are_on() {
            return match &made.roles {
                None => Ok(()),
                Some(roles) => Err(format!("roles are off, and yet {roles:?}")),
            };
        }
        let told = same.iter().map(|(split, _)| {
            let mut roles = BTreeMap::new();
            for (place, team) in split
                .iter()
                .enumerate()
                .filter(|(_, team)| !team.is_empty())
            {
                let ids = team.iter().flat_map(|ticket| {
                    (0..self.asks[*ticket].len()).map(|place| player_id(*ticket, place))
                });
                let names = self.cast_of(stage, place, team).map(|cast| cast.4);
                roles.extend(ids.zip(names.unwrap_or_default()));
            }
            roles
        });
        let told: Vec<_> = told.collect();
        match &made.roles {
            Some(roles) if told.contains(roles) => Ok(()),
            other => Err(format!("roles are {other:?} and not one of {told:?}")),
        }
    }

    fn judge_modes(
        &self,
        pivot: usize,
        layout: usize,
        taken: &[usize],
        made: &Made,
    ) -> Result<(), String> {
        if self.drawn.rules.modes.is_empty() {
            return Ok(());
        }
        let layouts = self.layouts();
        let mut expected = vec![layouts[layout].0.clone()];
        for (at, (name, _)) in layouts.iter().enumerate() {
            let all_accept = taken
                .iter()
                .all(|ticket| self.accepted(*ticket).contains(&at));
            if at != layout && all_accept && self.satisfies(self.stage(pivot, at).1, &made.teams) {
                expected.push(name.clone());
            }
        }
        if made.modes == expected {
            return Ok(());
        }
        Err(format!("modes are {:?} and not {expected:?}", made.modes))
    }

    /// Whether some placing of these teams is right.
    fn satisfies(&self, stage: &Stage, teams: &[Vec<usize>]) -> bool {
        fn place(
            brute: &Brute<'_>,
            stage: &Stage,
            teams: &[Vec<usize>],
            split: &mut Split,
        ) -> bool {
            let Some((team, rest)) = teams.split_first() else {
                return brute.cost_of(stage, split).is_some();
            };
            let players: usize = team.iter().map(|one| brute.asks[*one].len()).sum();
            if players > stage.teams.players_max as usize {
                return false;
            }
            (0..split.len()).any(|at| {
                if !split[at].is_empty() {
                    return false;
                }
                split[at].clone_from(team);
                let fits = place(brute, stage, rest, split);
                split[at].clear();
                fits
            })
        }
        let mut split = vec![Vec::new(); stage.teams.teams_max as usize];
        teams.len() <= split.len() && place(self, stage, teams, &mut split)
    }
}
