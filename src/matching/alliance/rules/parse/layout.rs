//! Reading `alliance` and `alliance_flexing_rule`, at the root or of a sub game mode.

use super::super::{Layout, RoleFlexing, Roles, Stage, StageFlex, TeamBounds, ids};
use super::combination::{Place, combination};
use super::{MAX_FLEXING, after_ms, steps};
use crate::matching::rules::{Lint, Object};

/// Takes the place of an `alliance` that is wrong or not needed, so that the rest is read and its
/// faults are found.
pub(super) const SMALLEST: TeamBounds = TeamBounds {
    teams_min: 1,
    teams_max: 1,
    players_min: 1,
    players_max: 1,
};

/// Keys of a ruleset that AGS's pages show inside `alliance`, where nothing reads them.
const BELONGS_BESIDE: &[&str] = &["matching_rule", "flexing_rule", "match_options"];

/// Reads both keys; without an `alliance`, the layout is that of one player alone.
pub(super) fn layout(object: &mut Object<'_>) -> Layout {
    let first = object.inner("alliance", |alliance| {
        let text = "has no effect here; it belongs beside `alliance`";
        alliance.ignore(Lint::UNKNOWN_KEY, BELONGS_BESIDE, text);
        stage(alliance, Place::Alliance)
    });
    let (first, role_flexing) = first.unwrap_or_else(|| {
        let roles = Roles::Off;
        let teams = SMALLEST;
        (Stage { teams, roles }, None)
    });
    let stated = object.each("alliance_flexing_rule", MAX_FLEXING, |entry| {
        let after_ms = after_ms(entry);
        let stage = flexed_stage(entry, first.roles.are_on(), after_ms);
        after_ms.map(|after_ms| StageFlex { after_ms, stage })
    });
    let flexing = steps(stated, |flex| flex.after_ms, object.report());
    Layout {
        first,
        flexing,
        role_flexing,
    }
}

fn stage(object: &mut Object<'_>, place: Place) -> (Stage, Option<RoleFlexing>) {
    let teams = teams(object, place);
    let (roles, flexing) = combination(object, teams, place);
    let teams = teams.unwrap_or(SMALLEST);
    (Stage { teams, roles }, flexing)
}

/// The stage of a flexing entry. It says all of what holds from then on, so roles that it does not
/// repeat are off.
fn flexed_stage(entry: &mut Object<'_>, roles_before: bool, after_ms: Option<i64>) -> Stage {
    let (stage, _) = stage(entry, Place::FlexingEntry);
    if let Some(after_ms) = after_ms
        && roles_before
        && !stage.roles.are_on()
    {
        let seconds = after_ms / 1000;
        let text = format!("has no `combination`, so roles are off after {seconds} s");
        entry.warn_of_itself(ids::ROLE_OFF, text);
    }
    stage
}

/// The four numbers; `None` if one of them is wrong or missing.
fn teams(object: &mut Object<'_>, place: Place) -> Option<TeamBounds> {
    let lint = match place {
        Place::Alliance => Lint::MIN_ABOVE_MAX,
        Place::FlexingEntry => ids::NEVER_FULL,
    };
    let keys = [
        "min_number",
        "max_number",
        "player_min_number",
        "player_max_number",
    ];
    let [teams_min, teams_max, players_min, players_max] =
        keys.map(|key| object.required_whole(key, 1));
    object.at_most_as(lint, ("min_number", teams_min), ("max_number", teams_max));
    object.at_most_as(
        lint,
        ("player_min_number", players_min),
        ("player_max_number", players_max),
    );
    Some(TeamBounds {
        teams_min: teams_min?,
        teams_max: teams_max?,
        players_min: players_min?,
        players_max: players_max?,
    })
}
