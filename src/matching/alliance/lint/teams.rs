//! Teams, their flexing, roles and modes.

use super::Lints;
use super::stated::{self, StatedLayout};
use crate::matching::alliance::rules::ids::{
    BACKFILL_NEVER, FLEX_LATE, FLEX_ORDER, FLEX_TIGHTENS, MODE_WIDER, NEVER_FULL, ONE_TEAM,
    ROLE_SUMS, ROLE_UNNEEDED, SIZE,
};
use crate::matching::alliance::teams::EXACT_PARTIES;
use crate::matching::alliance::{RoleList, Roles, Stage, TeamBounds};
use crate::matching::rules::Severity;

/// A flexing entry later than this, in ms, was probably meant in milliseconds.
const LATE_MS: i64 = 3_600_000;

impl Lints<'_> {
    pub(super) fn teams(&mut self) {
        let layouts = stated::layouts(self.rules, self.fields);
        for layout in &layouts {
            self.flexing_of_teams(layout);
            for (number, stage) in layout.layout.stages().enumerate() {
                let path = layout.stage_path(number);
                self.one_team(layout, number, stage, &path);
                self.roles(stage, &path);
            }
            self.size(layout);
        }
        self.wider_modes(&layouts);
        self.backfill(&layouts);
    }

    /// What holds for any entry with a duration: that it applies from the beginning, so late that no
    /// ticket lives to see it, or so late that the unit must be a mistake.
    pub(super) fn duration(&mut self, path: &str, after_ms: i64, hidden: &str) {
        let seconds = after_ms / 1000;
        let at = || format!("{path}.duration");
        if after_ms == 0 {
            let text = format!("is 0: it applies at once, and {hidden} is never used");
            self.warn(FLEX_ORDER, at(), text);
        }
        match self.context.expires_s {
            Some(expires_s) if seconds >= i64::from(expires_s) => {
                let text = format!(
                    "is {seconds} s: tickets expire after {expires_s} s, so the entry never applies"
                );
                self.warn(FLEX_TIGHTENS, at(), text);
            }
            None if after_ms > LATE_MS => {
                let text = format!("is {seconds} s, more than an hour");
                self.warn(FLEX_LATE, at(), text);
                self.help("durations are in seconds");
            }
            _ => {}
        }
    }

    fn flexing_of_teams(&mut self, layout: &StatedLayout<'_>) {
        let mut before = &layout.layout.first;
        for (at, flex) in layout.layout.flexing.iter().enumerate() {
            let path = layout.stage_path(at + 1);
            self.duration(&path, flex.after_ms, "`alliance`");
            if flex.stage == *before {
                let text = "changes nothing: it says what holds before it";
                self.warn(FLEX_TIGHTENS, &path, text);
            }
            for (key, text) in tighter(before.teams, flex.stage.teams) {
                self.warn(FLEX_TIGHTENS, format!("{path}.{key}"), text);
                self.help("a flexing entry is there to make matches easier to find");
            }
            before = &flex.stage;
        }
    }

    fn one_team(&mut self, layout: &StatedLayout<'_>, number: usize, stage: &Stage, path: &str) {
        let base = layout.layout.first.teams;
        if stage.teams.teams_min > 1 || stage.teams.teams_max == 1 && number == 0 {
            return;
        }
        let path = format!("{path}.min_number");
        if base.teams_min > 1 {
            let text = format!(
                "allows a match of one team, while `alliance` asks for {}: nobody to play against",
                base.teams_min
            );
            // With many teams, one is an edge case: sessions fill up later.
            let severity = match stage.teams.teams_max {
                ..=2 => Severity::Warning,
                _ => Severity::Note,
            };
            self.add(ONE_TEAM, severity, path, text);
        } else if number == 0 {
            let text = format!(
                "is 1 of up to {} teams: a match may be one team with nobody to play against",
                base.teams_max
            );
            self.note(ONE_TEAM, path, text);
        }
    }

    fn roles(&mut self, stage: &Stage, path: &str) {
        let TeamBounds {
            players_min,
            players_max,
            ..
        } = stage.teams;
        let path = format!("{path}.combination.alliances");
        let lists = stage.roles.lists();
        // Teams that differ by design, as one against four, need not all be of the maximum.
        let most = lists.iter().map(RoleList::max_players).max();
        for (at, list) in lists.iter().enumerate() {
            let (min, max) = (list.min_players(), list.max_players());
            if max < players_max.into() && Some(max) == most {
                let text = format!(
                    "has room for {max} players, so a team of `player_max_number`, which is \
                     {players_max}, is never made"
                );
                self.warn(NEVER_FULL, format!("{path}[{at}]"), text);
                self.help("raise the `max` of its roles, or lower `player_max_number`");
            }
            if min > players_min.into() {
                let text = format!(
                    "needs {min} players, so a team of `player_min_number`, which is \
                     {players_min}, is never made"
                );
                self.note(ROLE_SUMS, format!("{path}[{at}]"), text);
            }
        }
        if let Roles::Multi(lists) = &stage.roles {
            let all = lists.iter().flat_map(|list| &list.0);
            let needed = |name: &str| {
                let mut all = all.clone();
                all.any(|role| *role.name == *name && role.min > 0)
            };
            let mut told: Vec<&str> = Vec::new();
            for (at, list) in lists.iter().enumerate() {
                for (place, role) in list.0.iter().enumerate() {
                    if role.max > 0 && !needed(&role.name) && !told.contains(&&*role.name) {
                        told.push(&role.name);
                        let text = "has a `min` of 0 in each list: no team needs it";
                        self.note(ROLE_UNNEEDED, format!("{path}[{at}][{place}]"), text);
                    }
                }
            }
        }
    }

    fn size(&mut self, layout: &StatedLayout<'_>) {
        let parties = |stage: &Stage| stage.teams.max_players();
        let stages = layout.layout.stages().enumerate();
        let Some((number, stage)) = stages.max_by_key(|(_, stage)| parties(stage)) else {
            return;
        };
        if parties(stage) > EXACT_PARTIES as u64 {
            let text = format!(
                "allows matches of {} players: up to {EXACT_PARTIES} parties are split over the teams \
                 exactly, more by exchanges, which come near the best",
                parties(stage)
            );
            self.note(SIZE, layout.stage_path(number), text);
        }
    }

    /// Whether flexing makes a mode take what another one is there for.
    fn wider_modes(&mut self, layouts: &[StatedLayout<'_>]) {
        for layout in layouts {
            for (at, flex) in layout.layout.flexing.iter().enumerate() {
                let covers = |other: &&StatedLayout<'_>| {
                    let other = other.layout.first.teams;
                    let first = layout.layout.first.teams;
                    holds(flex.stage.teams, other) && !holds(first, other)
                };
                let mut others = layouts.iter().filter(|other| other.prefix != layout.prefix);
                if let Some(other) = others.find(covers) {
                    let text = format!(
                        "takes every match that `{}` is there for",
                        other.prefix.trim_end_matches('.')
                    );
                    self.note(MODE_WIDER, layout.stage_path(at + 1), text);
                }
            }
        }
    }

    fn backfill(&mut self, layouts: &[StatedLayout<'_>]) {
        let is_fixed = |teams: TeamBounds| teams.min_players() == teams.max_players();
        let stages = || self.rules.stages().map(|stage| stage.teams);
        let all_fixed = stages().all(is_fixed);
        if self.rules.auto_backfill && all_fixed {
            let text = "has no effect: every match is full when it is made";
            self.note(BACKFILL_NEVER, "auto_backfill", text);
            self.help("sessions that lose players are filled whatever it says");
        }
        if self.rules.auto_backfill {
            return;
        }
        for layout in layouts {
            let first = layout.layout.first.teams;
            let flexing = layout.layout.flexing.iter().enumerate();
            let open = flexing.filter(|(_, flex)| !is_fixed(flex.stage.teams));
            if let (true, Some((at, flex))) = (is_fixed(first), open.into_iter().next()) {
                let text = format!(
                    "allows matches that are not full after {} s, and `auto_backfill` is off: nobody \
                     is sent to their free seats",
                    flex.after_ms / 1000
                );
                self.note(BACKFILL_NEVER, layout.stage_path(at + 1), text);
            }
        }
    }
}

/// Whether every match within some bounds is within others.
fn holds(wide: TeamBounds, narrow: TeamBounds) -> bool {
    wide.teams_min <= narrow.teams_min
        && wide.teams_max >= narrow.teams_max
        && wide.players_min <= narrow.players_min
        && wide.players_max >= narrow.players_max
}

/// Each bound by which a stage is harder to meet than the one before: its key, and how.
fn tighter(before: TeamBounds, after: TeamBounds) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut more = |key, before: u32, after: u32| {
        if after > before {
            let text = format!("rises from {before} to {after}: matches need more than before");
            found.push((key, text));
        }
    };
    more("min_number", before.teams_min, after.teams_min);
    more("player_min_number", before.players_min, after.players_min);
    let mut less = |key, before: u32, after: u32, what: &str| {
        if after < before {
            let text = format!("falls from {before} to {after}: {what}");
            found.push((key, text));
        }
    };
    let teams = "matches of more teams are not made any more";
    less("max_number", before.teams_max, after.teams_max, teams);
    let parties = "larger parties find no match of their own any more";
    let (players, fewer) = (before.players_max, after.players_max);
    less("player_max_number", players, fewer, parties);
    found
}
