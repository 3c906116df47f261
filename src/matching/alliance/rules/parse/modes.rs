//! Reading `sub_game_modes`.

use serde_json::{Map, Value};

use super::super::{Layout, ModeOrder, Stage, SubGameMode, ids};
use super::layout::{SMALLEST, layout};
use crate::matching::rules::Object;

/// Maximum number of entries of `sub_game_modes`.
pub const MAX_MODES: usize = 64;

pub(in crate::matching::alliance::rules) const MODE_ORDERS: &[(&str, ModeOrder)] = &[
    ("random", ModeOrder::Random),
    ("ticketOrder", ModeOrder::TicketOrder),
];

/// Reads the layout of a ruleset and its modes, in ascending order of their names. With modes, the
/// layout at the root has no effect, and need not be there.
pub(in crate::matching::alliance::rules) fn layouts(
    root: &mut Object<'_>,
) -> (Layout, Vec<SubGameMode>, ModeOrder) {
    let stated = match root.take("sub_game_modes") {
        None => Some(Map::new()),
        Some(Value::Object(modes)) => Some(modes),
        Some(other) => {
            let allowed = "it has to be an object of modes by name";
            root.fault("sub_game_modes", &other, allowed);
            None
        }
    };
    let are_used = root.flag("use_sub_gamemode") != Some(false);
    // Modes that are wrong were meant to replace `alliance`, too.
    let are_stated = stated.as_ref().is_none_or(|modes| !modes.is_empty());
    let are_on = are_stated && are_used;
    if are_stated && !are_used {
        let text = "is false, so `sub_game_modes` has no effect";
        root.warn_as(ids::MODE_OFF, "use_sub_gamemode", text);
    }
    if !are_on {
        let allowed = || "a ruleset for teams has to have it".to_owned();
        root.require("alliance", allowed);
    }
    let has_alliance = root.has("alliance");
    let has_flexing = root.has("alliance_flexing_rule");
    let layout = layout(root);
    let mut modes = modes(root, stated.unwrap_or_default());
    let order = root.choice("sub_gamemode_selection", MODE_ORDERS);
    if !are_on {
        modes.clear();
    }
    let text = "has no effect with `sub_game_modes`";
    if are_on && has_alliance && !is_placeholder(&layout.first, &modes) {
        root.warn_as(ids::MODE_BESIDE, "alliance", text);
    }
    if are_on && has_flexing {
        root.warn_as(ids::MODE_BESIDE, "alliance_flexing_rule", text);
    }
    (layout, modes, order.unwrap_or_default())
}

/// Whether an `alliance` beside modes is there because AGS demands one.
fn is_placeholder(alliance: &Stage, modes: &[SubGameMode]) -> bool {
    let mut firsts = modes.iter().map(|mode| &mode.layout.first);
    alliance.teams == SMALLEST || firsts.any(|first| first == alliance)
}

fn modes(root: &mut Object<'_>, stated: Map<String, Value>) -> Vec<SubGameMode> {
    let stated = root.each_named("sub_game_modes", stated, MAX_MODES, |name, mode| {
        if let Some(stated) = mode.take("name")
            && stated.as_str() != Some(name)
        {
            let allowed = format!("it has to be {name}, the key, or be left out");
            mode.fault_as(ids::MODE_NAME, "name", &stated, allowed);
        }
        mode.require("alliance", || "a mode has to have it".to_owned());
        layout(mode)
    });
    let mut modes: Vec<SubGameMode> = Vec::with_capacity(stated.len());
    for (name, path, layout) in stated {
        if name.chars().any(char::is_uppercase) {
            let text = "has a name that is not in lower case: AGS's own matchmaker refuses it";
            root.report().note(ids::LOWER_CASE, path.clone(), text);
        }
        if let Some(same) = modes.iter().find(|other| other.layout == layout) {
            let text = format!(
                "has the same teams as `{}`: tickets that accept both are split for nothing",
                same.name
            );
            root.report().warn_as(ids::MODE_SAME, path, text);
        }
        modes.push(SubGameMode { name, layout });
    }
    modes.sort_by(|a, b| a.name.cmp(&b.name));
    modes
}
